//! What can be asked of the activity log, and what cannot be smuggled into the asking.
use std::collections::BTreeSet;

use rollbook_domain::kernel::context::{Actor, Channel};
use rollbook_domain::kernel::id::Kind;
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::UserCommand;
use rollbook_ledger::activity::{ActivityOutcome, DENIED};
use rollbook_projections::ProjectionError;
use rollbook_projections::activity_log::{Counted, Filter, Ledger, Outcome, Paging, Row, SubjectFilter, Who};

use crate::projections_world::{BOUND, World, context, on_both_engines};

on_both_engines! {
    every_filter_alone_gives_the_rows_for_which_it_holds
    filters_together_give_the_rows_for_which_all_hold
    hostile_text_finds_only_itself
    a_cursor_walks_every_row_once_while_new_rows_arrive
    what_is_not_well_formed_is_refused_by_name
    a_count_counts_what_matches
}

/// A history in which every filter finds something and leaves something out.
async fn varied(world: &World) {
    let (zoe, bob) = (world.add("zoe").await, world.add("bob").await);
    let mut blocking = context(Actor::User(world.owner));
    blocking.reason = Some("100% sure_about \\ 'it'; DROP TABLE".to_owned());
    blocking.ticket = Some("T-1".to_owned());
    blocking.channel = Channel::Console;
    blocking.ip = Some("10.9.9.9".to_owned());
    world.submit(blocking, Command::User(UserCommand::Block(bob))).await;
    world.rename(zoe, "Ünal").await;
    world.sign_in(zoe).await;
    let mut denied = world.act(zoe);
    (denied.action, denied.outcome) = (DENIED, ActivityOutcome::Refused);
    denied.detail =
        [("permission", "users.edit"), ("route", "x")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    world.open.activity.record(denied).await.unwrap();
    world.followed().await;
}

type Holds = Box<dyn Fn(&Row) -> bool>;

fn filters(rows: &[Row], world: &World) -> Vec<(Filter, Holds)> {
    let blocked = rows.iter().find(|row| row.action == "user.blocked").unwrap().clone();
    let (at, batch, owner) = (blocked.at, blocked.batch, world.owner.uuid());
    let bob = blocked.subject.unwrap().id;
    let role = blocked.actor.role.unwrap();
    let text = |text: &str| Some(text.to_owned());
    let none = Filter::default;
    vec![
        (Filter { from: Some(at), ..none() }, Box::new(move |row: &Row| row.at >= at) as Holds),
        (Filter { until: Some(at), ..none() }, Box::new(move |row| row.at < at)),
        (
            Filter { actor: Some(Who::User(owner)), ..none() },
            Box::new(move |row| row.actor.user == Some(owner)),
        ),
        (Filter { actor: Some(Who::Operator), ..none() }, Box::new(|row| row.actor.kind == "operator")),
        (
            Filter { role: Some(role.clone()), ..none() },
            Box::new(move |row| row.actor.role.as_ref() == Some(&role)),
        ),
        (Filter { action: text("user."), ..none() }, Box::new(|row| row.action.starts_with("user."))),
        (Filter { action: text("user.created"), ..none() }, Box::new(|row| row.action == "user.created")),
        (
            Filter { subject: Some(SubjectFilter { kind: Kind::User, id: Some(bob) }), ..none() },
            Box::new(move |row| row.subject.as_ref().is_some_and(|subject| subject.id == bob)),
        ),
        (
            Filter { subject: Some(SubjectFilter { kind: Kind::Role, id: None }), ..none() },
            Box::new(|row| row.subject.as_ref().is_some_and(|subject| subject.kind == Kind::Role)),
        ),
        (
            Filter { outcome: Some(Outcome::Refused), ..none() },
            Box::new(|row| row.outcome == Outcome::Refused),
        ),
        (Filter { ticket: text("T-1"), ..none() }, Box::new(|row| row.ticket.as_deref() == Some("T-1"))),
        (
            Filter { channel: text("console"), ..none() },
            Box::new(|row| row.channel.as_deref() == Some("console")),
        ),
        (Filter { ip: text("10.9.9.9"), ..none() }, Box::new(|row| row.ip.as_deref() == Some("10.9.9.9"))),
        (Filter { batch: Some(batch), ..none() }, Box::new(move |row| row.batch == batch)),
        (Filter { text: text("ünAL zoe"), ..none() }, Box::new(|row| row.action == "user.renamed")),
        (Filter { text: text("signed in"), ..none() }, Box::new(|row| row.action == "session.started")),
    ]
}

fn keys(rows: &[Row]) -> Vec<(Ledger, u64)> {
    rows.iter().map(|row| (row.ledger, row.position)).collect()
}

async fn every_filter_alone_gives_the_rows_for_which_it_holds(world: World) {
    varied(&world).await;
    let rows = world.rows().await;
    for (filter, holds) in filters(&rows, &world) {
        let expected: Vec<Row> = rows.iter().filter(|row| holds(row)).cloned().collect();
        assert!(!expected.is_empty() && expected.len() < rows.len(), "{filter:?} tells nothing apart");
        assert_eq!(keys(&world.matching(filter.clone()).await), keys(&expected), "{filter:?}");
    }
}

async fn filters_together_give_the_rows_for_which_all_hold(world: World) {
    varied(&world).await;
    let rows = world.rows().await;
    let all = filters(&rows, &world);
    for (nth, (one, one_holds)) in all.iter().enumerate() {
        for (other, other_holds) in all.iter().skip(nth + 1) {
            let Some(both) = merged(one, other) else { continue };
            let expected: Vec<Row> =
                rows.iter().filter(|row| one_holds(row) && other_holds(row)).cloned().collect();
            assert_eq!(keys(&world.matching(both.clone()).await), keys(&expected), "{both:?}");
        }
    }
}

/// Both filters in one, unless they are about the same member.
fn merged(one: &Filter, other: &Filter) -> Option<Filter> {
    macro_rules! members {
        ($($member:ident)*) => {{
            $( if one.$member.is_some() && other.$member.is_some() { return None; } )*
            Some(Filter { $( $member: one.$member.clone().or_else(|| other.$member.clone()), )* })
        }};
    }
    members!(from until actor role action subject outcome ticket channel ip batch text)
}

async fn hostile_text_finds_only_itself(world: World) {
    varied(&world).await;
    let before = world.rows().await.len();
    for (text, found) in [
        ("100%", 1),
        ("%", 1),
        ("_", 1),
        ("sure_about", 1),
        ("sureXabout", 0),
        ("\\", 1),
        ("'it';", 1),
        ("' OR '1'='1", 0),
        ("\"; DELETE FROM activity_log_1; --", 0),
        ("drop table", 1),
        ("$1 ?1 :a @b", 0),
    ] {
        let filter = Filter { text: Some(text.to_owned()), ..Filter::default() };
        assert_eq!(world.matching(filter).await.len(), found, "{text}");
    }
    for hostile in
        ["'; DROP TABLE activity_log_1; --", "%", "user._reated", "\u{10FFFF}", "user.created' OR ''='"]
    {
        let hostile = Some(hostile.to_owned());
        for filter in [
            Filter { action: hostile.clone(), ..Filter::default() },
            Filter { ticket: hostile.clone(), ..Filter::default() },
            Filter { role: hostile.clone(), ..Filter::default() },
            Filter { channel: hostile.clone(), ..Filter::default() },
            Filter { ip: hostile.clone(), ..Filter::default() },
        ] {
            assert_eq!(world.matching(filter.clone()).await.len(), 0, "{filter:?}");
        }
    }
    assert_eq!(world.rows().await.len(), before);
}

async fn a_cursor_walks_every_row_once_while_new_rows_arrive(world: World) {
    for nth in 0..20 {
        let user = world.add(&format!("u{nth}")).await;
        world.sign_in(user).await;
    }
    let follower = world.follow(2_000);
    follower.caught_up(world.position(), BOUND).await.unwrap();
    follower.acts_caught_up(20, BOUND).await.unwrap();
    let there: BTreeSet<_> = keys(&world.rows().await).into_iter().collect();
    let (log, mut cursor, mut seen) = (world.log().await, None, Vec::new());
    loop {
        let paging = Paging { limit: 3, cursor, count: false };
        let page = log.page(&Filter::default(), &paging).await.unwrap();
        assert!(page.items.len() <= 3);
        seen.extend(keys(&page.items));
        world.add(&format!("late{}", seen.len())).await;
        follower.caught_up(world.position(), BOUND).await.unwrap();
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    let once: BTreeSet<_> = seen.iter().copied().collect();
    assert_eq!(once.len(), seen.len());
    assert_eq!(once, there);
}

async fn what_is_not_well_formed_is_refused_by_name(world: World) {
    varied(&world).await;
    let log = world.log().await;
    let ask = async |filter: Filter, limit: u32, cursor: Option<&str>| {
        let paging = Paging { limit, cursor: cursor.map(str::to_owned), count: false };
        match log.page(&filter, &paging).await {
            Ok(page) => Ok(page),
            Err(ProjectionError::Filter { field, .. }) => Err(field),
            Err(other) => panic!("{other}"),
        }
    };
    let none = Filter::default;
    let first = ask(none(), 1, None).await.unwrap();
    let cursor = first.next.unwrap();
    assert_eq!(ask(none(), 1, Some(&cursor)).await.unwrap().items.len(), 1);
    let forged: String = cursor.chars().rev().collect();
    for bad in [forged.as_str(), "", "a b", "AAAA", "' OR 1=1", &cursor[1..]] {
        assert_eq!(ask(none(), 1, Some(bad)).await.unwrap_err(), "cursor", "{bad}");
    }
    assert_eq!(ask(none(), 0, None).await.unwrap_err(), "limit");
    assert_eq!(ask(none(), 201, None).await.unwrap_err(), "limit");
    let long = || Some("x".repeat(201));
    assert_eq!(ask(Filter { text: long(), ..none() }, 1, None).await.unwrap_err(), "text");
    assert_eq!(ask(Filter { ticket: long(), ..none() }, 1, None).await.unwrap_err(), "ticket");
    let nul = Some("a\0b".to_owned());
    assert_eq!(ask(Filter { action: nul, ..none() }, 1, None).await.unwrap_err(), "action");
    let words = Some("a ".repeat(11));
    assert_eq!(ask(Filter { text: words, ..none() }, 1, None).await.unwrap_err(), "text");
}

async fn a_count_counts_what_matches(world: World) {
    varied(&world).await;
    let log = world.log().await;
    let filter = Filter { action: Some("user.".to_owned()), ..Filter::default() };
    let expected = world.matching(filter.clone()).await.len() as u64;
    let page = log.page(&filter, &Paging { limit: 1, cursor: None, count: true }).await.unwrap();
    assert_eq!(page.count, Some(Counted { rows: expected, more: false }));
    assert_eq!(page.items.len(), 1);
}

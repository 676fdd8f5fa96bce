//! The follower's promise: each entry counts exactly once, whatever is killed, and whoever follows beside it.
use std::collections::BTreeSet;
use std::time::Duration;

use rollbook_domain::kernel::id::UserId;
use rollbook_domain::kernel::moment::Moment;
use rollbook_ledger::store::{Batch, Row as Appended, Store, Subject};
use rollbook_ledger::writer::ledger_of;
use rollbook_projections::activity_log::{Ledger, Row};
use rollbook_projections::rebuild::{OnDifference, rebuild};
use uuid::Uuid;

use crate::projections_world::{BOUND, World, on_both_engines};

on_both_engines! {
    each_entry_is_one_row_with_the_words_of_then
    a_follower_killed_between_batches_counts_each_entry_once
    two_followers_at_once_are_harmless
    an_erasure_takes_the_person_out_of_every_row
    an_erasure_takes_the_agent_out_of_every_row
    an_act_is_told_with_the_names_of_when_it_was_judged
    an_entry_that_cannot_be_applied_stops_the_follower
    rows_of_pruned_acts_go
}

async fn grow(world: &World, users: usize) -> Vec<UserId> {
    let mut ids = Vec::new();
    for nth in 0..users {
        ids.push(world.add(&format!("u{nth}")).await);
    }
    ids
}

/// Each position of both ledgers once, no more and no less.
async fn assert_complete(world: &World) {
    let rows = world.rows().await;
    let positions = |ledger| rows.iter().filter(move |row| row.ledger == ledger).map(|row| row.position);
    for (ledger, head) in
        [(Ledger::Organization, world.position()), (Ledger::Activity, world.act_head().await)]
    {
        let found: BTreeSet<u64> = positions(ledger).collect();
        assert_eq!(positions(ledger).count() as u64, head);
        assert_eq!(found, (1..=head).collect());
    }
}

async fn each_entry_is_one_row_with_the_words_of_then(world: World) {
    let zoe = world.add("zoe").await;
    world.rename(zoe, "Zoë").await;
    world.sign_in(zoe).await;
    world.followed().await;
    assert_complete(&world).await;
    let rows = world.rows().await;
    let row = rows.iter().find(|row| row.action == "user.renamed").unwrap();
    assert_eq!(row.sentence, "renamed zoe from zoe North to Zoë");
    assert_eq!(row.actor.label.as_deref(), Some("olga"));
    assert_eq!(row.actor.role.as_deref(), world.owner_role().as_deref());
    assert_eq!((row.actor.kind.as_str(), row.actor.id), ("user", Some(world.owner.uuid())));
    let [change] = row.changes.as_slice() else { panic!("{:?}", row.changes) };
    assert_eq!((&change.from, &change.to), (&"zoe North".into(), &"Zoë".into()));
    assert_eq!((row.ip.as_deref(), row.channel.as_deref()), (Some("10.0.0.1"), Some("api")));
    let signed_in = rows.iter().find(|row| row.ledger == Ledger::Activity).unwrap();
    assert_eq!((signed_in.sentence.as_str(), signed_in.count), ("signed in", 1));
    assert_eq!(signed_in.actor.label.as_deref(), Some("zoe"));
    assert!(rows.windows(2).all(|pair| pair[0].at >= pair[1].at));
}

async fn a_follower_killed_between_batches_counts_each_entry_once(world: World) {
    let users = grow(&world, 10).await;
    for user in &users {
        world.sign_in(*user).await;
    }
    for killed_at in [4, 11, 19, 27] {
        let follower = world.follow(3);
        // Late is fine: some kills come before that position and some long after.
        let _late = follower.caught_up(killed_at, Duration::from_secs(2)).await;
        drop(follower);
        world.rename(users[0], &format!("name {killed_at}")).await;
    }
    world.followed().await;
    assert_complete(&world).await;
}

async fn two_followers_at_once_are_harmless(world: World) {
    let (one, other) = (world.follow(2), world.follow(5));
    let users = grow(&world, 15).await;
    for user in users {
        world.sign_in(user).await;
        world.rename(user, "same").await;
    }
    for follower in [&one, &other] {
        follower.caught_up(world.position(), BOUND).await.unwrap();
        follower.acts_caught_up(world.act_head().await, BOUND).await.unwrap();
        assert_eq!(follower.status().stopped, None);
    }
    assert_complete(&world).await;
}

fn holds(row: &Row, word: &str) -> bool {
    format!("{row:?}").contains(word)
}

async fn an_erasure_takes_the_person_out_of_every_row(world: World) {
    let (zoe, bob) = (world.add("zoe").await, world.add("bob").await);
    world.rename(zoe, "Zoë N").await;
    world.sign_in(zoe).await;
    world.group("Night", &[zoe, bob]).await;
    let follower = world.follow(2_000);
    follower.caught_up(world.position(), BOUND).await.unwrap();
    follower.acts_caught_up(1, BOUND).await.unwrap();
    assert!(world.rows().await.iter().any(|row| holds(row, "zoe")));
    world.erase(zoe, false).await;
    world.sign_in(zoe).await;
    follower.caught_up(world.position(), BOUND).await.unwrap();
    follower.acts_caught_up(2, BOUND).await.unwrap();
    assert_complete(&world).await;
    let rows = world.rows().await;
    for row in &rows {
        assert!(!holds(row, "zoe") && !holds(row, "Zoë"), "{row:?}");
    }
    let members = rows.iter().rfind(|row| row.action == "group.members_changed").unwrap();
    assert!(
        members.sentence.contains("[erased]") && members.sentence.contains("bob"),
        "{}",
        members.sentence
    );
    // What they authored is theirs as an actor, and was not asked for.
    assert!(rows.iter().filter(|row| row.ledger == Ledger::Activity).all(|row| row.ip.is_some()));
    assert_eq!(world.matching_text("zoe").await, 0);
    assert_eq!(world.matching_text("bob").await, 2);
}

async fn an_erasure_takes_the_agent_out_of_every_row(world: World) {
    let (seven, eight) = (world.seat("Agent/7").await, world.seat("Agent/8").await);
    let follower = world.follow(2_000);
    follower.caught_up(world.position(), BOUND).await.unwrap();
    assert_eq!((world.matching_text("agent/7").await, world.matching_text("agent/8").await), (1, 1));
    world.unseat(seven).await;
    follower.caught_up(world.position(), BOUND).await.unwrap();
    assert_complete(&world).await;
    for row in &world.rows().await {
        assert!(!holds(row, "Agent/7"), "{row:?}");
    }
    assert_eq!((world.matching_text("agent/7").await, world.matching_text("agent/8").await), (0, 1));
    assert_ne!(seven, eight);
}

async fn an_act_is_told_with_the_names_of_when_it_was_judged(world: World) {
    let zoe = world.add("zo").await;
    let act = world.act(zoe);
    world.login(zoe, "zoe").await;
    world.open.activity.record(act).await.unwrap();
    world.sign_in(zoe).await;
    world.followed().await;
    let rows = world.rows().await;
    let acts = rows.iter().filter(|row| row.ledger == Ledger::Activity);
    let labels: BTreeSet<_> = acts.map(|row| (row.position, row.actor.label.clone().unwrap())).collect();
    assert_eq!(labels, BTreeSet::from([(1, "zo".to_owned()), (2, "zoe".to_owned())]));
}

/// Appends an act of a later release straight to the store.
async fn append_unknown_act(store: &Store, world: &World) {
    use rollbook_ledger::entry::{Entry, Frontier, Sealed};
    let ledger = rollbook_ledger::activity::ledger_of(world.id);
    let (actor, at, batch) = ("system".to_owned(), Moment(1).to_string(), Uuid::from_u128(5).to_string());
    let metadata = [("actor", actor), ("at", at), ("batch", batch)];
    let entry = Entry {
        ledger: ledger.clone(),
        position: 1,
        event_type: "session.cloned".to_owned(),
        version: "1".to_owned(),
        payload: serde_json::json!({}),
        metadata: metadata.map(|(name, text)| (name.to_owned(), text)).into(),
    };
    let sealed = Sealed::seal(entry).unwrap();
    let mut frontier = Frontier::new();
    frontier.push(*sealed.leaf());
    let subjects: Vec<Subject> = Vec::new();
    let rows = vec![Appended { sealed, actor: "system".to_owned(), subjects, personal: Vec::new() }];
    let (commands, credentials, batch) = (Vec::new(), Vec::new(), Uuid::from_u128(5));
    let batch =
        Batch { ledger, expected: 0, batch, rows, frontier, at_us: 1, commands, credentials, prune: None };
    store.append(batch).await.unwrap();
}

async fn an_entry_that_cannot_be_applied_stops_the_follower(world: World) {
    append_unknown_act(&world.store(), &world).await;
    let follower = world.follow(100);
    let error = follower.acts_caught_up(1, BOUND).await.unwrap_err().to_string();
    assert!(error.contains("`session.cloned` is not known"), "{error}");
    assert!(follower.status().stopped.is_some());
    assert_eq!(follower.status().activity_position, 0);
    let ledger = rollbook_ledger::activity::ledger_of(world.id);
    assert_eq!(world.store().checkpoint("activity_log", 1, &ledger).await.unwrap(), 0);
    let changes = world.store().checkpoint("activity_log", 1, &ledger_of(world.id)).await.unwrap();
    assert_eq!(changes, world.position());
}

async fn rows_of_pruned_acts_go(world: World) {
    let zoe = world.add("zoe").await;
    for _ in 0..3 {
        world.sign_in(zoe).await;
    }
    world.followed().await;
    world.sign_in(zoe).await;
    // The guard wants the entry that a pruning writes, which is tried in `ledger_prune`: here it is only the head that counts.
    let unguarded = match world.store() {
        Store::Sqlite(_) => "DROP TRIGGER heads_update_pruned",
        Store::Postgres(_) => "DROP TRIGGER heads_update_pruned ON heads",
    };
    world.sql(unguarded).await;
    world.sql("UPDATE heads SET pruned = 2 WHERE aggregate_type = 'activity'").await;
    world.followed().await;
    let rows = world.rows().await;
    let acts: Vec<u64> =
        rows.iter().filter(|row| row.ledger == Ledger::Activity).map(|row| row.position).collect();
    assert_eq!(acts, [4, 3]);
    let rebuilt = rebuild(&world.store(), OnDifference::Keep, |_, _| ()).await.unwrap();
    assert_eq!(rebuilt.rows, rows.len() as u64);
}

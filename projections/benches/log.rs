//! How fast the activity log is followed, rebuilt and asked: `cargo bench -p rollbook-projections --bench log`.
//!
//! On SQLite in a folder of its own, and on PostgreSQL if `ROLLBOOK_TEST_PG` names an empty database. It prints
//! figures; it judges nothing.
#![expect(clippy::print_stdout, reason = "a bench answers on standard output")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]
#![expect(clippy::disallowed_methods, reason = "a bench has no configuration but its environment")]

use rollbook_domain::event::Event;
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::{OrganizationId, RoleId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::kernel::personal::Personal;
use rollbook_domain::organization::authorize::Authority;
use rollbook_domain::organization::event::OrganizationEvent;
use rollbook_domain::permission::grant::Grants;
use rollbook_domain::role::event::RoleEvent;
use rollbook_domain::user::event::UserEvent;
use rollbook_domain::user::state::Status;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::codec::{Origin, encode};
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::entry::Frontier;
use rollbook_ledger::store::{Batch, Store};
use rollbook_ledger::writer::ledger_of;
use rollbook_projections::activity_log::{ActivityLog, Filter, Paging, Who};
use rollbook_projections::follower::{Follower, Options};
use rollbook_projections::rebuild::{OnDifference, rebuild};
use std::time::{Duration, Instant};
use uuid::Uuid;

const ENTRIES: u64 = 100_000;
const USERS: u64 = 2_000;
/// Every tenth act is by the first user: a hot actor.
const HOT_EVERY: u64 = 10;

fn id(nth: u64) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(nth))
}

fn user(nth: u64) -> UserId {
    UserId(id(1_000 + nth))
}

#[tokio::main]
async fn main() {
    let folder = std::env::temp_dir().join(format!("rollbook-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let store = Store::sqlite(&folder.join("rollbook.db")).await.unwrap();
    measure("sqlite", store).await;
    std::fs::remove_dir_all(&folder).unwrap();
    if let Ok(url) = std::env::var("ROLLBOOK_TEST_PG") {
        measure("postgresql", Store::postgres(&url, 8).await.unwrap()).await;
    }
}

async fn measure(engine: &str, store: Store) {
    store.migrate().await.unwrap();
    let organization = OrganizationId(id(1));
    fill(&store, organization).await;
    let writer = Deployment::new(store.clone(), Clock::default()).open(organization).await.unwrap().writer;
    let started = Instant::now();
    let follower = Follower::start(store.clone(), writer, Options::default());
    follower.caught_up(ENTRIES, Duration::from_secs(600)).await.unwrap();
    say(engine, "followed", started.elapsed());
    drop(follower);
    let started = Instant::now();
    rebuild(&store, OnDifference::Keep, |_, _| ()).await.unwrap();
    say(engine, "rebuilt, compared and swapped", started.elapsed());
    ask(engine, &store, organization).await;
}

fn say(engine: &str, what: &str, took: Duration) {
    let rate = ENTRIES as f64 / took.as_secs_f64();
    println!("{engine}: {what} {ENTRIES} entries in {:.1} s, {rate:.0} a second", took.as_secs_f64());
}

async fn ask(engine: &str, store: &Store, organization: OrganizationId) {
    let log = ActivityLog::open(store.clone(), organization).await.unwrap();
    let by = |nth| Filter {
        actor: Some(Who::User(user(nth).uuid())),
        action: Some("user.ren".to_owned()),
        from: Some(Moment(10)),
        ..Filter::default()
    };
    let text = |text: &str| Filter { text: Some(text.to_owned()), ..Filter::default() };
    let asked = [
        ("newest 50", Filter::default()),
        ("hot actor, prefix, time", by(0)),
        ("cold actor, prefix, time", by(7)),
        ("a word that is common", text("renamed")),
        ("a word that is rare", text("founded")),
    ];
    for (what, filter) in asked {
        let mut times = Vec::new();
        for _ in 0..9 {
            let started = Instant::now();
            log.page(&filter, &Paging { limit: 50, cursor: None, count: false }).await.unwrap();
            times.push(started.elapsed().as_secs_f64() * 1_000.0);
        }
        times.sort_by(f64::total_cmp);
        let (middle, most) = (times.get(4).unwrap(), times.last().unwrap());
        println!("{engine}: {what}: {middle:.2} ms [to {most:.2}]");
    }
}

async fn fill(store: &Store, organization: OrganizationId) {
    let (ledger, mut frontier, mut position) = (ledger_of(organization), Frontier::new(), 0);
    while position < ENTRIES {
        let (batch, expected) = (id(1 << 40 | position), position);
        let mut rows = Vec::new();
        for _ in 0..500.min(ENTRIES - position) {
            position += 1;
            // One batch, one time.
            let context = context(position, expected);
            let origin = Origin { ledger: &ledger, context: &context, batch, actor_role: Some("Owner") };
            let row =
                encode(&origin, 0, position, &event(organization, position), &Authority::Operator).unwrap();
            frontier.push(*row.sealed.leaf());
            rows.push(row);
        }
        let (ledger, frontier) = (ledger.clone(), frontier.clone());
        let (commands, credentials, at_us) = (Vec::new(), Vec::new(), expected as i64);
        let batch =
            Batch { ledger, expected, batch, rows, frontier, at_us, commands, credentials, prune: None };
        store.append(batch).await.unwrap();
    }
}

fn event(organization: OrganizationId, position: u64) -> Event {
    let personal = |text: String| Personal::new(&text, [1; 16]);
    let name = "North".to_owned();
    match position {
        1 => OrganizationEvent::Created {
            organization,
            name,
            catalog: "standard".to_owned(),
            catalog_version: 1,
        }
        .into(),
        2 => RoleEvent::Created {
            role: RoleId(id(2)),
            name: "Owner".to_owned(),
            description: String::new(),
            rank: 1_000,
            protected: true,
            grants: Grants::default(),
            keys: Vec::new(),
        }
        .into(),
        new if new <= USERS + 2 => UserEvent::Created {
            user: user(new - 3),
            login: personal(format!("user{new}")),
            name: personal(format!("User {new}")),
            email: None,
            role: RoleId(id(2)),
            profile: None,
            status: Status::Active,
        }
        .into(),
        later => UserEvent::Renamed {
            user: user(later * 7 % USERS),
            from: personal(format!("User {later}")),
            to: personal(format!("User number {later}")),
        }
        .into(),
    }
}

fn context(position: u64, at: u64) -> Context {
    let acting = if position.is_multiple_of(HOT_EVERY) { 0 } else { position * 13 % USERS };
    let actor = if position > USERS + 2 { Actor::User(user(acting)) } else { Actor::Operator };
    let mut seed = [3; 32];
    seed.iter_mut().zip(position.to_be_bytes()).for_each(|(byte, of)| *byte = of);
    Context {
        actor,
        at: Moment(at as i64),
        seed,
        reason: None,
        ticket: None,
        channel: Channel::Console,
        ip: Some("10.0.0.1".to_owned()),
        agent: Some("Mozilla/5.0 (X11; Linux x86_64)".to_owned()),
        session: Some(id(77)),
        request: Some(id(position)),
        command: id(position),
        cause: None,
        expects: None,
    }
}

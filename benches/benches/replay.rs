//! A ledger of a million events read and folded from its first entry, as a start without a snapshot does (every row
//! against its leaf, every value against its commitment, the tree against the head), beside a server-side
//! `COPY` of the very rows that it reads to `/dev/null`. SQLite has no `COPY`: there only events per second.
//!
//! `ROLLBOOK_BENCH_EVENTS` (1,000,000) events, `ROLLBOOK_BENCH_ROUNDS` (5) rounds; ratios are taken within a round.

use rollbook_benches::{organization, setting, spread, submit};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{Kind, OrganizationId, RoleId, UserId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::{UserCommand, UserEdit};
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::Store;
use rollbook_ledger::writer::{Writer, ledger_of};
use rollbook_tests::pg_server::PgServer;
use std::time::Instant;

/// Commands that become one batch.
const AT_ONCE: usize = 1_000;

/// Adds changes of users until the ledger has `events` events. Answers whose ledger it is.
async fn ledger(store: Store, events: usize) -> OrganizationId {
    let (writer, owner, users) = organization(store, events / 10).await;
    let roles = ["Agent", "Supervisor"].map(|name| role(&writer, name));
    let mut turn = 0;
    while (writer.published().organization.position as usize) < events {
        turn += 1;
        for some in users.chunks(AT_ONCE) {
            let left = events.saturating_sub(writer.published().organization.position as usize);
            let commands: Vec<_> = some.iter().take(left).map(|user| change(*user, turn, roles)).collect();
            if !commands.is_empty() {
                submit(&writer, Actor::User(owner), Command::Many(commands)).await;
            }
        }
    }
    writer.keep_snapshot().await;
    writer.id()
}

fn role(writer: &Writer, name: &str) -> RoleId {
    RoleId(writer.published().organization.find(Kind::Role, name).unwrap())
}

/// Of three changes one is of a name, one of an address, one of a role.
fn change(user: UserId, turn: usize, roles: [RoleId; 2]) -> Command {
    let edit = match turn % 3 {
        0 => return Command::User(UserCommand::AssignRole(user, roles[turn / 3 % 2])),
        1 => UserEdit { name: Some(format!("Name {turn} of somebody")), ..UserEdit::default() },
        _ => {
            let email = format!("{}.{turn}@north.example", user.uuid().simple());
            UserEdit { email: Some(Some(email)), ..UserEdit::default() }
        }
    };
    Command::User(UserCommand::Edit(user, edit))
}

/// Seconds of a start without a snapshot.
async fn replay(store: &Store, id: OrganizationId, events: usize) -> f64 {
    store.delete_snapshots(&ledger_of(id)).await.unwrap();
    let deployment = Deployment::new(store.clone(), Clock::default());
    let started = Instant::now();
    let open = deployment.open(id).await.unwrap();
    let took = started.elapsed().as_secs_f64();
    assert!(open.writer.published().organization.position as usize >= events);
    // The start keeps a snapshot beside: the next cell must not pay for it.
    open.writer.keep_snapshot().await;
    took
}

/// Seconds of a server-side copy of the columns and rows that [`replay`] reads.
async fn copy(pool: &sqlx::PgPool, id: OrganizationId) -> f64 {
    let started = Instant::now();
    for columns in [
        "sequence, event_type, event_version, payload, metadata, at, actor, batch, leaf FROM events",
        "sequence, person, ordinals, salts, vals FROM personal_values",
    ] {
        let sql = format!(
            "COPY (SELECT {columns} WHERE aggregate_id = '{id}' AND aggregate_type = 'organization'
             ORDER BY sequence) TO '/dev/null'"
        );
        sqlx::raw_sql(&sql).execute(pool).await.unwrap();
    }
    started.elapsed().as_secs_f64()
}

#[tokio::main]
async fn main() {
    let (events, rounds) = (setting("ROLLBOOK_BENCH_EVENTS", 1_000_000), setting("ROLLBOOK_BENCH_ROUNDS", 5));
    let server = PgServer::start();
    let pool = sqlx::PgPool::connect(&server.url()).await.unwrap();
    let pg = Store::postgres(&server.url(), 8).await.unwrap();
    pg.migrate().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let lite = Store::sqlite(&folder.path().join("replay.sqlite")).await.unwrap();
    lite.migrate().await.unwrap();
    let (in_pg, in_lite) = (ledger(pg.clone(), events).await, ledger(lite.clone(), events).await);
    sqlx::raw_sql("VACUUM ANALYZE").execute(&pool).await.unwrap();
    let (mut ours, mut copies, mut lites, mut ratios) = (vec![], vec![], vec![], vec![]);
    // The first round warms caches and is not counted.
    for round in 0..=rounds {
        let (a, b) = (replay(&pg, in_pg, events).await, copy(&pool, in_pg).await);
        let c = replay(&lite, in_lite, events).await;
        eprintln!("round {round}: replay {a:.2} s, COPY {b:.2} s, SQLite {c:.2} s");
        if round > 0 {
            ours.push(events as f64 / a);
            copies.push(events as f64 / b);
            lites.push(events as f64 / c);
            ratios.push(b / a);
        }
    }
    println!("| {events} events | median [least, most] |\n|---|---|");
    for (what, values) in
        [("PostgreSQL, replay, events/s", ours), ("`COPY`, events/s", copies), ("SQLite, replay, events/s", lites)]
    {
        let (median, least, most) = spread(values);
        println!("| {what} | {median:.0} [{least:.0}, {most:.0}] |");
    }
    let (median, least, most) = spread(ratios);
    println!("| replay / `COPY`, PostgreSQL | {median:.2} [{least:.2}, {most:.2}] |");
}

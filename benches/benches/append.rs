//! Durable commands per second at 1, 8, 64 and 256 in flight: Rollbook's writer with real commands (a user
//! renamed: decided, authorized, sealed, all side tables) beside cqrs-es on postgres-es (pool of 16) and on
//! sqlite-es (one connection, synchronous FULL).
//!
//! And events alone at 256 in flight on PostgreSQL: batches of sealed entries with no rules and no side tables, for
//! what the tables cost.
//!
//! `ROLLBOOK_BENCH_ROUNDS` (5) rounds of one second a cell; ratios are taken within a round.

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::PersistedEventStore;
use cqrs_es::{Aggregate, CqrsFramework, DomainEvent};
use postgres_es::PostgresEventRepository;
use rollbook_benches::{organization, spread, submit};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::UserId;
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::{UserCommand, UserEdit};
use rollbook_ledger::entry::{Entry, Frontier, LedgerId, LedgerKind, Sealed};
use rollbook_ledger::store::{Batch, Row, Store};
use rollbook_ledger::writer::Writer;
use rollbook_tests::pg_server::PgServer;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlite_es::SqliteEventRepository;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

const IN_FLIGHT: [usize; 4] = [1, 8, 64, 256];
const CELL: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Person {
    name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Renamed {
    Renamed { from: String, to: String, padding: String },
}

impl DomainEvent for Renamed {
    fn event_type(&self) -> String {
        "renamed".into()
    }
    fn event_version(&self) -> String {
        "1".into()
    }
}

#[derive(Debug)]
struct Never;
impl std::fmt::Display for Never {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("never")
    }
}
impl std::error::Error for Never {}

impl Aggregate for Person {
    const TYPE: &'static str = "person";
    type Command = String;
    type Event = Renamed;
    type Error = Never;
    type Services = ();

    async fn handle(&mut self, to: String, _: &(), sink: &EventSink<Self>) -> Result<(), Never> {
        let event = Renamed::Renamed { from: self.name.clone(), to, padding: "x".repeat(250) };
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, event: Renamed) {
        let Renamed::Renamed { to, .. } = event;
        self.name = to;
    }
}

/// Runs `one` with `in_flight` tasks for a second; commands per second and the 99th percentile in milliseconds.
async fn cell<F, Fut>(in_flight: usize, one: F) -> (f64, f64)
where
    F: Fn(usize) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send,
{
    let (one, next) = (Arc::new(one), Arc::new(AtomicUsize::new(0)));
    let end = Instant::now() + CELL;
    let tasks: Vec<_> = (0..in_flight)
        .map(|_| {
            let (one, next) = (one.clone(), next.clone());
            tokio::spawn(async move {
                let mut took = Vec::new();
                while Instant::now() < end {
                    let started = Instant::now();
                    one(next.fetch_add(1, Ordering::Relaxed)).await;
                    took.push(started.elapsed());
                }
                took
            })
        })
        .collect();
    let started = Instant::now();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await.unwrap());
    }
    took.sort();
    let p99 = took[took.len() * 99 / 100].as_secs_f64() * 1_000.0;
    (took.len() as f64 / started.elapsed().as_secs_f64(), p99)
}

async fn ours(in_flight: usize, writer: &Writer, owner: UserId, users: &[UserId]) -> (f64, f64) {
    let (writer, users) = (writer.clone(), users.to_vec());
    cell(in_flight, move |n| {
        let (writer, user) = (writer.clone(), users[n % users.len()]);
        async move {
            let edit = UserEdit { name: Some(format!("Name {n} {}", Uuid::new_v4())), ..UserEdit::default() };
            submit(&writer, Actor::User(owner), Command::User(UserCommand::Edit(user, edit))).await;
        }
    })
    .await
}

/// Entries alone: what waited goes into one batch, as in the writer, but nothing is decided and nothing lies beside.
struct Bare(tokio::sync::mpsc::Sender<tokio::sync::oneshot::Sender<()>>);

impl Bare {
    fn start(store: Store) -> Self {
        let (ask, mut asked) = tokio::sync::mpsc::channel(1_024);
        tokio::spawn(async move {
            let ledger = LedgerId::new(LedgerKind::Organization, Uuid::new_v4().to_string());
            let mut frontier = Frontier::new();
            let mut waiting = Vec::new();
            while asked.recv_many(&mut waiting, 256).await > 0 {
                let (expected, batch) = (frontier.size(), Uuid::new_v4());
                let rows: Vec<_> = (1..=waiting.len() as u64).map(|nth| bare_row(&ledger, expected + nth)).collect();
                rows.iter().for_each(|row| frontier.push(*row.sealed.leaf()));
                let (ledger, frontier, at_us) = (ledger.clone(), frontier.clone(), 1_700_000_000_000_000);
                let (commands, credentials) = (Vec::new(), Vec::new());
                let batch = Batch { ledger, expected, batch, rows, frontier, at_us, commands, credentials };
                store.append(batch).await.unwrap();
                waiting.drain(..).for_each(|one: tokio::sync::oneshot::Sender<()>| one.send(()).unwrap());
            }
        });
        Self(ask)
    }

    async fn append(&self) {
        let (done, is_done) = tokio::sync::oneshot::channel();
        self.0.send(done).await.unwrap();
        is_done.await.unwrap();
    }
}

/// As long as the event that is compared.
fn bare_row(ledger: &LedgerId, position: u64) -> Row {
    let payload = json!({ "from": "name 1", "to": Uuid::new_v4().to_string(), "padding": "x".repeat(250) });
    let (event_type, version, metadata) = ("user.renamed".into(), "1".into(), BTreeMap::new());
    let entry = Entry { ledger: ledger.clone(), position, event_type, version, payload, metadata };
    let sealed = Sealed::seal(entry).unwrap();
    Row { sealed, actor: "system".into(), subjects: Vec::new(), personal: Vec::new() }
}

macro_rules! theirs {
    ($in_flight:expr, $framework:expr) => {{
        let framework = $framework.clone();
        cell($in_flight, move |n| {
            let framework = framework.clone();
            async move {
                let id = Uuid::new_v4().to_string();
                framework.execute(&id, format!("name {n}")).await.unwrap();
            }
        })
        .await
    }};
}

async fn sqlite_pool(folder: &std::path::Path) -> sqlx::SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("theirs.sqlite"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    sqlx::raw_sql(
        "CREATE TABLE events (aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence bigint NOT NULL,
         event_type text NOT NULL, event_version text NOT NULL, payload text NOT NULL, metadata text NOT NULL,
         PRIMARY KEY (aggregate_type, aggregate_id, sequence))",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool
}

async fn postgres_pool(url: &str) -> sqlx::PgPool {
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(16).connect(url).await.unwrap();
    sqlx::raw_sql("CREATE DATABASE ours").execute(&pool).await.unwrap();
    sqlx::raw_sql(
        "CREATE TABLE events (aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence bigint NOT NULL,
         event_type text NOT NULL, event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
         PRIMARY KEY (aggregate_type, aggregate_id, sequence))",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool
}

#[tokio::main]
async fn main() {
    let rounds: usize =
        std::env::var("ROLLBOOK_BENCH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let server = PgServer::start();
    let pool = postgres_pool(&server.url()).await;
    let theirs_pg = Arc::new(CqrsFramework::<Person, _>::new(
        PersistedEventStore::new_event_store(PostgresEventRepository::new(pool)),
        vec![],
        (),
    ));
    let folder = tempfile::tempdir().unwrap();
    let theirs_lite = Arc::new(CqrsFramework::<Person, _>::new(
        PersistedEventStore::new_event_store(SqliteEventRepository::new(sqlite_pool(folder.path()).await)),
        vec![],
        (),
    ));
    let url = format!("{}/ours", server.url().trim_end_matches("/postgres"));
    let pg = Store::postgres(&url, 16).await.unwrap();
    pg.migrate().await.unwrap();
    let lite = Store::sqlite(&folder.path().join("ours.sqlite")).await.unwrap();
    lite.migrate().await.unwrap();
    let bare = Arc::new(Bare::start(pg.clone()));
    let (pg_writer, pg_owner, pg_users) = organization(pg, 1_000).await;
    let (lite_writer, lite_owner, lite_users) = organization(lite, 1_000).await;

    println!("| in flight | engine | ours /s | cqrs-es /s | ratio median [least, most] | p99 ratio |");
    println!("|---:|---|---:|---:|---|---:|");
    for in_flight in IN_FLIGHT {
        let mut cells: [Vec<[f64; 4]>; 2] = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            let a = ours(in_flight, &pg_writer, pg_owner, &pg_users).await;
            let b = theirs!(in_flight, theirs_pg);
            let c = ours(in_flight, &lite_writer, lite_owner, &lite_users).await;
            let d = theirs!(in_flight, theirs_lite);
            cells[0].push([a.0, b.0, a.1, b.1]);
            cells[1].push([c.0, d.0, c.1, d.1]);
        }
        for (engine, cells) in ["PostgreSQL", "SQLite"].iter().zip(cells) {
            let (ratio, least, most) = spread(cells.iter().map(|cell| cell[0] / cell[1]).collect());
            let (late, ..) = spread(cells.iter().map(|cell| cell[2] / cell[3]).collect());
            let (us, ..) = spread(cells.iter().map(|cell| cell[0]).collect());
            let (them, ..) = spread(cells.iter().map(|cell| cell[1]).collect());
            println!(
                "| {in_flight} | {engine} | {us:.0} | {them:.0} | {ratio:.2} [{least:.2}, {most:.2}] | {late:.2} |"
            );
        }
    }
    let mut ratios = Vec::new();
    for _ in 0..rounds {
        let bare = bare.clone();
        let (a, _) = cell(256, move |_| {
            let bare = bare.clone();
            async move { bare.append().await }
        })
        .await;
        let (b, _) = theirs!(256, theirs_pg);
        ratios.push(a / b);
    }
    let (ratio, least, most) = spread(ratios);
    println!("| 256 | PostgreSQL, events alone | | | {ratio:.2} [{least:.2}, {most:.2}] | |");
}

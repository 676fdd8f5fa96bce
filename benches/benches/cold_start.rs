//! A start from a snapshot at 100,000 users: a fresh process (this one, executed again) opens the deployment and its
//! organization. Wall time from before it is executed until it serves, and the most memory it ever had resident.
//!
//! `ROLLBOOK_BENCH_USERS` (100,000) users, `ROLLBOOK_BENCH_ROUNDS` (5) rounds.

use rollbook_benches::{organization, setting, spread};
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::Store;
use rollbook_tests::pg_server::PgServer;
use std::process::{Command, Stdio};
use std::time::Instant;

/// The first argument of the process that starts.
const COLD: &str = "--start-cold";

async fn store(place: &str) -> Store {
    match place.strip_prefix("sqlite:") {
        Some(path) => Store::sqlite(path.as_ref()).await.unwrap(),
        None => Store::postgres(place, 4).await.unwrap(),
    }
}

/// Builds the organization and keeps its snapshot.
async fn build(place: &str, users: usize) -> OrganizationId {
    let store = store(place).await;
    store.migrate().await.unwrap();
    let (writer, ..) = organization(store, users).await;
    writer.keep_snapshot().await;
    writer.id()
}

/// What the fresh process does: serve, and say how much memory that took.
async fn start(place: &str, id: OrganizationId, users: usize) {
    let deployment = Deployment::new(store(place).await, Clock::default());
    let open = deployment.open(id).await.unwrap();
    let organization = open.writer.published().organization.clone();
    assert_eq!(organization.users.len(), users + 1);
    assert!(organization.user_by_login(&format!("agent{:06}", users - 1)).is_some());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("{}", most.trim().trim_end_matches(" kB"));
}

/// Seconds and megabytes (2^20) of one start.
fn cold(place: &str, id: OrganizationId, users: usize) -> (f64, f64) {
    let started = Instant::now();
    let arguments = [COLD, place, &id.to_string(), &users.to_string()];
    let this = std::env::current_exe().unwrap();
    let done = Command::new(this).args(arguments).stderr(Stdio::inherit()).output().unwrap();
    let seconds = started.elapsed().as_secs_f64();
    assert!(done.status.success(), "the fresh process failed");
    let kilobytes: f64 = String::from_utf8(done.stdout).unwrap().trim().parse().unwrap();
    (seconds, kilobytes / 1_024.0)
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, mode, place, id, users] = &arguments[..]
        && mode == COLD
    {
        let (id, users) = (OrganizationId(id.parse().unwrap()), users.parse().unwrap());
        return runtime.block_on(start(place, id, users));
    }
    let (users, rounds) = (setting("ROLLBOOK_BENCH_USERS", 100_000), setting("ROLLBOOK_BENCH_ROUNDS", 5));
    let server = PgServer::start();
    let folder = tempfile::tempdir().unwrap();
    let lite = format!("sqlite:{}", folder.path().join("cold.sqlite").display());
    let places = [("PostgreSQL", server.url()), ("SQLite", lite)];
    let built = places.map(|(engine, place)| {
        let id = runtime.block_on(build(&place, users));
        (engine, place, id, vec![], vec![])
    });
    let mut cells = built;
    for _ in 0..rounds {
        for (_, place, id, seconds, megabytes) in &mut cells {
            let (took, most) = cold(place, *id, users);
            seconds.push(took);
            megabytes.push(most);
        }
    }
    println!("| engine | {users} users, s, median [least, most] | most resident, MB |\n|---|---|---|");
    for (engine, _, _, seconds, megabytes) in cells {
        let ((took, least, most), (resident, ..)) = (spread(seconds), spread(megabytes));
        println!("| {engine} | {took:.2} [{least:.2}, {most:.2}] | {resident:.0} |");
    }
}

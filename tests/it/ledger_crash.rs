//! A writer, or its database, dies at any moment: what it acknowledged is there, and nothing is half done.
//!
//! The writer that dies is this test binary, started again as a child that runs one of these tests; without the
//! variables by which its parent speaks to it that test does nothing.
use crate::ledger_world::{World, create_user, history, keyed, new_id, random, role, store_at};
use rollbook_domain::event::Event;
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::organization::command::{Command, OrganizationCommand};
use rollbook_domain::organization::event::OrganizationEvent;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::codec::Decoded;
use rollbook_ledger::deployment::{Deployment, Open};
use rollbook_ledger::writer::{Answer, Submission, WriteError};
use rollbook_replay::verify::verify;
use rollbook_tests::crash_rounds;
use rollbook_tests::pg_server::PgServer;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const TASKS: usize = 8;
/// How many rounds one organization goes through.
const ROUNDS_APART: u32 = 8;
const PATIENCE: Duration = Duration::from_secs(60);

/// Three events, all or nothing, the last of which tells which request it was.
fn request(open: &Open, key: &str) -> Submission {
    let agent = role(&open.writer.published().organization, true);
    let rename = Command::Organization(OrganizationCommand::Rename { name: key.to_owned() });
    let users = ["a", "b"].map(|user| create_user(&format!("{key}{user}"), agent));
    keyed(Actor::Operator, Command::Many(users.into_iter().chain([rename]).collect()), key, 7)
}

fn positions(answer: &Answer) -> (u64, u64) {
    match answer {
        Answer::Written(written) => (written.first_position, written.position),
        Answer::Replayed(replayed) => (replayed.0.first_position, replayed.0.last_position),
    }
}

fn told(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.into_string().unwrap())
}

/// The child: submits until it is killed, or until it was acknowledged as often as it was told.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_writes_until_it_is_killed() {
    let Some(address) = told("ROLLBOOK_CHILD_DATABASE") else { return };
    let id: OrganizationId = told("ROLLBOOK_CHILD_ORGANIZATION").unwrap().parse().unwrap();
    let round = told("ROLLBOOK_CHILD_ROUND").unwrap();
    let most: usize = told("ROLLBOOK_CHILD_MOST").map_or(usize::MAX, |most| most.parse().unwrap());
    let deployment = Deployment::new(store_at(&address).await, Clock::default());
    let tasks = if most == usize::MAX { TASKS } else { 1 };
    let running = (0..tasks).map(|task| {
        let (deployment, round) = (deployment.clone(), round.clone());
        tokio::spawn(async move {
            for n in 0..most {
                acknowledged(&deployment, id, &format!("r{round}t{task}n{n}")).await;
            }
        })
    });
    for task in running.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// Asks, with the same key, until there is an answer, and says so.
async fn acknowledged(deployment: &Deployment, id: OrganizationId, key: &str) {
    loop {
        let Ok(open) = deployment.open(id).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        match open.writer.submit(request(&open, key)).await {
            Ok(answer) => {
                let (first, last) = positions(&answer);
                writeln!(std::io::stdout(), "ack {key} {first} {last}").unwrap();
                return;
            }
            Err(WriteError::Rejected(rejection)) => panic!("{key}: {rejection}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

fn child(wrapper: &[&str], address: &str, id: OrganizationId, round: u32, most: Option<usize>) -> Child {
    let me = std::env::current_exe().unwrap();
    let mut words = wrapper.iter().map(std::ffi::OsString::from).chain([me.into_os_string()]);
    let mut command = std::process::Command::new(words.next().unwrap());
    command
        .args(words)
        .args(["--exact", "ledger_crash::a_child_that_writes_until_it_is_killed", "--nocapture"])
        .env("ROLLBOOK_CHILD_DATABASE", address)
        .env("ROLLBOOK_CHILD_ORGANIZATION", id.to_string())
        .env("ROLLBOOK_CHILD_ROUND", round.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    if let Some(most) = most {
        command.env("ROLLBOOK_CHILD_MOST", most.to_string());
    }
    command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"))
}

/// What the child was acknowledged: key, first and last position.
type Acks = Arc<Mutex<BTreeMap<String, (u64, u64)>>>;

fn listen(child: &mut Child) -> (Acks, std::thread::JoinHandle<()>) {
    let acks = Acks::default();
    let (heard, lines) = (Arc::clone(&acks), BufReader::new(child.stdout.take().unwrap()).lines());
    let thread = std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let words: Vec<&str> = line.split(' ').collect();
            // A line that was cut by the kill says nothing.
            if let ["ack", key, first, last] = words[..]
                && let (Ok(first), Ok(last)) = (first.parse(), last.parse())
            {
                heard.lock().unwrap().insert(key.to_owned(), (first, last));
            }
        }
    });
    (acks, thread)
}

fn wait_for_an_ack(acks: &Acks) {
    let start = Instant::now();
    while acks.lock().unwrap().is_empty() {
        assert!(start.elapsed() < PATIENCE, "the child was acknowledged nothing");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn names(row: &Decoded) -> Option<&str> {
    match &row.event {
        Event::Organization(OrganizationEvent::Renamed { to, .. }) => Some(to),
        _ => None,
    }
}

/// Every acknowledged request is there once, at its positions; every request is there whole or not at all.
async fn check(deployment: &Deployment, id: OrganizationId, acks: &BTreeMap<String, (u64, u64)>) {
    let rows = history(deployment.store(), id).await;
    let mut commands: BTreeMap<&str, Vec<&Decoded>> = BTreeMap::new();
    for row in &rows {
        commands.entry(row.metadata.get("command").unwrap()).or_default().push(row);
    }
    let mut found: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for rows in commands.values() {
        let (first, last) = (rows[0], rows[rows.len() - 1]);
        let Some(key) = names(last) else {
            assert_eq!(first.position, 1, "only the founding names nothing at its end");
            continue;
        };
        assert_eq!((rows.len(), last.position - first.position), (3, 2), "{key} is whole");
        let before = found.insert(key.to_owned(), (first.position, last.position));
        assert_eq!(before, None, "{key} is carried out once");
    }
    for (key, positions) in acks {
        assert_eq!(found.get(key), Some(positions), "{key} was acknowledged");
    }
}

/// Asks again for what was acknowledged last and for what may have been on its way; then all of it is there once.
async fn retry(
    deployment: &Deployment,
    id: OrganizationId,
    round: u32,
    acks: &mut BTreeMap<String, (u64, u64)>,
) {
    let open = deployment.open(id).await.unwrap();
    for task in 0..TASKS {
        let count = (0..).take_while(|n| acks.contains_key(&format!("r{round}t{task}n{n}"))).count();
        for n in count.saturating_sub(1)..=count {
            let key = format!("r{round}t{task}n{n}");
            let answer = open.writer.submit(request(&open, &key)).await.unwrap();
            let positions = positions(&answer);
            let before = acks.insert(key, positions);
            assert!(before.is_none_or(|before| before == positions));
        }
    }
}

async fn found(address: &str) -> OrganizationId {
    let deployment = Deployment::new(store_at(address).await, Clock::default());
    let id = new_id();
    crate::ledger_world::founded(&deployment, id).await;
    id
}

/// Rounds of running, dying, and looking at what is left; `die` makes an end of the child, or of its database. Every
/// so many rounds they begin with another organization, since each looks at the whole of it.
async fn rounds(address: &str, mut die: impl FnMut(&mut Child, u32)) {
    let seed = random();
    eprintln!("seed {seed}");
    let (mut id, mut all, mut acknowledged) = (found(address).await, BTreeMap::new(), 0);
    for round in 0..crash_rounds() {
        if round > 0 && round % ROUNDS_APART == 0 {
            acknowledged += all.len();
            (id, all) = (found(address).await, BTreeMap::new());
        }
        let mut child = child(&[], address, id, round, None);
        let (acks, listening) = listen(&mut child);
        wait_for_an_ack(&acks);
        let pause = (seed >> (round % 100)) % 300;
        std::thread::sleep(Duration::from_millis(u64::try_from(pause).unwrap()));
        die(&mut child, round);
        let _gone = child.kill();
        child.wait().unwrap();
        listening.join().unwrap();
        all.extend(acks.lock().unwrap().clone());
        let deployment = Deployment::new(store_at(address).await, Clock::default());
        check(&deployment, id, &all).await;
        retry(&deployment, id, round, &mut all).await;
        check(&deployment, id, &all).await;
        let report = verify(deployment.store(), Some(id), &[], |_| ()).await.unwrap();
        assert!(report.is_clean(), "{:?}", report.findings);
        deployment.store().close().await;
    }
    acknowledged += all.len();
    eprintln!("{} rounds, {acknowledged} requests acknowledged", crash_rounds());
    assert!(acknowledged > crash_rounds() as usize * TASKS, "{acknowledged} were acknowledged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_writer_on_sqlite_loses_nothing_it_acknowledged() {
    let world = World::sqlite();
    rounds(&world.address(), |child, _| child.kill().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_writer_on_postgresql_loses_nothing_it_acknowledged() {
    let world = World::postgres();
    rounds(&world.address(), |child, _| child.kill().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_postgresql_loses_nothing_that_was_acknowledged() {
    let mut server = PgServer::start();
    let address = server.url();
    rounds(&address, |child, round| {
        server.crash();
        // Every other time the child outlives the crash and goes on with the server that came back.
        if round % 2 == 0 {
            child.kill().unwrap();
        }
        server.start_again();
        std::thread::sleep(Duration::from_millis(300));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_the_disk_has_it_before_it_is_acknowledged() {
    let world = World::sqlite();
    let id = found(&world.address()).await;
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let wrapper =
        ["strace", "-f", "-e", "trace=fdatasync,fsync,write", "-s", "64", "-o", trace.to_str().unwrap()];
    let missing = "strace is missing: tests/run installs it";
    assert!(std::process::Command::new("strace").arg("-V").output().is_ok(), "{missing}");
    let mut child = child(&wrapper, &world.address(), id, 0, Some(20));
    let (acks, listening) = listen(&mut child);
    assert!(child.wait().unwrap().success());
    listening.join().unwrap();
    assert_eq!(acks.lock().unwrap().len(), 20);

    let (mut acknowledged, mut synced) = (0, false);
    for line in std::fs::read_to_string(trace).unwrap().lines() {
        if line.contains("sync") && line.ends_with("= 0") {
            synced = true;
        } else if line.contains("write(1, \"ack ") {
            assert!(synced, "acknowledgement {acknowledged} came before its sync");
            (acknowledged, synced) = (acknowledged + 1, false);
        }
    }
    assert_eq!(acknowledged, 20);
}

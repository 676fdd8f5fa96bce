//! The answer to an append is lost between the writer and PostgreSQL: what became of it is found out, not guessed.
use crate::ledger_world::{World, assert_same, create_user, random, role, submission, written};
use crate::ledger_writer::{assert_history_is, mixed, oracle};
use rollbook_domain::kernel::context::Actor;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::{Deployment, Open};
use rollbook_ledger::store::{Store, StoreError};
use rollbook_ledger::writer::{WriteError, Written, ledger_of};
use rollbook_tests::proxy::Proxy;
use sqlx::Connection;
use std::time::Duration;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(20);

/// A writer that speaks to PostgreSQL through a proxy, on so many connections.
async fn through_a_proxy(world: &World, connections: u32) -> (Proxy, Deployment) {
    world.store().await;
    let url = world.address();
    let (_, rest) = url.split_once('@').unwrap();
    let (address, database) = rest.split_once('/').unwrap();
    let proxy = Proxy::start(address.parse().unwrap());
    let by_proxy = format!("postgres://postgres@{}/{database}", proxy.address());
    let store = Store::postgres(&by_proxy, connections).await.unwrap();
    (proxy, Deployment::new(store, Clock::default()))
}

async fn staged(deployment: &Deployment) -> (Open, Vec<(Uuid, Written)>) {
    let ((open, first), _) = crate::ledger_writer::founding(deployment).await;
    // The second append prepares the statement that the others use.
    let accepted = vec![first, submit(&open, "warm").await.unwrap()];
    (open, accepted)
}

async fn submit(open: &Open, login: &str) -> Result<(Uuid, Written), WriteError> {
    let agent = role(&open.writer.published().organization, true);
    let submission = submission(Actor::Operator, create_user(login, agent));
    let command = submission.context.command;
    open.writer.submit(submission).await.map(|answer| (command, written(answer)))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_landed_and_was_not_answered_is_acknowledged_once() {
    let world = World::postgres();
    let (proxy, deployment) = through_a_proxy(&world, 1).await;
    let (open, mut accepted) = staged(&deployment).await;
    // Only what commits is answered at all, so an answer that was swallowed is that of an append that landed.
    proxy.swallow_answer_to(b"zoe@north.example");
    let connections = proxy.connections();
    let answered = tokio::time::timeout(PATIENCE, submit(&open, "zoe")).await.unwrap();
    accepted.push(answered.unwrap());
    assert!(proxy.swallowed_bytes() > 0 && proxy.connections() > connections);
    accepted.push(submit(&open, "yan").await.unwrap());
    assert_history_is(&world, &accepted).await;
    assert_same(&oracle(&accepted), &open.writer.published().organization);
}

/// Waits until the writer's statement waits for the head's lock, and gives its process id.
async fn waiting_backend(connection: &mut sqlx::PgConnection) -> i32 {
    let sql =
        "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    for _ in 0..200 {
        if let Some(pid) = sqlx::query_scalar(sql).fetch_optional(&mut *connection).await.unwrap() {
            return pid;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no statement waits for the head");
}

/// The connection is lost while the append waits for the head; then it never lands, or lands late.
async fn lost_on_the_way(lands: bool) {
    let world = World::postgres();
    let (proxy, deployment) = through_a_proxy(&world, 1).await;
    let (open, mut accepted) = staged(&deployment).await;
    let mut by_hand = sqlx::PgConnection::connect(&world.address()).await.unwrap();
    let held = world.hold().await;
    let asking = tokio::spawn({
        let open = open.clone();
        async move { submit(&open, "zoe").await }
    });
    let backend = waiting_backend(&mut by_hand).await;
    proxy.cut_now();
    if !lands {
        sqlx::query("SELECT pg_terminate_backend($1)").bind(backend).execute(&mut by_hand).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    held.release().await;
    accepted.push(tokio::time::timeout(PATIENCE, asking).await.unwrap().unwrap().unwrap());
    accepted.push(submit(&open, "yan").await.unwrap());
    assert_history_is(&world, &accepted).await;
    assert_same(&oracle(&accepted), &open.writer.published().organization);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_never_landed_is_appended_once() {
    lost_on_the_way(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_lands_late_is_appended_once() {
    lost_on_the_way(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_network_that_loses_answers_at_random_each_command_counts_once() {
    let world = World::postgres();
    let (proxy, deployment) = through_a_proxy(&world, 3).await;
    let (open, mut accepted) = staged(&deployment).await;
    let mut tasks = tokio::task::JoinSet::new();
    for asker in 0..16 {
        let open = open.clone();
        tasks.spawn(async move {
            let mut accepted = Vec::new();
            for round in 0..25 {
                let command = mixed(&open.writer.published().organization, asker, round);
                let submission = submission(Actor::Operator, command);
                let id = submission.context.command;
                match open.writer.submit(submission).await {
                    Ok(answer) => accepted.push((id, written(answer))),
                    // Of these it is said that nothing was written.
                    Err(WriteError::Rejected(_) | WriteError::Unavailable(_) | WriteError::Busy) => {}
                    Err(error) => panic!("{error}"),
                }
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
            accepted
        });
    }
    let seed = random();
    eprintln!("seed {seed}");
    let mut left = seed;
    while !tasks.is_empty() {
        left = left.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(1);
        match (left >> 100) % 3 {
            0 => proxy.cut_now(),
            1 => proxy.cut_after_bytes_to_client(u64::try_from((left >> 90) % 3_000).unwrap()),
            _ => {
                proxy.swallow_answers(true);
                tokio::time::sleep(Duration::from_millis(5)).await;
                proxy.swallow_answers(false);
            }
        }
        tokio::time::sleep(Duration::from_millis(u64::try_from((left >> 80) % 40).unwrap())).await;
        while let Some(done) = tasks.try_join_next() {
            accepted.extend(done.unwrap());
        }
    }
    assert!(accepted.len() > 100, "{} were accepted", accepted.len());
    assert_history_is(&world, &accepted).await;
    // A last cut may still be due.
    let mut caught = open.writer.catch_up().await;
    for _ in 0..10 {
        if matches!(caught, Err(WriteError::Unavailable(_))) {
            caught = open.writer.catch_up().await;
        }
    }
    caught.unwrap();
    assert_same(&oracle(&accepted), &open.writer.published().organization);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_to_be_held_is_not_waited_for_without_end() {
    let world = World::postgres();
    let (proxy, deployment) = through_a_proxy(&world, 2).await;
    let (open, _) = staged(&deployment).await;
    proxy.fall_silent(true);
    // At once, or the connection would be asked first whether it still lives.
    let ledger = ledger_of(open.writer.id());
    let held = tokio::time::timeout(PATIENCE, deployment.store().hold(&ledger)).await.expect("it ends");
    assert!(matches!(held, Err(StoreError::Unavailable(_))), "{held:?}");
    proxy.fall_silent(false);
    submit(&open, "yan").await.unwrap();
}

/// The database is gone; who waits for the writer is not told so one after another, each after as long a wait.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_while_the_database_is_gone_is_told_so_with_the_first() {
    let world = World::postgres();
    let (open, _) = staged(&world.deployment().await).await;
    let (proxy, deployment) = through_a_proxy(&world, 2).await;
    // This writer has not compared the clocks yet.
    let open = deployment.open(open.writer.id()).await.unwrap();
    drop(proxy);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let open = open.clone();
        tasks.spawn(async move { submit(&open, &format!("user{n}")).await });
    }
    let told = tokio::time::timeout(PATIENCE, tasks.join_all()).await.expect("all are told");
    for told in told {
        assert!(matches!(told, Err(WriteError::Unavailable(_))), "{told:?}");
    }
}

#[test]
fn nothing_that_writes_a_ledger_notifies() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../ledger/src");
    let mut folders = vec![std::path::PathBuf::from(root)];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(!text.contains("pg_notify") && !text.contains("NOTIFY "), "{}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 30);
}

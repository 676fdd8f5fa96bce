//! What a process had counted when it was killed is recorded as unknown, once, by whoever is there then; what it wrote
//! before it ended is not, and nobody who lives is taken for dead.
use crate::ledger_world::{World, context, founded, new_id, on_both_engines};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_ledger::activity::{
    Act, Activity, ActivityOutcome, COUNT_LEASE, DENIED, UNKNOWN, ledger_of, record_unknown,
};
use rollbook_ledger::clock::Clock;
use rollbook_ledger::codec;
use rollbook_ledger::store::Store;
use rollbook_ledger::system::System;
use rollbook_tests::process::{Server, rollbook};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

on_both_engines! {
    a_killed_process_leaves_a_mark_that_is_recorded_as_unknown_once
    a_process_that_is_told_to_end_leaves_nothing_unknown
    many_who_find_the_same_mark_record_it_once
    a_process_that_was_taken_for_ended_still_writes_what_it_knows
    a_count_that_was_written_is_not_unknown_though_its_mark_is_left
    what_is_being_written_is_written_though_nobody_waits_any_more
}

/// How old a mark must be where a test does not wait.
const AT_ONCE: Duration = Duration::ZERO;

fn act(organization: &rollbook_ledger::deployment::Open) -> Act {
    Act {
        context: context(Actor::System),
        actor_role: None,
        action: DENIED,
        outcome: ActivityOutcome::Refused,
        subject: None,
        judged_at: organization.writer.published().organization.position,
        detail: [("permission".to_owned(), "users.view".to_owned())].into(),
    }
}

/// The acts: action, and how many it stands for.
async fn acts(store: &Store, id: OrganizationId) -> Vec<(String, u64)> {
    let ledger = ledger_of(id);
    let head = store.head(&ledger).await.unwrap().map_or(0, |head| head.position);
    let rows = store.read(&ledger, 1, head, 1_000).await.unwrap();
    let told = rows.into_iter().map(|stored| {
        let entry = codec::reveal(stored).unwrap();
        (entry.event_type, entry.payload.get("count").and_then(serde_json::Value::as_u64).unwrap_or(1))
    });
    told.collect()
}

async fn marked(store: &Store) -> usize {
    store.counting_before(i64::MAX).await.unwrap().len()
}

async fn until_marked(store: &Store) {
    let begun = Instant::now();
    while marked(store).await == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "no count was marked");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// `rollbook serve` on a world of its own, where somebody failed to sign in three times.
async fn served(world: &World) -> (Server, Store, OrganizationId) {
    let mut arguments = match world {
        World::Sqlite(folder) => vec!["--data".to_owned(), folder.path().display().to_string()],
        World::Postgres(pg) => vec!["--database-url".to_owned(), pg.url().to_owned()],
    };
    let mut init = rollbook();
    let founded = init.args(&arguments).args(["--json", "init", "--organization", "acme", "--owner", "ada"]);
    let founded = founded.output().unwrap();
    assert!(founded.status.success(), "{}", String::from_utf8_lossy(&founded.stderr));
    arguments.extend(["serve", "--listen", "127.0.0.1:0"].map(str::to_owned));
    let server = Server::start(rollbook().args(&arguments));
    for _ in 0..3 {
        let body = r#"{"organization":"acme","login":"ada","password":"wrong wrong wrong"}"#;
        let address = server.url().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!(
            "POST /api/v1/sessions HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
    let store = store_of(world).await;
    let id = System::new(store.clone()).find("acme").await.unwrap().unwrap().id;
    (server, store, id)
}

/// The database that `rollbook` made there.
async fn store_of(world: &World) -> Store {
    match world {
        World::Sqlite(folder) => Store::sqlite(&folder.path().join("rollbook.sqlite")).await.unwrap(),
        World::Postgres(_) => world.store().await,
    }
}

async fn a_killed_process_leaves_a_mark_that_is_recorded_as_unknown_once(world: World) {
    let (mut server, store, id) = served(&world).await;
    until_marked(&store).await;
    let before = acts(&store, id).await;
    assert_eq!(before, [("session.failed".to_owned(), 1)]);
    // It lives, and so it is not taken for ended.
    let clock = Clock::default();
    assert_eq!(record_unknown(&store, &clock, COUNT_LEASE).await.unwrap(), 0);
    server.kill();
    assert_eq!(record_unknown(&store, &clock, COUNT_LEASE).await.unwrap(), 0, "its lease is not over");
    assert_eq!(record_unknown(&store, &clock, AT_ONCE).await.unwrap(), 1);
    assert_eq!(record_unknown(&store, &clock, AT_ONCE).await.unwrap(), 0);
    let after = acts(&store, id).await;
    assert_eq!(after, [("session.failed".to_owned(), 1), (UNKNOWN.to_owned(), 1)]);
    assert_eq!(marked(&store).await, 0);
}

async fn a_process_that_is_told_to_end_leaves_nothing_unknown(world: World) {
    let (mut server, store, id) = served(&world).await;
    until_marked(&store).await;
    assert!(server.stop().success());
    assert_eq!(marked(&store).await, 0);
    assert_eq!(record_unknown(&store, &Clock::default(), AT_ONCE).await.unwrap(), 0);
    let acts = acts(&store, id).await;
    assert_eq!(acts, [("session.failed".to_owned(), 1), ("session.failed".to_owned(), 2)]);
}

async fn many_who_find_the_same_mark_record_it_once(world: World) {
    let deployment = world.deployment().await;
    let (open, _) = founded(&deployment, new_id()).await;
    let (store, id) = (deployment.store().clone(), open.writer.id());
    for _ in 0..3 {
        open.activity.note(act(&open));
    }
    until_marked(&store).await;
    let mut finders = Vec::new();
    for _ in 0..6 {
        let store = world.store().await;
        finders.push(tokio::spawn(async move { record_unknown(&store, &Clock::default(), AT_ONCE).await }));
    }
    let mut recorded = 0;
    for finder in finders {
        recorded += finder.await.unwrap().unwrap();
    }
    assert_eq!(recorded, 1);
    let unknown = acts(&store, id).await.into_iter().filter(|(action, _)| action == UNKNOWN).count();
    assert_eq!(unknown, 1);
}

async fn a_process_that_was_taken_for_ended_still_writes_what_it_knows(world: World) {
    let deployment = world.deployment().await;
    let (open, _) = founded(&deployment, new_id()).await;
    let (store, id) = (deployment.store().clone(), open.writer.id());
    for _ in 0..4 {
        open.activity.note(act(&open));
    }
    until_marked(&store).await;
    assert_eq!(record_unknown(&store, &Clock::default(), AT_ONCE).await.unwrap(), 1);
    open.activity.flush().await;
    assert_eq!(
        acts(&store, id).await,
        [(DENIED.to_owned(), 1), (UNKNOWN.to_owned(), 1), (DENIED.to_owned(), 3)]
    );
    assert_eq!(marked(&store).await, 0);
}

async fn a_count_that_was_written_is_not_unknown_though_its_mark_is_left(world: World) {
    let deployment = world.deployment().await;
    let (open, _) = founded(&deployment, new_id()).await;
    let (store, id) = (deployment.store().clone(), open.writer.id());
    for _ in 0..2 {
        open.activity.note(act(&open));
    }
    until_marked(&store).await;
    let mark = store.counting_before(i64::MAX).await.unwrap().remove(0);
    open.activity.flush().await;
    // As after a crash between the two.
    store.put_counting(&mark).await.unwrap();
    assert_eq!(record_unknown(&store, &Clock::default(), AT_ONCE).await.unwrap(), 0);
    assert_eq!(marked(&store).await, 0);
    assert_eq!(acts(&store, id).await, [(DENIED.to_owned(), 1), (DENIED.to_owned(), 1)]);
    // The next count has a mark of its own.
    let again: Activity = open.activity.clone();
    again.note(act(&open));
    again.note(act(&open));
    until_marked(&store).await;
    assert_ne!(store.counting_before(i64::MAX).await.unwrap()[0].mark, mark.mark);
}

async fn what_is_being_written_is_written_though_nobody_waits_any_more(world: World) {
    let deployment = world.deployment().await;
    let (open, _) = founded(&deployment, new_id()).await;
    let (store, id) = (deployment.store().clone(), open.writer.id());
    let of = |permission: &str| Act {
        detail: [("permission".to_owned(), permission.to_owned())].into(),
        ..act(&open)
    };
    open.activity.record(act(&open)).await.unwrap();
    let held = world.hold().await;
    // Three firsts, of which two wait for another, and what is counted.
    for permission in ["users.edit", "users.block", "users.erase", "users.edit", "users.edit"] {
        open.activity.note(of(permission));
    }
    let given_up = tokio::time::timeout(Duration::from_millis(200), open.activity.flush()).await;
    assert!(given_up.is_err(), "it waits for the database");
    held.release().await;
    open.activity.flush().await;
    let acts = acts(&store, id).await;
    assert_eq!(acts.iter().map(|(_, count)| count).sum::<u64>(), 1 + 5, "{acts:?}");
    assert_eq!(marked(&store).await, 0);
}

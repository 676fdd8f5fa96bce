//! A database that refuses everybody for a while: changes are answered 503 and nothing is written, reads go on, and
//! once the cause is gone so do changes, with the writers and followers that were there before. A damaged one is not
//! written to any more.

use rollbook_api::app::{App, ServeOptions};
use rollbook_api::server;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::Store;
use rollbook_tests::app::World;
use rollbook_tests::client::{Answer, Client};
use rollbook_tests::pg::TestPg;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use std::time::Duration;

/// More users than fit on the pages that a small database has left.
const USERS_MAX: u32 = 400;

async fn create_user(world: &World, login: &str) -> Answer {
    create(&world.owner(), login).await
}

async fn create(client: &Client, login: &str) -> Answer {
    let body =
        json!({ "login": login, "name": "New", "email": format!("{login}@north.example"), "role": "agent" });
    client.post("/api/v1/users", &body).await
}

/// An outage to the caller: when to come back, and nothing of what the database said.
fn assert_away(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.headers["retry-after"], "2");
    let problem = answer.json();
    assert_eq!(problem["code"], "unavailable");
    assert_eq!(problem["detail"], "this cannot be answered just now; try again shortly");
}

/// The log of activity is written again, by the follower that met the outage.
async fn assert_followed(world: &World, position: u64) {
    let follower = world.app.follower(&world.north.open);
    follower.caught_up(position, Duration::from_secs(20)).await.unwrap();
    assert!(world.app.followers().iter().all(|(_, status)| status.stopped.is_none()));
}

async fn pages_max(world: &World, pages: i64) {
    let Store::Sqlite(engine) = world.app.deployment().store() else { panic!("it is SQLite") };
    let set = move |connection: &mut rusqlite::Connection| {
        connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
    };
    engine.write(set).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_503_and_changes_go_on_when_there_is_room_again() {
    let world = World::new().await;
    // As large as it is now; what is free on its pages is filled first.
    pages_max(&world, 1).await;
    let mut refused = None;
    for nth in 0..USERS_MAX {
        let answer = create_user(&world, &format!("n{nth}")).await;
        if answer.status != 201 {
            refused = Some((nth, answer));
            break;
        }
    }
    let (nth, answer) = refused.expect("the pages are filled");
    assert_away(&answer);
    let head = world.head().await;
    assert_eq!(head, world.north.open.writer.published().organization.position);
    assert_eq!(world.owner().get("/api/v1/users").await.status, 200);

    pages_max(&world, 1_000_000).await;
    assert_eq!(create_user(&world, &format!("n{nth}")).await.status, 201);
    assert_eq!(world.head().await, head + 1);
    assert!(!world.north.open.writer.has_stopped());
    assert_followed(&world, head + 1).await;
}

/// Sets whether new sessions are read-only; `at_once` ends those that there are.
async fn read_only(pg: &TestPg, is_on: bool, at_once: bool) {
    let mut connection = PgConnection::connect(pg.url()).await.unwrap();
    let value = if is_on { "on" } else { "off" };
    let alter = format!("ALTER DATABASE {} SET default_transaction_read_only = {value}", pg.name());
    for sql in ["SET default_transaction_read_only = off", &alter] {
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    }
    if at_once {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        sqlx::raw_sql(end).execute(&mut connection).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_server_is_503_and_changes_go_on_when_it_takes_them_again() {
    let pg = TestPg::create();
    let world = World::at(Store::postgres(pg.url(), 8).await.unwrap()).await;
    assert_eq!(create_user(&world, "before").await.status, 201);
    let head = world.head().await;
    read_only(&pg, true, true).await;
    // The sessions that were ended are found out by whoever uses them next, those that append after a rest.
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..16 {
        let _ended = world.app.deployment().store().now_us().await;
    }
    for nth in 0..3 {
        assert_away(&create_user(&world, &format!("during{nth}")).await);
    }
    assert_eq!(world.owner().get("/api/v1/users").await.status, 200);
    assert_eq!(world.head().await, head);

    // The sessions of the outage stay open and would stay read-only for ever.
    read_only(&pg, false, false).await;
    assert_eq!(create_user(&world, "after").await.status, 201);
    assert_eq!(world.head().await, head + 1);
    assert!(!world.north.open.writer.has_stopped());
    assert_followed(&world, head + 1).await;
}

async fn run(pg: &TestPg, sql: &str) {
    let mut connection = PgConnection::connect(pg.url()).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_serve_lacks_is_503_and_changes_go_on_once_it_is_granted() {
    let pg = TestPg::create();
    let owner = Store::postgres(pg.url(), 2).await.unwrap();
    let world = World::at(owner.clone()).await;
    let role = format!("{}_serve", pg.name());
    run(&pg, &format!("CREATE ROLE {role}")).await;
    owner.grant_serve(&role).await.unwrap();
    let url = format!("{}?options=-c%20role%3D{role}", pg.url());
    let app = Deployment::new(Store::postgres(&url, 8).await.unwrap(), Clock::default());
    let app = App::new(app, ServeOptions::default());
    let client = Client::new(server::router(app.clone())).bearer(&world.north.tokens["owner"]);
    let _ = create(&client, "before").await.expect(201);
    let head = world.head().await;

    run(&pg, &format!("REVOKE INSERT ON events FROM {role}")).await;
    for nth in 0..2 {
        assert_away(&create(&client, &format!("during{nth}")).await);
    }
    assert_eq!(client.get("/api/v1/users").await.status, 200);
    // Also what is read: an organization is not given up because its ledger may not be read for a while.
    run(&pg, &format!("REVOKE SELECT ON events, heads FROM {role}")).await;
    assert_away(&create(&client, "during2").await);
    assert_eq!(world.head().await, head);
    assert!(app.deployment().opened().iter().all(|writer| !writer.has_stopped()));

    owner.grant_serve(&role).await.unwrap();
    assert_eq!(create(&client, "after").await.status, 201);
    assert_eq!(world.head().await, head + 1);
    let follower = app.follower(&app.open(world.north.id).await.unwrap());
    follower.caught_up(head + 1, Duration::from_secs(20)).await.unwrap();
    app.deployment().store().close().await;
    run(&pg, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

/// Writes over the table's first page, in the file and past what is held of it in memory.
async fn damage(world: &World, table: &'static str) {
    let Store::Sqlite(engine) = world.app.deployment().store() else { panic!("it is SQLite") };
    let (page, size) = engine
        .write(move |connection: &mut rusqlite::Connection| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            let root = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
            let page: u64 = connection.query_row(root, [table], |row| row.get(0))?;
            let size: u64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
            Ok((page, size))
        })
        .await
        .unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(world.folder().join("rollbook.db")).unwrap();
    let garbage = vec![0xff; usize::try_from(size).unwrap()];
    std::os::unix::fs::FileExt::write_all_at(&file, &garbage, (page - 1) * size).unwrap();
    engine
        .write(|connection: &mut rusqlite::Connection| connection.execute_batch("PRAGMA shrink_memory"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_503_and_its_organization_is_not_served_any_more() {
    let world = World::new().await;
    let _ = create_user(&world, "before").await.expect(201);
    damage(&world, "events").await;
    let answer = create_user(&world, "after").await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (503, Some("not_served")), "{answer:?}");
    assert_eq!(answer.headers["retry-after"], "30");
    assert!(world.north.open.writer.has_stopped());
    for _ in 0..2 {
        assert_eq!(create_user(&world, "again").await.status, 503);
    }
    assert_eq!(world.anonymous().get("/readyz").await.status, 503);
}

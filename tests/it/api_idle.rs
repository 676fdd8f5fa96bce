//! Organizations leave memory in the midst of requests: no caller notices, and a live stream goes on.
use axum::body::{Body, HttpBody as _};
use axum::http::Request;
use rollbook_api::app::{App, ServeOptions};
use rollbook_api::server;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::{Deployment, Memory};
use rollbook_ledger::store::Store;
use rollbook_tests::app::World;
use rollbook_tests::client::{Answer, Client};
use serde_json::json;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower::ServiceExt as _;

/// Everything that nobody uses leaves, however short a time that is.
const AT_ONCE: Memory = Memory { budget: 0, idle_for: Duration::ZERO, every: Duration::from_millis(5) };

/// Another process on the world's database, which keeps no organization in memory by itself.
async fn process(world: &World) -> App {
    let store = Store::sqlite(&world.folder().join("rollbook.db")).await.unwrap();
    let options = ServeOptions { memory: AT_ONCE, ..ServeOptions::default() };
    App::new(Deployment::new(store, Clock::default()), options)
}

fn owner(world: &World, app: &App) -> Client {
    Client::new(server::router(app.clone())).bearer(&world.north.tokens["owner"])
}

async fn create(client: &Client, login: &str) -> Answer {
    let email = format!("{login}@north.example");
    client
        .post("/api/v1/users", &json!({ "login": login, "name": "New", "email": email, "role": "agent" }))
        .await
}

/// Closes until something left memory.
async fn close(app: &App) {
    let began = Instant::now();
    while app.deployment().close_idle(AT_ONCE).await == 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "it does not leave");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_notice_nothing_when_their_organization_leaves_memory_between_requests() {
    let world = World::new().await;
    let app = process(&world).await;
    let before = world.head().await;
    let closer = {
        let app = app.clone();
        tokio::spawn(async move {
            let mut closed = 0;
            loop {
                closed += app.deployment().close_idle(AT_ONCE).await;
                if closed >= 10 {
                    return closed;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
    };
    let (client, mut made) = (owner(&world, &app), 0);
    while !closer.is_finished() || made < 10 {
        let login = format!("idle{made}");
        let created = create(&client, &login).await.expect(201);
        let position = created.header("rollbook-position").unwrap().to_owned();
        // Seen at once, also by a process that has to load it anew.
        let _ = client.get(&format!("/api/v1/users/{login}")).await.expect(200);
        let _ =
            client.clone().with("rollbook-min-position", &position).get("/api/v1/users").await.expect(200);
        let log =
            client.clone().with("rollbook-min-position", &position).get("/api/v1/activity").await.expect(200);
        assert_eq!(log.json()["items"][0]["position"].to_string(), position);
        made += 1;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert_eq!(closer.await.unwrap(), 10);
    assert_eq!(world.head().await, before + made, "each was made once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_with_a_live_stream_stays_and_leaves_once_it_ended() {
    let world = World::new().await;
    let app = process(&world).await;
    let client = owner(&world, &app);
    let request = Request::get("/api/v1/activity/stream")
        .header("authorization", format!("Bearer {}", world.north.tokens["owner"]))
        .body(Body::empty())
        .unwrap();
    let mut stream = server::router(app.clone()).oneshot(request).await.unwrap();
    assert_eq!(stream.status(), 200);
    for _ in 0..20 {
        assert_eq!(app.deployment().close_idle(AT_ONCE).await, 0);
    }
    let _ = create(&client, "streamed").await.expect(201);
    let mut seen = String::new();
    while !seen.contains("user.created") {
        let frame = std::future::poll_fn(|cx| Pin::new(stream.body_mut()).poll_frame(cx));
        let frame = tokio::time::timeout(Duration::from_secs(10), frame).await;
        let frame = frame.expect("a row comes").unwrap().unwrap();
        seen += std::str::from_utf8(frame.data_ref().unwrap()).unwrap();
    }
    assert_eq!(app.followers().len(), 1);
    drop(stream);
    close(&app).await;
    assert_eq!((app.followers().len(), app.deployment().opened().len()), (0, 0));
    let _ = client.get("/api/v1/users/streamed").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_its_state_stays_in_memory() {
    let world = World::new().await;
    let app = process(&world).await;
    let client = owner(&world, &app);
    let position =
        create(&client, "forgotten").await.expect(201).header("rollbook-position").unwrap().to_owned();
    // Whatever shows a state was asked: the list, a check, the log, the past.
    for path in ["/api/v1/users", "/api/v1/activity", "/api/v1/users/forgotten/history"] {
        let _ = client.clone().with("rollbook-min-position", &position).get(path).await.expect(200);
    }
    let somebody = {
        let open = app.open(world.north.id).await.unwrap();
        let state = open.writer.published().organization.clone();
        Arc::downgrade(state.users.get(&state.user_by_login("forgotten").unwrap().id).unwrap())
    };
    assert!(somebody.upgrade().is_some());
    close(&app).await;
    // Tasks end a moment after they are told to.
    let began = Instant::now();
    while somebody.upgrade().is_some() {
        assert!(began.elapsed() < Duration::from_secs(20), "somebody still holds a state");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_serves_closes_by_itself_and_says_so() {
    let world = World::new().await;
    let app = process(&world).await;
    let client = owner(&world, &app);
    let _ = client.get("/api/v1/users").await.expect(200);
    assert_eq!(app.deployment().opened().len(), 1);
    let listening = server::Listening::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server::serve(listening, app.clone(), async {
        let _stopped = stopped.await;
    }));
    let began = Instant::now();
    while !app.deployment().opened().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "it does not leave");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let ready = Client::new(server::router(app.clone())).get("/readyz").await.expect(200);
    assert_eq!(ready.json()["organizations"], 0);
    let _ = client.get("/api/v1/users").await.expect(200);
    drop(stop);
    serving.await.unwrap().unwrap();
}

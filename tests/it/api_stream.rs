//! The activity log as it grows, over the API: who is shown new rows, and for how long.

use axum::body::{Body, HttpBody as _};
use axum::http::Request;
use axum::response::Response;
use rollbook_api::server;
use rollbook_domain::kernel::id::Kind;
use rollbook_tests::app::World;
use serde_json::json;
use std::pin::Pin;
use std::time::Duration;
use tower::ServiceExt as _;

async fn open(world: &World, token: &str, query: &str) -> Response {
    let request = Request::get(format!("/api/v1/activity/stream{query}"))
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    server::router(world.app.clone()).oneshot(request).await.unwrap()
}

/// Reads on until `wanted` was said. False if the stream ended before.
async fn says(stream: &mut Response, wanted: &str) -> bool {
    let mut said = String::new();
    while !said.contains(wanted) {
        let frame = std::future::poll_fn(|cx| Pin::new(stream.body_mut()).poll_frame(cx));
        let frame = tokio::time::timeout(Duration::from_secs(10), frame).await;
        let Some(frame) = frame.expect("a row or an end comes") else { return false };
        said += std::str::from_utf8(frame.unwrap().data_ref().unwrap()).unwrap();
    }
    true
}

async fn rename(world: &World, name: &str) {
    let _ = world.owner().patch("/api/v1/users/victim", &json!({ "name": name })).await.expect(200);
}

/// Signed out, given another password, or the key revoked: each still may read the log, and comes back with what lets
/// them in then.
#[tokio::test]
async fn a_stream_shows_nothing_more_once_what_let_its_reader_in_is_over() {
    let world = World::new().await;
    let (deployment, auditor) = (world.app.deployment(), world.north.id(Kind::User, "auditor"));
    let made = world.owner().act("/api/v1/users/auditor/api-key").await.expect(201).json();
    let key = made["api_key"].as_str().unwrap().to_owned();
    let out = world.north.session(deployment, auditor, 60_000_000).await;
    let old = world.north.session(deployment, auditor, 60_000_000).await;
    let short = world.north.session(deployment, auditor, 3_000_000).await;
    let mut streams = Vec::new();
    for token in [&out, &old, &key, &short] {
        streams.push(open(&world, token, "").await);
    }
    rename(&world, "Everybody sees").await;
    for stream in &mut streams {
        assert!(says(stream, "Everybody sees").await);
    }
    let _ = world.anonymous().bearer(&out).delete("/api/v1/sessions/current").await.expect(200);
    let new = json!({ "new": "another password" });
    let _ = world.owner().put("/api/v1/users/auditor/password", &new).await.expect(200);
    let _ = world.owner().delete("/api/v1/users/auditor/api-key").await.expect(200);
    tokio::time::sleep(Duration::from_secs(3)).await;
    rename(&world, "Nobody sees").await;
    for (stream, who) in streams.iter_mut().zip(["signed out", "another password", "revoked", "expired"]) {
        assert!(!says(stream, "Nobody sees").await, "{who}");
    }
}

#[tokio::test]
async fn a_stream_has_no_other_parameters_than_are_described() {
    let world = World::new().await;
    for query in ["from=2026-01-01T00:00:00Z", "until=2026-01-01T00:00:00Z", "limit=5"] {
        let answer =
            world.owner().get(&format!("/api/v1/activity/stream?{query}")).await.refused(422, "invalid");
        assert_eq!(answer.pointers(), [query.split('=').next().unwrap()]);
    }
}

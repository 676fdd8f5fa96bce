//! From which addresses people and programs are let in. Which address a list holds is told in
//! `domain/src/settings/addresses.rs`.

use rollbook_api::app::ServeOptions;
use rollbook_domain::kernel::id::Kind;
use rollbook_tests::app::{PASSWORD, World};
use rollbook_tests::client::{Answer, Client};
use serde_json::{Value, json};

const OFFICE: &str = "203.0.113.9";
const ELSEWHERE: &str = "198.51.100.1";

fn at(client: Client, ip: &str) -> Client {
    client.from(ip.parse().unwrap())
}

/// North, whose owner has just allowed the office's network alone.
async fn fenced() -> World {
    let world = World::new().await;
    let _ = allow(&at(world.owner(), OFFICE), json!(["203.0.113.8/28", "2001:db8::/32"])).await.expect(200);
    world
}

async fn allow(client: &Client, entries: Value) -> Answer {
    client.patch("/api/v1/settings", &json!({ "addresses_allowed": entries })).await
}

async fn sign_in(client: &Client, login: &str, password: &str) -> Answer {
    let body = json!({ "organization": "north", "login": login, "password": password });
    client.post("/api/v1/sessions", &body).await
}

#[tokio::test]
async fn voximplant_13_from_an_address_that_is_not_listed_nobody_signs_in_or_asks_anything() {
    let world = fenced().await;
    let made =
        at(world.owner(), OFFICE).post("/api/v1/api-tokens", &json!({ "name": "T" })).await.expect(201);
    let token = world.anonymous().bearer(made.json()["token"].as_str().unwrap());
    for inside in [OFFICE, "203.0.113.1", "2001:db8:1::7", "::ffff:203.0.113.9"] {
        for client in [world.owner(), world.api_key(), token.clone()] {
            let _ = at(client, inside).get("/api/v1/me").await.expect(200);
        }
    }
    let _ = sign_in(&at(world.anonymous(), OFFICE), "ann", PASSWORD).await.expect(201);
    for outside in [ELSEWHERE, "203.0.113.16", "2001:db9::1"] {
        for client in [world.owner(), world.api_key(), token.clone()] {
            let client = at(client, outside);
            let _ = client.get("/api/v1/me").await.refused(403, "address_not_allowed");
            let _ = client.delete("/api/v1/sessions/current").await.refused(403, "address_not_allowed");
            let retried = client.with("idempotency-key", "k").act("/api/v1/users/ann/block").await;
            let _ = retried.refused(403, "address_not_allowed");
        }
        let _ = sign_in(&at(world.anonymous(), outside), "ann", PASSWORD)
            .await
            .refused(403, "address_not_allowed");
    }
    // The machine itself is in no list either unless it is listed.
    let _ = world.owner().get("/api/v1/me").await.refused(403, "address_not_allowed");
    // Whoever is not let in at all learns nothing of addresses.
    let _ = at(world.anonymous(), ELSEWHERE).get("/api/v1/me").await.refused(401, "unauthenticated");
    // Another organization has a list of its own.
    let _ = at(world.foreigner(), ELSEWHERE).get("/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn from_an_address_that_is_not_listed_no_password_is_tried_and_nobody_locked_out() {
    let world = fenced().await;
    let elsewhere = at(world.anonymous(), ELSEWHERE);
    for nth in 0..12 {
        let login = ["ann", "nobody"][nth % 2];
        let _ = sign_in(&elsewhere, login, "wrong").await.refused(403, "address_not_allowed");
    }
    let _ = sign_in(&at(world.anonymous(), OFFICE), "ann", PASSWORD).await.expect(201);
}

#[tokio::test]
async fn who_came_from_an_address_that_is_not_listed_is_on_record() {
    let world = fenced().await;
    let before = world.activity().await;
    let _ = at(world.user("ann"), ELSEWHERE).get("/api/v1/users").await.refused(403, "address_not_allowed");
    let _ = sign_in(&at(world.anonymous(), ELSEWHERE), "agent", PASSWORD)
        .await
        .refused(403, "address_not_allowed");
    let acts = world.activity_after(before).await;
    let told =
        |name: &str| acts.iter().find(|act| act.event_type == name).unwrap_or_else(|| panic!("{acts:?}"));
    let denied = told("request.denied");
    assert_eq!(denied.payload["detail"]["code"], "address_not_allowed");
    assert_eq!(denied.metadata["user"], world.north.id(Kind::User, "ann").to_string());
    assert_eq!(denied.metadata["ip"], ELSEWHERE);
    let failed = told("session.failed");
    assert_eq!(failed.payload["detail"]["why"], "address not allowed");
    assert_eq!(failed.metadata["user"], world.north.id(Kind::User, "agent").to_string());
}

#[tokio::test]
async fn a_list_that_would_shut_out_who_sets_it_is_refused_unless_they_mean_it() {
    let world = World::new().await;
    let owner = at(world.owner(), ELSEWHERE);
    let refused = allow(&owner, json!(["203.0.113.0/24"])).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/addresses_allowed"]);
    assert_eq!(refused.json()["errors"][0]["code"], "locks_oneself_out");
    let dry = allow(&owner.clone().with("rollbook-dry-run", "true"), json!(["203.0.113.0/24"])).await;
    let _ = dry.refused(422, "invalid");
    let _ = allow(&owner, json!(["203.0.113.0/24", ELSEWHERE])).await.expect(200);
    let body = json!({ "addresses_allowed": ["203.0.113.0/24"] });
    let wrong = owner.patch("/api/v1/settings?force=yes", &body).await.refused(422, "invalid");
    assert_eq!(wrong.pointers(), ["force"]);
    let forced = owner.patch("/api/v1/settings?force=true", &body).await.expect(200).json();
    assert_eq!(forced["addresses_allowed"], json!(["203.0.113.0/24"]));
    let _ = owner.get("/api/v1/me").await.refused(403, "address_not_allowed");
    let _ = allow(&at(world.owner(), OFFICE), json!([])).await.expect(200);
    let _ = owner.get("/api/v1/me").await.expect(200);
    let _ = allow(&owner, json!(["office"])).await.refused(422, "invalid");
}

/// Behind a proxy it is the address that the proxy saw; what a client says of itself counts for nothing.
#[tokio::test]
async fn the_address_is_the_proxys_word_only_behind_one() {
    let behind = World::with(ServeOptions { behind_proxy: true, ..ServeOptions::default() }).await;
    let owner = |said: &str| at(behind.owner(), "127.0.0.1").with("x-forwarded-for", said);
    let _ = allow(&owner(OFFICE), json!(["203.0.113.0/24"])).await.expect(200);
    let _ = owner(&format!("{ELSEWHERE}, {OFFICE}")).get("/api/v1/me").await.expect(200);
    let forged = owner(&format!("{OFFICE}, {ELSEWHERE}")).get("/api/v1/me").await;
    let _ = forged.refused(403, "address_not_allowed");
    let world = fenced().await;
    let lies = at(world.owner(), ELSEWHERE).with("x-forwarded-for", OFFICE).get("/api/v1/me").await;
    let _ = lies.refused(403, "address_not_allowed");
}

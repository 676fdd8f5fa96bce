//! Temporary users and login hours (uContact): who may sign in and act only then, and what is said about it.

use rollbook_tests::app::{PASSWORD, World};
use rollbook_tests::client::Answer;
use serde_json::{Value, json};

async fn sign_in(world: &World, login: &str) -> Answer {
    let body = json!({ "organization": "north", "login": login, "password": PASSWORD });
    world.anonymous().post("/api/v1/sessions", &body).await
}

async fn set(world: &World, login: &str, window: Value) -> Answer {
    let body = json!({ "login_window": window });
    world.owner().put(&format!("/api/v1/users/{login}/login-window"), &body).await
}

#[tokio::test]
async fn ucontact_8_a_temporary_user_is_out_when_the_time_is_over_and_in_again_when_it_is_longer() {
    let world = World::new().await;
    let _ = world.user("agent").get("/api/v1/me").await.expect(200);
    let over = json!({ "until": "2026-01-01T00:00:00Z" });
    let shown = set(&world, "agent", over).await.expect(200).json();
    assert_eq!(shown["login_window"], json!({ "until": "2026-01-01T00:00:00.000000Z" }));
    assert_eq!(shown["status"], "active");
    // At once, also for who is signed in.
    let _ = world.user("agent").get("/api/v1/me").await.refused(401, "unauthenticated");
    let _ = sign_in(&world, "agent").await.refused(401, "sign_in_failed");
    let _ = set(&world, "agent", json!({ "until": "2126-01-01T00:00:00Z" })).await.expect(200);
    let _ = world.user("agent").get("/api/v1/me").await.expect(200);
    let _ = set(&world, "agent", json!({ "from": "2126-01-01T00:00:00Z" })).await.expect(200);
    let _ = sign_in(&world, "agent").await.refused(401, "sign_in_failed");
    let open = set(&world, "agent", Value::Null).await.expect(200).json();
    assert_eq!(open["login_window"], Value::Null);
    let _ = sign_in(&world, "agent").await.expect(201);
}

#[tokio::test]
async fn ucontact_9_an_administrator_sees_why_somebody_is_out_now_and_then() {
    let world = World::new().await;
    let set_at = set(&world, "manager", json!({ "until": "2126-01-01T00:00:00Z" })).await.expect(200);
    let at = set_at.header("rollbook-position").unwrap().to_owned();
    let expired = set(&world, "manager", json!({ "until": "2026-01-01T00:00:00Z" })).await.expect(200);
    let position: u64 = expired.header("rollbook-position").unwrap().parse().unwrap();
    let why = json!({
        "effect": "deny", "source": "login_window", "name": "expired", "position": position, "code": "not_now",
    });
    let permissions = world.owner().get("/api/v1/users/manager/permissions").await.expect(200).json();
    let restrictions = permissions["restrictions"].as_array().unwrap();
    assert_eq!(restrictions.len(), 1, "{restrictions:#?}");
    for (member, value) in why.as_object().unwrap() {
        assert_eq!(&restrictions[0][member], value, "{member}");
    }
    assert!(!permissions["items"].as_array().unwrap().is_empty(), "what they would hold is shown too");
    let ask = |at: Value| json!({ "user": "manager", "permission": "users.view", "at": at });
    let now = world.owner().post("/api/v1/check", &ask(Value::Null)).await.expect(200).json();
    assert_eq!(now["allowed"], false);
    assert!(now["reasons"].as_array().unwrap().contains(&why), "{now:#}");
    let then = world.owner().post("/api/v1/check", &ask(at.parse::<u64>().unwrap().into())).await.expect(200);
    assert_eq!(then.json()["allowed"], true);
    let who = world.owner().get("/api/v1/access?permission=users.view").await.expect(200).json();
    let manager = world.owner().get("/api/v1/users/manager").await.expect(200).json()["id"].clone();
    let may: Vec<_> = who["items"].as_array().unwrap().iter().map(|item| &item["user"]["id"]).collect();
    assert!(!may.contains(&&manager), "{who:#}");
}

#[tokio::test]
async fn a_window_is_judged_by_the_clock_and_not_by_the_last_change() {
    let world = World::new().await;
    // From after the last change until now: the change is older than the window.
    let soon = world.app.deployment().clock().now().plus_micros(300_000);
    let _ = set(&world, "manager", json!({ "from": soon.to_string() })).await.expect(200);
    let _ = world.user("manager").get("/api/v1/users").await.refused(401, "unauthenticated");
    tokio::time::sleep(std::time::Duration::from_millis(320)).await;
    let seen = world.user("manager").get("/api/v1/users").await.expect(200).json();
    assert!(seen["items"].as_array().unwrap().len() > 1, "{seen:#}");
    let _ = world.user("manager").act("/api/v1/users/ann/block").await.expect(200);
}

#[tokio::test]
async fn what_is_no_window_is_refused_at_its_place_and_a_rollback_brings_the_one_before_back() {
    let world = World::new().await;
    let before = world.head().await;
    let week = |day: &str, from: &str, until: &str, zone: &str| json!({ "hours": { "time_zone": zone, "week": [{ "day": day, "from": from, "until": until }] } });
    for (window, pointer) in [
        (json!({}), "/login_window"),
        (json!({ "until": "tomorrow" }), "/login_window/until"),
        (json!({ "from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z" }), "/login_window/until"),
        (week("monday", "08:00", "25:00", "UTC"), "/login_window/hours/week/0/until"),
        (week("monday", "08:00", "08:00", "UTC"), "/login_window/hours/week/0/until"),
        (week("someday", "08:00", "18:00", "UTC"), "/login_window/hours/week/0/day"),
        (week("monday", "08:00", "18:00", "Mars/Olympus"), "/login_window/hours/time_zone"),
    ] {
        let refused = set(&world, "ann", window.clone()).await.refused(422, "invalid");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{window}");
    }
    assert_eq!(world.head().await, before);
    let first =
        set(&world, "ann", week("monday", "08:00", "18:00", "Europe/Madrid")).await.expect(200).json();
    let position = first["position"].as_u64().unwrap();
    let _ = set(&world, "ann", Value::Null).await.expect(200);
    let select = json!({ "subject": { "kind": "user", "id": "ann" }, "to": { "position": position } });
    let plan =
        world.owner().post("/api/v1/rollbacks/plan", &json!({ "select": select })).await.expect(200).json();
    let body = json!({ "plan": plan["id"], "select": select });
    let _ = world.owner().post("/api/v1/rollbacks", &body).await.expect(201);
    let ann = world.owner().get("/api/v1/users/ann").await.expect(200).json();
    assert_eq!(ann["login_window"], first["login_window"]);
    assert_eq!(ann["login_window"]["hours"]["time_zone"], "Europe/Madrid");
}

//! Concurrent licences (uContact): as many people are signed in as there are licences, whoever they are.

use rollbook_tests::app::{PASSWORD, World};
use rollbook_tests::client::Answer;
use serde_json::{Value, json};

async fn sign_in(world: &World, login: &str) -> Answer {
    let body = json!({ "organization": "north", "login": login, "password": PASSWORD });
    world.anonymous().post("/api/v1/sessions", &body).await
}

async fn seats(world: &World) -> Value {
    world.owner().get("/api/v1/seats").await.expect(200).json()
}

async fn set(world: &World, licences: u64) {
    let _ = world.owner().patch("/api/v1/settings", &json!({ "licences": licences })).await.expect(200);
}

/// Everybody in the world has a session; whoever is made here has none yet.
async fn without_a_seat(world: &World, login: &str) {
    let body = json!({
        "login": login, "name": "A Person", "email": format!("{login}@north.example"), "role": "agent",
        "password": PASSWORD,
    });
    let _ = world.owner().post("/api/v1/users", &body).await.expect(201);
}

#[tokio::test]
async fn ucontact_1_when_all_licences_are_in_use_the_next_sign_in_is_told_so() {
    let world = World::new().await;
    without_a_seat(&world, "late").await;
    let taken = seats(&world).await["taken"].as_u64().unwrap();
    assert_eq!(seats(&world).await, json!({ "licences": null, "taken": taken }));
    set(&world, taken).await;
    let full = sign_in(&world, "late").await.refused(409, "no_free_seat");
    let detail = full.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with(&format!("every licence is in use ({taken})")), "{detail}");
    assert_eq!(full.header("set-cookie"), None);
    assert_eq!(seats(&world).await, json!({ "licences": taken, "taken": taken }));
    // Whoever has a seat signs in on a second device.
    let second = sign_in(&world, "agent").await.expect(201);
    let second = world.anonymous().bearer(second.json()["token"].as_str().unwrap());
    assert_eq!(seats(&world).await["taken"], taken);
    // Signing out on one of two devices frees nothing, on both it does.
    let _ = second.delete("/api/v1/sessions/current").await.expect(200);
    let _ = sign_in(&world, "late").await.refused(409, "no_free_seat");
    let _ = world.user("agent").delete("/api/v1/sessions/current").await.expect(200);
    let _ = sign_in(&world, "late").await.expect(201);
    assert_eq!(seats(&world).await["taken"], taken);
}

#[tokio::test]
async fn ucontact_1_a_block_and_another_licence_make_room() {
    let world = World::new().await;
    without_a_seat(&world, "late").await;
    without_a_seat(&world, "later").await;
    let taken = seats(&world).await["taken"].as_u64().unwrap();
    set(&world, taken).await;
    let _ = world.owner().act("/api/v1/users/ann/block").await.expect(200);
    let _ = sign_in(&world, "late").await.expect(201);
    let _ = sign_in(&world, "later").await.refused(409, "no_free_seat");
    set(&world, taken + 1).await;
    let _ = sign_in(&world, "later").await.expect(201);
    // Fewer licences than people put nobody out.
    set(&world, 1).await;
    let _ = world.user("manager").get("/api/v1/me").await.expect(200);
    let _ = sign_in(&world, "manager").await.refused(409, "no_free_seat");
    set(&world, 0).await;
    let _ = sign_in(&world, "manager").await.expect(201);
}

#[tokio::test]
async fn a_full_house_is_in_the_activity_log_and_counts_as_no_failed_attempt() {
    let world = World::new().await;
    without_a_seat(&world, "late").await;
    set(&world, 1).await;
    let before = world.activity().await;
    let settings = world.owner().get("/api/v1/settings").await.expect(200).json();
    let attempts = 1 + settings["sign_in_attempts_max"].as_u64().unwrap();
    for _ in 0..attempts {
        let _ = sign_in(&world, "late").await.refused(409, "no_free_seat");
    }
    // The wrong password tells nothing of the seats.
    let body = json!({ "organization": "north", "login": "late", "password": "wrong password" });
    let _ = world.anonymous().post("/api/v1/sessions", &body).await.refused(401, "sign_in_failed");
    set(&world, 0).await;
    let _ = sign_in(&world, "late").await.expect(201);
    let entries = world.activity_after(before).await;
    let told = entries.iter().any(|entry| {
        entry.event_type == "session.failed" && entry.payload["detail"]["why"] == "no free seat"
    });
    assert!(told, "{entries:#?}");
}

//! Links that somebody makes: forced resets and invitations, in the words of each product.

use super::mail_forgotten::mailing;
use super::products_world::{PASSWORD, World};
use rollbook_api::app::ServeOptions;
use rollbook_tests::client::{Answer, Client};
use rollbook_tests::smtp::{Manner, Received, Sink};
use serde_json::{Value, json};

const NEW: &str = "Entirely new 1!";

async fn link_of(client: &Client, login: &str, body: Value) -> Answer {
    client.post(&format!("/api/v1/users/{login}/password-link"), &body).await
}

async fn use_link(client: &Client, link: &str, password: &str) -> Answer {
    let (_, secret) = link.split_once("/reset#").unwrap();
    client.post("/api/v1/password-links/use", &json!({ "secret": secret, "password": password })).await
}

async fn sign_in(world: &World, login: &str, password: &str) -> Answer {
    let body = json!({ "organization": "acme", "login": login, "password": password });
    world.anonymous.post("/api/v1/sessions", &body).await
}

async fn sent(sink: &Sink, count: usize) -> Received {
    let sink = sink.clone();
    tokio::task::spawn_blocking(move || sink.wait_for(count).pop().unwrap()).await.unwrap()
}

fn link_in(mail: &Received) -> String {
    mail.text.split_whitespace().find(|word| word.contains("/reset#")).unwrap().to_owned()
}

#[tokio::test]
async fn queuemetrics_17_an_administrator_makes_a_link_and_until_it_is_used_once_nobody_signs_in() {
    let world = World::founded("queuemetrics").await;
    let bo = world.add("bo", "User", None).await;
    let made = link_of(&world.ada, "bo", json!({})).await.expect(201).json();
    let link = made["link"].as_str().unwrap();
    assert!(link.starts_with("/reset#rbl_"), "{made}");
    assert_eq!(made["user"]["login"], "bo");
    let _ = sign_in(&world, "bo", PASSWORD).await.refused(401, "sign_in_failed");
    let _ = bo.get("/api/v1/me").await.refused(401, "unauthenticated");
    let _ = use_link(&world.anonymous, link, "short").await.refused(422, "invalid");
    let _ = use_link(&world.anonymous, link, NEW).await.expect(200);
    let _ = use_link(&world.anonymous, link, NEW).await.refused(409, "link_invalid");
    let _ = sign_in(&world, "bo", NEW).await.expect(201);
    let history = world.ada.get("/api/v1/users/bo/history?limit=2").await.expect(200).json();
    let told =
        |n: usize| (history["items"][n]["action"].clone(), history["items"][n]["actor"]["label"].clone());
    assert_eq!(told(0), (json!("user.password_set"), json!("bo")));
    assert_eq!(told(1), (json!("user.password_link_made"), json!("ada")));
    assert!(!history.to_string().contains("rbl_"), "no secret in the ledger");
}

#[tokio::test]
async fn queuemetrics_17_a_link_is_made_by_usradmin_alone_and_for_nobody_higher_nor_oneself() {
    let world = World::founded("queuemetrics").await;
    let bo = world.add("bo", "User", None).await;
    let _ = world.add("cy", "User", None).await;
    let _ = link_of(&bo, "cy", json!({})).await.refused(404, "not_found");
    let _ = link_of(&world.ada, "ada", json!({})).await.refused(403, "own_access");
    let _ = link_of(&bo, "bo", json!({})).await.expect(403);
    let _ = link_of(&world.anonymous, "cy", json!({})).await.refused(401, "unauthenticated");
    let dry = world.ada.clone().with("rollbook-dry-run", "true");
    let dry = link_of(&dry, "cy", json!({})).await.expect(200).json();
    assert_eq!(dry["events"][0]["type"], "user.password_link_made");
    let _ = sign_in(&world, "cy", PASSWORD).await.expect(201);
    let again = world.ada.clone().with("idempotency-key", "k1");
    let first = link_of(&again, "cy", json!({})).await.expect(201).json();
    let second = link_of(&again, "cy", json!({})).await.expect(201);
    assert_eq!(second.header("rollbook-replayed"), Some("true"));
    assert_eq!((&second.json()["link"], &second.json()["expires_at"]), (&Value::Null, &first["expires_at"]));
    let newer = link_of(&world.ada, "cy", json!({})).await.expect(201).json();
    let _ =
        use_link(&world.anonymous, first["link"].as_str().unwrap(), NEW).await.refused(409, "link_invalid");
    let _ = world.ada.act("/api/v1/users/cy/block").await.expect(200);
    let _ = link_of(&world.ada, "cy", json!({})).await.refused(409, "status_forbids");
    let _ = world.ada.act("/api/v1/users/cy/unblock").await.expect(200);
    let _ =
        use_link(&world.anonymous, newer["link"].as_str().unwrap(), NEW).await.refused(409, "link_invalid");
}

#[tokio::test]
async fn queuemetrics_17_a_link_is_mailed_where_it_can_be_and_then_not_shown() {
    let sink = Sink::start(Manner::Takes);
    let world = World::with("queuemetrics", mailing(&sink)).await;
    let _ = world.add("bo", "User", None).await;
    let no_address = link_of(&world.ada, "bo", json!({})).await.expect(201).json();
    assert!(no_address["link"].as_str().unwrap().starts_with("https://roll.example.com/reset#rbl_"));
    let _ = world.ada.patch("/api/v1/users/bo", &json!({ "email": "bo@acme.example" })).await.expect(200);
    let mailed = link_of(&world.ada, "bo", json!({})).await.expect(201).json();
    assert_eq!(mailed["link"], Value::Null);
    let mail = sent(&sink, 1).await;
    assert_eq!(mail.to, ["bo@acme.example"]);
    assert!(mail.text.contains("an administrator of acme asks you to set a new password."), "{}", mail.text);
    let _ = use_link(&world.anonymous, &link_in(&mail), NEW).await.expect(200);
    let by_hand = link_of(&world.ada, "bo", json!({ "mail": false })).await.expect(201).json();
    assert!(by_hand["link"].is_string());
    assert_eq!(sink.mails().len(), 1);
}

/// Whoever asks for a link that an administrator made already does not end it, and gets none.
#[tokio::test]
async fn a_stranger_does_not_end_the_link_that_an_administrator_made() {
    let world = World::founded("xcally").await;
    let body = json!({ "login": "bo", "name": "Bo", "role": "Admin", "email": "bo@acme.example", "password": PASSWORD });
    let _ = world.post("/users", body).await.expect(201);
    let made = link_of(&world.ada, "bo", json!({})).await.expect(201).json();
    let ask = json!({ "organization": "acme", "login": "bo" });
    let _ = world.anonymous.post("/api/v1/password-links", &ask).await.expect(202);
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    let _ = use_link(&world.anonymous, made["link"].as_str().unwrap(), NEW).await.expect(200);
}

async fn invited(catalog: &str, user: Value) -> (World, Sink, Received) {
    let sink = Sink::start(Manner::Takes);
    let world = World::with(catalog, mailing(&sink)).await;
    let _ = world.post("/users", user).await.expect(201);
    let mail = sent(&sink, 1).await;
    assert!(mail.text.contains("Subject: Set your password\n"), "{}", mail.text);
    assert!(mail.text.contains("an account was made for you at acme."), "{}", mail.text);
    (world, sink, mail)
}

#[tokio::test]
async fn ucontact_8_a_user_without_a_password_is_mailed_a_link_to_set_one() {
    let user = json!({ "login": "bo", "name": "Bo", "role": "Agent", "email": "bo@acme.example" });
    let (world, _, mail) = invited("ucontact", user).await;
    let _ = use_link(&world.anonymous, &link_in(&mail), NEW).await.expect(200);
    let _ = sign_in(&world, "bo", NEW).await.expect(201);
}

#[tokio::test]
async fn voximplant_4_an_invited_user_is_mailed_a_link_and_becomes_active_by_it() {
    let user = json!({ "login": "bo", "name": "Bo", "role": "Agent", "email": "bo@acme.example", "status": "invited" });
    let (world, _, mail) = invited("voximplant", user).await;
    assert_eq!(world.ada.get("/api/v1/users/bo").await.expect(200).json()["status"], "invited");
    let _ = use_link(&world.anonymous, &link_in(&mail), NEW).await.expect(200);
    assert_eq!(world.ada.get("/api/v1/users/bo").await.expect(200).json()["status"], "active");
    let _ = sign_in(&world, "bo", NEW).await.expect(201);
}

#[tokio::test]
async fn xcally_16_an_invitation_is_a_mail_or_a_link_to_hand_over() {
    let user = json!({ "login": "bo", "name": "Bo", "role": "Admin", "email": "bo@acme.example", "status": "invited" });
    let (world, sink, mail) = invited("xcally", user).await;
    let by_hand = link_of(&world.ada, "bo", json!({ "mail": false })).await.expect(201).json();
    let _ = use_link(&world.anonymous, &link_in(&mail), NEW).await.refused(409, "link_invalid");
    let _ = use_link(&world.anonymous, by_hand["link"].as_str().unwrap(), NEW).await.expect(200);
    let _ = sign_in(&world, "bo", NEW).await.expect(201);
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn without_a_mail_server_a_user_is_added_as_before_and_no_mail_waits() {
    let world = World::with("ucontact", ServeOptions::default()).await;
    let user = json!({ "login": "bo", "name": "Bo", "role": "Agent", "email": "bo@acme.example" });
    let _ = world.post("/users", user).await.expect(201);
    let history = world.ada.get("/api/v1/users/bo/history").await.expect(200).json();
    assert_eq!(history["items"].as_array().unwrap().len(), 1, "{history}");
}

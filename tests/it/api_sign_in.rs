//! Signing in and staying signed in: one answer for every failure, sessions that end, cookies, other sites.

use rollbook_api::app::ServeOptions;
use rollbook_api::auth::password::Passwords;
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{CredentialId, Kind, UserId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::UserCommand;
use rollbook_domain::user::password::NewPassword;
use rollbook_ledger::store::{Credential, CredentialChange};
use rollbook_tests::app::{PASSWORD, World};
use rollbook_tests::client::{Answer, Client};
use serde_json::{Value, json};
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

async fn sign_in(client: &Client, organization: &str, login: &str, password: &str) -> Answer {
    let body = json!({ "organization": organization, "login": login, "password": password });
    client.post("/api/v1/sessions", &body).await
}

#[tokio::test]
async fn whatever_is_wrong_with_a_sign_in_the_answer_is_the_same() {
    let world = World::new().await;
    let cases = [
        ("nowhere", "agent", PASSWORD),
        ("north", "nobody", PASSWORD),
        ("north", "agent", "wrong password"),
        ("north", "blocked", PASSWORD),
        ("north", "invited", PASSWORD),
        ("north", "archived", PASSWORD),
    ];
    let mut bodies: Vec<Value> = Vec::new();
    for (organization, login, password) in cases {
        let answer =
            sign_in(&world.anonymous(), organization, login, password).await.refused(401, "sign_in_failed");
        assert_eq!(answer.header("set-cookie"), None);
        bodies.push(answer.json());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
}

#[tokio::test]
async fn a_cookie_is_for_this_site_and_no_script() {
    for secure_cookies in [false, true] {
        let world = World::with(ServeOptions { secure_cookies, ..ServeOptions::default() }).await;
        let answer = sign_in(&world.anonymous(), "north", "agent@north.example", PASSWORD).await.expect(201);
        let cookie = answer.header("set-cookie").unwrap().to_owned();
        let attributes: Vec<_> = cookie.split("; ").skip(1).collect();
        assert!(attributes.contains(&"HttpOnly") && attributes.contains(&"SameSite=Lax"), "{cookie}");
        assert!(attributes.contains(&"Path=/"), "{cookie}");
        assert_eq!(attributes.contains(&"Secure"), secure_cookies, "{cookie}");
        let pair = cookie.split(';').next().unwrap();
        assert_eq!(pair.starts_with("__Host-"), secure_cookies, "{cookie}");
        if secure_cookies {
            // What another host of the same domain may set counts for nothing.
            let tossed = world.anonymous().with("cookie", pair.trim_start_matches("__Host-"));
            assert_eq!(tossed.get("/api/v1/me").await.status, 401);
        }
        let browser = world.anonymous().with("cookie", pair);
        assert_eq!(browser.get("/api/v1/me").await.expect(200).json()["user"]["login"], "agent");
        let elsewhere = browser.clone().with("sec-fetch-site", "cross-site");
        let _ = elsewhere.delete("/api/v1/sessions/current").await.refused(403, "cross_site");
        let out = browser.with("sec-fetch-site", "same-origin").delete("/api/v1/sessions/current").await;
        let removal = out.expect(200).header("set-cookie").unwrap().to_owned();
        assert!(removal.contains("Max-Age=0") && removal.contains("Path=/"), "{removal}");
        assert_eq!(removal.contains("Secure"), secure_cookies, "{removal}");
        assert_eq!(world.anonymous().with("cookie", pair).get("/api/v1/me").await.status, 401);
    }
}

#[tokio::test]
async fn a_session_ends_for_good_with_its_users_access() {
    let world = World::new().await;
    for (login, end, again) in [("ann", "block", "unblock"), ("agent", "archive", "restore")] {
        let _ = world.user(login).get("/api/v1/me").await.expect(200);
        let _ = world.owner().act(&format!("/api/v1/users/{login}/{end}")).await.expect(200);
        assert_eq!(world.user(login).get("/api/v1/me").await.status, 401, "{end}");
        let _ = world.owner().act(&format!("/api/v1/users/{login}/{again}")).await.expect(200);
        assert_eq!(world.user(login).get("/api/v1/me").await.status, 401, "{again} revived a session");
    }
    let bulk = json!({ "ids": ["supervisor"], "set": { "status": "blocked" } });
    let _ = world.owner().post("/api/v1/users/bulk", &bulk).await.expect(200);
    let bulk = json!({ "ids": ["supervisor"], "set": { "status": "active" } });
    let _ = world.owner().post("/api/v1/users/bulk", &bulk).await.expect(200);
    assert_eq!(world.user("supervisor").get("/api/v1/me").await.status, 401);
}

#[tokio::test]
async fn a_new_password_ends_every_other_session_and_the_old_password() {
    let world = World::new().await;
    let other = sign_in(&world.anonymous(), "north", "agent", PASSWORD).await.expect(201);
    let other = world.anonymous().bearer(other.json()["token"].as_str().unwrap());
    let wrong = json!({ "old": "wrong password", "new": "another password" });
    let answer =
        world.user("agent").put("/api/v1/users/agent/password", &wrong).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/old"]);
    let right = json!({ "old": PASSWORD, "new": "another password" });
    let _ = world.user("agent").put("/api/v1/users/agent/password", &right).await.expect(200);
    let _ = world.user("agent").get("/api/v1/me").await.expect(200);
    assert_eq!(other.get("/api/v1/me").await.status, 401);
    let _ = sign_in(&world.anonymous(), "north", "agent", PASSWORD).await.refused(401, "sign_in_failed");
    let _ = sign_in(&world.anonymous(), "north", "agent", "another password").await.expect(201);
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_protect_browsers() {
    let world = World::new().await;
    let answers = [
        world.anonymous().get("/api/v1/me").await.expect(401),
        world.owner().get("/api/v1/me").await.expect(200),
        world.anonymous().get("/api/v1/nowhere").await.refused(404, "no_such_path"),
        world.owner().put("/api/v1/me", &json!({})).await.refused(405, "method_not_allowed"),
        world.anonymous().get("/healthz").await.expect(200),
        world.anonymous().get("/api/docs/").await.expect(200),
        world
            .anonymous()
            .with("sec-fetch-site", "cross-site")
            .post("/api/v1/sessions", &json!({}))
            .await
            .expect(403),
    ];
    for answer in answers {
        for name in ["content-security-policy", "referrer-policy", "cache-control"] {
            assert!(answer.header(name).is_some(), "{} lacks {name}", answer.asked);
        }
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{}", answer.asked);
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{}", answer.asked);
        assert_eq!(answer.header("server"), None, "{}", answer.asked);
    }
}

/// RFC 9110, section 11.1.
#[tokio::test]
async fn the_scheme_of_a_token_may_be_written_in_any_case() {
    let world = World::new().await;
    let token = &world.north.tokens["agent"];
    for scheme in ["bearer", "BEARER", "Bearer "] {
        let client = world.anonymous().with("authorization", format!("{scheme} {token}"));
        let _ = client.get("/api/v1/me").await.expect(200);
    }
}

/// Where a password was right when it was checked, and is another by the time the session begins.
#[tokio::test]
async fn no_sign_in_with_an_old_password_outlives_its_change_however_they_meet() {
    let options = ServeOptions { hashes_at_once: 1, ..ServeOptions::default() };
    let world = World::with(options).await;
    let (deployment, user) = (world.app.deployment(), UserId(world.north.id(Kind::User, "agent")));
    let old = world.north.open.writer.published().organization.user(user).unwrap().password.unwrap();
    let new = CredentialId(uuid::Uuid::from_u128(77));
    let put = CredentialChange::Put(Credential {
        id: new.to_string(),
        user_id: user.to_string(),
        kind: "password".to_owned(),
        secret_hash: Passwords::new(1).hash("another password".to_owned()).await.unwrap(),
        created_at_us: 0,
        expires_at_us: None,
        meta: "{}".to_owned(),
    });
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let client = world.anonymous();
            tokio::spawn(async move { sign_in(&client, "north", "agent", PASSWORD).await })
        })
        .collect();
    // By now some have read what they check against.
    tokio::time::sleep(Duration::from_millis(15)).await;
    let (command, delete) = (
        UserCommand::SetPassword(user, NewPassword::unknown(new)),
        CredentialChange::Delete(old.credential.to_string()),
    );
    world.north.submit(deployment, Actor::Operator, Command::User(command), vec![delete, put]).await;
    let (organization, person) = (world.north.id.to_string(), user.to_string());
    deployment.store().delete_sessions_of(&organization, &person).await.unwrap();
    for task in tasks {
        let answer = task.await.unwrap();
        assert!([201, 401].contains(&answer.status), "{}", answer.text());
    }
    assert_eq!(deployment.store().sessions_of(&organization, &person).await.unwrap(), []);
}

/// Sends a change, and hangs up once it is in the ledger and before it is answered.
async fn hang_up(world: &World, asked: impl Future<Output = Answer>) {
    let (mut asked, before) = (Box::pin(asked), world.head().await);
    while world.head().await == before {
        let step = poll_fn(|context| Poll::Ready(asked.as_mut().poll(context))).await;
        assert!(step.is_pending(), "it was answered before its caller hung up");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..100 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} never came");
}

#[tokio::test]
async fn what_must_follow_a_change_does_even_if_its_caller_hangs_up() {
    let world = World::new().await;
    let (owner, new) = (world.owner(), json!({ "new": "another password" }));
    hang_up(&world, owner.put("/api/v1/users/agent/password", &new)).await;
    let over = async || world.user("agent").get("/api/v1/me").await.status == 401;
    eventually("the end of a session from before the new password", over).await;
    let (before, all) = (world.head().await, json!({ "authored": true }));
    hang_up(&world, owner.post("/api/v1/users/archived/erase", &all)).await;
    let erased = async || {
        let entries = world.changes_after(before).await;
        entries.iter().any(|entry| entry.event_type == "user.erased")
    };
    eventually("the confirmation of an erasure", erased).await;
}

#[tokio::test]
async fn a_rollback_that_takes_access_away_ends_the_sessions_for_good() {
    let world = World::new().await;
    let undo = async |batch: &Value| {
        let select = json!({ "batch": batch });
        let plan =
            world.owner().post("/api/v1/rollbacks/plan", &json!({ "select": select })).await.expect(200);
        let apply = json!({ "plan": plan.json()["id"], "select": select });
        world.owner().post("/api/v1/rollbacks", &apply).await.expect(201).json()["id"].clone()
    };
    let _ = world.owner().act("/api/v1/users/ann/block").await.expect(200);
    let _ = world.owner().act("/api/v1/users/ann/unblock").await.expect(200);
    let unblocked = world.changes_after(world.head().await - 1).await.pop().unwrap();
    let ann = world.north.id(Kind::User, "ann");
    let session = world.north.session(world.app.deployment(), ann, 60_000_000).await;
    let session = world.anonymous().bearer(&session);
    let _ = session.get("/api/v1/me").await.expect(200);
    let blocked = undo(&json!(unblocked.metadata["command"])).await;
    assert_eq!(session.get("/api/v1/me").await.status, 401);
    let _ = undo(&blocked).await;
    assert_eq!(world.owner().get("/api/v1/users/ann").await.json()["status"], "active");
    assert_eq!(session.get("/api/v1/me").await.status, 401, "a rollback revived a session");
}

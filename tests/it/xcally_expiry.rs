//! XCALLY Motion's security suite: passwords that expire, what is left to whoever has one, and lock-outs with it.

use super::api_examples::{operations, send};
use rollbook_domain::kernel::id::Kind;
use rollbook_ledger::clock::Clock;
use rollbook_tests::app::{Entry, PASSWORD, World};
use rollbook_tests::client::{Answer, Client};
use serde_json::{Value, json};

const DAY_US: i64 = 86_400_000_000;

/// A world whose clock is told the time in days since its people's passwords were set.
struct Days {
    world: World,
    clock: Clock,
}

impl Days {
    async fn new() -> Self {
        let start = Clock::default().now();
        let clock = Clock::told(start);
        let world = World::at_time(clock.clone()).await;
        // The template may have been made in this very process, a moment later.
        clock.tell(Clock::default().now());
        Self { world, clock }
    }

    fn pass(&self, days: i64) {
        self.clock.tell(self.clock.now().plus_micros(days * DAY_US));
    }

    async fn set(&self, settings: Value) {
        let _ = self.world.api_key().patch("/api/v1/settings", &settings).await.expect(200);
    }

    async fn sign_in(&self, login: &str, password: &str) -> Answer {
        let body = json!({ "organization": "north", "login": login, "password": password });
        self.world.anonymous().post("/api/v1/sessions", &body).await
    }

    /// Somebody who signs in now with the password of everybody.
    async fn user(&self, login: &str) -> Client {
        let signed = self.sign_in(login, PASSWORD).await.expect(201).json();
        self.world.anonymous().bearer(signed["token"].as_str().unwrap())
    }
}

async fn denials(world: &World, heard: u64) -> Vec<Entry> {
    for _ in 0..200 {
        let acts = world.activity_after(heard).await;
        let denied: Vec<_> = acts.into_iter().filter(|act| act.event_type == "request.denied").collect();
        if !denied.is_empty() {
            return denied;
        }
    }
    Vec::new()
}

fn expiry(answer: &Value) -> [bool; 3] {
    ["password_change_advised", "password_expires_soon", "password_expired"]
        .map(|name| answer[name].as_bool().unwrap())
}

#[tokio::test]
async fn xcally_7_a_password_lasts_ninety_days_and_one_is_warned_from_fifteen_before() {
    let days = Days::new().await;
    let without = days.sign_in("ann", PASSWORD).await.expect(201).json();
    assert_eq!((expiry(&without), &without["password_expires_at"]), ([false; 3], &Value::Null));
    days.set(json!({ "security_suite": true })).await;
    let set_at =
        days.world.api_key().get("/api/v1/users/ann").await.expect(200).json()["password_set_at"].clone();
    let set_at: rollbook_domain::kernel::moment::Moment = set_at.as_str().unwrap().parse().unwrap();
    let expires_at = json!(set_at.plus_micros(90 * DAY_US).to_string());
    for (passed, expected) in [
        (74, [false, false, false]),
        (2, [true, true, false]),
        (13, [true, true, false]),
        (1, [true, true, true]),
    ] {
        days.pass(passed);
        let signed = days.sign_in("ann", PASSWORD).await.expect(201).json();
        assert_eq!(
            (expiry(&signed), &signed["password_expires_at"]),
            (expected, &expires_at),
            "{passed} more"
        );
        let ann = days.world.anonymous().bearer(signed["token"].as_str().unwrap());
        let me = ann.get("/api/v1/me").await.expect(200).json();
        assert_eq!((expiry(&me), &me["password_expires_at"]), (expected, &expires_at), "{passed} more");
    }
}

#[tokio::test]
async fn xcally_7_with_an_expired_password_one_may_set_a_new_one_and_nothing_else() {
    let days = Days::new().await;
    days.set(json!({ "security_suite": true })).await;
    days.pass(90);
    let owner = days.user("owner").await;
    let (before, heard) = (days.world.head().await, days.world.activity().await);
    let mut barred = 0;
    for operation in operations() {
        let open = ["GET /api/v1/me", "DELETE /api/v1/sessions/current"];
        if operation.permission != "none" && !open.contains(&operation.name.as_str()) {
            // The example sets another's password.
            let answer = send(&owner, &operation).await.refused(403, "password_expired");
            assert!(answer.json()["detail"].as_str().unwrap().contains("/password"));
            barred += 1;
        }
    }
    assert!(barred > 60, "{barred}");
    assert_eq!(days.world.head().await, before);
    let denied = denials(&days.world, heard).await;
    assert_eq!(denied[0].payload["detail"]["code"], "password_expired");
    assert_eq!(denied[0].metadata["user"], days.world.north.id(Kind::User, "owner").to_string());
    let own = json!({ "old": PASSWORD, "new": "Abcdef1!" });
    let by_id = format!("/api/v1/users/{}/password", days.world.north.id(Kind::User, "owner"));
    let wrong = json!({ "old": "wrong password", "new": "Abcdef1!" });
    let _ = owner.put(&by_id, &wrong).await.refused(422, "invalid");
    let _ = owner.put(&by_id, &own).await.expect(200);
    assert_eq!(expiry(&owner.get("/api/v1/me").await.expect(200).json()), [false; 3]);
    let _ = owner.get("/api/v1/users").await.expect(200);
    let _ = days.user("agent").await.delete("/api/v1/sessions/current").await.expect(200);
}

#[tokio::test]
async fn xcally_15_switching_the_suite_on_or_off_takes_effect_at_once_for_people_signed_in() {
    let days = Days::new().await;
    days.pass(100);
    let ann = days.user("ann").await;
    let _ = ann.get("/api/v1/users").await.expect(200);
    days.set(json!({ "security_suite": true })).await;
    let _ = ann.get("/api/v1/users").await.refused(403, "password_expired");
    assert_eq!(expiry(&ann.get("/api/v1/me").await.expect(200).json()), [true; 3]);
    days.set(json!({ "password_days": 101 })).await;
    let _ = ann.get("/api/v1/users").await.expect(200);
    assert_eq!(expiry(&ann.get("/api/v1/me").await.expect(200).json()), [true, true, false]);
    days.set(json!({ "password_days": 0 })).await;
    assert_eq!(expiry(&ann.get("/api/v1/me").await.expect(200).json()), [false; 3]);
    days.set(json!({ "password_days": 90 })).await;
    let _ = ann.get("/api/v1/users").await.refused(403, "password_expired");
    days.set(json!({ "security_suite": false })).await;
    let _ = ann.get("/api/v1/users").await.expect(200);
}

#[tokio::test]
async fn xcally_7_an_administrators_reset_and_an_api_key_let_in_whose_password_expired() {
    let days = Days::new().await;
    days.set(json!({ "security_suite": true })).await;
    days.pass(200);
    // The key is no password, and whoever holds one can reset the others.
    let key = days.world.api_key();
    let _ = key.get("/api/v1/users").await.expect(200);
    let _ = key.put("/api/v1/users/ann/password", &json!({ "new": "Abcdef1!" })).await.expect(200);
    let signed = days.sign_in("ann", "Abcdef1!").await.expect(201).json();
    // Advised, because somebody else knows it.
    assert_eq!(expiry(&signed), [true, false, false]);
    let ann = days.world.anonymous().bearer(signed["token"].as_str().unwrap());
    let _ = ann.get("/api/v1/users").await.expect(200);
    let _ = key
        .put("/api/v1/users/owner/password", &json!({ "old": PASSWORD, "new": "Abcdef1!" }))
        .await
        .refused(403, "api_key_cannot");
}

#[tokio::test]
async fn xcally_7_a_retry_is_answered_to_nobody_whose_password_expired_but_that_of_the_change_itself() {
    let days = Days::new().await;
    let owner = days.world.owner().with("idempotency-key", "k");
    let new = json!({ "login": "zoe", "name": "Zoe", "role": "agent" });
    let _ = owner.post("/api/v1/users", &new).await.expect(201);
    days.set(json!({ "security_suite": true })).await;
    days.pass(90);
    let owner = days.user("owner").await;
    let heard = days.world.activity().await;
    let _ = owner
        .clone()
        .with("idempotency-key", "k")
        .post("/api/v1/users", &new)
        .await
        .refused(403, "password_expired");
    let denied = denials(&days.world, heard).await;
    assert_eq!(denied.len(), 1);
    assert_ne!(denied[0].payload["detail"]["count"], 2, "one request is one denial");
    let own = json!({ "old": PASSWORD, "new": "Abcdef1!" });
    let ask = async || {
        owner
            .clone()
            .with("idempotency-key", "own")
            .put("/api/v1/users/owner/password", &own)
            .await
            .expect(200)
    };
    let (first, again) = (ask().await, ask().await);
    assert_eq!((again.header("rollbook-replayed"), again.json()), (Some("true"), first.json()));
    let again = owner.with("idempotency-key", "k").post("/api/v1/users", &new).await.expect(201);
    assert_eq!(again.header("rollbook-replayed"), Some("true"));
}

#[tokio::test]
async fn xcally_7_the_suites_settings_have_dry_run_history_undo_and_a_past() {
    let world = World::new().await;
    let owner = world.owner();
    let named = async |path: &str| {
        let settings = owner.get(path).await.expect(200).json();
        let names = ["security_suite", "password_days", "password_warning_days", "password_history"];
        json!(names.map(|name| settings[name].clone()))
    };
    let defaults = json!([false, 90, 15, 12]);
    assert_eq!(named("/api/v1/settings").await, defaults);
    let before = world.head().await;
    let on = json!({ "security_suite": true, "password_days": 30 });
    let preview = owner
        .clone()
        .with("rollbook-dry-run", "true")
        .patch("/api/v1/settings", &on)
        .await
        .expect(200)
        .json();
    assert_eq!(preview["events"].as_array().unwrap().len(), 2);
    assert_eq!(world.head().await, before);
    let _ = owner.patch("/api/v1/settings", &on).await.expect(200);
    let history = owner.get("/api/v1/settings/history?limit=2").await.expect(200).json();
    let sentences: Vec<_> =
        history["items"].as_array().unwrap().iter().map(|item| item["sentence"].as_str().unwrap()).collect();
    assert!(sentences.contains(&"set security_suite from off to on"), "{sentences:?}");
    assert_eq!(named("/api/v1/settings").await, json!([true, 30, 15, 12]));
    assert_eq!(named(&format!("/api/v1/settings?at={before}")).await, defaults);
    let select = json!({ "events": [before + 1, before + 2] });
    let plan = owner.post("/api/v1/rollbacks/plan", &json!({ "select": select })).await.expect(200).json();
    let _ =
        owner.post("/api/v1/rollbacks", &json!({ "plan": plan["id"], "select": select })).await.expect(201);
    assert_eq!(named("/api/v1/settings").await, defaults);
    for wrong in
        [json!({ "password_history": 13 }), json!({ "security_suite": 1 }), json!({ "password_days": -1 })]
    {
        let _ = owner.patch("/api/v1/settings", &wrong).await.refused(422, "invalid");
    }
    let _ = world.user("manager").patch("/api/v1/settings", &on).await.refused(403, "permission_missing");
}

#[tokio::test]
async fn xcally_7_attempts_lock_out_an_administrator_unlocks_and_zero_is_off() {
    let days = Days::new().await;
    let fail = async |times: usize| {
        for _ in 0..times {
            let _ = days.sign_in("ann", "wrong password").await.refused(401, "sign_in_failed");
        }
    };
    days.set(json!({ "security_suite": true, "sign_in_attempts_max": 3, "lock_out_minutes": 1_440 })).await;
    fail(3).await;
    let _ = days.sign_in("ann", PASSWORD).await.refused(429, "too_many_attempts");
    let administrator = days.user("administrator").await;
    let unlocked = administrator.act("/api/v1/users/ann/unblock").await.expect(200).json();
    assert_eq!(unlocked["locked_until"], Value::Null);
    let _ = days.sign_in("ann", PASSWORD).await.expect(201);
    fail(3).await;
    let _ = days.sign_in("ann", PASSWORD).await.refused(429, "too_many_attempts");
    days.pass(1);
    let _ = days.sign_in("ann", PASSWORD).await.expect(201);
    days.set(json!({ "sign_in_attempts_max": 0 })).await;
    fail(30).await;
    let _ = days.sign_in("ann", PASSWORD).await.expect(201);
}

#[tokio::test]
async fn xcally_7_wrong_old_passwords_are_attempts_too() {
    let days = Days::new().await;
    days.set(json!({ "security_suite": true, "sign_in_attempts_max": 3 })).await;
    let (ann, world) = (days.user("ann").await, &days.world);
    let own = async |old: &str, new: &str| {
        ann.put("/api/v1/users/ann/password", &json!({ "old": old, "new": new })).await
    };
    let _ = days.sign_in("ann", "wrong password").await.refused(401, "sign_in_failed");
    let heard = world.activity().await;
    let _ = own("wrong password", "Abcdef1!").await.refused(422, "invalid");
    // The right one counts anew.
    let _ = own(PASSWORD, "Abcdef1!").await.expect(200);
    for _ in 0..3 {
        let _ = own("wrong password", "Abcdef2!").await.refused(422, "invalid");
    }
    let locked = own("Abcdef1!", "Abcdef2!").await.refused(429, "too_many_attempts");
    assert!(locked.header("retry-after").is_some());
    let _ = days.sign_in("ann", "Abcdef1!").await.refused(429, "too_many_attempts");
    // What else a session may, goes on.
    let _ = ann.get("/api/v1/users").await.expect(200);
    let acts = world.activity_after(heard).await;
    let wrong = |act: &&Entry| {
        act.event_type == "session.failed" && act.payload["detail"]["why"] == "not the old password"
    };
    let wrong = acts.iter().find(wrong).expect("it is on record");
    assert_eq!(wrong.metadata["user"], world.north.id(Kind::User, "ann").to_string());
    assert!(wrong.metadata.contains_key("session"), "in which session it was");
    let _ = world.api_key().act("/api/v1/users/ann/unblock").await.expect(200);
    let _ = own("Abcdef1!", "Abcdef2!").await.expect(200);
}

#[tokio::test]
async fn xcally_7_a_lock_out_comes_before_an_expired_password() {
    let days = Days::new().await;
    days.set(json!({ "security_suite": true, "sign_in_attempts_max": 2 })).await;
    days.pass(91);
    for _ in 0..2 {
        let _ = days.sign_in("ann", "wrong password").await.refused(401, "sign_in_failed");
    }
    let locked = days.sign_in("ann", PASSWORD).await.refused(429, "too_many_attempts");
    assert!(!locked.text().contains("expired"));
}

#[tokio::test]
async fn xcally_7_a_login_window_comes_before_an_expired_password() {
    let days = Days::new().await;
    days.set(json!({ "security_suite": true })).await;
    days.pass(90);
    let ann = days.user("ann").await;
    let window = async |window: Value| {
        let (key, body) = (days.world.api_key(), json!({ "login_window": window }));
        let _ = key.put("/api/v1/users/ann/login-window", &body).await.expect(200);
    };
    window(json!({ "until": days.clock.now().plus_micros(-1).to_string() })).await;
    let own = json!({ "old": PASSWORD, "new": "Abcdef1!" });
    let _ = ann.get("/api/v1/me").await.refused(401, "unauthenticated");
    let _ = ann.put("/api/v1/users/ann/password", &own).await.refused(401, "unauthenticated");
    let _ = days.sign_in("ann", PASSWORD).await.refused(401, "sign_in_failed");
    // Inside it she is in again, and her password has expired still.
    window(Value::Null).await;
    let _ = ann.get("/api/v1/users").await.refused(403, "password_expired");
    let _ = ann.put("/api/v1/users/ann/password", &own).await.expect(200);
    let _ = ann.get("/api/v1/users").await.expect(200);
}

#[tokio::test]
async fn xcally_7_whoever_has_an_expired_password_takes_a_seat_and_frees_it_by_signing_out() {
    let days = Days::new().await;
    days.set(json!({ "security_suite": true, "licences": 1 })).await;
    days.pass(90);
    let taken = async || days.world.api_key().get("/api/v1/seats").await.expect(200).json()["taken"].clone();
    assert_eq!(taken().await, 0, "the sessions of ninety days before are over");
    let ann = days.user("ann").await;
    assert_eq!(taken().await, 1);
    let _ = days.sign_in("agent", PASSWORD).await.refused(409, "no_free_seat");
    let own = json!({ "old": PASSWORD, "new": "Abcdef1!" });
    let _ = ann.put("/api/v1/users/ann/password", &own).await.expect(200);
    assert_eq!(taken().await, 1, "the same session goes on");
    let _ = ann.delete("/api/v1/sessions/current").await.expect(200);
    let agent = days.user("agent").await;
    assert_eq!(taken().await, 1);
    let _ = agent.get("/api/v1/users").await.refused(403, "password_expired");
    let _ = agent.delete("/api/v1/sessions/current").await.expect(200);
    assert_eq!(taken().await, 0);
}

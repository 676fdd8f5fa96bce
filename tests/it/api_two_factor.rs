//! Two-factor sign-in over HTTP; its rules are told in `domain/src/user/tests/two_factor.rs`.

use super::api_examples::{operations, send};
use rollbook_api::app::{App, ServeOptions};
use rollbook_api::server;
use rollbook_domain::kernel::id::Kind;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::{Credential, Store};
use rollbook_tests::app::{PASSWORD, World};
use rollbook_tests::client::{Answer, Client};
use rollbook_tests::pg::TestPg;
use rollbook_tests::totp;
use serde_json::{Value, json};

/// A world whose clock stands still until it is told, so that each step's code is known.
struct Steps {
    world: World,
    clock: Clock,
}

/// What somebody has who set it up.
struct Phone {
    secret: String,
    recovery_codes: Vec<String>,
}

impl Steps {
    async fn new() -> Self {
        let clock = Clock::told(Clock::default().now());
        let world = World::at_time(clock.clone()).await;
        // The template may have been made in this very process, a moment later.
        clock.tell(Clock::default().now());
        Self { world, clock }
    }

    /// The next step: half a minute later.
    fn pass(&self) {
        self.clock.tell(self.clock.now().plus_micros(30_000_000));
    }

    fn code(&self, phone: &Phone) -> String {
        totp::code(&phone.secret, self.clock.now())
    }

    async fn sign_in(&self, login: &str, code: Option<&str>) -> Answer {
        sign_in(&self.world.anonymous(), login, code).await
    }

    async fn user(&self, login: &str, code: Option<&str>) -> Client {
        let signed = self.sign_in(login, code).await.expect(201).json();
        self.world.anonymous().bearer(signed["token"].as_str().unwrap())
    }

    /// Sets it up and lets the code that confirmed it pass.
    async fn enrol(&self, client: &Client, login: &str) -> Phone {
        let begun = client.act(&format!("/api/v1/users/{login}/two-factor")).await.expect(200).json();
        let mut phone =
            Phone { secret: begun["secret"].as_str().unwrap().to_owned(), recovery_codes: Vec::new() };
        let code = json!({ "code": self.code(&phone) });
        let confirm = format!("/api/v1/users/{login}/two-factor/confirm");
        let done = client.post(&confirm, &code).await.expect(201).json();
        assert_eq!(done["user"]["has_two_factor"], true);
        let codes = done["recovery_codes"].as_array().unwrap();
        phone.recovery_codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        self.pass();
        phone
    }

    async fn require(&self, word: &str) {
        let body = json!({ "two_factor": word });
        let _ = self.world.api_key().patch("/api/v1/settings", &body).await.expect(200);
    }

    async fn rows(&self, login: &str) -> Vec<Credential> {
        let (north, id) =
            (self.world.north.id.to_string(), self.world.north.id(Kind::User, login).to_string());
        self.world.app.deployment().store().credentials_of(&north, &id).await.unwrap()
    }
}

async fn sign_in(client: &Client, login: &str, code: Option<&str>) -> Answer {
    let mut body = json!({ "organization": "north", "login": login, "password": PASSWORD });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    client.post("/api/v1/sessions", &body).await
}

#[tokio::test]
async fn voximplant_13_with_two_factor_sign_in_one_signs_in_by_password_and_a_code_of_six_digits() {
    let steps = Steps::new().await;
    let ann = steps.user("ann", None).await;
    let begun = ann.act("/api/v1/users/ann/two-factor").await.expect(200).json();
    let url = begun["url"].as_str().unwrap();
    assert!(url.starts_with("otpauth://totp/north:ann?secret=") && url.ends_with("&issuer=north"), "{url}");
    // Nothing is asked for until it is confirmed, and what is begun anew takes the place of what was.
    let _ = steps.sign_in("ann", None).await.expect(201);
    let phone = steps.enrol(&ann, "ann").await;
    assert_ne!(begun["secret"], json!(phone.secret));
    assert_eq!(phone.recovery_codes.len(), 10);
    let asked = steps.sign_in("ann", None).await.refused(401, "code_required");
    assert_eq!(asked.header("set-cookie"), None);
    let code = steps.code(&phone);
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()));
    let signed = steps.sign_in("ann", Some(&code)).await.expect(201).json();
    assert_eq!((&signed["two_factor_demanded"], &signed["recovery_codes_left"]), (&json!(false), &json!(10)));
    // Whoever signs in without one goes on doing so.
    let _ = steps.sign_in("agent", None).await.expect(201);
    let _ = steps.sign_in("agent", Some("000000")).await.expect(201);
    // Nor are API keys and tokens asked.
    let made = steps.world.api_key().act("/api/v1/users/ann/api-key").await.expect(201).json();
    let key = steps.world.anonymous().bearer(made["api_key"].as_str().unwrap());
    let _ = key.get("/api/v1/me").await.expect(200);
    let _ = key.act("/api/v1/users/ann/two-factor").await.refused(403, "api_key_cannot");
    let remove = json!({ "code": steps.code(&phone) });
    let _ = key.post("/api/v1/users/ann/two-factor/remove", &remove).await.refused(403, "api_key_cannot");
}

#[tokio::test]
async fn a_code_is_asked_for_only_of_whoever_knows_the_password() {
    let steps = Steps::new().await;
    let phone = steps.enrol(&steps.user("ann", None).await, "ann").await;
    let body = |code: Value| json!({ "organization": "north", "login": "ann", "password": "wrong password", "code": code });
    for code in [Value::Null, json!(steps.code(&phone)), json!(phone.recovery_codes[0])] {
        let _ = steps
            .world
            .anonymous()
            .post("/api/v1/sessions", &body(code))
            .await
            .refused(401, "sign_in_failed");
    }
    // Neither was used up by that.
    let _ = steps.sign_in("ann", Some(&steps.code(&phone))).await.expect(201);
    let _ = steps.sign_in("ann", Some(&phone.recovery_codes[0])).await.expect(201);
}

#[tokio::test]
async fn wrong_codes_count_towards_a_lock_out_and_are_on_record() {
    let steps = Steps::new().await;
    let phone = steps.enrol(&steps.user("ann", None).await, "ann").await;
    let before = steps.world.activity().await;
    let wrong = if steps.code(&phone) == "000000" { "000001" } else { "000000" };
    for nth in 0..10 {
        let code = [wrong, "AAAA-BBBB-CCCC-DDDD"][nth % 2];
        let _ = steps.sign_in("ann", Some(code)).await.refused(401, "sign_in_failed");
    }
    let _ = steps.sign_in("ann", Some(&steps.code(&phone))).await.refused(429, "too_many_attempts");
    let acts = steps.world.activity_after(before).await;
    let first = acts.iter().find(|act| act.event_type == "session.failed").unwrap();
    assert_eq!(first.payload["detail"]["why"], "wrong code");
    let _ = steps.world.api_key().act("/api/v1/users/ann/unblock").await.expect(200);
    let _ = steps.sign_in("ann", Some(&steps.code(&phone))).await.expect(201);
}

#[tokio::test]
async fn a_code_is_taken_once_and_none_of_an_earlier_step_after_it() {
    let steps = Steps::new().await;
    let ann = steps.user("ann", None).await;
    let phone = steps.enrol(&ann, "ann").await;
    let earlier = steps.code(&phone);
    steps.pass();
    let code = steps.code(&phone);
    let _ = steps.sign_in("ann", Some(&code)).await.expect(201);
    for used in [&code, &earlier] {
        let _ = steps.sign_in("ann", Some(used)).await.refused(401, "sign_in_failed");
    }
    steps.pass();
    let _ = steps.sign_in("ann", Some(&code)).await.refused(401, "sign_in_failed");
    let _ = steps.sign_in("ann", Some(&steps.code(&phone))).await.expect(201);
}

/// Of eight sign-ins at once on two processes, one is in.
async fn one_is_in(processes: [Client; 2], code: &str) {
    let mut tries = tokio::task::JoinSet::new();
    for nth in 0..8 {
        let (client, code) = (processes[nth % 2].clone(), code.to_owned());
        tries.spawn(async move { sign_in(&client, "ann", Some(&code)).await.is_ok() });
    }
    let done = tries.join_all().await;
    assert_eq!(done.into_iter().filter(|is_in| *is_in).count(), 1);
}

async fn on_two_processes(world: &World, other: Store) {
    let other = App::new(Deployment::new(other, Clock::default()), ServeOptions::default());
    let processes = || [world.anonymous(), Client::new(server::router(other.clone()))];
    let settings = json!({ "sign_in_attempts_max": 0 });
    let _ = world.owner().patch("/api/v1/settings", &settings).await.expect(200);
    let begun = world.user("ann").act("/api/v1/users/ann/two-factor").await.expect(200).json();
    let (secret, now) = (begun["secret"].as_str().unwrap(), Clock::default().now());
    let code = json!({ "code": totp::code(secret, now) });
    let done = world.user("ann").post("/api/v1/users/ann/two-factor/confirm", &code).await.expect(201).json();
    // The other process has read it when it answers so.
    while sign_in(&processes()[1], "ann", None).await.code() != "code_required" {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // The next one is right already.
    one_is_in(processes(), &totp::code(secret, now.plus_micros(30_000_000))).await;
    one_is_in(processes(), done["recovery_codes"][0].as_str().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_same_code_at_once_on_two_processes_one_is_in() {
    let world = World::new().await;
    let other = Store::sqlite(&world.folder().join("rollbook.db")).await.unwrap();
    on_two_processes(&world, other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_same_code_at_once_on_two_processes_on_postgres_one_is_in() {
    let pg = TestPg::create();
    let world = World::at(Store::postgres(pg.url(), 8).await.unwrap()).await;
    on_two_processes(&world, Store::postgres(pg.url(), 8).await.unwrap()).await;
}

#[tokio::test]
async fn a_recovery_code_is_taken_once_leaves_an_entry_and_is_stored_as_a_hash() {
    let steps = Steps::new().await;
    let phone = steps.enrol(&steps.user("ann", None).await, "ann").await;
    for row in steps.rows("ann").await {
        assert!(
            phone
                .recovery_codes
                .iter()
                .all(|code| !format!("{} {}", row.secret_hash, row.meta).contains(code))
        );
    }
    let (head, activity) = (steps.world.head().await, steps.world.activity().await);
    let code = phone.recovery_codes[3].to_lowercase().replace('-', " ");
    let signed = steps.sign_in("ann", Some(&code)).await.expect(201).json();
    assert_eq!(signed["recovery_codes_left"], 9);
    let used = &steps.world.changes_after(head).await;
    assert_eq!((used.len(), used[0].event_type.as_str()), (1, "user.recovery_code_used"));
    assert_eq!(
        (used[0].metadata["actor"].as_str(), used[0].metadata["cause"].as_str()),
        ("system", "sign_in")
    );
    let acts = steps.world.activity_after(activity).await;
    let started = acts.iter().find(|act| act.event_type == "session.started").unwrap();
    assert_eq!(started.payload["detail"]["factor"], "recovery code");
    assert_eq!(started.metadata["request"], used[0].metadata["request"]);
    let gone = used[0].payload["credential"].as_str().unwrap();
    assert!(steps.rows("ann").await.iter().all(|row| row.id != gone));
    let _ = steps.sign_in("ann", Some(&phone.recovery_codes[3])).await.refused(401, "sign_in_failed");
    let _ = steps.sign_in("ann", Some(&phone.recovery_codes[4])).await.expect(201);
}

#[tokio::test]
async fn xcally_17_where_it_is_demanded_who_signs_in_without_sets_it_up_and_does_nothing_else() {
    let steps = Steps::new().await;
    let before = steps.user("ann", None).await;
    steps.clock.tell(steps.clock.now().plus_micros(1));
    steps.require("required").await;
    // Whoever is in already is not forced.
    let _ = before.get("/api/v1/users/ann").await.expect(200);
    let _ = steps.world.user("manager").get("/api/v1/users").await.expect(200);
    let signed = steps.sign_in("ann", None).await.expect(201).json();
    assert_eq!(signed["two_factor_demanded"], true);
    let ann = steps.world.anonymous().bearer(signed["token"].as_str().unwrap());
    let open = [
        "GET /api/v1/me",
        "DELETE /api/v1/sessions/current",
        "POST /api/v1/users/{id}/two-factor",
        "POST /api/v1/users/{id}/two-factor/confirm",
    ];
    let closed =
        operations().into_iter().filter(|one| one.permission != "none" && !open.contains(&one.name.as_str()));
    for operation in closed {
        let _ = send(&ann, &operation).await.refused(403, "two_factor_required");
    }
    let _ = ann.act("/api/v1/users/owner/two-factor").await.refused(403, "two_factor_required");
    let retried = ann.clone().with("idempotency-key", "k").act("/api/v1/users/agent/block").await;
    let _ = retried.refused(403, "two_factor_required");
    assert_eq!(ann.get("/api/v1/me").await.expect(200).json()["two_factor_demanded"], true);
    let phone = steps.enrol(&ann, "ann").await;
    // The same session may do all again; the next sign-in takes a code.
    let _ = ann.get("/api/v1/users/ann").await.expect(200);
    let _ = steps.sign_in("ann", None).await.refused(401, "code_required");
    let again = steps.user("ann", Some(&steps.code(&phone))).await;
    let _ = again.get("/api/v1/users/ann").await.expect(200);
    // Nobody takes it away from themselves while it is demanded.
    let code = json!({ "code": phone.recovery_codes[0] });
    let path = "/api/v1/users/ann/two-factor/remove";
    let _ = again.post(path, &code).await.refused(409, "two_factor_demanded");
    steps.require("optional").await;
    let _ = again.post(path, &json!({})).await.refused(422, "invalid");
    let _ = again.post(path, &json!({ "code": "AAAA-BBBB-CCCC-DDDD" })).await.refused(422, "invalid");
    let done = again.post(path, &code).await.expect(200).json();
    assert_eq!(done["has_two_factor"], false);
    let _ = again.post(path, &code).await.refused(409, "no_two_factor");
    assert!(steps.rows("ann").await.iter().all(|row| row.kind == "password" || row.kind == "api_key"));
    let _ = steps.sign_in("ann", None).await.expect(201);
}

#[tokio::test]
async fn xcally_17_it_is_demanded_of_agents_or_of_the_other_users_by_two_words() {
    let steps = Steps::new().await;
    let code = json!({ "code": "ann" });
    let _ = steps.world.api_key().post("/api/v1/agents", &code).await.expect(201);
    let demanded = async |login: &str| {
        steps.sign_in(login, None).await.expect(201).json()["two_factor_demanded"].as_bool().unwrap()
    };
    for (word, of_ann, of_manager) in [
        ("required_of_agents", true, false),
        ("required_of_users", false, true),
        ("required", true, true),
        ("optional", false, false),
    ] {
        steps.require(word).await;
        assert_eq!((demanded("ann").await, demanded("manager").await), (of_ann, of_manager), "{word}");
    }
    let body = json!({ "two_factor": "sometimes" });
    let _ = steps.world.api_key().patch("/api/v1/settings", &body).await.refused(422, "invalid");
}

#[tokio::test]
async fn an_administrators_reset_ends_the_persons_sessions_and_lets_in_by_password_alone() {
    let steps = Steps::new().await;
    let ann = steps.user("ann", None).await;
    let _ = steps.enrol(&ann, "ann").await;
    let path = "/api/v1/users/ann/two-factor/remove";
    for who in ["manager", "auditor", "agent"] {
        let answer = steps.user(who, None).await.post(path, &json!({})).await;
        assert!(matches!(answer.status, 403 | 404), "{who}: {}", answer.text());
    }
    let administrator = steps.user("administrator", None).await;
    let _ = administrator.act("/api/v1/users/ann/two-factor").await.refused(403, "not_for_others");
    let head = steps.world.head().await;
    let _ = administrator.post(path, &json!({})).await.expect(200);
    assert_eq!(steps.world.changes_after(head).await[0].event_type, "user.two_factor_removed");
    let _ = ann.get("/api/v1/me").await.refused(401, "unauthenticated");
    let _ = steps.sign_in("ann", None).await.expect(201);
    let _ = administrator.post(path, &json!({})).await.refused(409, "no_two_factor");
    // Nobody of higher rank.
    let _ = steps.enrol(&steps.user("owner", None).await, "owner").await;
    let _ = administrator
        .post("/api/v1/users/owner/two-factor/remove", &json!({}))
        .await
        .refused(403, "rank_too_low");
}

#[tokio::test]
async fn a_seed_is_confirmed_within_a_quarter_of_an_hour_by_a_right_code_and_once() {
    let steps = Steps::new().await;
    let ann = steps.user("ann", None).await;
    let (begin, confirm) = ("/api/v1/users/ann/two-factor", "/api/v1/users/ann/two-factor/confirm");
    let _ = ann.post(confirm, &json!({ "code": "000000" })).await.refused(409, "two_factor_not_begun");
    let begun = ann.act(begin).await.expect(200).json();
    let secret = begun["secret"].as_str().unwrap().to_owned();
    let right = |steps: &Steps| json!({ "code": totp::code(&secret, steps.clock.now()) });
    let wrong = ann.post(confirm, &json!({ "code": "12345" })).await.refused(422, "invalid");
    assert_eq!(wrong.pointers(), ["/code"]);
    steps.clock.tell(steps.clock.now().plus_micros(15 * 60_000_000));
    let _ = ann.post(confirm, &right(&steps)).await.refused(409, "two_factor_not_begun");
    let phone = steps.enrol(&ann, "ann").await;
    let _ = ann.act(begin).await.refused(409, "two_factor_set");
    let head = steps.world.changes_after(0).await;
    let set = head.iter().filter(|entry| entry.event_type == "user.two_factor_set").count();
    assert_eq!(set, 2, "ann's, and the one of the scene");
    // Neither the seed nor a code is in the ledger or the activity log.
    let all = format!("{head:?} {:?}", steps.world.activity_after(0).await);
    assert!(
        !all.contains(&phone.secret) && phone.recovery_codes.iter().all(|code| !all.contains(code.as_str()))
    );
}

#[tokio::test]
async fn with_the_person_their_second_factor_is_erased() {
    let steps = Steps::new().await;
    let _ = steps.enrol(&steps.user("ann", None).await, "ann").await;
    assert_eq!(steps.rows("ann").await.iter().filter(|row| row.kind != "password").count(), 11);
    let id = steps.world.north.id(Kind::User, "ann").to_string();
    let (key, path) = (steps.world.api_key(), format!("/api/v1/users/{id}"));
    let _ = key.act(&format!("{path}/archive")).await.expect(200);
    let erased = key.post(&format!("{path}/erase"), &json!({})).await.expect(200).json();
    assert_eq!(erased["has_two_factor"], false);
    let north = steps.world.north.id.to_string();
    assert_eq!(steps.world.app.deployment().store().credentials_of(&north, &id).await.unwrap(), []);
}

/// Whose password has expired and who has no second factor where it is demanded sets up one after the other.
#[tokio::test]
async fn an_expired_password_comes_before_a_second_factor() {
    let steps = Steps::new().await;
    let settings = json!({ "security_suite": true, "password_days": 1, "two_factor": "required" });
    let _ = steps.world.api_key().patch("/api/v1/settings", &settings).await.expect(200);
    steps.clock.tell(steps.clock.now().plus_micros(2 * 86_400_000_000));
    let ann = steps.user("ann", None).await;
    let _ = ann.act("/api/v1/users/ann/two-factor").await.refused(403, "password_expired");
    let new = json!({ "old": PASSWORD, "new": "Another-password1" });
    let _ = ann.put("/api/v1/users/ann/password", &new).await.expect(200);
    let _ = ann.get("/api/v1/users/ann").await.refused(403, "two_factor_required");
    let _ = steps.enrol(&ann, "ann").await;
    let _ = ann.get("/api/v1/users/ann").await.expect(200);
}

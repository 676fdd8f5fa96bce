//! Nothing secret and nothing personal where it does not belong: unmistakable values are planted through good and bad
//! requests, then looked for in ledgers, logs, errors, headers and the database's file.

use rollbook_domain::kernel::id::Kind;
use rollbook_tests::app::World;
use rollbook_tests::client::{Answer, Client};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

/// Personal: kept beside the ledger, never in it, nor in logs or errors.
const PERSONAL: [&str; 6] =
    ["Plantlogin77", "Plantname77", "plantmail77@", "Plantreason77", "Plantagent77", "203.0.113.77"];
/// Secret: kept nowhere but as hashes.
const SECRET: [&str; 3] = ["Plantsecret77", "Plantwrong77", "rbs_Planttoken77"];

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What an answer that is a refusal or a header says.
fn said(answer: &Answer) -> String {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "set-cookie");
    let headers: String = headers.map(|(name, value)| format!("{name}: {value:?}\n")).collect();
    if answer.is_ok() { headers } else { headers + &answer.text() }
}

/// Requests that name planted values, good and bad.
async fn plant(owner: &Client, nobody: &Client, new: &Value, token: &str, key_text: &str) -> Vec<Answer> {
    let sign_in = |login: &str, password: &str| json!({ "organization": "north", "login": login, "password": password });
    let person = nobody.clone().bearer(token);
    let agent = |code: &str| {
        json!({ "code": code, "description": "Plantname77", "aliases": ["Plantlogin77/a"],
            "payroll_code": "Plantname77", "extension": "Plantlogin77" })
    };
    vec![
        nobody.post("/api/v1/sessions", &sign_in("Plantlogin77", "Plantwrong77")).await.expect(401),
        nobody.post("/api/v1/sessions", &sign_in("Plantname77", "Plantwrong77")).await.expect(401),
        nobody.clone().bearer("rbs_Planttoken77").get("/api/v1/me").await.expect(401),
        nobody.clone().bearer(key_text).get("/api/v1/me").await.expect(200),
        owner.post("/api/v1/users", new).await.expect(409),
        owner
            .post("/api/v1/users", &json!({ "login": ["Plantlogin77"], "name": "Plantname77" }))
            .await
            .expect(422),
        owner
            .post(
                "/api/v1/users",
                &json!({ "login": "Plant login77", "name": "Plantname77", "role": "Plantname77" }),
            )
            .await
            .expect(422),
        owner.put("/api/v1/users/ann/role", &json!({ "role": "Plantname77" })).await.expect(422),
        owner
            .put("/api/v1/users/ann/role", &json!({ "role": "agent", "Plant": "Plantname77" }))
            .await
            .expect(422),
        owner.patch("/api/v1/users/ann", &json!({ "email": "plantmail77@north.example" })).await.expect(409),
        owner.patch("/api/v1/users/ann", &json!({ "login": "plantlogin77" })).await.expect(409),
        owner.post("/api/v1/agents", &agent("Plantlogin77/7")).await.expect(201),
        owner.post("/api/v1/agents", &agent("Plantlogin77/7")).await.expect(409),
        owner.post("/api/v1/agents", &agent("Plant login77")).await.expect(422),
        owner
            .patch("/api/v1/agents/Plantlogin77%2F7", &json!({ "aliases": ["Plantname77|"] }))
            .await
            .expect(422),
        owner.get("/api/v1/agents/Plantname77").await.expect(404),
        owner.get("/api/v1/users/Plantname77").await.expect(404),
        owner.get("/api/v1/users?role=Plantname77").await.expect(422),
        owner.get("/api/v1/users?cursor=Plantname77").await.expect(422),
        owner.get("/api/v1/users?q=Plantname77").await.expect(200),
        owner
            .put("/api/v1/users/Plantlogin77/password", &json!({ "new": "Plantsecret77x" }))
            .await
            .expect(200),
        owner
            .put("/api/v1/users/owner/password", &json!({ "old": "Plantwrong77", "new": "Plantsecret77" }))
            .await
            .expect(422),
        owner
            .put("/api/v1/users/ann/password", &json!({ "new": "Plantsecret77".repeat(20) }))
            .await
            .expect(422),
        owner
            .send_bytes("POST", "/api/v1/users", "application/json", "{\"login\":\"Plantlogin77\",,}")
            .await
            .expect(400),
        owner.post("/api/v1/check", &json!({ "user": "Plantname77", "permission": "Plantname77" })).await,
        owner.get("/api/v1/users/Plantlogin77/history").await.expect(200),
        owner.get("/api/v1/activity?text=Plantname77").await,
        owner.act("/api/v1/users/Plantlogin77/block").await.expect(200),
        person.get("/api/v1/me").await.expect(401),
    ]
}

#[tokio::test]
async fn planted_values_are_found_only_where_they_belong() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_env_filter(rollbook_api::server::logs::filter("trace".into()))
        .with_writer(move || writer.clone())
        .finish();
    // For the whole process: what other tests log may be in it too, and they plant nothing.
    tracing::subscriber::set_global_default(subscriber).expect("no other test installs one");
    let world = World::new().await;
    let from: IpAddr = "203.0.113.77".parse().unwrap();
    let owner =
        world.owner().from(from).with("user-agent", "Plantagent77").with("rollbook-reason", "Plantreason77");
    let nobody = world.anonymous().from(from).with("user-agent", "Plantagent77");
    let new = json!({ "login": "Plantlogin77", "name": "Plantname77", "email": "plantmail77@north.example",
        "role": "agent", "password": "Plantsecret77" });
    let sign_in = |login: &str, password: &str| json!({ "organization": "north", "login": login, "password": password });
    let made = owner.post("/api/v1/users", &new).await.expect(201);
    let signed = nobody.post("/api/v1/sessions", &sign_in("Plantlogin77", "Plantsecret77")).await.expect(201);
    let key = owner.act("/api/v1/users/Plantlogin77/api-key").await.expect(201);
    let token = signed.json()["token"].as_str().unwrap().to_owned();
    let key_text = key.json()["api_key"].as_str().unwrap().to_owned();
    let answers = plant(&owner, &nobody, &new, &token, &key_text).await;
    for answer in answers.iter().chain([&made, &signed, &key]) {
        let text = said(answer);
        for planted in PERSONAL.iter().chain(&SECRET).chain([&token.as_str(), &key_text.as_str()]) {
            assert!(
                !text.to_lowercase().contains(&planted.to_lowercase()),
                "{} says {planted}: {text}",
                answer.asked
            );
        }
    }
    let _activity = world.activity_after(0).await;
    let kept: String =
        world.raw().await.iter().map(|row| format!("{} {}\n", row.payload, row.metadata)).collect();
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(logged.contains("/api/v1/users/{id}"), "the log was not captured");
    let secrets: Vec<_> = SECRET.iter().copied().chain([token.as_str(), key_text.as_str()]).collect();
    for planted in PERSONAL.iter().chain(&secrets) {
        let found = |text: &str| text.to_lowercase().contains(&planted.to_lowercase());
        assert!(!found(&kept), "{planted} lies in the ledger");
        let line = logged.lines().find(|line| found(line));
        assert_eq!(line, None, "{planted} was logged");
    }
    let secret_part = key_text.rsplit_once('_').unwrap().1;
    for file in std::fs::read_dir(world.folder()).unwrap().flatten() {
        let bytes = String::from_utf8_lossy(&std::fs::read(file.path()).unwrap()).into_owned();
        for secret in secrets.iter().chain([&secret_part]) {
            assert!(!bytes.contains(secret), "{secret} lies in {:?}", file.file_name());
        }
    }
}

/// SHA-256 of a request as it is remembered where nothing in it is secret.
fn quick(line: &str, body: &Value) -> [u8; 32] {
    let texts = [line, "", "", ""].into_iter().fold(Sha256::new(), |digest, text| {
        digest.chain_update((text.len() as u64).to_be_bytes()).chain_update(text)
    });
    texts.chain_update(body.to_string()).finalize().into()
}

/// The digest of a request lies in the database for a week.
#[tokio::test]
async fn what_is_remembered_of_a_password_is_no_quicker_to_guess_from_than_its_hash() {
    let world = World::new().await;
    let owner = world.north.id(Kind::User, "owner");
    let new = json!({ "login": "zoe", "name": "Zoe", "role": "agent", "password": "correct password" });
    let (put, rename) = (json!({ "new": "another password" }), json!({ "name": "Ann Other" }));
    for (key, method, path, body, is_secret) in [
        ("a", "POST", "/api/v1/users", &new, true),
        ("b", "PUT", "/api/v1/users/ann/password", &put, true),
        ("c", "PATCH", "/api/v1/users/ann", &rename, false),
    ] {
        let ask = async || world.owner().with("idempotency-key", key).send(method, path, Some(body)).await;
        let _ = ask().await;
        assert_eq!(ask().await.header("rollbook-replayed"), Some("true"), "{path}");
        let (store, north) = (world.app.deployment().store(), world.north.id.to_string());
        let kept = store.command(&north, &format!("user:{owner}"), key).await.unwrap().unwrap();
        assert_eq!(kept.digest != quick(&format!("{method} {path}"), body), is_secret, "{method} {path}");
    }
    let other = world.owner().with("idempotency-key", "b");
    let other = other.put("/api/v1/users/ann/password", &json!({ "new": "third password" })).await;
    let _ = other.refused(422, "idempotency_key_reused");
}

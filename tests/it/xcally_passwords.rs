//! XCALLY Motion's security suite: which passwords may be set, by whom with what, and which ones do not come again.

use rollbook_api::app::ServeOptions;
use rollbook_api::auth::password::Passwords;
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{CredentialId, Kind, UserId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::settings::command::SettingsCommand;
use rollbook_domain::settings::state::{Setting, SettingValue};
use rollbook_domain::user::command::UserCommand;
use rollbook_domain::user::password::{Compared, NewPassword};
use rollbook_ledger::store::{Credential, CredentialChange};
use rollbook_replay::verify::verify;
use rollbook_tests::app::{PASSWORD, World};
use rollbook_tests::client::{Answer, Client};
use serde_json::{Value, json};

const TABLE: &str = include_str!("../../domain/tests/fixtures/xcally_passwords.csv");

async fn set(world: &World, settings: &[(Setting, SettingValue)]) {
    let command = Command::Settings(SettingsCommand::Set(settings.iter().cloned().collect()));
    world.north.submit(world.app.deployment(), Actor::Operator, command, Vec::new()).await;
}

async fn suite(world: &World, history: u32) {
    let on = (Setting::SecuritySuite, SettingValue::Flag(true));
    set(world, &[on, (Setting::PasswordHistory, SettingValue::Number(history))]).await;
}

async fn sign_in(world: &World, login: &str, password: &str) -> Answer {
    let body = json!({ "organization": "north", "login": login, "password": password });
    world.anonymous().post("/api/v1/sessions", &body).await
}

async fn own(client: &Client, login: &str, old: &str, new: &str) -> Answer {
    client.put(&format!("/api/v1/users/{login}/password"), &json!({ "old": old, "new": new })).await
}

async fn reset(client: &Client, login: &str, new: &str) -> Answer {
    client.put(&format!("/api/v1/users/{login}/password"), &json!({ "new": new })).await
}

/// The pointer and the code of the one field that is wrong.
#[track_caller]
fn wrong(answer: Answer) -> (String, String) {
    let body = answer.refused(422, "invalid").json();
    let said = |name: &str| body["errors"][0][name].as_str().unwrap().to_owned();
    assert_eq!(body["errors"].as_array().unwrap().len(), 1);
    (said("pointer"), said("code"))
}

fn at(pointer: &str, code: &str) -> (String, String) {
    (pointer.to_owned(), code.to_owned())
}

/// The stored passwords of a user, the current one included, oldest first: their kinds.
async fn stored(world: &World, login: &str) -> Vec<Credential> {
    let user = world.north.id(Kind::User, login).to_string();
    let rows = world.app.deployment().store().credentials_of(&world.north.id.to_string(), &user).await;
    let mut rows = rows.unwrap();
    rows.retain(|row| row.kind != "api_key");
    rows.sort_by_key(|row| row.created_at_us);
    rows
}

fn kinds(rows: &[Credential]) -> Vec<&str> {
    rows.iter().map(|row| row.kind.as_str()).collect()
}

#[tokio::test]
async fn xcally_4_the_password_rule_holds_when_the_suite_is_on() {
    let world = World::new().await;
    suite(&world, 0).await;
    let (owner, ann) = (world.owner(), world.user("ann"));
    let mut current = PASSWORD.to_owned();
    let rows: Vec<_> = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1).collect();
    assert_eq!(rows.len(), 11);
    for (n, row) in rows.into_iter().enumerate() {
        let (password, accepted) = row.rsplit_once(',').unwrap();
        let new = json!({ "login": format!("new{n}"), "name": "New", "role": "agent", "password": password });
        let answers = [
            owner.post("/api/v1/users", &new).await,
            reset(&owner, "agent", password).await,
            own(&ann, "ann", &current, password).await,
        ];
        if accepted == "yes" {
            assert_eq!(answers.map(|answer| answer.status), [201, 200, 200], "{password}");
            let _ = sign_in(&world, &format!("new{n}"), password).await.expect(201);
            password.clone_into(&mut current);
        } else {
            let code = if password.chars().count() < 8 { "too_short" } else { "too_simple" };
            let expected = ["/password", "/new", "/new"].map(|pointer| at(pointer, code));
            assert_eq!(answers.map(wrong), expected, "{password}");
        }
    }
    let _ = sign_in(&world, "ann", &current).await.expect(201);
}

#[tokio::test]
async fn xcally_4_without_the_suite_any_password_of_eight_characters_will_do() {
    let world = World::new().await;
    let _ = reset(&world.owner(), "agent", "abcdefgh").await.expect(200);
    let _ = own(&world.user("ann"), "ann", PASSWORD, PASSWORD).await.expect(200);
    assert_eq!(wrong(reset(&world.owner(), "agent", "abcdefg").await), at("/new", "too_short"));
    // What was set before the suite came stays good until it expires.
    suite(&world, 0).await;
    let _ = sign_in(&world, "agent", "abcdefgh").await.expect(201);
}

#[tokio::test]
async fn xcally_4_a_dry_run_tells_what_the_rule_would_say() {
    let world = World::new().await;
    suite(&world, 12).await;
    let (owner, ann) =
        (world.owner().with("rollbook-dry-run", "true"), world.user("ann").with("rollbook-dry-run", "true"));
    let before = world.head().await;
    assert_eq!(wrong(reset(&owner, "ann", "abcdefgh").await), at("/new", "too_simple"));
    assert_eq!(wrong(own(&ann, "ann", PASSWORD, "abcdefgh").await), at("/new", "too_simple"));
    let preview = reset(&owner, "ann", "Abcdef1!").await.expect(200);
    assert_eq!(preview.json()["events"][0]["type"], "user.password_set");
    let _ = own(&ann, "ann", PASSWORD, "Abcdef1!").await.expect(200);
    assert_eq!(world.head().await, before);
    let _ = sign_in(&world, "ann", PASSWORD).await.expect(201);
}

#[tokio::test]
async fn xcally_5_ones_own_change_needs_the_old_password_and_an_administrators_reset_does_not() {
    let world = World::new().await;
    suite(&world, 12).await;
    let (administrator, ann) = (world.user("administrator"), world.user("ann"));
    assert_eq!(wrong(reset(&ann, "ann", "Abcdef1!").await), at("/old", "required"));
    assert_eq!(wrong(own(&ann, "ann", "wrong password", "Abcdef1!").await), at("/old", "wrong_password"));
    let _ = own(&ann, "ann", PASSWORD, "Abcdef1!").await.expect(200);
    assert_eq!(ann.get("/api/v1/me").await.expect(200).json()["password_change_advised"], false);
    let _ = reset(&administrator, "ann", "Abcdef2!").await.expect(200);
    assert_eq!(ann.get("/api/v1/me").await.status, 401, "a reset ends every session");
    let signed = sign_in(&world, "ann", "Abcdef2!").await.expect(201);
    assert_eq!(signed.json()["password_change_advised"], true);
    // An administrator's own password is their own.
    assert_eq!(wrong(reset(&administrator, "administrator", "Abcdef1!").await), at("/old", "required"));
    let _ = reset(&world.user("manager"), "ann", "Abcdef3!").await.refused(403, "permission_missing");
    let _ = reset(&administrator, "owner", "Abcdef3!").await.refused(403, "rank_too_low");
}

#[tokio::test]
async fn xcally_5_the_time_of_the_last_reset_is_shown_only_while_the_suite_is_on() {
    let world = World::new().await;
    let shown =
        async |path: &str| world.owner().get(path).await.expect(200).json()["password_set_at"].clone();
    let without = world.head().await;
    assert_eq!(shown("/api/v1/users/ann").await, Value::Null);
    suite(&world, 12).await;
    let first = shown("/api/v1/users/ann").await;
    let answer = reset(&world.owner(), "ann", "Abcdef1!").await.expect(200).json();
    let entry = world.changes_after(without).await.pop().unwrap();
    assert_eq!(entry.event_type, "user.password_set");
    assert_eq!(answer["password_set_at"].as_str(), entry.metadata.get("at").map(String::as_str));
    assert_eq!(shown("/api/v1/users/ann").await, answer["password_set_at"]);
    // As of then: the time of then, and none before the suite was on.
    assert_eq!(shown(&format!("/api/v1/users/ann?at={}", entry.position - 1)).await, first);
    assert_eq!(shown(&format!("/api/v1/users/ann?at={without}")).await, Value::Null);
    let listed = world.owner().get("/api/v1/users?q=ann").await.expect(200).json();
    assert_eq!(listed["items"][0]["password_set_at"], answer["password_set_at"]);
    // The owner has had none since the founding: that is when it was set.
    assert!(shown("/api/v1/users/owner").await.is_string());
    let off = (Setting::SecuritySuite, SettingValue::Flag(false));
    set(&world, &[off]).await;
    let user = world.owner().get("/api/v1/users/ann").await.expect(200).json();
    assert_eq!(user.get("password_set_at"), None);
}

#[tokio::test]
async fn xcally_7_one_of_the_last_passwords_does_not_come_again_whoever_sets_it() {
    let world = World::new().await;
    suite(&world, 2).await;
    let (owner, ann) = (world.owner(), world.user("ann"));
    let passwords: Vec<_> = (0..4).map(|n| format!("Abcdef{n}!")).collect();
    let _ = own(&ann, "ann", PASSWORD, &passwords[0]).await.expect(200);
    for n in 1..4 {
        let _ = own(&ann, "ann", &passwords[n - 1], &passwords[n]).await.expect(200);
    }
    let current = passwords[3].as_str();
    assert_eq!(wrong(own(&ann, "ann", current, current).await), at("/new", "same_password"));
    assert_eq!(wrong(reset(&owner, "ann", current).await), at("/new", "same_password"));
    for old in &passwords[1..3] {
        assert_eq!(wrong(own(&ann, "ann", current, old).await), at("/new", "used_before"));
        assert_eq!(wrong(reset(&owner, "ann", old).await), at("/new", "used_before"));
    }
    assert_eq!(kinds(&stored(&world, "ann").await), ["old_password", "old_password", "password"]);
    // Nobody signs in by an old one, and one beyond the last two may come again.
    let _ = sign_in(&world, "ann", &passwords[2]).await.refused(401, "sign_in_failed");
    let _ = own(&ann, "ann", current, &passwords[0]).await.expect(200);
    let _ = reset(&owner, "ann", &passwords[1]).await.expect(200);
    assert_eq!(kinds(&stored(&world, "ann").await), ["old_password", "old_password", "password"]);
    let report = verify(world.app.deployment().store(), None, &[], |_| ()).await.unwrap();
    assert!(report.is_clean(), "{:#?}", report.findings);
}

#[tokio::test]
async fn xcally_7_a_first_password_is_remembered_too_and_another_owners_is_not() {
    let world = World::new().await;
    suite(&world, 12).await;
    let new = json!({ "login": "zoe", "name": "Zoe", "role": "agent", "password": "Abcdef0!" });
    let _ = world.owner().post("/api/v1/users", &new).await.expect(201);
    let token = sign_in(&world, "zoe", "Abcdef0!").await.expect(201).json()["token"].clone();
    let zoe = world.anonymous().bearer(token.as_str().unwrap());
    let _ = own(&zoe, "zoe", "Abcdef0!", "Abcdef1!").await.expect(200);
    assert_eq!(wrong(own(&zoe, "zoe", "Abcdef1!", "Abcdef0!").await), at("/new", "used_before"));
    let _ = reset(&world.owner(), "agent", "Abcdef0!").await.expect(200);
}

#[tokio::test]
async fn xcally_7_old_passwords_go_with_the_setting_the_suite_and_the_person() {
    let world = World::new().await;
    suite(&world, 12).await;
    let owner = world.owner();
    for n in 0..4 {
        let _ = reset(&owner, "ann", &format!("Abcdef{n}!")).await.expect(200);
    }
    assert_eq!(stored(&world, "ann").await.len(), 5);
    suite(&world, 1).await;
    let _ = reset(&owner, "ann", "Abcdef1!").await.expect(200);
    assert_eq!(stored(&world, "ann").await.len(), 2);
    set(&world, &[(Setting::SecuritySuite, SettingValue::Flag(false))]).await;
    let _ = reset(&owner, "ann", "Abcdef2!").await.expect(200);
    assert_eq!(kinds(&stored(&world, "ann").await), ["password"]);
    let report = verify(world.app.deployment().store(), None, &[], |_| ()).await.unwrap();
    assert!(report.is_clean(), "{:#?}", report.findings);
    suite(&world, 12).await;
    let _ = reset(&owner, "ann", "Abcdef3!").await.expect(200);
    assert_eq!(stored(&world, "ann").await.len(), 2);
    let _ = owner.delete("/api/v1/users/ann").await.expect(200);
    let (ann, id) = (world.north.id(Kind::User, "ann").to_string(), world.north.id.to_string());
    let _ = owner.post("/api/v1/users/ann/erase", &json!({})).await.expect(200);
    let left = world.app.deployment().store().credentials_of(&id, &ann).await.unwrap();
    assert_eq!(left, Vec::new());
}

#[tokio::test]
async fn xcally_7_nobody_finds_out_a_password_by_trying_to_set_it() {
    let world = World::new().await;
    suite(&world, 12).await;
    let before = world.head().await;
    // The right guess is answered as a wrong one is, whoever lacks the right; nor does a dry run tell it.
    for guess in [PASSWORD, "Abcdef1!"] {
        let administrator = world.user("administrator");
        let answer = reset(&administrator, "owner", guess).await.refused(403, "rank_too_low");
        assert_eq!(answer.json().get("errors"), None);
        let _ = reset(&world.user("manager"), "ann", guess).await.refused(403, "permission_missing");
    }
    let _ = reset(&world.owner(), "ann", "Abcdef1!").await.expect(200);
    for guess in ["Abcdef1!", "Abcdef2!"] {
        let tries = world.owner().with("rollbook-dry-run", "true");
        let _ = reset(&tries, "ann", guess).await.expect(200);
    }
    assert_eq!(world.head().await, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn xcally_7_of_two_changes_at_once_one_is_made_and_the_other_refused() {
    let world = World::new().await;
    suite(&world, 12).await;
    let before = world.head().await;
    let tasks: Vec<_> = (0..4)
        .map(|n| {
            let ann = world.user("ann");
            tokio::spawn(async move { own(&ann, "ann", PASSWORD, &format!("Abcdef{n}!")).await })
        })
        .collect();
    let mut made = Vec::new();
    for (n, task) in tasks.into_iter().enumerate() {
        let answer = task.await.unwrap();
        match (answer.status, answer.code().as_str()) {
            (200, _) => made.push(n),
            (409, "password_moved") => {}
            // Whoever began after the change.
            (422, "invalid") => assert_eq!(answer.pointers(), ["/old"]),
            other => panic!("{other:?}: {}", answer.text()),
        }
    }
    assert_eq!((made.len(), world.head().await), (1, before + 1));
    let _ = sign_in(&world, "ann", &format!("Abcdef{}!", made[0])).await.expect(201);
    assert_eq!(kinds(&stored(&world, "ann").await), ["old_password", "password"]);
}

#[tokio::test]
async fn xcally_7_a_retry_of_a_change_is_answered_and_makes_none() {
    let world = World::new().await;
    suite(&world, 12).await;
    let before = world.head().await;
    let ask = async || {
        own(&world.user("ann").with("idempotency-key", "k"), "ann", PASSWORD, "Abcdef1!").await.expect(200)
    };
    let (first, again) = (ask().await, ask().await);
    assert_eq!((again.header("rollbook-replayed"), again.json()), (Some("true"), first.json()));
    assert_eq!(world.head().await, before + 1);
    assert_eq!(stored(&world, "ann").await.len(), 2);
    let kept = format!("{:?}", world.raw().await);
    for secret in ["Abcdef1!", PASSWORD, "argon2"] {
        assert!(!kept.contains(secret), "{secret} lies in a ledger");
    }
}

/// What was right when it was checked is an old password by the time the session begins, and its row is there still.
#[tokio::test]
async fn xcally_7_no_sign_in_with_an_old_password_outlives_its_change_however_they_meet() {
    let world = World::with(ServeOptions { hashes_at_once: 1, ..ServeOptions::default() }).await;
    suite(&world, 12).await;
    let deployment = world.app.deployment();
    let (organization, ann) = (world.north.id.to_string(), world.north.id(Kind::User, "ann"));
    let state = world.north.open.writer.published().organization.clone();
    let current = state.user(UserId(ann)).unwrap().password.unwrap().credential;
    let row = deployment.store().credential(&organization, &current.to_string()).await.unwrap().unwrap();
    let old = Credential { user_id: ann.to_string(), kind: "old_password".to_owned(), ..row.clone() };
    let id = CredentialId(uuid::Uuid::from_u128(77));
    let secret_hash = Passwords::new(1).hash("Abcdef1!".to_owned()).await.unwrap();
    let (person, created_at_us) = (ann.to_string(), row.created_at_us + 1);
    let new = Credential { id: id.to_string(), user_id: person.clone(), secret_hash, created_at_us, ..row };
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (client, body) =
                (world.anonymous(), json!({ "organization": "north", "login": "ann", "password": PASSWORD }));
            tokio::spawn(async move { client.post("/api/v1/sessions", &body).await })
        })
        .collect();
    // By now some have read what they check against.
    tokio::time::sleep(std::time::Duration::from_millis(15)).await;
    let compared = Some(Compared { current: Some(current), same_as: None });
    let set =
        UserCommand::SetPassword(UserId(ann), NewPassword { credential: id, is_strong: true, compared });
    let credentials = vec![CredentialChange::Put(old), CredentialChange::Put(new)];
    world.north.submit(deployment, Actor::Operator, Command::User(set), credentials).await;
    deployment.store().delete_sessions_of(&organization, &person).await.unwrap();
    for task in tasks {
        let answer = task.await.unwrap();
        assert!([201, 401].contains(&answer.status), "{}", answer.text());
    }
    assert_eq!(deployment.store().sessions_of(&organization, &person).await.unwrap(), []);
    assert_eq!(kinds(&stored(&world, "ann").await), ["old_password", "password"]);
}

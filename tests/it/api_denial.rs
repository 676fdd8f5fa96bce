//! Who may not: every operation of the description, without credentials and with those of the wrong person.

use super::api_examples::{Does, Operation, operations, operations_that, send};
use rollbook_domain::kernel::id::{Kind, UserId};
use rollbook_domain::permission::facts::{Facts, Targets};
use rollbook_domain::permission::resolve::{Question, allowed};
use rollbook_tests::app::{Entry, World};
use rollbook_tests::client::Client;
use serde_json::json;

fn guarded() -> Vec<Operation> {
    operations().into_iter().filter(|operation| operation.permission != "none").collect()
}

/// Sends every guarded operation and asserts 401 and that nothing was written.
async fn nobody_gets_in(world: &World, who: &str, client: &Client) {
    let before = world.head().await;
    for operation in guarded() {
        let answer = send(client, &operation).await;
        assert_eq!(
            (answer.status, answer.code()),
            (401, "unauthenticated".into()),
            "{who}: {}",
            answer.asked
        );
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"rollbook\""), "{}", answer.asked);
        assert_eq!(answer.problem_fault(), None, "{}", answer.asked);
    }
    assert_eq!(world.head().await, before, "{who} left an event");
}

#[tokio::test]
async fn without_valid_credentials_every_operation_is_401() {
    let world = World::new().await;
    nobody_gets_in(&world, "nobody", &world.anonymous()).await;
    let mut forged = world.north.tokens["owner"].clone();
    let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
    forged.push(last);
    nobody_gets_in(&world, "a forged token", &world.anonymous().bearer(&forged)).await;
    let mut forged = world.north.api_key.clone();
    forged.push('A');
    nobody_gets_in(&world, "a forged API key", &world.anonymous().bearer(&forged)).await;
    for nonsense in ["", "rbs_", "rb_", "rb__", "rb_é_x", "null", "Bearer"] {
        let client = world.anonymous().with("authorization", format!("Bearer {nonsense}"));
        assert_eq!(client.get("/api/v1/me").await.status, 401, "{nonsense:?}");
    }
    let basic = world.anonymous().with("authorization", format!("Basic {}", world.north.tokens["owner"]));
    assert_eq!(basic.get("/api/v1/me").await.status, 401);
}

#[tokio::test]
async fn a_session_that_is_over_or_of_somebody_barred_is_401_everywhere() {
    let world = World::new().await;
    let deployment = world.app.deployment();
    let over = world.north.session(deployment, world.north.id(Kind::User, "owner"), -1).await;
    nobody_gets_in(&world, "an expired session", &world.anonymous().bearer(&over)).await;
    nobody_gets_in(&world, "a blocked user", &world.user("blocked")).await;
    for login in ["invited", "archived"] {
        let token = world.north.session(deployment, world.north.id(Kind::User, login), 60_000_000).await;
        let answer = world.anonymous().bearer(&token).get("/api/v1/me").await;
        assert_eq!(answer.status, 401, "{login}");
    }
}

#[tokio::test]
async fn a_revoked_api_key_is_401_everywhere() {
    let world = World::new().await;
    let made = world.owner().act("/api/v1/users/ann/api-key").await.expect(201);
    let key = world.anonymous().bearer(made.json()["api_key"].as_str().unwrap());
    assert_eq!(key.get("/api/v1/me").await.expect(200).json()["user"]["login"], "ann");
    let _ = world.owner().delete("/api/v1/users/ann/api-key").await.expect(200);
    nobody_gets_in(&world, "a revoked API key", &key).await;
}

#[tokio::test]
async fn a_key_that_was_replaced_is_401_and_a_blocked_users_key_too() {
    let world = World::new().await;
    let made =
        async || world.owner().act("/api/v1/users/ann/api-key").await.expect(201).json()["api_key"].clone();
    let (first, second) = (made().await, made().await);
    assert_eq!(world.anonymous().bearer(first.as_str().unwrap()).get("/api/v1/me").await.status, 401);
    let key = world.anonymous().bearer(second.as_str().unwrap());
    let _ = key.get("/api/v1/me").await.expect(200);
    let _ = world.owner().act("/api/v1/users/ann/block").await.expect(200);
    assert_eq!(key.get("/api/v1/me").await.status, 401);
}

/// Each was asked for where there was none.
#[tokio::test]
async fn of_api_keys_made_at_once_one_works_and_none_once_it_is_revoked() {
    let world = World::new().await;
    let (owner, path) = (world.owner(), "/api/v1/users/ann/api-key");
    let (one, other) = tokio::join!(owner.act(path), owner.act(path));
    let keys = [one, other].map(|made| made.expect(201).json()["api_key"].as_str().unwrap().to_owned());
    let working = async || {
        let mut working = 0;
        for key in &keys {
            working += usize::from(world.anonymous().bearer(key).get("/api/v1/me").await.is_ok());
        }
        working
    };
    let ann = world.north.id(Kind::User, "ann").to_string();
    let (store, north) = (world.app.deployment().store(), world.north.id.to_string());
    assert_eq!(working().await, 1);
    assert_eq!(store.credentials_of(&north, &ann).await.unwrap().len(), 1);
    let _ = world.owner().delete(path).await.expect(200);
    assert_eq!(working().await, 0);
    assert_eq!(store.credentials_of(&north, &ann).await.unwrap(), []);
}

/// The lowest standard role whose holder lacks an operation's permission at every scope; the agent where none does.
fn lacks(world: &World, operation: &Operation) -> &'static str {
    let organization = &world.north.open.writer.published().organization;
    let (targets, facts, permission) = (Targets::default(), Facts::default(), operation.permission.as_str());
    let lowest_first = ["agent", "supervisor", "manager", "auditor", "administrator"];
    let lacking = lowest_first.into_iter().find(|login| {
        let who = organization.user(UserId(world.north.id(Kind::User, login))).unwrap();
        let at = organization.at;
        !allowed(
            organization,
            &Question { who, permission, targets: &targets, facts: &facts, at, as_if_active: false },
        )
    });
    lacking.unwrap_or("agent")
}

#[tokio::test]
async fn whoever_lacks_the_permission_is_refused_and_it_is_on_record() {
    let world = World::new().await;
    let (before, mut heard) = (world.head().await, world.activity().await);
    for operation in guarded().into_iter().filter(|operation| operation.permission != "session") {
        let login = lacks(&world, &operation);
        let answer = send(&world.user(login), &operation).await;
        let who = format!("{login} on {}: {}", answer.asked, answer.text());
        if answer.status == 200 && operation.method() == "GET" && !operation.names_a_thing() {
            // A list shows whoever may see little only that little: here oneself.
            for item in answer.json()["items"].as_array().expect(&who) {
                assert_eq!(item["login"], login, "{who}");
            }
            continue;
        }
        assert!(matches!(answer.status, 403 | 404), "{who}");
        assert_eq!(answer.problem_fault(), None, "{who}");
        if answer.status == 403 {
            let noted = denial_of(&world, &mut heard, &operation).await;
            assert_eq!(noted.payload["detail"]["code"], answer.code(), "{who}");
            assert_eq!(noted.payload["outcome"], "refused", "{who}");
            assert_eq!(noted.metadata["user"], world.north.id(Kind::User, login).to_string(), "{who}");
        }
        if answer.code() == "permission_missing" {
            let missing = answer.json()["permission"].as_str().unwrap_or_default().to_owned();
            assert!(missing.contains('.'), "{who} does not name the permission");
        }
    }
    assert_eq!(world.head().await, before, "a refused request left an event");
}

/// The denial of this operation among the acts after `heard`; a task of its own writes it, so it may take a moment.
async fn denial_of(world: &World, heard: &mut u64, operation: &Operation) -> Entry {
    for _ in 0..200 {
        let acts = world.activity_after(*heard).await;
        let is_it = |act: &Entry| {
            act.event_type == "request.denied" && act.payload["detail"]["route"] == operation.name.as_str()
        };
        if let Some(act) = acts.into_iter().find(is_it) {
            *heard = act.position;
            return act;
        }
    }
    panic!("the denial of {} is not on record", operation.name);
}

#[tokio::test]
async fn an_auditor_changes_nothing() {
    let world = World::new().await;
    let before = world.head().await;
    for operation in operations_that(Does::Changes) {
        let answer = send(&world.user("auditor"), &operation).await;
        assert!(matches!(answer.status, 403 | 404), "{}: {}", answer.asked, answer.text());
    }
    assert_eq!(world.head().await, before);
}

#[tokio::test]
async fn a_denied_dry_run_needs_the_same_right() {
    let world = World::new().await;
    for operation in operations_that(Does::Changes) {
        let agent = world.user("agent").with("rollbook-dry-run", "true");
        let answer = send(&agent, &operation).await;
        assert!(matches!(answer.status, 403 | 404), "{}: {}", answer.asked, answer.text());
    }
}

#[tokio::test]
async fn what_belongs_to_another_organization_is_not_there() {
    let world = World::new().await;
    let before = world.head().await;
    let kinds = [
        ("users", Kind::User, "ann"),
        ("roles", Kind::Role, "Helper"),
        ("profiles", Kind::Profile, "Billing"),
        ("keys", Kind::Key, "VIP"),
        ("queues", Kind::Queue, "Sales"),
        ("groups", Kind::Group, "East"),
        ("agents", Kind::Agent, "Agent/7"),
        ("objects", Kind::Object, "skill:French"),
    ];
    for operation in operations().into_iter().filter(Operation::names_a_thing) {
        let Some((_, kind, name)) =
            kinds.iter().find(|kind| operation.name.contains(&format!("/{}/{{", kind.0)))
        else {
            continue;
        };
        let example = operation.example();
        let place = example.path.split('/').nth(4).unwrap().split('?').next().unwrap();
        let path = example.path.replacen(place, &world.south.id(*kind, name).to_string(), 1);
        let body = serde_json::from_str(example.body).ok();
        let answer = world.owner().send(operation.method(), &path, body.as_ref()).await;
        assert_eq!(
            (answer.status, answer.code()),
            (404, "not_found".into()),
            "{}: {}",
            operation.name,
            answer.text()
        );
    }
    assert_eq!(world.head().await, before);
    let ann = world.south.id(Kind::User, "ann").to_string();
    let bulk = json!({ "ids": [ann], "set": { "role": "Helper" } });
    let answer = world.owner().post("/api/v1/users/bulk", &bulk).await;
    assert!(matches!(answer.status, 404 | 422), "{}", answer.text());
    let role = json!({ "role": world.south.id(Kind::Role, "Helper").to_string() });
    let answer = world.owner().put("/api/v1/users/ann/role", &role).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/role"]);
}

//! Every change leaves its mark: who, by what right, in which request, why; and a change that is only tried, repeated
//! or out of date leaves none.

use super::api_examples::{Does, Operation, body, operations_that, send};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::Kind;
use rollbook_domain::organization::command::Command;
use rollbook_domain::settings::command::SettingsCommand;
use rollbook_domain::settings::state::{Setting, SettingValue};
use rollbook_tests::app::{Entry, World};
use serde_json::json;
use std::collections::BTreeMap;

/// What Rollbook itself says when erased values are gone.
const CONFIRMED: [&str; 2] = ["user.erased", "agent.erased"];
/// Unmistakable, so that it can be looked for.
const REASON: &str = "Grund: Prüfung 4711, Zoë bat darum";
const REASON_SENT: &str = "Grund%3A%20Pr%C3%BCfung%204711%2C%20Zo%C3%AB%20bat%20darum";

async fn demand_reasons(world: &World) {
    let all = BTreeMap::from([(Setting::ReasonRequired, SettingValue::Word("all".into()))]);
    let command = Command::Settings(SettingsCommand::Set(all));
    world.north.submit(world.app.deployment(), Actor::Operator, command, Vec::new()).await;
}

/// The operation with its example's path naming the thing by id: a renaming that is asked for anew by the old name finds
/// nothing.
async fn by_id(world: &World, mut operation: Operation) -> Operation {
    let example = operation.example();
    operation.body = body(&world.owner(), &example).await;
    let thing = example.path.split('/').take(5).collect::<Vec<_>>().join("/");
    if operation.names_a_thing()
        && let Some(id) = world.owner().get(&thing).await.json()["id"].as_str()
    {
        operation.path = Some(example.path.replacen(
            &thing,
            &thing.replace(example.path.split('/').nth(4).unwrap(), id),
            1,
        ));
    }
    operation
}

/// Each operation that changes something, in a world of its own.
async fn each(check: impl AsyncFn(World, Operation)) {
    let operations = operations_that(Does::Changes);
    assert!(operations.len() >= 15, "the description lost its mutations");
    for operation in operations {
        check(World::new().await, operation).await;
    }
}

#[tokio::test]
async fn every_change_says_who_by_what_right_and_in_which_request() {
    each(async |world, operation| {
        let before = world.head().await;
        let owner = world.owner().with("user-agent", "audit-test/1").with("rollbook-ticket", "T-17");
        let answer = send(&owner, &operation).await;
        let created = operation.described["responses"].get("201").is_some();
        let answer = answer.expect(if created { 201 } else { 200 });
        let entries = world.changes_after(before).await;
        assert!(!entries.is_empty(), "{} left no event", operation.name);
        let batch = entries[0].metadata["batch"].clone();
        // Rollbook itself says that what was asked to be erased is gone.
        let asked = |entry: &&Entry| !CONFIRMED.contains(&entry.event_type.as_str());
        for entry in entries.iter().filter(asked) {
            let said = |name: &str| {
                let missing = || panic!("{}: {} does not say `{name}`", operation.name, entry.event_type);
                entry.metadata.get(name).cloned().unwrap_or_else(missing)
            };
            let owner = world.north.id(Kind::User, "owner").to_string();
            assert_eq!(said("actor"), format!("user:{owner}"), "{}", operation.name);
            assert_eq!(said("user"), owner);
            assert_eq!(said("actor_role"), "Owner");
            assert_eq!(
                (said("batch"), said("ip"), said("agent")),
                (batch.clone(), "127.0.0.1".into(), "audit-test/1".into())
            );
            assert_eq!(said("ticket"), "T-17");
            let channel = if operation.name.contains("/rollbacks") { "rollback" } else { "api" };
            assert_eq!(said("channel"), channel, "{}", operation.name);
            for name in ["authority", "command", "request", "session", "subjects", "at"] {
                assert!(!said(name).is_empty(), "{}: {name} is empty", operation.name);
            }
        }
        let head = world.head().await;
        assert_eq!(answer.header("rollbook-position"), Some(head.to_string().as_str()), "{}", operation.name);
    })
    .await;
}

#[tokio::test]
async fn a_change_by_api_key_names_the_key_and_its_user() {
    let world = World::new().await;
    let before = world.head().await;
    let _ = world.api_key().act("/api/v1/users/ann/block").await.expect(200);
    let entry = world.changes_after(before).await.pop().unwrap();
    assert!(entry.metadata["actor"].starts_with("api_key:"), "{entry:?}");
    assert_eq!(entry.metadata["user"], world.north.id(Kind::User, "owner").to_string());
    assert_eq!(entry.metadata.get("session"), None);
}

#[tokio::test]
async fn where_reasons_are_demanded_no_change_is_made_without_one() {
    each(async |world, operation| {
        demand_reasons(&world).await;
        let before = world.head().await;
        let answer = send(&world.owner(), &operation).await;
        let _ = answer.refused(422, "reason_required");
        let blank = send(&world.owner().with("rollbook-reason", "%20%20"), &operation).await;
        let _ = blank.refused(422, "reason_required");
        assert_eq!(world.head().await, before, "{}", operation.name);
        let answer = send(&world.owner().with("rollbook-reason", REASON_SENT), &operation).await;
        assert!(answer.is_ok(), "{}: {}", operation.name, answer.text());
        for entry in world.changes_after(before).await {
            // A reason to erase somebody is theirs, and goes with them.
            let wanted = if operation.name.ends_with("/erase") { "[erased]" } else { REASON };
            let said = entry.metadata.get("reason").map(String::as_str);
            if CONFIRMED.contains(&entry.event_type.as_str()) {
                continue;
            }
            assert_eq!(said, Some(wanted), "{}", operation.name);
        }
        for row in world.raw().await {
            // With a space in it, no id and no commitment looks like it by chance.
            let told = [&row.metadata, &row.payload].into_iter().any(|text| text.contains("bat darum"));
            assert!(!told, "{}", operation.name);
        }
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_leaves_nothing() {
    let world = World::new().await;
    let before = world.head().await;
    for operation in operations_that(Does::Changes) {
        let owner = world.owner().with("rollbook-dry-run", "true").with("idempotency-key", "dry");
        let answer = send(&owner, &operation).await.expect(200);
        let events = answer.json()["events"].as_array().cloned().unwrap_or_default();
        assert!(!events.is_empty(), "{}: {}", operation.name, answer.text());
        for event in events {
            let told = event["type"].is_string()
                && event["subject"]["kind"].is_string()
                && event["changes"].is_array();
            assert!(told, "{}: {event}", operation.name);
        }
    }
    assert_eq!(world.head().await, before);
}

/// Of every change, rollbacks included: the dry run told the events that came of it, in their order.
#[tokio::test]
async fn a_dry_run_tells_the_events_that_the_change_then_appends() {
    each(async |world, mut operation| {
        operation.body = body(&world.owner(), &operation.example()).await;
        let dry = send(&world.owner().with("rollbook-dry-run", "true"), &operation).await.expect(200);
        let before = world.head().await;
        let done = send(&world.owner(), &operation).await;
        assert!(done.is_ok(), "{}: {}", operation.name, done.text());
        let told = dry.json()["events"].as_array().cloned().unwrap_or_default();
        let told: Vec<_> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
        let entries = world.changes_after(before).await;
        // Rollbook itself confirms an erasure, by a command of its own.
        let names =
            entries.iter().map(|entry| entry.event_type.as_str()).filter(|name| !CONFIRMED.contains(name));
        assert_eq!(told, names.collect::<Vec<_>>(), "{}", operation.name);
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_of_a_rollback_tells_each_event_with_its_subject_and_changes() {
    let world = World::new().await;
    let edit = json!({ "login": "anna", "name": "Anna" });
    let _ = world.owner().patch("/api/v1/users/ann", &edit).await.expect(200);
    let id = world.north.id(Kind::User, "anna");
    let select = json!({ "subject": { "kind": "user", "id": "anna" }, "to": { "version": 1 } });
    let plan = world.owner().post("/api/v1/rollbacks/plan", &json!({ "select": select })).await.expect(200);
    let apply = json!({ "plan": plan.json()["id"], "select": select });
    let dry = world.owner().with("rollbook-dry-run", "true").post("/api/v1/rollbacks", &apply).await;
    let dry = dry.expect(200).json();
    let subject = json!({ "kind": "user", "id": id });
    let event = |name: &str, field: &str, from: &str, to: &str| {
        let change = json!({ "subject": subject, "field": field, "from": from, "to": to });
        json!({ "type": name, "subject": subject, "changes": [change] })
    };
    let events = dry["events"].as_array().unwrap();
    assert!(events.contains(&event("user.login_changed", "login", "anna", "ann")), "{events:#?}");
    assert!(events.contains(&event("user.renamed", "name", "Anna", "Person ann")), "{events:#?}");
    assert_eq!(dry["affected"], plan.json()["affected"]);
}

#[tokio::test]
async fn the_same_idempotency_key_applies_once() {
    each(async |world, operation| {
        let owner = world.owner().with("idempotency-key", "once");
        let mut operation = operation;
        operation.body = body(&world.owner(), &operation.example()).await;
        let operation = &operation;
        let first = send(&owner, operation).await;
        assert!(first.is_ok(), "{}: {}", operation.name, first.text());
        let (after, status) = (world.head().await, first.status);
        let second = send(&owner, operation).await.expect(status);
        assert_eq!(second.header("rollbook-replayed"), Some("true"), "{}", operation.name);
        assert_eq!(
            second.header("rollbook-position"),
            first.header("rollbook-position"),
            "{}",
            operation.name
        );
        assert_eq!(second.header("etag"), first.header("etag"), "{}", operation.name);
        let other = world.owner().with("idempotency-key", "once").with("rollbook-reason", "another");
        let _ = send(&other, operation).await.refused(422, "idempotency_key_reused");
        assert_eq!(world.head().await, after, "{}", operation.name);
    })
    .await;
}

#[tokio::test]
async fn a_change_of_what_has_changed_since_is_refused() {
    let world = World::new().await;
    let before = world.head().await;
    for operation in operations_that(Does::Changes).into_iter().filter(Operation::names_a_thing) {
        let stale = send(&world.owner().with("if-match", "\"1\""), &operation).await;
        let _ = stale.refused(412, "precondition_failed");
        for tag in ["1", "W/\"1\"", "*", "\"one\"", "\"-1\"", "\"1\", \"2\"", "\"99999999999999999999999\""] {
            let answer = send(&world.owner().with("if-match", tag), &operation).await.refused(422, "invalid");
            assert_eq!(answer.pointers(), ["If-Match"], "{tag}");
        }
    }
    assert_eq!(world.head().await, before);
    let tag = world.owner().get("/api/v1/users/ann").await.header("etag").unwrap().to_owned();
    let _ = world.owner().with("if-match", tag).act("/api/v1/users/ann/block").await.expect(200);
}

/// Whoever sends it counts on it.
#[tokio::test]
async fn a_precondition_that_cannot_be_held_against_anything_is_refused() {
    let world = World::new().await;
    let of_settings = |operation: &Operation| operation.name.ends_with("/settings");
    let before = world.head().await;
    for operation in operations_that(Does::Changes) {
        if operation.names_a_thing() || of_settings(&operation) {
            continue;
        }
        let answer = send(&world.owner().with("if-match", "\"1\""), &operation).await.refused(422, "invalid");
        assert_eq!(answer.pointers(), ["If-Match"], "{}", operation.name);
    }
    assert_eq!(world.head().await, before);
}

#[tokio::test]
async fn asking_for_what_is_so_already_leaves_no_event() {
    each(async |world, operation| {
        // What makes something new each time is another thing each time.
        if operation.method() != "PUT" && operation.method() != "PATCH"
            || operation.name.ends_with("/password")
        {
            return;
        }
        let operation = &by_id(&world, operation).await;
        let first = send(&world.owner(), operation).await.expect(200);
        let after = world.head().await;
        let again = send(&world.owner(), operation).await.expect(200);
        assert_eq!(again.json(), first.json(), "{}", operation.name);
        assert_eq!(world.head().await, after, "{}", operation.name);
    })
    .await;
}

/// A retry names the same path, which by then may belong to another entity.
#[tokio::test]
async fn a_retry_is_never_answered_with_an_entity_that_took_the_name_over() {
    let world = World::new().await;
    let owner = world.owner();
    let made = owner.post("/api/v1/keys", &json!({ "name": "OLD" })).await.expect(201).json()["id"].clone();
    let rename = async || {
        world
            .owner()
            .with("idempotency-key", "again")
            .patch("/api/v1/keys/OLD", &json!({ "name": "NEW" }))
            .await
    };
    assert_eq!(rename().await.expect(200).json()["id"], made);
    let _ = owner.post("/api/v1/keys", &json!({ "name": "OLD" })).await.expect(201);
    assert_eq!(rename().await.expect(200).json()["id"], made);
}

//! Nobody gets more than they hold, by whatever route.

use rollbook_tests::app::World;
use serde_json::{Value, json};

/// What a manager and an administrator must not be able to do, as requests by that person.
fn attempts() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let all = json!([{ "permission": "settings.edit", "scope": "all" }]);
    let any = json!([{ "permission": "access.grant_any", "scope": "all" }]);
    vec![
        ("manager", "PUT", "/users/ann/role", json!({ "role": "administrator" })),
        ("manager", "PUT", "/users/ann/role", json!({ "role": "manager" })),
        ("manager", "PUT", "/users/manager/role", json!({ "role": "owner" })),
        ("manager", "PUT", "/users/owner/role", json!({ "role": "agent" })),
        ("manager", "PUT", "/users/ann/custom-profile", json!({ "grants": all })),
        ("manager", "PUT", "/users/manager/custom-profile", json!({ "grants": [] })),
        ("manager", "PUT", "/users/ann/keys", json!({ "superuser": true })),
        ("manager", "PUT", "/users/manager/keys", json!({ "masterkey": true })),
        ("manager", "POST", "/users/bulk", json!({ "ids": ["ann", "manager"], "set": { "role": "owner" } })),
        ("manager", "POST", "/users/bulk", json!({ "ids": ["owner"], "set": { "status": "blocked" } })),
        ("manager", "POST", "/users", json!({ "login": "x", "name": "X", "role": "owner" })),
        ("manager", "POST", "/users", json!({ "login": "x", "name": "X", "role": "manager" })),
        ("manager", "PUT", "/users/owner/password", json!({ "new": "taken over now" })),
        ("manager", "PUT", "/users/ann/password", json!({ "new": "taken over now" })),
        ("manager", "POST", "/users/ann/api-key", Value::Null),
        ("manager", "POST", "/api-tokens", json!({ "name": "T", "user": "ann" })),
        ("manager", "POST", "/api-tokens", json!({ "name": "T" })),
        ("manager", "DELETE", "/api-tokens/CI", Value::Null),
        ("administrator", "POST", "/api-tokens", json!({ "name": "T", "user": "owner" })),
        ("administrator", "DELETE", "/api-tokens/CI", Value::Null),
        ("agent", "POST", "/api-tokens", json!({ "name": "T" })),
        ("manager", "POST", "/users/owner/block", Value::Null),
        ("manager", "DELETE", "/users/administrator", Value::Null),
        ("manager", "POST", "/profiles", json!({ "name": "P", "grants": all })),
        ("manager", "POST", "/roles", json!({ "name": "R", "rank": 99, "grants": all })),
        ("manager", "PATCH", "/roles/Manager", json!({ "grants": all })),
        ("administrator", "PUT", "/users/administrator/role", json!({ "role": "owner" })),
        ("administrator", "PUT", "/users/ann/role", json!({ "role": "owner" })),
        ("administrator", "PUT", "/users/owner/role", json!({ "role": "agent" })),
        ("administrator", "PUT", "/users/ann/custom-profile", json!({ "grants": any })),
        ("administrator", "PUT", "/users/ann/keys", json!({ "superuser": true })),
        ("administrator", "PUT", "/users/owner/password", json!({ "new": "taken over now" })),
        ("administrator", "POST", "/users/owner/api-key", Value::Null),
        ("administrator", "POST", "/users/owner/archive", Value::Null),
        ("administrator", "POST", "/users/owner/erase", json!({ "authored": true })),
        ("administrator", "PATCH", "/users/owner", json!({ "login": "former" })),
        ("administrator", "POST", "/profiles", json!({ "name": "P", "grants": any })),
        ("administrator", "PATCH", "/profiles/Billing", json!({ "grants": any })),
        ("administrator", "POST", "/roles", json!({ "name": "R", "rank": 70, "grants": [] })),
        ("administrator", "PATCH", "/roles/Helper", json!({ "grants": any })),
        ("administrator", "PATCH", "/roles/Administrator", json!({ "rank": 70 })),
        ("supervisor", "PATCH", "/groups/East", json!({ "members": ["supervisor", "owner"] })),
        ("supervisor", "PATCH", "/agents/Agent%2F7", json!({ "group": null, "queues": {} })),
        ("supervisor", "POST", "/agents", json!({ "code": "Agent/9", "group": "East" })),
        ("manager", "POST", "/agents/Old%2Fagent/erase", Value::Null),
        ("agent", "PUT", "/users/agent/role", json!({ "role": "owner" })),
        ("agent", "POST", "/users/agent/api-key", Value::Null),
    ]
}

#[tokio::test]
async fn giving_what_one_does_not_hold_is_refused_whatever_the_route() {
    let world = World::new().await;
    let before = world.head().await;
    let mut got_through = Vec::new();
    for (who, method, path, body) in attempts() {
        let body = (!body.is_null()).then_some(body);
        let dry = world.user(who).with("rollbook-dry-run", "true");
        for client in [dry, world.user(who)] {
            let answer = client.send(method, &format!("/api/v1{path}"), body.as_ref()).await;
            // Where a rule stands in the way before the right is asked for, 409 is refusal enough.
            if !matches!(answer.status, 403 | 404 | 409) {
                got_through.push(format!("{who} {method} {path}: {} {}", answer.status, answer.text()));
            }
        }
    }
    assert!(got_through.is_empty(), "{got_through:#?}");
    assert_eq!(world.head().await, before);
}

#[tokio::test]
async fn an_api_key_may_no_more_than_its_user_and_not_their_password() {
    let world = World::new().await;
    let made = world.owner().act("/api/v1/users/manager/api-key").await.expect(201);
    let key = world.anonymous().bearer(made.json()["api_key"].as_str().unwrap());
    let role = json!({ "role": "administrator" });
    assert_eq!(key.put("/api/v1/users/ann/role", &role).await.status, 403);
    let password = json!({ "old": rollbook_tests::app::PASSWORD, "new": "taken over now" });
    let _ = key.put("/api/v1/users/manager/password", &password).await.refused(403, "api_key_cannot");
}

#[tokio::test]
async fn a_rollback_cannot_give_what_its_caller_may_not_give() {
    let world = World::new().await;
    let given = world.owner().put("/api/v1/users/ann/role", &json!({ "role": "owner" })).await.expect(200);
    let _ = world.owner().put("/api/v1/users/ann/role", &json!({ "role": "agent" })).await.expect(200);
    let to = json!({ "version": given.json()["version"] });
    let select = json!({ "subject": { "kind": "user", "id": "ann" }, "to": to });
    let before = world.head().await;
    let select_role = |plan: &Value| json!({ "plan": plan, "select": select });
    let plan = world.owner().post("/api/v1/rollbacks/plan", &json!({ "select": select })).await.expect(200);
    for who in ["administrator", "auditor", "manager"] {
        let answer = world.user(who).post("/api/v1/rollbacks", &select_role(&plan.json()["id"])).await;
        assert!(matches!(answer.status, 403 | 404 | 409), "{who}: {}", answer.text());
    }
    assert_eq!(world.head().await, before);
}

#[tokio::test]
async fn two_owners_who_demote_each_other_at_once_leave_one() {
    let world = World::new().await;
    let _ = world.owner().put("/api/v1/users/ann/role", &json!({ "role": "owner" })).await.expect(200);
    let (ann, owner, agent) = (world.user("ann"), world.owner(), json!({ "role": "agent" }));
    let (one, other) = tokio::join!(
        ann.put("/api/v1/users/owner/role", &agent),
        owner.put("/api/v1/users/ann/role", &agent)
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200, "{} {}", one.text(), other.text());
    assert!(statuses[1] >= 403, "{} {}", one.text(), other.text());
    let owners = world.user("auditor").get("/api/v1/users?role=owner").await.expect(200);
    assert_eq!(owners.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_last_owner_can_not_be_removed_by_anybody() {
    let world = World::new().await;
    let before = world.head().await;
    for (method, path, body) in [
        ("POST", "/users/owner/block", None),
        ("POST", "/users/owner/archive", None),
        ("DELETE", "/users/owner", None),
        ("PUT", "/users/owner/role", Some(json!({ "role": "agent" }))),
        ("POST", "/users/bulk", Some(json!({ "ids": ["owner"], "set": { "status": "archived" } }))),
    ] {
        let _ = world
            .owner()
            .send(method, &format!("/api/v1{path}"), body.as_ref())
            .await
            .refused(409, "last_owner");
    }
    assert_eq!(world.head().await, before);
}

//! Agents over HTTP: the link with a user and who is told of it, protections, erasing, undoing.

use rollbook_domain::kernel::id::Kind;
use rollbook_tests::app::World;
use rollbook_tests::client::Answer;
use serde_json::{Value, json};

const AGENT: &str = "/api/v1/agents/Agent%2F7";

/// Agent/7 as who signs in as it.
async fn ida(world: &World) -> Value {
    let new = json!({ "login": "agent/7", "name": "Ida", "role": "agent" });
    world.owner().post("/api/v1/users", &new).await.expect(201).json()
}

/// A user `manager` with these permissions at scope `all`, and no other.
async fn with_permissions(world: &World, permissions: &[&str]) {
    let grants: Vec<_> =
        permissions.iter().map(|permission| json!({ "permission": permission, "scope": "all" })).collect();
    let role = json!({ "name": "Narrow", "rank": 45, "grants": grants });
    let _ = world.owner().post("/api/v1/roles", &role).await.expect(201);
    let _ = world.owner().put("/api/v1/users/manager/role", &json!({ "role": "Narrow" })).await.expect(200);
}

#[tokio::test]
async fn an_agent_and_its_user_name_each_other() {
    let world = World::new().await;
    let agent = world.owner().get(AGENT).await.expect(200).json();
    assert_eq!((&agent["code"], &agent["user"]), (&json!("Agent/7"), &Value::Null));
    let before = world.head().await;
    let user = ida(&world).await;
    assert_eq!(user["agent"], agent["id"]);
    assert_eq!(world.owner().get(AGENT).await.expect(200).json()["user"], user["id"]);
    let listed = world.owner().get("/api/v1/agents?q=agent/7").await.expect(200).json();
    assert_eq!((&listed["items"][0]["user"], &listed["items"][1]), (&user["id"], &Value::Null));
    let own = world.owner().get("/api/v1/users?q=agent/7").await.expect(200).json();
    assert_eq!(own["items"][0]["agent"], agent["id"]);
    let then = world.owner().get(&format!("{AGENT}?at={before}")).await.expect(200).json();
    assert_eq!(then["user"], Value::Null, "as it was");
    let _ = world.owner().patch(AGENT, &json!({ "code": "Agent/8" })).await.expect(200);
    assert_eq!(world.owner().get("/api/v1/users/agent%2F7").await.expect(200).json()["agent"], Value::Null);
}

#[tokio::test]
async fn the_link_is_told_only_to_who_may_see_the_other() {
    let world = World::new().await;
    let user = ida(&world).await;
    // A supervisor of East sees the agent, which is in East, and not the user, who is not.
    let seen = world.user("supervisor").get(AGENT).await.expect(200).json();
    assert_eq!((&seen["code"], &seen["user"]), (&json!("Agent/7"), &Value::Null));
    with_permissions(&world, &["users.view", "users.edit"]).await;
    let manager = world.user("manager");
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    assert_eq!(manager.get(&path).await.expect(200).json()["agent"], Value::Null);
    assert_eq!(manager.get("/api/v1/users?q=agent/7").await.json()["items"][0]["agent"], Value::Null);
    let edited = manager.patch(&path, &json!({ "name": "Ida S" })).await.expect(200);
    assert_eq!(edited.json()["agent"], Value::Null);
    let _ = manager.get(AGENT).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_code_or_an_alias_names_the_agent_in_paths_and_targets() {
    let world = World::new().await;
    let id = world.north.id(Kind::Agent, "Agent/7").to_string();
    let _ = world.owner().patch(AGENT, &json!({ "aliases": ["ida7"] })).await.expect(200);
    assert_eq!(world.owner().get("/api/v1/agents/IDA7").await.expect(200).json()["id"], json!(id));
    let check = async |login: &str, target: &str| {
        let target = json!({ "kind": "agent", "id": target });
        let body = json!({ "user": login, "permission": "agents.view", "target": target });
        world.owner().post("/api/v1/check", &body).await.expect(200).json()["allowed"].clone()
    };
    assert_eq!(check("supervisor", "ida7").await, true);
    assert_eq!(check("supervisor", "Old/agent").await, false);
    assert_eq!(check("agent", &id).await, false);
    let who = world.owner().get("/api/v1/access?permission=agents.view&target=agent:ida7").await.expect(200);
    assert!(who.text().contains("supervisor"), "{}", who.text());
    let diff = world.owner().get("/api/v1/diff?from=2&subject=agent:ida7").await.expect(200);
    assert!(diff.text().contains("Agent/7"), "{}", diff.text());
}

#[tokio::test]
async fn bad_members_are_named() {
    let world = World::new().await;
    let owner = world.owner();
    let refused = async |body: Value| owner.patch(AGENT, &body).await.expect(422);
    let pointed = |answer: &Answer| answer.pointers().first().cloned().unwrap_or_default();
    for (body, pointer) in [
        (json!({ "code": "Agent 7" }), "/code"),
        (json!({ "aliases": ["ok", "a|b"] }), "/aliases/1"),
        (json!({ "extension": "1 2" }), "/extension"),
        (json!({ "group": "Nowhere" }), "/group"),
        (json!({ "supervisor": "nobody" }), "/supervisor"),
        (json!({ "visibility_key": "NOKEY" }), "/visibility_key"),
        (json!({ "queues": { "A/B": "main" } }), "/queues/A~1B"),
        (json!({ "queues": { "Sales": "front" } }), "/queues/Sales"),
        (json!({ "user": "ann" }), "/user"),
    ] {
        assert_eq!(pointed(&refused(body.clone()).await), pointer, "{body}");
    }
    let id = world.north.id(Kind::Queue, "Sales").to_string();
    let twice = refused(json!({ "queues": { "Sales": "main", id: "wrap" } })).await;
    assert!(twice.pointers()[0].starts_with("/queues/"), "{}", twice.text());
    let _ = owner.post("/api/v1/agents", &json!({ "code": "AGENT/7" })).await.refused(409, "code_taken");
    let alias = json!({ "code": "Agent/9", "aliases": ["agent/7"] });
    let _ = owner.post("/api/v1/agents", &alias).await.refused(409, "alias_taken");
}

#[tokio::test]
async fn queuemetrics_16_a_protected_agent_is_neither_edited_nor_archived_nor_undone() {
    let world = World::new().await;
    let owner = world.owner();
    let change = json!({ "extension": "107" });
    let _ = owner.patch(AGENT, &change).await.expect(200);
    let position = world.head().await;
    let _ = owner.patch(AGENT, &json!({ "update_protected": true })).await.expect(200);
    for (method, path) in
        [("DELETE", AGENT), ("DELETE", "/api/v1/groups/East"), ("DELETE", "/api/v1/queues/Sales")]
    {
        let _ = owner.send(method, path, None).await.refused(409, "update_protected");
    }
    let _ = owner.patch(AGENT, &json!({ "extension": null })).await.refused(409, "update_protected");
    let _ = owner.patch(AGENT, &change).await.expect(200);
    let select = json!({ "select": { "events": [position] } });
    let plan = owner.post("/api/v1/rollbacks/plan", &select).await.expect(200).json();
    assert_eq!(plan["blockers"][0]["code"], "update_protected", "{plan}");
    let to = json!({ "kind": "agent", "id": "Agent/7" });
    let select = json!({ "subject": to, "to": { "position": position - 1 } });
    let plan = owner.post("/api/v1/rollbacks/plan", &json!({ "select": select })).await.expect(200).json();
    let fields: Vec<_> = plan["changes"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
    assert_eq!(fields, ["update_protected", "extension"], "{plan}");
    let _ =
        owner.post("/api/v1/rollbacks", &json!({ "plan": plan["id"], "select": select })).await.expect(201);
    let now = owner.get(AGENT).await.expect(200).json();
    assert_eq!((&now["update_protected"], &now["extension"]), (&json!(false), &Value::Null));
    let both = json!({ "update_protected": false, "delete_protected": true });
    let _ = owner.patch(AGENT, &both).await.expect(200);
    let _ = owner.act(&format!("{AGENT}/archive")).await.refused(409, "delete_protected");
}

#[tokio::test]
async fn what_a_group_takes_away_when_it_is_archived_comes_back_with_it() {
    let world = World::new().await;
    let owner = world.owner();
    let before = owner.get(AGENT).await.expect(200).json();
    let _ = owner.delete("/api/v1/groups/East").await.expect(200);
    assert_eq!(owner.get(AGENT).await.expect(200).json()["group"], Value::Null);
    let history = owner.get("/api/v1/groups/East/history?limit=3").await.expect(200).text();
    assert!(history.contains("moved agent Agent/7 from group East to none"), "{history}");
    let batch = world.changes_after(world.head().await - 1).await.remove(0).metadata["batch"].clone();
    let select = json!({ "batch": batch });
    let plan = owner.post("/api/v1/rollbacks/plan", &json!({ "select": select })).await.expect(200).json();
    let _ =
        owner.post("/api/v1/rollbacks", &json!({ "plan": plan["id"], "select": select })).await.expect(201);
    assert_eq!(owner.get(AGENT).await.expect(200).json()["group"], before["group"]);
}

#[tokio::test]
async fn erasing_an_agent_leaves_nothing_of_it_but_its_id() {
    let world = World::new().await;
    let owner = world.owner();
    let id = world.north.id(Kind::Agent, "Old/agent");
    let _ = owner.act(&format!("{AGENT}/erase")).await.refused(409, "not_archived");
    let before = world.head().await;
    let erased = owner.act("/api/v1/agents/Old%2Fagent/erase").await.expect(200);
    let names: Vec<_> = world.changes_after(before).await.into_iter().map(|entry| entry.event_type).collect();
    assert_eq!(names, ["agent.erasure_requested", "agent.erased"]);
    let shown = erased.json();
    assert_eq!((&shown["code"], &shown["description"]), (&json!("[erased]"), &json!("[erased]")));
    assert_eq!((&shown["erased"], &shown["id"]), (&json!(true), &json!(id.to_string())));
    let _ = owner.get("/api/v1/agents/Old%2Fagent").await.refused(404, "not_found");
    let past = owner.get(&format!("/api/v1/agents/{id}?at={before}")).await.expect(200).json();
    assert_eq!(past["code"], "[erased]");
    for path in ["/api/v1/agents".to_owned(), format!("/api/v1/agents/{id}/history")] {
        assert!(!owner.get(&path).await.expect(200).text().contains("Old/agent"), "{path}");
    }
    // Ida sat at both: what is told of Agent/7 stays.
    let _ = owner.act(&format!("/api/v1/agents/{id}/erase")).await.expect(200);
    let _ = owner.act(&format!("/api/v1/agents/{id}/restore")).await.refused(409, "erased");
    assert_eq!(owner.get(AGENT).await.expect(200).json()["description"], "Ida Seaton");
    let again = owner.post("/api/v1/agents", &json!({ "code": "Old/agent" })).await.expect(201);
    assert_ne!(again.json()["id"], shown["id"]);
}

#[tokio::test]
async fn erasing_a_user_erases_the_agent_they_signed_in_as() {
    let world = World::new().await;
    let owner = world.owner();
    let user = ida(&world).await["id"].as_str().unwrap().to_owned();
    let agent = world.north.id(Kind::Agent, "Agent/7");
    let _ = owner.delete(&format!("/api/v1/users/{user}")).await.expect(200);
    let _ = owner.patch(AGENT, &json!({ "delete_protected": true })).await.expect(200);
    let erase = async || owner.post(&format!("/api/v1/users/{user}/erase"), &json!({})).await;
    let _ = erase().await.refused(409, "delete_protected");
    let _ = owner.patch(AGENT, &json!({ "delete_protected": false })).await.expect(200);
    let before = world.head().await;
    let _ = erase().await.expect(200);
    let names: Vec<_> = world.changes_after(before).await.into_iter().map(|entry| entry.event_type).collect();
    let caused = ["agent.level_set", "agent.group_set", "agent.archived", "agent.erasure_requested"];
    let ended = ["user.erasure_requested", "agent.erased", "user.erased"];
    assert_eq!(names, [caused.as_slice(), &ended].concat());
    for path in [format!("/api/v1/users/{user}"), format!("/api/v1/agents/{agent}")] {
        let text = owner.get(&path).await.expect(200).text().to_lowercase();
        assert!(!text.contains("ida") && !text.contains("agent/7"), "{text}");
    }
}

#[tokio::test]
async fn queues_have_the_same_protections() {
    let world = World::new().await;
    let (owner, sales) = (world.owner(), "/api/v1/queues/Sales");
    let _ =
        owner.patch(sales, &json!({ "update_protected": true, "delete_protected": true })).await.expect(200);
    let _ = owner.patch(sales, &json!({ "name": "Selling" })).await.refused(409, "update_protected");
    let _ = owner.delete(sales).await.refused(409, "delete_protected");
    let served = owner.patch(sales, &json!({ "agents": ["ann"] })).await.expect(200).json();
    assert_eq!((&served["update_protected"], &served["delete_protected"]), (&json!(true), &json!(true)));
    let away = json!({ "update_protected": false, "delete_protected": false, "name": "Selling" });
    assert_eq!(owner.patch(sales, &away).await.expect(200).json()["name"], "Selling");
}

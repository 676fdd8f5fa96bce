//! Agents in the catalogs of the products: who edits them there, and who sees one that has a key.

use crate::products_world::World;
use rollbook_tests::client::Client;
use serde_json::{Value, json};

/// The codes of the agents that somebody sees.
async fn codes(who: &Client) -> Value {
    let page = who.get("/api/v1/agents").await.expect(200).json();
    page["items"].as_array().unwrap().iter().map(|agent| agent["code"].clone()).collect()
}

#[tokio::test]
async fn queuemetrics_11_agents_are_edited_by_usr_agent_and_one_with_a_key_is_seen_by_its_holders() {
    let world = World::founded("queuemetrics").await;
    let bo = world.add("bo", "User", None).await;
    // Who may grant any may take the masterkey, and then give keys.
    let _ = world.put("/users/ada/keys", json!({ "masterkey": true })).await.expect(200);
    let _ = world.post("/keys", json!({ "name": "KA" })).await.expect(201);
    let _ = world.post("/groups", json!({ "name": "Night" })).await.expect(201);
    for queue in ["Sales", "Care", "Trunk"] {
        let _ = world.post("/queues", json!({ "name": queue })).await.expect(201);
    }
    let levels = json!({ "Sales": "main", "Care": "wrap", "Trunk": "spill" });
    let whole = json!({
        "code": "Agent/101", "description": "Ann Onym", "aliases": ["ann", "a101"], "location": "Lugano",
        "group": "Night", "supervisor": "bo", "payroll_code": "P7", "extension": "101", "queues": levels,
    });
    let made = world.post("/agents", whole.clone()).await.expect(201).json();
    for member in ["code", "description", "location", "payroll_code", "extension"] {
        assert_eq!(made[member], whole[member], "{member}");
    }
    let group = world.ada.get("/api/v1/groups/Night").await.expect(200).json();
    assert_eq!((&made["group"], made["aliases"].as_array().unwrap().len()), (&group["id"], 2));
    let user = world.ada.get("/api/v1/users/bo").await.expect(200).json();
    assert_eq!(made["supervisor"], user["id"]);
    for (queue, level) in levels.as_object().unwrap() {
        let queue = world.ada.get(&format!("/api/v1/queues/{queue}")).await.expect(200).json();
        assert_eq!(&made["queues"][queue["id"].as_str().unwrap()], level);
    }
    let kept = json!({ "code": "Agent/102", "visibility_key": "KA" });
    let _ = world.post("/agents", kept).await.expect(201);

    let new = json!({ "code": "Agent/103" });
    assert_eq!(codes(&bo).await, json!([]));
    let _ = bo.get("/api/v1/agents/Agent%2F101").await.refused(404, "not_found");
    let _ = bo.post("/api/v1/agents", &new).await.refused(403, "permission_missing");
    let _ = world.put("/users/bo/keys", json!({ "keys": ["USR_AGENT"] })).await.expect(200);
    assert_eq!(codes(&bo).await, json!(["Agent/101"]));
    let _ = bo.get("/api/v1/agents/Agent%2F102").await.refused(404, "not_found");
    let _ = bo.post("/api/v1/agents", &new).await.expect(201);
    let _ = bo.patch("/api/v1/agents/Agent%2F103", &json!({ "extension": "103" })).await.expect(200);
    let _ = bo.delete("/api/v1/agents/Agent%2F103").await.expect(200);
    let erased = bo.act("/api/v1/agents/Agent%2F103/erase").await;
    let _ = erased.refused(403, "permission_missing");
    let _ = world.put("/users/bo/keys", json!({ "keys": ["USR_AGENT", "KA"] })).await.expect(200);
    assert_eq!(codes(&bo).await, json!(["Agent/101", "Agent/102", "Agent/103"]));
}

#[tokio::test]
async fn xcally_and_ucontact_agents_are_those_of_whoever_has_the_section_or_the_module() {
    for (catalog, role, sees, edits) in [
        (
            "xcally",
            "User",
            "staff_agents.read",
            ["staff_agents.edit", "staff_agents.edit", "staff_agents.delete"],
        ),
        (
            "ucontact",
            "Agent",
            "users.access_to_users",
            ["users.create_users", "users.update_users", "users.delete_users"],
        ),
    ] {
        let world = World::founded(catalog).await;
        let _ = world.post("/agents", json!({ "code": "101" })).await.expect(201);
        let granted = |names: &[&str]| {
            let grants: Vec<_> = names.iter().map(|it| json!({ "permission": it, "scope": "all" })).collect();
            json!({ "name": "Leads", "grants": grants })
        };
        let _ = world.post("/profiles", granted(&[])).await.expect(201);
        let bo = world.add("bo", role, Some("Leads")).await;
        assert_eq!(codes(&bo).await, json!([]), "{catalog}");
        let _ = world.ada.patch("/api/v1/profiles/Leads", &granted(&[sees])).await.expect(200);
        assert_eq!(codes(&bo).await, json!(["101"]), "{catalog}");
        let refused = bo.post("/api/v1/agents", &json!({ "code": "102" })).await;
        let _ = refused.refused(403, "permission_missing");
        let whole = granted(&[&[sees][..], &edits].concat());
        let _ = world.ada.patch("/api/v1/profiles/Leads", &whole).await.expect(200);
        let _ = bo.post("/api/v1/agents", &json!({ "code": "102" })).await.expect(201);
        let _ = bo.patch("/api/v1/agents/102", &json!({ "location": "Lugano" })).await.expect(200);
        let _ = bo.delete("/api/v1/agents/102").await.expect(200);
        let _ = bo.act("/api/v1/agents/102/erase").await.refused(403, "permission_missing");
        let _ = world.ada.act("/api/v1/agents/102/erase").await.expect(200);
    }
}

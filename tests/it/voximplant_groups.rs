//! Voximplant Kit over HTTP: settings of groups over general ones.

use crate::products_world::World;
use rollbook_tests::client::Client;
use serde_json::{Value, json};

async fn of(who: &Client, user: &str) -> Value {
    who.get(&format!("/api/v1/users/{user}/settings")).await.expect(200).json()["settings"]["outbound_calls"]
        .clone()
}

fn calls(on: bool) -> Value {
    json!({ "outbound_calls": on })
}

#[tokio::test]
async fn voximplant_7_a_groups_setting_holds_for_its_members_and_what_forbids_wins() {
    let world = World::founded("voximplant").await;
    let mae = world.add("mae", "Manager", None).await;
    let ann = world.add("ann", "Agent", None).await;
    // Call permissions are a section of the general settings that managers edit.
    let _ = mae.patch("/api/v1/settings", &calls(false)).await.expect(200);
    let _ = mae
        .patch("/api/v1/settings", &json!({ "session_hours": 1 }))
        .await
        .refused(403, "permission_missing");
    assert_eq!(of(&ann, "ann").await, json!({ "value": false, "groups": [] }));
    let group = async |name: &str, on: bool| {
        let body = json!({ "name": name, "members": ["ann"], "settings": calls(on) });
        mae.post("/api/v1/groups", &body).await.expect(201).json()["id"].clone()
    };
    let callers = group("Callers", true).await;
    let position = world.ada.get("/api/v1/organization").await.expect(200).json()["position"].clone();
    assert_eq!(of(&ann, "ann").await, json!({ "value": true, "groups": [callers] }));
    assert_eq!(of(&mae, "mae").await, json!({ "value": false, "groups": [] }));
    let quiet = group("Quiet", false).await;
    assert_eq!(of(&mae, "ann").await, json!({ "value": false, "groups": [quiet] }));
    let path = format!("/api/v1/users/ann/settings?at={position}");
    let then = mae.get(&path).await.expect(200).json();
    assert_eq!(then["settings"]["outbound_calls"], json!({ "value": true, "groups": [callers] }));
    let _ = ann.get("/api/v1/users/mae/settings").await.refused(404, "not_found");
}

#[tokio::test]
async fn voximplant_7_a_group_sets_nothing_but_what_groups_may_override() {
    let world = World::founded("voximplant").await;
    let _ = world.add("ann", "Agent", None).await;
    for (settings, code) in [
        (json!({ "session_hours": 1 }), "not_by_group"),
        (json!({ "outbound_calls": "yes" }), "not_acceptable"),
        (json!({ "inbound_calls": true }), "no_such_setting"),
    ] {
        let body = json!({ "name": "Night", "settings": settings });
        let refused = world.post("/groups", body).await.refused(422, "invalid");
        assert_eq!(refused.json()["errors"][0]["code"], code);
    }
}

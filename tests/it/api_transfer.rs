//! Passing an organization on, over HTTP; the rules are told in `domain/src/organization/tests/transfer.rs`.

use crate::products_world::World;
use serde_json::{Value, json};

#[tokio::test]
async fn voximplant_3_ownership_is_passed_to_an_administrator_in_one_change() {
    let world = World::founded("voximplant").await;
    let max = world.add("max", "Manager", None).await;
    let admin = world.add("admin", "Administrator", None).await;
    let refused = world.post("/organization/transfer", json!({ "to": "max" })).await;
    let _ = refused.refused(403, "permission_missing");
    let second = world.put("/users/admin/role", json!({ "role": "Owner" })).await;
    let _ = second.refused(409, "role_is_single");
    let to_max = json!({ "to": "max" });
    let _ = admin.post("/api/v1/organization/transfer", &to_max).await.refused(403, "permission_missing");
    let _ = max.post("/api/v1/organization/transfer", &to_max).await.refused(403, "permission_missing");
    let dry = world.ada.clone().with("rollbook-dry-run", "true");
    let to_admin = json!({ "to": "admin" });
    let preview = dry.post("/api/v1/organization/transfer", &to_admin).await.expect(200).json();
    let types: Vec<_> = preview["events"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert_eq!(types, ["user.role_assigned", "user.role_assigned"]);
    let taken = world.post("/organization/transfer", to_admin).await.expect(200).json();
    assert_eq!(taken["login"], "admin");
    let roles = admin.get("/api/v1/roles").await.expect(200).json();
    let named = |id: &Value| {
        let mut items = roles["items"].as_array().unwrap().iter();
        items.find(|role| role["id"] == *id).unwrap()["name"].clone()
    };
    let ada = admin.get("/api/v1/users/ada").await.expect(200).json();
    assert_eq!((named(&taken["role"]), named(&ada["role"])), (json!("Owner"), json!("Administrator")));
    let history = |login: &str| format!("/api/v1/users/{login}/history?limit=1");
    let batch = admin.get(&history("ada")).await.expect(200).json()["items"][0]["batch"].clone();
    assert_eq!(admin.get(&history("admin")).await.expect(200).json()["items"][0]["batch"], batch);
    let _ =
        world.post("/organization/transfer", json!({ "to": "max" })).await.refused(403, "permission_missing");
}

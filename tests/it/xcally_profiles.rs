//! XCALLY over HTTP: permission types of a profile's sections, masked parts, and custom dashboards user by user.

use crate::products_world::World;
use serde_json::{Value, json};

/// Of these permissions, those that `bo` has.
async fn held(world: &World, names: &[&str]) -> Vec<String> {
    let mut held = Vec::new();
    for name in names {
        if world.may("bo", name, Value::Null, json!({})).await {
            held.push((*name).to_owned());
        }
    }
    held
}

#[tokio::test]
async fn xcally_11_a_profile_keeps_its_default_type_and_sections_inherit_it_unless_overridden() {
    let world = World::founded("xcally").await;
    let sections = json!({ "reports": "inherit", "telephones": "Read & Delete" });
    let body = json!({ "name": "Leads", "default_type": "Read", "sections": sections });
    let leads = world.post("/profiles", body).await.expect(201).json();
    assert_eq!(
        (&leads["default_type"], &leads["sections"], &leads["grants"]),
        (&json!("Read"), &sections, &json!([]))
    );
    let _ = world.add("bo", "User", Some("Leads")).await;
    let all = ["reports.read", "reports.edit", "telephones.read", "telephones.edit", "telephones.delete"];
    assert_eq!(held(&world, &all).await, ["reports.read", "telephones.read", "telephones.delete"]);
    let dry = world.ada.clone().with("rollbook-dry-run", "true");
    let wider = json!({ "default_type": "Read & Edit" });
    let preview = dry.patch("/api/v1/profiles/Leads", &wider).await.expect(200).json();
    let gained = preview["affected"]["users"][0]["gained"].as_array().unwrap();
    assert_eq!(gained.len(), 1, "{preview}");
    assert_eq!(gained[0], json!({ "permission": "reports.edit", "scope": "all" }));
    let _ = world.ada.patch("/api/v1/profiles/Leads", &wider).await.expect(200);
    assert_eq!(
        held(&world, &all).await,
        ["reports.read", "reports.edit", "telephones.read", "telephones.delete"]
    );
    let why = world.ada.get("/api/v1/users/bo/permissions").await.expect(200).json();
    let item =
        why["items"].as_array().unwrap().iter().find(|item| item["permission"] == "reports.edit").unwrap();
    assert_eq!(
        (&item["reasons"][0]["source"], &item["reasons"][0]["name"]),
        (&json!("profile"), &json!("Leads"))
    );
    let history = world.ada.get("/api/v1/profiles/Leads/history").await.expect(200).json();
    let sentence = "changed the default permission type of profile Leads from Read to Read & Edit";
    assert_eq!(history["items"][0]["sentence"], sentence);
    // Back by a plan.
    let select =
        json!({ "subject": { "kind": "profile", "id": leads["id"] }, "to": { "version": leads["version"] } });
    let plan = world.post("/rollbacks/plan", json!({ "select": select })).await.expect(200).json();
    let _ = world.post("/rollbacks", json!({ "plan": plan["id"], "select": select })).await.expect(201);
    assert_eq!(held(&world, &all).await, ["reports.read", "telephones.read", "telephones.delete"]);
    for (body, pointer) in [
        (json!({ "default_type": "Everything" }), "/default_type"),
        (json!({ "sections": { "users": "Read" } }), "/sections/users"),
        (json!({ "sections": { "reports": "Everything" } }), "/sections/reports"),
        (json!({ "sections": { "reports": null } }), "/sections/reports"),
    ] {
        let refused = world.ada.patch("/api/v1/profiles/Leads", &body).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), [pointer]);
    }
}

#[tokio::test]
async fn xcally_11_masked_parts_are_told_with_how_many_characters_are_hidden() {
    let world = World::founded("xcally").await;
    let masked = json!({
        "permission": "contact_lists.read", "scope": "all", "limits": { "without_parts": ["phone", "name"] }
    });
    let clear = json!({ "permission": "contact_lists.edit", "scope": "all" });
    let _ = world.post("/profiles", json!({ "name": "Leads", "grants": [masked, clear] })).await.expect(201);
    let _ = world.add("bo", "User", Some("Leads")).await;
    let ask = async |permission: &str, part: &str| {
        let target = json!({ "kind": "element", "id": "leads" });
        let body =
            json!({ "user": "bo", "permission": permission, "target": target, "facts": { "part": part } });
        world.post("/check", body).await.expect(200).json()
    };
    let mask = |characters: u32| json!({ "parts": ["name", "phone"], "characters": characters });
    let phone = ask("contact_lists.read", "phone").await;
    assert_eq!((&phone["allowed"], &phone["masked"]), (&json!(false), &mask(4)));
    let email = ask("contact_lists.read", "email").await;
    assert_eq!((&email["allowed"], &email["masked"]), (&json!(true), &mask(4)));
    assert_eq!(ask("contact_lists.edit", "phone").await["masked"], Value::Null);
    let _ = world.ada.patch("/api/v1/settings", &json!({ "mask_characters": 6 })).await.expect(200);
    assert_eq!(ask("contact_lists.read", "phone").await["masked"], mask(6));
    let shown = world.ada.get("/api/v1/users/bo/permissions").await.expect(200).json();
    assert_eq!(shown["mask_characters"], 6);
    assert_eq!(
        world.ada.get("/api/v1/users/ada/permissions").await.expect(200).json()["mask_characters"],
        Value::Null
    );
    let _ =
        world.ada.patch("/api/v1/settings", &json!({ "mask_characters": 101 })).await.refused(422, "invalid");
}

#[tokio::test]
async fn xcally_14_custom_dashboards_are_on_for_one_user_beside_the_profile() {
    let world = World::founded("xcally").await;
    let shared = json!({ "permission": "custom_dashboards.read", "scope": "elements", "elements": ["team"] });
    let _ = world.post("/profiles", json!({ "name": "Leads", "grants": [shared] })).await.expect(201);
    let bo = world.add("bo", "User", Some("Leads")).await;
    let _ = world.add("cy", "User", Some("Leads")).await;
    let sees = async |user: &str| {
        let mut seen = Vec::new();
        for id in ["team", "sales", "care"] {
            let target = json!({ "kind": "element", "id": id });
            if world.may(user, "custom_dashboards.read", target, json!({})).await {
                seen.push(id);
            }
        }
        seen
    };
    let on = json!({ "custom_dashboards.read": ["sales"] });
    let shown = world.put("/users/bo/elements", json!({ "elements": on })).await.expect(200).json();
    assert_eq!(shown["elements"], on);
    assert_eq!((sees("bo").await, sees("cy").await), (vec!["team", "sales"], vec!["team"]));
    let off = world.put("/users/bo/elements", json!({ "elements": {} })).await.expect(200).json();
    assert_eq!((&off["elements"], sees("bo").await), (&json!({}), vec!["team"]));
    let own = json!({ "elements": on });
    let _ = bo.put("/api/v1/users/bo/elements", &own).await.refused(403, "permission_missing");
    for (body, pointer) in [
        (json!({ "elements": { "reports.read": ["sales"] } }), "/elements/reports.read"),
        (json!({ "elements": { "no.such": ["sales"] } }), "/elements/no.such"),
        (json!({ "elements": { "custom_dashboards.read": [" sales"] } }), "/elements/custom_dashboards.read"),
        (json!({}), "/elements"),
    ] {
        let refused = world.put("/users/bo/elements", body).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), [pointer]);
    }
    let catalog = world.catalog().await;
    assert_eq!(catalog["own_elements"], json!(["custom_dashboards"]));
}

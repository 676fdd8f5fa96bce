//! What every record says of itself: by whom it was made and changed last, and when.

use crate::products_world::World;
use rollbook_tests::client::Client;
use serde_json::{Value, json};

async fn read(who: &Client, path: &str) -> Value {
    who.get(&format!("/api/v1{path}")).await.expect(200).json()
}

fn actor(stamp: &Value) -> (&str, Option<&str>) {
    (stamp["by"]["kind"].as_str().unwrap(), stamp["by"]["label"].as_str())
}

#[tokio::test]
async fn queuemetrics_13_every_record_says_who_made_it_who_changed_it_last_and_when() {
    let world = World::founded("queuemetrics").await;
    let bo = world.add("bo", "Admin", None).await;
    let made = [
        ("/roles", json!({ "name": "Night shift", "rank": 5 }), "/roles/Night%20shift"),
        ("/keys", json!({ "name": "KA" }), "/keys/KA"),
        ("/queues", json!({ "name": "Sales" }), "/queues/Sales"),
        ("/groups", json!({ "name": "Night" }), "/groups/Night"),
        ("/agents", json!({ "code": "Agent/101" }), "/agents/Agent%2F101"),
        ("/users", json!({ "login": "cy", "name": "Cy", "role": "User" }), "/users/cy"),
    ];
    for (path, body, one) in made {
        let created = world.post(path, body).await.expect(201).json();
        assert_eq!(actor(&created["created"]), ("user", Some("ada")), "{path}");
        assert_eq!(created["created"], created["updated"], "{path}");
        let named = if path == "/agents" || path == "/users" { "extension" } else { "description" };
        let change = if path == "/users" { json!({ "name": "Cyd" }) } else { json!({ named: "7" }) };
        let changed = bo.patch(&format!("/api/v1{one}"), &change).await.expect(200).json();
        assert_eq!(changed["created"], created["created"], "{path}");
        assert_eq!(actor(&changed["updated"]), ("user", Some("bo")), "{path}");
        assert!(changed["updated"]["at"].as_str() > created["updated"]["at"].as_str(), "{path}");
        let newest = &read(&world.ada, &format!("{one}/history")).await["items"][0];
        assert_eq!(changed["updated"]["at"], newest["at"], "{path}");
        let then = read(&world.ada, &format!("{one}?at={}", changed["position"])).await;
        assert_eq!(
            (&then["created"], &then["updated"]),
            (&changed["created"], &changed["updated"]),
            "{path}"
        );
    }
    assert_eq!(actor(&read(&world.ada, "/roles/Visitor").await["created"]), ("operator", None));
}

#[tokio::test]
async fn who_made_a_record_is_told_to_those_alone_who_may_see_them() {
    let world = World::founded("xcally").await;
    let roles =
        [("Hand", vec!["groups.view", "groups.edit", "groups.create"]), ("Reader", vec!["groups.view"])];
    for (name, permissions) in roles {
        let grants: Vec<_> =
            permissions.iter().map(|one| json!({ "permission": one, "scope": "all" })).collect();
        let body = json!({ "name": name, "rank": 5, "grants": grants });
        let _ = world.post("/roles", body).await.expect(201);
    }
    let hand = world.add("hand", "Hand", None).await;
    let reader = world.add("reader", "Reader", None).await;
    let made = hand.post("/api/v1/groups", &json!({ "name": "Night" })).await.expect(201).json();
    assert_eq!(actor(&made["created"]), ("user", Some("hand")), "oneself one sees");
    let key = world.ada.act("/api/v1/users/hand/api-key").await.expect(201).json();
    let by_key = world.anonymous.clone().bearer(key["api_key"].as_str().unwrap());
    let _ = by_key.patch("/api/v1/groups/Night", &json!({ "description": "7" })).await.expect(200);
    let listed = read(&reader, "/groups").await["items"][0].clone();
    for seen in [read(&reader, "/groups/Night").await, listed] {
        for (stamp, kind) in [("created", "user"), ("updated", "api_key")] {
            assert_eq!(seen[stamp]["by"], json!({ "kind": kind, "id": null, "label": null }), "{stamp}");
            assert!(seen[stamp]["at"].is_string());
        }
    }
    let all = read(&world.ada, "/groups/Night").await;
    assert_eq!(
        (actor(&all["created"]), actor(&all["updated"])),
        (("user", Some("hand")), ("api_key", Some("hand")))
    );
    assert!(all["created"]["by"]["id"].is_string() && all["updated"]["by"]["id"].is_string());
}

#[tokio::test]
async fn a_record_changed_with_an_api_key_names_the_key_and_its_owner_as_they_are_called_then() {
    let world = World::founded("xcally").await;
    let bo = world.add("bo", "Admin", None).await;
    let key = bo.act("/api/v1/users/bo/api-key").await.expect(201).json();
    let by_key = world.anonymous.clone().bearer(key["api_key"].as_str().unwrap());
    let made = by_key.post("/api/v1/profiles", &json!({ "name": "Care" })).await.expect(201).json();
    assert_eq!(actor(&made["created"]), ("api_key", Some("bo")));
    assert!(made["created"]["by"]["id"].is_string());
    let _ = world.ada.patch("/api/v1/users/bo", &json!({ "login": "bob" })).await.expect(200);
    assert_eq!(actor(&read(&world.ada, "/profiles/Care").await["created"]), ("api_key", Some("bob")));
    let _ = world.ada.delete("/api/v1/users/bob").await.expect(200);
    let _ = world.ada.post("/api/v1/users/bob/erase", &json!({})).await.expect(200);
    let now = read(&world.ada, "/profiles/Care").await;
    assert_eq!(
        (actor(&now["created"]).0, &now["created"]["by"]["id"]),
        ("api_key", &made["created"]["by"]["id"])
    );
    assert_ne!(actor(&now["created"]).1, Some("bob"));
}

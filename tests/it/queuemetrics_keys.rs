//! QueueMetrics over HTTP: keys as one text, the picker of keys, and the warning beside the masterkey.

use crate::products_world::World;
use rollbook_tests::client::Answer;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn texts(list: &Value) -> BTreeSet<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

fn details(refused: &Answer) -> Vec<String> {
    let body = refused.json();
    let errors = body["errors"].as_array().unwrap();
    errors.iter().map(|error| error["detail"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn queuemetrics_6_keys_are_one_text_or_a_list_and_the_text_reads_back_as_it_was_written() {
    let world = World::founded("queuemetrics").await;
    let _ = world.add("bo", "User", None).await;
    let _ = world.post("/keys", json!({ "name": "Night" })).await.expect(201);
    // The case of a key is that of the key, however it is typed.
    let typed = json!({ "keys": " usradmin\n NIGHT -chpasswd  Night " });
    let bo = world.put("/users/bo/keys", typed).await.expect(200).json();
    assert_eq!(bo["keys_text"], "Night USRADMIN -CHPASSWD");
    assert_eq!(texts(&bo["keys"]), BTreeSet::from(["Night", "USRADMIN", "-CHPASSWD"]));
    let again = world.put("/users/bo/keys", json!({ "keys": bo["keys_text"] })).await.expect(200).json();
    assert_eq!(again["version"], bo["version"], "the text that was shown changes nothing");
    let by_list = world.put("/users/bo/keys", json!({ "keys": bo["keys"] })).await.expect(200).json();
    assert_eq!(by_list["version"], bo["version"]);
    let none = world.put("/users/bo/keys", json!({ "keys": "" })).await.expect(200).json();
    assert_eq!((&none["keys"], &none["keys_text"]), (&json!([]), &json!("")));
    let set = json!({ "ids": ["bo"], "set": { "keys": "-CHPASSWD USR_AGENT" } });
    let bulk = world.post("/users/bulk", set).await.expect(200).json();
    assert_eq!(bulk["items"][0]["keys_text"], "USR_AGENT -CHPASSWD");
    let class = json!({ "name": "Night watch", "keys": "USER NIGHT" });
    let class = world.post("/roles", class).await.expect(201).json();
    assert_eq!((&class["keys_text"], texts(&class["keys"]).len()), (&json!("Night USER"), 2));
    let edit = json!({ "keys": "USER" });
    let class = world.ada.patch("/api/v1/roles/Night%20watch", &edit).await.expect(200).json();
    assert_eq!(class["keys_text"], "USER");
}

#[tokio::test]
async fn queuemetrics_6_every_word_that_is_no_key_is_named() {
    let world = World::founded("queuemetrics").await;
    let bo = world.add("bo", "User", None).await;
    let refused = world.put("/users/bo/keys", json!({ "keys": "USRADMIN NIGHT -DAY" })).await;
    let refused = refused.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/keys", "/keys"]);
    assert_eq!(details(&refused), ["there is no key `NIGHT`", "there is no key `-DAY`"]);
    let refused = world.put("/users/bo/keys", json!({ "keys": ["USRADMIN", "NIGHT", "-"] })).await;
    assert_eq!(refused.refused(422, "invalid").pointers(), ["/keys/1", "/keys/2"]);
    let long = "N".repeat(65);
    let refused = world.put("/users/bo/keys", json!({ "keys": long })).await.refused(422, "invalid");
    assert_eq!(details(&refused), ["word 1 is no key"]);
    let many = vec!["NIGHT"; 50].join(" ");
    let refused = world.put("/users/bo/keys", json!({ "keys": many })).await.refused(422, "invalid");
    assert_eq!(refused.pointers().len(), 20);
    for wrong in [json!(1), json!(null), json!({ "A": 1 }), json!([1])] {
        let refused = world.put("/users/bo/keys", json!({ "keys": wrong })).await.refused(422, "invalid");
        assert!(refused.pointers()[0].starts_with("/keys"), "{wrong}");
    }
    // A class takes nothing away.
    let class = json!({ "name": "Night", "keys": "USER -CHPASSWD" });
    let refused = world.post("/roles", class).await.refused(422, "invalid");
    assert_eq!(details(&refused), ["there is no key `-CHPASSWD`"]);
    assert_eq!(world.ada.get("/api/v1/users/bo").await.expect(200).json()["keys_text"], "");
    // One text is no way around the rule of who gives what.
    let _ = bo
        .put("/api/v1/users/bo/keys", &json!({ "keys": "USRADMIN" }))
        .await
        .refused(403, "permission_missing");
}

#[tokio::test]
async fn queuemetrics_7_a_picker_has_every_reserved_key_under_its_heading_and_ones_own_beside() {
    let world = World::founded("queuemetrics").await;
    let _ =
        world.post("/keys", json!({ "name": "NIGHT", "description": "The night shift" })).await.expect(201);
    let catalog = world.ada.get("/api/v1/catalog").await.expect(200).json();
    let headings = texts(&catalog["categories"]);
    let reserved = catalog["keys"].as_array().unwrap();
    let mut used: BTreeSet<_> = reserved.iter().map(|key| key["category"].as_str().unwrap()).collect();
    // The one heading under which no reserved key stands is that of one's own.
    assert!(used.insert("Custom keyset"));
    assert_eq!(used, headings);
    assert!(reserved.iter().all(|key| !key["description"].as_str().unwrap().is_empty()));
    let all = world.ada.get("/api/v1/keys?limit=200").await.expect(200).json();
    let own = all["items"].as_array().unwrap().iter().filter(|key| key["reserved"] == false);
    let own: Vec<_> = own.map(|key| (&key["name"], &key["description"])).collect();
    assert_eq!(own, [(&json!("NIGHT"), &json!("The night shift"))]);
}

#[tokio::test]
async fn queuemetrics_8_whoever_holds_the_masterkey_is_shown_with_a_warning() {
    let world = World::founded("queuemetrics").await;
    let bo = world.add("bo", "User", None).await;
    let warning =
        json!([{ "code": "masterkey", "detail": "Masterkey enabled - recommended use for testing only" }]);
    let shown = async || {
        let seen = world.ada.get("/api/v1/users/bo").await.expect(200).json()["warnings"].clone();
        let own = bo.get("/api/v1/me").await.expect(200).json()["user"]["warnings"].clone();
        assert_eq!(own, seen);
        seen
    };
    assert_eq!(shown().await, json!([]));
    let set = world.put("/users/bo/keys", json!({ "masterkey": true })).await.expect(200).json();
    assert_eq!(set["warnings"], warning);
    assert_eq!(shown().await, warning);
    let cleared = world.put("/users/bo/keys", json!({ "masterkey": false })).await.expect(200).json();
    assert_eq!((&cleared["warnings"], shown().await), (&json!([]), json!([])));
}

//! Each product's catalog from `rollbook init --catalog` to the API: who administers users there, who does not, and
//! what the product's rules refuse.

use crate::products_world::{PASSWORD, World, sign_in};
use rollbook_tests::client::Client;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const WORKED_EXAMPLES: &str = include_str!("../../domain/tests/fixtures/queuemetrics_keys.csv");
/// What every administrator of users does, from one role to another. `bo` is there, with the role `from`.
async fn administers_users(admin: &Client, from: &str, to: &str) {
    let new = json!({ "login": "cy", "name": "Cy", "role": from });
    let _ = admin.post("/api/v1/users", &new).await.expect(201);
    let _ = admin.patch("/api/v1/users/cy", &json!({ "name": "Cyrus" })).await.expect(200);
    let _ = admin.put("/api/v1/users/cy/role", &json!({ "role": to })).await.expect(200);
    let _ = admin.put("/api/v1/users/cy/password", &json!({ "new": "another passphrase" })).await.expect(200);
    let _ = admin.act("/api/v1/users/cy/block").await.expect(200);
    let _ = admin.act("/api/v1/users/cy/unblock").await.expect(200);
    let _ = admin.act("/api/v1/users/cy/api-key").await.expect(201);
    let role = json!({ "name": "Helpers", "rank": 5 });
    let _ = admin.post("/api/v1/roles", &role).await.expect(201);
    let _ = admin.patch("/api/v1/roles/Helpers", &json!({ "description": "For a while" })).await.expect(200);
    let _ = admin.delete("/api/v1/roles/Helpers").await.expect(200);
    let _ = admin.post("/api/v1/profiles", &json!({ "name": "Passing", "grants": [] })).await.expect(201);
    let _ = admin.patch("/api/v1/profiles/Passing", &json!({ "name": "Past" })).await.expect(200);
    let _ = admin.delete("/api/v1/profiles/Past").await.expect(200);
    let _ = admin.post("/api/v1/keys", &json!({ "name": "GATE" })).await.expect(201);
    let _ = admin.post("/api/v1/queues", &json!({ "name": "Sales" })).await.expect(201);
    let _ = admin.post("/api/v1/groups", &json!({ "name": "Night" })).await.expect(201);
    let _ = admin.post("/api/v1/agents", &json!({ "code": "Agent/1" })).await.expect(201);
    let _ = admin.delete("/api/v1/users/cy").await.expect(200);
    let _ = admin.act("/api/v1/users/cy/restore").await.expect(200);
    let history = admin.get("/api/v1/users/cy/history").await.expect(200).json();
    let newest = &history["items"][0];
    assert_eq!((&newest["action"], &newest["actor"]["label"]), (&json!("user.restored"), &json!("ada")));
}

/// Whatever of it an ordinary user asks for is refused, over others and over themselves.
async fn administers_nobody(user: &Client, login: &str, role: &str) {
    let own = format!("/users/{login}");
    let mut got_through = Vec::new();
    for (method, path, body) in [
        ("GET", "/users/ada".to_owned(), Value::Null),
        ("POST", "/users".to_owned(), json!({ "login": "x", "name": "X", "role": role })),
        ("PATCH", "/users/ada".to_owned(), json!({ "name": "Ada" })),
        ("PUT", "/users/ada/role".to_owned(), json!({ "role": role })),
        ("PUT", format!("{own}/role"), json!({ "role": role })),
        ("PUT", format!("{own}/profile"), json!({ "profile": null })),
        ("PUT", format!("{own}/custom-profile"), json!({ "grants": [] })),
        ("PUT", format!("{own}/keys"), json!({ "keys": ["GATE"] })),
        ("PUT", format!("{own}/keys"), json!({ "masterkey": true })),
        ("PUT", format!("{own}/keys"), json!({ "superuser": true })),
        ("PUT", "/users/ada/password".to_owned(), json!({ "new": "taken over now" })),
        ("POST", "/users/ada/api-key".to_owned(), Value::Null),
        ("POST", "/users/ada/block".to_owned(), Value::Null),
        ("DELETE", "/users/ada".to_owned(), Value::Null),
        ("POST", "/users/bulk".to_owned(), json!({ "ids": [login], "set": { "role": role } })),
        ("POST", "/roles".to_owned(), json!({ "name": "R", "rank": 1 })),
        ("PATCH", format!("/roles/{role}"), json!({ "description": "Mine" })),
        ("POST", "/profiles".to_owned(), json!({ "name": "P", "grants": [] })),
        ("POST", "/keys".to_owned(), json!({ "name": "K" })),
        ("POST", "/queues".to_owned(), json!({ "name": "Q" })),
        ("PATCH", "/settings".to_owned(), json!({ "reason_required": "all" })),
        ("GET", "/activity".to_owned(), Value::Null),
    ] {
        let body = (!body.is_null()).then_some(body);
        let answer = user.send(method, &format!("/api/v1{path}"), body.as_ref()).await;
        if !matches!(answer.status, 403 | 404) {
            got_through.push(format!("{method} {path}: {} {}", answer.status, answer.text()));
        }
    }
    assert!(got_through.is_empty(), "{got_through:#?}");
    let _ = user.get("/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn queuemetrics_1_the_owner_administers_users_and_an_ordinary_user_does_not() {
    let world = World::founded("queuemetrics").await;
    administers_users(&world.ada, "User", "Supervisor").await;
    let bo = world.add("bo", "User", None).await;
    administers_nobody(&bo, "bo", "Admin").await;
    // It is the key alone that makes the difference.
    let _ = world.put("/users/bo/keys", json!({ "keys": ["USRADMIN"] })).await.expect(200);
    let admin = json!({ "role": "Admin" });
    let _ = bo.put("/api/v1/users/cy/role", &admin).await.expect(200);
}

#[tokio::test]
async fn queuemetrics_2_a_user_signs_in_by_login_or_email_and_a_blocked_one_not_at_all() {
    let world = World::founded("queuemetrics").await;
    let email = "bo@acme.example";
    let body = json!({ "login": "bo", "name": "Bo", "email": email, "role": "User", "password": PASSWORD });
    let _ = world.post("/users", body).await.expect(201);
    let by_email = sign_in(&world.anonymous, email, PASSWORD).await;
    let _ = sign_in(&world.anonymous, "bo", PASSWORD).await.get("/api/v1/me").await.expect(200);
    let _ = world.ada.act("/api/v1/users/bo/block").await.expect(200);
    let _ = by_email.get("/api/v1/me").await.refused(401, "unauthenticated");
    let again = json!({ "organization": "acme", "login": "bo", "password": PASSWORD });
    let _ = world.anonymous.post("/api/v1/sessions", &again).await.refused(401, "sign_in_failed");
}

#[tokio::test]
async fn queuemetrics_users_are_listed_by_class_or_a_part_of_the_name_in_pages() {
    let world = World::founded("queuemetrics").await;
    for (login, class) in [("bo", "User"), ("bob", "User"), ("cy", "Visitor")] {
        let _ =
            world.post("/users", json!({ "login": login, "name": login, "role": class })).await.expect(201);
    }
    let list = async |query: &str| {
        let page = world.ada.get(&format!("/api/v1/users?{query}")).await.expect(200).json();
        let logins: Vec<_> =
            page["items"].as_array().unwrap().iter().map(|user| user["login"].clone()).collect();
        (json!(logins), page["next"].is_string())
    };
    assert_eq!(list("role=User").await, (json!(["bo", "bob"]), false));
    assert_eq!(list("q=BO").await, (json!(["bo", "bob"]), false));
    assert_eq!(list("limit=3").await, (json!(["ada", "bo", "bob"]), true));
}

#[tokio::test]
async fn xcally_undoing_what_gave_a_user_the_profile_is_blocked_until_the_role_goes_back_too() {
    let world = World::founded("xcally").await;
    let _ = world.post("/profiles", json!({ "name": "Leads", "grants": [] })).await.expect(201);
    let _ = world.post("/users", json!({ "login": "cy", "name": "Cy", "role": "Admin" })).await.expect(201);
    let given = world.put("/users/cy/profile", json!({ "profile": "Leads" })).await.expect(200).json();
    let demoted = world.put("/users/cy/role", json!({ "role": "User" })).await.expect(200).json();
    let plan = async |events: &[&Value]| {
        world.post("/rollbacks/plan", json!({ "select": { "events": events } })).await.expect(200).json()
    };
    let alone = plan(&[&given["position"]]).await;
    assert_eq!(alone["blockers"][0]["code"], "profile_required", "{alone}");
    let both = plan(&[&given["position"], &demoted["position"]]).await;
    assert_eq!(
        (&both["blockers"], both["changes"].as_array().map(Vec::len)),
        (&json!([]), Some(2)),
        "{both}"
    );
}

#[tokio::test]
async fn xcally_a_change_of_a_profile_holds_at_once_for_those_signed_in() {
    let world = World::founded("xcally").await;
    let _ = world.post("/profiles", json!({ "name": "Leads", "grants": [] })).await.expect(201);
    let bo = world.add("bo", "User", Some("Leads")).await;
    let may = async || {
        let body = json!({ "user": "bo", "permission": "reports.edit" });
        bo.post("/api/v1/check", &body).await.expect(200).json()["allowed"] == true
    };
    assert!(!may().await);
    let grants = json!({ "grants": [{ "permission": "reports.edit", "scope": "all" }] });
    let _ = world.ada.patch("/api/v1/profiles/Leads", &grants).await.expect(200);
    assert!(may().await);
    let _ = world.ada.patch("/api/v1/profiles/Leads", &json!({ "grants": [] })).await.expect(200);
    assert!(!may().await);
}

#[tokio::test]
async fn xcally_the_owner_administers_users_and_an_ordinary_user_does_not() {
    let world = World::founded("xcally").await;
    let everything = json!([{ "permission": "staff_agents.edit", "scope": "all" }]);
    let _ = world.post("/profiles", json!({ "name": "Leads", "grants": everything })).await.expect(201);
    administers_users(&world.ada, "Admin", "Admin").await;
    let bo = world.add("bo", "User", Some("Leads")).await;
    administers_nobody(&bo, "bo", "Admin").await;
}

#[tokio::test]
async fn ucontact_the_owner_administers_users_and_an_ordinary_user_does_not() {
    let world = World::founded("ucontact").await;
    administers_users(&world.ada, "Agent", "Supervisor").await;
    let bo = world.add("bo", "Agent", None).await;
    administers_nobody(&bo, "bo", "Administrator").await;
}

#[tokio::test]
async fn queuemetrics_10_the_worked_examples_hold_over_http() {
    let world = World::founded("queuemetrics").await;
    // An administrator without the key of a queue does not see it either; who may grant any may take the masterkey.
    let _ = world.put("/users/ada/keys", json!({ "masterkey": true })).await.expect(200);
    let mut queues = Vec::new();
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let mut checked = 0;
    for line in WORKED_EXAMPLES.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<_> = line.split(',').collect();
        for word in
            fields[1..].iter().flat_map(|field| field.split([' ', ':'])).filter(|word| word.contains('K'))
        {
            let name = word.trim_start_matches('-').to_owned();
            if keys.insert(name.clone()) {
                let _ = world.post("/keys", json!({ "name": name })).await.expect(201);
            }
        }
        match fields.as_slice() {
            ["queues" | "aggregate", described] => {
                for queue in described.split(' ') {
                    let mut words = queue.split(':');
                    let (name, key) = (words.next().unwrap(), words.next().filter(|key| !key.is_empty()));
                    let parts: Vec<_> = words.flat_map(|parts| parts.split('|')).collect();
                    let body = json!({ "name": name, "visibility_key": key, "parts": parts });
                    let _ = world.post("/queues", body).await.expect(201);
                    queues.push(name.to_owned());
                }
            }
            ["user", ..] => {}
            [login, class_keys, own_keys, masterkey, sees] => {
                let class_keys: Vec<_> = class_keys.split_whitespace().chain(["USER"]).collect();
                let class = json!({ "name": format!("class of {login}"), "rank": 1, "keys": class_keys });
                let _ = world.post("/roles", class).await.expect(201);
                let user = json!({ "login": login, "name": login, "role": format!("class of {login}") });
                let _ = world.post("/users", user).await.expect(201);
                // Written twice, as a minus and as a key, in one of the examples: both are entries.
                let own: BTreeSet<_> = own_keys.split_whitespace().collect();
                let own = json!({ "keys": own, "masterkey": *masterkey == "yes" });
                let _ = world.put(&format!("/users/{login}/keys"), own).await.expect(200);
                let check = |queue: &String| json!({ "user": login, "permission": "queues.view", "target": { "kind": "queue", "id": queue } });
                let checks: Vec<_> = queues.iter().map(check).collect();
                let answers = world.post("/check/bulk", json!({ "checks": checks })).await.expect(200).json();
                let seen = queues.iter().zip(answers["items"].as_array().unwrap());
                let seen: Vec<_> = seen
                    .filter(|(_, answer)| answer["allowed"] == true)
                    .map(|(queue, _)| queue.as_str())
                    .collect();
                assert_eq!(seen.join(" "), *sees, "{line}");
                checked += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(checked, 9);
}

#[tokio::test]
async fn queuemetrics_the_catalog_lists_keys_under_their_headings_and_the_rules_refuse_by_code() {
    let world = World::founded("queuemetrics").await;
    let catalog = world.catalog().await;
    assert_eq!(catalog["keys"].as_array().unwrap().len(), 99);
    assert_eq!(catalog["categories"].as_array().unwrap().len(), 10);
    assert_eq!(catalog["offers"], json!(["masterkey"]));
    let key = |name: &str| {
        let keys = catalog["keys"].as_array().unwrap();
        keys.iter().find(|key| key["name"] == name).cloned().unwrap()
    };
    assert_eq!(key("QA_REPLACE")["needs"], json!(["QA_REMOVE"]));
    assert_eq!((&key("USER")["required"], &key("USER")["mark"]), (&json!(true), &json!("source")));
    assert_eq!(key("NODIALOUT")["restricts"], true);
    let _ = world.add("bo", "User", None).await;
    for (body, code) in [
        (json!({ "keys": ["-USER"] }), "required_key"),
        (json!({ "keys": ["QA_REPLACE"] }), "key_needs_another"),
        (json!({ "superuser": true }), "not_offered"),
    ] {
        let _ = world.put("/users/bo/keys", body).await.refused(409, code);
    }
    let dry = world.ada.clone().with("rollbook-dry-run", "true");
    let preview =
        dry.put("/api/v1/users/bo/keys", &json!({ "keys": ["MON_BARGE"] })).await.expect(200).json();
    let gained = &preview["affected"]["users"][0]["gained"];
    assert_eq!(gained[0], json!({ "permission": "monitoring.barge", "scope": "all" }), "{preview}");
    let _ = world.add("oda", "Admin", None).await;
    let oda = sign_in(&world.anonymous, "oda", PASSWORD).await;
    let _ = oda.delete("/api/v1/users/ada").await.refused(409, "protected");
    let _ = oda.delete("/api/v1/roles/Webqloader").await.refused(409, "protected");
    let _ = oda.delete("/api/v1/roles/User").await.refused(409, "role_in_use");
    let shown = world.ada.get("/api/v1/users/bo/permissions").await.expect(200).json();
    assert_eq!(shown["restrictions"], json!([]));
}

#[tokio::test]
async fn xcally_a_user_needs_a_profile_and_queues_are_listed_per_channel() {
    let world = World::founded("xcally").await;
    let catalog = world.catalog().await;
    assert_eq!(catalog["channels"].as_array().unwrap().len(), 7);
    assert_eq!(catalog["types"].as_array().unwrap().len(), 4);
    assert_eq!(catalog["limits"]["without_parts"], json!(["name", "phone", "email"]));
    assert_eq!(catalog["founder"]["protected"], true);
    let user = catalog["roles"].as_array().unwrap().iter().find(|role| role["name"] == "User").unwrap();
    assert_eq!((&user["needs_profile"], &user["mark"]), (&json!(true), &json!("seed")));
    let body = json!({ "login": "bo", "name": "Bo", "role": "User" });
    let _ = world.post("/users", body).await.refused(409, "profile_required");
    for name in ["Sales", "Care"] {
        let _ = world.post("/queues", json!({ "name": name })).await.expect(201);
    }
    let sales = world.ada.get("/api/v1/queues/Sales").await.expect(200).json()["id"].clone();
    let listing = |channel: &str| {
        let queues = json!({ channel: [sales] });
        json!([{ "permission": "voice_realtime.read", "scope": "queues", "queues": queues }])
    };
    let wrong = json!({ "name": "Leads", "grants": listing("pigeon") });
    let refused = world.post("/profiles", wrong).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/grants/0/queues"]);
    let _ = world.post("/profiles", json!({ "name": "Leads", "grants": listing("voice") })).await.expect(201);
    let _ = world.add("bo", "User", Some("Leads")).await;
    let _ = world.put("/users/bo/profile", json!({ "profile": null })).await.refused(409, "profile_required");
    let sees = async |queue: &str, channel: &str| {
        let target = json!({ "kind": "queue", "id": queue });
        world.may("bo", "voice_realtime.read", target, json!({ "channel": channel })).await
    };
    assert!(sees("Sales", "voice").await);
    assert!(!sees("Sales", "chat").await && !sees("Care", "voice").await);
}

#[tokio::test]
async fn ucontact_4_a_profile_with_the_module_users_manages_those_of_lower_rank() {
    let world = World::founded("ucontact").await;
    let module = ["users.access_to_users", "users.create_users", "users.update_users", "users.delete_users"];
    let grants: Vec<_> = module.iter().map(|name| json!({ "permission": name, "scope": "all" })).collect();
    let _ = world.post("/profiles", json!({ "name": "Leads", "grants": grants })).await.expect(201);
    let sue = world.add("sue", "Supervisor", Some("Leads")).await;
    let new = |login: &str, role: &str| json!({ "login": login, "name": login, "role": role });
    let _ = sue.post("/api/v1/users", &new("ann", "Agent")).await.expect(201);
    let _ = sue.post("/api/v1/users", &new("bea", "Supervisor")).await.refused(403, "rank_too_low");
    let _ = sue.act("/api/v1/users/ada/block").await.refused(403, "rank_too_low");
    let _ = sue
        .put("/api/v1/users/ann/keys", &json!({ "superuser": true }))
        .await
        .refused(403, "permission_missing");
    let _ = sue.delete("/api/v1/users/ann").await.expect(200);
    let any = Value::Null;
    for name in ["inbox.use", "agenda.use"] {
        assert!(world.may("sue", name, any.clone(), json!({})).await, "{name}");
    }
    let _ = world.add("max", "Agent", None).await;
    assert!(!world.may("max", "campaigns.access", any.clone(), json!({})).await);
    let custom = json!({ "grants": [{ "permission": "campaigns.access", "scope": "all" }] });
    let _ = world.put("/users/max/custom-profile", custom.clone()).await.expect(200);
    assert!(world.may("max", "campaigns.access", any.clone(), json!({})).await);
    assert!(world.may("max", "queues.view", any, json!({})).await);
    let refused = world.put("/users/sue/custom-profile", custom).await;
    let _ = refused.refused(409, "profile_and_custom_profile");
}

//! Lines of the products' checklists that are rules of Rollbook's own at work, each in its product's words and over HTTP.

use crate::products_world::{PASSWORD, World, sign_in};
use rollbook_tests::client::Client;
use serde_json::{Value, json};
use std::time::Duration;

/// The activity log of what happened so far, once it has anything to say: it follows a moment later.
async fn log(world: &World, query: &str) -> Vec<Value> {
    let path = format!("/api/v1/activity?limit=200&{query}");
    for _ in 0..100 {
        let items = world.ada.get(&path).await.expect(200).json()["items"].as_array().unwrap().clone();
        if !items.is_empty() {
            return items;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the activity log says nothing of {query}")
}

#[tokio::test]
async fn queuemetrics_3_a_blocked_user_does_not_sign_in_and_loses_nothing() {
    let world = World::founded("queuemetrics").await;
    let bo = world.add("bo", "User", None).await;
    let _ = world.post("/users/bo/block", Value::Null).await.expect(200);
    assert_eq!(bo.get("/api/v1/me").await.status, 401);
    let body = json!({ "organization": "acme", "login": "bo", "password": PASSWORD });
    let _ = world.anonymous.post("/api/v1/sessions", &body).await.expect(401);
    let _ = world.post("/users/bo/unblock", Value::Null).await.expect(200);
    let _ = sign_in(&world.anonymous, "bo", PASSWORD).await.get("/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn queuemetrics_5_six_classes_are_there_at_the_start_and_two_stay_for_ever() {
    let world = World::founded("queuemetrics").await;
    let roles = world.ada.get("/api/v1/roles").await.expect(200).json();
    let mut names: Vec<_> =
        roles["items"].as_array().unwrap().iter().map(|role| role["name"].clone()).collect();
    names.sort_by_key(|name| name.as_str().unwrap().to_owned());
    assert_eq!(names, ["Admin", "Robot", "Supervisor", "User", "Visitor", "Webqloader"]);
    for mandatory in ["Admin", "Webqloader"] {
        let _ = world.ada.delete(&format!("/api/v1/roles/{mandatory}")).await.refused(409, "protected");
    }
    let _ = world.ada.delete("/api/v1/roles/Visitor").await.expect(200);
    for (method, path) in [("DELETE", "/users/ada"), ("POST", "/users/ada/block")] {
        let answer = world.ada.send(method, &format!("/api/v1{path}"), None).await;
        assert!(matches!(answer.status, 403 | 409), "{method} {path}: {}", answer.text());
    }
}

#[tokio::test]
async fn queuemetrics_14_the_log_has_sign_ins_failures_and_password_changes_with_address_and_session() {
    let world = World::founded("queuemetrics").await;
    let bo = world.add("bo", "User", None).await;
    let wrong = json!({ "organization": "acme", "login": "bo", "password": "not this one" });
    let _ = world.anonymous.post("/api/v1/sessions", &wrong).await.expect(401);
    let new = json!({ "new": "another passphrase" });
    let _ = world.ada.put("/api/v1/users/bo/password", &new).await.expect(200);
    let again = sign_in(&world.anonymous, "bo", "another passphrase").await;
    let _ = again.delete("/api/v1/sessions/current").await;
    assert_eq!(bo.get("/api/v1/me").await.status, 401, "a reset ended the session");
    for (action, actor) in [("session.started", "bo"), ("session.ended", "bo"), ("user.password_set", "ada")]
    {
        let rows = log(&world, &format!("action={action}&actor={actor}")).await;
        assert!(!rows.is_empty(), "{action}");
        assert_eq!(rows[0]["ip"], "127.0.0.1", "{}", rows[0]);
    }
    let failed = log(&world, "action=session.failed").await;
    assert_eq!((failed.len(), &failed[0]["outcome"]), (1, &json!("refused")));
}

#[tokio::test]
async fn queuemetrics_15_a_setting_keeps_who_set_it_why_and_what_it_was() {
    let world = World::founded("queuemetrics").await;
    let ada = world.ada.clone().with("rollbook-reason", "As%20the%20review%20asks");
    let _ = ada.patch("/api/v1/settings", &json!({ "sign_in_attempts_max": 5 })).await.expect(200);
    let history = world.ada.get("/api/v1/settings/history").await.expect(200).json();
    let newest = &history["items"][0];
    assert_eq!((&newest["actor"]["label"], &newest["reason"]), (&json!("ada"), &json!("As the review asks")));
    let change = &newest["changes"][0];
    assert_eq!((&change["from"], &change["to"]), (&json!(10), &json!(5)));
}

#[tokio::test]
async fn voximplant_2_a_manager_gives_and_blocks_below_and_nobody_their_own_role() {
    let world = World::founded("voximplant").await;
    let mae = world.add("mae", "manager", None).await;
    let _ = world.add("max", "manager", None).await;
    let hire = |role: &str| json!({ "login": format!("new-{role}"), "name": "New", "role": role });
    for role in ["agent", "supervisor"] {
        let _ = mae.post("/api/v1/users", &hire(role)).await.expect(201);
    }
    for role in ["manager", "administrator", "owner"] {
        assert!(matches!(mae.post("/api/v1/users", &hire(role)).await.status, 403 | 409), "{role}");
    }
    let _ = mae.put("/api/v1/users/new-agent/role", &json!({ "role": "supervisor" })).await.expect(200);
    for (path, role) in [("max", "agent"), ("mae", "agent"), ("new-agent", "manager")] {
        let answer = mae.put(&format!("/api/v1/users/{path}/role"), &json!({ "role": role })).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
    }
    let _ = mae.act("/api/v1/users/new-agent/block").await.expect(200);
    assert_eq!(mae.act("/api/v1/users/max/block").await.status, 403);
    let own = world.put("/users/ada/role", json!({ "role": "administrator" })).await;
    assert!(matches!(own.status, 403 | 409), "{}", own.text());
}

#[tokio::test]
async fn voximplant_4_users_are_invited_seen_blocked_archived_and_changed_in_bulk() {
    let world = World::founded("voximplant").await;
    let mae = world.add("mae", "manager", None).await;
    for login in ["ann", "bea"] {
        let new = json!({ "login": login, "name": login, "role": "agent", "status": "invited" });
        assert_eq!(mae.post("/api/v1/users", &new).await.expect(201).json()["status"], "invited");
    }
    let bulk = |ids: Value, set: Value| json!({ "ids": ids, "set": set });
    let everybody = bulk(json!(["ann", "bea"]), json!({ "role": "supervisor" }));
    let _ = mae.post("/api/v1/users/bulk", &everybody).await.expect(200);
    let supervisor = world.ada.get("/api/v1/roles/Supervisor").await.expect(200).json();
    assert_eq!(mae.get("/api/v1/users/bea").await.expect(200).json()["role"], supervisor["id"]);
    let too_far = bulk(json!(["ann", "ada"]), json!({ "status": "blocked" }));
    assert_eq!(mae.post("/api/v1/users/bulk", &too_far).await.status, 403);
    assert_eq!(mae.get("/api/v1/users/ann").await.expect(200).json()["status"], "invited", "all or nothing");
    let _ = mae.delete("/api/v1/users/bea").await.expect(200);
    let ann = world.add("agent", "agent", None).await;
    assert_eq!(ann.get("/api/v1/users/bea").await.status, 404);
}

/// One supervisor with a group and a queue, and people inside and outside of them.
async fn supervised(world: &World) -> Client {
    let sue = world.add("sue", "supervisor", None).await;
    for login in ["ann", "bea", "cal"] {
        let _ = world.add(login, "agent", None).await;
    }
    let group = json!({ "name": "East", "supervisors": ["sue"], "members": ["ann"] });
    let _ = world.post("/groups", group).await.expect(201);
    for (name, agents, editor) in
        [("Sales", json!(["bea"]), true), ("Care", json!([]), true), ("Night", json!(["cal"]), false)]
    {
        let queue =
            json!({ "name": name, "agents": agents, "supervisors": [{ "user": "sue", "editor": editor }] });
        let _ = world.post("/queues", queue).await.expect(201);
    }
    let _ = world.post("/queues", json!({ "name": "Elsewhere" })).await.expect(201);
    sue
}

async fn may(world: &World, permission: &str, targets: Value, facts: Value) -> bool {
    let body = json!({ "user": "sue", "permission": permission, "targets": targets, "facts": facts });
    world.post("/check", body).await.expect(200).json()["allowed"] == true
}

#[tokio::test]
async fn voximplant_7_a_supervisor_reaches_the_agents_of_their_groups_and_the_figures_of_their_queues() {
    let world = World::founded("voximplant").await;
    let sue = supervised(&world).await;
    assert_eq!(sue.get("/api/v1/users/ann").await.status, 200);
    assert_eq!(sue.get("/api/v1/users/cal").await.status, 404);
    let user = |login: &str| json!({ "subject": { "kind": "user", "id": login } });
    let queue = |name: &str| json!({ "subject": { "kind": "queue", "id": name } });
    assert!(may(&world, "reports.view_agents_reports", user("ann"), json!({})).await);
    assert!(!may(&world, "reports.view_agents_reports", user("bea"), json!({})).await);
    let general = json!({ "part": "general_statistics" });
    assert!(may(&world, "reports.view_queue_and_campaign_reports", queue("Night"), general.clone()).await);
    assert!(!may(&world, "reports.view_queue_and_campaign_reports", queue("Elsewhere"), general).await);
}

#[tokio::test]
async fn voximplant_8_only_an_editor_of_both_queues_moves_an_agent_between_them() {
    let world = World::founded("voximplant").await;
    let _ = supervised(&world).await;
    let moves = async |who: &str, from: &str, to: &str| {
        let targets = json!({ "subject": { "kind": "user", "id": who }, "from": from, "to": to });
        may(&world, "monitoring.move_agents_between_campaigns_and_queues", targets, json!({})).await
    };
    assert!(moves("bea", "Sales", "Care").await);
    assert!(!moves("cal", "Night", "Care").await, "a viewer of the one");
    assert!(!moves("bea", "Sales", "Elsewhere").await, "nothing to the other");
}

#[tokio::test]
async fn voximplant_10_billing_is_the_owners_and_administration_not_the_managers() {
    let world = World::founded("voximplant").await;
    for role in ["administrator", "manager", "supervisor", "agent"] {
        let _ = world.add(role, role, None).await;
    }
    let target = json!({ "kind": "setting" });
    let administration = [
        "system.integrations",
        "system.security",
        "system.user_activity_log",
        "system.functions",
        "system.numbers",
    ];
    for (user, billing, administers) in [
        ("ada", true, true),
        ("administrator", false, true),
        ("manager", false, false),
        ("agent", false, false),
    ] {
        assert_eq!(world.may(user, "system.billing", target.clone(), json!({})).await, billing, "{user}");
        for permission in administration {
            assert_eq!(
                world.may(user, permission, target.clone(), json!({})).await,
                administers,
                "{user} {permission}"
            );
        }
    }
}

#[tokio::test]
async fn voximplant_11_the_log_is_filtered_by_user_key_action_and_object_and_taken_away() {
    let world = World::founded("voximplant").await;
    let mae = world.add("mae", "manager", None).await;
    let _ = mae
        .post("/api/v1/users", &json!({ "login": "ann", "name": "Ann", "role": "agent" }))
        .await
        .expect(201);
    let made = world.post("/users/mae/api-key", Value::Null).await;
    if let Some(key) = made.json()["api_key"].as_str() {
        let key = world.anonymous.clone().bearer(key);
        let _ = key.post("/api/v1/queues", &json!({ "name": "Sales" })).await.expect(201);
    }
    let by_mae = log(&world, "actor=mae&action=user.created").await;
    assert_eq!((by_mae.len(), &by_mae[0]["subject"]["label"]), (1, &json!("ann")), "{by_mae:?}");
    let of_ann = log(&world, "subject=user:ann").await;
    assert!(of_ann.iter().any(|row| row["action"] == "user.created"), "{of_ann:?}");
    let before = world.ada.get("/api/v1/activity?until=2020-01-01T00:00:00Z").await.expect(200).json();
    assert_eq!(before["items"], json!([]));
    let file = world.ada.get("/api/v1/activity/export?format=csv&action=user.").await.expect(200);
    let (head, rows) =
        file.text().split_once('\n').map(|(head, rows)| (head.to_owned(), rows.to_owned())).unwrap();
    for column in ["at", "ip", "action"] {
        assert!(head.split(',').any(|name| name.trim() == column), "{column} in {head}");
    }
    assert!(rows.contains("user.created"), "{rows}");
    assert_eq!(mae.get("/api/v1/activity/export?format=csv").await.status, 403);
}

#[tokio::test]
async fn xcally_8_an_api_key_is_none_at_first_then_generated_generated_anew_and_removed() {
    let world = World::founded("xcally").await;
    let _ = world.post("/profiles", json!({ "name": "Leads", "grants": [] })).await.expect(201);
    let _ = world.add("bo", "User", Some("Leads")).await;
    let make = async || {
        let made = world.post("/users/bo/api-key", Value::Null).await.expect(201).json();
        world.anonymous.clone().bearer(made["api_key"].as_str().unwrap())
    };
    assert_eq!(world.ada.delete("/api/v1/users/bo/api-key").await.status, 409, "there is none at first");
    let first = make().await;
    let _ = first.get("/api/v1/me").await.expect(200);
    let second = make().await;
    assert_eq!((first.get("/api/v1/me").await.status, second.get("/api/v1/me").await.status), (401, 200));
    let _ = world.ada.delete("/api/v1/users/bo/api-key").await.expect(200);
    assert_eq!(second.get("/api/v1/me").await.status, 401);
}

#[tokio::test]
async fn xcally_9_the_default_admin_stays_and_a_user_manages_nobody() {
    let world = World::founded("xcally").await;
    let _ = world.post("/profiles", json!({ "name": "Leads", "grants": [] })).await.expect(201);
    let bo = world.add("bo", "User", Some("Leads")).await;
    let _ = world.post("/users", json!({ "login": "cy", "name": "Cy", "role": "Admin" })).await.expect(201);
    for body in [json!({ "login": "x", "name": "X", "role": "User", "profile": "Leads" })] {
        assert_eq!(bo.post("/api/v1/users", &body).await.status, 403);
    }
    assert!(matches!(bo.delete("/api/v1/users/cy").await.status, 403 | 404));
    let _ = world.ada.delete("/api/v1/users/cy").await.expect(200);
    let kept = world.ada.delete("/api/v1/users/ada").await;
    assert!(matches!(kept.status, 403 | 409), "{}", kept.text());
}

#[tokio::test]
async fn ucontact_6_a_custom_profile_is_one_users_and_makes_no_profile() {
    let world = World::founded("ucontact").await;
    for login in ["ann", "bea"] {
        let _ = world.add(login, "Agent", None).await;
    }
    let own = json!({ "grants": [{ "permission": "campaigns.access", "scope": "all" }] });
    let _ = world.put("/users/ann/custom-profile", own).await.expect(200);
    let profiles = world.ada.get("/api/v1/profiles").await.expect(200).json();
    assert_eq!(profiles["items"], json!([]));
    assert!(world.may("ann", "campaigns.access", Value::Null, json!({})).await);
    assert!(!world.may("bea", "campaigns.access", Value::Null, json!({})).await);
}

#[tokio::test]
async fn ucontact_7_a_superuser_does_anything_and_stops_at_once() {
    let world = World::founded("ucontact").await;
    let ann = world.add("ann", "Agent", None).await;
    let new = |login: &str| json!({ "login": login, "name": login, "role": "Agent", "password": PASSWORD });
    assert_eq!(ann.post("/api/v1/users", &new("bea")).await.status, 403);
    let _ = world.put("/users/ann/keys", json!({ "superuser": true })).await.expect(200);
    let _ = ann.post("/api/v1/users", &new("bea")).await.expect(201);
    for permission in ["campaigns.delete", "dashboards.monitor_agents", "profiles.create_profiles"] {
        assert!(world.may("ann", permission, Value::Null, json!({})).await, "{permission}");
    }
    let _ = world.put("/users/ann/keys", json!({ "superuser": false })).await.expect(200);
    assert_eq!(ann.post("/api/v1/users", &new("cal")).await.status, 403);
}

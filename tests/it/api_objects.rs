//! Objects over HTTP: kinds of the catalog, what uses them, what is kept while it is in use, and whose keys open them.

use crate::products_world::World as Product;
use rollbook_domain::kernel::id::Kind;
use rollbook_tests::app::World;
use rollbook_tests::client::Client;
use serde_json::{Value, json};

/// What somebody sees of a list, as `kind:name`.
async fn listed(who: &Client, query: &str) -> Vec<String> {
    let page = who.get(&format!("/api/v1/objects{query}")).await.expect(200).json();
    let called = |it: &Value| format!("{}:{}", it["kind"].as_str().unwrap(), it["name"].as_str().unwrap());
    page["items"].as_array().unwrap().iter().map(called).collect()
}

fn object(called: &str) -> Value {
    let (kind, name) = called.split_once(':').unwrap();
    json!({ "kind": kind, "name": name })
}

fn uses(add: Value) -> Value {
    json!({ "add": add })
}

/// Voximplant Kit with an administrator, a manager, a supervisor of group `Night` with `ann`, and `abe` outside it.
async fn kit() -> (Product, Client, Client, Client, Client) {
    let world = Product::founded("voximplant").await;
    let admin = world.add("adam", "Administrator", None).await;
    let manager = world.add("mona", "Manager", None).await;
    let supervisor = world.add("sven", "Supervisor", None).await;
    let agent = world.add("ann", "Agent", None).await;
    let _ = world.add("abe", "Agent", None).await;
    let group = json!({ "name": "Night", "members": ["ann"], "supervisors": ["sven"] });
    let _ = world.post("/groups", group).await.expect(201);
    for called in
        ["skill:French", "skill:Sales", "tag:Urgent", "topic_set:Orders", "scenario:Night", "dnc_list:EU"]
    {
        let _ = world.post("/objects", object(called)).await.expect(201);
    }
    (world, admin, manager, supervisor, agent)
}

#[tokio::test]
async fn voximplant_9_what_is_in_use_is_not_deleted_and_the_refusal_names_what_uses_it() {
    let (world, admin, manager, _, _) = kit().await;
    let ann = json!([{ "kind": "user", "id": "ann" }]);
    let given = world.ada.patch("/api/v1/objects/skill:French/used-by", &uses(ann.clone())).await.expect(200);
    let ann_id = given.json()["users"][0].as_str().unwrap().to_owned();
    for who in [&world.ada, &admin, &manager] {
        let refused = who.delete("/api/v1/objects/skill:French").await.refused(409, "in_use");
        assert_eq!(refused.json()["used_by"], json!([format!("user:{ann_id}")]));
    }
    let scenario = json!([{ "kind": "object", "id": "scenario:Night" }]);
    let _ = admin.patch("/api/v1/objects/tag:Urgent/used-by", &uses(scenario)).await.expect(200);
    // Scenarios are not the manager's to know.
    let refused = manager.delete("/api/v1/objects/tag:Urgent").await.refused(409, "in_use");
    assert_eq!(refused.json()["used_by"], json!([]));
    let _ = world.post("/queues", json!({ "name": "Calls" })).await.expect(201);
    let queue = json!([{ "kind": "queue", "id": "Calls" }]);
    let _ = manager.patch("/api/v1/objects/topic_set:Orders/used-by", &uses(queue.clone())).await.expect(200);
    let _ = manager.delete("/api/v1/objects/topic_set:Orders").await.refused(409, "in_use");
    // Whether it is in use is known, whatever is claimed.
    let body = json!({
        "user": "mona", "permission": "settings.add_edit_delete_topic_sets",
        "target": { "kind": "object", "id": "topic_set:Orders" },
        "facts": { "action": "delete", "in_use": false },
    });
    let checked = world.post("/check", body.clone()).await.expect(200).json();
    assert_eq!(checked["allowed"], false, "{checked}");
    let taken = json!({ "remove": queue });
    let _ = manager.patch("/api/v1/objects/topic_set:Orders/used-by", &taken).await.expect(200);
    assert_eq!(world.post("/check", body).await.expect(200).json()["allowed"], true);
    let _ = manager.delete("/api/v1/objects/topic_set:Orders").await.expect(200);
    let _ = admin.delete("/api/v1/objects/tag:Urgent").await.expect(200);
}

#[tokio::test]
async fn voximplant_4_supervisors_give_skills_to_users_of_their_groups_in_bulk_and_managers_to_all() {
    let (world, _, manager, supervisor, agent) = kit().await;
    let path = "/api/v1/objects/skill:French/used-by";
    let user = |login: &str| json!({ "kind": "user", "id": login });
    let given = supervisor.patch(path, &uses(json!([user("ann")]))).await.expect(200).json();
    assert_eq!(given["users"].as_array().unwrap().len(), 1);
    // All or nothing: one user outside is enough, and is not to be known.
    let both = json!({ "remove": [user("ann")], "add": [user("abe")] });
    let refused = supervisor.patch(path, &both).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/add/0/id"]);
    let _ = supervisor.patch(path, &uses(json!([user("sven")]))).await.refused(403, "permission_missing");
    let all = json!([user("ann"), user("abe"), user("sven"), user("mona")]);
    let given = manager.patch(path, &uses(all)).await.expect(200).json();
    assert_eq!(given["users"].as_array().unwrap().len(), 4);
    let seen = supervisor.get("/api/v1/objects/skill:French").await.expect(200).json();
    assert_eq!((seen["users"].as_array().unwrap().len(), &seen["in_use"]), (2, &json!(true)));
    assert_eq!(seen["users_count"], 4, "whom one may not see are counted");
    // A list counts and names nobody.
    let page = supervisor.get("/api/v1/objects?q=French").await.expect(200).json();
    let listed = &page["items"][0];
    let counts = ["users_count", "queues_count", "objects_count"].map(|count| &listed[count]);
    assert_eq!(counts, [&json!(4), &json!(0), &json!(0)]);
    assert!(["users", "queues", "objects"].iter().all(|ids| listed.get(ids).is_none()), "{listed}");
    let _ = agent.patch(path, &uses(json!([user("ann")]))).await.refused(404, "not_found");
    let _ = supervisor
        .patch("/api/v1/objects/tag:Urgent/used-by", &uses(json!([])))
        .await
        .refused(404, "not_found");
    // It is in the history of the user too.
    let history = world.ada.get("/api/v1/users/ann/history").await.expect(200).json();
    assert_eq!(history["items"][0]["action"], "object.users_changed");
    assert_eq!(history["items"][0]["sentence"], "changed who has skill:French: added ann, removed none");
}

#[tokio::test]
async fn voximplant_9_skills_tags_topic_sets_channels_extensions_and_lists_are_whose_the_table_says() {
    let (world, admin, manager, supervisor, agent) = kit().await;
    assert_eq!(listed(&supervisor, "").await, ["dnc_list:EU", "skill:French", "skill:Sales"]);
    assert!(listed(&agent, "").await.is_empty());
    assert_eq!(listed(&manager, "?kind=skill").await, ["skill:French", "skill:Sales"]);
    assert_eq!(listed(&manager, "?q=sale").await, ["skill:Sales"]);
    let first = manager.get("/api/v1/objects?limit=2").await.expect(200).json();
    let next = format!("?limit=2&cursor={}", first["next"].as_str().unwrap());
    assert_eq!(listed(&manager, &next).await, ["skill:Sales", "tag:Urgent"]);
    // Supervisors add and change DNC lists and delete none.
    let _ = supervisor.post("/api/v1/objects", &object("dnc_list:US")).await.expect(201);
    let _ = supervisor.patch("/api/v1/objects/dnc_list:US", &json!({ "name": "USA" })).await.expect(200);
    let _ = supervisor.delete("/api/v1/objects/dnc_list:USA").await.refused(403, "permission_missing");
    let _ = manager.delete("/api/v1/objects/dnc_list:USA").await.expect(200);
    let _ =
        supervisor.post("/api/v1/objects", &object("skill:Thai")).await.refused(403, "permission_missing");
    let _ = agent.post("/api/v1/objects", &object("skill:Thai")).await.refused(403, "permission_missing");
    let topics = json!({ "contents": ["Price", "Delivery"] });
    let set = manager.patch("/api/v1/objects/topic_set:Orders", &topics).await.expect(200).json();
    assert_eq!(set["contents"], topics["contents"]);
    // Managers add SMS channels alone, and delete any but those of functions and API tokens.
    for (called, who) in
        [("sms_channel:Text", &manager), ("channel:Chat", &admin), ("api_channel:Bot", &admin)]
    {
        let _ = who.post("/api/v1/objects", &object(called)).await.expect(201);
    }
    let _ = manager.post("/api/v1/objects", &object("channel:Mail")).await.refused(403, "permission_missing");
    let _ = manager.delete("/api/v1/objects/channel:Chat").await.expect(200);
    let _ = manager.delete("/api/v1/objects/api_channel:Bot").await.refused(403, "permission_missing");
    let _ = manager.post("/api/v1/objects", &object("extension:4711")).await.expect(201);
    let catalog = world.ada.get("/api/v1/catalog").await.expect(200).json();
    assert_eq!(catalog["objects"].as_array().unwrap().len(), 9);
    assert_eq!(catalog["objects"][0]["used_by"], json!(["user"]));
}

#[tokio::test]
async fn an_object_has_history_a_past_and_can_be_undone() {
    let world = World::new().await;
    let owner = world.owner();
    let made = owner.post("/api/v1/objects", &object("topic_set:Orders")).await.expect(201);
    let before = world.head().await;
    let _ =
        owner.patch("/api/v1/objects/topic_set:Orders", &json!({ "contents": ["Price"] })).await.expect(200);
    let queue = json!([{ "kind": "queue", "id": "Sales" }]);
    let _ = owner.patch("/api/v1/objects/topic_set:Orders/used-by", &uses(queue)).await.expect(200);
    let _ = owner.patch("/api/v1/objects/topic_set:Orders", &json!({ "name": "Sales" })).await.expect(200);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let then = owner.get(&format!("/api/v1/objects/{id}?at={before}")).await.expect(200).json();
    assert_eq!((&then["name"], &then["contents"]), (&json!("Orders"), &json!([])));
    let history = owner.get("/api/v1/objects/topic_set:Sales/history").await.expect(200).json();
    let told: Vec<_> = history["items"].as_array().unwrap().iter().map(|it| it["action"].clone()).collect();
    let actions = ["object.renamed", "object.queues_changed", "object.contents_changed", "object.created"]
        .map(Value::from);
    assert_eq!(told, actions);
    let of_queue = owner.get("/api/v1/queues/Sales/history").await.expect(200).json();
    assert_eq!(of_queue["items"][0]["action"], "object.queues_changed");
    let diff = owner.get(&format!("/api/v1/diff?subject=object:{id}&from={before}")).await.expect(200).json();
    assert_eq!(diff["changes"].as_array().unwrap().len(), 3, "{diff}");
    // Archiving takes it from the queue; undoing that brings both back.
    let then_used = owner.get("/api/v1/objects/topic_set:Sales").await.expect(200).json();
    assert_eq!(then_used["queues"].as_array().unwrap().len(), 1);
    let kept = world.head().await;
    let _ = owner.delete("/api/v1/objects/topic_set:Sales").await.expect(200);
    let select = json!({ "subject": { "kind": "object", "id": id }, "to": { "position": kept } });
    let plan = owner.post("/api/v1/rollbacks/plan", &json!({ "select": select })).await.expect(200).json();
    assert_eq!((&plan["blockers"], &plan["conflicts"]), (&json!([]), &json!([])), "{plan}");
    let apply = json!({ "plan": plan["id"], "select": select });
    let _ = owner.post("/api/v1/rollbacks", &apply).await.expect(201);
    let back = owner.get("/api/v1/objects/topic_set:Sales").await.expect(200).json();
    assert_eq!((&back["status"], &back["queues"]), (&json!("active"), &then_used["queues"]));
}

#[tokio::test]
async fn whoever_comes_back_from_the_archive_by_a_rollback_has_the_skills_again() {
    let world = World::new().await;
    let owner = world.owner();
    let ann = json!([{ "kind": "user", "id": "ann" }]);
    let given = owner.patch("/api/v1/objects/skill:French/used-by", &uses(ann)).await.expect(200).json();
    let kept = world.head().await;
    let _ = owner.delete("/api/v1/users/ann").await.expect(200);
    let without = owner.get("/api/v1/objects/skill:French").await.expect(200).json();
    assert_eq!((&without["users"], &without["in_use"]), (&json!([]), &json!(false)));
    let subject = json!({ "kind": "user", "id": "ann" });
    let select = json!({ "subject": subject, "to": { "position": kept } });
    let plan = owner.post("/api/v1/rollbacks/plan", &json!({ "select": select })).await.expect(200).json();
    let apply = json!({ "plan": plan["id"], "select": select });
    let _ = owner.post("/api/v1/rollbacks", &apply).await.expect(201);
    let again = owner.get("/api/v1/objects/skill:French").await.expect(200).json();
    assert_eq!(again["users"], given["users"]);
}

#[tokio::test]
async fn a_dry_run_says_who_would_no_longer_see_an_object() {
    let world = World::new().await;
    let locked = json!({ "visibility_key": "VIP" });
    let dry = world.owner().with("rollbook-dry-run", "true");
    let told = dry.patch("/api/v1/objects/skill:French", &locked).await.expect(200).json();
    let affected = told["affected"]["users"].as_array().unwrap();
    let of = |login: &str| affected.iter().find(|one| one["user"]["login"] == login);
    let id = world.north.id(Kind::Object, "skill:French");
    for login in ["administrator", "manager", "supervisor"] {
        assert_eq!(of(login).unwrap()["lost"], json!([{ "sees": id }]), "{login}");
    }
    assert!(of("agent").is_none(), "who did not see it loses nothing");
}

#[tokio::test]
async fn a_difference_says_who_sees_a_locked_object_and_nothing_of_those_that_were_merely_added() {
    let world = World::new().await;
    let owner = world.owner();
    let _ = owner.put("/api/v1/users/owner/keys", &json!({ "keys": ["VIP"] })).await.expect(200);
    let before = world.head().await;
    let affected = async || {
        let path = format!("/api/v1/diff?from={before}");
        owner.get(&path).await.expect(200).json()["affected"].clone()
    };
    for nth in 0..3 {
        let _ = owner.post("/api/v1/objects", &object(&format!("skill:Number {nth}"))).await.expect(201);
    }
    assert_eq!(affected().await["count"], 0);
    let _ = owner.delete("/api/v1/objects/skill:French").await.expect(200);
    assert_eq!(affected().await["count"], 0, "what is archived is seen still");
    let _ = owner
        .patch("/api/v1/objects/skill:Number%201", &json!({ "visibility_key": "VIP" }))
        .await
        .expect(200);
    let told = affected().await;
    let id = world.north.id(Kind::Object, "skill:Number 1");
    let users = told["users"].as_array().unwrap();
    assert!(!users.is_empty() && users.iter().all(|one| one["gained"] == json!([{ "sees": id }])), "{told}");
}

#[tokio::test]
async fn nobody_opens_an_object_over_http_that_is_locked_to_them() {
    let world = World::new().await;
    let locked = json!({ "kind": "report", "name": "Payroll", "visibility_key": "VIP" });
    let made = world.owner().put("/api/v1/users/owner/keys", &json!({ "keys": ["VIP"] })).await;
    let _ = made.expect(200);
    let _ = world.owner().post("/api/v1/objects", &locked).await.expect(201);
    let path = "/api/v1/objects/report:Payroll";
    let open = json!({ "visibility_key": null });
    for login in ["administrator", "manager", "supervisor", "agent"] {
        let who = world.user(login);
        for refused in [who.get(path).await, who.patch(path, &open).await, who.delete(path).await] {
            let _ = refused.refused(404, "not_found");
        }
        assert!(listed(&who, "?kind=report").await.is_empty(), "{login}");
    }
    // What restricts does not lock, and a kind without a second key has none.
    let restricting = json!({ "visibility_key": "NODIALOUT" });
    let _ = world.owner().patch("/api/v1/objects/skill:French", &restricting).await.refused(422, "invalid");
    let second = json!({ "reports_key": "VIP" });
    let refused = world.owner().patch("/api/v1/objects/skill:French", &second).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/reports_key"]);
    let id = world.north.id(Kind::Object, "report:Payroll");
    let _ = world.owner().get(&format!("/api/v1/objects/{id}")).await.expect(200);
}

#[tokio::test]
async fn queuemetrics_10_the_worked_example_holds_for_reports_wallboards_and_other_objects() {
    let world = Product::founded("queuemetrics").await;
    let _ = world.put("/users/ada/keys", json!({ "masterkey": true })).await.expect(200);
    for key in ["KA", "KB", "KD", "KE"] {
        let _ = world.post("/keys", json!({ "name": key })).await.expect(201);
    }
    let (alice, bob) = (world.add("alice", "User", None).await, world.add("bob", "User", None).await);
    let _ = world.put("/users/alice/keys", json!({ "keys": ["KA", "KD"] })).await.expect(200);
    let _ = world.put("/users/bob/keys", json!({ "keys": ["KB", "KE"] })).await.expect(200);
    let catalog = world.ada.get("/api/v1/catalog").await.expect(200).json();
    let kinds =
        catalog["objects"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap().to_owned());
    for kind in kinds.collect::<Vec<_>>() {
        for (name, key) in
            [("A", Some("KA")), ("B", Some("KB")), ("C", None), ("D", Some("KD")), ("E", Some("KE"))]
        {
            let body = json!({ "kind": kind, "name": name, "visibility_key": key });
            let body = if kind == "qa_form" {
                json!({ "kind": kind, "name": name, "visibility_key": key, "reports_key": key })
            } else {
                body
            };
            let _ = world.post("/objects", body).await.expect(201);
        }
        let sees = async |who: &Client| {
            let all = listed(who, &format!("?kind={kind}")).await;
            all.iter().map(|called| called.split_once(':').unwrap().1.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(sees(&alice).await, ["A", "C", "D"], "{kind}");
        assert_eq!(sees(&bob).await, ["B", "C", "E"], "{kind}");
        assert_eq!(sees(&world.ada).await, ["A", "B", "C", "D", "E"], "by the masterkey, {kind}");
        let path = format!("/api/v1/objects/{kind}:B");
        let _ = alice.get(&path).await.refused(404, "not_found");
        let _ = alice.patch(&path, &json!({ "visibility_key": null })).await.refused(404, "not_found");
        let _ = bob.patch(&path, &json!({ "visibility_key": null })).await.refused(403, "permission_missing");
    }
}

#[tokio::test]
async fn queuemetrics_10_an_editors_key_edits_its_objects_and_a_form_has_two_locks() {
    let world = Product::founded("queuemetrics").await;
    let _ = world.put("/users/ada/keys", json!({ "masterkey": true })).await.expect(200);
    for key in ["IN", "OUT"] {
        let _ = world.post("/keys", json!({ "name": key })).await.expect(201);
    }
    let bo = world.add("bo", "User", None).await;
    let form = json!({ "kind": "qa_form", "name": "Sales", "visibility_key": "IN", "reports_key": "OUT" });
    let _ = world.post("/objects", form).await.expect(201);
    let _ = world
        .put("/users/bo/keys", json!({ "keys": ["USR_OUTCOME", "QA_TRACK", "QA_REPORT", "IN"] }))
        .await
        .expect(200);
    let _ = bo.post("/api/v1/objects", &object("outcome:Sold")).await.expect(201);
    let _ = bo.patch("/api/v1/objects/outcome:Sold", &json!({ "description": "Yes" })).await.expect(200);
    let _ = bo.delete("/api/v1/objects/outcome:Sold").await.expect(200);
    let _ = bo.post("/api/v1/objects", &object("report:Mine")).await.refused(403, "permission_missing");
    let may = async |permission: &str| {
        let target = json!({ "kind": "object", "id": "qa_form:Sales" });
        let body = json!({ "user": "bo", "permission": permission, "target": target });
        bo.post("/api/v1/check", &body).await.expect(200).json()["allowed"] == true
    };
    assert_eq!((may("qa.enter").await, may("qa.report").await), (true, false));
    let _ = world
        .put("/users/bo/keys", json!({ "keys": ["USR_QAEDIT", "QA_TRACK", "QA_REPORT", "IN"] }))
        .await
        .expect(200);
    let path = "/api/v1/objects/qa_form:Sales";
    let _ = bo.patch(path, &json!({ "reports_key": null })).await.refused(403, "gives_more_than_held");
    let _ =
        world.put("/users/bo/keys", json!({ "keys": ["QA_TRACK", "QA_REPORT", "OUT"] })).await.expect(200);
    assert_eq!((may("qa.enter").await, may("qa.report").await), (false, true));
}

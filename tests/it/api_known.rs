//! What somebody may not know of is answered as if it were not there, wherever it is named: in questions, in bodies of
//! changes, in filters.

use rollbook_domain::kernel::id::Kind;
use rollbook_tests::app::World;
use rollbook_tests::client::{Answer, Client};
use serde_json::{Value, json};

/// Of each kind one that is there and one that is not, by name and by id.
async fn pairs(world: &World) -> Vec<(&'static str, String, String)> {
    let _ = world.owner().post("/api/v1/groups", &json!({ "name": "West" })).await.expect(201);
    let hidden = json!({ "kind": "report", "name": "Hidden", "visibility_key": "VIP" });
    let _ = world.owner().post("/api/v1/objects", &hidden).await.expect(201);
    let named = [
        ("user", Kind::User, "victim"),
        ("role", Kind::Role, "Helper"),
        ("profile", Kind::Profile, "Billing"),
        ("key", Kind::Key, "VIP"),
        ("queue", Kind::Queue, "Sales"),
        ("group", Kind::Group, "West"),
        ("agent", Kind::Agent, "Old/agent"),
        ("object", Kind::Object, "report:Hidden"),
    ];
    let absent = "01900000-0000-7000-8000-00000000dead".to_owned();
    let by_name = named.map(|(kind, _, name)| (kind, name.to_owned(), "Nothing77".to_owned()));
    let by_id =
        named.map(|(word, kind, name)| (word, world.north.id(kind, name).to_string(), absent.clone()));
    by_name.into_iter().chain(by_id).collect()
}

#[track_caller]
fn assert_alike(one: &Answer, other: &Answer, what: &str) {
    assert_eq!(one.status, other.status, "{what}: {} {}", one.text(), other.text());
    assert_eq!(one.text(), other.text(), "{what}");
    let headers = |answer: &Answer| {
        let mut all: Vec<_> =
            answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        all.sort();
        all
    };
    assert_eq!(headers(one), headers(other), "{what}");
}

async fn ask(client: &Client, body: Value, in_bulk: bool) -> Answer {
    match in_bulk {
        true => client.post("/api/v1/check/bulk", &json!({ "checks": [body] })).await,
        false => client.post("/api/v1/check", &body).await,
    }
}

/// Ann is an agent, who sees nobody but herself.
#[tokio::test]
async fn a_check_of_oneself_tells_nothing_of_what_one_may_not_see() {
    let world = World::new().await;
    let ann = world.user("ann");
    for (kind, there, absent) in pairs(&world).await {
        for permission in [format!("{kind}s.view"), format!("{kind}s.edit"), "no.such".to_owned()] {
            for in_bulk in [false, true] {
                let one = async |id: &str| {
                    let target = json!({ "kind": kind, "id": id });
                    let body = json!({ "user": "ann", "permission": permission, "target": target });
                    ask(&ann, body, in_bulk).await.expect(200)
                };
                assert_alike(
                    &one(&there).await,
                    &one(&absent).await,
                    &format!("{permission} {kind} {there}"),
                );
            }
        }
    }
}

#[tokio::test]
async fn nor_do_several_targets_or_the_facts_of_a_case() {
    let world = World::new().await;
    let ann = world.user("ann");
    for (kind, there, absent) in pairs(&world).await {
        let places = match kind {
            "role" => vec![("targets", "role")],
            "queue" => vec![("targets", "from"), ("targets", "to"), ("facts", "queue")],
            "user" => vec![("facts", "agent")],
            "group" => vec![("facts", "group")],
            _ => continue,
        };
        for (member, place) in places {
            let one = async |id: &str| {
                let mut body = json!({ "user": "ann", "permission": "calls.process" });
                body[member] = json!({ place: id });
                if member == "facts" {
                    body["target"] = json!({ "kind": "conversation" });
                }
                ask(&ann, body, false).await.expect(if member == "facts" { 404 } else { 200 })
            };
            assert_alike(&one(&there).await, &one(&absent).await, &format!("{member} {place} {there}"));
        }
    }
    // One's own group is known, as are the queues that one serves.
    for (login, facts) in [("ann", json!({ "group": "East" })), ("agent", json!({ "queue": "Sales" }))] {
        let target = json!({ "kind": "conversation" });
        let body = json!({ "user": login, "permission": "calls.process", "target": target, "facts": facts });
        assert_eq!(ask(&world.user(login), body, false).await.expect(200).json()["allowed"], true);
    }
}

/// A supervisor sees the agents of their groups, and little else.
#[tokio::test]
async fn a_check_of_somebody_else_is_404_for_both_and_names_the_place() {
    let world = World::new().await;
    let supervisor = world.user("supervisor");
    for (kind, there, absent) in pairs(&world).await.into_iter() {
        for in_bulk in [false, true] {
            let one = async |id: &str| {
                let target = json!({ "kind": kind, "id": id });
                let body = json!({ "user": "ann", "permission": "users.view", "target": target });
                ask(&supervisor, body, in_bulk).await.refused(404, "not_found")
            };
            let (there, absent) = (one(&there).await, one(&absent).await);
            assert_alike(&there, &absent, kind);
            assert_eq!(there.pointers(), [if in_bulk { "/checks/0/target/id" } else { "/target/id" }]);
        }
    }
    // What they see is answered.
    let target = json!({ "kind": "group", "id": "East" });
    let body = json!({ "user": "ann", "permission": "groups.view", "target": target });
    assert_eq!(ask(&supervisor, body, false).await.expect(200).json()["allowed"], false);
}

#[tokio::test]
async fn a_check_stays_right_whatever_is_hidden() {
    let world = World::new().await;
    // Agents see no queue, but may be granted something over those that they serve.
    let grants = json!([{ "permission": "queues.edit", "scope": "assigned" }]);
    let grants = json!({ "grants": grants });
    let _ = world.owner().put("/api/v1/users/agent/custom-profile", &grants).await.expect(200);
    let _ = world.user("agent").get("/api/v1/queues/Sales").await.expect(404);
    let target = json!({ "kind": "queue", "id": "Sales" });
    let body = json!({ "user": "agent", "permission": "queues.edit", "target": target });
    let own = ask(&world.user("agent"), body.clone(), false).await.expect(200);
    let auditors = ask(&world.user("auditor"), body, false).await.expect(200);
    assert_eq!(own.json()["allowed"], true);
    assert_eq!(own.json()["reasons"], auditors.json()["reasons"]);
}

#[tokio::test]
async fn whoever_may_read_the_log_is_told_which_name_is_wrong() {
    let world = World::new().await;
    let target = json!({ "kind": "queue", "id": "Nothing77" });
    let body = json!({ "user": "ann", "permission": "queues.view", "target": target });
    let answer = ask(&world.user("auditor"), body, false).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/target/id"]);
}

/// Whoever may not change it at all is refused before any name is looked for.
#[tokio::test]
async fn a_refused_change_tells_nothing_of_the_names_in_its_body() {
    let world = World::new().await;
    let both = async |login: &str, method: &str, path: &str, body: &dyn Fn(&str) -> Value, there: &str| {
        let client = world.user(login);
        let [one, other] = [body(there), body("Nothing77")];
        let one = client.send(method, path, Some(&one)).await;
        let other = client.send(method, path, Some(&other)).await;
        assert!(matches!(one.status, 403 | 404 | 422), "{login} {method} {path}: {}", one.text());
        assert_alike(&one, &other, &format!("{login} {method} {path}"));
    };
    let own = "/api/v1/users/ann";
    both("ann", "PUT", &format!("{own}/role"), &|name| json!({ "role": name }), "Helper").await;
    both("ann", "PUT", &format!("{own}/profile"), &|name| json!({ "profile": name }), "Billing").await;
    both("ann", "PUT", &format!("{own}/keys"), &|name| json!({ "keys": [name] }), "VIP").await;
    let new = |name: &str| json!({ "login": "zoe", "name": "Zoe", "role": name });
    both("ann", "POST", "/api/v1/users", &new, "Helper").await;
    for set in ["role", "profile"] {
        let bulk = |name: &str| {
            let mut body = json!({ "ids": ["ann"], "set": {} });
            body["set"][set] = json!(name);
            body
        };
        let there = if set == "role" { "Helper" } else { "Billing" };
        both("ann", "POST", "/api/v1/users/bulk", &bulk, there).await;
    }
    let bulk = |login: &str| json!({ "ids": [login], "set": {} });
    both("ann", "POST", "/api/v1/users/bulk", &bulk, "victim").await;
    // Auditors may plan a rollback, and see everybody; an agent may not plan.
    let select = |login: &str| {
        let (from, until) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        json!({ "select": { "actor": login, "from": from, "until": until } })
    };
    both("ann", "POST", "/api/v1/rollbacks/plan", &select, "victim").await;
}

/// Those who may give a thing but not see it: the name is not found, whether it is there or not.
#[tokio::test]
async fn what_one_may_not_see_cannot_be_given_by_name_or_id() {
    let world = World::new().await;
    let grants = ["users.view", "users.role", "users.profile", "users.keys", "groups.view", "groups.edit"];
    let grants: Vec<_> = grants.iter().map(|name| json!({ "permission": name, "scope": "all" })).collect();
    let role = json!({ "name": "Giver", "rank": 45, "grants": grants });
    let _ = world.owner().post("/api/v1/roles", &role).await.expect(201);
    let _ = world.owner().put("/api/v1/users/manager/role", &json!({ "role": "Giver" })).await.expect(200);
    let giver = world.user("manager");
    let absent = "01900000-0000-7000-8000-00000000dead";
    let ids = [(Kind::Role, "Helper"), (Kind::Profile, "Billing"), (Kind::Key, "VIP")]
        .map(|(kind, name)| world.north.id(kind, name).to_string());
    let [role, profile, key] = &ids;
    for (path, member, names) in [
        ("role", "role", ["Helper", role]),
        ("profile", "profile", ["Billing", profile]),
        ("keys", "keys", ["VIP", key]),
    ] {
        let give = async |name: &str| {
            let value = if member == "keys" { json!([name]) } else { json!(name) };
            giver.put(&format!("/api/v1/users/ann/{path}"), &json!({ member: value })).await.expect(422)
        };
        for name in names {
            assert_alike(&give(name).await, &give(absent).await, path);
        }
    }
    // What a thing names already may stay: whoever sees it knows of it.
    let _ = world.owner().put("/api/v1/users/ann/keys", &json!({ "keys": ["VIP"] })).await.expect(200);
    let _ = giver.put("/api/v1/users/ann/keys", &json!({ "keys": ["VIP"] })).await.expect(200);
}

/// A group shows the ids of its members, not how they are called.
#[tokio::test]
async fn what_a_thing_shows_by_its_id_may_stay_by_its_id_and_cannot_be_guessed_by_name() {
    let world = World::new().await;
    let grants = ["groups.view", "groups.edit"].map(|name| json!({ "permission": name, "scope": "all" }));
    let role = json!({ "name": "Grouper", "rank": 45, "grants": grants });
    let _ = world.owner().post("/api/v1/roles", &role).await.expect(201);
    let _ = world.owner().put("/api/v1/users/manager/role", &json!({ "role": "Grouper" })).await.expect(200);
    let grouper = world.user("manager");
    let members = grouper.get("/api/v1/groups/East").await.expect(200).json()["members"].clone();
    let login = world.owner().get(&format!("/api/v1/users/{}", members[0].as_str().unwrap())).await;
    let login = login.expect(200).json()["login"].clone();
    let put =
        async |members: Value| grouper.patch("/api/v1/groups/East", &json!({ "members": members })).await;
    let _ = put(members).await.expect(200);
    assert_alike(
        &put(json!([login])).await.expect(422),
        &put(json!(["Nothing77"])).await,
        "a member's login",
    );
}

#[tokio::test]
async fn a_filter_tells_nothing_of_what_one_may_not_see() {
    let world = World::new().await;
    for (filter, there) in [("role", "Helper"), ("profile", "Billing")] {
        let one = world.user("ann").get(&format!("/api/v1/users?{filter}={there}")).await.expect(422);
        let other = world.user("ann").get(&format!("/api/v1/users?{filter}=Nothing77")).await.expect(422);
        assert_alike(&one, &other, filter);
        let _ = world.owner().get(&format!("/api/v1/users?{filter}={there}")).await.expect(200);
    }
}

/// A role that shapes queues and may plan rollbacks, and sees nobody.
async fn shaper(world: &World) -> Client {
    let grants = ["queues.view", "queues.edit", "keys.view", "rollback.plan", "rollback.apply"];
    let grants: Vec<_> = grants.iter().map(|name| json!({ "permission": name, "scope": "all" })).collect();
    let role = json!({ "name": "Shaper", "rank": 45, "grants": grants });
    let _ = world.owner().post("/api/v1/roles", &role).await.expect(201);
    let _ = world.owner().put("/api/v1/users/manager/role", &json!({ "role": "Shaper" })).await.expect(200);
    world.user("manager")
}

#[tokio::test]
async fn whom_a_change_affects_is_counted_and_only_those_are_listed_whom_one_sees() {
    let world = World::new().await;
    let shaper = shaper(&world).await;
    let logins = |affected: &Value| {
        let users = affected["users"].as_array().unwrap().clone();
        users.iter().map(|one| one["user"]["login"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let lock = json!({ "visibility_key": "VIP" });
    let dry = async |client: Client| {
        client.with("rollbook-dry-run", "true").patch("/api/v1/queues/Sales", &lock).await.expect(200).json()
    };
    let (all, few) =
        (dry(world.owner()).await["affected"].clone(), dry(shaper.clone()).await["affected"].clone());
    assert!(logins(&all).contains(&"administrator".to_owned()), "{all:#}");
    assert_eq!((logins(&few), &few["count"]), (vec!["manager".to_owned()], &all["count"]));
    // The same of a plan, and of the plan that is shown in place of another.
    let _ = world.owner().patch("/api/v1/queues/Sales", &lock).await.expect(200);
    let select = json!({ "events": [world.head().await] });
    let plan = async |client: &Client| {
        client.post("/api/v1/rollbacks/plan", &json!({ "select": select })).await.expect(200).json()
    };
    // Whoever does not hold the key of a queue does not see it.
    for login in ["owner", "manager"] {
        let keys = json!({ "keys": ["VIP"] });
        let _ = world.owner().put(&format!("/api/v1/users/{login}/keys"), &keys).await.expect(200);
    }
    let (all, few) =
        (plan(&world.owner()).await["affected"].clone(), plan(&shaper).await["affected"].clone());
    assert!(logins(&all).contains(&"administrator".to_owned()), "{all:#}");
    assert_eq!((logins(&few), &few["count"]), (Vec::new(), &all["count"]));
    let apply = json!({ "plan": "0".repeat(64), "select": select });
    let stale = shaper.post("/api/v1/rollbacks", &apply).await.refused(409, "stale_plan");
    assert_eq!(logins(&stale.json()["plan"]["affected"]), Vec::<String>::new());
}

/// What is not undone is shown too: passwords, API keys, lock-outs.
#[tokio::test]
async fn a_plan_shows_nothing_of_what_happened_to_those_whom_one_may_not_see() {
    let world = World::new().await;
    let shaper = shaper(&world).await;
    let _ = world.owner().act("/api/v1/users/ann/api-key").await.expect(201);
    let select = json!({ "select": { "events": [world.head().await] } });
    let _ = world.owner().post("/api/v1/rollbacks/plan", &select).await.expect(200);
    let _ = shaper.post("/api/v1/rollbacks/plan", &select).await.refused(404, "not_found");
}

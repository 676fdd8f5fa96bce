//! Nobody gets more than they hold, in the words of each product: by whatever route, and on two processes at once.
//!
//! The rules themselves are tried over random organizations in `domain/src/organization/tests/escalation.rs`.

use crate::products_world::{PASSWORD, World, sign_in};
use rollbook_tests::client::{Answer, Client};
use serde_json::{Value, json};

type Attempt = (&'static str, String, Value);

fn at(method: &'static str, path: &str, body: Value) -> Attempt {
    (method, path.to_owned(), body)
}

/// The position of the organization's last entry.
async fn head(world: &World) -> Value {
    let body = json!({ "user": "ada", "permission": "users.view" });
    world.post("/check", body).await.expect(200).json()["position"].clone()
}

/// Gives `login` the power `given` for a moment, which is what the last attempt of [`refused`] would bring back.
async fn had_once(world: &World, login: &str, given: &(&'static str, Value), taken: &(&'static str, Value)) {
    let _ = put(&world.ada, login, given).await.expect(200);
    let _ = put(&world.ada, login, taken).await.expect(200);
}

/// Undoing the newest change of what `login` may do, by the very plan that is right.
async fn undo(world: &World, login: &str) -> Attempt {
    let history = world.ada.get(&format!("/api/v1/users/{login}/history")).await.expect(200).json();
    let taken = history["items"].as_array().unwrap().iter().find(|item| {
        ["user.keys_changed", "user.role_assigned", "user.profile_assigned", "user.superuser_set"]
            .contains(&item["action"].as_str().unwrap())
    });
    let select = json!({ "events": [taken.unwrap_or_else(|| panic!("{history}"))["position"]] });
    let plan = world.post("/rollbacks/plan", json!({ "select": select })).await.expect(200).json();
    assert_eq!(plan["blockers"], json!([]), "{plan}");
    at("POST", "/rollbacks", json!({ "plan": plan["id"], "select": select }))
}

/// Tries each, as it is and as a dry run, with the session and with an API key of the same user: all are refused, and
/// nothing was written.
async fn refused(world: &World, who: &Client, login: &str, attempts: Vec<Attempt>) {
    let made = world.post(&format!("/users/{login}/api-key"), Value::Null).await.expect(201).json();
    let key = who.clone().bearer(made["api_key"].as_str().unwrap());
    let before = head(world).await;
    let undo = undo(world, login).await;
    let mut got_through = Vec::new();
    for (method, path, body) in attempts.iter().chain([&undo]) {
        let body = (!body.is_null()).then_some(body);
        for client in [who.clone(), who.clone().with("rollbook-dry-run", "true"), key.clone()] {
            let answer = client.send(method, &format!("/api/v1{path}"), body).await;
            // Where a rule stands in the way before the right is asked for, 409 is refusal enough.
            if !matches!(answer.status, 403 | 404 | 409) {
                got_through.push(format!("{method} {path}: {} {}", answer.status, answer.text()));
            }
        }
    }
    assert!(got_through.is_empty(), "{login}: {got_through:#?}");
    assert_eq!(head(world).await, before);
}

/// What gives `login` or `other` a role, profile or key, one by one and in bulk.
fn gifts(login: &str, other: &str, role: &str) -> Vec<Attempt> {
    let both = json!([login, other]);
    vec![
        at("PUT", &format!("/users/{login}/role"), json!({ "role": role })),
        at("PUT", &format!("/users/{other}/role"), json!({ "role": role })),
        at("PUT", &format!("/users/{login}/keys"), json!({ "masterkey": true })),
        at("PUT", &format!("/users/{other}/keys"), json!({ "masterkey": true })),
        at("PUT", &format!("/users/{login}/keys"), json!({ "superuser": true })),
        at("PUT", &format!("/users/{other}/keys"), json!({ "superuser": true })),
        at("POST", "/users/bulk", json!({ "ids": both, "set": { "role": role } })),
        at("POST", "/users", json!({ "login": "new", "name": "New", "role": role })),
        at("PATCH", &format!("/roles/{role}"), json!({ "description": "Mine now" })),
        at("DELETE", "/users/ada", Value::Null),
        at("PUT", "/users/ada/password", json!({ "new": "taken over now" })),
        at("POST", "/users/ada/api-key", Value::Null),
        at("POST", "/organization/transfer", json!({ "to": login })),
        at("PATCH", "/settings", json!({ "sign_in_attempts_max": 0 })),
    ]
}

#[tokio::test]
async fn queuemetrics_nobody_takes_a_key_sheds_a_minus_or_opens_a_lock_by_any_route() {
    let world = World::founded("queuemetrics").await;
    let _ = world.post("/keys", json!({ "name": "VIP" })).await.expect(201);
    let locked = json!({ "name": "Gold", "visibility_key": "VIP" });
    let _ = world.post("/queues", locked).await.expect(201);
    let (bo, _) = (world.add("bo", "User", None).await, world.add("cy", "User", None).await);
    let keys = |keys: Value| ("keys", json!({ "keys": keys }));
    let held = ["USR_QUEUE", "USR_AGENT", "HIDENUMBERS", "-MON_AUDIO"];
    had_once(&world, "bo", &keys(json!(["USRADMIN"])), &keys(json!(held))).await;
    let mut attempts = gifts("bo", "cy", "Admin");
    let own = |keys: Value| at("PUT", "/users/bo/keys", json!({ "keys": keys }));
    attempts.extend([
        own(json!(["USR_QUEUE", "USR_AGENT", "HIDENUMBERS", "-MON_AUDIO", "USRADMIN"])),
        own(json!(["USR_QUEUE", "USR_AGENT", "HIDENUMBERS"])),
        own(json!(["USR_QUEUE", "USR_AGENT", "-MON_AUDIO"])),
        at("PUT", "/users/cy/keys", json!({ "keys": ["VIP"] })),
        at("PUT", "/users/cy/keys", json!({ "keys": ["USR_QUEUE"] })),
        at("PATCH", "/roles/User", json!({ "keys": ["USER", "USRADMIN"] })),
        at("PATCH", "/queues/Gold", json!({ "visibility_key": null })),
        at("PATCH", "/keys/HIDENUMBERS", json!({ "name": "NOTHING" })),
    ]);
    refused(&world, &bo, "bo", attempts).await;
}

#[tokio::test]
async fn voximplant_nobody_supervises_edits_or_transfers_their_way_up() {
    let world = World::founded("voximplant").await;
    let mae = world.add("mae", "manager", None).await;
    let sue = world.add("sue", "supervisor", None).await;
    for login in ["max", "ann"] {
        let _ = world.add(login, if login == "max" { "manager" } else { "agent" }, None).await;
    }
    let role = |name: &str| ("role", json!({ "role": name }));
    had_once(&world, "mae", &role("administrator"), &role("manager")).await;
    had_once(&world, "sue", &role("manager"), &role("supervisor")).await;
    let _ =
        world.post("/groups", json!({ "name": "East", "supervisors": ["sue"], "members": ["ann"] })).await;
    let _ = world.post("/groups", json!({ "name": "West" })).await.expect(201);
    let mut attempts = gifts("mae", "max", "administrator");
    attempts.extend([
        at("PUT", "/users/max/role", json!({ "role": "agent" })),
        at("POST", "/users/max/block", Value::Null),
        at("PATCH", "/users/ann", json!({ "email": "mine@example.com" })),
        at("POST", "/users/bulk", json!({ "ids": ["max"], "set": { "status": "archived" } })),
    ]);
    refused(&world, &mae, "mae", attempts).await;
    let mut attempts = gifts("sue", "ann", "supervisor");
    attempts.extend([
        at("PATCH", "/groups/East", json!({ "members": ["ann", "mae"] })),
        at("PATCH", "/groups/West", json!({ "supervisors": ["sue"] })),
        at("PATCH", "/groups/East", json!({ "settings": { "outbound_calls": true } })),
        at("POST", "/groups", json!({ "name": "Mine", "supervisors": ["sue"], "members": ["mae"] })),
        at("POST", "/queues", json!({ "name": "Mine" })),
    ]);
    refused(&world, &sue, "sue", attempts).await;
}

#[tokio::test]
async fn xcally_nobody_widens_the_profile_or_the_queues_they_hold() {
    let world = World::founded("xcally").await;
    for name in ["Sales", "Care"] {
        let _ = world.post("/queues", json!({ "name": name })).await.expect(201);
    }
    let sales = world.ada.get("/api/v1/queues/Sales").await.expect(200).json()["id"].clone();
    let care = world.ada.get("/api/v1/queues/Care").await.expect(200).json()["id"].clone();
    let listed = |queues: Value| json!({ "permission": "voice_realtime.read", "scope": "queues", "queues": { "voice": queues } });
    // Rollbook's own permissions on top: as much as a profile can say of managing others, and of nobody's rank.
    let manage = [
        "users.view",
        "users.edit",
        "users.profile",
        "profiles.view",
        "profiles.edit",
        "profiles.create",
        "rollback.apply",
    ];
    let mut grants: Vec<_> =
        manage.iter().map(|name| json!({ "permission": name, "scope": "all" })).collect();
    grants.push(listed(json!([sales])));
    let lead = json!({ "name": "Leads", "grants": grants });
    let _ = world.post("/profiles", lead).await.expect(201);
    let wider = json!([{ "permission": "reports.edit", "scope": "all" }]);
    let _ = world.post("/profiles", json!({ "name": "Wide", "grants": wider })).await.expect(201);
    let _ = world.post("/profiles", json!({ "name": "Narrow", "grants": [] })).await.expect(201);
    let bo = world.add("bo", "User", Some("Leads")).await;
    let profile = |name: &str| ("profile", json!({ "profile": name }));
    had_once(&world, "bo", &profile("Wide"), &profile("Leads")).await;
    let _ = world.add("cy", "User", Some("Narrow")).await;
    let mut attempts = gifts("bo", "cy", "Admin");
    attempts.extend([
        at("PUT", "/users/bo/profile", json!({ "profile": "Wide" })),
        at("PUT", "/users/cy/profile", json!({ "profile": "Wide" })),
        at("PUT", "/users/cy/profile", json!({ "profile": "Leads" })),
        at("PATCH", "/profiles/Leads", json!({ "grants": wider })),
        at("PATCH", "/profiles/Narrow", json!({ "grants": wider })),
        at("PATCH", "/profiles/Narrow", json!({ "grants": [listed(json!([sales, care]))] })),
        at("PATCH", "/profiles/Leads", json!({ "grants": [listed(json!([sales, care]))] })),
        at("POST", "/profiles", json!({ "name": "Mine", "grants": wider })),
        at("POST", "/users/bulk", json!({ "ids": ["cy"], "set": { "profile": "Wide" } })),
    ]);
    refused(&world, &bo, "bo", attempts).await;
}

#[tokio::test]
async fn ucontact_nobody_becomes_superuser_or_gets_another_profile_by_any_route() {
    let world = World::founded("ucontact").await;
    let module = [
        "users.access_to_users",
        "users.create_users",
        "users.update_users",
        "profiles.access_to_profiles",
        "profiles.create_profiles",
        "profiles.update_profiles",
    ];
    let grants: Vec<_> = module.iter().map(|name| json!({ "permission": name, "scope": "all" })).collect();
    let _ = world.post("/profiles", json!({ "name": "Leads", "grants": grants })).await.expect(201);
    let wider = json!([{ "permission": "campaigns.access", "scope": "all" }]);
    let _ = world.post("/profiles", json!({ "name": "Wide", "grants": wider })).await.expect(201);
    let _ = world.post("/profiles", json!({ "name": "Narrow", "grants": [] })).await.expect(201);
    let bo = world.add("bo", "Supervisor", Some("Leads")).await;
    let superuser = |is: bool| ("keys", json!({ "superuser": is }));
    had_once(&world, "bo", &superuser(true), &superuser(false)).await;
    let _ = world.add("cy", "Supervisor", None).await;
    let _ = world.add("ann", "Agent", None).await;
    let mut attempts = gifts("bo", "cy", "Administrator");
    attempts.extend([
        at("PUT", "/users/bo/profile", json!({ "profile": "Wide" })),
        at("PUT", "/users/bo/custom-profile", json!({ "grants": wider })),
        at("PUT", "/users/ann/profile", json!({ "profile": "Wide" })),
        at("PUT", "/users/ann/custom-profile", json!({ "grants": wider })),
        at("PUT", "/users/ann/keys", json!({ "superuser": true })),
        at("PUT", "/users/cy/profile", json!({ "profile": "Leads" })),
        at("PATCH", "/profiles/Leads", json!({ "grants": wider })),
        at("PATCH", "/profiles/Narrow", json!({ "grants": wider })),
        at("POST", "/profiles", json!({ "name": "Mine", "grants": wider })),
        at("POST", "/users/bulk", json!({ "ids": ["ann"], "set": { "profile": "Wide" } })),
        at("POST", "/users", json!({ "login": "new", "name": "New", "role": "Agent", "profile": "Wide" })),
    ]);
    refused(&world, &bo, "bo", attempts).await;
}

/// Of each product: what makes `bo` one who gives power and what ends that, and what they give `cy` and what takes it
/// away, each as what is put below `/users/{login}`.
fn races() -> Vec<(&'static str, [(&'static str, Value); 4])> {
    let role = |name: &str| ("role", json!({ "role": name }));
    let keys = |keys: &[&str]| ("keys", json!({ "keys": keys }));
    let superuser = |is: bool| ("keys", json!({ "superuser": is }));
    vec![
        ("queuemetrics", [keys(&["USRADMIN"]), keys(&[]), keys(&["KEYUPDATE"]), keys(&[])]),
        ("voximplant", [role("manager"), role("agent"), role("supervisor"), role("agent")]),
        ("xcally", [role("Admin"), role("User"), role("Admin"), role("User")]),
        ("ucontact", [superuser(true), superuser(false), superuser(true), superuser(false)]),
    ]
}

async fn put(who: &Client, login: &str, (member, body): &(&'static str, Value)) -> Answer {
    who.put(&format!("/api/v1/users/{login}/{member}"), body).await
}

#[tokio::test]
async fn whose_power_ends_on_one_process_gives_none_afterwards_on_another() {
    for (product, [power, end, gift, back]) in races() {
        let world = World::founded(product).await;
        let lowest = match product {
            "queuemetrics" | "xcally" => "User",
            _ => "Agent",
        };
        let _ = world.post("/profiles", json!({ "name": "Plain", "grants": [] })).await.expect(201);
        for login in ["bo", "cy"] {
            let _ = world.add(login, lowest, (product == "xcally").then_some("Plain")).await;
        }
        let bo = sign_in(&world.another_process().await, "bo", PASSWORD).await;
        for round in 0..8 {
            let _ = put(&world.ada, "bo", &power).await.expect(200);
            let (given, ended) = tokio::join!(put(&bo, "cy", &gift), put(&world.ada, "bo", &end));
            let ended = ended.expect(200).json()["position"].as_u64();
            match given.status {
                200 => {
                    assert!(given.json()["position"].as_u64() < ended, "{product} {round}: {}", given.text())
                }
                status => assert!(matches!(status, 403 | 404), "{product} {round}: {}", given.text()),
            }
            let late = put(&bo, "cy", &gift).await;
            assert!(matches!(late.status, 403 | 404), "{product} {round}: {}", late.text());
            let _ = put(&world.ada, "cy", &back).await.expect(200);
        }
    }
}

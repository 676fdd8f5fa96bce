//! What an account holds beside login, name, e-mail address and role, in the four products, over HTTP.

use crate::products_world::{PASSWORD, World, sign_in};
use rollbook_tests::client::{Answer, Client};
use serde_json::{Value, json};

async fn read(who: &Client, path: &str) -> Value {
    who.get(&format!("/api/v1{path}")).await.expect(200).json()
}

async fn edit(who: &Client, login: &str, body: Value) -> Answer {
    who.patch(&format!("/api/v1/users/{login}"), &body).await
}

fn user(login: &str, role: &str, more: Value) -> Value {
    let mut body = json!({ "login": login, "name": login, "role": role });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// The codes of a refusal with the members it names.
fn refused(answer: Answer) -> (String, String) {
    let problem = answer.expect(422).json();
    let error = &problem["errors"][0];
    (error["pointer"].as_str().unwrap().to_owned(), error["code"].as_str().unwrap().to_owned())
}

fn wrong(pointer: &str, code: &str) -> (String, String) {
    (pointer.to_owned(), code.to_owned())
}

#[tokio::test]
async fn queuemetrics_1_a_user_has_a_comment_with_its_history_until_it_is_erased() {
    let world = World::founded("queuemetrics").await;
    let made = world.post("/users", user("bo", "User", json!({ "comment": "On leave" }))).await.expect(201);
    assert_eq!(made.json()["comment"], "On leave");
    let _ = edit(&world.ada, "bo", json!({ "comment": "Back" })).await.expect(200);
    let newest = &read(&world.ada, "/users/bo/history").await["items"][0];
    let change = &newest["changes"][0];
    assert_eq!((&newest["action"], &change["element"]), (&json!("user.detail_set"), &json!("comment")));
    assert_eq!((&change["from"], &change["to"]), (&json!("On leave"), &json!("Back")));
    let select = json!({ "events": [newest["position"]] });
    let plan = world.post("/rollbacks/plan", json!({ "select": select })).await.expect(200).json();
    let applied = json!({ "plan": plan["id"], "select": select });
    let _ = world.post("/rollbacks", applied).await.expect(201);
    assert_eq!(read(&world.ada, "/users/bo").await["comment"], "On leave");
    let none = edit(&world.ada, "bo", json!({ "extension": "1" })).await;
    assert_eq!(refused(none), wrong("/extension", "not_offered"));
    assert!(read(&world.ada, "/users/bo").await.get("extension").is_none());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let _ = world.ada.delete("/api/v1/users/bo").await.expect(200);
    let _ = world.post("/users/bo/erase", json!({})).await.expect(200);
    let history = read(&world.ada, &format!("/users/{id}/history")).await.to_string();
    assert!(!history.contains("On leave") && !history.contains("Back") && history.contains("[erased]"));
}

#[tokio::test]
async fn xcally_2_an_extension_is_found_from_a_minimum_on_or_given_and_nobody_has_anothers() {
    let world = World::founded("xcally").await;
    assert_eq!(read(&world.ada, "/users/ada").await["extension"], "1000");
    let settings = world.ada.patch("/api/v1/settings", &json!({ "extension_min": 200 })).await;
    let _ = settings.expect(200);
    let bo = world.post("/users", user("bo", "Admin", json!({}))).await.expect(201).json();
    assert_eq!(bo["extension"], "200");
    let cy =
        world.post("/users", user("cy", "Admin", json!({ "extension": "202" }))).await.expect(201).json();
    assert_eq!(cy["extension"], "202");
    let taken = world.post("/users", user("dan", "Admin", json!({ "extension": "200" }))).await;
    let _ = taken.refused(409, "extension_taken");
    let _ = edit(&world.ada, "bo", json!({ "extension": "202" })).await.refused(409, "extension_taken");
    let low = edit(&world.ada, "bo", json!({ "extension": "199" })).await;
    assert_eq!(refused(low), wrong("/extension", "too_low"));
    let word = edit(&world.ada, "bo", json!({ "extension": 201 })).await;
    assert_eq!(refused(word), wrong("/extension", "not_acceptable"));
    let _ = edit(&world.ada, "bo", json!({ "extension": null })).await.expect(200);
    let eve = world.post("/users", user("eve", "Admin", json!({}))).await.expect(201).json();
    assert_eq!(eve["extension"], "200");
}

#[tokio::test]
async fn xcally_2_extensions_that_are_given_at_the_same_time_on_two_processes_are_all_different() {
    let world = World::founded("xcally").await;
    let bo = world.add("bo", "Admin", None).await;
    let other = sign_in(&world.another_process().await, "bo", PASSWORD).await;
    let mut both = tokio::task::JoinSet::new();
    for nth in 0..20 {
        let who = if nth % 2 == 0 { bo.clone() } else { other.clone() };
        both.spawn(async move {
            let body = user(&format!("user{nth}"), "Admin", json!({}));
            who.post("/api/v1/users", &body).await.expect(201).json()["extension"].clone()
        });
    }
    let mut given: Vec<_> = both.join_all().await;
    given.sort_by_key(ToString::to_string);
    let wanted: Vec<_> = (1_002..=1_021).map(|number: u32| Value::from(number.to_string())).collect();
    assert_eq!(given, wanted);
}

#[tokio::test]
async fn xcally_2_a_username_has_letters_digits_dots_and_underscores() {
    let world = World::founded("xcally").await;
    let _ = world.post("/users", user("bo.b_2", "Admin", json!({}))).await.expect(201);
    for bad in ["bo-b", "bo b", "bö", "bo@b"] {
        let answer = world.post("/users", user(bad, "Admin", json!({}))).await;
        assert_eq!(refused(answer).0, "/login", "{bad}");
    }
    assert_eq!(read(&world.ada, "/catalog").await["login"]["characters"], "._");
}

#[tokio::test]
async fn xcally_3_voice_settings_have_the_products_words_and_no_others() {
    let world = World::founded("xcally").await;
    let _ = world.post("/users", user("bo", "Admin", json!({}))).await.expect(201);
    assert_eq!(read(&world.ada, "/users/bo").await["context"], "from-sip");
    for (member, words) in [
        ("transport", &["TCP", "UDP", "WS", "WSS"][..]),
        ("nat", &["yes", "no", "force_rport", "comedia", "never", "route"]),
    ] {
        for word in words {
            let set = edit(&world.ada, "bo", json!({ member: word })).await.expect(200).json();
            assert_eq!(set[member], *word);
        }
        let other = edit(&world.ada, "bo", json!({ member: "TLS" })).await;
        assert_eq!(refused(other), wrong(&format!("/{member}"), "not_acceptable"));
    }
    let whole = json!({
        "codecs": ["opus", "g729", "g722", "gsm", "alaw", "ulaw"], "context": "internal",
        "call_groups": ["1", "sales"], "pickup_groups": ["2"],
    });
    let set = edit(&world.ada, "bo", whole.clone()).await.expect(200).json();
    for (member, value) in whole.as_object().unwrap() {
        assert_eq!(&set[member], value, "the order of {member} is kept");
    }
    for (member, bad) in
        [("codecs", json!(["mp3"])), ("codecs", json!("opus")), ("call_groups", json!(["a b"]))]
    {
        let answer = edit(&world.ada, "bo", json!({ member: bad })).await;
        assert_eq!(refused(answer), wrong(&format!("/{member}"), "not_acceptable"));
    }
    let position = set["position"].as_u64().unwrap();
    let _ = edit(&world.ada, "bo", json!({ "codecs": [], "context": null })).await.expect(200);
    let now = read(&world.ada, "/users/bo").await;
    assert_eq!((&now["codecs"], &now["context"]), (&Value::Null, &json!("from-sip")));
    let then = read(&world.ada, &format!("/users/bo?at={position}")).await;
    assert_eq!(then["codecs"], whole["codecs"]);
    let diff = read(
        &world.ada,
        &format!("/diff?subject=user:{}&from={position}&to={}", now["id"].as_str().unwrap(), now["position"]),
    )
    .await;
    let changed: Vec<_> =
        diff["changes"].as_array().unwrap().iter().map(|change| &change["element"]).collect();
    assert_eq!(changed, ["codecs", "context"]);
}

#[tokio::test]
async fn ucontact_8_a_username_stays_and_an_extension_has_four_digits() {
    let world = World::founded("ucontact").await;
    let more = json!({ "extension": "0017", "phone": "+598 2", "language": "es", "transport": "udp" });
    let made = world.post("/users", user("bo", "Agent", more.clone())).await.expect(201).json();
    for (member, value) in more.as_object().unwrap() {
        assert_eq!(&made[member], value, "{member}");
    }
    let zone = edit(&world.ada, "bo", json!({ "time_zone": "America/Montevideo" })).await.expect(200).json();
    assert_eq!(zone["time_zone"], "America/Montevideo");
    for bad in ["17", "00017", "12a4"] {
        let answer = edit(&world.ada, "bo", json!({ "extension": bad })).await;
        assert_eq!(refused(answer), wrong("/extension", "not_acceptable"), "{bad}");
    }
    let taken = world.post("/users", user("cy", "Agent", json!({ "extension": "0017" }))).await;
    let _ = taken.refused(409, "extension_taken");
    let _ = edit(&world.ada, "bo", json!({ "login": "bob" })).await.refused(409, "login_fixed");
    let _ =
        edit(&world.ada, "bo", json!({ "login": "bob", "name": "Bob" })).await.refused(409, "login_fixed");
    let same = edit(&world.ada, "bo", json!({ "login": "bo", "name": "Bob" })).await.expect(200).json();
    assert_eq!((&same["login"], &same["name"]), (&json!("bo"), &json!("Bob")));
    let select = json!({ "subject": { "kind": "user", "id": "bo" }, "to": { "version": 1 } });
    let plan = world.post("/rollbacks/plan", json!({ "select": select })).await.expect(200).json();
    assert_eq!(plan["blockers"], json!([]));
}

#[tokio::test]
async fn voximplant_5_language_and_time_zone_are_set_by_oneself_alone() {
    let world = World::founded("voximplant").await;
    let bo = world.add("bo", "Agent", None).await;
    let mo = world.add("mo", "Administrator", None).await;
    for (member, value) in [("language", "es"), ("time_zone", "Europe/Madrid")] {
        for who in [&world.ada, &mo] {
            let _ = edit(who, "bo", json!({ member: value })).await.refused(403, "permission_missing");
        }
        let _ = edit(&bo, "bo", json!({ member: value })).await.expect(200);
        let _ = edit(&mo, "mo", json!({ member: value })).await.expect(200);
    }
    let email = json!({ "email": "bo@acme.example" });
    let _ = edit(&bo, "bo", email.clone()).await.refused(403, "permission_missing");
    let _ = edit(&world.ada, "bo", email).await.refused(403, "permission_missing");
    let _ = edit(&mo, "mo", json!({ "email": "mo@acme.example" })).await.expect(200);
}

#[tokio::test]
async fn voximplant_6_conversation_settings_are_no_agents_own_to_set() {
    let world = World::founded("voximplant").await;
    let bo = world.add("bo", "Agent", None).await;
    let mo = world.add("mo", "Manager", None).await;
    let chats = json!({ "max_chats": 3, "notify": true });
    let _ = edit(&bo, "bo", chats.clone()).await.refused(403, "permission_missing");
    let _ = edit(&mo, "bo", chats.clone()).await.expect(200);
    let _ = edit(&mo, "mo", chats).await.expect(200);
    let shown = read(&bo, "/users/bo").await;
    assert_eq!((&shown["max_chats"], &shown["notify"]), (&json!(3), &json!(true)));
    let many = edit(&mo, "bo", json!({ "max_chats": 101 })).await;
    assert_eq!(refused(many), wrong("/max_chats", "not_acceptable"));
}

#[tokio::test]
async fn voximplant_4_a_supervisor_sets_chats_and_notifications_of_managed_groups_in_bulk_and_nothing_else() {
    let world = World::founded("voximplant").await;
    let su = world.add("su", "Supervisor", None).await;
    for login in ["bo", "cy", "out"] {
        let _ = world.add(login, "Agent", None).await;
    }
    let mo = world.add("mo", "Manager", None).await;
    let group = json!({ "name": "Night", "members": ["bo", "cy"], "supervisors": ["su"] });
    let _ = world.post("/groups", group).await.expect(201);
    let bulk = |who: Client, ids: Value, set: Value| async move {
        who.post("/api/v1/users/bulk", &json!({ "ids": ids, "set": set })).await
    };
    let chats = json!({ "max_chats": 5, "notify": false });
    let done = bulk(su.clone(), json!(["bo", "cy"]), chats.clone()).await.expect(200).json();
    assert!(
        done["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|user| user["max_chats"] == 5 && user["notify"] == false)
    );
    let _ = bulk(su.clone(), json!(["bo", "out"]), chats.clone()).await.expect(422);
    assert_eq!(read(&world.ada, "/users/out").await["max_chats"], Value::Null);
    let block = bulk(su.clone(), json!(["bo"]), json!({ "status": "blocked" })).await;
    let _ = block.refused(403, "permission_missing");
    let language = bulk(su, json!(["bo"]), json!({ "language": "es" })).await;
    let _ = language.refused(403, "permission_missing");
    let all = bulk(mo, json!(["bo", "out"]), json!({ "max_chats": 7, "status": "blocked" })).await;
    let batch = all.expect(200).json()["batch"].clone();
    let plan =
        world.post("/rollbacks/plan", json!({ "select": { "batch": batch } })).await.expect(200).json();
    assert_eq!(plan["changes"].as_array().unwrap().len(), 4);
}

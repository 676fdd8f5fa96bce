//! Named API tokens over HTTP; their rules are told in `domain/src/user/tests/tokens.rs`.

use rollbook_domain::kernel::id::Kind;
use rollbook_replay::verify::{Kind as Finding, verify};
use rollbook_tests::app::World;
use rollbook_tests::client::Client;
use serde_json::{Value, json};

/// A token of `user` called `name`: who it lets in, and its id.
async fn made(world: &World, name: &str, user: &str) -> (Client, String) {
    let body = json!({ "name": name, "user": user });
    let made = world.owner().post("/api/v1/api-tokens", &body).await.expect(201).json();
    let client = world.anonymous().bearer(made["token"].as_str().unwrap());
    (client, made["id"].as_str().unwrap().to_owned())
}

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

/// What the activity log says of the acts that this filter finds.
async fn acts(world: &World, filter: &str) -> Vec<Value> {
    let head = world.head().await.to_string();
    let auditor = world.user("auditor").with("rollbook-min-position", &head);
    let page = auditor.get(&format!("/api/v1/activity?{filter}")).await.expect(200).json();
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn voximplant_13_a_named_token_is_the_initiator_in_ledger_log_and_export() {
    let world = World::new().await;
    let (token, id) = made(&world, "Night import", "administrator").await;
    let before = world.head().await;
    let _ = token.patch("/api/v1/users/ann", &json!({ "name": "Anna" })).await.expect(200);
    let _ = world.user("administrator").act("/api/v1/users/ann/block").await.expect(200);
    let entry = &world.changes_after(before).await[0];
    assert_eq!(entry.metadata["actor"], format!("token:{id}"));
    assert_eq!(entry.metadata["user"], world.north.id(Kind::User, "administrator").to_string());
    // By id, by name, and by name when it is revoked: what it did goes on to bear it.
    for filter in [format!("actor=token:{id}"), "actor=token:night%20IMPORT".to_owned()] {
        let found = acts(&world, &filter).await;
        assert_eq!(found.len(), 1, "{filter}");
        let actor = &found[0]["actor"];
        assert_eq!((&actor["kind"], &actor["id"]), (&json!("token"), &json!(id)));
        assert_eq!((&actor["token"], &actor["label"]), (&json!("Night import"), &json!("administrator")));
    }
    assert_eq!(acts(&world, "actor=administrator").await.len(), 2, "hers are those by her token too");
    assert_eq!(acts(&world, "text=night&action=user.renamed").await.len(), 1);
    let _ = world.owner().delete(&format!("/api/v1/api-tokens/{id}")).await.expect(200);
    assert_eq!(acts(&world, &format!("actor=token:{id}")).await[0]["actor"]["token"], "Night import");
    let export = world.owner().get(&format!("/api/v1/activity/export?format=csv&actor=token:{id}")).await;
    assert!(
        export.text().contains(&format!("token,{id},administrator,Administrator,Night import,user.renamed"))
    );
    let history = world.owner().get("/api/v1/users/ann/history").await.expect(200).json();
    assert_eq!(history["items"][1]["actor"]["token"], "Night import");
    let _ = world.owner().get("/api/v1/activity?actor=token:nobody").await.refused(422, "invalid");
}

#[tokio::test]
async fn voximplant_13_a_token_is_shown_once_listed_by_name_and_revoked_by_its_id_or_name() {
    let world = World::new().await;
    let body = json!({ "name": "Night import" });
    let made = world.owner().post("/api/v1/api-tokens", &body).await.expect(201).json();
    assert_eq!(made["user"], world.north.id(Kind::User, "owner").to_string());
    let text = made["token"].as_str().unwrap().to_owned();
    let again = world.owner().post("/api/v1/api-tokens", &body).await;
    let _ = again.refused(409, "name_taken");
    let list = world.owner().get("/api/v1/api-tokens").await.expect(200);
    assert!(!list.text().contains(&text));
    assert_eq!(names(&list.json()), ["CI", "Night import"]);
    let page = world.owner().get("/api/v1/api-tokens?limit=1").await.expect(200).json();
    let next = format!("/api/v1/api-tokens?cursor={}", page["next"].as_str().unwrap());
    assert_eq!(names(&world.owner().get(&next).await.expect(200).json()), ["Night import"]);
    let gone = world.owner().delete("/api/v1/api-tokens/night%20import").await.expect(200).json();
    assert_eq!((&gone["id"], &gone["revoked"]), (&made["id"], &json!(true)));
    assert_eq!(gone.get("token"), None);
    let _ = world.anonymous().bearer(&text).get("/api/v1/me").await.refused(401, "unauthenticated");
    let _ = world.owner().delete("/api/v1/api-tokens/night%20import").await.refused(404, "not_found");
    let (store, north) = (world.app.deployment().store(), world.north.id.to_string());
    let stored = store.credential(&north, made["id"].as_str().unwrap()).await.unwrap();
    assert_eq!(stored, None);
    let _ = world.owner().post("/api/v1/api-tokens", &body).await.expect(201);
}

#[tokio::test]
async fn a_token_may_what_its_user_may_and_not_their_password() {
    let world = World::new().await;
    let (token, _) = made(&world, "Shifts", "manager").await;
    assert_eq!(token.get("/api/v1/me").await.expect(200).json()["user"]["login"], "manager");
    let role = json!({ "role": "administrator" });
    assert_eq!(token.put("/api/v1/users/ann/role", &role).await.status, 403);
    let password = json!({ "old": rollbook_tests::app::PASSWORD, "new": "taken over now" });
    let _ = token.put("/api/v1/users/manager/password", &password).await.refused(403, "api_key_cannot");
    let _ = token.delete("/api/v1/sessions/current").await.refused(409, "not_a_session");
    let _ =
        token.post("/api/v1/api-tokens", &json!({ "name": "More" })).await.refused(403, "permission_missing");
}

#[tokio::test]
async fn the_tokens_of_whoever_is_barred_archived_or_erased_let_nobody_in() {
    let world = World::new().await;
    let (token, _) = made(&world, "Ann", "ann").await;
    let owner = world.owner();
    let lets_in = async || token.get("/api/v1/me").await.status;
    assert_eq!(lets_in().await, 200);
    for (act, status) in [("block", 401), ("unblock", 200), ("archive", 401), ("restore", 200)] {
        let _ = owner.act(&format!("/api/v1/users/ann/{act}")).await.expect(200);
        assert_eq!(lets_in().await, status, "{act}");
    }
    let ann = world.north.id(Kind::User, "ann").to_string();
    let _ = owner.act("/api/v1/users/ann/archive").await.expect(200);
    let _ = owner.post("/api/v1/users/ann/erase", &json!({})).await.expect(200);
    assert_eq!(lets_in().await, 401);
    let (store, north) = (world.app.deployment().store(), world.north.id.to_string());
    assert_eq!(store.credentials_of(&north, &ann).await.unwrap(), []);
    // The name is free again.
    let _ = made(&world, "Ann", "agent").await;
}

#[tokio::test]
async fn one_sees_ones_own_tokens_and_those_of_whom_one_holds_the_right_to_give_some() {
    let world = World::new().await;
    let _ = made(&world, "Shifts", "manager").await;
    let listed = async |who: &str| {
        let page = world.user(who).get("/api/v1/api-tokens").await.expect(200).json();
        names(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(listed("owner").await, ["CI", "Shifts"]);
    assert_eq!(listed("administrator").await, ["CI", "Shifts"]);
    assert_eq!(listed("manager").await, ["Shifts"]);
    assert_eq!(listed("ann").await, Vec::<String>::new());
    let _ = world.user("ann").delete("/api/v1/api-tokens/Shifts").await.refused(404, "not_found");
    let own = world.user("manager").delete("/api/v1/api-tokens/Shifts").await;
    let _ = own.refused(403, "permission_missing");
    let body = json!({ "name": "X", "user": "nobody" });
    assert_eq!(
        world.owner().post("/api/v1/api-tokens", &body).await.refused(422, "invalid").pointers(),
        ["/user"]
    );
}

#[tokio::test]
async fn all_that_a_token_did_is_undone_at_once_and_the_token_stays() {
    let world = World::new().await;
    let from = world.app.deployment().clock().now().to_string();
    let (token, id) = made(&world, "Gone wild", "administrator").await;
    let _ = token.patch("/api/v1/users/ann", &json!({ "name": "Wrong" })).await.expect(200);
    let _ = world.owner().patch("/api/v1/users/agent", &json!({ "name": "Right" })).await.expect(200);
    let _ = token.patch("/api/v1/users/ann", &json!({ "email": null })).await.expect(200);
    let _ = token.post("/api/v1/api-tokens", &json!({ "name": "Child" })).await.expect(201);
    let until = world.app.deployment().clock().now().to_string();
    let select = json!({ "actor": format!("token:{id}"), "from": from, "until": until });
    let plan =
        world.owner().post("/api/v1/rollbacks/plan", &json!({ "select": select })).await.expect(200).json();
    assert_eq!(plan["changes"].as_array().unwrap().len(), 2, "{plan}");
    assert_eq!(plan["kept"].as_array().unwrap().len(), 1, "{plan}");
    let body = json!({ "plan": plan["id"], "select": select });
    let _ = world.owner().post("/api/v1/rollbacks", &body).await.expect(201);
    let ann = world.owner().get("/api/v1/users/ann").await.expect(200).json();
    assert_eq!((&ann["name"], &ann["email"]), (&json!("Person ann"), &json!("ann@north.example")));
    assert_eq!(world.owner().get("/api/v1/users/agent").await.expect(200).json()["name"], "Right");
    let _ = token.get("/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn a_token_that_no_event_made_lets_nobody_in_and_is_found() {
    let world = World::new().await;
    let (token, id) = made(&world, "Real", "owner").await;
    let (store, north) = (world.app.deployment().store(), world.north.id.to_string());
    let real = store.credential(&north, &id).await.unwrap().unwrap();
    let _ = world.owner().delete("/api/v1/api-tokens/Real").await.expect(200);
    store.put_credential(&north, &real).await.unwrap();
    let _ = token.get("/api/v1/me").await.refused(401, "unauthenticated");
    let report = verify(store, None, &[], |_| ()).await.unwrap();
    let found: Vec<_> = report.findings.iter().map(|it| (it.kind, it.what.contains(&id))).collect();
    assert_eq!(found, [(Finding::Credential, true)]);
}

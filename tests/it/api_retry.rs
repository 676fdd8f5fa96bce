//! A request that comes again under its `Idempotency-Key` is answered as it was then, whatever has changed since: names
//! that are gone, entities that are others, rights that were lost.

use rollbook_domain::kernel::id::Kind;
use rollbook_tests::app::{PASSWORD, World};
use rollbook_tests::client::{Answer, Client};
use serde_json::{Value, json};

/// That `again` is the answer to a retry of what `first` answers, and that no other was expected.
#[track_caller]
fn assert_of_then(first: &Answer, again: &Answer) {
    assert_eq!(again.status, first.status, "{}", again.text());
    assert_eq!(again.header("rollbook-replayed"), Some("true"), "{}", again.asked);
    assert_eq!(first.header("rollbook-replayed"), None, "{}", first.asked);
    for name in ["etag", "rollbook-position", "content-type"] {
        assert_eq!(again.header(name), first.header(name), "{} {name}", again.asked);
    }
    let without_secret = |answer: &Answer| {
        let mut body = answer.json();
        body.as_object_mut().unwrap().entry("api_key").and_modify(|secret| *secret = Value::Null);
        body
    };
    assert_eq!(again.json(), without_secret(first), "{}", again.asked);
}

/// Sends a request, does something else, and sends it again: the answer is that of then, and nothing is appended.
async fn retried(
    world: &World,
    ask: impl AsyncFn(Client) -> Answer,
    meanwhile: impl AsyncFn(Client),
) -> Answer {
    let first = ask(world.owner().with("idempotency-key", "k")).await;
    assert!(first.is_ok(), "{} {}", first.asked, first.text());
    meanwhile(world.owner()).await;
    let head = world.head().await;
    let again = ask(world.owner().with("idempotency-key", "k")).await;
    assert_of_then(&first, &again);
    assert_eq!(world.head().await, head);
    again
}

#[tokio::test]
async fn a_retry_by_a_name_that_its_own_change_took_away_is_answered() {
    let world = World::new().await;
    let rename = async |client: Client| {
        client.patch("/api/v1/users/ann", &json!({ "login": "anna", "email": null })).await
    };
    let again = retried(&world, rename, async |_| {}).await;
    assert_eq!((&again.json()["login"], &again.json()["email"]), (&json!("anna"), &Value::Null));
}

#[tokio::test]
async fn a_retry_whose_body_names_what_is_gone_is_answered() {
    let world = World::new().await;
    let give =
        async |client: Client| client.put("/api/v1/users/ann/role", &json!({ "role": "Helper" })).await;
    retried(&world, give, async |owner| {
        let _ = owner.patch("/api/v1/roles/Helper", &json!({ "name": "Assistant" })).await.expect(200);
    })
    .await;
    let world = World::new().await;
    let create = async |client: Client| {
        let new = json!({ "login": "zoe", "name": "Zoe", "role": "Helper", "profile": "Billing" });
        client.post("/api/v1/users", &new).await
    };
    let again = retried(&world, create, async |owner| {
        let _ = owner.patch("/api/v1/users/zoe", &json!({ "login": "zora" })).await.expect(200);
        let _ = owner.patch("/api/v1/roles/Helper", &json!({ "name": "Assistant" })).await.expect(200);
        let _ = owner.patch("/api/v1/profiles/Billing", &json!({ "name": "Bills" })).await.expect(200);
    })
    .await;
    assert_eq!((again.status, &again.json()["login"]), (201, &json!("zoe")));
}

#[tokio::test]
async fn a_retry_after_a_later_change_shows_the_entity_as_it_was() {
    let world = World::new().await;
    let again = retried(
        &world,
        async |client| client.act("/api/v1/users/ann/block").await,
        async |owner| {
            let _ = owner.act("/api/v1/users/ann/unblock").await.expect(200);
            let _ = owner.patch("/api/v1/users/ann", &json!({ "name": "Another" })).await.expect(200);
        },
    )
    .await;
    assert_eq!((&again.json()["status"], &again.json()["name"]), (&json!("blocked"), &json!("Person ann")));
    assert_eq!(world.owner().get("/api/v1/users/ann").await.json()["status"], "active");
}

#[tokio::test]
async fn a_retry_of_what_changed_nothing_is_answered_for_what_it_was_about() {
    let world = World::new().await;
    let same = async |client: Client| client.patch("/api/v1/keys/VIP", &json!({ "name": "VIP" })).await;
    retried(&world, same, async |owner| {
        let _ = owner.patch("/api/v1/keys/VIP", &json!({ "name": "GOLD" })).await.expect(200);
        let _ = owner.post("/api/v1/keys", &json!({ "name": "VIP" })).await.expect(201);
    })
    .await;
}

#[tokio::test]
async fn a_bulk_change_is_answered_again_for_the_same_users_in_their_order() {
    let world = World::new().await;
    let bulk =
        json!({ "ids": ["supervisor", "ann", "agent"], "set": { "role": "Helper", "status": "blocked" } });
    let again = retried(
        &world,
        async |client| client.post("/api/v1/users/bulk", &bulk).await,
        async |owner| {
            for (old, new) in [("ann", "x1"), ("agent", "ann"), ("supervisor", "agent")] {
                let rename = json!({ "login": new });
                let _ = owner.patch(&format!("/api/v1/users/{old}"), &rename).await.expect(200);
            }
        },
    )
    .await;
    let items = again.json()["items"].as_array().unwrap().clone();
    let logins: Vec<_> = items.iter().map(|user| user["login"].as_str().unwrap()).collect();
    assert_eq!(logins, ["supervisor", "ann", "agent"]);
    assert!(again.json()["batch"].is_string());
}

#[tokio::test]
async fn a_rollback_is_answered_again_by_its_id() {
    let world = World::new().await;
    let _ = world.owner().act("/api/v1/users/ann/block").await.expect(200);
    let select = json!({ "subject": { "kind": "user", "id": "ann" }, "to": { "version": 1 } });
    let plan = world.owner().post("/api/v1/rollbacks/plan", &json!({ "select": select })).await.expect(200);
    let apply = json!({ "plan": plan.json()["id"], "select": select });
    let again = retried(
        &world,
        async |client| client.post("/api/v1/rollbacks", &apply).await,
        async |owner| {
            let _ = owner.patch("/api/v1/users/ann", &json!({ "login": "anna" })).await.expect(200);
        },
    )
    .await;
    assert_eq!(again.status, 201);
    // Its batch can be undone by the id that the retry tells.
    let undo = json!({ "select": { "batch": again.json()["id"] } });
    let _ = world.owner().post("/api/v1/rollbacks/plan", &undo).await.expect(200);
}

#[tokio::test]
async fn an_erasure_is_answered_again_with_the_position_of_its_confirmation() {
    let world = World::new().await;
    let (before, archived) = (world.head().await, world.north.id(Kind::User, "archived"));
    let erase = async |client: Client| {
        client.post("/api/v1/users/archived/erase", &json!({ "authored": true })).await
    };
    let again = retried(&world, erase, async |owner| {
        let _ = owner.act("/api/v1/users/ann/block").await.expect(200);
    })
    .await;
    let entries = world.changes_after(before).await;
    let confirmed = entries.iter().find(|entry| entry.event_type == "user.erased").unwrap().position;
    assert_eq!(again.header("rollbook-position"), Some(confirmed.to_string().as_str()));
    assert_eq!(again.header("etag"), Some(format!("\"{confirmed}\"").as_str()));
    assert_eq!((&again.json()["id"], &again.json()["login"]), (&json!(archived), &json!("[erased]")));
}

#[tokio::test]
async fn a_retry_shows_nothing_of_what_was_erased_since() {
    let world = World::new().await;
    let ask = async || {
        let owner = world.owner().with("idempotency-key", "k");
        owner.patch("/api/v1/users/ann", &json!({ "name": "Secretive" })).await.expect(200)
    };
    let first = ask().await;
    let _ = world.owner().act("/api/v1/users/ann/archive").await.expect(200);
    let erase = format!("/api/v1/users/{}/erase", first.json()["id"].as_str().unwrap());
    let _ = world.owner().post(&erase, &json!({})).await.expect(200);
    let again = ask().await;
    assert_eq!(again.header("rollbook-replayed"), Some("true"));
    assert_eq!((&again.json()["name"], &again.json()["login"]), (&json!("[erased]"), &json!("[erased]")));
}

#[tokio::test]
async fn an_api_keys_text_is_shown_once_and_never_to_a_retry() {
    let world = World::new().await;
    let ask = async || {
        let owner = world.owner().with("idempotency-key", "k");
        owner.act("/api/v1/users/ann/api-key").await.expect(201)
    };
    let first = ask().await;
    let again = ask().await;
    assert_of_then(&first, &again);
    assert_eq!(again.json()["api_key"], Value::Null);
    // The retry made no other key in its place.
    let key = world.anonymous().bearer(first.json()["api_key"].as_str().unwrap());
    assert_eq!(key.get("/api/v1/me").await.expect(200).json()["user"]["login"], "ann");
}

#[tokio::test]
async fn a_retry_of_ones_own_new_password_needs_no_old_one_and_ends_only_older_sessions() {
    let world = World::new().await;
    let body = json!({ "old": PASSWORD, "new": "another password" });
    let ask = async || {
        let ann = world.user("ann").with("idempotency-key", "k");
        ann.put("/api/v1/users/ann/password", &body).await.expect(200)
    };
    let first = ask().await;
    let ann = world.north.id(Kind::User, "ann");
    let cut_off = world.north.session(world.app.deployment(), ann, 60_000_000).await;
    let again = ask().await;
    assert_of_then(&first, &again);
    // A session from before the change, which a process that died may have left.
    assert_eq!(world.anonymous().bearer(&cut_off).get("/api/v1/me").await.status, 401);
    let wrong = world.user("ann").with("idempotency-key", "other");
    let _ = wrong.put("/api/v1/users/ann/password", &body).await.refused(422, "invalid");
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused_whatever_differs() {
    let world = World::new().await;
    let keyed = || world.owner().with("idempotency-key", "k");
    let body = json!({ "name": "Ann Other" });
    let _ = keyed().patch("/api/v1/users/ann", &body).await.expect(200);
    let before = world.head().await;
    let id = world.north.id(Kind::User, "ann");
    let others = [
        keyed().patch("/api/v1/users/ann", &json!({ "name": "Ann Third" })).await,
        keyed().patch("/api/v1/users/agent", &body).await,
        keyed().patch(&format!("/api/v1/users/{id}"), &body).await,
        keyed().patch("/api/v1/users/nobody", &body).await,
        keyed().put("/api/v1/users/ann/role", &json!({ "role": "nothing" })).await,
        keyed().with("rollbook-reason", "why").patch("/api/v1/users/ann", &body).await,
        keyed().with("rollbook-ticket", "T-1").patch("/api/v1/users/ann", &body).await,
        keyed().with("if-match", "\"1\"").patch("/api/v1/users/ann", &body).await,
        keyed().act("/api/v1/users/ann/block").await,
        keyed().delete("/api/v1/users/ann").await,
    ];
    for other in others {
        let _ = other.refused(422, "idempotency_key_reused");
    }
    assert_eq!(world.head().await, before);
}

#[tokio::test]
async fn a_refusal_and_a_dry_run_leave_a_key_free() {
    let world = World::new().await;
    let keyed = || world.owner().with("idempotency-key", "k");
    let new = json!({ "login": "agent", "name": "Second", "role": "agent" });
    let _ = keyed().post("/api/v1/users", &new).await.refused(409, "login_taken");
    let dry = keyed().with("rollbook-dry-run", "true");
    let _ = dry.post("/api/v1/keys", &json!({ "name": "DRY" })).await.expect(200);
    let _ = world.owner().patch("/api/v1/users/agent", &json!({ "login": "first", "email": null })).await;
    let made = keyed().post("/api/v1/users", &new).await.expect(201);
    assert_eq!(made.header("rollbook-replayed"), None);
    // What is remembered now is not asked about by a dry run.
    let _ = dry.post("/api/v1/keys", &json!({ "name": "DRY" })).await.expect(200);
}

#[tokio::test]
async fn a_key_is_its_actors_own() {
    let world = World::new().await;
    let block =
        async |client: Client| client.with("idempotency-key", "k").act("/api/v1/users/ann/block").await;
    let first = block(world.owner()).await.expect(200);
    // Others of the same organization, the owner by API key, and another organization's: each is asked anew.
    let _ = block(world.user("agent")).await.expect(404);
    for other in [world.user("administrator"), world.api_key(), world.foreigner()] {
        assert_eq!(block(other).await.expect(200).header("rollbook-replayed"), None);
    }
    let _ = block(world.anonymous()).await.refused(401, "unauthenticated");
    // Another session of the same user is the same actor.
    let owner = world.north.id(Kind::User, "owner");
    let session = world.north.session(world.app.deployment(), owner, 60_000_000).await;
    assert_of_then(&first, &block(world.anonymous().bearer(&session)).await);
}

#[tokio::test]
async fn whoever_lost_their_access_is_not_answered_and_whoever_lost_rights_gets_no_more_than_they_had() {
    let world = World::new().await;
    let ask = async |name: &str| {
        let client = world.user("administrator").with("idempotency-key", "k");
        client.patch("/api/v1/users/ann", &json!({ "name": name })).await
    };
    let first = ask("Ann Other").await.expect(200);
    let demote = json!({ "role": "agent" });
    let _ = world.owner().put("/api/v1/users/administrator/role", &demote).await.expect(200);
    let _ = world.owner().patch("/api/v1/users/ann", &json!({ "name": "Private" })).await.expect(200);
    let _ = world.user("administrator").get("/api/v1/users/ann").await.expect(404);
    assert_of_then(&first, &ask("Ann Other").await);
    let _ = ask("Ann Third").await.refused(422, "idempotency_key_reused");
    let _ = world.owner().act("/api/v1/users/administrator/block").await.expect(200);
    let _ = ask("Ann Other").await.refused(401, "unauthenticated");
    let _ = ask("Ann Third").await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn keys_of_any_printable_form_and_length_are_told_apart() {
    let world = World::new().await;
    let long = "k".repeat(199);
    let keys = [long.clone() + "a", long + "b", "k".into(), "K".into(), "%6B".into(), "' OR 1=1 --".into()];
    for (n, key) in keys.iter().enumerate() {
        let made = world
            .owner()
            .with("idempotency-key", key)
            .post("/api/v1/keys", &json!({ "name": format!("KEY{n}") }))
            .await;
        assert_eq!(made.expect(201).header("rollbook-replayed"), None, "{key}");
    }
    let twice = world.owner().with("idempotency-key", "one").with("idempotency-key", "two");
    let _ = twice.post("/api/v1/keys", &json!({ "name": "TWICE" })).await.refused(422, "invalid");
    let _ =
        world.owner().with("idempotency-key", "ü").delete("/api/v1/keys/KEY0").await.refused(422, "invalid");
}

/// Requests at once with one key: each is answered as the one that was carried out.
#[tokio::test(flavor = "multi_thread")]
async fn retries_on_their_way_at_once_end_in_one_change_and_one_answer() {
    let world = World::new().await;
    for round in 0..8 {
        let (old, new) = (format!("AT{round}"), format!("AT{}", round + 1));
        if round == 0 {
            let _ = world.owner().post("/api/v1/keys", &json!({ "name": old })).await.expect(201);
        }
        let before = world.head().await;
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                let client = world.owner().with("idempotency-key", format!("k{round}"));
                let (path, body) = (format!("/api/v1/keys/{old}"), json!({ "name": new }));
                tokio::spawn(async move { client.patch(&path, &body).await })
            })
            .collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap().expect(200));
        }
        assert_eq!(world.head().await, before + 1, "round {round}");
        let first = answers.iter().filter(|answer| answer.header("rollbook-replayed").is_none());
        assert_eq!(first.count(), 1, "round {round}");
        assert!(answers.iter().all(|answer| answer.json() == answers[0].json()));
        assert!(answers.iter().all(|answer| answer.header("etag") == answers[0].header("etag")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn different_requests_at_once_under_one_key_end_in_one_change() {
    let world = World::new().await;
    let before = world.head().await;
    let tasks: Vec<_> = (0..6)
        .map(|n| {
            let client = world.owner().with("idempotency-key", "k");
            tokio::spawn(
                async move { client.post("/api/v1/keys", &json!({ "name": format!("N{n}") })).await },
            )
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        let answer = task.await.unwrap();
        if answer.status == 201 { made += 1 } else { drop(answer.refused(422, "idempotency_key_reused")) }
    }
    assert_eq!((made, world.head().await), (1, before + 1));
}

/// A rollback whose plan is another one once it was carried out, and an erasure that Rollbook confirms by itself.
#[tokio::test(flavor = "multi_thread")]
async fn rollbacks_and_erasures_at_once_under_one_key_are_answered_alike() {
    let world = World::new().await;
    let _ = world.owner().act("/api/v1/users/ann/block").await.expect(200);
    let select = json!({ "subject": { "kind": "user", "id": "ann" }, "to": { "version": 1 } });
    let plan = world.owner().post("/api/v1/rollbacks/plan", &json!({ "select": select })).await.expect(200);
    let apply = json!({ "plan": plan.json()["id"], "select": select });
    let erase = ("/api/v1/users/archived/erase", json!({}));
    for (path, body) in [("/api/v1/rollbacks", apply), erase] {
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                let (client, body) = (world.owner().with("idempotency-key", path), body.clone());
                tokio::spawn(async move { client.post(path, &body).await })
            })
            .collect();
        let mut answers = Vec::new();
        for task in tasks {
            let answer = task.await.unwrap();
            assert!(answer.is_ok(), "{path}: {}", answer.text());
            answers.push((
                answer.status,
                answer.text(),
                answer.header("rollbook-position").map(str::to_owned),
            ));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:#?}");
    }
}

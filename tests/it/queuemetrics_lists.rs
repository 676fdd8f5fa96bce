//! QueueMetrics over HTTP: lists sorted as they are asked to be, and who changes their own password.

use crate::products_world::{PASSWORD, World, sign_in};
use serde_json::{Value, json};

/// The logins, names or codes of a page, and its `next`.
async fn page(world: &World, path: &str) -> (Vec<String>, Option<String>) {
    let page = world.ada.get(&format!("/api/v1{path}")).await.expect(200).json();
    let name = |item: &Value| {
        let texts = [&item["login"], &item["name"], &item["code"], &item["user"]["login"]];
        texts.into_iter().find_map(Value::as_str).unwrap().to_owned()
    };
    let items = page["items"].as_array().unwrap().iter().map(name).collect();
    (items, page["next"].as_str().map(str::to_owned))
}

/// What a cursor says to whoever looks into it: it is base64url.
fn decoded(cursor: &str) -> String {
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<usize> = cursor.chars().map(|digit| digits.find(digit).unwrap()).collect();
    let byte = |four: &[usize]| {
        let bits = four.iter().fold(0, |bits, digit| (bits << 6) | digit) << (6 * (4 - four.len()));
        [bits >> 16, bits >> 8, bits].map(|byte| char::from((byte & 0xff) as u8))
    };
    bits.chunks(4).flat_map(byte).collect()
}

/// Every item of a list, page by page.
async fn walked(world: &World, path: &str, limit: usize) -> Vec<String> {
    let (mut items, mut next) = page(world, &format!("{path}&limit={limit}")).await;
    while let Some(cursor) = next {
        let (more, after) = page(world, &format!("{path}&limit={limit}&cursor={cursor}")).await;
        assert!(!more.is_empty() && more.len() <= limit);
        items.extend(more);
        next = after;
    }
    items
}

async fn people() -> World {
    let world = World::founded("queuemetrics").await;
    for (login, name, class) in
        [("bo", "Zoe", "User"), ("cy", "Ann", "Visitor"), ("di", "ann", "User"), ("Ed", "Max", "Robot")]
    {
        let body = json!({ "login": login, "name": name, "role": class });
        let _ = world.post("/users", body).await.expect(201);
    }
    let _ = world.put("/users/cy/keys", json!({ "keys": "USR_AGENT" })).await.expect(200);
    world
}

#[tokio::test]
async fn queuemetrics_12_users_are_sorted_up_and_down_by_several_fields_and_paged_under_the_sort() {
    let world = people().await;
    for (sort, expected) in [
        ("login", ["ada", "bo", "cy", "di", "Ed"]),
        ("-login", ["Ed", "di", "cy", "bo", "ada"]),
        ("role,-login", ["ada", "Ed", "di", "bo", "cy"]),
        ("-role,login", ["cy", "bo", "di", "Ed", "ada"]),
        ("name,-login", ["ada", "di", "cy", "Ed", "bo"]),
        ("-created", ["Ed", "di", "cy", "bo", "ada"]),
        ("-changed", ["cy", "Ed", "di", "bo", "ada"]),
    ] {
        let whole = walked(&world, &format!("/users?sort={sort}"), 200).await;
        assert_eq!(whole, expected, "{sort}");
        for limit in 1..5 {
            let paged = walked(&world, &format!("/users?sort={sort}"), limit).await;
            assert_eq!(paged, whole, "{sort} in pages of {limit}");
        }
    }
    assert_eq!(walked(&world, "/users?sort=-login&role=User", 1).await, ["di", "bo"]);
    // By one field alone everybody comes once, whatever they have in common.
    let mut by_status = walked(&world, "/users?sort=status", 1).await;
    by_status.sort();
    assert_eq!(by_status, ["Ed", "ada", "bo", "cy", "di"]);
}

#[tokio::test]
async fn queuemetrics_12_a_page_goes_on_where_the_last_ended_whatever_was_added_or_renamed_meanwhile() {
    let world = people().await;
    let (first, next) = page(&world, "/users?sort=-login&limit=2").await;
    assert_eq!(first, ["Ed", "di"]);
    let _ = world.ada.patch("/api/v1/users/Ed", &json!({ "login": "aa" })).await.expect(200);
    let _ = world.ada.patch("/api/v1/users/di", &json!({ "name": "Didi" })).await.expect(200);
    let _ = world.ada.delete("/api/v1/users/di").await.expect(200);
    for login in ["fu", "ck"] {
        let _ =
            world.post("/users", json!({ "login": login, "name": login, "role": "User" })).await.expect(201);
    }
    let path = format!("/users?sort=-login&cursor={}", next.unwrap());
    assert_eq!(
        page(&world, &path).await,
        (vec!["cy".into(), "ck".into(), "bo".into(), "ada".into(), "aa".into()], None)
    );
}

#[tokio::test]
async fn a_cursor_names_nobody_and_is_refused_once_its_last_user_is_renamed_or_erased() {
    let world = people().await;
    for code in ["Agent/77", "Agent/78"] {
        let _ = world.post("/agents", json!({ "code": code, "description": code })).await.expect(201);
    }
    let may = "/access?permission=queues.view&";
    for path in
        ["/users?", "/users?sort=login&", "/users?sort=name,email&", "/agents?", "/agents?sort=name&", may]
    {
        let (first, next) = page(&world, &format!("{path}limit=1")).await;
        let next = next.unwrap_or_else(|| panic!("{path} has another page"));
        let held = decoded(&next).to_lowercase();
        assert!(held.matches('-').count() >= 4, "{path}: an id is in it: {held}");
        for text in ["ada", "ann", "agent"] {
            assert!(!held.contains(text), "{path}: {held}");
        }
        let (second, _) = page(&world, &format!("{path}limit=1&cursor={next}")).await;
        assert_ne!(first, second, "{path}");
    }
    let lost = async |path: String| {
        let refused = world.ada.get(&format!("/api/v1{path}")).await.refused(422, "invalid").json();
        let error = &refused["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!("cursor"), &json!("not_a_cursor")), "{path}");
        assert!(error["detail"].as_str().unwrap().contains("renamed or erased"), "{error}");
    };
    let cursors = async |path: &str| page(&world, &format!("{path}limit=2")).await.1.unwrap();
    let (unsorted, sorted) = (cursors("/users?").await, cursors("/users?sort=login&").await);
    let _ = world.ada.patch("/api/v1/users/bo", &json!({ "login": "b2" })).await.expect(200);
    lost(format!("/users?cursor={unsorted}")).await;
    lost(format!("/users?sort=login&cursor={sorted}")).await;
    let (unsorted, sorted) = (cursors("/users?").await, cursors("/users?sort=login&").await);
    let by_creation = cursors("/users?sort=created&").await;
    let _ = world.ada.delete("/api/v1/users/b2").await.expect(200);
    let _ = world.ada.post("/api/v1/users/b2/erase", &json!({})).await.expect(200);
    lost(format!("/users?cursor={unsorted}")).await;
    lost(format!("/users?sort=login&cursor={sorted}")).await;
    // Where nothing personal counts the place is kept.
    assert_eq!(
        page(&world, &format!("/users?sort=created&cursor={by_creation}")).await.0,
        ["cy", "di", "Ed"]
    );
}

#[tokio::test]
async fn queuemetrics_12_classes_are_sorted_by_rank_and_by_how_many_hold_them() {
    let world = people().await;
    let by_rank = walked(&world, "/roles?sort=-rank,name", 2).await;
    assert_eq!(by_rank, ["Admin", "Supervisor", "User", "Visitor", "Robot", "Webqloader"]);
    let by_holders = walked(&world, "/roles?sort=-holders,-name", 4).await;
    assert_eq!(by_holders, ["User", "Visitor", "Robot", "Admin", "Webqloader", "Supervisor"]);
    let keys = walked(&world, "/keys?sort=-name", 50).await;
    assert_eq!((keys.len(), keys[0].as_str()), (99, "WQLOADER"));
}

#[tokio::test]
async fn a_sort_or_cursor_that_the_list_does_not_know_is_refused_by_name() {
    let world = people().await;
    let (_, cursor) = page(&world, "/users?sort=-login&limit=1").await;
    let (_, unsorted) = page(&world, "/users?limit=1").await;
    let (cursor, unsorted) = (cursor.unwrap(), unsorted.unwrap());
    for (query, parameter) in [
        ("/users?sort=shoe_size".to_owned(), "sort"),
        ("/users?sort=login,,name".to_owned(), "sort"),
        ("/users?sort=--login".to_owned(), "sort"),
        ("/users?sort=login,-login".to_owned(), "sort"),
        ("/users?sort=login,name,email,role,status".to_owned(), "sort"),
        ("/users?sort=holders".to_owned(), "sort"),
        ("/keys?sort=rank".to_owned(), "sort"),
        (format!("/users?sort=login&cursor={cursor}"), "cursor"),
        (format!("/users?cursor={cursor}"), "cursor"),
        (format!("/users?sort=-login&cursor={unsorted}"), "cursor"),
        (format!("/roles?sort=-name&cursor={cursor}"), "cursor"),
    ] {
        let refused = world.ada.get(&format!("/api/v1{query}")).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), [parameter], "{query}");
    }
}

#[tokio::test]
async fn queuemetrics_9_whoever_holds_chpasswd_changes_their_own_password_and_nobody_else_does() {
    let world = World::founded("queuemetrics").await;
    let bo = world.add("bo", "User", None).await;
    let new = json!({ "old": PASSWORD, "new": "a passphrase of my own" });
    let _ = bo.put("/api/v1/users/bo/password", &new).await.expect(200);
    let _ = world.put("/users/bo/keys", json!({ "keys": "-CHPASSWD" })).await.expect(200);
    let takes = "account.change_own_password";
    // Whether the old one is right makes no difference.
    for old in ["a passphrase of my own", "some other passphrase"] {
        let again = json!({ "old": old, "new": "yet another passphrase" });
        let refused = bo.put("/api/v1/users/bo/password", &again).await.refused(403, "permission_missing");
        assert_eq!(refused.json()["permission"], takes);
    }
    let why =
        bo.post("/api/v1/check", &json!({ "user": "bo", "permission": takes })).await.expect(200).json();
    assert_eq!(why["allowed"], false);
    let catalog = world.ada.get("/api/v1/catalog").await.expect(200).json();
    assert_eq!(catalog["own_password"], takes);
    // An administrator sets it, whatever keys its owner holds.
    let _ = world.put("/users/bo/password", json!({ "new": "as the office says" })).await.expect(200);
    let bo = sign_in(&world.anonymous, "bo", "as the office says").await;
    let _ = world.put("/users/bo/keys", json!({ "keys": "" })).await.expect(200);
    let own = json!({ "old": "as the office says", "new": "mine once more" });
    let _ = bo.put("/api/v1/users/bo/password", &own).await.expect(200);
}

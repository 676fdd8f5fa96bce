//! Imports as their users meet them: a file goes in, progress and errors come out, and all of it can be undone.

use rollbook_ledger::store::Import;
use rollbook_tests::app::World;
use rollbook_tests::client::{Answer, Client};
use serde_json::{Value, json};
use std::time::Duration;

/// Longest wait for a small import.
const WAITS_MAX: usize = 600;

pub(crate) const HEADER: &str =
    "Username,Full Name,Email,Profile,Valid Date,Expiration Date,Time Zone,Language,Phone,Password\n";

/// Three people: one new with everything, one new with little, and Ann, who is there.
fn file() -> String {
    format!(
        "{HEADER}zoe,Zoë Peña,zoe@u.example,Billing,2026-05-01,2036-05-31,Europe/Madrid,es,'+34 600,horse battery staple\n\
         yan,Yan,,,,,,,,\n\
         ann,Ann Lee,ann.lee@u.example,,,,,,,another password\n"
    )
}

/// Sends a file.
pub(crate) async fn send(client: &Client, query: &str, file: impl Into<Vec<u8>>) -> Answer {
    let path = format!("/api/v1/imports?{query}");
    client.send_bytes("POST", &path, "application/octet-stream", file.into()).await
}

/// Sends a file and waits until it has ended.
pub(crate) async fn imported(client: &Client, query: &str, file: impl Into<Vec<u8>>) -> Value {
    let begun = send(client, query, file).await.expect(202).json();
    assert_eq!(begun["state"], "waiting");
    ended(client, begun["id"].as_str().unwrap()).await
}

/// The import, once it has ended.
async fn ended(client: &Client, id: &str) -> Value {
    for _ in 0..WAITS_MAX {
        let import = client.get(&format!("/api/v1/imports/{id}")).await.expect(200).json();
        if !matches!(import["state"].as_str(), Some("waiting" | "running")) {
            return import;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("import {id} does not end");
}

/// Total, created, changed, unchanged, failed.
pub(crate) fn counts(import: &Value) -> [u64; 5] {
    ["total", "created", "changed", "unchanged", "failed"]
        .map(|name| import["rows"][name].as_u64().unwrap_or_else(|| panic!("{import:#}")))
}

/// Row, field and code of each error.
pub(crate) fn errors(import: &Value) -> Vec<String> {
    let errors = import["errors"].as_array().unwrap().iter();
    errors
        .map(|error| {
            let text = |name: &str| error[name].as_str().unwrap().to_owned();
            assert!(!text("detail").is_empty());
            format!("{} {} {}", error["row"], text("field"), text("code"))
        })
        .collect()
}

#[tokio::test]
async fn ucontact_10_a_file_of_ten_columns_adds_and_changes_users_as_found() {
    let world = World::new().await;
    let (owner, before) = (world.owner().with("rollbook-ticket", "T-9"), world.head().await);
    let import = imported(&owner, "from=ucontact", file()).await;
    assert_eq!((import["state"].as_str(), counts(&import)), (Some("done"), [3, 2, 1, 0, 0]), "{import:#}");
    let zoe = owner.get("/api/v1/users/zoe").await.expect(200).json();
    assert_eq!(
        (&zoe["name"], &zoe["email"], &zoe["status"]),
        (&json!("Zoë Peña"), &json!("zoe@u.example"), &json!("active"))
    );
    let window = json!({ "from": "2026-04-30T22:00:00.000000Z", "until": "2036-05-31T22:00:00.000000Z" });
    assert_eq!(zoe["login_window"], window);
    assert_eq!(zoe["profile"], json!(world.north.id(rollbook_domain::kernel::id::Kind::Profile, "Billing")));
    let ann = owner.get("/api/v1/users/ann").await.expect(200).json();
    assert_eq!((&ann["name"], &ann["email"]), (&json!("Ann Lee"), &json!("ann.lee@u.example")));
    let notes: Vec<_> = import["notes"].as_array().unwrap().iter().map(|note| note["what"].clone()).collect();
    assert_eq!(notes, ["Time Zone", "Language", "Phone"]);
    // Every entry says that it was found and where, under the import's id, in the name of whoever imported.
    let entries = world.changes_after(before).await;
    assert_eq!(entries.len(), 6, "{entries:#?}");
    for entry in &entries {
        let said = |name: &str| entry.metadata.get(name).map(String::as_str);
        assert_eq!(said("channel"), Some("import"));
        assert_eq!(said("found_in"), Some("ucontact"));
        assert_eq!(said("cause"), import["id"].as_str());
        assert_eq!((said("ticket"), said("ip")), (Some("T-9"), Some("127.0.0.1")));
        assert!(said("authority").is_some_and(|authority| authority.contains(" by role Owner")));
    }
    let positions = json!({ "first": before + 1, "last": before + 6 });
    assert_eq!(import["positions"], positions);
    let history = owner.get("/api/v1/users/ann/history?limit=1").await.expect(200).json();
    let sentence = history["items"][0]["sentence"].as_str().unwrap().to_owned();
    assert!(sentence.ends_with(", as found in uContact"), "{sentence}");
    let log = owner.with("rollbook-min-position", (before + 6).to_string());
    let log = log.get("/api/v1/activity?channel=import&limit=1").await.expect(200).json();
    assert!(log["items"][0]["sentence"].as_str().unwrap().ends_with(", as found in uContact"), "{log:#}");
}

#[tokio::test]
async fn a_password_of_a_file_lets_a_new_user_in_who_is_advised_to_change_it_and_changes_nobody_elses() {
    let world = World::new().await;
    let import = imported(&world.owner(), "from=ucontact", file()).await;
    let sign_in = async |login: &str, password: &str| {
        let body = json!({ "organization": "north", "login": login, "password": password });
        world.anonymous().post("/api/v1/sessions", &body).await
    };
    let token = sign_in("zoe", "horse battery staple").await.expect(201).json()["token"].clone();
    let me = world.anonymous().bearer(token.as_str().unwrap()).get("/api/v1/me").await.expect(200).json();
    assert_eq!(me["password_change_advised"], true, "{me:#}");
    let _ = sign_in("ann", "another password").await.refused(401, "sign_in_failed");
    let _ = sign_in("ann", rollbook_tests::app::PASSWORD).await.expect(201);
    let _ = sign_in("yan", "").await.refused(401, "sign_in_failed");
    assert!(!import.to_string().contains("staple"));
}

#[tokio::test]
async fn the_same_file_again_changes_nothing_and_adds_nobody_twice() {
    let world = World::new().await;
    let _ = imported(&world.owner(), "from=ucontact", file()).await;
    let head = world.head().await;
    let again = imported(&world.owner(), "from=ucontact", file()).await;
    assert_eq!((counts(&again), &again["positions"]), ([3, 0, 0, 3, 0], &Value::Null));
    assert_eq!(world.head().await, head);
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_writes_nothing() {
    let world = World::new().await;
    let before = world.head().await;
    let bad = format!("{}xi,Xi,zoe@u.example,,,,,,,\nwu,Wu,,No such profile,,,,,,\n", file());
    let dry = imported(&world.owner(), "from=ucontact&dry_run=true", bad.clone()).await;
    assert_eq!((&dry["dry_run"], counts(&dry)), (&json!(true), [5, 2, 1, 0, 2]), "{dry:#}");
    assert_eq!(errors(&dry), ["6 Profile no_such_profile", "5 Email email_taken"]);
    let by_header = world.owner().with("rollbook-dry-run", "true");
    assert_eq!(imported(&by_header, "from=ucontact", file()).await["dry_run"], true);
    assert_eq!(world.head().await, before);
    let real = imported(&world.owner(), "from=ucontact", bad).await;
    assert_eq!((counts(&real), errors(&real).len()), ([5, 2, 1, 0, 2], 2));
}

#[tokio::test]
async fn a_whole_import_is_undone_by_its_id() {
    let world = World::new().await;
    let owner = world.owner();
    let ann = owner.get("/api/v1/users/ann").await.expect(200).json();
    let import = imported(&owner, "from=ucontact", file()).await;
    let select = json!({ "batch": import["id"] });
    let plan = owner.post("/api/v1/rollbacks/plan", &json!({ "select": select })).await.expect(200).json();
    assert_eq!((&plan["conflicts"], &plan["blockers"]), (&json!([]), &json!([])), "{plan:#}");
    let apply = json!({ "plan": plan["id"], "select": select });
    let _ = owner.post("/api/v1/rollbacks", &apply).await.expect(201);
    for login in ["zoe", "yan"] {
        let user = owner.get(&format!("/api/v1/users/{login}")).await.expect(200).json();
        assert_eq!(user["status"], "archived", "{login}");
    }
    let again = owner.get("/api/v1/users/ann").await.expect(200).json();
    assert_eq!((&again["name"], &again["email"]), (&ann["name"], &ann["email"]));
    // Whoever was put away so is not brought back by the file: that is another right.
    let third = imported(&owner, "from=ucontact", file()).await;
    assert_eq!(errors(&third), ["2 Username status_forbids", "3 Username status_forbids"]);
}

#[tokio::test]
async fn an_import_gives_no_more_than_whoever_imports_may_give() {
    let world = World::new().await;
    let manager = world.user("manager");
    let before = world.head().await;
    let rows = "zoe,Zoe,,,,,,,,\nowner,Mine,,,,,,,,\nmanager,Me,,,,,,,,\n";
    let import = imported(&manager, "from=ucontact&role=administrator", format!("{HEADER}{rows}")).await;
    assert_eq!(counts(&import), [3, 0, 0, 0, 3], "{import:#}");
    let told = errors(&import);
    assert_eq!(told[0], "2  rank_too_low");
    assert_eq!(world.head().await, before);
    let _ = send(&world.user("agent"), "from=ucontact", file()).await.refused(403, "permission_missing");
    let _ = world.user("agent").get("/api/v1/imports").await.refused(403, "permission_missing");
}

#[tokio::test]
async fn a_row_that_is_wrong_is_told_by_its_number_and_field_and_keeps_no_other_from_its_place() {
    let world = World::new().await;
    let rows = "a b,Spaced,,,,,,,,\n\
                zoe,Zoe,not-an-address,,,,,,,\n\
                yan,Yan,,,31/05/2026,,,,,\n\
                xi,Xi,,,,,,,,tiny!\n\
                wu,Wu,,,2026-06-01,2026-05-01,,,,\n\
                ok,Ok,,,,,,,,\n\
                OK,Twice,,,,,,,,\n";
    let import = imported(&world.owner(), "from=ucontact", format!("{HEADER}{rows}")).await;
    assert_eq!((counts(&import), &import["state"]), ([7, 1, 0, 0, 6], &json!("done")), "{import:#}");
    let mut told = errors(&import);
    told.sort();
    let wanted = [
        "2 Username has_spaces",
        "3 Email not_an_email",
        "4 Valid Date not_a_date",
        "5 Password too_short",
        "6 Expiration Date not_acceptable",
        "8 Username twice_in_file",
    ];
    assert_eq!(told, wanted);
    for value in ["not-an-address", "31/05/2026", "tiny!", "Spaced"] {
        assert!(!import.to_string().contains(value), "{value}");
    }
    let _ = world.owner().get("/api/v1/users/ok").await.expect(200);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_begins_nothing() {
    let world = World::new().await;
    let owner = world.owner();
    let refused = async |query: &str, file: Vec<u8>| {
        let answer = send(&owner, query, file).await.refused(422, "invalid").json();
        let error = &answer["errors"][0];
        format!("{} {}", error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())
    };
    assert_eq!(refused("from=ucontact", Vec::new()).await, "file empty_file");
    assert_eq!(refused("from=ucontact", b"a,b\n".to_vec()).await, "file missing_column");
    assert_eq!(refused("", file().into_bytes()).await, "from required");
    assert_eq!(refused("from=asterisk", file().into_bytes()).await, "from not_acceptable");
    assert_eq!(refused("from=ucontact&dry_run=maybe", file().into_bytes()).await, "dry_run unknown_word");
    assert_eq!(refused("from=ucontact&role=None", file().into_bytes()).await, "role no_such_role");
    let large = vec![b'x'; (50 << 20) + 1];
    let _ = send(&owner, "from=ucontact", large).await.refused(413, "body_too_large");
    let keyed = owner.clone().with("idempotency-key", "k");
    let _ = send(&keyed, "from=ucontact", file()).await.refused(422, "invalid");
    assert_eq!(owner.get("/api/v1/imports").await.expect(200).json()["items"], json!([]));
}

#[tokio::test]
async fn where_a_reason_is_demanded_an_import_needs_one_before_it_begins() {
    let world = World::new().await;
    let owner = world.owner();
    let rule = json!({ "reason_required": "all" });
    let _ = owner.clone().with("rollbook-reason", "so").patch("/api/v1/settings", &rule).await.expect(200);
    let _ = send(&owner, "from=ucontact", file()).await.refused(422, "reason_required");
    let import = imported(&owner.with("rollbook-reason", "moving%20house"), "from=ucontact", file()).await;
    assert_eq!(counts(&import), [3, 2, 1, 0, 0]);
}

#[tokio::test]
async fn imports_are_listed_newest_first_and_one_that_went_silent_is_interrupted() {
    let world = World::new().await;
    let (owner, store) = (world.owner(), world.app.deployment().store());
    let first = imported(&owner, "from=ucontact&dry_run=true", file()).await;
    let second = imported(&owner, "from=ucontact", file()).await;
    let listed = owner.get("/api/v1/imports?limit=1").await.expect(200).json();
    assert_eq!(listed["items"][0], second);
    let cursor = listed["next"].as_str().unwrap();
    let rest = owner.get(&format!("/api/v1/imports?cursor={cursor}")).await.expect(200).json();
    assert_eq!((&rest["items"], &rest["next"]), (&json!([first]), &Value::Null));
    let id = second["id"].as_str().unwrap();
    let kept = store.import(&world.north.id.to_string(), id).await.unwrap().unwrap();
    assert!(!kept.report.contains("Zoë"));
    let cut_off = Import {
        state: "running".into(),
        beat_at_us: kept.created_at_us - 30_000_000,
        ended_at_us: None,
        ..kept
    };
    store.put_import(&world.north.id.to_string(), &cut_off).await.unwrap();
    let shown = owner.get(&format!("/api/v1/imports/{id}")).await.expect(200).json();
    assert_eq!((&shown["state"], &shown["rows"]["done"]), (&json!("interrupted"), &json!(3)));
    let _ = owner.get("/api/v1/imports/01900000-0000-7000-8000-00000000dead").await.refused(404, "not_found");
    let _ = world.foreigner().get(&format!("/api/v1/imports/{id}")).await.refused(404, "not_found");
}

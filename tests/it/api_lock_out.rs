//! Too many failed sign-ins: an account is locked out by a change that everybody can read, and an address must wait.

use rollbook_api::app::{App, ServeOptions};
use rollbook_api::server;
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{Kind, UserId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::UserCommand;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::Store;
use rollbook_tests::app::{Entry, PASSWORD, World};
use rollbook_tests::client::{Answer, Client};
use serde_json::json;
use std::net::IpAddr;
use std::time::Duration;

async fn sign_in(client: &Client, login: &str, password: &str) -> Answer {
    let body = json!({ "organization": "north", "login": login, "password": password });
    client.post("/api/v1/sessions", &body).await
}

async fn fail(world: &World, login: &str, times: usize) {
    for _ in 0..times {
        let _ = sign_in(&world.anonymous(), login, "wrong password").await.refused(401, "sign_in_failed");
    }
}

async fn lock_outs_after(world: &World, position: u64) -> Vec<Entry> {
    let entries = world.changes_after(position).await;
    entries.into_iter().filter(|entry| entry.event_type == "user.locked_out").collect()
}

#[tokio::test]
async fn ten_wrong_passwords_lock_the_account_and_not_its_neighbour() {
    let world = World::new().await;
    fail(&world, "agent", 10).await;
    let locked = sign_in(&world.anonymous(), "agent", PASSWORD).await.refused(429, "too_many_attempts");
    let wait: u64 = locked.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=901).contains(&wait), "{wait}");
    let by_email = sign_in(&world.anonymous(), "agent@north.example", PASSWORD).await;
    let _ = by_email.refused(429, "too_many_attempts");
    let _ = sign_in(&world.anonymous(), "ann", PASSWORD).await.expect(201);
    let _ = world.user("agent").get("/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn a_lock_out_is_a_change_by_rollbook_that_everybody_can_read() {
    let world = World::new().await;
    let before = world.head().await;
    let _ = sign_in(&world.anonymous(), "agent", PASSWORD).await.expect(201);
    fail(&world, "agent", 9).await;
    assert_eq!(world.head().await, before);
    fail(&world, "agent", 1).await;
    let locked = lock_outs_after(&world, before).await;
    let [entry] = locked.as_slice() else { panic!("{locked:#?}") };
    let said = |name: &str| entry.metadata.get(name).map(String::as_str);
    assert_eq!((said("actor"), said("authority")), (Some("system"), Some("system")));
    assert_eq!((said("channel"), said("cause")), (Some("system"), Some("failed_sign_ins")));
    assert_eq!((said("ip"), said("agent")), (None, None));
    let until = entry.payload["to"].clone();
    assert!(entry.payload["from"].is_null() && until.is_string(), "{entry:?}");
    let shown = world.owner().get("/api/v1/users/agent").await.expect(200);
    assert_eq!((&shown.json()["locked_until"], &shown.json()["status"]), (&until, &json!("active")));
    assert_eq!(shown.header("etag"), Some(format!("\"{}\"", entry.position).as_str()));
    let history = world.owner().get("/api/v1/users/agent/history?limit=1").await.expect(200).json();
    assert_eq!(history["items"][0]["action"], "user.locked_out");
    let change = &history["items"][0]["changes"][0];
    assert_eq!((&change["field"], &change["to"]), (&json!("locked_until"), &until));
    let log = world.owner().with("rollbook-min-position", entry.position.to_string());
    let log = log.get("/api/v1/activity?action=user.locked_out").await.expect(200).json();
    let told = format!("locked agent out until {} after failed sign-ins", until.as_str().unwrap());
    assert_eq!(log["items"][0]["sentence"], told.as_str());
    // The failure that it came of is found by the request, with the address.
    let request = said("request").unwrap();
    let failures = world.activity_after(0).await;
    let cause = failures.iter().find(|act| act.metadata.get("request").is_some_and(|id| id == request));
    assert_eq!(cause.unwrap().event_type, "session.failed");
}

#[tokio::test]
async fn while_it_is_locked_nothing_more_is_appended_whoever_tries() {
    let world = World::new().await;
    fail(&world, "agent", 10).await;
    let after = world.head().await;
    for password in [PASSWORD, "wrong password"].repeat(20) {
        let _ = sign_in(&world.anonymous(), "agent", password).await.refused(429, "too_many_attempts");
    }
    assert_eq!(world.head().await, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_failures_at_once_in_two_processes_make_one_lock_out() {
    let world = World::new().await;
    let store = Store::sqlite(&world.folder().join("rollbook.db")).await.unwrap();
    let other = App::new(Deployment::new(store, Clock::default()), ServeOptions::default());
    let other = Client::new(server::router(other));
    let before = world.head().await;
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let client = if n % 2 == 0 { world.anonymous() } else { other.clone() };
            tokio::spawn(async move { sign_in(&client, "agent", "wrong password").await.status })
        })
        .collect();
    for task in tasks {
        let status = task.await.unwrap();
        assert!([401, 429].contains(&status), "{status}");
    }
    assert_eq!(lock_outs_after(&world, before).await.len(), 1);
}

#[tokio::test]
async fn unblocking_lifts_a_lock_out_at_once_for_those_who_may() {
    let world = World::new().await;
    fail(&world, "agent", 10).await;
    let unblock = "/api/v1/users/agent/unblock";
    let _ = world.user("agent").act(unblock).await.refused(403, "permission_missing");
    let _ = world.user("supervisor").act(unblock).await.refused(403, "permission_missing");
    let before = world.head().await;
    let lifted = world.user("manager").act(unblock).await.expect(200);
    assert!(lifted.json()["locked_until"].is_null());
    let entries = world.changes_after(before).await;
    assert_eq!(entries.iter().map(|entry| entry.event_type.as_str()).collect::<Vec<_>>(), ["user.unlocked"]);
    let _ = sign_in(&world.anonymous(), "agent", PASSWORD).await.expect(201);
    // The failures are counted anew: nine are not enough.
    fail(&world, "agent", 9).await;
    let _ = sign_in(&world.anonymous(), "agent", PASSWORD).await.expect(201);
    let _ = world.user("manager").act(unblock).await.expect(200);
    assert_eq!(world.head().await, before + 1);
}

#[tokio::test]
async fn a_new_password_by_an_administrator_leaves_a_lock_out_as_it_is() {
    let world = World::new().await;
    fail(&world, "agent", 10).await;
    let new = json!({ "new": "a longer password" });
    let _ = world.owner().put("/api/v1/users/agent/password", &new).await.expect(200);
    let locked = sign_in(&world.anonymous(), "agent", "a longer password").await;
    let _ = locked.refused(429, "too_many_attempts");
}

#[tokio::test]
async fn a_lock_out_ends_by_itself_and_may_come_again() {
    let world = World::new().await;
    let before = world.head().await;
    let user = UserId(world.north.id(Kind::User, "agent"));
    let until = world.app.deployment().clock().now().plus_micros(1_500_000);
    let lock_out = Command::User(UserCommand::LockOut { user, until });
    world.north.submit(world.app.deployment(), Actor::System, lock_out, Vec::new()).await;
    let _ = sign_in(&world.anonymous(), "agent", PASSWORD).await.refused(429, "too_many_attempts");
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    let _ = sign_in(&world.anonymous(), "agent", PASSWORD).await.expect(201);
    // That it is over changes nothing, so nothing is to be lifted.
    let _ = world.owner().act("/api/v1/users/agent/unblock").await.expect(200);
    assert_eq!(world.head().await, before + 1);
    fail(&world, "agent", 10).await;
    let again = lock_outs_after(&world, before + 1).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].payload["from"], json!(until.to_string()));
}

#[tokio::test]
async fn a_rollback_leaves_a_lock_out_as_it_is_and_says_so() {
    let world = World::new().await;
    let _ = world.owner().patch("/api/v1/users/agent", &json!({ "name": "Another" })).await.expect(200);
    fail(&world, "agent", 10).await;
    let select = json!({ "subject": { "kind": "user", "id": "agent" }, "to": { "version": 1 } });
    let plan = world.owner().post("/api/v1/rollbacks/plan", &json!({ "select": select })).await.expect(200);
    let plan = plan.json();
    let fields: Vec<_> = plan["changes"].as_array().unwrap().iter().map(|one| &one["field"]).collect();
    assert!(!fields.contains(&&json!("locked_until")) && fields.contains(&&json!("name")), "{plan:#}");
    let kept: Vec<_> = plan["kept"].as_array().unwrap().iter().map(|one| &one["type"]).collect();
    assert!(kept.contains(&&json!("user.locked_out")), "{plan:#}");
    let apply = json!({ "plan": plan["id"], "select": select });
    let _ = world.owner().post("/api/v1/rollbacks", &apply).await.expect(201);
    let _ = sign_in(&world.anonymous(), "agent", PASSWORD).await.refused(429, "too_many_attempts");
}

#[tokio::test]
async fn a_login_that_nobody_has_is_answered_alike_and_leaves_no_change() {
    let world = World::new().await;
    let before = world.head().await;
    fail(&world, "Nobody77", 10).await;
    let unknown = sign_in(&world.anonymous(), "nobody77", PASSWORD).await.refused(429, "too_many_attempts");
    fail(&world, "agent", 10).await;
    fail(&world, "archived", 10).await;
    for login in ["agent", "archived"] {
        let known = sign_in(&world.anonymous(), login, PASSWORD).await.refused(429, "too_many_attempts");
        assert_eq!(known.json(), unknown.json(), "{login}");
    }
    let locked = lock_outs_after(&world, before).await;
    assert_eq!(locked.len(), 2, "{locked:#?}");
    let file = std::fs::read(world.folder().join("rollbook.db")).unwrap();
    assert!(!file.windows(8).any(|bytes| bytes.eq_ignore_ascii_case(b"nobody77")));
}

/// A hundred failures of one address, whatever they name, and it must wait; others need not.
#[tokio::test]
async fn an_address_that_fails_everywhere_must_wait_and_its_neighbour_need_not() {
    let world = World::new().await;
    let [attacker, neighbour]: [IpAddr; 2] = ["203.0.113.9", "203.0.113.10"].map(|ip| ip.parse().unwrap());
    let attacker = world.anonymous().from(attacker);
    for n in 0..100 {
        let failed = sign_in(&attacker, &format!("guess{n}"), "wrong password").await;
        let _ = failed.refused(401, "sign_in_failed");
    }
    let waits = sign_in(&attacker, "ann", PASSWORD).await.refused(429, "too_many_attempts");
    let wait: u64 = waits.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=901).contains(&wait), "{wait}");
    let _ = sign_in(&world.anonymous().from(neighbour), "ann", PASSWORD).await.expect(201);
    // Signing in is all that is throttled: whoever is in stays in.
    let inside = world.user("ann").from("203.0.113.9".parse().unwrap());
    let _ = inside.get("/api/v1/me").await.expect(200);
    // A forwarded address counts only where a proxy in front is believed.
    let forged = attacker.with("x-forwarded-for", "203.0.113.10");
    let _ = sign_in(&forged, "ann", PASSWORD).await.refused(429, "too_many_attempts");
}

/// As many wrong passwords at once as one likes: those that are checked side by side are all that come too many.
#[tokio::test(flavor = "multi_thread")]
async fn guesses_sent_at_once_are_counted_before_the_next_is_checked() {
    let options = ServeOptions { hashes_at_once: 2, ..ServeOptions::default() };
    let world = World::with(options).await;
    for (organization, login) in [("north", "agent"), ("north", "nobody"), ("nowhere", "agent")] {
        let tasks: Vec<_> = (0..40)
            .map(|n| {
                let client = world.anonymous().from(IpAddr::from([203, 0, 113, n]));
                let body =
                    json!({ "organization": organization, "login": login, "password": "wrong password" });
                tokio::spawn(async move { client.post("/api/v1/sessions", &body).await.status })
            })
            .collect();
        let mut checked = 0;
        for task in tasks {
            let status = task.await.unwrap();
            assert!([401, 429].contains(&status), "{status}");
            checked += usize::from(status == 401);
        }
        assert!((10..=11).contains(&checked), "{organization} {login}: {checked} were checked");
    }
}

/// Neither by a lock-out nor by an address that must wait.
#[tokio::test]
async fn which_organizations_there_are_is_not_told_by_counting() {
    let world = World::new().await;
    let client = world.anonymous().from("203.0.113.9".parse().unwrap());
    let one = async |organization: &str, login: &str| {
        let body = json!({ "organization": organization, "login": login, "password": "wrong password" });
        client.post("/api/v1/sessions", &body).await
    };
    for organization in ["nowhere", "north"] {
        for _ in 0..10 {
            let _ = one(organization, "nobody").await.refused(401, "sign_in_failed");
        }
        let _ = one(organization, "nobody").await.refused(429, "too_many_attempts");
        let _ = one(organization, "another").await.refused(401, "sign_in_failed");
    }
    for n in 0..78 {
        let organization = ["nowhere", "north", "south"][n % 3];
        let _ = one(organization, &format!("guess{n}")).await.refused(401, "sign_in_failed");
    }
    for organization in ["nowhere", "elsewhere", "north", "south"] {
        let _ = one(organization, "last").await.refused(429, "too_many_attempts");
    }
}

#[tokio::test]
async fn a_network_of_addresses_that_one_host_has_counts_as_one() {
    let world = World::new().await;
    for n in 0..100 {
        let client = world.anonymous().from(format!("2001:db8:1:2::{n:x}").parse().unwrap());
        let failed = sign_in(&client, &format!("guess{n}"), "wrong password").await;
        let _ = failed.refused(401, "sign_in_failed");
    }
    let same = world.anonymous().from("2001:db8:1:2:ffff::1".parse().unwrap());
    let _ = sign_in(&same, "ann", PASSWORD).await.refused(429, "too_many_attempts");
    let other = world.anonymous().from("2001:db8:1:3::1".parse().unwrap());
    let _ = sign_in(&other, "ann", PASSWORD).await.expect(201);
}

/// Some proxies append to the header, others add a line of their own after the client's.
#[tokio::test]
async fn behind_a_proxy_the_last_address_counts_however_it_is_written() {
    let options = ServeOptions { behind_proxy: true, ..ServeOptions::default() };
    let world = World::with(options).await;
    for n in 0..100 {
        let client = world.anonymous().with("x-forwarded-for", format!("198.51.100.{n}, 203.0.113.9"));
        let _ = sign_in(&client, &format!("guess{n}"), "wrong password").await.refused(401, "sign_in_failed");
    }
    let forged = world.anonymous().with("x-forwarded-for", "198.51.100.200");
    let waits = sign_in(&forged.with("x-forwarded-for", "203.0.113.9"), "ann", PASSWORD).await;
    let _ = waits.refused(429, "too_many_attempts");
}

/// Whoever took over a session does not find out the password with it.
#[tokio::test]
async fn guesses_at_ones_old_password_count_as_guesses_at_signing_in() {
    let world = World::new().await;
    let guess = json!({ "old": "wrong password", "new": "another password" });
    let path = "/api/v1/users/agent/password";
    let before = world.activity().await;
    for _ in 0..10 {
        let wrong = world.user("agent").put(path, &guess).await.refused(422, "invalid");
        assert_eq!(wrong.pointers(), ["/old"]);
    }
    let right = json!({ "old": PASSWORD, "new": "another password" });
    let locked = world.user("agent").put(path, &right).await.refused(429, "too_many_attempts");
    assert!(locked.header("retry-after").is_some());
    let _ = sign_in(&world.anonymous(), "agent", PASSWORD).await.refused(429, "too_many_attempts");
    let acts = world.activity_after(before).await;
    let first = acts.iter().find(|act| act.event_type == "session.failed").unwrap();
    assert_eq!(first.payload["detail"]["why"], "not the old password");
    assert!(first.metadata.contains_key("session"), "{first:?}");
    // A right one in between forgets them.
    let _ = world.owner().act("/api/v1/users/agent/unblock").await.expect(200);
    for _ in 0..9 {
        let _ = world.user("agent").put(path, &guess).await.refused(422, "invalid");
    }
    let _ = world.user("agent").put(path, &right).await.expect(200);
    let _ = sign_in(&world.anonymous(), "agent", "another password").await.expect(201);
}

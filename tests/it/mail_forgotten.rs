//! Forgotten passwords: a link by mail, through a real mail client and server, and what ends it.

use rollbook_api::app::{App, ServeOptions};
use rollbook_api::config::{MailSettings, MailTls};
use rollbook_api::mail::{self, Mailer};
use rollbook_api::server;
use rollbook_domain::kernel::id::Kind;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::{Store, Waiting};
use rollbook_replay::verify::verify;
use rollbook_tests::app::{PASSWORD, World};
use rollbook_tests::client::{Answer, Client};
use rollbook_tests::pg::TestPg;
use rollbook_tests::smtp::{Manner, Sink};
use serde_json::json;
use std::net::IpAddr;
use std::time::Duration;

const LINKS: &str = "/api/v1/password-links";
const NEW: &str = "Entirely new 1!";

/// Options that send by `sink`.
pub(crate) fn mailing(sink: &Sink) -> ServeOptions {
    let (host, port) =
        sink.address().rsplit_once(':').map(|(h, p)| (h.to_owned(), p.parse().unwrap())).unwrap();
    let from = "Rollbook <rollbook@example.com>".parse().unwrap();
    let settings = MailSettings { host, port, tls: MailTls::None, sign_in: None, from };
    let mailer = Some(Mailer::new(&settings).unwrap());
    ServeOptions { mailer, public_url: Some("https://roll.example.com".into()), ..ServeOptions::default() }
}

async fn ask(client: &Client, organization: &str, login: &str) -> Answer {
    client.post(LINKS, &json!({ "organization": organization, "login": login })).await
}

async fn use_link(client: &Client, secret: &str, password: &str) -> Answer {
    client.post("/api/v1/password-links/use", &json!({ "secret": secret, "password": password })).await
}

async fn sign_in(client: &Client, login: &str, password: &str) -> Answer {
    let body = json!({ "organization": "north", "login": login, "password": password });
    client.post("/api/v1/sessions", &body).await
}

async fn waiting(world: &World) -> Vec<Waiting> {
    world.app.deployment().store().mails(i64::MAX, 100).await.unwrap()
}

/// Asks, and waits until the link is there; its secret, of a mail that is not sent in this world.
async fn asked(world: &World, login: &str) -> String {
    let before: Vec<_> = waiting(world).await.into_iter().map(|waiting| waiting.mail.secret).collect();
    let _ = ask(&world.anonymous(), "north", login).await.expect(202);
    for _ in 0..500 {
        let now = waiting(world).await.into_iter().map(|waiting| waiting.mail.secret);
        if let Some(new) = now.into_iter().find(|secret| !before.contains(secret)) {
            return new;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no link for {login}");
}

/// Asks for nothing that comes: what was asked before `login` and is worked on is done too.
async fn in_vain(world: &World, organization: &str, login: &str) -> Answer {
    let answer = ask(&world.anonymous(), organization, login).await.expect(202);
    tokio::time::sleep(Duration::from_millis(100)).await;
    answer
}

fn secret_in(text: &str) -> String {
    let (_, rest) = text.split_once("https://roll.example.com/reset#").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

async fn a_link_comes_and_works_once(world: World, sink: Sink) {
    let sending = tokio::spawn(mail::sending(world.app.clone()));
    let (before, heard) = (world.head().await, world.activity().await);
    let session = sign_in(&world.anonymous(), "ann", PASSWORD).await.expect(201).json();
    let session = world.anonymous().bearer(session["token"].as_str().unwrap());
    let said = ask(&world.anonymous(), "NORTH", "ann@north.example").await.expect(202);
    assert!(!said.text().contains("ann"));
    let sent = tokio::task::spawn_blocking(move || sink.wait_for(1)).await.unwrap().remove(0);
    assert_eq!((sent.from.as_str(), sent.to), ("rollbook@example.com", vec!["ann@north.example".to_owned()]));
    assert!(sent.text.contains("Subject: Set a new password\n"), "{}", sent.text);
    assert!(sent.text.contains("You sign in there as ann."), "{}", sent.text);
    assert_eq!(world.head().await, before, "asking is no change");
    let secret = secret_in(&sent.text);
    let set = use_link(&world.anonymous(), &secret, NEW).await.expect(200);
    assert_eq!(set.json(), json!({ "organization": "north", "login": "ann" }));
    let again = use_link(&world.anonymous(), &secret, "Another one 2!").await.refused(409, "link_invalid");
    assert_eq!(again.json()["detail"], "this password link is invalid or it has already been used once");
    let _ = sign_in(&world.anonymous(), "ann", PASSWORD).await.refused(401, "sign_in_failed");
    let _ = sign_in(&world.anonymous(), "ann", NEW).await.expect(201);
    let _ = session.get("/api/v1/me").await.refused(401, "unauthenticated");
    let changes = world.changes_after(before).await;
    let [entry] = changes.as_slice() else { panic!("{changes:#?}") };
    let said = |name: &str| entry.metadata.get(name).map(String::as_str);
    let ann = world.north.id(Kind::User, "ann");
    assert_eq!(entry.event_type, "user.password_set");
    assert_eq!(entry.payload["by_oneself"], true);
    assert_eq!(said("actor"), Some(format!("user:{ann}").as_str()));
    assert_eq!((said("authority"), said("cause")), (Some("oneself"), Some("forgotten_password")));
    let acts = world.activity_after(heard).await;
    let links: Vec<_> = acts.iter().filter(|act| act.event_type.starts_with("password_link.")).collect();
    let told: Vec<_> = links.iter().map(|act| (act.event_type.as_str(), &act.payload["outcome"])).collect();
    let (ok, refused) = (json!("ok"), json!("refused"));
    let wanted =
        [("password_link.asked", &ok), ("password_link.used", &ok), ("password_link.refused", &refused)];
    assert_eq!(told, wanted);
    assert!(waiting(&world).await.is_empty(), "what was sent is forgotten");
    sending.abort();
}

#[tokio::test]
async fn xcally_6_a_forgotten_password_is_set_by_a_link_that_comes_by_mail_and_works_once() {
    let sink = Sink::start(Manner::Takes);
    a_link_comes_and_works_once(World::with(mailing(&sink)).await, sink).await;
}

#[tokio::test]
async fn ucontact_11_a_link_comes_by_mail_on_postgresql_too() {
    let (sink, pg) = (Sink::start(Manner::Takes), TestPg::create());
    let store = Store::postgres(pg.url(), 8).await.unwrap();
    a_link_comes_and_works_once(World::at_with(store, mailing(&sink)).await, sink).await;
}

#[tokio::test]
async fn xcally_6_nobody_learns_from_the_answer_who_there_is() {
    let world = World::new().await;
    let known = ask(&world.anonymous(), "north", "ann").await.expect(202);
    let _ = world.owner().patch("/api/v1/users/agent", &json!({ "email": null })).await.expect(200);
    for (organization, login) in [
        ("north", "nobody"),
        ("north", "blocked"),
        ("north", "archived"),
        ("north", "agent"),
        ("nowhere", "ann"),
    ] {
        let answer = in_vain(&world, organization, login).await;
        assert_eq!(
            (answer.body.clone(), answer.headers.clone()),
            (known.body.clone(), known.headers.clone())
        );
    }
    let users: Vec<_> = waiting(&world).await.into_iter().map(|waiting| waiting.mail.user_id).collect();
    assert_eq!(users, [world.north.id(Kind::User, "ann").to_string()]);
}

/// The answer does not wait for what is looked up.
#[tokio::test]
async fn xcally_6_a_link_is_made_after_the_answer() {
    let world = World::new().await;
    let _ = ask(&world.anonymous(), "north", "ann").await.expect(202);
    // One thread runs this test: what was begun beside the answer has not had its turn before this asks for it.
    let turns: Vec<_> = std::iter::from_fn(|| world.app.link_turn().ok()).take(100).collect();
    assert_eq!(turns.len(), 63, "the work of one is under way");
    let _ = ask(&world.anonymous(), "north", "agent").await.refused(503, "busy");
    drop(turns);
    let _ = asked(&world, "agent").await;
}

#[tokio::test]
async fn xcally_6_a_link_lasts_an_hour_and_then_says_so() {
    let clock = Clock::told(Clock::default().now());
    let world = World::at_time(clock.clone()).await;
    clock.tell(Clock::default().now());
    let secret = asked(&world, "ann").await;
    clock.tell(clock.now().plus_micros(3_599_000_000));
    let weak = use_link(&world.anonymous(), &secret, "short").await.refused(422, "invalid");
    assert_eq!(weak.pointers(), ["/password"]);
    clock.tell(clock.now().plus_micros(1_000_000));
    let late = use_link(&world.anonymous(), &secret, NEW).await.refused(409, "link_expired");
    assert_eq!(late.json()["detail"], "this password link has expired; ask for a new one");
    let settings = json!({ "forgotten_link_minutes": 120 });
    let _ = world.api_key().patch("/api/v1/settings", &settings).await.expect(200);
    let secret = asked(&world, "ann").await;
    clock.tell(clock.now().plus_micros(7_199_000_000));
    let _ = use_link(&world.anonymous(), &secret, NEW).await.expect(200);
}

#[tokio::test]
async fn a_newer_link_ends_the_one_before_and_so_does_whatever_takes_the_account_elsewhere() {
    let world = World::new().await;
    let first = asked(&world, "ann").await;
    let second = asked(&world, "ann").await;
    let _ = use_link(&world.anonymous(), &first, NEW).await.refused(409, "link_invalid");
    let owner = world.owner();
    let _ = owner.put("/api/v1/users/ann/password", &json!({ "new": "By the owner 1!" })).await.expect(200);
    let _ = use_link(&world.anonymous(), &second, NEW).await.refused(409, "link_invalid");
    let third = asked(&world, "ann").await;
    for step in ["block", "unblock"] {
        let _ = owner.act(&format!("/api/v1/users/ann/{step}")).await.expect(200);
    }
    let _ = use_link(&world.anonymous(), &third, NEW).await.refused(409, "link_invalid");
    let fourth = asked(&world, "ann").await;
    let moved = json!({ "email": "ann@elsewhere.example" });
    let _ = owner.patch("/api/v1/users/ann", &moved).await.expect(200);
    let _ = use_link(&world.anonymous(), &fourth, NEW).await.refused(409, "link_invalid");
    let fifth = asked(&world, "ann").await;
    for step in ["archive", "restore"] {
        let _ = owner.act(&format!("/api/v1/users/ann/{step}")).await.expect(200);
    }
    let _ = use_link(&world.anonymous(), &fifth, NEW).await.refused(409, "link_invalid");
    for nonsense in ["", "rbl_", "rbl_1_2", &fifth[..fifth.len() - 1]] {
        let _ = use_link(&world.anonymous(), nonsense, NEW).await.refused(409, "link_invalid");
    }
}

#[tokio::test]
async fn erasing_a_person_takes_the_mail_and_its_secret_along() {
    let world = World::new().await;
    let _ = asked(&world, "ann").await;
    let _ = world.owner().act("/api/v1/users/ann/archive").await.expect(200);
    assert_eq!(waiting(&world).await.len(), 1, "its link is dead, and it is cleared away by and by");
    let erase = json!({ "authored": false });
    let _ = world.owner().post("/api/v1/users/ann/erase", &erase).await.expect(200);
    assert!(waiting(&world).await.is_empty());
}

#[tokio::test]
async fn a_link_obeys_the_security_suite_and_lifts_no_lock_out() {
    let world = World::new().await;
    let suite = json!({ "security_suite": true, "sign_in_attempts_max": 2 });
    let _ = world.owner().patch("/api/v1/settings", &suite).await.expect(200);
    for _ in 0..2 {
        let _ = sign_in(&world.anonymous(), "ann", "wrong password").await.refused(401, "sign_in_failed");
    }
    let secret = asked(&world, "ann").await;
    for (password, code) in [("all lower case", "too_simple"), ("short", "too_short")] {
        let refused = use_link(&world.anonymous(), &secret, password).await.refused(422, "invalid").json();
        assert_eq!(
            (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
            (&json!("/password"), &json!(code))
        );
    }
    let _ = use_link(&world.anonymous(), &secret, NEW).await.expect(200);
    let _ = sign_in(&world.anonymous(), "ann", NEW).await.refused(429, "too_many_attempts");
    let _ = world.owner().act("/api/v1/users/ann/unblock").await.expect(200);
    let _ = sign_in(&world.anonymous(), "ann", NEW).await.expect(201);
    let secret = asked(&world, "ann").await;
    let refused = use_link(&world.anonymous(), &secret, NEW).await.refused(422, "invalid").json();
    assert_eq!(refused["errors"][0]["code"], "same_password");
}

#[tokio::test]
async fn whoever_asks_too_often_waits_and_nobody_is_sent_mail_without_end() {
    let world = World::new().await;
    let from = |last: u8| world.anonymous().from(IpAddr::from([203, 0, 113, last]));
    for _ in 0..20 {
        let _ = ask(&from(1), "north", "nobody").await.expect(202);
    }
    let waits = ask(&from(1), "north", "nobody").await.refused(429, "too_many_attempts");
    assert!((1..=3_601).contains(&waits.header("retry-after").unwrap().parse::<u32>().unwrap()));
    for last in 2..7 {
        let _ = ask(&from(last), "north", "ann").await.expect(202);
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    let fifth = waiting(&world).await;
    let _ = ask(&from(7), "north", "ann").await.expect(202);
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(waiting(&world).await, fifth, "a sixth link within an hour is not made");
}

async fn one_wins(stores: [Store; 2], world: &World) {
    let clients = stores.map(|store| {
        let app = App::new(Deployment::new(store, Clock::default()), ServeOptions::default());
        Client::new(server::router(app))
    });
    for round in 0..4 {
        let secret = asked(world, "ann").await;
        let tries = [0, 1, 0, 1].map(|n: usize| {
            let (client, secret) = (clients[n].clone(), secret.clone());
            tokio::spawn(async move { use_link(&client, &secret, &format!("Password {round}{n}!")).await })
        });
        let mut statuses = Vec::new();
        for one in tries {
            statuses.push(one.await.unwrap().status);
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409], "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_that_use_a_link_at_once_one_does_on_sqlite() {
    let world = World::new().await;
    let open = async || Store::sqlite(&world.folder().join("rollbook.db")).await.unwrap();
    one_wins([open().await, open().await], &world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_that_use_a_link_at_once_one_does_on_postgresql() {
    let pg = TestPg::create();
    let open = async || Store::postgres(pg.url(), 6).await.unwrap();
    let world = World::at(open().await).await;
    one_wins([open().await, open().await], &world).await;
}

#[tokio::test]
async fn a_mail_that_is_refused_is_tried_again_and_one_of_no_use_is_dropped() {
    let sink = Sink::start(Manner::Refuses);
    let world = World::with(mailing(&sink)).await;
    let sending = tokio::spawn(mail::sending(world.app.clone()));
    let _ = ask(&world.anonymous(), "north", "ann").await.expect(202);
    let _ = ask(&world.anonymous(), "north", "agent").await.expect(202);
    while sink.refused() < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let _ = world.owner().act("/api/v1/users/agent/block").await.expect(200);
    sink.behave(Manner::Takes);
    let waited = sink.clone();
    let sent = tokio::task::spawn_blocking(move || waited.wait_for(1)).await.unwrap();
    assert_eq!(sent[0].to, ["ann@north.example"]);
    for _ in 0..1_000 {
        if waiting(&world).await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(waiting(&world).await.is_empty());
    assert_eq!(sink.mails().len(), 1, "the link of who was blocked is not sent");
    sending.abort();
}

#[tokio::test]
async fn verify_finds_nothing_wrong_with_links() {
    let world = World::new().await;
    let _ = asked(&world, "ann").await;
    let secret = asked(&world, "agent").await;
    let _ = use_link(&world.anonymous(), &secret, NEW).await.expect(200);
    let report = verify(world.app.deployment().store(), None, &[], |_| {}).await.unwrap();
    assert_eq!(report.findings, Vec::new());
}

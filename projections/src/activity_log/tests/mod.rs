//! Every entry there can be, told in words; what is left of a row when a person is erased is tried in `redaction`.
//!
//! The words are locked in `sentences.txt`; a change of one is reviewed as a change of that file.

mod redaction;

use super::columns::{from_cells, to_cells};
use super::fold::{Labels, act, erasure, fold};
use super::row::Row;
use rollbook_domain::event::{Event, catalogue};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::kernel::personal::Personal;
use rollbook_ledger::activity;
use rollbook_ledger::codec::{Decoded, Metadata, Revealed};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

const SENTENCES: &str = include_str!("../sentences.txt");

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

const ZOE: u128 = 30;
const BOB: u128 = 31;
const SEAT: u128 = 70;

fn personal(text: &str) -> Value {
    serde_json::to_value(Personal::new(text, [7; 16])).unwrap()
}

/// One organization's life in which everything happens once.
fn life() -> Vec<(&'static str, Value)> {
    [founding(), accounts(), roles(), queues(), groups(), agents(), objects(), endings()].concat()
}

fn founding() -> Vec<(&'static str, Value)> {
    let [org, owner, agent, locked, minus, mailing, voice] = [1, 10, 11, 20, 21, 40, 41].map(id);
    let named = |member: &str, id, name: &str| json!({ member: id, "name": name, "description": "" });
    let with = |mut json: Value, more: Value| {
        json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json
    };
    let role = |rank| json!({ "rank": rank, "protected": false, "grants": [], "keys": [] });
    let key = || json!({ "reserved": false, "restricts": false });
    vec![
        (
            "organization.created",
            json!({ "organization": org, "name": "North", "catalog": "standard", "catalog_version": 1 }),
        ),
        ("key.created", with(named("key", locked, "LOCKED"), key())),
        ("key.created", with(named("key", minus, "EXPORT"), key())),
        ("role.created", with(named("role", owner, "Owner"), role(1000))),
        ("role.created", with(named("role", agent, "Agent"), role(100))),
        ("profile.created", with(named("profile", mailing, "Mailing"), json!({ "grants": [] }))),
        ("profile.created", with(named("profile", voice, "Voice"), json!({ "grants": [] }))),
    ]
}

fn accounts() -> Vec<(&'static str, Value)> {
    let [owner, agent, mailing, voice, zoe, bob, credential] = [10, 11, 40, 41, ZOE, BOB, 99].map(id);
    let new = |user, login: &str, role| {
        let (login, name) = (personal(login), personal("A Name"));
        json!({ "user": user, "login": login, "name": name, "email": null, "role": role, "profile": null, "status": "active" })
    };
    let zoe_is = |more: Value| {
        let mut json = json!({ "user": zoe });
        json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json
    };
    let grants = json!([{ "permission": "users.view", "scope": "own" }]);
    let status = |from: &str, to: &str| json!({ "from": from, "to": to });
    vec![
        ("user.created", new(zoe, "zo", agent)),
        ("user.created", new(bob, "bob", owner)),
        ("user.login_changed", zoe_is(json!({ "from": personal("zo"), "to": personal("zoe") }))),
        ("user.renamed", zoe_is(json!({ "from": personal("A Name"), "to": personal("Zoë North") }))),
        ("user.email_changed", zoe_is(json!({ "from": null, "to": personal("zoe@north.example") }))),
        ("user.role_assigned", zoe_is(json!({ "from": agent, "to": owner }))),
        ("user.profile_assigned", zoe_is(json!({ "from": null, "to": mailing }))),
        ("user.profile_assigned", zoe_is(json!({ "from": mailing, "to": voice }))),
        ("user.custom_profile_set", zoe_is(json!({ "from": null, "to": grants }))),
        ("user.elements_set", zoe_is(json!({ "from": null, "to": grants }))),
        ("user.keys_changed", zoe_is(json!({ "added": [id(20), format!("-{}", id(21))], "removed": [] }))),
        ("user.masterkey_set", zoe_is(json!({ "from": false, "to": true }))),
        ("user.superuser_set", zoe_is(json!({ "from": true, "to": false }))),
        (
            "user.login_window_set",
            zoe_is(json!({ "from": null, "to": { "until": "2026-06-01T00:00:00.000000Z" } })),
        ),
        ("user.activated", zoe_is(status("invited", "active"))),
        ("user.blocked", zoe_is(status("active", "blocked"))),
        ("user.unblocked", zoe_is(status("blocked", "active"))),
        ("user.locked_out", zoe_is(json!({ "from": null, "to": "2026-01-01T00:15:00.000000Z" }))),
        ("user.unlocked", zoe_is(json!({ "from": "2026-01-01T00:15:00.000000Z", "to": null }))),
        ("user.password_set", zoe_is(json!({ "credential": credential, "by_oneself": false }))),
        (
            "user.password_link_made",
            zoe_is(json!({ "credential": credential, "until": "2026-01-06T00:00:00.000000Z" })),
        ),
        ("user.api_key_created", zoe_is(json!({ "credential": credential }))),
        ("user.api_key_revoked", zoe_is(json!({ "credential": credential }))),
        (
            "user.detail_set",
            zoe_is(json!({ "detail": "phone", "from": null, "to": personal("+34 600 000 000") })),
        ),
        ("user.avatar_set", zoe_is(json!({ "from": null, "to": personal("image/png 67 00") }))),
        ("user.two_factor_set", zoe_is(json!({ "seed": credential, "recovery_codes": [credential] }))),
        ("user.recovery_code_used", zoe_is(json!({ "credential": credential }))),
        ("user.two_factor_removed", zoe_is(json!({ "seed": credential }))),
        ("user.token_created", zoe_is(json!({ "credential": credential, "name": "Night import" }))),
        ("user.token_revoked", zoe_is(json!({ "credential": credential, "name": "Night import" }))),
    ]
}

fn roles() -> Vec<(&'static str, Value)> {
    let [agent, locked, mailing] = [11, 20, 40].map(id);
    let renamed = |member: &str, id| json!({ member: id, "from": "Before", "to": "After" });
    let described = |member: &str, id| json!({ member: id, "from": "", "to": "A longer text" });
    let grants = |member: &str, id| {
        let added: Vec<_> = ["a.b", "c.d", "e.f", "g.h", "i.j", "k.l", "m.n"]
            .map(|permission| json!({ "permission": permission, "scope": "all" }))
            .into();
        let removed = json!([{ "permission": "queues.view", "scope": "queues", "queues": { "voice": [self::id(50)] },
            "limits": { "fields": ["name"] } }]);
        json!({ member: id, "added": added, "removed": removed })
    };
    vec![
        ("role.renamed", json!({ "role": agent, "from": "Agent", "to": "Operator" })),
        ("role.described", described("role", agent)),
        ("role.rank_changed", json!({ "role": agent, "from": 100, "to": 120 })),
        ("role.keys_changed", json!({ "role": agent, "added": [locked], "removed": [] })),
        ("profile.renamed", renamed("profile", mailing)),
        ("profile.described", described("profile", mailing)),
        ("key.renamed", renamed("key", locked)),
        ("key.described", described("key", locked)),
        (
            "queue.created",
            json!({ "queue": id(50), "name": "Sales", "description": "", "kind": "queue", "visibility_key": null }),
        ),
        ("role.grants_changed", grants("role", agent)),
        ("profile.grants_changed", grants("profile", mailing)),
        ("profile.type_set", json!({ "profile": mailing, "from": null, "to": "Read & Edit" })),
        (
            "profile.section_set",
            json!({ "profile": mailing, "section": "reports", "from": "inherit", "to": "Read" }),
        ),
    ]
}

fn queues() -> Vec<(&'static str, Value)> {
    let [sales, spring, locked, zoe, bob] = [50, 51, 20, ZOE, BOB].map(id);
    vec![
        (
            "queue.created",
            json!({ "queue": spring, "name": "Spring", "description": "", "kind": "campaign", "visibility_key": locked }),
        ),
        ("queue.renamed", json!({ "queue": sales, "from": "Sales", "to": "Sales EU" })),
        ("queue.described", json!({ "queue": sales, "from": "", "to": "x" })),
        ("queue.visibility_key_set", json!({ "queue": sales, "from": null, "to": locked })),
        ("queue.parts_changed", json!({ "queue": sales, "added": [spring], "removed": [] })),
        ("queue.agents_changed", json!({ "queue": sales, "added": [zoe, bob], "removed": [] })),
        ("queue.supervisor_set", json!({ "queue": sales, "user": bob, "from": null, "to": "editor" })),
        ("queue.update_protection_set", json!({ "queue": sales, "from": false, "to": true })),
        ("queue.delete_protection_set", json!({ "queue": sales, "from": true, "to": false })),
        ("queue.archived", json!({ "queue": sales, "from": "active", "to": "archived" })),
        ("queue.restored", json!({ "queue": sales, "from": "archived", "to": "active" })),
    ]
}

fn groups() -> Vec<(&'static str, Value)> {
    let [night, zoe, bob, settings] = [60, ZOE, BOB, 1].map(id);
    let changed = || json!({ "group": night, "added": [zoe], "removed": [bob] });
    vec![
        ("group.created", json!({ "group": night, "name": "Night", "description": "" })),
        ("group.renamed", json!({ "group": night, "from": "Night", "to": "Night shift" })),
        ("group.described", json!({ "group": night, "from": "", "to": "x" })),
        ("group.members_changed", changed()),
        ("group.supervisors_changed", changed()),
        (
            "group.setting_set",
            json!({ "group": night, "setting": "outbound_calls", "from": null, "to": false }),
        ),
        ("group.archived", json!({ "group": night, "from": "active", "to": "archived" })),
        ("group.restored", json!({ "group": night, "from": "archived", "to": "active" })),
        ("settings.set", json!({ "settings": settings, "setting": "session_hours", "from": 12, "to": 8 })),
    ]
}

fn agents() -> Vec<(&'static str, Value)> {
    let [sales, night, locked, bob] = [50, 60, 20, BOB].map(id);
    let seat = |from: Value, to: Value| json!({ "agent": id(SEAT), "from": from, "to": to });
    let level = json!({ "agent": id(SEAT), "queue": sales, "from": null, "to": "spill" });
    let created = json!({ "agent": id(SEAT), "code": personal("Agent/7"), "description": personal("Ida"),
        "aliases": [personal("ida7")], "location": "Leeds", "payroll_code": personal("P7"), "extension": null,
        "visibility_key": null });
    vec![
        ("agent.created", created),
        ("agent.code_changed", seat(personal("Agent/7"), personal("Agent/8"))),
        ("agent.described", seat(personal("Ida"), personal("Ida Seaton"))),
        (
            "agent.aliases_changed",
            seat(json!([personal("ida7")]), json!([personal("ida8"), personal("SIP/8")])),
        ),
        ("agent.location_changed", seat(json!("Leeds"), Value::Null)),
        ("agent.payroll_code_changed", seat(personal("P7"), personal("P8"))),
        ("agent.extension_changed", seat(Value::Null, personal("4711"))),
        ("agent.visibility_key_set", seat(Value::Null, json!(locked))),
        ("agent.group_set", seat(Value::Null, json!(night))),
        ("agent.supervisor_set", seat(Value::Null, json!(bob))),
        ("agent.level_set", level),
        ("agent.update_protection_set", seat(json!(false), json!(true))),
        ("agent.delete_protection_set", seat(json!(true), json!(false))),
        ("agent.archived", seat(json!("active"), json!("archived"))),
        ("agent.restored", seat(json!("archived"), json!("active"))),
    ]
}

fn objects() -> Vec<(&'static str, Value)> {
    let [set, sales, locked, bob] = [80, 50, 20, BOB].map(id);
    let of = |from: Value, to: Value| json!({ "object": set, "from": from, "to": to });
    let used = |added: Value, removed: Value| json!({ "object": set, "added": added, "removed": removed });
    let created = json!({ "object": set, "kind": "topic_set", "name": "Orders", "description": "",
        "visibility_key": null, "reports_key": null });
    vec![
        ("object.created", created),
        ("object.renamed", of(json!("Orders"), json!("Sales topics"))),
        ("object.described", of(json!(""), json!("What they call about"))),
        ("object.visibility_key_set", of(Value::Null, json!(locked))),
        ("object.reports_key_set", of(json!(locked), Value::Null)),
        ("object.contents_changed", of(json!(["Price"]), json!(["Delivery", "Price"]))),
        ("object.users_changed", used(json!([bob]), json!([]))),
        ("object.queues_changed", used(json!([]), json!([sales]))),
        ("object.objects_changed", used(json!([set]), json!([]))),
        ("object.archived", of(json!("active"), json!("archived"))),
        ("object.restored", of(json!("archived"), json!("active"))),
    ]
}

/// The seat is erased like a person.
fn leaving() -> Vec<(&'static str, Value)> {
    let json = json!({ "agent": id(SEAT) });
    vec![("agent.erasure_requested", json.clone()), ("agent.erased", json)]
}

fn endings() -> Vec<(&'static str, Value)> {
    let [org, agent, locked, mailing, zoe] = [1, 11, 20, 40, ZOE].map(id);
    let status = |member: &str, id, back: bool| {
        let (from, to) = if back { ("archived", "active") } else { ("active", "archived") };
        json!({ member: id, "from": from, "to": to })
    };
    vec![
        ("organization.renamed", json!({ "organization": org, "from": "North", "to": "North Star" })),
        ("role.archived", status("role", agent, false)),
        ("role.restored", status("role", agent, true)),
        ("profile.archived", status("profile", mailing, false)),
        ("profile.restored", status("profile", mailing, true)),
        ("key.archived", status("key", locked, false)),
        ("key.restored", status("key", locked, true)),
        ("user.archived", status("user", zoe, false)),
        ("user.restored", status("user", zoe, true)),
    ]
}

fn erasing(authored: bool) -> Vec<(&'static str, Value)> {
    let json = json!({ "user": id(ZOE), "authored": authored });
    vec![("user.erasure_requested", json.clone()), ("user.erased", json)]
}

fn folded(events: Vec<(&'static str, Value)>) -> (Labels, Vec<Row>) {
    let mut labels = Labels::empty(OrganizationId(id(1)));
    let rows = (1..).zip(events).map(|(position, (name, payload))| {
        let event = Event::decode(name, "1", payload).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (at, metadata) = (Moment(position), Metadata::default());
        let position = u64::try_from(position).unwrap();
        let decoded =
            Decoded { position, at, by: Actor::System, batch: id(7), event, metadata, missing: Vec::new() };
        fold(&mut labels, decoded).unwrap()
    });
    let rows = rows.collect();
    (labels, rows)
}

fn acts() -> Vec<Revealed> {
    let detail = |action: &str| match action {
        "session.failed" => json!({ "why": "wrong password" }),
        "password_link.asked" => json!({ "why": "it is on its way" }),
        "password_link.used" => json!({ "purpose": "forgotten_password" }),
        "password_link.refused" => json!({ "code": "link_expired" }),
        "request.denied" => json!({ "permission": "users.edit", "route": "PATCH /users/{id}" }),
        "activity.dropped" => json!({ "count": "3" }),
        "activity.unknown" => {
            json!({ "from": "2026-05-03T10:00:00.000000Z", "until": "2026-05-03T10:03:00.000000Z" })
        }
        "activity.pruned" => json!({ "first": "1", "last": "9", "before": "2026-05-03T10:00:00.000000Z" }),
        "status.reported" => json!({ "status": "Ready", "since": "2026-05-03T10:00:00.000000Z" }),
        _ => json!({ "what": "the activity log" }),
    };
    let acts = (1..).zip(activity::CATALOGUE).map(|(position, kind)| Revealed {
        position,
        at: Moment(0),
        batch: id(7),
        event_type: kind.name.to_owned(),
        version: "1".to_owned(),
        payload: json!({ "outcome": "refused", "judged_at": 9, "count": 3, "subject": format!("user:{}", id(ZOE)),
            "detail": detail(kind.name) }),
        metadata: Metadata::default(),
        missing: Vec::new(),
    });
    acts.collect()
}

#[test]
fn every_event_and_every_act_reads_as_a_sentence() {
    let (labels, mut rows) = folded([life(), erasing(false), leaving()].concat());
    let happened: BTreeSet<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    let missing: Vec<_> = catalogue().filter(|kind| !happened.contains(kind.name)).collect();
    assert!(missing.is_empty(), "add these to `life`: {missing:?}");
    rows.extend(acts().into_iter().map(|revealed| act(&labels, revealed).unwrap()));
    let said: String = rows.iter().map(|row| format!("{}: {}\n", row.action, row.sentence)).collect();
    for line in said.lines().filter(|line| !line.contains("PATCH /users/{id}")) {
        assert!(!line.contains(['{', '}']), "a place was not filled in: {line}");
    }
    let is_id = |word: &str| Uuid::parse_str(word.trim_matches(|c: char| !c.is_alphanumeric())).is_ok();
    let bare: Vec<_> = said.split_whitespace().filter(|word| is_id(word)).collect();
    assert!(bare.is_empty(), "ids where names belong: {bare:?}");
    assert_eq!(said, SENTENCES, "if the new words are better, put them into sentences.txt:\n{said}");
}

#[test]
fn a_denial_names_the_permission_or_where_none_would_have_helped_the_code() {
    let (labels, _) = folded(life());
    for (permission, code, said) in
        [("users.edit", "permission_missing", "users.edit"), ("", "rank_too_low", "rank_too_low")]
    {
        let mut denied = acts().into_iter().find(|act| act.event_type == "request.denied").unwrap();
        denied.payload["detail"] = json!({ "permission": permission, "code": code, "route": "PUT /users" });
        denied.payload["count"] = 1.into();
        assert_eq!(act(&labels, denied).unwrap().sentence, format!("was denied {said} on PUT /users"));
    }
}

#[test]
fn labels_are_those_of_then() {
    let (labels, rows) = folded(life());
    let label = |action: &str| {
        let row = rows.iter().find(|row| row.action == action).unwrap();
        row.subject.as_ref().unwrap().label.clone().unwrap()
    };
    assert_eq!(label("user.created"), "zo");
    assert_eq!(label("user.login_changed"), "zo");
    assert_eq!(label("user.renamed"), "zoe");
    let login_changed = rows.iter().find(|row| row.action == "user.login_changed").unwrap().position;
    let judged = |judged_at: u64| {
        let mut revealed = acts().remove(0);
        revealed.payload["judged_at"] = judged_at.into();
        act(&labels, revealed).unwrap().subject.unwrap().label.unwrap()
    };
    assert_eq!((judged(login_changed - 1).as_str(), judged(login_changed).as_str()), ("zo", "zoe"));
}

#[test]
fn a_row_is_read_back_from_its_columns_as_it_was() {
    let (labels, mut rows) = folded(life());
    rows.extend(acts().into_iter().map(|revealed| act(&labels, revealed).unwrap()));
    for row in rows {
        assert_eq!(from_cells(to_cells(OrganizationId(id(1)), &row)).unwrap(), row);
    }
}

#[test]
fn an_entry_that_does_not_follow_or_is_not_known_is_refused() {
    let (mut labels, _) = folded(life());
    let event = Event::decode("user.erased", "1", json!({ "user": id(BOB), "authored": true })).unwrap();
    assert_eq!(erasure(&event).map(|erasure| (erasure.person, erasure.authored)), Some((id(BOB), true)));
    let (at, metadata) = (Moment(0), Metadata::default());
    let decoded =
        Decoded { position: 3, at, by: Actor::System, batch: id(7), event, metadata, missing: Vec::new() };
    assert!(fold(&mut labels, decoded).unwrap_err().to_string().starts_with("position 3 does not follow"));
    let mut unknown = acts().remove(0);
    unknown.event_type = "session.cloned".to_owned();
    assert!(act(&labels, unknown).unwrap_err().to_string().contains("`session.cloned` is not known"));
}

//! Hostile input: made from the examples of every operation, member by member. Nothing of it is a 5xx, every refusal is
//! a problem that names what is wrong, and what is refused leaves nothing.

use super::api_examples::{Does, Operation, operations, operations_that};
use rollbook_tests::app::World;
use rollbook_tests::client::{Answer, Client};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization as _;

/// Texts that people may write; where they are stored they come back as they are.
const ODD: [&str; 7] = [
    "'; DROP TABLE heads; --",
    "<script>alert(1)</script>",
    "\u{202e}txet\u{200f}",
    "Zoe\u{308}\u{327}",
    "👩‍👩‍👧‍👦",
    "=cmd|' /C calc'!A0",
    "{{7*7}}${7*7}%s%n../../etc/passwd",
];

fn with_bodies() -> Vec<Operation> {
    let all = operations().into_iter().filter(|operation| !operation.example().body.is_empty());
    all.filter(|operation| operation.example().does != Does::Signs).collect()
}

fn body(operation: &Operation) -> Value {
    serde_json::from_str(operation.example().body).unwrap()
}

/// The pointers of every member and element of a JSON value.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    if !at.is_empty() {
        found.push(at.to_owned());
    }
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, one)| places(one, &format!("{at}/{name}"), found))
        }
        Value::Array(list) => (0..).zip(list).for_each(|(n, one)| places(one, &format!("{at}/{n}"), found)),
        _ => {}
    }
}

/// The body with something else at each place, as text, so that it need not be storable.
fn variants(operation: &Operation, raw: &str) -> Vec<(String, String)> {
    let body = body(operation);
    let mut found = Vec::new();
    places(&body, "", &mut found);
    let put = |place: String| {
        let mut body = body.clone();
        *body.pointer_mut(&place).unwrap() = json!("@@");
        let sent = body.to_string().replace("\"@@\"", raw);
        (place, sent)
    };
    found.into_iter().map(put).collect()
}

async fn raw(client: &Client, operation: &Operation, body: impl Into<Vec<u8>>) -> Answer {
    let path = operation.example().path;
    client.send_bytes(operation.method(), path, "application/json", body.into()).await
}

/// Neither a crash nor an answer that a program could not read.
fn sound(answer: &Answer, what: &str) {
    assert!(answer.status < 500, "{what}: {} answered {}", answer.asked, answer.text());
    if !answer.is_ok() {
        assert_eq!(answer.problem_fault(), None, "{what}: {} answered {}", answer.asked, answer.text());
    }
}

#[tokio::test]
async fn a_body_that_two_readers_could_understand_differently_is_400() {
    let world = World::new().await;
    let before = world.head().await;
    for operation in with_bodies() {
        let good = operation.example().body;
        let inner = good.trim_start_matches('{').trim_end_matches('}');
        let first = inner.split(',').next().unwrap_or_default();
        let mut bad_utf8 = good.as_bytes().to_vec();
        bad_utf8.insert(bad_utf8.len() - 2, 0xff);
        let cases: Vec<Vec<u8>> = vec![
            bad_utf8,
            good.as_bytes()[..good.len() - 1].to_vec(),
            Vec::new(),
            format!("{good}{good}").into_bytes(),
            format!("{{\"x\":1,\"x\":2,{inner}}}").into_bytes(),
            format!("{{\"a\\u0062\":1,\"ab\":2,{inner}}}").into_bytes(),
            format!("{{\"x\":9007199254740993,{inner}}}").into_bytes(),
            format!("{{\"x\":1.5,{inner}}}").into_bytes(),
            format!("{{\"x\":1e400,{inner}}}").into_bytes(),
            format!("{{\"x\":\"\\u0000\",{inner}}}").into_bytes(),
            format!("{{\"x\":\"\\ud800\",{inner}}}").into_bytes(),
            format!("{{\"x\\u0000\":1,{inner}}}").into_bytes(),
            format!("{{\"x\":{}1{},{inner}}}", "[".repeat(40), "]".repeat(40)).into_bytes(),
            "[".repeat(500_000).into_bytes(),
            format!("\u{feff}{good}").into_bytes(),
            b"NaN".to_vec(),
            format!("{{{first},}}").into_bytes(),
        ];
        for (nth, case) in cases.into_iter().enumerate() {
            let answer = raw(&world.owner(), &operation, case).await;
            assert_eq!((nth, answer.status), (nth, 400), "{}: {}", answer.asked, answer.text());
            let _ = answer.refused(400, "malformed_json");
        }
    }
    assert_eq!(world.head().await, before);
}

#[tokio::test]
async fn a_body_of_another_shape_size_or_kind_is_refused_by_name() {
    let world = World::new().await;
    let before = world.head().await;
    for operation in with_bodies() {
        let good = operation.example().body;
        for other in ["[]", "null", "1", "\"text\"", "true"] {
            let _ = raw(&world.owner(), &operation, other).await.refused(422, "invalid");
        }
        let mut extra = body(&operation);
        extra["no_such_member"] = json!(1);
        let answer = raw(&world.owner(), &operation, extra.to_string()).await.refused(422, "invalid");
        assert_eq!(answer.pointers(), ["/no_such_member"], "{}", operation.name);
        let huge = format!("{{\"x\":\"{}\"}}", "a".repeat(10 << 20));
        let _ = raw(&world.owner(), &operation, huge).await.refused(413, "body_too_large");
        for kind in
            ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "multipart/form-data"]
        {
            let path = operation.example().path;
            let answer = world.owner().send_bytes(operation.method(), path, kind, good).await;
            let _ = answer.refused(415, "not_json");
        }
    }
    assert_eq!(world.head().await, before);
}

#[tokio::test]
async fn no_member_of_any_body_takes_what_cannot_be_stored() {
    let world = World::new().await;
    let before = world.head().await;
    let refused = [
        ("\"\\u0000\"", 400),
        ("\"a\\ud800b\"", 400),
        ("9007199254740993", 400),
        ("-1e99", 400),
        ("{\"a\":1}", 422),
        ("[[1]]", 422),
    ];
    for operation in with_bodies() {
        for (case, status) in refused {
            for (place, sent) in variants(&operation, case) {
                let answer = raw(&world.owner(), &operation, sent).await;
                sound(&answer, case);
                let free = operation.name.contains("/check") && answer.is_ok();
                assert!(
                    answer.status == status || free,
                    "{case} at {place}: {} {}",
                    answer.asked,
                    answer.text()
                );
                if status == 422 && !free {
                    let named = answer.pointers().iter().any(|pointer| pointer.starts_with(&place));
                    assert!(named, "{case} at {place}: {} {}", answer.asked, answer.text());
                }
            }
        }
    }
    assert_eq!(world.head().await, before);
}

#[tokio::test]
async fn endless_text_null_and_empty_text_are_never_a_crash_and_name_the_member() {
    let world = World::new().await;
    for operation in with_bodies() {
        for case in
            [format!("\"{}\"", "x".repeat(10_000)), "null".into(), "\"\"".into(), "\"\\u0007\"".into()]
        {
            for (place, sent) in variants(&operation, &case) {
                // Each in a dry run: what is accepted shall not decide what comes next.
                let dry = world.owner().with("rollbook-dry-run", "true");
                let answer = raw(&dry, &operation, sent).await;
                sound(&answer, &case);
                if case.len() > 9_000 && answer.is_ok() && operation.example().does == Does::Changes {
                    panic!("10,000 characters at {place}: {} {}", answer.asked, answer.text());
                }
                if answer.status == 422 && answer.code() == "invalid" {
                    let near = |pointer: &String| {
                        pointer.starts_with('/')
                            && (place.starts_with(pointer.as_str()) || pointer.starts_with(&place))
                    };
                    assert!(
                        answer.pointers().iter().any(near),
                        "{place}: {} {}",
                        answer.asked,
                        answer.text()
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn odd_text_is_refused_or_comes_back_as_it_was() {
    for operation in
        operations_that(Does::Changes).into_iter().filter(|operation| !operation.example().body.is_empty())
    {
        let world = World::new().await;
        for text in ODD {
            let raw_text = json!(text).to_string();
            for (place, sent) in variants(&operation, &raw_text) {
                let before = world.head().await;
                let answer = raw(&world.owner(), &operation, sent).await;
                sound(&answer, text);
                if !answer.is_ok() {
                    assert_eq!(
                        world.head().await,
                        before,
                        "{text} at {place}: {} was refused and written",
                        answer.asked
                    );
                    continue;
                }
                let member = place.trim_start_matches('/');
                let stored: String = text.nfc().collect();
                if let Some(back) = answer.json().get(member).and_then(Value::as_str) {
                    let is_reference = uuid::Uuid::parse_str(back).is_ok();
                    assert!(back == stored || is_reference, "{text:?} at {place} came back as {back:?}");
                }
                if member == "login" {
                    // It names the thing from here on; the next example must find it again.
                    let path = answer.json()["id"].as_str().map(|id| format!("/api/v1/users/{id}"));
                    let back = json!({ "login": body(&operation)["login"] });
                    let renamed = operation.method() == "PATCH";
                    if let Some(path) = path.filter(|_| renamed) {
                        let _ = world.owner().patch(&path, &json!({ "login": "ann" })).await.expect(200);
                    } else {
                        drop(back);
                    }
                } else if operation.method() == "PATCH" && operation.name.contains("/users/") {
                    let _ = world.owner().patch("/api/v1/users/anna", &json!({ "login": "ann" })).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_path_that_names_nothing_is_404_or_422_and_never_a_crash() {
    let world = World::new().await;
    let before = world.head().await;
    let long = "x".repeat(9_000);
    let ids = [
        "%27%3B%20DROP%20TABLE%20heads%3B--",
        "%00",
        "a%00b",
        "%FF%FE",
        "%zz",
        "%",
        "%E2%80%AE",
        "..%2f..%2fetc",
        "null",
        "00000000-0000-0000-0000-000000000000",
        "-1",
        "%3Cscript%3E",
        "commit:abc",
        long.as_str(),
        "*",
        "%20",
        "%2e%2e",
    ];
    for operation in operations().iter().filter(|operation| operation.names_a_thing()) {
        let example = operation.example();
        let place = example.path.split('/').nth(4).unwrap().split('?').next().unwrap();
        for id in ids {
            let path = example.path.replacen(&format!("/{place}"), &format!("/{id}"), 1);
            let sent = serde_json::from_str(example.body).ok();
            let answer = world.owner().send(operation.method(), &path, sent.as_ref()).await;
            sound(&answer, id);
            assert!(matches!(answer.status, 404 | 405 | 422), "{}: {}", answer.asked, answer.text());
        }
    }
    assert_eq!(world.head().await, before);
}

#[tokio::test]
async fn a_query_that_means_nothing_is_422_and_names_the_parameter() {
    let world = World::new().await;
    let lists = operations().into_iter().filter(|operation| {
        let parameters = operation.described["parameters"].as_array().cloned().unwrap_or_default();
        parameters.iter().any(|one| one["name"] == "limit")
    });
    let mut seen = 0;
    for operation in lists {
        seen += 1;
        let path = operation.example().path.split('?').next().unwrap();
        let rest = operation.example().path.split_once('?').map_or("", |(_, rest)| rest);
        let rest: String = rest
            .split('&')
            .filter(|pair| !pair.starts_with("limit"))
            .map(|pair| format!("&{pair}"))
            .collect();
        for (query, pointer) in [
            ("limit=0", "limit"),
            ("limit=201", "limit"),
            ("limit=abc", "limit"),
            ("limit=-1", "limit"),
            ("limit=1&limit=2", "limit"),
            ("limit=1e2", "limit"),
            ("cursor=AAAA", "cursor"),
            ("cursor=%27%20OR%201%3D1", "cursor"),
            ("no_such=1", "no_such"),
            ("limit=99999999999999999999", "limit"),
            ("cursor=%FF", "cursor"),
        ] {
            let answer = world.owner().get(&format!("{path}?{query}{rest}")).await;
            let answer = answer.refused(422, "invalid");
            assert_eq!(answer.pointers(), [pointer], "{}", answer.asked);
        }
        for limit in [1, 200] {
            let answer = world.owner().get(&format!("{path}?limit={limit}{rest}")).await;
            assert!(answer.is_ok(), "{}: {}", answer.asked, answer.text());
        }
    }
    assert!(seen >= 1, "no list describes `limit`");
}

#[tokio::test]
async fn headers_that_mean_nothing_are_422_and_name_the_header() {
    let world = World::new().await;
    let before = world.head().await;
    let long = "x".repeat(2_001);
    let cases: [(&str, &[u8]); 9] = [
        ("Idempotency-Key", b""),
        ("Idempotency-Key", &[b'k'; 201]),
        ("Rollbook-Reason", b"%FF"),
        ("Rollbook-Reason", b"a%00b"),
        ("Rollbook-Reason", long.as_bytes()),
        ("Rollbook-Reason", "Grüße".as_bytes()),
        ("Rollbook-Reason", b"commit:abc"),
        ("Rollbook-Ticket", &[b't'; 201]),
        ("Rollbook-Dry-Run", b"maybe"),
    ];
    for (name, value) in cases {
        let answer =
            world.owner().with(name, value).act("/api/v1/users/ann/block").await.refused(422, "invalid");
        assert_eq!(answer.pointers(), [name], "{value:?}");
        let twice = world.owner().with(name, "true").with(name, "true").act("/api/v1/users/ann/block").await;
        assert_eq!(twice.refused(422, "invalid").pointers(), [name]);
    }
    assert_eq!(world.head().await, before);
    let answer =
        world.owner().with("rollbook-min-position", "abc").get("/api/v1/users").await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["Rollbook-Min-Position"]);
}

/// They are kept in an order of their own; an error names the place where the wrong one was sent.
#[tokio::test]
async fn a_grant_of_what_the_catalog_does_not_have_is_named_where_it_was_sent() {
    let world = World::new().await;
    let grants = ["users.view", "a.nothing"].map(|name| json!({ "permission": name, "scope": "all" }));
    for (method, path, mut body) in [
        ("PUT", "/api/v1/users/ann/custom-profile", json!({})),
        ("POST", "/api/v1/profiles", json!({ "name": "New" })),
        ("PATCH", "/api/v1/roles/Helper", json!({})),
    ] {
        body["grants"] = json!(grants);
        let answer = world.owner().send(method, path, Some(&body)).await.refused(422, "invalid");
        assert_eq!(answer.pointers(), ["/grants/1/permission"], "{method} {path}");
    }
}

/// A member that is null is named, and what is named is replaced: by nothing, where that may be.
#[tokio::test]
async fn null_is_not_taken_for_a_member_that_was_left_out() {
    let world = World::new().await;
    let before = world.head().await;
    let bulk = |member: &str| json!({ "ids": ["ann"], "set": { member: null } });
    let plain = |member: &str| json!({ member: null });
    let refused = [
        ("PATCH", "/api/v1/users/ann", plain("login"), "/login"),
        ("PATCH", "/api/v1/users/ann", plain("name"), "/name"),
        ("PUT", "/api/v1/users/ann/keys", plain("keys"), "/keys"),
        ("PUT", "/api/v1/users/ann/keys", plain("superuser"), "/superuser"),
        ("POST", "/api/v1/users/bulk", bulk("role"), "/set/role"),
        ("POST", "/api/v1/users/bulk", bulk("keys"), "/set/keys"),
        ("POST", "/api/v1/users/bulk", bulk("status"), "/set/status"),
        ("PATCH", "/api/v1/groups/East", plain("members"), "/members"),
    ];
    for (method, path, body, pointer) in refused {
        let answer = world.owner().send(method, path, Some(&body)).await.refused(422, "invalid");
        assert_eq!(answer.pointers(), [pointer], "{method} {path}");
    }
    assert_eq!(world.head().await, before);
    let _ = world.owner().patch("/api/v1/users/ann", &json!({ "email": null })).await.expect(200);
    assert_eq!(world.head().await, before + 1);
}

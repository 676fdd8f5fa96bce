//! The API description is whole, says who may do what, and changes only on purpose.

use super::api_examples::{Does, EXAMPLES, description, operations};
use rollbook_domain::permission::catalog::Catalog;
use std::collections::BTreeSet;
use std::path::Path;

/// Where the description is kept, to be read as a diff whenever it changes.
const SNAPSHOT: &str = "it/snapshots/openapi.json";

#[test]
fn every_operation_has_an_example_and_every_example_an_operation() {
    let described: BTreeSet<_> = operations().into_iter().map(|operation| operation.name).collect();
    let exemplified: BTreeSet<_> = EXAMPLES.iter().map(|example| example.operation.to_owned()).collect();
    let missing: Vec<_> = described.difference(&exemplified).collect();
    assert!(missing.is_empty(), "add a row to EXAMPLES in tests/it/api_examples.rs for: {missing:#?}");
    let gone: Vec<_> = exemplified.difference(&described).collect();
    assert!(gone.is_empty(), "take the rows of these out of EXAMPLES, no route answers them: {gone:#?}");
    assert_eq!(exemplified.len(), EXAMPLES.len(), "an operation has two rows in EXAMPLES");
}

#[test]
fn every_example_that_reads_is_sent_by_a_method_that_may() {
    let writing_reads = ["/check", "/check/bulk", "/rollbacks/plan"];
    for operation in operations() {
        let reads = operation.example().does == Does::Reads;
        let by_get = operation.method() == "GET";
        let asks = writing_reads.iter().any(|path| operation.name == format!("POST /api/v1{path}"));
        assert_eq!(reads, by_get || asks, "{}: its example says otherwise", operation.name);
    }
}

#[test]
fn every_operation_says_which_permission_of_every_catalog_it_asks_for() {
    for operation in operations() {
        let permission = operation.permission.as_str();
        assert!(!permission.is_empty(), "{} has no x-permission", operation.name);
        for catalog in Catalog::names() {
            let known = Catalog::newest(catalog).unwrap().permission(permission).is_some();
            assert!(
                known || matches!(permission, "none" | "session"),
                "{} asks for `{permission}`, which catalog {catalog} does not know",
                operation.name
            );
        }
    }
}

#[test]
fn only_signing_in_and_links_to_set_a_password_ask_for_nothing() {
    let open: Vec<_> = operations().into_iter().filter(|operation| operation.permission == "none").collect();
    let names: Vec<_> = open.iter().map(|operation| operation.name.as_str()).collect();
    let links = ["POST /api/v1/password-links", "POST /api/v1/password-links/use"];
    assert_eq!(names, [links[0], links[1], "POST /api/v1/sessions"]);
}

#[test]
fn every_operation_is_told_in_one_sentence_under_a_tag() {
    for operation in operations() {
        let described = &operation.described;
        assert!(described["summary"].as_str().is_some_and(|text| !text.is_empty()), "{}", operation.name);
        assert!(described["tags"][0].is_string(), "{} has no tag", operation.name);
    }
}

#[test]
fn operation_ids_are_unique() {
    let mut seen = BTreeSet::new();
    for operation in operations() {
        let id = operation.described["operationId"].as_str().unwrap_or_default().to_owned();
        assert!(!id.is_empty() && seen.insert(id.clone()), "{}: id `{id}` is taken", operation.name);
    }
}

#[test]
fn every_path_parameter_is_described() {
    for operation in operations() {
        let wanted: Vec<_> =
            operation.name.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        let empty = Vec::new();
        let given = operation.described["parameters"].as_array().unwrap_or(&empty);
        for name in wanted {
            let is_there = given.iter().any(|one| one["name"] == name && one["in"] == "path");
            assert!(is_there, "{} does not describe {{{name}}}", operation.name);
        }
    }
}

#[test]
fn every_example_fits_the_body_that_is_described() {
    let description = description();
    for operation in operations() {
        let schema = &operation.described["requestBody"]["content"]["application/json"]["schema"];
        let Some(name) = schema["$ref"].as_str() else { continue };
        let schema = description.pointer(name.trim_start_matches('#')).unwrap();
        let body: serde_json::Value = serde_json::from_str(operation.example().body).unwrap();
        for member in body.as_object().unwrap().keys() {
            let told = schema["properties"].get(member).is_some();
            assert!(
                told,
                "{}: {name} describes no `{member}`; is there another of this name?",
                operation.name
            );
        }
    }
}

#[test]
fn every_refusal_that_can_occur_is_described() {
    for operation in operations() {
        let has = |status: &str| operation.described["responses"].get(status).is_some();
        let example = operation.example();
        let changes = example.does == Does::Changes;
        // Whoever asks for a link or uses one says nothing of who they are.
        let asks_who = operation.permission != "none" || operation.name == "POST /api/v1/sessions";
        let mut needed = vec![("401", asks_who), ("404", operation.names_a_thing())];
        needed.push(("422", changes || !example.body.is_empty()));
        needed.push(("403", changes));
        needed.push(("409", changes && operation.names_a_thing()));
        needed.push(("412", changes && operation.names_a_thing()));
        needed.push(("415", !example.body.is_empty()));
        needed.push(("413", !example.body.is_empty()));
        needed.push(("400", !example.body.is_empty()));
        needed.push(("503", true));
        for (status, is_needed) in needed {
            assert!(!is_needed || has(status), "{} does not describe {status}", operation.name);
        }
    }
}

#[test]
fn every_refusal_is_described_as_a_problem() {
    for operation in operations() {
        for (status, answer) in operation.described["responses"].as_object().unwrap() {
            if !status.starts_with('2') {
                let content = answer["content"].as_object().unwrap();
                let kinds: Vec<_> = content.keys().map(String::as_str).collect();
                assert_eq!(kinds, ["application/problem+json"], "{} {status}", operation.name);
            }
        }
    }
}

#[test]
fn the_description_is_the_one_that_was_agreed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SNAPSHOT);
    let now = format!("{}\n", serde_json::to_string_pretty(&description()).unwrap());
    if rollbook_tests::update_snapshots() {
        std::fs::write(&path, &now).unwrap();
    }
    let agreed = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = agreed.lines().zip(now.lines()).position(|(agreed, now)| agreed != now);
    assert!(
        agreed == now,
        "the description differs from {SNAPSHOT} at line {}; if that is meant, run with ROLLBOOK_UPDATE_SNAPSHOTS=1 \
         and read the diff",
        differs.unwrap_or(agreed.lines().count().min(now.lines().count())) + 1
    );
}

#[tokio::test]
async fn the_description_is_served_to_anybody() {
    let world = rollbook_tests::app::World::new().await;
    let answer = world.anonymous().get("/api/openapi.json").await.expect(200);
    assert_eq!(answer.json(), description());
    assert_eq!(answer.json()["openapi"], "3.1.0");
}

#[tokio::test]
async fn what_is_not_among_the_pages_is_refused_by_a_problem_too() {
    let anybody = rollbook_tests::app::World::new().await.anonymous();
    let _ = anybody.get("/api/docs/nothing.js").await.refused(404, "no_such_path");
    for path in ["/api/docs/", "/api/openapi.json", "/healthz", "/metrics"] {
        let _ = anybody.act(path).await.refused(405, "method_not_allowed");
    }
}

//! What is true of many operations, described once: ids, and the refusals that extractors and writers make.

use crate::extract::{OPEN_TO_EXPIRED, OPEN_WITHOUT_FACTOR};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response};

/// The media type of every refusal (RFC 9457).
const PROBLEM: &str = "application/problem+json";

/// Completes the description of every operation.
pub(super) fn complete(description: &mut OpenApi) {
    for (path, item) in &mut description.paths.paths {
        for (method, operation) in methods(item) {
            operation.operation_id = Some(id(method, path));
            refusals(method, path, operation);
        }
    }
}

fn methods(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("put", &mut item.put),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

/// `post_users_id_block`: unique because method and path are.
fn id(method: &str, path: &str) -> String {
    let words = path.trim_start_matches("/api/v1").split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

fn refusals(method: &str, path: &str, operation: &mut Operation) {
    // A reference is to a body of JSON.
    let is_json = |body: &RefOr<RequestBody>| match body {
        RefOr::T(body) => body.content.contains_key("application/json"),
        RefOr::Ref(_) => true,
    };
    let has_body = operation.request_body.as_ref().is_some_and(is_json);
    let of_a_thing = path.contains('{');
    let permission = operation.extensions.as_ref().and_then(|all| all.get("x-permission"));
    let permission = permission.and_then(|text| text.as_str()).unwrap_or_default().to_owned();
    let signs = matches!(permission.as_str(), "none" | "session");
    let changes = method != "get" && !signs;
    let name = format!("{} {path}", method.to_uppercase());
    let guarded = permission != "none";
    let expired = guarded && !OPEN_TO_EXPIRED.contains(&name.as_str());
    let without_factor = guarded && !OPEN_WITHOUT_FACTOR.contains(&name.as_str());
    let all = [
        (
            "400",
            has_body,
            "`malformed_json`: not JSON, or JSON that two readers could understand differently",
        ),
        (
            "403",
            changes,
            "`permission_missing`, `password_expired`, `two_factor_required`, `address_not_allowed`",
        ),
        (
            "403",
            expired && without_factor,
            "`password_expired`, `two_factor_required`: only mending that is left; `address_not_allowed`",
        ),
        ("403", expired, "`password_expired`: only setting a new one is left; `address_not_allowed`"),
        ("403", without_factor, "`two_factor_required`: only setting it up is left; `address_not_allowed`"),
        ("403", guarded, "`address_not_allowed`"),
        ("409", changes && of_a_thing, "What is asked does not fit what is there"),
        ("412", changes && of_a_thing, "`precondition_failed`: `If-Match` is not the newest `ETag`"),
        ("413", has_body, "`body_too_large`"),
        ("415", has_body, "`not_json`"),
        ("422", changes || has_body, "`invalid`, `reason_required`, `idempotency_key_reused`"),
        ("503", true, "`unavailable`, `busy`, `not_yet` …, with `Retry-After`"),
    ];
    for (status, occurs, description) in all {
        if occurs {
            let missing = || RefOr::T(Response::new(description));
            operation.responses.responses.entry(status.to_owned()).or_insert_with(missing);
        }
    }
    for (status, answer) in &mut operation.responses.responses {
        if let RefOr::T(answer) = answer
            && !status.starts_with('2')
        {
            answer.content.clear();
            let problem = Content::new(Some(Ref::from_schema_name("Problem")));
            answer.content.insert(PROBLEM.to_owned(), RefOr::T(problem));
        }
    }
}

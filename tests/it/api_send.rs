//! How the example of an operation is sent: what in its body is known only then is filled in before.

use super::api_examples::{Example, Operation};
use rollbook_ledger::clock::Clock;
use rollbook_tests::client::{Answer, Client};
use rollbook_tests::totp;
use serde_json::Value;

/// Sends an operation's example.
pub(crate) async fn send(client: &Client, operation: &Operation) -> Answer {
    let example = operation.example();
    let body = match &operation.body {
        Some(body) => Some(body.clone()),
        None => body(client, &example).await,
    };
    let path = operation.path.as_deref().unwrap_or(example.path);
    if operation.name == "PUT /api/v1/users/{id}/avatar" {
        return client.send_bytes("PUT", path, "image/png", rollbook_tests::app::picture(2)).await;
    }
    client.send(operation.method(), path, body.as_ref()).await
}

/// The example's body; the plan of a rollback is made first, since its id is the hash of what it would change, and the
/// seed whose code confirms it.
pub(crate) async fn body(client: &Client, example: &Example) -> Option<Value> {
    let mut body: Value = serde_json::from_str(example.body).ok()?;
    if body["plan"] == "@plan" {
        let select = serde_json::json!({ "select": body["select"] });
        let plan = client.post("/api/v1/rollbacks/plan", &select).await;
        if plan.is_ok() {
            body["plan"] = plan.json()["id"].clone();
        }
    }
    if body["code"] == "@code" {
        let begun = client.act("/api/v1/users/owner/two-factor").await;
        if begun.is_ok() {
            let secret = begun.json()["secret"].as_str().unwrap_or_default().to_owned();
            body["code"] = totp::code(&secret, Clock::default().now()).into();
        }
    }
    Some(body)
}

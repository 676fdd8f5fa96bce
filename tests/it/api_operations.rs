//! The operations of the API description, and their examples sent.

use super::api_examples::{Does, EXAMPLES, Example};
use rollbook_ledger::clock::Clock;
use rollbook_tests::client::{Answer, Client};
use rollbook_tests::totp;
use serde_json::Value;

/// One operation of the description.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// Method and path.
    pub(crate) name: String,
    /// Its `x-permission`.
    pub(crate) permission: String,
    /// Another body to send than the example's.
    pub(crate) body: Option<Value>,
    /// Another path to send than the example's.
    pub(crate) path: Option<String>,
    /// All the description says of it.
    pub(crate) described: Value,
}

impl Operation {
    /// Its example.
    pub(crate) fn example(&self) -> Example {
        let found = EXAMPLES.iter().find(|example| example.operation == self.name);
        *found.unwrap_or_else(|| panic!("{} has no example: add a row to EXAMPLES", self.name))
    }

    /// The method.
    pub(crate) fn method(&self) -> &str {
        self.name.split(' ').next().unwrap()
    }

    /// Whether its path names a thing.
    pub(crate) fn names_a_thing(&self) -> bool {
        self.name.contains('{')
    }
}

/// The description as JSON.
pub(crate) fn description() -> Value {
    serde_json::to_value(rollbook_api::server::description()).unwrap()
}

/// Every operation of the description.
pub(crate) fn operations() -> Vec<Operation> {
    let description = description();
    let paths = description["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(move |(method, described)| Operation {
            name: format!("{} {path}", method.to_uppercase()),
            permission: described["x-permission"].as_str().unwrap_or_default().to_owned(),
            body: None,
            path: None,
            described: described.clone(),
        })
    });
    operations.collect()
}

/// The operations whose examples do this.
pub(crate) fn operations_that(does: Does) -> Vec<Operation> {
    operations().into_iter().filter(|operation| operation.example().does == does).collect()
}

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

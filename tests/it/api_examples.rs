//! One example request for each operation of the API description, in a world as `rollbook_tests::app` makes it.
//!
//! If you are here because a test named an operation without an example: add a row to [`EXAMPLES`]. Denial, audit,
//! input and escalation tests then cover the operation by themselves.

use rollbook_tests::app::World;
use rollbook_tests::client::{Answer, Client};
use serde_json::Value;

/// What an operation does when its example is sent by the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Answers 200 and changes nothing.
    Reads,
    /// Leaves at least one event and answers 200, or 201 where it adds something.
    Changes,
    /// Begins or ends a session; not a change of the organization.
    Signs,
}
use Does::{Changes, Reads, Signs};

/// One operation's example.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Example {
    /// Method and path of the description.
    pub(crate) operation: &'static str,
    /// The path to send, with its query.
    pub(crate) path: &'static str,
    /// The JSON body; empty for none.
    pub(crate) body: &'static str,
    /// What comes of it.
    pub(crate) does: Does,
}

const fn row(operation: &'static str, path: &'static str, body: &'static str, does: Does) -> Example {
    Example { operation, path, body, does }
}

/// A row for each operation, in the order of the description.
pub(crate) const EXAMPLES: &[Example] = &[
    row("GET /api/v1/me", "/api/v1/me", "", Reads),
    row(
        "POST /api/v1/sessions",
        "/api/v1/sessions",
        r#"{"organization":"north","login":"agent","password":"correct horse battery staple"}"#,
        Signs,
    ),
    row("DELETE /api/v1/sessions/current", "/api/v1/sessions/current", "", Signs),
    row("GET /api/v1/users", "/api/v1/users?limit=3", "", Reads),
    row(
        "POST /api/v1/users",
        "/api/v1/users",
        r#"{"login":"new","name":"New Person","email":"new@north.example","role":"agent","profile":"Billing","status":"invited"}"#,
        Changes,
    ),
    row(
        "POST /api/v1/users/bulk",
        "/api/v1/users/bulk",
        r#"{"ids":["ann"],"set":{"role":"Helper"}}"#,
        Changes,
    ),
    row("GET /api/v1/users/{id}", "/api/v1/users/ann", "", Reads),
    row("DELETE /api/v1/users/{id}", "/api/v1/users/ann", "", Changes),
    row(
        "PATCH /api/v1/users/{id}",
        "/api/v1/users/ann",
        r#"{"login":"anna","name":"Anna","email":"anna@north.example"}"#,
        Changes,
    ),
    row("POST /api/v1/users/{id}/activate", "/api/v1/users/invited/activate", "", Changes),
    row("POST /api/v1/users/{id}/api-key", "/api/v1/users/ann/api-key", "", Changes),
    row("DELETE /api/v1/users/{id}/api-key", "/api/v1/users/owner/api-key", "", Changes),
    row("POST /api/v1/users/{id}/archive", "/api/v1/users/ann/archive", "", Changes),
    row("POST /api/v1/users/{id}/block", "/api/v1/users/ann/block", "", Changes),
    row(
        "PUT /api/v1/users/{id}/custom-profile",
        "/api/v1/users/ann/custom-profile",
        r#"{"grants":[{"permission":"calls.process","scope":"own"}]}"#,
        Changes,
    ),
    row(
        "PUT /api/v1/users/{id}/keys",
        "/api/v1/users/ann/keys",
        r#"{"keys":["VIP"],"masterkey":false}"#,
        Changes,
    ),
    row(
        "PUT /api/v1/users/{id}/password",
        "/api/v1/users/ann/password",
        r#"{"new":"a longer password"}"#,
        Changes,
    ),
    row("PUT /api/v1/users/{id}/profile", "/api/v1/users/ann/profile", r#"{"profile":"Billing"}"#, Changes),
    row("POST /api/v1/users/{id}/restore", "/api/v1/users/archived/restore", "", Changes),
    row("PUT /api/v1/users/{id}/role", "/api/v1/users/ann/role", r#"{"role":"supervisor"}"#, Changes),
    row("POST /api/v1/users/{id}/unblock", "/api/v1/users/blocked/unblock", "", Changes),
];

/// One operation of the description.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// Method and path.
    pub(crate) name: String,
    /// Its `x-permission`.
    pub(crate) permission: String,
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
    let body: Option<Value> =
        (!example.body.is_empty()).then(|| serde_json::from_str(example.body).expect(example.operation));
    let path = operation.path.as_deref().unwrap_or(example.path);
    client.send(operation.method(), path, body.as_ref()).await
}

/// The lowest standard role whose holder lacks an operation's permission at every scope; the agent where none does.
pub(crate) fn lacks(world: &World, operation: &Operation) -> &'static str {
    use rollbook_domain::kernel::id::{Kind, UserId};
    use rollbook_domain::permission::facts::{Facts, Targets};
    use rollbook_domain::permission::resolve::{Question, allowed};
    let organization = &world.north.open.writer.published().organization;
    let (targets, facts, permission) = (Targets::default(), Facts::default(), operation.permission.as_str());
    let lowest_first = ["agent", "supervisor", "manager", "auditor", "administrator"];
    let lacking = lowest_first.into_iter().find(|login| {
        let who = organization.user(UserId(world.north.id(Kind::User, login))).unwrap();
        let at = organization.at;
        !allowed(
            organization,
            &Question { who, permission, targets: &targets, facts: &facts, at, as_if_active: false },
        )
    });
    lacking.unwrap_or("agent")
}

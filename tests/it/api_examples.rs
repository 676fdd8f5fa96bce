//! One example request for each operation of the API description, in a world as `rollbook_tests::app` makes it.
//!
//! If you are here because a test named an operation without an example: add a row to [`EXAMPLES`]. Denial, audit,
//! input and escalation tests then cover the operation by themselves.

pub(crate) use super::api_operations::{Operation, body, description, operations, operations_that, send};

/// What an operation does when its example is sent by the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Answers 200 and changes nothing.
    Reads,
    /// Leaves at least one event and answers 200, or 201 where it adds something.
    Changes,
    /// Answers 201 and leaves an entry in the activity ledger; not a change of the organization.
    Reports,
    /// Begins or ends a session, or something that is to be confirmed; not a change of the organization.
    Signs,
    /// Begins work that goes on after the answer, 202; `imports` tries it with files.
    Begins,
}
use Does::{Begins, Changes, Reads, Reports, Signs};

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
    row("GET /api/v1/access", "/api/v1/access?permission=users.view", "", Reads),
    row("GET /api/v1/activity", "/api/v1/activity?limit=3", "", Reads),
    row("GET /api/v1/activity/export", "/api/v1/activity/export?format=csv", "", Reads),
    row("GET /api/v1/activity/stream", "/api/v1/activity/stream", "", Reads),
    row("GET /api/v1/agents", "/api/v1/agents", "", Reads),
    row(
        "POST /api/v1/agents",
        "/api/v1/agents",
        r#"{"code":"Agent/9","description":"Nina","aliases":["nina"],"location":"Leeds","payroll_code":"P9","extension":"109","visibility_key":"VIP","group":"East","supervisor":"supervisor","queues":{"Sales":"wrap"},"update_protected":true,"delete_protected":true}"#,
        Changes,
    ),
    row("GET /api/v1/agents/{id}", "/api/v1/agents/Agent%2F7", "", Reads),
    row("DELETE /api/v1/agents/{id}", "/api/v1/agents/Agent%2F7", "", Changes),
    row(
        "PATCH /api/v1/agents/{id}",
        "/api/v1/agents/Agent%2F7",
        r#"{"code":"Agent/8","aliases":["ida"],"group":null,"queues":{"Sales":"spill"}}"#,
        Changes,
    ),
    row("POST /api/v1/agents/{id}/archive", "/api/v1/agents/Agent%2F7/archive", "", Changes),
    row("POST /api/v1/agents/{id}/erase", "/api/v1/agents/Old%2Fagent/erase", "", Changes),
    row("GET /api/v1/agents/{id}/history", "/api/v1/agents/Agent%2F7/history", "", Reads),
    row("POST /api/v1/agents/{id}/restore", "/api/v1/agents/Old%2Fagent/restore", "", Changes),
    row("GET /api/v1/api-tokens", "/api/v1/api-tokens", "", Reads),
    row("POST /api/v1/api-tokens", "/api/v1/api-tokens", r#"{"name":"Night import","user":"ann"}"#, Changes),
    row("DELETE /api/v1/api-tokens/{id}", "/api/v1/api-tokens/CI", "", Changes),
    row("GET /api/v1/catalog", "/api/v1/catalog", "", Reads),
    row(
        "POST /api/v1/check",
        "/api/v1/check",
        r#"{"user":"ann","permission":"users.view","target":{"kind":"user","id":"agent"}}"#,
        Reads,
    ),
    row(
        "POST /api/v1/check/bulk",
        "/api/v1/check/bulk",
        r#"{"checks":[{"user":"ann","permission":"users.view"}]}"#,
        Reads,
    ),
    row("GET /api/v1/diff", "/api/v1/diff?from=2", "", Reads),
    row("GET /api/v1/organization", "/api/v1/organization", "", Reads),
    row(
        "POST /api/v1/organization/transfer",
        "/api/v1/organization/transfer",
        r#"{"to":"administrator"}"#,
        Changes,
    ),
    row("GET /api/v1/export", "/api/v1/export?as=queuemetrics", "", Reads),
    row("GET /api/v1/groups", "/api/v1/groups", "", Reads),
    row(
        "POST /api/v1/groups",
        "/api/v1/groups",
        r#"{"name":"West","description":"of the river","members":["ann"],"supervisors":["manager"],"settings":{"outbound_calls":false}}"#,
        Changes,
    ),
    row("GET /api/v1/groups/{id}", "/api/v1/groups/East", "", Reads),
    row("DELETE /api/v1/groups/{id}", "/api/v1/groups/East", "", Changes),
    row(
        "PATCH /api/v1/groups/{id}",
        "/api/v1/groups/East",
        r#"{"name":"Far East","members":["ann","agent"]}"#,
        Changes,
    ),
    row("POST /api/v1/groups/{id}/archive", "/api/v1/groups/East/archive", "", Changes),
    row("GET /api/v1/groups/{id}/history", "/api/v1/groups/East/history", "", Reads),
    row("POST /api/v1/groups/{id}/restore", "/api/v1/groups/Old%20group/restore", "", Changes),
    row("GET /api/v1/imports", "/api/v1/imports", "", Reads),
    row("POST /api/v1/imports", "/api/v1/imports?from=ucontact", "", Begins),
    row("GET /api/v1/imports/{id}", "/api/v1/imports/01900000-0000-7000-8000-00000000f11e", "", Reads),
    row("GET /api/v1/keys", "/api/v1/keys", "", Reads),
    row("POST /api/v1/keys", "/api/v1/keys", r#"{"name":"GOLD","description":"the best"}"#, Changes),
    row("GET /api/v1/keys/{id}", "/api/v1/keys/VIP", "", Reads),
    row("DELETE /api/v1/keys/{id}", "/api/v1/keys/VIP", "", Changes),
    row(
        "PATCH /api/v1/keys/{id}",
        "/api/v1/keys/VIP",
        r#"{"name":"VERYVIP","description":"better"}"#,
        Changes,
    ),
    row("POST /api/v1/keys/{id}/archive", "/api/v1/keys/VIP/archive", "", Changes),
    row("GET /api/v1/keys/{id}/history", "/api/v1/keys/VIP/history", "", Reads),
    row("POST /api/v1/keys/{id}/restore", "/api/v1/keys/OLDKEY/restore", "", Changes),
    row("GET /api/v1/objects", "/api/v1/objects?kind=skill", "", Reads),
    row(
        "POST /api/v1/objects",
        "/api/v1/objects",
        r#"{"kind":"topic_set","name":"Orders","description":"calls","visibility_key":"VIP","contents":["Price","Delivery"]}"#,
        Changes,
    ),
    row("GET /api/v1/objects/{id}", "/api/v1/objects/skill:French", "", Reads),
    row("DELETE /api/v1/objects/{id}", "/api/v1/objects/skill:French", "", Changes),
    row(
        "PATCH /api/v1/objects/{id}",
        "/api/v1/objects/skill:French",
        r#"{"name":"French, B2","description":"spoken"}"#,
        Changes,
    ),
    row("POST /api/v1/objects/{id}/archive", "/api/v1/objects/skill:French/archive", "", Changes),
    row("GET /api/v1/objects/{id}/history", "/api/v1/objects/skill:French/history", "", Reads),
    row("POST /api/v1/objects/{id}/restore", "/api/v1/objects/tag:Old%20tag/restore", "", Changes),
    row(
        "PATCH /api/v1/objects/{id}/used-by",
        "/api/v1/objects/skill:French/used-by",
        r#"{"add":[{"kind":"user","id":"ann"}],"remove":[{"kind":"user","id":"agent"}]}"#,
        Changes,
    ),
    row("GET /api/v1/profiles", "/api/v1/profiles", "", Reads),
    row(
        "POST /api/v1/profiles",
        "/api/v1/profiles",
        r#"{"name":"Support","description":"helps","grants":[{"permission":"calls.process","scope":"own"}]}"#,
        Changes,
    ),
    row("GET /api/v1/profiles/{id}", "/api/v1/profiles/Billing", "", Reads),
    row("DELETE /api/v1/profiles/{id}", "/api/v1/profiles/Billing", "", Changes),
    row(
        "PATCH /api/v1/profiles/{id}",
        "/api/v1/profiles/Billing",
        r#"{"name":"Invoices","description":"money"}"#,
        Changes,
    ),
    row("POST /api/v1/profiles/{id}/archive", "/api/v1/profiles/Billing/archive", "", Changes),
    row("GET /api/v1/profiles/{id}/history", "/api/v1/profiles/Billing/history", "", Reads),
    row("POST /api/v1/profiles/{id}/restore", "/api/v1/profiles/Old%20profile/restore", "", Changes),
    row("GET /api/v1/queues", "/api/v1/queues", "", Reads),
    row(
        "POST /api/v1/queues",
        "/api/v1/queues",
        r#"{"name":"Care","description":"cares","kind":"queue","visibility_key":"VIP","parts":["Sales"],"agents":["ann"],"supervisors":[{"user":"supervisor","editor":true}]}"#,
        Changes,
    ),
    row("GET /api/v1/queues/{id}", "/api/v1/queues/Sales", "", Reads),
    row("DELETE /api/v1/queues/{id}", "/api/v1/queues/Sales", "", Changes),
    row(
        "PATCH /api/v1/queues/{id}",
        "/api/v1/queues/Sales",
        r#"{"name":"Selling","agents":["ann"]}"#,
        Changes,
    ),
    row("POST /api/v1/queues/{id}/archive", "/api/v1/queues/Sales/archive", "", Changes),
    row("GET /api/v1/queues/{id}/history", "/api/v1/queues/Sales/history", "", Reads),
    row("POST /api/v1/queues/{id}/restore", "/api/v1/queues/Old%20queue/restore", "", Changes),
    row("GET /api/v1/roles", "/api/v1/roles", "", Reads),
    row(
        "POST /api/v1/roles",
        "/api/v1/roles",
        r#"{"name":"Coach","description":"coaches","rank":15,"grants":[{"permission":"calls.process","scope":"own"}],"keys":["VIP"]}"#,
        Changes,
    ),
    row("GET /api/v1/roles/{id}", "/api/v1/roles/Helper", "", Reads),
    row("DELETE /api/v1/roles/{id}", "/api/v1/roles/Helper", "", Changes),
    row("PATCH /api/v1/roles/{id}", "/api/v1/roles/Helper", r#"{"name":"Aide","rank":6}"#, Changes),
    row("POST /api/v1/roles/{id}/archive", "/api/v1/roles/Helper/archive", "", Changes),
    row("GET /api/v1/roles/{id}/history", "/api/v1/roles/Helper/history", "", Reads),
    row("POST /api/v1/roles/{id}/restore", "/api/v1/roles/Old%20role/restore", "", Changes),
    row(
        "POST /api/v1/rollbacks",
        "/api/v1/rollbacks",
        r#"{"plan":"@plan","select":{"subject":{"kind":"user","id":"blocked"},"to":{"version":1}}}"#,
        Changes,
    ),
    row(
        "POST /api/v1/rollbacks/plan",
        "/api/v1/rollbacks/plan",
        r#"{"select":{"subject":{"kind":"user","id":"blocked"},"to":{"version":1}}}"#,
        Reads,
    ),
    row("GET /api/v1/seats", "/api/v1/seats", "", Reads),
    row("GET /api/v1/settings", "/api/v1/settings", "", Reads),
    row("PATCH /api/v1/settings", "/api/v1/settings", r#"{"lock_out_minutes":20}"#, Changes),
    row("GET /api/v1/settings/history", "/api/v1/settings/history", "", Reads),
    row(
        "PUT /api/v1/users/{id}/elements",
        "/api/v1/users/ann/elements",
        r#"{"elements":{"dashboards.view":["sales"]}}"#,
        Changes,
    ),
    row("POST /api/v1/users/{id}/erase", "/api/v1/users/archived/erase", r#"{"authored":false}"#, Changes),
    row("GET /api/v1/users/{id}/history", "/api/v1/users/ann/history", "", Reads),
    row("GET /api/v1/users/{id}/settings", "/api/v1/users/ann/settings", "", Reads),
    row("GET /api/v1/users/{id}/permissions", "/api/v1/users/ann/permissions", "", Reads),
    row("GET /api/v1/me", "/api/v1/me", "", Reads),
    row(
        "POST /api/v1/password-links",
        "/api/v1/password-links",
        r#"{"organization":"north","login":"agent"}"#,
        Signs,
    ),
    row(
        "POST /api/v1/password-links/use",
        "/api/v1/password-links/use",
        r#"{"secret":"rbl_unknown","password":"correct horse battery staple"}"#,
        Signs,
    ),
    row(
        "POST /api/v1/sessions",
        "/api/v1/sessions",
        r#"{"organization":"north","login":"agent","password":"correct horse battery staple"}"#,
        Signs,
    ),
    row("DELETE /api/v1/sessions/current", "/api/v1/sessions/current", "", Signs),
    row("GET /api/v1/status-log", "/api/v1/status-log", "", Reads),
    row(
        "POST /api/v1/status-log",
        "/api/v1/status-log",
        r#"{"reports":[{"user":"ann","status":"ready"}]}"#,
        Reports,
    ),
    row("GET /api/v1/status-log/export", "/api/v1/status-log/export", "", Reads),
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
    row("GET /api/v1/users/export", "/api/v1/users/export?format=csv&ids=ann", "", Reads),
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
    row("GET /api/v1/users/{id}/avatar", "/api/v1/users/auditor/avatar", "", Reads),
    row("PUT /api/v1/users/{id}/avatar", "/api/v1/users/ann/avatar", "", Changes),
    row("DELETE /api/v1/users/{id}/avatar", "/api/v1/users/auditor/avatar", "", Changes),
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
        "PUT /api/v1/users/{id}/login-window",
        "/api/v1/users/ann/login-window",
        r#"{"login_window":{"until":"2126-01-01T00:00:00Z","hours":{"time_zone":"Europe/Madrid","week":[{"day":"monday","from":"08:00","until":"18:00"}]}}}"#,
        Changes,
    ),
    row(
        "PUT /api/v1/users/{id}/password",
        "/api/v1/users/ann/password",
        r#"{"new":"a longer password"}"#,
        Changes,
    ),
    row(
        "POST /api/v1/users/{id}/password-link",
        "/api/v1/users/ann/password-link",
        r#"{"mail":true}"#,
        Changes,
    ),
    row("PUT /api/v1/users/{id}/profile", "/api/v1/users/ann/profile", r#"{"profile":"Billing"}"#, Changes),
    row("POST /api/v1/users/{id}/restore", "/api/v1/users/archived/restore", "", Changes),
    row("PUT /api/v1/users/{id}/role", "/api/v1/users/ann/role", r#"{"role":"supervisor"}"#, Changes),
    row("POST /api/v1/users/{id}/two-factor", "/api/v1/users/owner/two-factor", "", Signs),
    row(
        "POST /api/v1/users/{id}/two-factor/confirm",
        "/api/v1/users/owner/two-factor/confirm",
        r#"{"code":"@code"}"#,
        Changes,
    ),
    row(
        "POST /api/v1/users/{id}/two-factor/remove",
        "/api/v1/users/blocked/two-factor/remove",
        "{}",
        Changes,
    ),
    row("POST /api/v1/users/{id}/unblock", "/api/v1/users/blocked/unblock", "", Changes),
];

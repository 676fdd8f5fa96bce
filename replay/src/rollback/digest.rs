//! A plan's id: SHA-256 over what was selected, how it was resolved, what changes and whom it affects.
//!
//! The same in every process and at every time. The id is written into entries, which are kept for ever, so no
//! personal value is hashed as such: values of the past by the commitment they have in the ledger, a value that
//! was given by a commitment with the salt of the user's login or the agent's code, which goes when they are erased.

use super::plan::Request;
use super::selection::Resolution;
use super::walk::Step;
use crate::diff::affected::Affected;
use rollbook_domain::kernel::change::Change;
use rollbook_domain::kernel::id::{AgentId, Kind, UserId};
use rollbook_domain::kernel::personal::{self, Personal};
use rollbook_domain::organization::state::Organization;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What stands for a personal value of a change, whose salt is new each time.
const MASK: &str = "[personal]";
/// The personal fields of an agent.
const OF_AGENTS: [&str; 5] = ["code", "description", "aliases", "payroll_code", "extension"];

pub(super) fn id(
    now: &Organization,
    request: &Request<'_>,
    steps: &[Step],
    changes: &[Change],
    affected: &Affected,
) -> String {
    let resolve: BTreeMap<&String, Value> =
        request.resolve.iter().map(|(path, how)| (path, resolution(now, path, how))).collect();
    let undos = steps.iter().map(|step| json!([step.path, sealed(step.undo.to.clone())]));
    let changes = changes
        .iter()
        .map(|change| json!([change.path(), masked(change.from.clone()), masked(change.to.clone())]));
    let whole = json!({
        "select": request.selection,
        "resolve": resolve,
        "undos": undos.collect::<Vec<_>>(),
        "changes": changes.collect::<Vec<_>>(),
        "affected": [affected.count, hex::encode(affected.digest)],
    });
    // What was built of maps and text above always has a canonical form.
    let canonical = serde_json_canonicalizer::to_vec(&whole).unwrap_or_default();
    hex::encode(Sha256::digest(canonical))
}

/// The value given for the place at `path`, as an undo takes it: personal where the field is.
pub(super) fn given(now: &Organization, path: &str, value: &Value) -> Value {
    let mut parts = path.split(':');
    let (kind, id, field) = (parts.next(), parts.next(), parts.next());
    let of_user = kind == Some(Kind::User.word()) && matches!(field, Some("login" | "name" | "email"));
    let of_agent = kind == Some(Kind::Agent.word()) && field.is_some_and(|field| OF_AGENTS.contains(&field));
    if !of_user && !of_agent {
        return value.clone();
    }
    let id = id.and_then(|id| id.parse().ok());
    let user = || id.map(UserId).and_then(|id| now.user(id)).map(|user| &user.login);
    let agent = || id.map(AgentId).and_then(|id| now.agent(id)).map(|agent| &agent.code);
    personal_value(if of_user { user() } else { agent() }, value)
}

/// The text, or each text of a list, as personal with the salt of what its owner is called by.
fn personal_value(called: Option<&Personal>, value: &Value) -> Value {
    match (value, called) {
        (Value::String(text), Some(Personal::Clear { salt, .. })) => json!(Personal::new(text, *salt)),
        // Nothing of the erased can be changed, so this is refused whatever the value is.
        (Value::String(_), Some(Personal::Erased { .. }) | None) => {
            json!(Personal::new("", [0; 16]).erased())
        }
        (Value::Array(items), _) => items.iter().map(|item| personal_value(called, item)).collect(),
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_), _) => value.clone(),
    }
}

fn resolution(now: &Organization, path: &str, how: &Resolution) -> Value {
    match how {
        Resolution::Value(value) => json!({ "value": sealed(given(now, path, value)) }),
        Resolution::Keep | Resolution::Force | Resolution::Skip | Resolution::Include => json!(how),
    }
}

fn sealed(mut value: Value) -> Value {
    personal::seal(&mut value);
    value
}

/// Personal values taken out: their salts are drawn anew whenever the change is decided.
fn masked(mut value: Value) -> Value {
    if personal::seal(&mut value.clone()).is_empty() {
        return value;
    }
    value = MASK.into();
    value
}

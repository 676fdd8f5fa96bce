//! A plan's id: SHA-256 over what was selected, how it was resolved, what changes and whom it affects.
//!
//! The same in every process and at every time. The id is written into entries, which are kept for ever, so no
//! personal value is hashed as such: values of the past by the commitment they have in the ledger, a value that
//! was given by a commitment with the salt of the user's login, which goes when the user is erased.

use super::plan::Request;
use super::selection::Resolution;
use super::walk::Step;
use crate::diff::affected::Affected;
use rollbook_domain::kernel::change::Change;
use rollbook_domain::kernel::id::{Kind, UserId};
use rollbook_domain::kernel::personal::{self, Personal};
use rollbook_domain::organization::state::Organization;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What stands for a personal value of a change, whose salt is new each time.
const MASK: &str = "[personal]";

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
    let is_personal = kind == Some(Kind::User.word()) && matches!(field, Some("login" | "name" | "email"));
    let (true, Some(text)) = (is_personal, value.as_str()) else { return value.clone() };
    let user = id.and_then(|id| id.parse().ok()).map(UserId).and_then(|id| now.user(id));
    match user.map(|user| &user.login) {
        Some(Personal::Clear { salt, .. }) => json!(Personal::new(text, *salt)),
        // Nothing of an erased user can be changed, so this is refused whatever the value is.
        Some(Personal::Erased { .. }) | None => json!(Personal::new("", [0; 16]).erased()),
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

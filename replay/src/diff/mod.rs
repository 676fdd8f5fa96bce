//! The difference between two organizations: of one entity, of one user's permissions, or of everybody's.
//!
//! The two may be any two positions of one ledger, or a state and the state that a command would make of it: then
//! [`affected::by_events`] gives the blast radius, resolving only those whom the events can touch.

pub mod access;
pub mod affected;
pub mod fields;

use fields::{Fields, same};
use rollbook_domain::kernel::change::Change;
use rollbook_domain::kernel::id::Subject;
use rollbook_domain::organization::state::Organization;
use serde::Serializer;
use serde::ser::SerializeSeq as _;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What has changed of `subject` from `before` to `after`, field by field and element by element, personal values
/// as text or `[erased]`. An entity that is on one side only has all its fields on that side.
#[must_use]
pub fn entity(before: &Organization, after: &Organization, subject: Subject) -> Vec<Change> {
    let (old, new) = (Fields::of(before, subject), Fields::of(after, subject));
    let places: BTreeSet<_> = old.places().chain(new.places()).cloned().collect();
    let changes = places.into_iter().filter_map(|(field, element)| {
        let from = old.get(&field, element.as_deref());
        let to = new.get(&field, element.as_deref());
        let change = Change { subject, field, element, from: from.clone(), to: to.clone() };
        (!same(from, to)).then(|| change.plain())
    });
    changes.collect()
}

/// A change as in the API: `{"subject","field","element"?,"from","to"}`.
#[must_use]
pub fn change_json(change: &Change) -> Value {
    let Change { subject, field, element, from, to } = change;
    let mut json = json!({ "subject": subject, "field": field, "from": from, "to": to });
    if let (Some(element), Some(members)) = (element, json.as_object_mut()) {
        members.insert("element".to_owned(), element.as_str().into());
    }
    json
}

/// Writes changes as [`change_json`] does.
pub(crate) fn changes_json<S: Serializer>(changes: &[Change], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(changes.len()))?;
    changes.iter().try_for_each(|change| list.serialize_element(&change_json(change)))?;
    list.end()
}

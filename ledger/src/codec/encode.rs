//! Drafts of entries, and events as one kind of them, to sealed rows.

use super::metadata::{self, Beside};
use super::owners::{Owner, Owners};
use crate::entry::{Entry, EntryError, LedgerId, Sealed};
use crate::store::{PersonalRow, PersonalValue, Row, Subject as StoredSubject};
use rollbook_domain::event::{Event, event_type};
use rollbook_domain::kernel::context::{Context, Fresh};
use rollbook_domain::kernel::id::Subject;
use rollbook_domain::kernel::personal::{self, COMMIT_PREFIX, Opened};
use rollbook_domain::organization::authorize::Authority;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Where entries come from, alike for all entries of one command.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The ledger they continue.
    pub ledger: &'a LedgerId,
    /// The world they were decided in.
    pub context: &'a Context,
    /// The batch they are appended in.
    pub batch: Uuid,
    /// The name of the actor's role then.
    pub actor_role: Option<&'a str>,
}

/// An entry before it has a position.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The stored name.
    pub event_type: String,
    /// The version of its shape.
    pub version: String,
    /// What happened, personal values in their marked form.
    pub payload: Value,
    /// Whose histories it belongs to, the main subject first.
    pub subjects: Vec<Subject>,
    /// What allowed it.
    pub authority: String,
}

/// Why an entry cannot be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The entry is refused.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The catalogue of events does not list it.
    #[error("event type `{0}` is not in the catalogue")]
    NotListed(&'static str),
    /// A text begins as a commitment does and is none: every reader would look for its value.
    #[error("a text begins with `{COMMIT_PREFIX}`, which the ledger reserves")]
    Reserved,
    /// A personal value has a character that not every database can keep.
    #[error("a personal value has a nul character")]
    Nul,
}

/// Seals the `nth` event of a command at `position`.
///
/// # Errors
/// [`EncodeError`], naming the place and never a value.
pub fn encode(
    origin: &Origin<'_>,
    nth: u64,
    position: u64,
    event: &Event,
    authority: &Authority,
) -> Result<Row, EncodeError> {
    let row = event_type(event.name()).ok_or(EncodeError::NotListed(event.name()))?;
    let draft = Draft {
        event_type: event.name().to_owned(),
        version: row.version.to_owned(),
        payload: event.payload(),
        subjects: event.subjects(),
        authority: authority.to_string(),
    };
    seal(origin, nth, position, draft)
}

/// Seals the `nth` draft of a command at `position`.
///
/// # Errors
/// [`EncodeError::Entry`], naming the place and never a value.
pub fn seal(origin: &Origin<'_>, nth: u64, position: u64, draft: Draft) -> Result<Row, EncodeError> {
    let context = origin.context;
    let Draft { event_type, version, mut payload, subjects, authority } = draft;
    let beside =
        Beside { batch: origin.batch, authority, actor_role: origin.actor_role, subjects: &subjects };
    let committed = metadata::committed(context, beside, &mut Fresh::for_metadata(context, nth))?;
    if is_reserved(&payload) {
        return Err(EncodeError::Reserved);
    }
    let owners = Owners::new(subjects.first().copied(), context.actor.user().map(|user| user.uuid()));
    // Metadata comes before payload in the canonical entry, so its commitments have the first ordinals.
    let of_metadata =
        committed.personal.into_iter().map(|(name, opened)| (owners.of_metadata(name), Some(opened)));
    let of_payload = personal::seal(&mut payload).into_iter().map(|opened| (owners.of_payload(), opened));
    let personal = by_person(of_metadata.chain(of_payload));
    if personal.iter().flat_map(|row| &row.values).any(|value| value.text.contains('\0')) {
        return Err(EncodeError::Nul);
    }
    let (ledger, metadata) = (origin.ledger.clone(), committed.members);
    let sealed = Sealed::seal(Entry { ledger, position, event_type, version, payload, metadata })?;
    let stored =
        |subject: &Subject| StoredSubject { kind: subject.kind.word().into(), id: subject.id.to_string() };
    let subjects = subjects.iter().map(stored).collect();
    Ok(Row { sealed, actor: context.actor.to_string(), subjects, personal })
}

/// Whether a text outside the marked personal values begins as a commitment.
fn is_reserved(json: &Value) -> bool {
    match json {
        Value::String(text) => text.starts_with(COMMIT_PREFIX),
        Value::Array(items) => items.iter().any(is_reserved),
        Value::Object(members) => !personal::is_marked(json) && members.values().any(is_reserved),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn by_person(owned: impl Iterator<Item = (Owner, Option<Opened>)>) -> Vec<PersonalRow> {
    let mut rows: BTreeMap<String, Vec<PersonalValue>> = BTreeMap::new();
    for (ordinal, (owner, opened)) in (0..).zip(owned) {
        if let Some(Opened { salt, value }) = opened {
            rows.entry(owner.key()).or_default().push(PersonalValue {
                ordinal,
                salt,
                text: value.to_string(),
            });
        }
    }
    rows.into_iter().map(|(person, values)| PersonalRow { person, values }).collect()
}

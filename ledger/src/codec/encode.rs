//! Drafts of entries, and events as one kind of them, to sealed rows.

use super::metadata::{self, Beside};
use super::owners::{Owner, Owners};
use crate::entry::{Entry, EntryError, LedgerId, Sealed};
use crate::store::{PersonalRow, PersonalValue, Row, Subject as StoredSubject};
use rollbook_domain::event::{Event, event_type};
use rollbook_domain::kernel::context::{Context, Fresh};
use rollbook_domain::kernel::id::{Kind, Subject};
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
    let actor_role = origin.actor_role.map(str::to_owned);
    let beside = Beside { batch: origin.batch, authority, actor_role, subjects: &subjects };
    let mut metadata = metadata::marked(context, &beside, &mut Fresh::for_metadata(context, nth));
    if is_reserved(&metadata) || is_reserved(&payload) {
        return Err(EncodeError::Reserved);
    }
    let person = subjects.first().filter(|subject| subject.kind == Kind::User).map(|subject| subject.id);
    let owners = Owners::new(person, context.actor.user().map(|user| user.uuid()));
    // Metadata comes before payload in the canonical entry, so its commitments have the first ordinals.
    let names = personal_members(&metadata);
    let of_metadata = personal::seal(&mut metadata);
    let of_payload = personal::seal(&mut payload);
    if of_metadata.iter().chain(&of_payload).flatten().any(|opened| opened.value.contains('\0')) {
        return Err(EncodeError::Nul);
    }
    let owned = names.iter().map(|name| owners.of_metadata(name)).zip(of_metadata);
    let owned = owned.chain(of_payload.into_iter().map(|opened| (owners.of_payload(), opened)));
    let personal = by_person(owned);
    let (ledger, metadata) = (origin.ledger.clone(), flat(&metadata));
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

fn personal_members(metadata: &Value) -> Vec<String> {
    let members = metadata.as_object().into_iter().flatten();
    let mut names: Vec<_> =
        members.filter(|(_, value)| value.is_object()).map(|(name, _)| name.clone()).collect();
    names.sort();
    names
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

fn flat(metadata: &Value) -> BTreeMap<String, String> {
    let members = metadata.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

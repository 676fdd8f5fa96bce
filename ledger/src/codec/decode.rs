//! Stored rows to what they say: personal values revealed and checked, old versions brought up to date.

use super::metadata::Metadata;
use super::owners::{Owner, Owners};
use super::upcast;
use crate::store::{PersonalValue, Stored};
use rollbook_domain::event::{DecodeError, Event};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{Subject, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::kernel::personal::{self, Opened};
use serde_json::{Map, Value};
use std::collections::HashMap;
use uuid::Uuid;

/// A row of any ledger as it is read back.
#[derive(Clone, Debug)]
pub struct Revealed {
    /// Its position in the ledger.
    pub position: u64,
    /// When.
    pub at: Moment,
    /// The batch it was appended in.
    pub batch: Uuid,
    /// The stored name.
    pub event_type: String,
    /// The version of its shape.
    pub version: String,
    /// What happened, personal values in their marked form.
    pub payload: Value,
    /// Who, from where, why, by what right.
    pub metadata: Metadata,
    /// Personal values that are gone; each must be explained by an erasure request of the organization.
    pub missing: Vec<Missing>,
}

/// A row of an organization's change ledger.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Its position in the ledger.
    pub position: u64,
    /// When.
    pub at: Moment,
    /// Who did it.
    pub by: Actor,
    /// The batch it was appended in.
    pub batch: Uuid,
    /// What happened.
    pub event: Event,
    /// Who, from where, why, by what right.
    pub metadata: Metadata,
    /// Personal values that are gone; each must be explained by an erasure request in the same ledger.
    pub missing: Vec<Missing>,
}

/// A personal value that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Whose it was.
    pub owner: Owner,
    /// The position of its entry.
    pub position: u64,
}

/// Why a stored row is nothing this release can stand for. The process stops serving the organization.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFailure {
    /// The event cannot be read.
    #[error("at position {position}: {source}")]
    Event {
        /// The position.
        position: u64,
        /// What is wrong.
        source: DecodeError,
    },
    /// A personal value does not match its commitment.
    #[error("at position {position}: personal value {ordinal} does not match its commitment")]
    Commitment {
        /// The position.
        position: u64,
        /// Which commitment of the entry, counted from 0.
        ordinal: usize,
    },
    /// A column beside the entry says something else than the entry.
    #[error("at position {position}: the column `{column}` is not what the entry says")]
    Column {
        /// The position.
        position: u64,
        /// The column.
        column: &'static str,
    },
    /// The metadata names no actor that this release knows.
    #[error("at position {position}: the metadata does not say who did it")]
    Actor {
        /// The position.
        position: u64,
    },
    /// There are more personal values than commitments, or two for one.
    #[error("at position {position}: a stored personal value belongs to no commitment")]
    Stray {
        /// The position.
        position: u64,
    },
}

/// Reads a row of an organization's change ledger.
///
/// # Errors
/// [`DecodeFailure`]. A value that is simply not there is no failure here: it is listed as missing, and the
/// caller, who knows the erasure requests, judges.
pub fn decode(stored: Stored) -> Result<Decoded, DecodeFailure> {
    let Revealed { position, at, batch, event_type, version, payload, metadata, missing } = reveal(stored)?;
    let (version, payload) = upcast::upcast(&event_type, version, payload);
    let event = Event::decode(&event_type, &version, payload)
        .map_err(|source| DecodeFailure::Event { position, source })?;
    let by = Actor::read(metadata.actor(), metadata.user().map(UserId));
    let by = by.ok_or(DecodeFailure::Actor { position })?;
    Ok(Decoded { position, at, by, batch, event, metadata, missing })
}

/// Reads a row of any ledger without asking what it means.
///
/// # Errors
/// [`DecodeFailure`] but for `Event`.
pub fn reveal(stored: Stored) -> Result<Revealed, DecodeFailure> {
    let position = stored.entry.position;
    columns(&stored)?;
    let owners = owners(&stored);
    let mut values: HashMap<usize, PersonalValue> = HashMap::new();
    for value in stored.personal.into_iter().flat_map(|row| row.values) {
        if values.insert(value.ordinal as usize, value).is_some() {
            return Err(DecodeFailure::Stray { position });
        }
    }
    let mut reader = Reader { position, values, next: 0, missing: Vec::new() };
    let mut metadata = Map::new();
    // The order of names is canonical order: they are ASCII and sorted.
    for (name, text) in stored.entry.metadata {
        let mut value = Value::String(text);
        reader.reveal(&mut value, &owners.of_metadata(&name))?;
        metadata.insert(name, value);
    }
    let mut payload = stored.entry.payload;
    reader.reveal(&mut payload, &owners.of_payload())?;
    if !reader.values.is_empty() {
        return Err(DecodeFailure::Stray { position });
    }
    Ok(Revealed {
        position,
        at: Moment(stored.at_us),
        batch: stored.batch,
        event_type: stored.entry.event_type,
        version: stored.entry.version,
        payload,
        metadata: Metadata::from_revealed(Value::Object(metadata)),
        missing: reader.missing,
    })
}

/// The columns beside the entry are not hashed: they hold what the entry's metadata holds, or are not believed.
fn columns(stored: &Stored) -> Result<(), DecodeFailure> {
    let said = |name: &str| stored.entry.metadata.get(name).map(String::as_str);
    let (at, batch) = (Moment(stored.at_us).to_string(), stored.batch.to_string());
    let columns = [("at", at.as_str()), ("batch", batch.as_str()), ("actor", stored.actor.as_str())];
    match columns.into_iter().find(|(name, column)| said(name) != Some(column)) {
        None => Ok(()),
        Some((column, _)) => Err(DecodeFailure::Column { position: stored.entry.position, column }),
    }
}

/// The first subject that the metadata names is the entity; see [`super::metadata`].
fn owners(stored: &Stored) -> Owners {
    let metadata = &stored.entry.metadata;
    let subject = metadata.get("subjects").and_then(|text| text.split(' ').next());
    let subject: Option<Subject> = subject.and_then(|text| text.parse().ok());
    Owners::new(subject, metadata.get("user").and_then(|id| id.parse().ok()))
}

struct Reader {
    position: u64,
    values: HashMap<usize, PersonalValue>,
    next: usize,
    missing: Vec<Missing>,
}

impl Reader {
    fn reveal(&mut self, json: &mut Value, owner: &Owner) -> Result<(), DecodeFailure> {
        let (position, first) = (self.position, self.next);
        let (values, missing) = (&mut self.values, &mut self.missing);
        let count = personal::reveal(json, &mut |nth, commitment| {
            let ordinal = first + nth;
            let Some(value) = values.remove(&ordinal) else {
                missing.push(Missing { owner: owner.clone(), position });
                return Ok(None);
            };
            if personal::commitment(&value.salt, &value.text) != commitment {
                return Err(DecodeFailure::Commitment { position, ordinal });
            }
            Ok(Some(Opened { salt: value.salt, value: value.text.into() }))
        })?;
        self.next += count;
        Ok(())
    }
}

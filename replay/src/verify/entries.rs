//! The rows of one page, each looked at by itself: as it lies there, as an entry, as an event.

use rollbook_domain::event::Event;
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::moment::Moment;
use rollbook_ledger::activity;
use rollbook_ledger::codec::{self, DecodeFailure, Missing};
use rollbook_ledger::entry::{LedgerId, LedgerKind, leaf_hash};
use rollbook_ledger::store::{RawRow, ReadError, Store, StoreError, Stored, Subject};
use rollbook_ledger::system::entries as system;
use std::collections::HashMap;

/// A row that hashes to its leaf, read as an event or at least as an entry.
pub(super) enum Meaning {
    /// A change of an organization.
    Change { by: Actor, at: Moment, event: Box<Event>, missing: Vec<Missing> },
    /// An entry of another kind of ledger; the organization it registers, if it does.
    Plain { registers: Option<String>, missing: Vec<Missing> },
    /// A personal value is not what was committed to.
    Broken(String),
    /// This release cannot read it.
    Unknown(String),
}

/// The hash of the row as it lies there; none if it cannot even be written down as an entry.
pub(super) fn recomputed(row: &RawRow) -> Option<[u8; 32]> {
    row.columns().canonical().ok().map(|canonical| leaf_hash(canonical.as_bytes()))
}

/// The rows `from ..= to` that can be read as entries, by position. One that cannot does not hide the others.
pub(super) async fn stored(
    store: &Store,
    ledger: &LedgerId,
    from: u64,
    to: u64,
    sound: &[u64],
) -> Result<HashMap<u64, Stored>, StoreError> {
    let limit = u32::try_from(to - from + 1).unwrap_or(u32::MAX);
    match store.read(ledger, from, to, limit).await {
        Ok(rows) => return Ok(rows.into_iter().map(|row| (row.entry.position, row)).collect()),
        Err(ReadError::Store(error)) => unless_unreadable(error)?,
        Err(ReadError::Gap { .. } | ReadError::Corrupt { .. }) => {}
    }
    let mut found = HashMap::new();
    for position in sound {
        match store.read(ledger, *position, *position, 1).await {
            Ok(rows) => found.extend(rows.into_iter().map(|row| (row.entry.position, row))),
            Err(ReadError::Store(error)) => unless_unreadable(error)?,
            Err(ReadError::Gap { .. } | ReadError::Corrupt { .. }) => {}
        }
    }
    Ok(found)
}

/// A stored value that cannot be read is a finding; a database that does not answer is not.
fn unless_unreadable(error: StoreError) -> Result<(), StoreError> {
    match error {
        StoreError::Unreadable { .. } => Ok(()),
        error => Err(error),
    }
}

/// What the entry says, whatever the columns beside it say.
pub(super) fn meaning(ledger: &LedgerId, mut stored: Stored) -> Meaning {
    let said = |name: &str| stored.entry.metadata.get(name);
    let at = said("at").and_then(|at| at.parse().ok()).map_or(stored.at_us, Moment::micros);
    let batch = said("batch").and_then(|id| id.parse().ok()).unwrap_or(stored.batch);
    let actor = said("actor").cloned().unwrap_or_default();
    (stored.at_us, stored.batch, stored.actor) = (at, batch, actor);
    match ledger.kind {
        LedgerKind::Organization => match codec::decode(stored) {
            Ok(decoded) => {
                let (by, at, missing) = (decoded.by, decoded.at, decoded.missing);
                Meaning::Change { by, at, event: Box::new(decoded.event), missing }
            }
            Err(failure) => failed(&failure),
        },
        LedgerKind::Activity | LedgerKind::System => match codec::reveal(stored) {
            Ok(entry) if !is_known(ledger.kind, &entry.event_type, &entry.version) => {
                Meaning::Unknown(format!("entry type `{}` is not known to this release", entry.event_type))
            }
            Ok(entry) => {
                let registers = (entry.event_type == system::REGISTERED)
                    .then(|| entry.payload.get("organization")?.as_str().map(str::to_owned));
                Meaning::Plain { registers: registers.flatten(), missing: entry.missing }
            }
            Err(failure) => failed(&failure),
        },
    }
}

fn failed(failure: &DecodeFailure) -> Meaning {
    match failure {
        DecodeFailure::Event { .. } | DecodeFailure::Actor { .. } => Meaning::Unknown(failure.to_string()),
        DecodeFailure::Commitment { .. } | DecodeFailure::Stray { .. } | DecodeFailure::Column { .. } => {
            Meaning::Broken(failure.to_string())
        }
    }
}

fn is_known(kind: LedgerKind, event_type: &str, version: &str) -> bool {
    const SYSTEM: [&str; 4] = [system::REGISTERED, system::RECOVERED, system::DEMONSTRATED, system::OPERATED];
    let listed = match kind {
        LedgerKind::Activity => activity::CATALOGUE.iter().any(|row| row.name == event_type),
        LedgerKind::System => SYSTEM.contains(&event_type),
        LedgerKind::Organization => true,
    };
    listed && version == "1"
}

/// Whose histories an event belongs to, as the ledger names them.
pub(super) fn subjects(event: &Event) -> Vec<Subject> {
    event.subjects().into_iter().map(crate::read::stored).collect()
}

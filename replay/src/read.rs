//! Stored rows to events as they may be shown now: what was erased since stays erased, what is gone must be explained.
//!
//! Every reader of the past stands on the newest organization it knows: the erasure requests are in it.

use rollbook_domain::kernel::id::{Subject, UserId};
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::codec::{self, Decoded, Happened, Missing, Owner};
use rollbook_ledger::store::{Checked, PersonalRow, Store, Stored, Subject as StoredSubject};
use rollbook_ledger::writer::{LoadError, is_erased, ledger_of};

/// The entity as the ledger names it.
pub(crate) fn stored(subject: Subject) -> StoredSubject {
    StoredSubject { kind: subject.kind.word().to_owned(), id: subject.id.to_string() }
}

/// The event of a row, as it may be shown to whoever knows `now`.
pub(crate) fn decoded(now: &Organization, mut row: Stored) -> Result<Decoded, LoadError> {
    redact(now, &mut row.personal);
    let decoded = codec::decode(row)?;
    explained(now, &decoded.missing)?;
    Ok(decoded)
}

/// The same of a row that is only folded.
pub(crate) fn happened(now: &Organization, mut row: Checked) -> Result<Happened, LoadError> {
    redact(now, &mut row.personal);
    let happened = codec::happened(&row)?;
    explained(now, &happened.missing)?;
    Ok(happened)
}

fn explained(now: &Organization, missing: &[Missing]) -> Result<(), LoadError> {
    match missing.iter().find(|missing| !is_erased(now, missing)) {
        Some(missing) => Err(LoadError::Lost(missing.clone())),
        None => Ok(()),
    }
}

/// The events at `positions`, in order of position.
pub(crate) async fn at_positions(
    store: &Store,
    now: &Organization,
    positions: &[u64],
) -> Result<Vec<Decoded>, LoadError> {
    let mut all = Vec::with_capacity(positions.len());
    for chunk in positions.chunks(CHUNK) {
        for row in store.read_positions(&ledger_of(now.id), chunk).await? {
            all.push(decoded(now, row)?);
        }
    }
    all.sort_by_key(|entry| entry.position);
    Ok(all)
}

/// Positions that one read names.
const CHUNK: usize = 2_000;

/// Takes away values that an erasure request covers but that are still (or, after a restore, again) stored.
fn redact(now: &Organization, personal: &mut Vec<PersonalRow>) {
    personal.retain(|stored| {
        let person = stored.person.split('/').next().unwrap_or_default();
        let user = person.parse().ok().map(UserId).and_then(|id| now.user(id));
        let Some(user) = user.filter(|user| user.erased) else { return true };
        let of_entity = Owner { person: person.to_owned(), authored: false }.key();
        !user.erased_authored && stored.person != of_entity
    });
}

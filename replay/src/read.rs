//! Stored rows to events as they may be shown now: what was erased since stays erased, what is gone must be explained.
//!
//! Every reader of the past stands on the newest organization it knows: the erasure requests are in it.

use rollbook_domain::kernel::id::{Kind, Subject, UserId};
use rollbook_domain::kernel::personal::COMMIT_PREFIX;
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::codec::{self, Decoded};
use rollbook_ledger::store::{Store, Stored, Subject as StoredSubject};
use rollbook_ledger::writer::{LoadError, is_erased, ledger_of};

/// The entity as the ledger names it.
pub(crate) fn stored(subject: Subject) -> StoredSubject {
    StoredSubject { kind: subject.kind.word().to_owned(), id: subject.id.to_string() }
}

/// The event of a row, as it may be shown to whoever knows `now`.
pub(crate) fn decoded(now: &Organization, mut row: Stored) -> Result<Decoded, LoadError> {
    redact(now, &mut row);
    let decoded = codec::decode(row)?;
    match decoded.missing.iter().find(|missing| !is_erased(now, missing)) {
        Some(missing) => Err(LoadError::Lost(missing.clone())),
        None => Ok(decoded),
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
fn redact(now: &Organization, row: &mut Stored) {
    if row.personal.is_empty() {
        return;
    }
    let entity = entity(row);
    let authored = authored_ordinals(row);
    let by = row.entry.metadata.get("user").cloned();
    row.personal.retain_mut(|person| {
        let user = person.person.parse().ok().map(UserId).and_then(|id| now.user(id));
        let Some(user) = user.filter(|user| user.erased) else { return true };
        if user.erased_authored {
            return false;
        }
        if entity != Some(user.id.subject()) {
            return true;
        }
        // What they did to themselves: address and agent are the actor's, the rest is the entity's.
        let own_act = by.as_deref() == Some(person.person.as_str());
        person.values.retain(|value| own_act && value.ordinal < authored);
        !person.values.is_empty()
    });
}

/// The first subject that the metadata names.
fn entity(row: &Stored) -> Option<Subject> {
    let first = row.entry.metadata.get("subjects").and_then(|text| text.split(' ').next());
    first.and_then(|text| text.parse().ok()).filter(|subject: &Subject| subject.kind == Kind::User)
}

/// How many commitments belong to the actor as such; they come first in canonical order.
fn authored_ordinals(row: &Stored) -> u32 {
    let committed =
        |name: &str| row.entry.metadata.get(name).is_some_and(|text| text.starts_with(COMMIT_PREFIX));
    ["agent", "ip"].into_iter().map(|name| u32::from(committed(name))).sum()
}

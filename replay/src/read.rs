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
    let erased: Vec<_> = row.personal.iter().filter_map(|one| erasure(now, &one.person)).collect();
    if erased.is_empty() {
        return;
    }
    let mut personal = std::mem::take(&mut row.personal);
    for (person, authored) in erased {
        for one in personal.iter_mut().filter(|one| one.person == person) {
            one.values.retain(|value| !covers(row, &person, authored, value.ordinal));
        }
    }
    personal.retain(|one| !one.values.is_empty());
    row.personal = personal;
}

fn erasure(now: &Organization, person: &str) -> Option<(String, bool)> {
    let user = person.parse().ok().map(UserId).and_then(|id| now.user(id))?;
    user.erased.then(|| (person.to_owned(), user.erased_authored))
}

/// Whether the erasure of `person` covers their value with this ordinal: all of it if what they authored is erased
/// too, else what they own as the entity. Of what they did to themselves, address and agent are the actor's.
pub(crate) fn covers(row: &Stored, person: &str, authored: bool, ordinal: u32) -> bool {
    let metadata = &row.entry.metadata;
    let first = metadata.get("subjects").and_then(|text| text.split(' ').next());
    let entity: Option<Subject> = first.and_then(|text| text.parse().ok());
    let is_entity = entity.is_some_and(|it| it.kind == Kind::User && it.id.to_string() == person);
    let own_act = metadata.get("user").is_some_and(|user| user == person);
    authored || (is_entity && !(own_act && ordinal < as_actor(row)))
}

/// How many commitments belong to the actor as such; they come first in canonical order.
fn as_actor(row: &Stored) -> u32 {
    let committed =
        |name: &str| row.entry.metadata.get(name).is_some_and(|text| text.starts_with(COMMIT_PREFIX));
    ["agent", "ip"].into_iter().map(|name| u32::from(committed(name))).sum()
}

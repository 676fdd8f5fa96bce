//! Loading an organization: newest usable snapshot plus tail, each personal value checked.

use super::LoadError;
use crate::codec::{self, Decoded, Missing};
use crate::entry::{Frontier, LedgerId, LedgerKind};
use crate::store::{Store, Stored};
use rollbook_domain::kernel::id::{OrganizationId, UserId};
use rollbook_domain::organization::state::Organization;

/// An organization in memory with the tree over its ledger.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) organization: Organization,
    pub(crate) frontier: Frontier,
}

/// The ledger of an organization's changes.
#[must_use]
pub fn ledger_of(id: OrganizationId) -> LedgerId {
    LedgerId::new(LedgerKind::Organization, id.to_string())
}

pub(crate) async fn load(store: &Store, id: OrganizationId) -> Result<Loaded, LoadError> {
    let empty = Loaded { organization: Organization::empty(id), frontier: Frontier::default() };
    let Some(head) = store.head(&ledger_of(id)).await? else { return Ok(empty) };
    let mut loaded = empty;
    tail(store, &mut loaded, head.position).await?;
    Ok(loaded)
}

/// Reads what comes after what is loaded, up to `to`, and folds it in.
///
/// # Errors
/// As [`load`]; `loaded` must not be used after an error.
pub(crate) async fn tail(store: &Store, loaded: &mut Loaded, to: u64) -> Result<(), LoadError> {
    let from = loaded.organization.position + 1;
    let pages = store.stream(&ledger_of(loaded.organization.id), from, to);
    let mut missing = Vec::new();
    let folded = pages.for_each(|rows| {
        for stored in rows {
            missing.extend(fold(loaded, stored)?);
        }
        Ok(())
    });
    folded.await.map_err(|error: LoadError| error)?;
    judge(&loaded.organization, missing)
}

fn fold(loaded: &mut Loaded, stored: Stored) -> Result<Vec<Missing>, LoadError> {
    let leaf = stored.leaf;
    let Decoded { at, event, missing, .. } = codec::decode(stored)?;
    loaded.organization.apply(at, &event);
    loaded.frontier.push(leaf);
    Ok(missing)
}

/// A value may be gone only if its owner's erasure was asked for in the same ledger.
fn judge(organization: &Organization, missing: Vec<Missing>) -> Result<(), LoadError> {
    missing
        .into_iter()
        .find(|one| !is_erased(organization, one))
        .map_or(Ok(()), |one| Err(LoadError::Lost(one)))
}

/// Whether the ledger explains why a personal value is not there.
#[must_use]
pub fn is_erased(organization: &Organization, missing: &Missing) -> bool {
    let user = missing.owner.person.parse().ok().map(UserId).and_then(|id| organization.user(id));
    user.is_some_and(|user| user.erased && (!missing.owner.authored || user.erased_authored))
}

//! The newest snapshot of an organization against the fold, at the position where it was kept.

use super::finding::{Findings, Kind};
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::entry::LedgerId;
use rollbook_ledger::snapshot;
use rollbook_ledger::store::{Store, StoreError};
use std::time::Duration;

/// How often, and how far apart, it is looked whether a wrong snapshot is still there: an erasure deletes it beside
/// the values.
const LOOKS: u32 = 3;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// A snapshot that waits for the fold to come to its position.
pub(super) struct Kept {
    position: u64,
    state: Option<Organization>,
    met: bool,
    wrong: Option<&'static str>,
}

/// The newest snapshot, if there is one.
pub(super) async fn newest(store: &Store, id: OrganizationId) -> Result<Option<Kept>, StoreError> {
    let kept = snapshot::kept(store, id).await?;
    Ok(kept.map(|(position, state)| Kept { position, state, met: false, wrong: None }))
}

impl Kept {
    /// Compares, if this is the position. Values erased since are gone from the rows and from no snapshot: it goes
    /// as a whole when erasure is asked for.
    pub(super) fn meet(&mut self, fold: &Organization) {
        if fold.position != self.position {
            return;
        }
        self.met = true;
        self.wrong = match &self.state {
            Some(state) if state.to_snapshot() == fold.to_snapshot() => None,
            Some(_) => Some("the newest snapshot is not what the events make"),
            None => Some("the newest snapshot cannot be used"),
        };
    }

    /// At the end of the rows: what was wrong with it, if it is still there; and a snapshot of more than there is.
    pub(super) async fn end(
        &self,
        store: &Store,
        ledger: &LedgerId,
        last: u64,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let ahead =
            (!self.met && self.position > last).then_some("the newest snapshot is ahead of the last row");
        let Some(what) = self.wrong.or(ahead) else { return Ok(()) };
        let Ok(id) = ledger.id.parse() else { return Ok(()) };
        for _ in 0..LOOKS {
            if snapshot::kept(store, id).await?.is_none_or(|(position, _)| position != self.position) {
                return Ok(());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        findings.add(ledger, Some(self.position), Kind::Snapshot, what.to_owned());
        Ok(())
    }
}

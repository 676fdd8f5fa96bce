//! The newest snapshot of an organization against the fold, at the position where it was kept.

use super::finding::{Findings, Kind};
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::entry::LedgerId;
use rollbook_ledger::snapshot;
use rollbook_ledger::store::{Store, StoreError};

/// A snapshot that waits for the fold to come to its position.
pub(super) struct Kept {
    position: u64,
    state: Option<Organization>,
    met: bool,
}

/// The newest snapshot, if there is one.
pub(super) async fn newest(store: &Store, id: OrganizationId) -> Result<Option<Kept>, StoreError> {
    let kept = snapshot::kept(store, id).await?;
    Ok(kept.map(|(position, state)| Kept { position, state, met: false }))
}

impl Kept {
    /// Compares, if this is the position. Values erased since are gone from the rows and from no snapshot: it goes
    /// as a whole when erasure is asked for.
    pub(super) fn meet(&mut self, ledger: &LedgerId, fold: &Organization, findings: &mut Findings) {
        if fold.position != self.position {
            return;
        }
        self.met = true;
        let what = match &self.state {
            Some(state) if state.to_snapshot() == fold.to_snapshot() => return,
            Some(_) => "the newest snapshot is not what the events make",
            None => "the newest snapshot cannot be used",
        };
        findings.add(ledger, Some(self.position), Kind::Snapshot, what.to_owned());
    }

    /// At the end of the rows: a snapshot of more than there is.
    pub(super) fn end(&self, ledger: &LedgerId, last: u64, findings: &mut Findings) {
        if !self.met && self.position > last {
            let what = "the newest snapshot is ahead of the last row".to_owned();
            findings.add(ledger, Some(self.position), Kind::Snapshot, what);
        }
    }
}

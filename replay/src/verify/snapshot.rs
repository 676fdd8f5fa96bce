//! The snapshots of an organization against the fold, each at the position where it was kept: the past is answered from
//! any of them.

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

/// Snapshots that wait for the fold to come to their positions.
#[derive(Default)]
pub(super) struct Snapshots {
    /// Where there were any when this began.
    positions: Vec<u64>,
    /// Those that the fold comes to next; no state where it cannot be used.
    next: Vec<(u64, Option<Organization>)>,
    wrong: Vec<(u64, &'static str)>,
}

impl Snapshots {
    pub(super) async fn of(store: &Store, id: OrganizationId) -> Result<Self, StoreError> {
        Ok(Self { positions: snapshot::positions(store, id).await?, ..Self::default() })
    }

    /// Reads those at positions `from ..= to`, which the fold comes to next.
    pub(super) async fn read(
        &mut self,
        store: &Store,
        id: OrganizationId,
        from: u64,
        to: u64,
    ) -> Result<(), StoreError> {
        self.next.clear();
        for position in self.positions.iter().filter(|position| (from..=to).contains(*position)) {
            self.next.push((*position, snapshot::kept(store, id, *position).await?));
        }
        Ok(())
    }

    /// Compares, if there is one at this position. Values erased since are gone from the rows and from no snapshot: it
    /// goes as a whole when erasure is asked for.
    pub(super) fn meet(&mut self, fold: &Organization) {
        let Some((position, state)) = self.next.iter().find(|(at, _)| *at == fold.position) else { return };
        match state {
            Some(state) if state.to_snapshot() == fold.to_snapshot() => {}
            Some(_) => self.wrong.push((*position, "a snapshot is not what the events make")),
            None => self.wrong.push((*position, "a snapshot cannot be used")),
        }
    }

    /// At the end of the rows: what was wrong with those that are still there; and snapshots of more than there is.
    pub(super) async fn end(
        self,
        store: &Store,
        ledger: &LedgerId,
        last: u64,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let Ok(id) = ledger.id.parse() else { return Ok(()) };
        let ahead = self.positions.into_iter().filter(|position| *position > last);
        let ahead = ahead.map(|position| (position, "a snapshot is ahead of the last row"));
        let mut wrong: Vec<_> = self.wrong.into_iter().chain(ahead).collect();
        for _ in 0..LOOKS {
            if wrong.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
            let there = snapshot::positions(store, id).await?;
            wrong.retain(|(position, _)| there.contains(position));
        }
        for (position, what) in wrong {
            findings.add(ledger, Some(position), Kind::Snapshot, what.to_owned());
        }
        Ok(())
    }
}

//! Folding every ledger into a new version's table, from the first entry to the heads, as often as asked.

use crate::activity_log::fold::Labels;
use crate::activity_log::redact;
use crate::activity_log::write::{Batch, write};
use crate::error::ProjectionError;
use crate::follower::batch;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_ledger::activity;
use rollbook_ledger::codec::Missing;
use rollbook_ledger::entry::LedgerKind;
use rollbook_ledger::store::Store;
use rollbook_ledger::writer::{is_erased, ledger_of};
use std::collections::BTreeMap;

pub(super) struct Loading<P> {
    store: Store,
    version: u32,
    progress: P,
    organizations: BTreeMap<OrganizationId, Loaded>,
    done: u64,
    total: u64,
}

/// How far one organization is. Its state is kept, since catching up folds on from it.
struct Loaded {
    labels: Labels,
    acts: u64,
    missing: Vec<Missing>,
}

impl<P: FnMut(u64, u64)> Loading<P> {
    pub(super) fn new(store: Store, version: u32, progress: P) -> Self {
        Self { store, version, progress, organizations: BTreeMap::new(), done: 0, total: 0 }
    }

    /// How many rows were loaded.
    pub(super) fn rows(&self) -> u64 {
        self.done
    }

    /// Loads what is new in every ledger.
    pub(super) async fn catch_up(&mut self) -> Result<(), ProjectionError> {
        // Acts first: the changes they were judged at were durable before them.
        let acts = self.store.heads(LedgerKind::Activity, None).await?;
        let acts: BTreeMap<String, u64> =
            acts.into_iter().map(|head| (head.ledger.id, head.position)).collect();
        let changes = self.store.heads(LedgerKind::Organization, None).await?;
        let heads = changes.iter().map(|head| head.position).sum::<u64>();
        self.total = self.total.max(heads + acts.values().sum::<u64>());
        for head in changes {
            // An organization's ledger is named by its id; what is not is no organization of ours.
            let Ok(id) = head.ledger.id.parse::<OrganizationId>() else { continue };
            let act_head = acts.get(&head.ledger.id).copied().unwrap_or(0);
            let empty = || Loaded { labels: Labels::empty(id), acts: 0, missing: Vec::new() };
            let mut loaded = self.organizations.remove(&id).unwrap_or_else(empty);
            self.changes(id, &mut loaded, head.position).await?;
            self.acts(id, &mut loaded, act_head).await?;
            judge(&mut loaded);
            self.organizations.insert(id, loaded);
        }
        Ok(())
    }

    async fn changes(
        &mut self,
        id: OrganizationId,
        loaded: &mut Loaded,
        head: u64,
    ) -> Result<(), ProjectionError> {
        let ledger = ledger_of(id);
        let mut pages = self.store.stream(&ledger, loaded.labels.position() + 1, head);
        while let Some(stored) = pages.next().await? {
            let from = loaded.labels.position();
            let folded = batch::changes(loaded.labels.clone(), stored).await?;
            let to = folded.labels.position();
            let batch = self.batch(id, &ledger, from, to);
            committed(write(&self.store, &batch, &folded.rows).await?)?;
            for erasure in folded.erasures {
                redact::redact(&self.store, self.version, id, &ledger, erasure).await?;
            }
            loaded.missing.extend(folded.missing);
            loaded.labels = folded.labels;
            self.tell(to - from);
        }
        Ok(())
    }

    async fn acts(
        &mut self,
        id: OrganizationId,
        loaded: &mut Loaded,
        head: u64,
    ) -> Result<(), ProjectionError> {
        let ledger = activity::ledger_of(id);
        if loaded.acts >= head {
            return Ok(());
        }
        let pruned = self.store.head(&ledger).await?.map_or(0, |head| head.pruned);
        let first = loaded.acts.max(pruned);
        let mut pages = self.store.stream(&ledger, first + 1, head);
        let mut from = first;
        while let Some(stored) = pages.next().await? {
            let to = from + stored.len() as u64;
            let folded = batch::acts(loaded.labels.clone(), stored).await?;
            let folded = folded.ok_or(ProjectionError::Unreadable)?;
            let batch = self.batch(id, &ledger, loaded.acts, to);
            committed(write(&self.store, &batch, &folded.rows).await?)?;
            loaded.missing.extend(folded.missing);
            self.tell(to - from);
            (loaded.acts, from) = (to, to);
        }
        Ok(())
    }

    fn batch<'a>(
        &self,
        organization: OrganizationId,
        ledger: &'a rollbook_ledger::entry::LedgerId,
        from: u64,
        to: u64,
    ) -> Batch<'a> {
        let version = self.version;
        Batch { organization, version, is_live: false, ledger, from, to, folded: None, pruned: 0 }
    }

    fn tell(&mut self, more: u64) {
        self.done += more;
        self.total = self.total.max(self.done);
        (self.progress)(self.done, self.total);
    }
}

/// Only another rebuild writes this version's checkpoints.
fn committed(is_ours: bool) -> Result<(), ProjectionError> {
    if is_ours { Ok(()) } else { Err(ProjectionError::TakenOver) }
}

/// What is gone must be explained by an erasure, which may come later in the ledger than what it explains; and the
/// request is durable before anything is deleted, so it is among what was read by the next round at the latest.
fn judge(loaded: &mut Loaded) {
    let organization = loaded.labels.organization();
    loaded.missing.retain(|one| !is_erased(organization, one));
}

impl<P> Loading<P> {
    /// Whether everything that is gone was explained.
    ///
    /// # Errors
    /// [`ProjectionError::Lost`] with the first that was not.
    pub(super) fn explained(&self) -> Result<(), ProjectionError> {
        let lost = self.organizations.values().find_map(|loaded| loaded.missing.first());
        lost.map_or(Ok(()), |one| Err(ProjectionError::Lost(one.clone())))
    }
}

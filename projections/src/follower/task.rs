//! The follower's loop: look where the ledgers stand, fold what is new, write it with its checkpoint.

use super::batch::{self, Folded};
use super::{Options, Status};
use crate::activity_log::fold::Labels;
use crate::activity_log::write::{Batch, write};
use crate::activity_log::{NAME, redact, tables};
use crate::error::ProjectionError;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_ledger::activity;
use rollbook_ledger::codec::Missing;
use rollbook_ledger::entry::LedgerId;
use rollbook_ledger::store::{ReadError, Store};
use rollbook_ledger::writer::{Writer, is_erased, ledger_of};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// What came in one write is often followed by more: together they cost one transaction.
const GATHER: Duration = Duration::from_millis(5);
/// The longest wait between tries while the database is away.
const BACK_OFF_MAX: Duration = Duration::from_secs(5);

pub(super) struct Task {
    store: Store,
    writer: Writer,
    options: Options,
    publish: watch::Sender<Status>,
    wake: Arc<Notify>,
    id: OrganizationId,
    changes: LedgerId,
    acts: LedgerId,
    /// What is known of the table; nothing before the first look, or after somebody else moved the checkpoint.
    known: Option<Known>,
    /// Labels as of the checkpoint, or behind it.
    labels: Labels,
}

#[derive(Clone, Copy)]
struct Known {
    version: u32,
    /// The checkpoint of the activity ledger.
    acts: u64,
    /// Up to where rows of pruned acts are known to be gone.
    pruned: u64,
}

impl Task {
    pub(super) fn new(
        store: Store,
        writer: Writer,
        options: Options,
        publish: watch::Sender<Status>,
        wake: Arc<Notify>,
    ) -> Self {
        let id = writer.id();
        let (changes, acts, labels) = (ledger_of(id), activity::ledger_of(id), Labels::empty(id));
        Self { store, writer, options, publish, wake, id, changes, acts, known: None, labels }
    }

    pub(super) async fn run(mut self) {
        let mut published = self.writer.watch();
        let mut failures = 0;
        loop {
            match self.tick().await {
                Ok(()) => failures = 0,
                Err(error) if error.is_transient() => {
                    failures += 1;
                    self.known = None;
                    tracing::warn!(organization = %self.id, %error, failures, "the activity log waits");
                }
                Err(error) => return self.stop(&error),
            }
            let pause = self.options.poll.saturating_mul(1 << failures.min(6)).min(BACK_OFF_MAX);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.wake.notified() => {}
                Ok(()) = published.changed(), if failures == 0 => tokio::time::sleep(GATHER).await,
            }
            // Whatever was announced until now is looked at now.
            drop(published.borrow_and_update());
        }
    }

    fn stop(&self, error: &ProjectionError) {
        tracing::error!(organization = %self.id, %error, "the activity log stops: an entry cannot be applied");
        metrics::counter!("rollbook_projection_stopped", "projection" => NAME).increment(1);
        self.publish.send_modify(|status| status.stopped = Some(error.to_string()));
    }

    async fn tick(&mut self) -> Result<(), ProjectionError> {
        // Acts first: the changes they were judged at were durable before them.
        let act_head = self.store.head(&self.acts).await?;
        let (act_head, pruned) = act_head.map_or((0, 0), |head| (head.position, head.pruned));
        let head = self.head().await?;
        let known = match self.known {
            Some(known) => known,
            None => self.look().await?,
        };
        if self.follow_changes(known, head).await? {
            self.follow_acts(known, act_head, pruned).await?;
        }
        self.labels.share(&self.writer.published().organization);
        self.publish(head, act_head);
        Ok(())
    }

    /// The last change; asks the writer, which thereby confirms what it publishes.
    async fn head(&self) -> Result<u64, ProjectionError> {
        let published = self.writer.published();
        if published.confirmed.elapsed() < self.options.poll / 2 {
            return Ok(published.organization.position);
        }
        Ok(self.writer.catch_up().await?)
    }

    fn publish(&self, head: u64, act_head: u64) {
        let Some(known) = self.known else { return };
        let position = self.labels.position();
        self.publish.send_modify(|status| {
            status.version = known.version;
            (status.position, status.head) = (position, head.max(position));
            (status.activity_position, status.activity_head) = (known.acts, act_head.max(known.acts));
        });
    }

    /// Reads where the table stands and brings the labels there.
    async fn look(&mut self) -> Result<Known, ProjectionError> {
        let version = tables::open(&self.store).await?.version;
        let checkpoint = self.store.checkpoint(NAME, version, &self.changes).await?;
        let acts = self.store.checkpoint(NAME, version, &self.acts).await?;
        if self.labels.position() > checkpoint {
            self.labels = Labels::empty(self.id);
        }
        let published = self.writer.published();
        if self.labels.position() == 0 && published.organization.position == checkpoint {
            self.labels = Labels::starting(published.organization.clone());
        }
        self.advance(checkpoint).await?;
        for erasure in self.labels.erased() {
            redact::redact(&self.store, version, self.id, &self.changes, erasure).await?;
        }
        let known = Known { version, acts, pruned: 0 };
        self.known = Some(known);
        Ok(known)
    }

    async fn advance(&mut self, to: u64) -> Result<(), ProjectionError> {
        self.labels = batch::advance(&self.store, &self.changes, self.labels.clone(), to).await?;
        Ok(())
    }

    /// Answers `false` if another follower was first: then everything is looked at anew.
    async fn follow_changes(&mut self, known: Known, head: u64) -> Result<bool, ProjectionError> {
        while self.labels.position() < head {
            let from = self.labels.position();
            let rows = self.options.batch_rows.clamp(1, 5_000);
            let stored = self.store.read(&self.changes, from + 1, head, rows).await?;
            if stored.is_empty() {
                return Err(ReadError::Gap { ledger: self.changes.clone(), position: from + 1 }.into());
            }
            let folded = batch::changes(self.labels.clone(), stored).await?;
            self.judge(&folded.missing).await?;
            let batch = self.batch(known, &self.changes, from, folded.labels.position());
            // Before, so that nothing is left when the checkpoint says so; after, for what others wrote meanwhile.
            self.redact(known, &folded).await?;
            if !write(&self.store, &batch, &folded.rows).await? {
                self.known = None;
                return Ok(false);
            }
            self.redact(known, &folded).await?;
            self.labels = folded.labels;
            self.publish(head, known.acts);
        }
        Ok(true)
    }

    async fn redact(&self, known: Known, folded: &Folded) -> Result<(), ProjectionError> {
        for erasure in &folded.erasures {
            redact::redact(&self.store, known.version, self.id, &self.changes, *erasure).await?;
        }
        Ok(())
    }

    async fn follow_acts(&mut self, known: Known, head: u64, pruned: u64) -> Result<(), ProjectionError> {
        let mut known = known;
        while known.acts < head.max(pruned) || known.pruned < pruned {
            let from = known.acts.max(pruned);
            let rows = self.options.batch_rows.clamp(1, 5_000);
            let stored = match self.store.read(&self.acts, from + 1, head.max(from), rows).await {
                // They were pruned since the head was looked at: the next look knows.
                Err(ReadError::Gap { .. }) if self.is_pruned_beyond(from).await? => return Ok(()),
                stored => stored?,
            };
            let to = from + stored.len() as u64;
            let Some(folded) = batch::acts(self.labels.clone(), stored.clone()).await? else {
                // They were judged at a position from before this process folded labels itself.
                let empty = Labels::empty(self.id);
                let to = self.labels.position();
                self.labels = batch::advance(&self.store, &self.changes, empty, to).await?;
                continue;
            };
            self.judge(&folded.missing).await?;
            let mut batch = self.batch(known, &self.acts, known.acts, to);
            batch.folded = Some((&self.changes, self.labels.position()));
            batch.pruned = if known.pruned < pruned { pruned } else { 0 };
            if !write(&self.store, &batch, &folded.rows).await? {
                self.known = None;
                return Ok(());
            }
            (known.acts, known.pruned) = (to, pruned);
            self.known = Some(known);
        }
        Ok(())
    }

    async fn is_pruned_beyond(&self, position: u64) -> Result<bool, ProjectionError> {
        Ok(self.store.head(&self.acts).await?.is_some_and(|head| head.pruned > position))
    }

    fn batch<'a>(&self, known: Known, ledger: &'a LedgerId, from: u64, to: u64) -> Batch<'a> {
        Batch {
            organization: self.id,
            version: known.version,
            is_live: true,
            ledger,
            from,
            to,
            folded: None,
            pruned: 0,
        }
    }

    /// A value may be gone only if its owner's erasure was asked for, be it later than the entry.
    async fn judge(&self, missing: &[Missing]) -> Result<(), ProjectionError> {
        let lost = |organization: &_| missing.iter().find(|one| !is_erased(organization, one)).cloned();
        if lost(&self.writer.published().organization).is_none() {
            return Ok(());
        }
        self.writer.catch_up().await?;
        lost(&self.writer.published().organization).map_or(Ok(()), |one| Err(ProjectionError::Lost(one)))
    }
}

//! A batch on its way to the disk, and those who wait for it.

use super::batch::Plan;
use super::commit::{self, Outcome};
use super::{Answer, Change, Decided, WriteError, Written};
use crate::store::{Batch, Held, Store};
use futures::future::{BoxFuture, FutureExt, MaybeDone, maybe_done};
use rollbook_domain::event::Event;
use rollbook_domain::organization::state::Organization;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

type Committed = Result<Outcome, WriteError>;

/// A batch whose append was begun.
pub(super) struct Flight {
    /// Who waits, in the order of the outcomes.
    pub(super) changes: Vec<Change>,
    outcomes: Vec<Result<Decided, WriteError>>,
    /// What is appended.
    pub(super) batch: Arc<Batch>,
    /// The organization once it has landed.
    pub(super) after: Organization,
    /// Before it was sent: once it has landed, nothing newer was there at that time.
    pub(super) since: Instant,
    commit: MaybeDone<BoxFuture<'static, Committed>>,
}

impl Flight {
    /// Begins to append what `plan` says for `changes`, to a head that is held if there is one.
    pub(super) async fn begin(store: &Store, plan: Plan, changes: Vec<Change>, held: Option<Held>) -> Self {
        let Plan { outcomes, batch, after } = plan;
        let (store, batch, since) = (store.clone(), Arc::new(batch), Instant::now());
        let sent = Arc::clone(&batch);
        let mut commit = maybe_done(async move { commit::commit(&store, &sent, held).await }.boxed());
        // Polled once it is on the wire: the disk works while the writer does something else.
        let _pending = futures::poll!(&mut commit);
        Self { changes, outcomes, batch, after, since, commit }
    }

    /// Waits until it is known what became of it. May be dropped and called again.
    pub(super) async fn landed(&mut self) -> Committed {
        (&mut self.commit).await;
        let gone = || Err(WriteError::Stopped("the outcome of an append was asked for twice".to_owned()));
        Pin::new(&mut self.commit).take_output().unwrap_or_else(gone)
    }

    /// What happens when it lands.
    pub(super) fn events(&self) -> impl Iterator<Item = &Event> {
        self.outcomes.iter().flatten().flat_map(|decided| &decided.events)
    }

    /// Tells everybody what was decided.
    pub(super) fn answer(self) {
        answer(self.outcomes, self.changes, self.batch.batch);
    }
}

/// Tells `changes` what was decided in the batch with this id.
pub(super) fn answer(outcomes: Vec<Result<Decided, WriteError>>, changes: Vec<Change>, batch: Uuid) {
    for (outcome, change) in outcomes.into_iter().zip(changes) {
        let written = |Decided { events, first, after }| Written {
            batch,
            first_position: first,
            position: after.position,
            events,
            organization: after,
        };
        let _gone = change.reply.send(outcome.map(|decided| Answer::Written(Box::new(written(decided)))));
    }
}

//! Deciding what waits, one command after another on a speculative state, and sealing what came of it.

use super::secrets::{owned, replaced};
use super::{Decide, Decided, Submission, WriteError};
use crate::codec::{self, Origin};
use crate::entry::Frontier;
use crate::store::{Batch, Command as Remembered, CredentialChange, ROWS_MAX, Row};
use crate::writer::load::ledger_of;
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::decide::Accepted;
use rollbook_domain::organization::state::Organization;
use std::panic::{AssertUnwindSafe, catch_unwind};
use uuid::Uuid;

/// A batch with this many rows takes no further command, so that nobody waits long for a large neighbour.
const ROWS_SOFT_MAX: usize = 2_000;

/// What came of a batch's commands, in their order, and what is to be appended.
pub(super) struct Plan {
    pub(super) outcomes: Vec<Result<Decided, WriteError>>,
    pub(super) batch: Batch,
    pub(super) after: Organization,
}

impl Plan {
    /// Whether there is nothing to append.
    pub(super) fn is_empty(&self) -> bool {
        self.batch.rows.is_empty() && self.batch.commands.is_empty() && self.batch.credentials.is_empty()
    }
}

/// A batch that takes commands as they come, each decided on the state after those before it.
pub(super) struct Building {
    state: Organization,
    frontier: Frontier,
    expected: u64,
    at: Moment,
    outcomes: Vec<Result<Decided, WriteError>>,
    rows: Vec<Row>,
    commands: Vec<Remembered>,
    credentials: Vec<CredentialChange>,
    id: Uuid,
    decide: Decide,
}

impl Building {
    /// A batch with this id and time that continues `state`, over which `frontier` is the tree.
    pub(super) fn on(
        state: &Organization,
        frontier: &Frontier,
        at: Moment,
        id: Uuid,
        decide: Decide,
    ) -> Self {
        Self {
            state: state.clone(),
            frontier: frontier.clone(),
            expected: state.position,
            at,
            outcomes: Vec::new(),
            rows: Vec::new(),
            commands: Vec::new(),
            credentials: Vec::new(),
            id,
            decide,
        }
    }

    /// Decides a command into this batch. False if it belongs into the next one; the first never does.
    pub(super) fn takes(&mut self, submission: &mut Submission) -> bool {
        submission.context.at = self.at;
        if self.is_for_the_next_batch(submission) {
            return false;
        }
        let outcome = self.one(submission);
        outcome.map(|outcome| self.outcomes.push(outcome)).is_some()
    }

    /// What it has come to.
    pub(super) fn plan(self) -> Plan {
        let Self { state, frontier, expected, at, outcomes, rows, commands, credentials, id, .. } = self;
        let (ledger, at_us) = (ledger_of(state.id), at.micros());
        let batch =
            Batch { ledger, expected, batch: id, rows, frontier, at_us, commands, credentials, prune: None };
        Plan { outcomes, batch, after: state }
    }

    /// A full batch takes nothing more; and a key that this batch remembers already is answered from the store
    /// once it is there.
    fn is_for_the_next_batch(&self, submission: &Submission) -> bool {
        let same = |one: &Remembered| {
            submission.idempotency.as_ref().is_some_and(|key| key.actor == one.actor && key.key == one.key)
        };
        self.rows.len() >= ROWS_SOFT_MAX || self.commands.iter().any(same)
    }

    /// One command: all of it goes into the batch, or nothing. No answer if it does not fit beside the others.
    fn one(&mut self, submission: &Submission) -> Option<Result<Decided, WriteError>> {
        if submission.only_at.is_some_and(|position| position != self.state.position) {
            return Some(Err(WriteError::Moved));
        }
        let accepted = match self.decided(submission) {
            Ok(accepted) => accepted,
            Err(error) => return Some(Err(error)),
        };
        if !self.rows.is_empty() && self.rows.len() + accepted.events.len() > ROWS_MAX {
            return None;
        }
        let rows = match self.seal(submission, &accepted) {
            Ok(rows) => rows,
            Err(error) => return Some(Err(error)),
        };
        let first = if rows.is_empty() { 0 } else { self.state.position + 1 };
        rows.iter().for_each(|row| self.frontier.push(*row.sealed.leaf()));
        self.rows.extend(rows);
        self.remember(submission, first, accepted.after.position);
        let asked = submission.credentials.iter();
        self.credentials.extend(asked.map(|change| owned(change.clone(), &accepted.events)));
        self.credentials.extend(replaced(&self.state, &accepted, &submission.credentials));
        self.state = accepted.after.clone();
        Some(Ok(Decided { events: accepted.events, first, after: accepted.after }))
    }

    fn decided(&self, submission: &Submission) -> Result<Accepted, WriteError> {
        let (context, command) = (&submission.context, &submission.command);
        let started = std::time::Instant::now();
        let decided = catch_unwind(AssertUnwindSafe(|| (self.decide)(&self.state, context, command)));
        metrics::histogram!("rollbook_decide_seconds").record(started.elapsed().as_secs_f64());
        Ok(decided.map_err(|_| panicked(context.command))??)
    }

    fn seal(&self, submission: &Submission, accepted: &Accepted) -> Result<Vec<Row>, WriteError> {
        let context = &submission.context;
        let role =
            context.actor.user().and_then(|id| self.state.user(id)).and_then(|user| self.state.role_of(user));
        let origin = Origin {
            ledger: &ledger_of(self.state.id),
            context,
            batch: self.id,
            actor_role: role.map(|role| role.name.as_str()),
        };
        let positions = self.state.position + 1..;
        let events = accepted.events.iter().zip(&accepted.authority);
        let rows = (0..).zip(positions).zip(events).map(|((nth, position), (event, authority))| {
            codec::encode(&origin, nth, position, event, authority)
                .map_err(|error| WriteError::NotStorable(error.to_string()))
        });
        rows.collect()
    }

    fn remember(&mut self, submission: &Submission, first: u64, last: u64) {
        let Some(idempotency) = &submission.idempotency else { return };
        self.commands.push(Remembered {
            actor: idempotency.actor.clone(),
            key: idempotency.key.clone(),
            digest: idempotency.digest,
            status: idempotency.status,
            headers: idempotency.headers.clone(),
            first_position: first,
            last_position: last,
            created_at_us: submission.context.at.micros(),
        });
    }
}

fn panicked(command: Uuid) -> WriteError {
    let incident = command;
    tracing::error!(%incident, "the rules panicked on a command; it was refused and nothing was written");
    metrics::counter!("rollbook_panics_total").increment(1);
    WriteError::Panicked { incident }
}

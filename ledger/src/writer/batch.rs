//! Deciding what waits, one command after another on a speculative state, and sealing what came of it.

use super::{Decided, Submission, WriteError};
use crate::codec::{self, Origin};
use crate::entry::Frontier;
use crate::store::{Batch, Command as Remembered, Row};
use crate::writer::load::{Loaded, ledger_of};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::decide::decide;
use rollbook_domain::organization::state::Organization;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use uuid::Uuid;

/// What came of the commands of one batch, in their order, and what is to be appended.
pub(super) struct Plan {
    pub(super) outcomes: Vec<Result<Decided, WriteError>>,
    pub(super) batch: Batch,
    pub(super) after: Organization,
}

/// Decides `submissions` from `loaded` at `at`. Stops early, leaving the rest undecided, when the batch is full.
pub(super) fn plan(loaded: &Loaded, submissions: &mut [Submission], at: Moment, id: Uuid) -> Plan {
    let mut building = Building {
        state: loaded.organization.clone(),
        frontier: loaded.frontier.clone(),
        rows: Vec::new(),
        commands: Vec::new(),
        credentials: Vec::new(),
        id,
    };
    let mut outcomes = Vec::with_capacity(submissions.len());
    for submission in submissions.iter_mut() {
        if !building.rows.is_empty() && building.rows.len() >= ROWS_SOFT_MAX {
            break;
        }
        submission.context.at = at;
        outcomes.push(building.one(submission));
    }
    let Building { state, frontier, rows, commands, credentials, .. } = building;
    let batch = Batch {
        ledger: ledger_of(loaded.organization.id),
        expected: loaded.organization.position,
        batch: id,
        rows,
        frontier,
        at_us: at.micros(),
        commands,
        credentials,
    };
    Plan { outcomes, batch, after: state }
}

/// A batch with this many rows takes no further command, so that nobody waits long for a large neighbour.
const ROWS_SOFT_MAX: usize = 2_000;

struct Building {
    state: Organization,
    frontier: Frontier,
    rows: Vec<Row>,
    commands: Vec<Remembered>,
    credentials: Vec<crate::store::CredentialChange>,
    id: Uuid,
}

impl Building {
    /// One command: all of it goes into the batch, or nothing.
    fn one(&mut self, submission: &Submission) -> Result<Decided, WriteError> {
        let (context, command) = (&submission.context, &submission.command);
        if submission.only_at.is_some_and(|position| position != self.state.position) {
            return Err(WriteError::Moved);
        }
        let started = std::time::Instant::now();
        let decided = catch_unwind(AssertUnwindSafe(|| decide(&self.state, context, command)));
        metrics::histogram!("rollbook_decide_seconds").record(started.elapsed().as_secs_f64());
        let accepted = decided.map_err(|_| panicked(context.command))??;
        let rows = self.seal(submission, &accepted)?;
        if self.rows.len() + rows.len() > crate::store::ROWS_MAX {
            // Alone it fits (decide counts its events); the caller decides it again in the next batch.
            return Err(WriteError::Busy);
        }
        let first = if rows.is_empty() { 0 } else { self.state.position + 1 };
        rows.iter().for_each(|row| self.frontier.push(*row.sealed.leaf()));
        self.rows.extend(rows);
        self.remember(submission, first, accepted.after.position);
        self.credentials.extend(submission.credentials.iter().cloned());
        self.state = accepted.after.clone();
        Ok(Decided { events: accepted.events, first, after: accepted.after })
    }

    fn seal(
        &self,
        submission: &Submission,
        accepted: &rollbook_domain::organization::decide::Accepted,
    ) -> Result<Vec<Row>, WriteError> {
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
            headers: BTreeMap::new(),
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

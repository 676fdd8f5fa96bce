//! A job from its first row to its last: chunk by chunk, its progress kept after each.

use super::chunk::{self, Chunk};
use super::state::{Kept, State};
use super::{Importer, step};
use crate::auth::password::Passwords;
use crate::error::Problem;
use rollbook_domain::kernel::context::Context;
use rollbook_domain::kernel::id::RoleId;
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::kernel::product::Product;
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Open;
use rollbook_ledger::store::{Store, StoreError};
use rollbook_replay::import::{Found, Report, Stopped};
use std::pin::pin;
use std::time::Duration;
use uuid::Uuid;

/// How often a job says that it is at it still, should a chunk take long.
const BEAT_EVERY: Duration = Duration::from_secs(4);

/// An import to be carried out.
pub(crate) struct Job {
    /// Its id.
    pub(crate) id: Uuid,
    /// The product that the file comes from.
    pub(crate) product: Product,
    /// Where rows of progress and sessions lie.
    pub(crate) store: Store,
    /// The organization.
    pub(crate) open: Open,
    /// The time.
    pub(crate) clock: Clock,
    /// For first passwords.
    pub(crate) passwords: Passwords,
    /// Who asks, in which request and why; each row gets randomness and a command's id of its own.
    pub(crate) context: Context,
    /// Whose eyes look for what the rows name.
    pub(crate) importer: Importer,
    /// The role of new users whose rows name none.
    pub(crate) role: Option<RoleId>,
    /// Whether nothing is written.
    pub(crate) dry_run: bool,
    /// When it was asked for.
    pub(crate) created: Moment,
}

/// A job that came to an end.
pub(crate) struct Ended {
    /// How.
    pub(crate) state: State,
    /// What came of it.
    pub(crate) report: Report,
}

impl Job {
    /// Writes down where it stands.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub(crate) async fn keep(&self, state: State, report: &Report) -> Result<(), StoreError> {
        let (id, actor, product) = (self.id, self.context.actor.to_string(), self.product.word());
        let kept = Kept { id, actor, product, dry_run: self.dry_run, created: self.created, report };
        let row = kept.row(state, self.clock.now());
        self.store.put_import(&self.open.writer.id().to_string(), &row).await
    }

    /// Waits for `work`, and says meanwhile that the job is there still.
    pub(crate) async fn beating<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            if let Ok(done) = tokio::time::timeout(BEAT_EVERY, &mut work).await {
                return done;
            }
            let (organization, id) = (self.open.writer.id().to_string(), self.id.to_string());
            let now = self.clock.now().micros();
            if let Err(error) = self.store.beat_import(&organization, &id, now).await {
                tracing::warn!(%error, import = %id, "an import could not say that it is at it still");
            }
        }
    }
}

/// Carries a job out. `told` is called with the report after each chunk, and says whether to go on.
pub(crate) async fn run(job: &Job, found: Found, mut told: impl FnMut(&Report) -> bool) -> Ended {
    let Found { rows, notes } = found;
    let mut report = Report::of(rows.len(), notes);
    let mut tried = job.open.writer.published().organization.clone();
    let mut state = State::Done;
    for rows in chunk::chunks(rows) {
        if let Err(error) = job.keep(State::Running, &report).await {
            state = stop(&mut report, &error.into());
            break;
        }
        if !told(&report) {
            state = State::Interrupted;
            break;
        }
        let chunk = Chunk { job, rows };
        if let Err(problem) = job.beating(one(chunk, &mut tried, &mut report)).await {
            state = stop(&mut report, &problem);
            break;
        }
    }
    told(&report);
    let counts = [("created", report.created), ("changed", report.changed), ("failed", report.failed)];
    for (outcome, rows) in counts.into_iter().filter(|_| !job.dry_run) {
        metrics::counter!("rollbook_import_rows_total", "outcome" => outcome).increment(rows);
    }
    if let Err(error) = job.keep(state, &report).await {
        tracing::error!(%error, import = %job.id, "an import has ended, and this could not be written down");
    }
    tracing::info!(import = %job.id, state = state.word(), rows = report.done, failed = report.failed, "an import ended");
    Ended { state, report }
}

async fn one(chunk: Chunk<'_>, tried: &mut Organization, report: &mut Report) -> Result<(), Problem> {
    if chunk.job.dry_run {
        step::tried(chunk, tried, report).await
    } else {
        step::written(chunk, report).await
    }
}

fn stop(report: &mut Report, problem: &Problem) -> State {
    report.stopped = Some(Stopped { code: problem.code.clone(), detail: problem.detail.clone() });
    State::Failed
}

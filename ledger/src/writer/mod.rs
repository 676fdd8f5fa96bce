//! One writer task per organization and process: commands in, durable entries out.
//!
//! A writer decides queued commands one after another on a speculative state and appends their events in one
//! transaction; accepted and rejected answers both wait for the batch they were decided in. Other processes
//! may write the same organization: whoever loses catches up and decides again. Rules are the domain's, rows
//! the codec's, SQL the store's.

mod batch;
mod catch_up;
mod commit;
mod load;
mod task;

pub use load::{is_erased, ledger_of};

use crate::clock::Clock;
use crate::codec::{DecodeFailure, Missing};
use crate::store::{AppendError, Command as Remembered, CredentialChange, ReadError, Store};
use rollbook_domain::event::Event;
use rollbook_domain::kernel::context::Context;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::rejection::Rejection;
use rollbook_domain::organization::state::Organization;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

/// Commands that may wait; more are refused with [`WriteError::Busy`].
pub const MAILBOX_MAX: usize = 1_024;
/// Most commands decided in one batch.
pub const BATCH_COMMANDS_MAX: usize = 256;
/// Most the process's clock may differ from the database server's, or lie behind the last entry.
pub const CLOCK_SKEW_MAX: Duration = Duration::from_secs(2);

/// A state that is durable.
#[derive(Clone, Debug)]
pub struct Published {
    /// The organization at its position.
    pub organization: Organization,
    /// When this process last knew that there was nothing newer.
    pub confirmed: Instant,
}

/// A command with its context; the writer sets the context's time.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The world; `at` is overwritten.
    pub context: Context,
    /// What is asked.
    pub command: Command,
    /// What to remember so that a retry is answered and not carried out again.
    pub idempotency: Option<Idempotency>,
    /// Secrets to store or delete in the same transaction.
    pub credentials: Vec<CredentialChange>,
    /// The only position of the organization at which it may be decided, for what was planned beforehand.
    pub only_at: Option<u64>,
}

/// What a retry is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Whose key it is: an id.
    pub actor: String,
    /// The key that the caller chose.
    pub key: String,
    /// SHA-256 of what was asked.
    pub digest: [u8; 32],
    /// The status of the answer, should it be accepted.
    pub status: u16,
}

/// An accepted command.
#[derive(Clone, Debug)]
pub struct Written {
    /// The batch it was appended in.
    pub batch: Uuid,
    /// Position of its first event; 0 if it had nothing to change.
    pub first_position: u64,
    /// Position of its last event; without events the position it was decided at.
    pub position: u64,
    /// Its events.
    pub events: Vec<Event>,
    /// The organization after it.
    pub organization: Organization,
}

/// What became of a command.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It is durable.
    Written(Box<Written>),
    /// The same key and digest was carried out before: its answer, and the organization now.
    Replayed(Box<(Remembered, Organization)>),
}

/// Why a command was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WriteError {
    /// The rules refuse it.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The idempotency key was used for something else.
    #[error("this idempotency key was used for another request; choose a new one")]
    KeyReused,
    /// Too many commands wait.
    #[error("too many changes are waiting; try again in a moment")]
    Busy,
    /// The organization is not at the position any more for which it was planned; plan again.
    #[error("the organization has changed since this was planned")]
    Moved,
    /// The database is not reachable; nothing was written.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// This process's clock cannot be trusted; nothing was written.
    #[error("this process's clock is off by {millis} ms, more than the 2,000 allowed; nothing is written")]
    ClockSkew {
        /// By how much, in milliseconds.
        millis: i64,
    },
    /// The writer stopped serving the organization.
    #[error("this organization is not served: {0}")]
    Stopped(String),
    /// The rules panicked on this command; the incident id is in the log.
    #[error("an error inside Rollbook; incident {incident}")]
    Panicked {
        /// To find it in the log.
        incident: Uuid,
    },
    /// The entry cannot be stored, for example because it is too long.
    #[error("the change cannot be stored: {0}")]
    NotStorable(String),
}

/// Why an organization cannot be loaded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LoadError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A row is no event this release can stand for.
    #[error(transparent)]
    Decode(#[from] DecodeFailure),
    /// A personal value is gone and nobody asked that it be erased.
    #[error("at position {}: a personal value is gone that nobody asked to erase", .0.position)]
    Lost(Missing),
    /// There is no such organization.
    #[error("there is no such organization")]
    Absent,
}

pub(crate) enum Job {
    Change(Box<(Submission, oneshot::Sender<Result<Answer, WriteError>>)>),
    CatchUp(oneshot::Sender<Result<u64, WriteError>>),
}

/// A handle to an organization's writer. Clones are cheap; the task ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    published: watch::Receiver<Arc<Published>>,
    store: Store,
    id: OrganizationId,
}

impl Writer {
    /// Loads the organization and starts its writer. A ledger without entries is an organization to be founded.
    ///
    /// # Errors
    /// [`LoadError`] if the ledger cannot be read to its end.
    pub async fn start(store: Store, clock: Clock, id: OrganizationId) -> Result<Self, LoadError> {
        let loaded = load::load(&store, id).await?;
        let (jobs, mailbox) = mpsc::channel(MAILBOX_MAX);
        let first =
            Arc::new(Published { organization: loaded.organization.clone(), confirmed: Instant::now() });
        let (publish, published) = watch::channel(first);
        tokio::spawn(task::Task::new(store.clone(), clock, loaded, publish).run(mailbox));
        Ok(Self { jobs, published, store, id })
    }

    /// Whose writer it is.
    #[must_use]
    pub fn id(&self) -> OrganizationId {
        self.id
    }

    /// Whether the task has ended: going on could have been wrong. The log says why.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.jobs.is_closed()
    }

    /// The newest durable state that this process knows.
    #[must_use]
    pub fn published(&self) -> Arc<Published> {
        self.published.borrow().clone()
    }

    /// Told of every newer durable state.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<Published>> {
        self.published.clone()
    }

    /// Carries a command out, or says why not. The answer comes when it is durable.
    ///
    /// # Errors
    /// [`WriteError`]; nothing was written, but for `Unavailable` after a lost connection, where a retry with
    /// the same idempotency key is safe.
    pub async fn submit(&self, submission: Submission) -> Result<Answer, WriteError> {
        if let Some(idempotency) = &submission.idempotency
            && let Some(remembered) = commit::remembered(&self.store, self.id, idempotency).await?
        {
            let organization = self.published().organization.clone();
            return Ok(Answer::Replayed(Box::new((remembered, organization))));
        }
        let (answer, answered) = oneshot::channel();
        self.send(Job::Change(Box::new((submission, answer))))?;
        answered.await.map_err(|_| stopped())?
    }

    /// Reads what other processes appended. Returns the position that is known then.
    ///
    /// # Errors
    /// [`WriteError::Stopped`] or [`WriteError::Unavailable`].
    pub async fn catch_up(&self) -> Result<u64, WriteError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::CatchUp(answer))?;
        answered.await.map_err(|_| stopped())?
    }

    /// Waits until the published state is at `position` or later, at most `bound`.
    ///
    /// # Errors
    /// [`WriteError::Busy`] when the bound is reached first.
    pub async fn at_least(&self, position: u64, bound: Duration) -> Result<Arc<Published>, WriteError> {
        let mut published = self.published.clone();
        let reached = published.wait_for(|now| now.organization.position >= position);
        match tokio::time::timeout(bound, reached).await {
            Ok(Ok(now)) => Ok(now.clone()),
            Ok(Err(_)) => Err(stopped()),
            Err(_) => Err(WriteError::Busy),
        }
    }

    fn send(&self, job: Job) -> Result<(), WriteError> {
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => WriteError::Busy,
            mpsc::error::TrySendError::Closed(_) => stopped(),
        })
    }
}

fn stopped() -> WriteError {
    WriteError::Stopped("its writer has ended; see the log".to_owned())
}

impl From<AppendError> for WriteError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Guard(what) => Self::Stopped(what),
            AppendError::Refused(what) => Self::NotStorable(what),
            AppendError::Conflict | AppendError::Duplicate { .. } => {
                Self::Unavailable("other writers were always first".to_owned())
            }
            AppendError::InDoubt(what) | AppendError::Unavailable(what) => Self::Unavailable(what),
        }
    }
}

/// One decided command of a batch.
pub(crate) struct Decided {
    pub(crate) events: Vec<Event>,
    pub(crate) first: u64,
    pub(crate) after: Organization,
}

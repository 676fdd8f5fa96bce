//! One writer task per organization and process: commands in, durable entries out.
//!
//! A writer decides queued commands one after another on a speculative state and appends their events in one
//! transaction, deciding the next batch while the last one is on its way; accepted and rejected answers both wait
//! until the state they were decided on is durable. Other processes
//! may write the same organization: whoever loses catches up and decides again. Rules are the domain's, rows
//! the codec's, SQL the store's.

mod batch;
mod commit;
mod flight;
mod handle;
mod load;
mod pipeline;
mod secrets;
mod task;
#[cfg(test)]
mod tests;

pub(crate) use commit::{Outcome, commit};
pub(crate) use load::{Loaded, reading, to_head};
pub use load::{is_erased, ledger_of};
pub use secrets::asked_link;

use crate::clock::Clock;
use crate::codec::{DecodeFailure, Missing};
use crate::store::{AppendError, Command as Remembered, CredentialChange, ReadError, Store};
use crate::uses::InUse;
use rollbook_domain::event::Event;
use rollbook_domain::kernel::context::Context;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::decide::{Accepted, decide};
use rollbook_domain::organization::rejection::Rejection;
use rollbook_domain::organization::state::Organization;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

/// Commands that may wait beside those of the two batches at hand; more are refused with [`WriteError::Busy`].
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
    /// What else its answer is made of, by header; kept as it is.
    pub headers: BTreeMap<String, String>,
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
    /// The writer stopped serving the organization. Should a command have been on its way, whether it was
    /// written is not known; asking again with the same idempotency key is safe.
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
    /// The database lost what was acknowledged: a restore, or a failover to a stale replica.
    #[error("the database is at position {found}, behind {known} which was acknowledged here")]
    Behind {
        /// Where the database is.
        found: u64,
        /// What this process knows.
        known: u64,
    },
    /// The rows are not those that the head was made over, or not those that this process knows.
    #[error(
        "up to position {position} the rows are not those that the head was made over, or that are known here"
    )]
    Forked {
        /// The position of the head.
        position: u64,
    },
    /// A row lies where none was appended.
    #[error("a row lies at position {position}, beyond the head: somebody put it there by hand")]
    Beyond {
        /// Its position.
        position: u64,
    },
    /// A newer release wrote the ledger.
    #[error("the ledger has format {found}, which this release does not know")]
    Newer {
        /// The format in the head.
        found: u32,
    },
    /// There is no such organization.
    #[error("there is no such organization")]
    Absent,
}

/// The rules; a test may put others in their place.
pub(crate) type Decide = fn(&Organization, &Context, &Command) -> Result<Accepted, Rejection>;

type Reply = oneshot::Sender<Result<Answer, WriteError>>;

/// A command that waits, and who waits for its answer.
pub(crate) struct Change {
    submission: Submission,
    reply: Reply,
}

pub(crate) enum Job {
    Change(Box<Change>),
    CatchUp(oneshot::Sender<Result<u64, WriteError>>),
    /// The head was seen at this position by somebody who began to look at this time.
    Seen(u64, Instant),
    /// Keep a snapshot; the sender is dropped when that is done.
    Keep(oneshot::Sender<()>),
}

/// A handle to an organization's writer. Clones are cheap; the task ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    published: watch::Receiver<Arc<Published>>,
    stopped: Arc<AtomicBool>,
    store: Store,
    id: OrganizationId,
    /// Keeps the organization in memory.
    _in_use: Option<InUse>,
}

impl Writer {
    /// Loads the organization and starts its writer. A ledger without entries is an organization to be founded.
    /// `known` is the position that this process acknowledged before, 0 if none.
    ///
    /// # Errors
    /// [`LoadError`] if the ledger cannot be read to its end, or ends before `known`.
    pub async fn start(
        store: Store,
        clock: Clock,
        id: OrganizationId,
        known: u64,
    ) -> Result<Self, LoadError> {
        Self::start_by(store, clock, id, known, decide).await
    }

    async fn start_by(
        store: Store,
        clock: Clock,
        id: OrganizationId,
        known: u64,
        rules: Decide,
    ) -> Result<Self, LoadError> {
        let asked = Instant::now();
        let loaded = load::load(&store, id, known).await?;
        let (jobs, mailbox) = mpsc::channel(MAILBOX_MAX);
        let first = Published { organization: loaded.organization.clone(), confirmed: asked };
        let (publish, published) = watch::channel(Arc::new(first));
        let stopped = Arc::default();
        let task =
            task::Task::new(store.clone(), clock, loaded, publish, rules, Arc::clone(&stopped)).run(mailbox);
        tokio::spawn(task);
        Ok(Self { jobs, published, stopped, store, id, _in_use: None })
    }

    /// Whose writer it is.
    #[must_use]
    pub fn id(&self) -> OrganizationId {
        self.id
    }

    /// Whether the task has ended: going on could have been wrong. The log says why.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire) || self.jobs.is_closed()
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
    /// [`WriteError`]; nothing was written, but for `Stopped`, where a retry with the same idempotency key is
    /// safe.
    pub async fn submit(&self, submission: Submission) -> Result<Answer, WriteError> {
        let key = submission.idempotency.clone();
        match (self.ask(submission).await, key) {
            // The same request may have been carried out before, and be what refuses this one. Where nothing
            // refuses it, the append finds the key.
            (Err(refused @ (WriteError::Rejected(_) | WriteError::Moved)), Some(key)) => {
                self.replayed(&key).await?.ok_or(refused)
            }
            (answer, _) => answer,
        }
    }

    /// What was carried out for `actor` under `key`, if it is still kept.
    ///
    /// # Errors
    /// [`WriteError::KeyReused`] if the key was used for something else than what has this digest, or
    /// [`WriteError::Unavailable`].
    pub async fn remembered(
        &self,
        actor: &str,
        key: &str,
        digest: &[u8; 32],
    ) -> Result<Option<Remembered>, WriteError> {
        commit::recalled(&self.store, self.id, (actor, key), digest).await
    }

    async fn ask(&self, submission: Submission) -> Result<Answer, WriteError> {
        let (reply, answered) = oneshot::channel();
        self.send(Job::Change(Box::new(Change { submission, reply })))?;
        answered.await.map_err(|_| stopped())?
    }

    async fn replayed(&self, key: &Idempotency) -> Result<Option<Answer>, WriteError> {
        let remembered = commit::remembered(&self.store, self.id, key).await?;
        let now = |remembered| (remembered, self.published().organization.clone());
        Ok(remembered.map(|remembered| Answer::Replayed(Box::new(now(remembered)))))
    }

    /// Tells the writer that somebody who began to look at `since` saw the head at `position`; it catches up if
    /// that is news. Does not wait.
    pub fn seen(&self, position: u64, since: Instant) {
        // A writer with a full mailbox or none learns of the head by its own appends, or not at all.
        let _full_or_ended = self.jobs.try_send(Job::Seen(position, since));
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

    /// Keeps a snapshot of the state if there is none at its position, so that the next start is quick.
    pub async fn keep_snapshot(&self) {
        let (kept, done) = oneshot::channel();
        if self.send(Job::Keep(kept)).is_ok() {
            let _kept_or_ended = done.await;
        }
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
            damaged @ AppendError::Damaged(_) => Self::Stopped(damaged.to_string()),
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

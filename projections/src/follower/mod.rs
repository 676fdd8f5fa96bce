//! Keeps an organization's rows of the activity log up to its ledgers, each entry exactly once.
//!
//! Rows and checkpoint move in one transaction, the checkpoint by compare-and-swap: a follower that is killed loses
//! nothing, and two at once are harmless. An entry that cannot be applied stops it and alarms; nothing is skipped. It
//! polls, and is woken by its own process's writer. As it asks the writer to catch up, it also keeps the permission
//! view confirmed.

pub(crate) mod batch;
mod task;

use rollbook_ledger::store::Store;
use rollbook_ledger::writer::Writer;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

/// How a follower goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How often it looks for what other processes wrote: 100 to 500 ms.
    pub poll: Duration,
    /// The most rows of one transaction, 1 to 5,000.
    pub batch_rows: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { poll: Duration::from_millis(250), batch_rows: 2_000 }
    }
}

/// Where a follower stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The projection.
    pub name: &'static str,
    /// The version of its table; 0 before it began.
    pub version: u32,
    /// The last change that is in the table.
    pub position: u64,
    /// The last change that there is, as far as it knows.
    pub head: u64,
    /// The last act that is in the table.
    pub activity_position: u64,
    /// The last act that there is, as far as it knows.
    pub activity_head: u64,
    /// Why it stopped for good, if it did.
    pub stopped: Option<String>,
}

/// Why a wait ended without the position being reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCaughtUp {
    /// The bound was reached first.
    #[error("the activity log is at position {position} and did not reach {wanted} in time")]
    Late {
        /// Where it is.
        position: u64,
        /// Where it should have been.
        wanted: u64,
    },
    /// It will not go on.
    #[error("the activity log does not go on: {0}")]
    Stopped(String),
}

/// A running follower; dropping the last clone ends it.
#[derive(Clone, Debug)]
pub struct Follower {
    status: watch::Receiver<Status>,
    wake: Arc<Notify>,
    _task: Arc<Ending>,
}

#[derive(Debug)]
struct Ending(AbortHandle);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Follower {
    /// Follows the ledgers of the writer's organization. Must be called within a Tokio runtime.
    #[must_use]
    pub fn start(store: Store, writer: Writer, options: Options) -> Self {
        let first = Status {
            name: crate::activity_log::NAME,
            version: 0,
            position: 0,
            head: 0,
            activity_position: 0,
            activity_head: 0,
            stopped: None,
        };
        let (publish, status) = watch::channel(first);
        let wake = Arc::new(Notify::new());
        let task = task::Task::new(store, writer, options, publish, wake.clone());
        let task = Arc::new(Ending(tokio::spawn(task.run()).abort_handle()));
        Self { status, wake, _task: task }
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Makes it look now, for what no writer of this process announces: acts.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits until the change at `position` is in the table, at most `bound`.
    ///
    /// # Errors
    /// [`NotCaughtUp`].
    pub async fn caught_up(&self, position: u64, bound: Duration) -> Result<(), NotCaughtUp> {
        self.reached(position, bound, |status| status.position).await
    }

    /// Waits until the act at `position` of the activity ledger is in the table, at most `bound`.
    ///
    /// # Errors
    /// [`NotCaughtUp`].
    pub async fn acts_caught_up(&self, position: u64, bound: Duration) -> Result<(), NotCaughtUp> {
        self.reached(position, bound, |status| status.activity_position).await
    }

    async fn reached(
        &self,
        wanted: u64,
        bound: Duration,
        of: impl Fn(&Status) -> u64,
    ) -> Result<(), NotCaughtUp> {
        let mut status = self.status.clone();
        let is_decided = |status: &Status| of(status) >= wanted || status.stopped.is_some();
        if !is_decided(&status.borrow()) {
            self.wake();
        }
        // Whether it was reached, late, or the task is gone, the last status says it. What is waited for holds the
        // status for reading: kept, it would shut out the task, and the task the look below.
        drop(tokio::time::timeout(bound, status.wait_for(is_decided)).await);
        let status = self.status();
        match status.stopped {
            _ if of(&status) >= wanted => Ok(()),
            Some(why) => Err(NotCaughtUp::Stopped(why)),
            None => Err(NotCaughtUp::Late { position: of(&status), wanted }),
        }
    }
}

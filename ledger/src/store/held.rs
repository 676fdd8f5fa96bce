//! A head that is held: until it is let go nobody else moves it, so one append is sure not to come too late.
//!
//! Without it two processes that write one organization all the time would starve each other. Not here: when to hold.

use std::sync::Arc;
use std::time::Duration;

use super::batch::{Appended, Batch};
use super::{AppendError, postgres, sqlite};

/// Longest that a head is held before the append: others wait meanwhile.
pub const HOLD_MAX: Duration = Duration::from_millis(50);

/// A head that is held until it is used or dropped; on SQLite, where everybody waits, for [`HOLD_MAX`] at most.
#[derive(Debug)]
pub struct Held(pub(super) By);

/// What holds it.
#[derive(Debug)]
pub(super) enum By {
    /// The write lock of the file, in the writer's thread.
    Sqlite(sqlite::Held),
    /// A row lock, in a transaction.
    Postgres(postgres::Held),
}

impl Held {
    /// Appends as [`super::Store::append`] does, and lets the head go.
    ///
    /// # Errors
    /// As there.
    pub async fn append(self, batch: Arc<Batch>) -> Result<Appended, AppendError> {
        batch.check()?;
        match self.0 {
            By::Sqlite(held) => held.append(batch).await,
            By::Postgres(held) => held.append(&batch).await,
        }
    }
}

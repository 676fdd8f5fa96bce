//! Counters of failed sign-ins. Ordinary rows; a lock-out that they cause is an event of its own.
//!
//! Not here: how many failures are too many.

use super::cells::params;
use super::{Store, StoreError};

const GET: &str = "SELECT failures, window_start, locked_until FROM attempts
    WHERE aggregate_id = $1 AND subject = $2";
const PUT: &str = "INSERT INTO attempts (aggregate_id, subject, failures, window_start, locked_until)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (aggregate_id, subject) DO UPDATE SET failures = excluded.failures,
    window_start = excluded.window_start, locked_until = excluded.locked_until";
/// One statement, so that failures at the same time all count.
const COUNT: &str = "INSERT INTO attempts (aggregate_id, subject, failures, window_start)
    VALUES ($1, $2, 1, $3)
    ON CONFLICT (aggregate_id, subject) DO UPDATE SET
    failures = CASE WHEN attempts.window_start > $4 THEN attempts.failures + 1 ELSE 1 END,
    window_start = CASE WHEN attempts.window_start > $4 THEN attempts.window_start ELSE $3 END";
const DELETE: &str = "DELETE FROM attempts WHERE aggregate_id = $1 AND subject = $2";
const PURGE: &str = "DELETE FROM attempts WHERE window_start < $1 AND coalesce(locked_until, 0) < $1";

/// Failed sign-ins of one subject. A subject that nobody knows is named by a keyed hash, never as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// Failures since the window began.
    pub failures: u64,
    /// When the window began, microseconds since the Unix epoch (UTC).
    pub window_start_us: i64,
    /// Until when it is locked, likewise, if it is.
    pub locked_until_us: Option<i64>,
}

impl Store {
    /// The counter of `subject`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn attempts(&self, aggregate_id: &str, subject: &str) -> Result<Option<Attempts>, StoreError> {
        self.one(GET, params![aggregate_id, subject], |row| {
            Ok(Attempts {
                failures: row.count(0)?,
                window_start_us: row.int(1)?,
                locked_until_us: row.maybe_int(2)?,
            })
        })
        .await
    }

    /// Counts a failure at `now_us`; a window older than `window_us` microseconds starts anew. Answers the
    /// counter, which others may have raised meanwhile too.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn count_failure(
        &self,
        aggregate_id: &str,
        subject: &str,
        now_us: i64,
        window_us: i64,
    ) -> Result<Attempts, StoreError> {
        let oldest = now_us.saturating_sub(window_us);
        self.execute(COUNT, params![aggregate_id, subject, now_us, oldest]).await?;
        let counted = self.attempts(aggregate_id, subject).await?;
        Ok(counted.unwrap_or(Attempts { failures: 1, window_start_us: now_us, locked_until_us: None }))
    }

    /// Sets the counter of `subject`.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn put_attempts(
        &self,
        aggregate_id: &str,
        subject: &str,
        attempts: Attempts,
    ) -> Result<(), StoreError> {
        let (start, locked) = (attempts.window_start_us, attempts.locked_until_us);
        let params = params![aggregate_id, subject, attempts.failures, start, locked];
        self.execute(PUT, params).await.map(drop)
    }

    /// Forgets the failures of `subject`, after a sign-in that went well.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn delete_attempts(&self, aggregate_id: &str, subject: &str) -> Result<(), StoreError> {
        self.execute(DELETE, params![aggregate_id, subject]).await.map(drop)
    }
    /// Forgets what was counted before `before_us` and locks nobody since. Whoever fails under names that nobody has
    /// leaves a row for each. Answers how many.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn purge_attempts(&self, before_us: i64) -> Result<u64, StoreError> {
        self.execute(PURGE, params![before_us]).await
    }
}

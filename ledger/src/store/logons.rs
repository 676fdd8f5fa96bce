//! When each user signed in last, and how often: what QueueMetrics shows of a user. Ordinary rows, beside every history.
//!
//! That somebody signed in is an entry of the activity ledger, which is pruned; these two numbers outlive it.

use super::cells::params;
use super::{Store, StoreError};

const COUNT: &str = "INSERT INTO logons (aggregate_id, user_id, last_at, count) VALUES ($1, $2, $3, 1)
    ON CONFLICT (aggregate_id, user_id) DO UPDATE SET
    last_at = CASE WHEN logons.last_at > excluded.last_at THEN logons.last_at ELSE excluded.last_at END,
    count = logons.count + 1";
const OF_USER: &str = "SELECT last_at, count FROM logons WHERE aggregate_id = $1 AND user_id = $2";
const DELETE: &str = "DELETE FROM logons WHERE aggregate_id = $1 AND user_id = $2";

/// How a user signed in so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logons {
    /// The last time, microseconds since the Unix epoch (UTC).
    pub last_at_us: i64,
    /// How often.
    pub count: u64,
}

impl Store {
    /// Counts a sign-in.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn count_logon(&self, aggregate_id: &str, user_id: &str, at_us: i64) -> Result<(), StoreError> {
        self.execute(COUNT, params![aggregate_id, user_id, at_us]).await.map(drop)
    }

    /// How a user signed in so far; nothing if they never did.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn logons(&self, aggregate_id: &str, user_id: &str) -> Result<Option<Logons>, StoreError> {
        let params = params![aggregate_id, user_id];
        self.one(OF_USER, params, |row| Ok(Logons { last_at_us: row.int(0)?, count: row.count(1)? })).await
    }

    /// Forgets how a user signed in.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn delete_logons_of(&self, aggregate_id: &str, user_id: &str) -> Result<(), StoreError> {
        self.execute(DELETE, params![aggregate_id, user_id]).await.map(drop)
    }
}

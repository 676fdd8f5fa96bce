//! Marks of processes that count acts in memory: one from a count's beginning until it is written.
//!
//! Not here: when a count begins, and when its process is taken for ended.

use super::cells::params;
use super::{Store, StoreError};
use uuid::Uuid;

const PUT: &str =
    "INSERT INTO counting (aggregate_id, mark, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const BEFORE: &str =
    "SELECT aggregate_id, mark, since FROM counting WHERE since < $1 ORDER BY since LIMIT 1000";
const DELETE: &str = "DELETE FROM counting WHERE aggregate_id = $1 AND mark = $2";

/// That a process began to count acts of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counting {
    /// The organization's id.
    pub aggregate_id: String,
    /// This count's own id.
    pub mark: Uuid,
    /// When the first act was counted, microseconds since the Unix epoch (UTC).
    pub since_us: i64,
}

impl Store {
    /// Marks that a count began.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn put_counting(&self, counting: &Counting) -> Result<(), StoreError> {
        let mark = counting.mark.to_string();
        let params = params![counting.aggregate_id.as_str(), mark.as_str(), counting.since_us];
        self.execute(PUT, params).await.map(drop)
    }

    /// The counts that began before `before_us` and were not written yet, oldest first, at most 1,000.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn counting_before(&self, before_us: i64) -> Result<Vec<Counting>, StoreError> {
        self.select(BEFORE, params![before_us], |row| {
            let mark = Uuid::parse_str(row.text(1)?).map_err(|_| StoreError::Unreadable { column: 1 })?;
            Ok(Counting { aggregate_id: row.text(0)?.to_owned(), mark, since_us: row.int(2)? })
        })
        .await
    }

    /// Takes a mark away. Doing it again does nothing.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn delete_counting(&self, aggregate_id: &str, mark: Uuid) -> Result<(), StoreError> {
        let mark = mark.to_string();
        self.execute(DELETE, params![aggregate_id, mark.as_str()]).await.map(drop)
    }
}

//! How far a follower has read each ledger.
//!
//! A projection moves its checkpoint in the transaction of its own rows, with its own statement; these are
//! for reading it and for followers without tables.

use super::cells::params;
use super::{Store, StoreError};
use crate::entry::LedgerId;

const GET: &str = "SELECT position FROM follower_checkpoints
    WHERE aggregate_id = $1 AND aggregate_type = $2 AND name = $3 AND version = $4";
const START: &str = "INSERT INTO follower_checkpoints (aggregate_id, aggregate_type, name, version, position)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
const MOVE: &str = "UPDATE follower_checkpoints SET position = $1
    WHERE aggregate_id = $2 AND aggregate_type = $3 AND name = $4 AND version = $5 AND position = $6";

impl Store {
    /// The last position that follower `name` in `version` has done, 0 if it has not begun.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn checkpoint(&self, name: &str, version: u32, ledger: &LedgerId) -> Result<u64, StoreError> {
        let params = params![ledger.id.as_str(), ledger.kind.as_str(), name, i64::from(version)];
        Ok(self.one(GET, params, |row| row.count(0)).await?.unwrap_or(0))
    }

    /// Moves the checkpoint if it still is at `from`. Answers whether it was: else another follower did it.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn move_checkpoint(
        &self,
        name: &str,
        version: u32,
        ledger: &LedgerId,
        from: u64,
        to: u64,
    ) -> Result<bool, StoreError> {
        let (id, kind, version) = (ledger.id.as_str(), ledger.kind.as_str(), i64::from(version));
        let moved = self.execute(MOVE, params![to, id, kind, name, version, from]).await?;
        if moved > 0 || from > 0 {
            return Ok(moved > 0);
        }
        Ok(self.execute(START, params![id, kind, name, version, to]).await? > 0)
    }
}

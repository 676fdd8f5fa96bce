//! States at a position: a cache, always equal to a fold of the ledger, dropped without loss.
//!
//! Not here: writing and reading a state. A snapshot holds personal values, so erasing drops them.

use super::cells::{Cells, params};
use super::{Store, StoreError};
use crate::entry::{Hash, LedgerId};

const PUT: &str =
    "INSERT INTO state_snapshots (aggregate_id, aggregate_type, fingerprint, position, digest, state)
    SELECT $1, $2, $3, CAST($4 AS bigint), $5, $6 WHERE NOT EXISTS (SELECT 1 FROM state_snapshots
    WHERE aggregate_id = $1 AND aggregate_type = $2 AND fingerprint = $3 AND position >= $4)";
const AT: &str = "SELECT position, digest, state FROM state_snapshots
    WHERE aggregate_id = $1 AND aggregate_type = $2 AND fingerprint = $3 AND position <= $4
    ORDER BY position DESC LIMIT 1";
const DELETE: &str = "DELETE FROM state_snapshots WHERE aggregate_id = $1 AND aggregate_type = $2";
const SIZES: &str = "SELECT position, CAST(length(state) AS bigint) FROM state_snapshots
    WHERE aggregate_id = $1 AND aggregate_type = $2 AND fingerprint = $3 ORDER BY position DESC";
const DELETE_ONE: &str = "DELETE FROM state_snapshots WHERE aggregate_id = $1 AND aggregate_type = $2
    AND fingerprint = $3 AND position = $4";
const DELETE_OTHERS: &str = "DELETE FROM state_snapshots
    WHERE aggregate_id = $1 AND aggregate_type = $2 AND fingerprint <> $3";

/// A state at a position.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The position of the last event in it.
    pub position: u64,
    /// The shape of the state: another shape is another fingerprint.
    pub fingerprint: String,
    /// SHA-256 of the state, to be compared by the reader.
    pub digest: Hash,
    /// The encoded state.
    pub state: Vec<u8>,
}

impl std::fmt::Debug for Snapshot {
    /// Leaves the state out: it holds personal values.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("position", &self.position).finish_non_exhaustive()
    }
}

impl Store {
    /// Stores a snapshot if it is newer than all of its fingerprint. Answers whether it was.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn put_snapshot(&self, ledger: &LedgerId, snapshot: &Snapshot) -> Result<bool, StoreError> {
        let (fingerprint, digest) = (snapshot.fingerprint.as_str(), snapshot.digest.as_slice());
        let (id, kind, state) = (ledger.id.as_str(), ledger.kind.as_str(), snapshot.state.as_slice());
        let params = params![id, kind, fingerprint, snapshot.position, digest, state];
        Ok(self.execute(PUT, params).await? > 0)
    }

    /// The newest snapshot of this fingerprint at or before `position`; `u64::MAX` for the newest of all.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn snapshot_at(
        &self,
        ledger: &LedgerId,
        fingerprint: &str,
        position: u64,
    ) -> Result<Option<Snapshot>, StoreError> {
        let params = params![ledger.id.as_str(), ledger.kind.as_str(), fingerprint, position];
        let decode = |row: &Cells| {
            Ok(Snapshot {
                position: row.count(0)?,
                fingerprint: fingerprint.to_owned(),
                digest: row.hash(1)?,
                state: row.bytes(2)?.to_vec(),
            })
        };
        self.one(AT, params, decode).await
    }

    /// Drops all snapshots of a ledger for good, as erasing must. Answers how many.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn delete_snapshots(&self, ledger: &LedgerId) -> Result<u64, StoreError> {
        let deleted = self.execute(DELETE, params![ledger.id.as_str(), ledger.kind.as_str()]).await?;
        self.scrub().await?;
        Ok(deleted)
    }

    /// Position and bytes of each snapshot of this fingerprint, newest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn snapshots_of(
        &self,
        ledger: &LedgerId,
        fingerprint: &str,
    ) -> Result<Vec<(u64, u64)>, StoreError> {
        let params = params![ledger.id.as_str(), ledger.kind.as_str(), fingerprint];
        self.select(SIZES, params, |row| Ok((row.count(0)?, row.count(1)?))).await
    }

    /// Drops the snapshot of this fingerprint at `position`. Answers how many: 0 or 1.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn delete_snapshot(
        &self,
        ledger: &LedgerId,
        fingerprint: &str,
        position: u64,
    ) -> Result<u64, StoreError> {
        let (id, kind) = (ledger.id.as_str(), ledger.kind.as_str());
        self.execute(DELETE_ONE, params![id, kind, fingerprint, position]).await
    }

    /// Drops a ledger's snapshots of other shapes. Answers how many.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn delete_other_snapshots(
        &self,
        ledger: &LedgerId,
        fingerprint: &str,
    ) -> Result<u64, StoreError> {
        self.execute(DELETE_OTHERS, params![ledger.id.as_str(), ledger.kind.as_str(), fingerprint]).await
    }
}

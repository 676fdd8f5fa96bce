//! The personal values that entries commit to: written by the append, read with the rows, erased here.
//!
//! Not here: who owns a value and whether it may be erased.

use super::cells::params;
use super::row::personal_row;
use super::{PersonalRow, Store, StoreError};
use crate::entry::LedgerId;

const OF_PERSON: &str = "SELECT sequence, ordinals, salts, vals FROM personal_values
    WHERE aggregate_id = $1 AND aggregate_type = $2 AND person = $3 ORDER BY sequence";
const STRAY: &str = "SELECT p.sequence, p.person FROM personal_values p
    WHERE p.aggregate_id = $1 AND p.aggregate_type = $2 AND p.sequence > $3 AND NOT EXISTS (SELECT 1 FROM events e
          WHERE e.aggregate_id = p.aggregate_id AND e.aggregate_type = p.aggregate_type AND e.sequence = p.sequence)
    ORDER BY p.sequence, p.person LIMIT $4";
const DELETE: &str = "DELETE FROM personal_values
    WHERE aggregate_id = $1 AND aggregate_type = $2 AND person = $3";
const DELETE_AT: &str = "DELETE FROM personal_values
    WHERE aggregate_id = $1 AND aggregate_type = $2 AND person = $3 AND sequence = $4";

impl Store {
    /// All that is stored of `person` in `ledger`, with its positions.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn personal_of(
        &self,
        ledger: &LedgerId,
        person: &str,
    ) -> Result<Vec<(u64, PersonalRow)>, StoreError> {
        let params = params![ledger.id.as_str(), ledger.kind.as_str(), person];
        self.select(OF_PERSON, params, |row| {
            Ok((row.count(0)?, personal_row(person, [row.text(1)?, row.text(2)?, row.text(3)?])?))
        })
        .await
    }

    /// Whose values lie at positions after `after` where there is no row, at most `limit`: an append makes both at once.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn stray_values(
        &self,
        ledger: &LedgerId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, String)>, StoreError> {
        let params = params![ledger.id.as_str(), ledger.kind.as_str(), after, i64::from(limit)];
        self.select(STRAY, params, |row| Ok((row.count(0)?, row.text(1)?.to_owned()))).await
    }

    /// Erases all values of `person` in `ledger`, for good: on SQLite their bytes too. Answers how many rows.
    /// Erasing again does nothing.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn delete_personal(&self, ledger: &LedgerId, person: &str) -> Result<u64, StoreError> {
        let params = params![ledger.id.as_str(), ledger.kind.as_str(), person];
        let deleted = self.execute(DELETE, params).await?;
        self.scrub().await?;
        Ok(deleted)
    }

    /// Erases the values of `person` at one position. Answers how many rows: 0 or 1.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn delete_personal_at(
        &self,
        ledger: &LedgerId,
        person: &str,
        position: u64,
    ) -> Result<u64, StoreError> {
        let params = params![ledger.id.as_str(), ledger.kind.as_str(), person, position];
        let deleted = self.execute(DELETE_AT, params).await?;
        self.scrub().await?;
        Ok(deleted)
    }

    pub(super) async fn scrub(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(engine) => engine.scrub().await,
            Self::Postgres(_) => Ok(()),
        }
    }
}

//! Reading rows of a ledger: ranges, single positions, the history of an entity, and rows as they are stored.
//!
//! Whatever is answered is complete: a hole is an error. For whole ledgers see [`Store::stream`].

use super::batch::Subject;
use super::cells::{Cells, params};
use super::row::Joined;
use super::select::{Selection, contiguous, join_personal, join_subjects};
use super::{RawRow, ReadError, Store, StoreError, Stored, engine};
use crate::entry::LedgerId;

/// The most rows that one read answers.
pub const READ_ROWS_MAX: u32 = 10_000;

const POSITIONS_OF: &str = "SELECT sequence FROM event_subjects
    WHERE aggregate_id = $1 AND aggregate_type = $2 AND subject_kind = $3 AND subject_id = $4 AND sequence < $5
    ORDER BY sequence DESC LIMIT $6";
const LAST_OF: &str = "SELECT sequence FROM events
    WHERE aggregate_id = $1 AND aggregate_type = $2 AND event_type = $3 ORDER BY sequence DESC LIMIT 1";
const FIRST: &str = "SELECT sequence FROM events
    WHERE aggregate_id = $1 AND aggregate_type = $2 ORDER BY sequence LIMIT 1";
const SUBJECTS: &str = "SELECT sequence, subject_kind, subject_id FROM event_subjects
    WHERE aggregate_id = $1 AND aggregate_type = $2 AND sequence BETWEEN $3 AND $4 ORDER BY sequence";
const STRAY_SUBJECTS: &str = "SELECT s.sequence, s.subject_kind, s.subject_id FROM event_subjects s
    WHERE s.aggregate_id = $1 AND s.aggregate_type = $2 AND s.sequence > $3 AND NOT EXISTS (SELECT 1 FROM events e
          WHERE e.aggregate_id = s.aggregate_id AND e.aggregate_type = s.aggregate_type AND e.sequence = s.sequence)
    ORDER BY s.sequence, s.subject_kind, s.subject_id LIMIT $4";

impl Store {
    /// The rows at positions `from ..= to`, at most `limit` (and at most 10,000), with the personal values
    /// that are left. Fewer only where the ledger ends.
    ///
    /// # Errors
    /// `Gap` for a hole, also one at `from`; `Corrupt` for a row that does not hash to its leaf.
    pub async fn read(
        &self,
        ledger: &LedgerId,
        from: u64,
        to: u64,
        limit: u32,
    ) -> Result<Vec<Stored>, ReadError> {
        let limit = limit.min(READ_ROWS_MAX);
        let selection = Selection::Range { ledger: ledger.clone(), from, to, limit };
        let rows: Vec<Stored> = self.joined(selection).await?;
        contiguous(ledger, from, rows.iter().map(|row| row.entry.position))?;
        Ok(rows)
    }

    /// The rows at `positions` in order of position, duplicates once.
    ///
    /// # Errors
    /// `Gap` with the first position that does not exist; `Corrupt` as in [`Self::read`].
    pub async fn read_positions(
        &self,
        ledger: &LedgerId,
        positions: &[u64],
    ) -> Result<Vec<Stored>, ReadError> {
        let mut wanted = positions.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let selection = Selection::Listed { ledger: ledger.clone(), positions: wanted.clone() };
        let rows: Vec<Stored> = self.joined(selection).await?;
        let found: Vec<u64> = rows.iter().map(|row| row.entry.position).collect();
        match wanted.into_iter().find(|position| found.binary_search(position).is_err()) {
            None => Ok(rows),
            Some(position) => Err(ReadError::Gap { ledger: ledger.clone(), position }),
        }
    }

    /// The positions of the entity's events before `before` (all if nothing), newest first, at most `limit`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn positions_of(
        &self,
        ledger: &LedgerId,
        subject: &Subject,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<u64>, StoreError> {
        let (kind, id) = (subject.kind.as_str(), subject.id.as_str());
        let before = before.unwrap_or(u64::MAX);
        let limit = i64::from(limit);
        let params = params![ledger.id.as_str(), ledger.kind.as_str(), kind, id, before, limit];
        self.select(POSITIONS_OF, params, |row| row.count(0)).await
    }

    /// The last position of an entry of this type, found from the ledger's end backwards.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn last_of(&self, ledger: &LedgerId, event_type: &str) -> Result<Option<u64>, StoreError> {
        let params = params![ledger.id.as_str(), ledger.kind.as_str(), event_type];
        self.one(LAST_OF, params, |row| row.count(0)).await
    }

    /// The position of the first row that is there, whatever the head says.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn first_position(&self, ledger: &LedgerId) -> Result<Option<u64>, StoreError> {
        let params = params![ledger.id.as_str(), ledger.kind.as_str()];
        self.one(FIRST, params, |row| row.count(0)).await
    }

    /// The rows at positions `from ..= to` (at most 10,000) exactly as they are stored, unchecked, holes and
    /// all, with their subjects: what `verify` compares.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn read_raw(&self, ledger: &LedgerId, from: u64, to: u64) -> Result<Vec<RawRow>, ReadError> {
        let to = to.min(from.saturating_add(u64::from(READ_ROWS_MAX) - 1));
        let range = Selection::Range { ledger: ledger.clone(), from, to, limit: READ_ROWS_MAX };
        let rows = engine!(self, engine => engine.rows(range).await)?;
        let params = params![ledger.id.as_str(), ledger.kind.as_str(), from, to];
        let subjects = self.select(SUBJECTS, params, |row| Ok((row.count(0)?, subject(row)?)));
        Ok(join_subjects(rows, subjects.await?))
    }

    /// What histories of entities say of positions after `after` where there is no row, at most `limit`: an append makes
    /// both at once.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn stray_subjects(
        &self,
        ledger: &LedgerId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Subject)>, StoreError> {
        let params = params![ledger.id.as_str(), ledger.kind.as_str(), after, i64::from(limit)];
        self.select(STRAY_SUBJECTS, params, |row| Ok((row.count(0)?, subject(row)?))).await
    }

    pub(super) async fn joined<T: Joined>(&self, selection: Selection) -> Result<Vec<T>, ReadError> {
        let (rows, personal) = engine!(self, engine => engine.rows_and_personal(selection).await)?;
        Ok(join_personal(rows, personal))
    }
}

/// The entity in the second and third column.
fn subject(row: &Cells) -> Result<Subject, StoreError> {
    Ok(Subject { kind: row.text(1)?.to_owned(), id: row.text(2)?.to_owned() })
}

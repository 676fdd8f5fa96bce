//! Where ledgers stand, and which position belongs to a batch or a moment.
//!
//! Each is one small statement; following a ledger is polling these and reading what is new.

use uuid::Uuid;

use super::cells::{Cells, params};
use super::{Head, HeadMark, ReadError, Store, StoreError};
use crate::entry::{Frontier, LedgerId, LedgerKind};

const HEAD: &str = "SELECT position, batch, frontier, at, format, pruned FROM heads
    WHERE aggregate_id = $1 AND aggregate_type = $2";
const HEADS: &str = "SELECT aggregate_id, position, batch, at FROM heads
    WHERE aggregate_type = $1 AND at >= $2 ORDER BY aggregate_id";
const HEADS_OF_SQLITE: &str = "SELECT aggregate_id, position, batch, at FROM heads
    WHERE aggregate_type = $1 AND aggregate_id IN (SELECT value FROM json_each($2))";
const HEADS_OF_POSTGRES: &str = "SELECT aggregate_id, position, batch, at FROM heads
    WHERE aggregate_type = $1 AND aggregate_id IN (SELECT json_array_elements_text($2::json))";
const BATCH_AT: &str = "SELECT batch FROM events
    WHERE aggregate_id = $1 AND aggregate_type = $2 AND sequence = $3";
/// A binary search by time over the positions that were not pruned; `at` never falls within a ledger.
const POSITION_AT: &str = "WITH RECURSIVE search (low, high) AS (
        SELECT pruned, position FROM heads WHERE aggregate_id = $1 AND aggregate_type = $2
        UNION ALL
        SELECT CASE WHEN e.at <= $3 THEN e.sequence ELSE s.low END,
               CASE WHEN e.at <= $3 THEN s.high ELSE e.sequence - 1 END
          FROM search s
          JOIN events e ON e.sequence = (s.low + s.high + 1) / 2
         WHERE s.low < s.high AND e.aggregate_id = $1 AND e.aggregate_type = $2)
    SELECT low, high FROM search ORDER BY high - low LIMIT 1";

/// The tables whose rows belong to a ledger with a head.
const TABLES: [&str; 3] = ["events", "event_subjects", "personal_values"];
/// From one id to the next by the index, not over all rows; then each kind that has rows and no head.
macro_rules! headless {
    ($table:literal) => {
        concat!(
            "WITH RECURSIVE named (id) AS (
                SELECT min(aggregate_id) FROM ",
            $table,
            " UNION ALL
                SELECT (SELECT min(t.aggregate_id) FROM ",
            $table,
            " t WHERE t.aggregate_id > named.id) FROM named WHERE named.id IS NOT NULL),
            kinds (kind) AS (SELECT 'organization' UNION ALL SELECT 'activity' UNION ALL SELECT 'system')
            SELECT named.id, kinds.kind FROM named CROSS JOIN kinds
             WHERE EXISTS (SELECT 1 FROM ",
            $table,
            " t WHERE t.aggregate_id = named.id AND t.aggregate_type = kinds.kind)
               AND NOT EXISTS (SELECT 1 FROM heads h
                    WHERE h.aggregate_id = named.id AND h.aggregate_type = kinds.kind)
             ORDER BY 1, 2"
        )
    };
}
const HEADLESS: [&str; 3] = [headless!("events"), headless!("event_subjects"), headless!("personal_values")];

impl Store {
    /// The ledgers of which a table holds rows although they have no head, each with the table's name. Only a hand
    /// that put the guards aside can have made one.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn headless(&self) -> Result<Vec<(LedgerId, &'static str)>, StoreError> {
        let mut found = Vec::new();
        for (table, sql) in TABLES.into_iter().zip(HEADLESS) {
            let rows = self.select(sql, Vec::new(), |row| {
                let kind = LedgerKind::parse(row.text(1)?).ok_or(StoreError::Unreadable { column: 1 })?;
                Ok((LedgerId::new(kind, row.text(0)?), table))
            });
            found.extend(rows.await?);
        }
        Ok(found)
    }

    /// Where `ledger` stands, or nothing if it does not exist.
    ///
    /// # Errors
    /// `Corrupt` (position 0) if the stored head cannot be one.
    pub async fn head(&self, ledger: &LedgerId) -> Result<Option<Head>, ReadError> {
        let params = params![ledger.id.as_str(), ledger.kind.as_str()];
        let row = self.one(HEAD, params, |row| Ok(row.clone())).await?;
        row.map(|row| decode(ledger, &row)).transpose()
    }

    /// The heads of all ledgers of a kind whose last batch is not older than `since_us` (microseconds since
    /// the Unix epoch), by id. Machines' clocks differ: leave a margin of some seconds.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn heads(&self, kind: LedgerKind, since_us: Option<i64>) -> Result<Vec<HeadMark>, StoreError> {
        let since = since_us.unwrap_or(i64::MIN);
        self.select(HEADS, params![kind.as_str(), since], |row| mark(kind, row)).await
    }

    /// The heads of these ledgers of a kind, in no order; of those that do not exist nothing.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn heads_of(&self, kind: LedgerKind, ids: &[String]) -> Result<Vec<HeadMark>, StoreError> {
        let sql = match self {
            Self::Sqlite(_) => HEADS_OF_SQLITE,
            Self::Postgres(_) => HEADS_OF_POSTGRES,
        };
        let ids = serde_json::Value::from(ids).to_string();
        self.select(sql, params![kind.as_str(), ids.as_str()], |row| mark(kind, row)).await
    }

    /// The batch that wrote `position`: tells after a lost answer whose rows are there.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn batch_at(&self, ledger: &LedgerId, position: u64) -> Result<Option<Uuid>, StoreError> {
        let params = params![ledger.id.as_str(), ledger.kind.as_str(), position];
        self.one(BATCH_AT, params, |row| id(row, 0)).await
    }

    /// The last position whose whole batch is at or before `at_us` (microseconds since the Unix epoch), 0 if
    /// there is none; in a pruned ledger not before the pruned part.
    ///
    /// # Errors
    /// `Gap` if a row is missing on the way.
    pub async fn position_at(&self, ledger: &LedgerId, at_us: i64) -> Result<u64, ReadError> {
        let params = params![ledger.id.as_str(), ledger.kind.as_str(), at_us];
        let found: Option<(u64, u64)> =
            self.one(POSITION_AT, params, |row| Ok((row.count(0)?, row.count(1)?))).await?;
        match found {
            None => Ok(0),
            Some((low, high)) if low == high => Ok(low),
            Some((low, high)) => {
                Err(ReadError::Gap { ledger: ledger.clone(), position: u64::midpoint(low, high + 1) })
            }
        }
    }
}

fn mark(kind: LedgerKind, row: &Cells) -> Result<HeadMark, StoreError> {
    Ok(HeadMark {
        ledger: LedgerId::new(kind, row.text(0)?),
        position: row.count(1)?,
        batch: id(row, 2)?,
        at_us: row.int(3)?,
    })
}

fn id(row: &Cells, column: usize) -> Result<Uuid, StoreError> {
    Uuid::parse_str(row.text(column)?).map_err(|_| StoreError::Unreadable { column })
}

fn decode(ledger: &LedgerId, row: &Cells) -> Result<Head, ReadError> {
    let position = row.count(0)?;
    let frontier = Frontier::from_bytes(position, row.bytes(2)?).map_err(|error| ReadError::Corrupt {
        ledger: ledger.clone(),
        position: 0,
        what: error.to_string(),
    })?;
    Ok(Head {
        ledger: ledger.clone(),
        position,
        batch: id(row, 1)?,
        frontier,
        at_us: row.int(3)?,
        format: row.count(4)?,
        pruned: row.count(5)?,
    })
}

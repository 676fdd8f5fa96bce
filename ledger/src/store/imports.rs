//! Imports and how far each has come, so that every process and the next start can tell. Ordinary rows: what an import
//! changed is in the ledger, under its id, and what was in its file is kept nowhere.
//!
//! Not here: what a report says, and from when on a silent import counts as cut off.

use super::cells::{Cells, params};
use super::{Store, StoreError};

const PUT: &str = "INSERT INTO imports
    (aggregate_id, id, actor, product, dry_run, state, created_at, beat_at, ended_at, report)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (aggregate_id, id) DO UPDATE SET state = excluded.state, beat_at = excluded.beat_at,
    ended_at = excluded.ended_at, report = excluded.report";
const BEAT: &str = "UPDATE imports SET beat_at = $1 WHERE aggregate_id = $2 AND id = $3";
const ONE: &str =
    "SELECT id, actor, product, dry_run, state, created_at, beat_at, ended_at, report FROM imports
    WHERE aggregate_id = $1 AND id = $2";
const BEFORE: &str = "SELECT id, actor, product, dry_run, state, created_at, beat_at, ended_at, report
    FROM imports WHERE aggregate_id = $1 AND (created_at < $2 OR (created_at = $2 AND id < $3))
    ORDER BY created_at DESC, id DESC LIMIT $4";
const FORGET: &str = "DELETE FROM imports WHERE aggregate_id = $1 AND id NOT IN
    (SELECT id FROM imports WHERE aggregate_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2)";

/// How many imports of an organization are remembered. What they changed is in the ledger for ever.
pub const IMPORTS_KEPT: u32 = 200;

/// One import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its id, the cause of the entries that it wrote.
    pub id: String,
    /// Who asked for it, as in an entry.
    pub actor: String,
    /// The word of the product that the file comes from.
    pub product: String,
    /// Whether it is only tried.
    pub dry_run: bool,
    /// Where it stands.
    pub state: String,
    /// When it was asked for, microseconds since the Unix epoch (UTC).
    pub created_at_us: i64,
    /// When its process last said that it is at it, likewise.
    pub beat_at_us: i64,
    /// When it ended, likewise.
    pub ended_at_us: Option<i64>,
    /// What came of it so far, as JSON text.
    pub report: String,
}

impl Store {
    /// Adds an import, or says how far it has come.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn put_import(&self, aggregate_id: &str, one: &Import) -> Result<(), StoreError> {
        let (id, actor, product) = (one.id.as_str(), one.actor.as_str(), one.product.as_str());
        let (dry_run, state) = (i64::from(one.dry_run), one.state.as_str());
        let (created, beat, ended) = (one.created_at_us, one.beat_at_us, one.ended_at_us);
        let report = one.report.as_str();
        let params = params![aggregate_id, id, actor, product, dry_run, state, created, beat, ended, report];
        self.execute(PUT, params).await.map(drop)
    }

    /// Says that the import's process is at it still.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn beat_import(&self, aggregate_id: &str, id: &str, at_us: i64) -> Result<(), StoreError> {
        self.execute(BEAT, params![at_us, aggregate_id, id]).await.map(drop)
    }

    /// One import of an organization.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn import(&self, aggregate_id: &str, id: &str) -> Result<Option<Import>, StoreError> {
        self.one(ONE, params![aggregate_id, id], decode).await
    }

    /// The imports of an organization, newest first, at most `limit`, after the one that began then and has that id.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn imports(
        &self,
        aggregate_id: &str,
        after: Option<(i64, &str)>,
        limit: u32,
    ) -> Result<Vec<Import>, StoreError> {
        let (created, id) = after.unwrap_or((i64::MAX, ""));
        self.select(BEFORE, params![aggregate_id, created, id, i64::from(limit)], decode).await
    }

    /// Forgets all but the newest [`IMPORTS_KEPT`] of an organization. Answers how many.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn forget_imports(&self, aggregate_id: &str) -> Result<u64, StoreError> {
        self.execute(FORGET, params![aggregate_id, i64::from(IMPORTS_KEPT)]).await
    }
}

fn decode(row: &Cells) -> Result<Import, StoreError> {
    Ok(Import {
        id: row.text(0)?.to_owned(),
        actor: row.text(1)?.to_owned(),
        product: row.text(2)?.to_owned(),
        dry_run: row.int(3)? != 0,
        state: row.text(4)?.to_owned(),
        created_at_us: row.int(5)?,
        beat_at_us: row.int(6)?,
        ended_at_us: row.maybe_int(7)?,
        report: row.text(8)?.to_owned(),
    })
}

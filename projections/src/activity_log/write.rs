//! Putting a batch of rows into a version's table together with its checkpoint, or not at all.
//!
//! The checkpoint moves by compare-and-swap, so each entry counts exactly once however many followers there are.

use super::NAME;
use super::columns::{COLUMNS, to_cells};
use super::row::Row;
use super::tables::Names;
use crate::error::ProjectionError;
use crate::sql::{Bulk, Cell, Statement, Step, cells, names, transact};
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_ledger::entry::LedgerId;
use rollbook_ledger::store::Store;

/// Where a batch goes.
#[derive(Clone, Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) organization: OrganizationId,
    pub(crate) version: u32,
    /// Whether the version must be the live one; a rebuild writes one that is not.
    pub(crate) is_live: bool,
    /// The ledger that the rows come from.
    pub(crate) ledger: &'a LedgerId,
    /// The checkpoint before.
    pub(crate) from: u64,
    /// The checkpoint after.
    pub(crate) to: u64,
    /// For acts: the change ledger and the position that their labels come from; nobody may be further.
    pub(crate) folded: Option<(&'a LedgerId, u64)>,
    /// Entries at or before this position were pruned, and their rows go too.
    pub(crate) pruned: u64,
}

/// Writes a batch. Answers `false` if another follower was first, or the version is no longer the live one.
pub(crate) async fn write(store: &Store, batch: &Batch<'_>, rows: &[Row]) -> Result<bool, ProjectionError> {
    let names = Names::of(store);
    let mut steps = Vec::new();
    if batch.is_live {
        let sql =
            format!("SELECT version FROM {} WHERE name = $1 AND version = $2{}", names.live(), names.share());
        steps.push(Step::Holds(Statement::new(sql, cells![NAME, i64::from(batch.version)])));
    }
    steps.push(checkpoint(names, batch));
    steps.extend(batch.folded.map(|folded| nobody_is_further(names, batch.version, folded)));
    if batch.pruned > 0 {
        let table = names.table(batch.version);
        let sql = format!("DELETE FROM {table} WHERE organization = $1 AND ledger = 1 AND position <= $2");
        steps.push(Step::Runs(Statement::new(sql, cells![batch.organization.to_string(), batch.pruned])));
    }
    let rows = rows.iter().map(|row| to_cells(batch.organization, row)).collect();
    steps.push(Step::Inserts(bulk(names, batch, rows)));
    Ok(transact(store, steps).await?)
}

/// The rows as an upsert; a rebuild's are all new.
fn bulk(names: Names, batch: &Batch<'_>, rows: Vec<Vec<Cell>>) -> Bulk {
    let set = COLUMNS.iter().skip(3).map(|(name, _)| format!("{name} = excluded.{name}"));
    let set = set.collect::<Vec<_>>().join(", ");
    let tail = format!("ON CONFLICT (organization, ledger, position) DO UPDATE SET {set}");
    Bulk { table: names.table(batch.version), columns: COLUMNS, tail: batch.is_live.then_some(tail), rows }
}

/// Every column, for a SELECT that [`from_cells`](super::columns::from_cells) reads.
pub(crate) fn column_names() -> String {
    names(COLUMNS)
}

fn checkpoint(names: Names, batch: &Batch<'_>) -> Step {
    let (id, kind) = (batch.ledger.id.as_str(), batch.ledger.kind.as_str());
    let (table, version) = (names.checkpoints(), i64::from(batch.version));
    let (sql, params) = if batch.from == 0 {
        let sql = format!(
            "INSERT INTO {table} (aggregate_id, aggregate_type, name, version, position)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
        );
        (sql, cells![id, kind, NAME, version, batch.to])
    } else {
        let sql = format!(
            "UPDATE {table} SET position = $1
              WHERE aggregate_id = $2 AND aggregate_type = $3 AND name = $4 AND version = $5 AND position = $6"
        );
        (sql, cells![batch.to, id, kind, NAME, version, batch.from])
    };
    Step::Changes(Statement::new(sql, params))
}

/// Another follower may have seen a later change, an erasure say, that these rows' labels do not know of.
fn nobody_is_further(names: Names, version: u32, (ledger, position): (&LedgerId, u64)) -> Step {
    let sql = format!(
        "SELECT position FROM {} WHERE aggregate_id = $1 AND aggregate_type = $2 AND name = $3 AND version = $4
            AND position <= $5{}",
        names.checkpoints(),
        names.share()
    );
    let (id, kind) = (ledger.id.as_str(), ledger.kind.as_str());
    Step::Holds(Statement::new(sql, cells![id, kind, NAME, i64::from(version), position]))
}

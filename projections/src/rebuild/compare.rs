//! Whether two versions hold the same rows, as far as both are.

use crate::activity_log::columns::COLUMNS;
use crate::activity_log::tables::{Live, Names};
use crate::activity_log::write::column_names;
use crate::activity_log::{NAME, SHAPE};
use crate::error::ProjectionError;
use crate::sql::{Cell, Reading, Statement, cells, select};
use rollbook_ledger::entry::{LedgerId, LedgerKind};
use rollbook_ledger::store::Store;
use sha2::{Digest, Sha256};

/// Rows read at a time.
const PAGE: u64 = 2_000;
/// Times that a difference is looked at again: an erasure or pruning may have been under way.
const LOOKS: u32 = 3;

/// What was found.
pub(super) struct Compared {
    pub(super) rows: u64,
    pub(super) differs: Option<String>,
}

/// Compares what both versions have followed: rows where the shape is the same, else their number.
pub(super) async fn compare(store: &Store, live: Live, next: u32) -> Result<Compared, ProjectionError> {
    let mut compared = Compared { rows: 0, differs: None };
    for (kind, number) in [(LedgerKind::Organization, 0), (LedgerKind::Activity, 1)] {
        for head in store.heads(kind, None).await? {
            let mut looks = 1;
            loop {
                let (rows, differs) = one(store, live, next, (&head.ledger, number)).await?;
                if differs.is_some() && looks < LOOKS {
                    looks += 1;
                    continue;
                }
                compared.rows += rows;
                compared.differs = compared.differs.or(differs);
                break;
            }
        }
    }
    Ok(compared)
}

async fn one(
    store: &Store,
    live: Live,
    next: u32,
    (ledger, number): (&LedgerId, i64),
) -> Result<(u64, Option<String>), ProjectionError> {
    let was = store.checkpoint(NAME, live.version, ledger).await?;
    let to = was.min(store.checkpoint(NAME, next, ledger).await?);
    let (mut from, mut rows) = (store.head(ledger).await?.map_or(0, |head| head.pruned), 0);
    while from < to {
        let until = to.min(from + PAGE);
        let mut seen = Vec::new();
        for version in [live.version, next] {
            let sums = live.shape == SHAPE;
            seen.push(digest(store, version, sums, (ledger, number), from, until).await?);
        }
        if let [was, is] = seen.as_slice() {
            if was != is {
                let what = format!("{ledger}, between positions {} and {until}", from + 1);
                return Ok((rows, Some(what)));
            }
            rows += was.0;
        }
        from = until;
    }
    Ok((rows, None))
}

/// The number of rows at positions after `from` up to `until`, and a sum over all they hold.
async fn digest(
    store: &Store,
    version: u32,
    sums: bool,
    (ledger, number): (&LedgerId, i64),
    from: u64,
    until: u64,
) -> Result<(u64, [u8; 32]), ProjectionError> {
    let table = Names::of(store).table(version);
    let condition = "organization = $1 AND ledger = $2 AND position > $3 AND position <= $4";
    let params = cells![ledger.id.as_str(), number, from, until];
    if !sums {
        let sql = format!("SELECT count(*) FROM {table} WHERE {condition}");
        let row = select(store, Statement::new(sql, params)).await?.into_iter().next().unwrap_or_default();
        return Ok((Reading::new(row).count()?, [0; 32]));
    }
    let sql = format!("SELECT {} FROM {table} WHERE {condition} ORDER BY position", column_names());
    let found = select(store, Statement::new(sql, params)).await?;
    let mut sum = Sha256::new();
    for cell in found.iter().flat_map(|row| row.iter().take(COLUMNS.len())) {
        match cell {
            Cell::Null => sum.update([0]),
            Cell::Int(number) => sum.update(number.to_be_bytes()),
            Cell::Text(text) => {
                sum.update((text.len() as u64).to_be_bytes());
                sum.update(text);
            }
        }
    }
    Ok((found.len() as u64, sum.finalize().into()))
}

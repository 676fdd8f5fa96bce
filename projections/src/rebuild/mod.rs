//! Making the activity log anew beside the live one: fold from the first entry, load in bulk, index, catch up,
//! compare, and swap the pointer in one transaction.
//!
//! The live version goes on being followed and read meanwhile. What differs is not swapped unless that is asked for.
//! [`differences()`] only compares, and writes nothing.

mod compare;
mod differences;
mod load;

pub use differences::{Difference, differences, organizations};

use crate::activity_log::SHAPE;
use crate::activity_log::tables::{self, Live};
use crate::error::ProjectionError;
use load::Loading;
use rollbook_ledger::store::{Store, StoreError};
use std::time::Duration;

/// Times that the swap is tried while followers of the live version are ahead, or write.
const SWAPS_MAX: u32 = 100;

/// What a rebuild did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// The version that is live now.
    pub version: u32,
    /// How many rows it was built with.
    pub rows: u64,
    /// How many rows of the version before it were compared.
    pub compared: u64,
    /// The first difference, if there was one and it was swapped all the same.
    pub differs: Option<String>,
}

/// What to do if the new rows are not those that are live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDifference {
    /// Keep the live ones and say where they differ: somebody should look.
    Keep,
    /// Replace them all the same: the ledger is right.
    Replace,
}

/// Rebuilds the activity log of every organization of the database. `progress` is told how many entries of how many
/// are done.
///
/// # Errors
/// [`ProjectionError::Differs`]; [`ProjectionError::TakenOver`] if another rebuild began; else what the ledger or the
/// database says. The live version stays as it is then.
pub async fn rebuild(
    store: &Store,
    on_difference: OnDifference,
    progress: impl FnMut(u64, u64),
) -> Result<Rebuilt, ProjectionError> {
    let live = match tables::live(store).await? {
        Some(live) => live,
        None => tables::open(store).await?,
    };
    let next = live.version.max(live.building.unwrap_or(0)) + 1;
    tables::begin(store, live, next).await?;
    let made = make(store, live, next, on_difference, progress).await;
    if made.is_err() {
        // The first error is the one to tell; what is left is dropped by the next rebuild.
        let _left = tables::abandon(store, next).await;
    }
    made
}

async fn make(
    store: &Store,
    live: Live,
    next: u32,
    on_difference: OnDifference,
    progress: impl FnMut(u64, u64),
) -> Result<Rebuilt, ProjectionError> {
    let mut loading = Loading::new(store.clone(), next, progress);
    loading.catch_up().await?;
    tables::index(store, next).await?;
    loading.catch_up().await?;
    loading.explained()?;
    let compared = compare::compare(store, live, next).await?;
    if let (Some(what), OnDifference::Keep) = (&compared.differs, on_difference) {
        return Err(ProjectionError::Differs(what.clone()));
    }
    for attempt in 0..SWAPS_MAX {
        loading.catch_up().await?;
        match tables::swap(store, Live { shape: SHAPE, ..live }, next).await {
            Ok(true) => {
                let (rows, differs) = (loading.rows(), compared.differs);
                return Ok(Rebuilt { version: next, rows, compared: compared.rows, differs });
            }
            Ok(false) => {}
            Err(ProjectionError::Store(StoreError::Unavailable(_))) => {
                tokio::time::sleep(Duration::from_millis(20 * u64::from(attempt.min(10)))).await;
            }
            Err(error) => return Err(error),
        }
    }
    Err(StoreError::Unavailable("followers of the live version were always ahead".to_owned()).into())
}

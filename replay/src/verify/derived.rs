//! The hook for whatever is derived from a ledger: projections and snapshots say here whether they equal a replay.

use rollbook_domain::organization::state::Organization;
use rollbook_ledger::entry::LedgerId;
use rollbook_ledger::store::{Store, StoreError};
use std::future::Future;
use std::pin::Pin;

/// Each difference that was found, in a sentence without personal values.
pub type Checked<'a> = Pin<Box<dyn Future<Output = Result<Vec<String>, StoreError>> + Send + 'a>>;

/// Something that can be dropped and built again from a ledger.
pub trait Derived: Send + Sync {
    /// What it is called in findings.
    fn name(&self) -> &str;

    /// Compares what is stored for `ledger` with what its rows up to `position` make. `organization` is the state
    /// folded up to there; none for the other kinds of ledger, and where rows cannot be read.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read; a difference is no error.
    fn check<'a>(
        &'a self,
        store: &'a Store,
        ledger: &'a LedgerId,
        position: u64,
        organization: Option<&'a Organization>,
    ) -> Checked<'a>;
}

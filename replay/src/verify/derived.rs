//! The hook for whatever is derived from a ledger: projections say here whether they equal a replay.

use rollbook_domain::organization::state::Organization;
use rollbook_ledger::entry::LedgerId;
use rollbook_ledger::store::{Store, StoreError};
use std::future::Future;
use std::pin::Pin;

/// One thing derived that is not what the ledger makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The ledger that it is derived from.
    pub ledger: LedgerId,
    /// The entry that it is of, where there is one.
    pub position: Option<u64>,
    /// A sentence without personal values.
    pub what: String,
}

/// Each difference that was found.
pub type Checked<'a> = Pin<Box<dyn Future<Output = Result<Vec<Difference>, StoreError>> + Send + 'a>>;

/// Ids of organizations.
pub type Named<'a> = Pin<Box<dyn Future<Output = Result<Vec<String>, StoreError>> + Send + 'a>>;

/// Something that can be dropped and built again from the ledgers.
pub trait Derived: Send + Sync {
    /// What it is called in findings.
    fn name(&self) -> &str;

    /// Compares what is stored of an organization with what its ledgers make. `organization` is its state as far as
    /// its entries were read; it is not asked about one whose entries cannot be.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read; a difference is no error.
    fn check<'a>(&'a self, store: &'a Store, organization: &'a Organization) -> Checked<'a>;

    /// The ids of the organizations of which anything is stored.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    fn organizations<'a>(&'a self, store: &'a Store) -> Named<'a>;
}

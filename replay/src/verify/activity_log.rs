//! The rows of the activity log against a replay of the entries that they were made of.

use super::derived::{Checked, Derived, Difference, Named};
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::store::{ReadError, Store, StoreError};
use rollbook_ledger::writer::ledger_of;
use rollbook_projections::ProjectionError;
use rollbook_projections::rebuild;

/// The activity log.
#[derive(Clone, Copy, Debug, Default)]
pub struct ActivityLog;

impl Derived for ActivityLog {
    fn name(&self) -> &str {
        "activity log"
    }

    fn check<'a>(&'a self, store: &'a Store, organization: &'a Organization) -> Checked<'a> {
        Box::pin(async move {
            match rebuild::differences(store, organization).await {
                Ok(found) => Ok(found.into_iter().map(told).collect()),
                Err(error) => {
                    let what = format!("it could not be compared: {error}");
                    let ledger = ledger_of(organization.id);
                    outage(error).map_or(Ok(vec![Difference { ledger, position: None, what }]), Err)
                }
            }
        })
    }

    fn organizations<'a>(&'a self, store: &'a Store) -> Named<'a> {
        Box::pin(async move {
            match rebuild::organizations(store).await {
                Ok(ids) => Ok(ids),
                // Whoever compares an organization's rows tells it.
                Err(error) => outage(error).map_or(Ok(Vec::new()), Err),
            }
        })
    }
}

fn told(found: rebuild::Difference) -> Difference {
    Difference { ledger: found.ledger, position: found.position, what: found.what }
}

/// An error that ends the verification: the database does not answer. All other errors are findings.
fn outage(error: ProjectionError) -> Option<StoreError> {
    match error {
        ProjectionError::Store(error) | ProjectionError::Read(ReadError::Store(error)) => {
            matches!(error, StoreError::Unavailable(_) | StoreError::InDoubt(_)).then_some(error)
        }
        _ => None,
    }
}

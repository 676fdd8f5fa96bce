//! Reading what other processes appended.

use super::WriteError;
use super::load::{self, Loaded, ledger_of};
use crate::store::{ReadError, Store, StoreError};

/// Folds in everything up to the head. Says whether there was anything.
///
/// # Errors
/// `Stopped` if the database is behind what is known here (a restore, a failover to a stale replica) or the
/// ledger cannot be read; `Unavailable` if the database cannot be reached.
pub(super) async fn catch_up(store: &Store, loaded: &mut Loaded) -> Result<bool, WriteError> {
    let known = loaded.organization.position;
    let head = store.head(&ledger_of(loaded.organization.id)).await.map_err(read)?;
    let position = head.map_or(0, |head| head.position);
    if position < known {
        return Err(WriteError::Stopped(format!(
            "the database is at position {position}, behind {known} which was acknowledged here"
        )));
    }
    if position > known {
        // On a clone: what was read halfway and not judged must not be published.
        let mut next = loaded.clone();
        load::tail(store, &mut next, position).await.map_err(loading)?;
        *loaded = next;
    }
    Ok(position > known)
}

fn loading(error: super::LoadError) -> WriteError {
    match error {
        super::LoadError::Read(error) => read(error),
        error @ (super::LoadError::Decode(_) | super::LoadError::Lost(_) | super::LoadError::Absent) => {
            WriteError::Stopped(error.to_string())
        }
    }
}

pub(super) fn read(error: ReadError) -> WriteError {
    match error {
        ReadError::Store(StoreError::Unavailable(what) | StoreError::InDoubt(what)) => {
            WriteError::Unavailable(what)
        }
        error => WriteError::Stopped(error.to_string()),
    }
}

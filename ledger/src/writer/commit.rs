//! Appending a batch until it is known what became of it.

use super::load::{self, ledger_of};
use super::{Idempotency, WriteError};
use crate::store::{AppendError, Batch, Command as Remembered, Held, Store};
use rollbook_domain::kernel::id::OrganizationId;
use std::sync::Arc;
use std::time::Duration;

/// How often a batch whose outcome is unknown is tried again before its callers are told to retry.
const IN_DOUBT_TRIES: u32 = 60;
/// How often a database that is not there is tried again at once.
const UNAVAILABLE_TRIES: u32 = 3;

/// What became of a batch.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is durable.
    Done,
    /// Another writer was first: catch up and decide again.
    Conflict,
    /// One of its keys is stored already.
    Duplicate,
}

/// Appends `batch`, to a head that is held if there is one; in doubt, appends the same batch again until the database
/// says whose rows are there.
pub(crate) async fn commit(
    store: &Store,
    batch: &Arc<Batch>,
    mut held: Option<Held>,
) -> Result<Outcome, WriteError> {
    let mut in_doubt = false;
    for attempt in 0..IN_DOUBT_TRIES {
        let appended = match held.take() {
            Some(held) => held.append(Arc::clone(batch)).await,
            None => store.append(Arc::clone(batch)).await,
        };
        match appended {
            Ok(_) => return Ok(Outcome::Done),
            Err(AppendError::Conflict | AppendError::Duplicate { .. })
                if in_doubt && is_ours(store, batch).await? =>
            {
                return Ok(Outcome::Done);
            }
            Err(AppendError::Conflict) => return Ok(Outcome::Conflict),
            Err(AppendError::Duplicate { .. }) => return Ok(Outcome::Duplicate),
            Err(AppendError::InDoubt(what)) => {
                tracing::warn!(%what, attempt, "the answer to an append was lost; asking what became of it");
                metrics::counter!("rollbook_in_doubt_total").increment(1);
                in_doubt = true;
            }
            // A refusal says nothing of the try before it, whose answer was lost.
            Err(AppendError::Unavailable(what) | AppendError::Refused(what)) if in_doubt => {
                tracing::warn!(%what, attempt, "it is not known yet what became of an append; trying again");
            }
            Err(AppendError::Unavailable(what)) if attempt < UNAVAILABLE_TRIES => {
                tracing::warn!(%what, attempt, "the database is not available; trying again");
            }
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(pause(attempt)).await;
    }
    Err(unknown())
}

/// Nobody may be answered "not written" now, and nothing may be decided on top: the writer ends.
fn unknown() -> WriteError {
    WriteError::Stopped("the outcome of an append stayed unknown; the ledger will be read anew".to_owned())
}

/// 10 ms at first, doubling to half a second.
pub(super) fn pause(attempt: u32) -> Duration {
    Duration::from_millis(10_u64.saturating_mul(1 << attempt.min(6)).min(500))
}

/// Whether the rows where this batch belongs carry its id.
async fn is_ours(store: &Store, batch: &Batch) -> Result<bool, WriteError> {
    for attempt in 0..IN_DOUBT_TRIES {
        match store
            .batch_at(&batch.ledger, batch.expected + 1)
            .await
            .map_err(|error| load::reading(error.into()))
        {
            Ok(found) => return Ok(found == Some(batch.batch)),
            Err(WriteError::Unavailable(_)) => tokio::time::sleep(pause(attempt)).await,
            Err(error) => return Err(error),
        }
    }
    Err(unknown())
}

/// What was remembered under an idempotency key.
///
/// # Errors
/// [`WriteError::KeyReused`] if it was used for something else.
pub(super) async fn remembered(
    store: &Store,
    id: OrganizationId,
    idempotency: &Idempotency,
) -> Result<Option<Remembered>, WriteError> {
    let Idempotency { actor, key, digest, .. } = idempotency;
    recalled(store, id, (actor, key), digest).await
}

/// The same for an actor's key and a digest.
pub(super) async fn recalled(
    store: &Store,
    id: OrganizationId,
    (actor, key): (&str, &str),
    digest: &[u8; 32],
) -> Result<Option<Remembered>, WriteError> {
    let found = store.command(&ledger_of(id).id, actor, key).await;
    match found.map_err(|error| WriteError::Unavailable(error.to_string()))? {
        Some(remembered) if remembered.digest != *digest => Err(WriteError::KeyReused),
        found => Ok(found),
    }
}

//! A page of a ledger, folded off the async threads.

use crate::activity_log::Row;
use crate::activity_log::fold::{self, Erasure, Labels};
use crate::error::ProjectionError;
use rollbook_ledger::codec::{self, Missing};
use rollbook_ledger::entry::LedgerId;
use rollbook_ledger::store::{Store, StoreError, Stored};

/// What came of a page.
pub(crate) struct Folded {
    /// The labels after it.
    pub(crate) labels: Labels,
    /// Its rows; what erasures in it take away is taken away.
    pub(crate) rows: Vec<Row>,
    /// Erasures to be made in earlier rows.
    pub(crate) erasures: Vec<Erasure>,
    /// Personal values that must be explained by an erasure.
    pub(crate) missing: Vec<Missing>,
}

/// Folds changes that follow `labels`.
pub(crate) async fn changes(labels: Labels, stored: Vec<Stored>) -> Result<Folded, ProjectionError> {
    let rows = Vec::with_capacity(stored.len());
    let mut folded = Folded { labels, rows, erasures: Vec::new(), missing: Vec::new() };
    blocking(move || {
        for stored in stored {
            let mut decoded = codec::decode(stored)?;
            folded.missing.append(&mut decoded.missing);
            if let Some(erasure) = fold::erasure(&decoded.event) {
                folded.rows.iter_mut().for_each(|row| row.redact(erasure.person, erasure.authored));
                folded.erasures.push(erasure);
            }
            folded.rows.push(fold::fold(&mut folded.labels, decoded)?);
        }
        Ok(folded)
    })
    .await
}

/// Says what the rows of acts are. The labels must be known from `needed` on; answers `None` if they are not.
pub(crate) async fn acts(labels: Labels, stored: Vec<Stored>) -> Result<Option<Folded>, ProjectionError> {
    let mut folded = Folded { labels, rows: Vec::new(), erasures: Vec::new(), missing: Vec::new() };
    blocking(move || {
        for stored in stored {
            let mut revealed = codec::reveal(stored)?;
            if fold::judged_at(&revealed) < folded.labels.since() {
                return Ok(None);
            }
            folded.missing.append(&mut revealed.missing);
            folded.rows.push(fold::act(&folded.labels, revealed)?);
        }
        Ok(Some(folded))
    })
    .await
}

/// Folds changes in up to `to`, making no rows.
pub(crate) async fn advance(
    store: &Store,
    ledger: &LedgerId,
    mut labels: Labels,
    to: u64,
) -> Result<Labels, ProjectionError> {
    let mut pages = store.stream(ledger, labels.position() + 1, to);
    while let Some(stored) = pages.next().await? {
        labels = blocking(move || {
            for stored in stored {
                fold::skip(&mut labels, &codec::decode(stored)?)?;
            }
            Ok(labels)
        })
        .await?;
    }
    Ok(labels)
}

async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, ProjectionError> + Send + 'static,
) -> Result<T, ProjectionError> {
    let ended = |_| Err(StoreError::Unavailable("the folding thread ended".to_owned()).into());
    tokio::task::spawn_blocking(job).await.unwrap_or_else(ended)
}

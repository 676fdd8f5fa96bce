//! Where a ledger's rows begin: at 1, or after the pruned part of an activity ledger with the tree over that part, which
//! the newest entry that prunes keeps.
//!
//! A head that says what no entry says is believed in nothing: the rows are then looked for from 1 on.

use super::finding::{Findings, Kind};
use super::head;
use rollbook_ledger::activity::{PrunedPartError, pruned_part};
use rollbook_ledger::entry::{Frontier, LedgerKind};
use rollbook_ledger::store::{Head, HeadMark, ReadError, Store, StoreError};

/// Where to begin.
pub(super) struct Start {
    /// The head that was read; none where its tree cannot be read.
    pub(super) head: Option<Head>,
    /// The tree over what was pruned.
    pub(super) frontier: Frontier,
}

/// Reads the head and finds where the rows begin; what is wrong with the pruned part is told.
pub(super) async fn start(
    store: &Store,
    mark: &HeadMark,
    findings: &mut Findings,
) -> Result<Start, StoreError> {
    let mut head = head::read(store, mark).await?;
    loop {
        let Some(found) = &head else { return Ok(Start { head, frontier: Frontier::new() }) };
        match frontier(store, found).await? {
            Ok(frontier) => {
                rows_before(store, found, findings).await?;
                return Ok(Start { head, frontier });
            }
            Err(what) => {
                // More may have gone since, and the entry that said so with it.
                let again = head::read(store, mark).await?;
                if again.as_ref().map(|head| head.pruned) == Some(found.pruned) {
                    findings.add(&mark.ledger, None, Kind::Pruned, what);
                    return Ok(Start { head: again, frontier: Frontier::new() });
                }
                head = again;
            }
        }
    }
}

/// Whether more was pruned since, from this position on.
pub(super) async fn is_gone(
    store: &Store,
    mark: &HeadMark,
    known: Option<&Head>,
    from: u64,
) -> Result<bool, StoreError> {
    if mark.ledger.kind != LedgerKind::Activity {
        return Ok(false);
    }
    let known = known.map_or(0, |head| head.pruned);
    let head = head::read(store, mark).await?;
    Ok(head.is_some_and(|head| head.pruned > known && head.pruned >= from))
}

/// The tree over the pruned part, or why it is not known.
async fn frontier(store: &Store, head: &Head) -> Result<Result<Frontier, String>, StoreError> {
    let pruned = head.pruned;
    if pruned == 0 {
        return Ok(Ok(Frontier::new()));
    }
    if head.ledger.kind != LedgerKind::Activity {
        return Ok(Err(format!("only activity is pruned, but the head says that all up to {pruned} is")));
    }
    if pruned >= head.position {
        return Ok(Err(format!(
            "the head is at {}, but says that all up to {pruned} is pruned",
            head.position
        )));
    }
    Ok(match pruned_part(store, &head.ledger).await {
        Ok(Some(part)) if part.last == pruned => Ok(part.frontier),
        Ok(Some(part)) => Err(format!(
            "the head says that all up to {pruned} is pruned, the entry at {} says up to {}",
            part.said_at, part.last
        )),
        Ok(None) => {
            Err(format!("the head says that all up to {pruned} is pruned, but no entry that is left says so"))
        }
        Err(PrunedPartError::Read(ReadError::Store(error))) => return Err(error),
        Err(error) => {
            Err(format!("the entry that says that all up to {pruned} is pruned cannot be read: {error}"))
        }
    })
}

async fn rows_before(store: &Store, head: &Head, findings: &mut Findings) -> Result<(), StoreError> {
    if head.pruned == 0 {
        return Ok(());
    }
    let first = store.first_position(&head.ledger).await?;
    if let Some(first) = first.filter(|first| *first <= head.pruned) {
        let what = format!("a row lies here, although all up to {} is pruned", head.pruned);
        findings.add(&head.ledger, Some(first), Kind::Pruned, what);
    }
    Ok(())
}

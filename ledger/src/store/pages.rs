//! Reading a ledger from here to there, page by page, the next page being read while this one is used.
//!
//! Pages instead of one long statement: no transaction stays open as long as the reader is slow. It never
//! ends early without an error.

use tokio::task::JoinHandle;

use super::select::{Selection, contiguous};
use super::{ReadError, Store, StoreError, Stored};
use crate::entry::LedgerId;

/// Rows a page: large enough that round trips do not count. Two pages of the largest entries are 260 MB, of
/// typical ones 4 MB.
const PAGE_ROWS: u32 = 2_000;

/// Rows of one ledger on their way. Dropping it stops the reading.
#[derive(Debug)]
pub struct Pages {
    store: Store,
    ledger: LedgerId,
    /// The position that the next page must start with.
    next: u64,
    to: u64,
    ahead: Option<JoinHandle<Result<Vec<Stored>, ReadError>>>,
}

impl Store {
    /// Reads positions `from ..= to` (from 1 at least). Must be called within a Tokio runtime.
    #[must_use]
    pub fn stream(&self, ledger: &LedgerId, from: u64, to: u64) -> Pages {
        let next = from.max(1);
        let mut pages = Pages { store: self.clone(), ledger: ledger.clone(), next, to, ahead: None };
        pages.read_ahead(next);
        pages
    }
}

impl Pages {
    /// The next rows in order, at least one; nothing after the last row that was asked for.
    ///
    /// # Errors
    /// `Gap` with the first missing position, be it a hole or the end of the ledger before `to`; `Corrupt`
    /// for a row that does not hash to its leaf. After an error there is nothing more.
    pub async fn next(&mut self) -> Result<Option<Vec<Stored>>, ReadError> {
        let Some(ahead) = self.ahead.take() else { return Ok(None) };
        let ended = |_| Err(StoreError::Unavailable("the reading task ended".to_owned()).into());
        let rows = ahead.await.unwrap_or_else(ended)?;
        let next = contiguous(&self.ledger, self.next, rows.iter().map(|row| row.entry.position))?;
        if next == self.next {
            return Err(ReadError::Gap { ledger: self.ledger.clone(), position: next });
        }
        self.next = next;
        self.read_ahead(next);
        Ok(Some(rows))
    }

    /// Gives each page to `each`, to the end.
    ///
    /// # Errors
    /// As [`Self::next`], and whatever `each` answers.
    pub async fn for_each<E: From<ReadError>>(
        mut self,
        mut each: impl FnMut(Vec<Stored>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(rows) = self.next().await? {
            each(rows)?;
        }
        Ok(())
    }

    fn read_ahead(&mut self, from: u64) {
        if from > self.to {
            return;
        }
        let (store, to) = (self.store.clone(), self.to);
        let selection = Selection::Range { ledger: self.ledger.clone(), from, to, limit: PAGE_ROWS };
        self.ahead = Some(tokio::spawn(async move { store.joined(selection).await }));
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if let Some(ahead) = self.ahead.take() {
            ahead.abort();
        }
    }
}

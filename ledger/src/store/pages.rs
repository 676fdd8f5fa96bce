//! Reading a ledger from here to there, page by page, the next pages being read while this one is used.
//!
//! Pages instead of one long statement: no transaction stays open as long as the reader is slow. It never
//! ends early without an error.

use std::collections::VecDeque;
use tokio::task::JoinHandle;

use super::row::Joined;
use super::select::{Selection, contiguous};
use super::{Checked, ReadError, Store, StoreError, Stored};
use crate::entry::LedgerId;

/// Rows a page: large enough that round trips do not count. Three pages of the largest entries are 200 MB, of
/// typical ones 3 MB.
const PAGE_ROWS: u32 = 1_000;
/// Pages on their way while one is used: the database finds the rows of one while those of another are checked.
const PAGES_AHEAD: usize = 2;

/// Rows of one ledger on their way. Dropping it stops the reading.
#[derive(Debug)]
pub struct Pages(Ahead<Stored>);

/// The same of rows that are not taken apart. Dropping it stops the reading.
#[derive(Debug)]
pub struct CheckedPages(Ahead<Checked>);

#[derive(Debug)]
struct Ahead<T> {
    store: Store,
    ledger: LedgerId,
    /// The position that the next page must start with.
    next: u64,
    /// The position that the next page to be asked for starts with.
    ask: u64,
    to: u64,
    ahead: VecDeque<JoinHandle<Result<Vec<T>, ReadError>>>,
}

impl Store {
    /// Reads positions `from ..= to` (from 1 at least). Must be called within a Tokio runtime.
    #[must_use]
    pub fn stream(&self, ledger: &LedgerId, from: u64, to: u64) -> Pages {
        Pages(Ahead::start(self, ledger, from, to))
    }

    /// The same for a fold, which needs less of each row: several times as fast.
    #[must_use]
    pub fn stream_checked(&self, ledger: &LedgerId, from: u64, to: u64) -> CheckedPages {
        CheckedPages(Ahead::start(self, ledger, from, to))
    }
}

impl Pages {
    /// The next rows in order, at least one; nothing after the last row that was asked for.
    ///
    /// # Errors
    /// `Gap` with the first missing position, be it a hole or the end of the ledger before `to`; `Corrupt`
    /// for a row that does not hash to its leaf. After an error there is nothing more.
    pub async fn next(&mut self) -> Result<Option<Vec<Stored>>, ReadError> {
        self.0.next().await
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
}

impl CheckedPages {
    /// As [`Pages::next`].
    ///
    /// # Errors
    /// As [`Pages::next`].
    pub async fn next(&mut self) -> Result<Option<Vec<Checked>>, ReadError> {
        self.0.next().await
    }
}

impl<T: Joined> Ahead<T> {
    fn start(store: &Store, ledger: &LedgerId, from: u64, to: u64) -> Self {
        let (store, ledger, next) = (store.clone(), ledger.clone(), from.max(1));
        let mut pages = Self { store, ledger, next, ask: next, to, ahead: VecDeque::new() };
        pages.read_ahead();
        pages
    }

    async fn next(&mut self) -> Result<Option<Vec<T>>, ReadError> {
        let Some(ahead) = self.ahead.pop_front() else { return Ok(None) };
        let ended = |_| Err(StoreError::Unavailable("the reading task ended".to_owned()).into());
        let page = ahead.await.unwrap_or_else(ended).and_then(|rows| self.follows(rows));
        match page {
            Ok(rows) => {
                self.read_ahead();
                Ok(Some(rows))
            }
            Err(error) => {
                self.stop();
                Err(error)
            }
        }
    }

    /// Makes sure that the rows are those after the rows before: a page that ends early is an error.
    fn follows(&mut self, rows: Vec<T>) -> Result<Vec<T>, ReadError> {
        let next = contiguous(&self.ledger, self.next, rows.iter().map(Joined::position))?;
        let wanted = self.next.saturating_add(u64::from(PAGE_ROWS)).min(self.to.saturating_add(1));
        if next != wanted {
            return Err(ReadError::Gap { ledger: self.ledger.clone(), position: next });
        }
        self.next = next;
        Ok(rows)
    }

    fn read_ahead(&mut self) {
        while self.ask <= self.to && self.ahead.len() < PAGES_AHEAD {
            let (store, from, to) = (self.store.clone(), self.ask, self.to);
            let selection = Selection::Range { ledger: self.ledger.clone(), from, to, limit: PAGE_ROWS };
            self.ahead.push_back(tokio::spawn(async move { store.joined(selection).await }));
            self.ask = from.saturating_add(u64::from(PAGE_ROWS));
        }
    }
}

impl<T> Ahead<T> {
    fn stop(&mut self) {
        self.ahead.drain(..).for_each(|ahead| ahead.abort());
    }
}

impl<T> Drop for Ahead<T> {
    fn drop(&mut self) {
        self.stop();
    }
}

//! The history of one entity, newest first: what happened to it and what each event made of it.
//!
//! Sentences are the projections' business: an item carries the decoded event and its changes, from which they
//! are made. Events that merely name the entity (a group's new member) are in its history too.

use crate::read;
use rollbook_domain::kernel::change::Change;
use rollbook_domain::kernel::id::Subject;
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::codec::Decoded;
use rollbook_ledger::store::Store;
use rollbook_ledger::writer::{LoadError, ledger_of};
use std::fmt;
use std::str::FromStr;

/// Most items of one page.
pub const PAGE_MAX: u32 = 200;

/// One event of an entity's history.
#[derive(Clone, Debug)]
pub struct Item {
    /// The event with position, time, batch and metadata (actor, reason, ticket, channel, authority …).
    pub entry: Decoded,
    /// The entity's version after it: how many events were about the entity itself until then. An event that
    /// merely names the entity carries the version that it had.
    pub version: u64,
    /// What it changed, personal values as text or `[erased]`.
    pub changes: Vec<Change>,
}

/// Some of a history, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// At most [`PAGE_MAX`].
    pub items: Vec<Item>,
    /// Where the next page begins; none after the oldest item.
    pub next: Option<Cursor>,
}

/// Where a page begins: before a position, at which the entity has had so many events of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Items of the page have smaller positions.
    pub before: u64,
    /// The entity's version just before that position.
    pub version: u64,
}

impl fmt::Display for Cursor {
    /// `<before>-<version>`, opaque to callers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.before, self.version)
    }
}

/// A text that is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no cursor that a history gave")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let (before, version) = text.split_once('-').ok_or(BadCursor)?;
        let number = |text: &str| text.parse().map_err(|_| BadCursor);
        Ok(Self { before: number(before)?, version: number(version)? })
    }
}

/// Why there is no history.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HistoryError {
    /// There is no such entity at the newest position known.
    #[error("there is no such entity")]
    NotThere,
    /// The ledger cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// A page of `subject`'s history up to the position of `now`, the newest organization known; at most `limit` items
/// (and at most [`PAGE_MAX`]), starting at `cursor`.
///
/// # Errors
/// [`HistoryError`].
pub async fn page(
    store: &Store,
    now: &Organization,
    subject: Subject,
    cursor: Option<Cursor>,
    limit: u32,
) -> Result<Page, HistoryError> {
    let start = match cursor {
        Some(cursor) => cursor,
        None => {
            let (_, version) = now.changed(subject).ok_or(HistoryError::NotThere)?;
            Cursor { before: now.position + 1, version }
        }
    };
    let limit = limit.clamp(1, PAGE_MAX);
    let before = start.before.min(now.position + 1);
    let (ledger, named) = (ledger_of(now.id), read::stored(subject));
    let found = store.positions_of(&ledger, &named, Some(before), limit + 1).await;
    let mut positions = found.map_err(|error| LoadError::Read(error.into()))?;
    let more = positions.len() > limit as usize;
    positions.truncate(limit as usize);
    let entries = read::at_positions(store, now, &positions).await?;
    let mut version = start.version;
    let mut items = Vec::with_capacity(entries.len());
    for entry in entries.into_iter().rev() {
        let own = entry.event.subject() == subject;
        let changes = entry.event.changes().into_iter().map(Change::plain).collect();
        items.push(Item { entry, version, changes });
        version = version.saturating_sub(u64::from(own));
    }
    let next = items.last().filter(|_| more).map(|last| Cursor { before: last.entry.position, version });
    Ok(Page { items, next })
}

//! What can go wrong with the database, sorted by what the caller must do about it.
//!
//! Messages are for operators. They never hold a stored value: of refused data only code and constraint.

use crate::entry::LedgerId;

/// Why a statement outside the append and the ledger reads failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is too busy, full or read-only, or does not permit it; nothing has changed. Try
    /// again later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The answer was lost: the statement may have taken effect. Read before repeating.
    #[error("the database's answer was lost: {0}")]
    InDoubt(String),
    /// The database said no. Repeating it will not help.
    #[error("the database refused: {0}")]
    Refused(String),
    /// A guard of the schema said no: something tries to change history.
    #[error("a guard of the ledger refused: {0}")]
    Guard(String),
    /// A stored value is not of the shape this release writes.
    #[error("column {column} of a stored row cannot be read")]
    Unreadable {
        /// The column, counted from 0 in the statement.
        column: usize,
    },
    /// The database cannot hold a ledger, for example because its encoding is not UTF8.
    #[error("the database is not suitable: {0}")]
    Unsuitable(String),
}

/// Why migrating or granting failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// The tables were written by a newer release.
    #[error("the database has format {found}, this release knows formats up to {known}")]
    Newer {
        /// The format in the database.
        found: u32,
        /// The newest format that this release knows.
        known: u32,
    },
    /// A role name that is not 1 to 63 of `a-z`, `0-9` and `_`, starting with a letter.
    #[error("a role name is 1 to 63 lower-case letters, digits and underscores, starting with a letter")]
    RoleName,
    /// SQLite has no roles.
    #[error("only postgresql has roles to grant to")]
    NoRoles,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a ledger could not be read. A read never ends early without one of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A position that was asked for does not exist.
    #[error("ledger {ledger} has no row at position {position}")]
    Gap {
        /// The ledger.
        ledger: LedgerId,
        /// The first missing position.
        position: u64,
    },
    /// A row is not what was sealed or cannot be decoded.
    #[error("ledger {ledger} is corrupt at position {position}: {what}")]
    Corrupt {
        /// The ledger.
        ledger: LedgerId,
        /// The position of the row, 0 for the head.
        position: u64,
        /// What is wrong, without the value.
        what: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an append did not answer "done".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Another writer was first, or the database wants the transaction again. Nothing was written: catch up,
    /// decide again, append again.
    #[error("another writer moved the head")]
    Conflict,
    /// A command with this key was stored already. Nothing was written: answer with the stored command.
    #[error("the command key was used before")]
    Duplicate {
        /// Whose key it is.
        actor: String,
        /// The idempotency key.
        key: String,
    },
    /// A guard refused. Nothing was written, and the writer must stop: it does not know what it writes to.
    #[error("a guard of the ledger refused: {0}")]
    Guard(String),
    /// The database is damaged, or not all in it was written by appends. The writer must stop: whether its rows can be
    /// read is not known.
    #[error("the database is damaged: {0}; keep a copy of it and restore a backup")]
    Damaged(String),
    /// Definitely not written, and the same batch will fail again: malformed.
    #[error("the batch was refused: {0}")]
    Refused(String),
    /// The answer was lost: the batch may be written. Append the same batch again and compare batch ids.
    #[error("the outcome of the append is unknown: {0}")]
    InDoubt(String),
    /// Definitely not written because the database could not be reached, was busy, full or read-only, or does not permit
    /// it; try again later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
}

impl AppendError {
    /// A row of `table` is there already at a position that was not appended yet.
    pub(super) fn beyond(table: &str) -> Self {
        Self::Damaged(format!("rows of `{table}` lie beyond the head, which `rollbook verify` names"))
    }
}

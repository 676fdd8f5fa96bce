//! What can go wrong with what is derived, sorted by what the caller must do about it.

use rollbook_ledger::codec::{DecodeFailure, Missing};
use rollbook_ledger::store::{ReadError, StoreError};
use rollbook_ledger::writer::{LoadError, WriteError};

/// Why something derived could not be made or read. Messages hold no stored value.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A row of the ledger is nothing that this release can stand for.
    #[error(transparent)]
    Decode(#[from] DecodeFailure),
    /// An entry of the activity ledger has a name that this release does not know.
    #[error("at position {position}: activity `{name}` is not known to this release")]
    UnknownActivity {
        /// Its position in the activity ledger.
        position: u64,
        /// Its stored name.
        name: String,
    },
    /// An entry does not follow what was folded before it.
    #[error("position {found} does not follow position {known}")]
    Order {
        /// The last position folded.
        known: u64,
        /// The position that came.
        found: u64,
    },
    /// A personal value is gone and nobody asked that it be erased.
    #[error("at position {}: a personal value is gone that nobody asked to erase", .0.position)]
    Lost(Missing),
    /// The writer of the organization has ended or cannot read the ledger.
    #[error("the organization's writer does not answer: {0}")]
    Writer(String),
    /// A row of a projection's table is not of the shape that this release writes.
    #[error("a stored row of the activity log cannot be read; rebuild it")]
    Unreadable,
    /// The live table is of another shape than this release writes.
    #[error("the activity log has shape {found}, this release writes {known}; rebuild it")]
    Shape {
        /// The shape of the live table.
        found: i64,
        /// The shape that this release writes.
        known: i64,
    },
    /// A rebuild does not equal what is live.
    #[error("the rebuilt activity log differs from the live one: {0}; nothing was replaced")]
    Differs(String),
    /// Another rebuild began since.
    #[error("another rebuild took over")]
    TakenOver,
    /// A filter or cursor is not well formed.
    #[error("`{field}`: {detail}")]
    Filter {
        /// The query's member.
        field: &'static str,
        /// What is wrong, never repeating the value.
        detail: &'static str,
    },
}

impl ProjectionError {
    /// Whether trying again later may help, so that a follower need not stop.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Unavailable(_) | StoreError::InDoubt(_))
                | Self::Read(ReadError::Store(StoreError::Unavailable(_) | StoreError::InDoubt(_)))
        )
    }
}

impl From<LoadError> for ProjectionError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Read(error) => Self::Read(error),
            LoadError::Decode(error) => Self::Decode(error),
            LoadError::Lost(missing) => Self::Lost(missing),
            error @ (LoadError::Absent
            | LoadError::Behind { .. }
            | LoadError::Forked { .. }
            | LoadError::Beyond { .. }
            | LoadError::Newer { .. }) => Self::Writer(error.to_string()),
        }
    }
}

impl From<WriteError> for ProjectionError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Unavailable(what) => Self::Store(StoreError::Unavailable(what)),
            WriteError::Busy => Self::Store(StoreError::Unavailable("the writer is busy".to_owned())),
            error @ (WriteError::Stopped(_)
            | WriteError::Rejected(_)
            | WriteError::KeyReused
            | WriteError::Moved
            | WriteError::ClockSkew { .. }
            | WriteError::Panicked { .. }
            | WriteError::NotStorable(_)) => Self::Writer(error.to_string()),
        }
    }
}

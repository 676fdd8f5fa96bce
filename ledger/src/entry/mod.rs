//! The entry: one event as the one JSON object that is hashed, and the tree over such hashes.
//!
//! Not here: what an event means, what is personal in it, and where it is stored.

mod check;
mod frontier;
mod sealed;

use std::collections::BTreeMap;
use std::fmt;

pub use frontier::{Frontier, FrontierError, HASHES_MAX, Hash, leaf_hash, node_hash};
pub use sealed::{Columns, Sealed};

/// The most bytes that the canonical form of an entry may have.
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// The deepest nesting of a payload; the payload object itself is level 1.
pub const DEPTH_MAX: usize = 32;
/// Integers in an entry lie strictly between minus this and this, so every JSON reader sees the same number.
pub const INTEGER_LIMIT: u64 = 1 << 53;

/// What a ledger is about. The texts are stored and hashed: they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LedgerKind {
    /// The changes of one organization; kept for ever.
    Organization,
    /// Sign-ins, denials, reads and exports of one organization; may be pruned from the front.
    Activity,
    /// Organizations and operators of the deployment.
    System,
}

impl LedgerKind {
    /// The stored and hashed text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Activity => "activity",
            Self::System => "system",
        }
    }

    /// The kind that a stored text stands for, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Organization, Self::Activity, Self::System].into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for LedgerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of one ledger: its kind and the id of what it belongs to. Never a personal value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LedgerId {
    /// What the ledger is about (`aggregate_type`).
    pub kind: LedgerKind,
    /// Whose it is (`aggregate_id`), 1 to 255 bytes.
    pub id: String,
}

impl LedgerId {
    /// Names the ledger of `kind` that belongs to `id`.
    pub fn new(kind: LedgerKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

impl fmt::Display for LedgerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

/// One event as it stands in a ledger, before or after sealing. It holds commitments, not personal values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The ledger it belongs to.
    pub ledger: LedgerId,
    /// Its place in the ledger: 1, 2, 3 … with no gap.
    pub position: u64,
    /// The stored name of the event, such as `user.role_assigned`.
    pub event_type: String,
    /// The version of its shape, such as `1`.
    pub version: String,
    /// What happened: a JSON object.
    pub payload: serde_json::Value,
    /// Who, when, from where and why: a flat map of text to text.
    pub metadata: BTreeMap<String, String>,
}

/// Why an entry cannot be sealed, or why a stored row is not the entry that was sealed.
///
/// The messages name places, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The canonical form is longer than [`ENTRY_BYTES_MAX`].
    #[error("the entry has {bytes} bytes, at most {ENTRY_BYTES_MAX} are allowed")]
    TooLarge {
        /// Bytes of the canonical form.
        bytes: usize,
    },
    /// The payload nests deeper than [`DEPTH_MAX`].
    #[error("`{at}` is nested deeper than {DEPTH_MAX} levels")]
    TooDeep {
        /// JSON pointer into the entry.
        at: String,
    },
    /// The payload is not a JSON object.
    #[error("the payload is not an object")]
    NotAnObject,
    /// A position of zero or beyond [`INTEGER_LIMIT`].
    #[error("the position {0} is out of range")]
    Position(u64),
    /// An empty or overlong ledger id, event type or version.
    #[error("`{at}` has {bytes} bytes, 1 to 255 are allowed")]
    Name {
        /// The member of the entry.
        at: &'static str,
        /// Its length in bytes.
        bytes: usize,
    },
    /// A member name with a character outside printable ASCII, or an empty one.
    #[error("a member name under `{at}` is not printable ascii")]
    MemberName {
        /// JSON pointer to the object that holds it.
        at: String,
    },
    /// A string that is not in Unicode normalization form C.
    #[error("the text at `{at}` is not in normalization form c")]
    NotNormalized {
        /// JSON pointer into the entry.
        at: String,
    },
    /// A string with the character U+0000.
    #[error("the text at `{at}` has a nul character")]
    Nul {
        /// JSON pointer into the entry.
        at: String,
    },
    /// A number that is not an integer strictly between -2^53 and 2^53.
    #[error("the number at `{at}` is not an integer below 2^53")]
    Number {
        /// JSON pointer into the entry.
        at: String,
    },
    /// The stored texts do not hash to the stored leaf: the row was altered.
    #[error("the row does not hash to its leaf")]
    LeafMismatch,
    /// The stored texts are not what an entry is made of.
    #[error("the stored {what} cannot be read")]
    Unreadable {
        /// The column.
        what: &'static str,
    },
    /// The canonical form could not be written.
    #[error("the entry cannot be encoded")]
    Encode,
}

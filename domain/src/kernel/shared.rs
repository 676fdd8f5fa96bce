//! Small shapes that several entities share.

use imbl::OrdSet;
use serde::{Deserialize, Serialize};

/// A value and the position of the event that made it so, for answers that say why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since<T> {
    /// The value now.
    pub value: T,
    /// The ledger position of the event that set it.
    pub position: u64,
}

impl<T> Since<T> {
    /// `value`, set by the event at `position`.
    pub fn new(value: T, position: u64) -> Self {
        Self { value, position }
    }
}

/// Whether a thing is in use or put away. Nothing is deleted: what is archived can be restored under its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// In use.
    Active,
    /// Put away.
    Archived,
}

impl Standing {
    /// The word in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }
}

/// Takes `removed` out of `set` and puts `added` in.
pub fn change_set<T: Ord + Clone>(set: &mut OrdSet<T>, added: &[T], removed: &[T]) {
    for item in removed {
        set.remove(item);
    }
    set.extend(added.iter().cloned());
}

//! Who made a thing, who changed it last, and when: what every entity keeps of its own history.
//!
//! The rest of the history is in the ledger.

use super::context::Actor;
use super::moment::Moment;
use serde::{Deserialize, Serialize};

/// The circumstances of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Moment,
    /// Its position in the ledger.
    pub position: u64,
}

/// What an entity keeps of the events about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The first.
    pub created: Stamp,
    /// The last; its position is the `ETag`.
    pub updated: Stamp,
    /// How many there were.
    pub version: u64,
}

impl Record {
    /// Of a thing that was just made.
    #[must_use]
    pub fn new(stamp: Stamp) -> Self {
        Self { created: stamp, updated: stamp, version: 1 }
    }

    /// Takes the next event in.
    pub fn update(&mut self, stamp: Stamp) {
        self.updated = stamp;
        self.version += 1;
    }
}

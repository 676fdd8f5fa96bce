//! A key as folded from events.

use super::event::KeyEvent;
use crate::kernel::id::KeyId;
use crate::kernel::record::{Record, Stamp};
use crate::kernel::shared::Standing;
use serde::{Deserialize, Serialize};

/// A word that opens locks (visibility keys) or functions (reserved keys).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// Never reused.
    pub id: KeyId,
    /// Unique among keys, whatever its case; no white space, no leading minus.
    pub name: String,
    /// For people.
    pub description: String,
    /// Comes from the catalog; cannot be renamed or archived.
    pub reserved: bool,
    /// Takes an ability away instead of giving one; masterkey and superuser never grant it.
    pub restricts: bool,
    /// Whether it may be given.
    pub status: Standing,
    /// Who made it, who changed it last, and when.
    pub record: Record,
}

impl Key {
    /// A key as first created; `None` if the event is not a creation.
    #[must_use]
    pub fn created(event: &KeyEvent, stamp: Stamp) -> Option<Self> {
        let KeyEvent::Created { key, name, description, reserved, restricts } = event else {
            return None;
        };
        Some(Self {
            id: *key,
            name: name.clone(),
            description: description.clone(),
            reserved: *reserved,
            restricts: *restricts,
            status: Standing::Active,
            record: Record::new(stamp),
        })
    }

    /// Folds one event about this key.
    pub fn apply(&mut self, event: &KeyEvent, stamp: Stamp) {
        match event {
            KeyEvent::Created { .. } => {}
            KeyEvent::Renamed { to, .. } => self.name.clone_from(to),
            KeyEvent::Described { to, .. } => self.description.clone_from(to),
            KeyEvent::Archived { to, .. } | KeyEvent::Restored { to, .. } => self.status = *to,
        }
        self.record.update(stamp);
    }
}

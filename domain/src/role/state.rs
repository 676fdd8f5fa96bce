//! A role as folded from events.

use super::event::RoleEvent;
use crate::kernel::id::{KeyId, RoleId, UserId};
use crate::kernel::shared::{Since, Standing, change_set};
use crate::permission::grant::Grants;
use imbl::OrdSet;
use serde::{Deserialize, Serialize};

/// A ranked bundle of grants and keys. Every user has exactly one role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// Never reused.
    pub id: RoleId,
    /// Unique among roles, whatever its case.
    pub name: String,
    /// For people.
    pub description: String,
    /// Higher outranks lower; 1 to 1,000.
    pub rank: Since<u16>,
    /// Comes from the catalog and cannot be archived, renamed or emptied of its last holder.
    pub protected: bool,
    /// What holders may do.
    pub grants: Since<Grants>,
    /// Keys that holders hold.
    pub keys: Since<OrdSet<KeyId>>,
    /// Whether it may be assigned.
    pub status: Standing,
    /// Derived from users' events: who holds it, archived users included.
    pub holders: OrdSet<UserId>,
    /// Position of the last event about this role.
    pub changed: u64,
    /// How many events there were about it.
    pub version: u64,
}

impl Role {
    /// A role as first created; `None` if the event is not a creation.
    #[must_use]
    pub fn created(event: &RoleEvent, position: u64) -> Option<Self> {
        let RoleEvent::Created { role, name, description, rank, protected, grants, keys } = event else {
            return None;
        };
        Some(Self {
            id: *role,
            name: name.clone(),
            description: description.clone(),
            rank: Since::new(*rank, position),
            protected: *protected,
            grants: Since::new(grants.clone(), position),
            keys: Since::new(keys.iter().copied().collect(), position),
            status: Standing::Active,
            holders: OrdSet::new(),
            changed: position,
            version: 1,
        })
    }

    /// Folds one event about this role.
    pub fn apply(&mut self, event: &RoleEvent, at: u64) {
        match event {
            RoleEvent::Created { .. } => {}
            RoleEvent::Renamed { to, .. } => self.name.clone_from(to),
            RoleEvent::Described { to, .. } => self.description.clone_from(to),
            RoleEvent::RankChanged { to, .. } => self.rank = Since::new(*to, at),
            RoleEvent::GrantsChanged { added, removed, .. } => {
                self.grants = Since::new(self.grants.value.changed(added, removed), at);
            }
            RoleEvent::KeysChanged { added, removed, .. } => {
                let mut keys = self.keys.value.clone();
                change_set(&mut keys, added, removed);
                self.keys = Since::new(keys, at);
            }
            RoleEvent::Archived { to, .. } | RoleEvent::Restored { to, .. } => self.status = *to,
        }
        self.changed = at;
        self.version += 1;
    }
}

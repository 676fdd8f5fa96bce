//! A role as folded from events.

use super::event::RoleEvent;
use crate::kernel::id::{KeyId, RoleId, UserId};
use crate::kernel::record::{Record, Stamp};
use crate::kernel::shared::{Since, SinceEach, Standing};
use crate::permission::catalog::Catalog;
use crate::permission::given::Given;
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
    pub grants: Given,
    /// Keys that holders hold.
    pub keys: SinceEach<KeyId>,
    /// Whether it may be assigned.
    pub status: Standing,
    /// Derived from users' events: who holds it, archived users included.
    pub holders: OrdSet<UserId>,
    /// Who made it, who changed it last, and when.
    pub record: Record,
}

impl Role {
    /// A role as first created; `None` if the event is not a creation.
    #[must_use]
    pub fn created(event: &RoleEvent, stamp: Stamp, catalog: &Catalog) -> Option<Self> {
        let RoleEvent::Created { role, name, description, rank, protected, grants, keys } = event else {
            return None;
        };
        let position = stamp.position;
        Some(Self {
            id: *role,
            name: name.clone(),
            description: description.clone(),
            rank: Since::new(*rank, position),
            protected: *protected,
            grants: Given::new(grants, position, catalog),
            keys: SinceEach::new(keys, position),
            status: Standing::Active,
            holders: OrdSet::new(),
            record: Record::new(stamp),
        })
    }

    /// Folds one event about this role.
    pub fn apply(&mut self, event: &RoleEvent, stamp: Stamp, catalog: &Catalog) {
        let at = stamp.position;
        match event {
            RoleEvent::Created { .. } => {}
            RoleEvent::Renamed { to, .. } => self.name.clone_from(to),
            RoleEvent::Described { to, .. } => self.description.clone_from(to),
            RoleEvent::RankChanged { to, .. } => self.rank = Since::new(*to, at),
            RoleEvent::GrantsChanged { added, removed, .. } => {
                self.grants = self.grants.changed(added, removed, at, catalog);
            }
            RoleEvent::KeysChanged { added, removed, .. } => {
                self.keys = self.keys.changed(added, removed, at);
            }
            RoleEvent::Archived { to, .. } | RoleEvent::Restored { to, .. } => self.status = *to,
        }
        self.record.update(stamp);
    }
}

//! A profile as folded from events.

use super::event::ProfileEvent;
use crate::kernel::id::{ProfileId, UserId};
use crate::kernel::shared::Standing;
use crate::permission::catalog::Catalog;
use crate::permission::given::Given;
use imbl::OrdSet;
use serde::{Deserialize, Serialize};

/// A shared bundle of grants on top of a role. A user has at most one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Never reused.
    pub id: ProfileId,
    /// Unique among profiles, whatever its case.
    pub name: String,
    /// For people.
    pub description: String,
    /// What holders may do.
    pub grants: Given,
    /// Whether it may be assigned.
    pub status: Standing,
    /// Derived from users' events: who has it.
    pub holders: OrdSet<UserId>,
    /// Position of the last event about this profile.
    pub changed: u64,
    /// How many events there were about it.
    pub version: u64,
}

impl Profile {
    /// A profile as first created; `None` if the event is not a creation.
    #[must_use]
    pub fn created(event: &ProfileEvent, position: u64, catalog: &Catalog) -> Option<Self> {
        let ProfileEvent::Created { profile, name, description, grants } = event else {
            return None;
        };
        Some(Self {
            id: *profile,
            name: name.clone(),
            description: description.clone(),
            grants: Given::new(grants, position, catalog),
            status: Standing::Active,
            holders: OrdSet::new(),
            changed: position,
            version: 1,
        })
    }

    /// Folds one event about this profile.
    pub fn apply(&mut self, event: &ProfileEvent, at: u64, catalog: &Catalog) {
        match event {
            ProfileEvent::Created { .. } => {}
            ProfileEvent::Renamed { to, .. } => self.name.clone_from(to),
            ProfileEvent::Described { to, .. } => self.description.clone_from(to),
            ProfileEvent::GrantsChanged { added, removed, .. } => {
                self.grants = self.grants.changed(added, removed, at, catalog);
            }
            ProfileEvent::Archived { to, .. } | ProfileEvent::Restored { to, .. } => self.status = *to,
        }
        self.changed = at;
        self.version += 1;
    }
}

//! A profile as folded from events.

use super::event::ProfileEvent;
use crate::kernel::id::{ProfileId, UserId};
use crate::kernel::record::{Record, Stamp};
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
    /// Who made it, who changed it last, and when.
    pub record: Record,
}

impl Profile {
    /// A profile as first created; `None` if the event is not a creation.
    #[must_use]
    pub fn created(event: &ProfileEvent, stamp: Stamp, catalog: &Catalog) -> Option<Self> {
        let ProfileEvent::Created { profile, name, description, grants } = event else {
            return None;
        };
        let position = stamp.position;
        Some(Self {
            id: *profile,
            name: name.clone(),
            description: description.clone(),
            grants: Given::new(grants, position, catalog),
            status: Standing::Active,
            holders: OrdSet::new(),
            record: Record::new(stamp),
        })
    }

    /// Folds one event about this profile.
    pub fn apply(&mut self, event: &ProfileEvent, stamp: Stamp, catalog: &Catalog) {
        let at = stamp.position;
        match event {
            ProfileEvent::Created { .. } => {}
            ProfileEvent::Renamed { to, .. } => self.name.clone_from(to),
            ProfileEvent::Described { to, .. } => self.description.clone_from(to),
            ProfileEvent::GrantsChanged { added, removed, .. } => {
                self.grants = self.grants.changed(added, removed, at, catalog);
            }
            ProfileEvent::Archived { to, .. } | ProfileEvent::Restored { to, .. } => self.status = *to,
        }
        self.record.update(stamp);
    }
}

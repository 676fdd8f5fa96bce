//! A profile as folded from events.

use super::event::ProfileEvent;
use super::sections::given;
use crate::kernel::id::{ProfileId, UserId};
use crate::kernel::record::{Record, Stamp};
use crate::kernel::shared::Standing;
use crate::permission::catalog::Catalog;
use crate::permission::given::Given;
use crate::permission::grant::Grant;
use imbl::OrdSet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A shared bundle of grants on top of a role. A user has at most one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Never reused.
    pub id: ProfileId,
    /// Unique among profiles, whatever its case.
    pub name: String,
    /// For people.
    pub description: String,
    /// What holders may do, grant by grant.
    pub grants: Given,
    /// The permission type of the sections that have none of their own.
    pub default_type: Option<String>,
    /// The sections that are enabled, each with its permission type or [`INHERIT`](super::sections::INHERIT).
    pub sections: BTreeMap<String, String>,
    /// Derived: what the sections give.
    pub by_type: Given,
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
            default_type: None,
            sections: BTreeMap::new(),
            by_type: Given::default(),
            status: Standing::Active,
            holders: OrdSet::new(),
            record: Record::new(stamp),
        })
    }

    /// Every grant in force that holders have by it.
    pub fn in_force(&self) -> impl Iterator<Item = &Grant> {
        self.grants.each_in_force().chain(self.by_type.each_in_force()).map(|(grant, _)| grant)
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
            ProfileEvent::TypeSet { to, .. } => {
                self.default_type.clone_from(to);
                self.by_type = self.by_type.replaced(&given(self, catalog), at, catalog);
            }
            ProfileEvent::SectionSet { section, to, .. } => {
                match to {
                    Some(to) => self.sections.insert(section.clone(), to.clone()),
                    None => self.sections.remove(section),
                };
                self.by_type = self.by_type.replaced(&given(self, catalog), at, catalog);
            }
            ProfileEvent::Archived { to, .. } | ProfileEvent::Restored { to, .. } => self.status = *to,
        }
        self.record.update(stamp);
    }
}

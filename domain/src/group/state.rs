//! A group as folded from events.

use super::event::GroupEvent;
use crate::kernel::id::{GroupId, UserId};
use crate::kernel::shared::{Standing, change_set};
use crate::settings::state::{Setting, SettingValue};
use imbl::OrdSet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// People with supervisors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Never reused.
    pub id: GroupId,
    /// Unique among groups, whatever its case.
    pub name: String,
    /// For people.
    pub description: String,
    /// Who belongs to it.
    pub members: OrdSet<UserId>,
    /// Who supervises it; a supervisor need not be a member.
    pub supervisors: OrdSet<UserId>,
    /// Settings that override the organization's for members.
    pub settings: BTreeMap<Setting, SettingValue>,
    /// Whether it is in use.
    pub status: Standing,
    /// Position of the last event about this group.
    pub changed: u64,
    /// How many events there were about it.
    pub version: u64,
}

impl Group {
    /// A group as first created; `None` if the event is not a creation.
    #[must_use]
    pub fn created(event: &GroupEvent, position: u64) -> Option<Self> {
        let GroupEvent::Created { group, name, description } = event else {
            return None;
        };
        Some(Self {
            id: *group,
            name: name.clone(),
            description: description.clone(),
            members: OrdSet::new(),
            supervisors: OrdSet::new(),
            settings: BTreeMap::new(),
            status: Standing::Active,
            changed: position,
            version: 1,
        })
    }

    /// Folds one event about this group.
    pub fn apply(&mut self, event: &GroupEvent, at: u64) {
        match event {
            GroupEvent::Created { .. } => {}
            GroupEvent::Renamed { to, .. } => self.name.clone_from(to),
            GroupEvent::Described { to, .. } => self.description.clone_from(to),
            GroupEvent::MembersChanged { added, removed, .. } => {
                change_set(&mut self.members, added, removed)
            }
            GroupEvent::SupervisorsChanged { added, removed, .. } => {
                change_set(&mut self.supervisors, added, removed);
            }
            GroupEvent::SettingSet { setting, to: Some(value), .. } => {
                self.settings.insert(*setting, value.clone());
            }
            GroupEvent::SettingSet { setting, to: None, .. } => {
                self.settings.remove(setting);
            }
            GroupEvent::Archived { to, .. } | GroupEvent::Restored { to, .. } => self.status = *to,
        }
        self.changed = at;
        self.version += 1;
    }
}

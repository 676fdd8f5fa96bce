//! A group as folded from events.

use super::event::GroupEvent;
use crate::kernel::id::{GroupId, UserId};
use crate::kernel::record::{Record, Stamp};
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
    /// Who made it, who changed it last, and when.
    pub record: Record,
}

impl Group {
    /// A group as first created; `None` if the event is not a creation.
    #[must_use]
    pub fn created(event: &GroupEvent, stamp: Stamp) -> Option<Self> {
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
            record: Record::new(stamp),
        })
    }

    /// Folds one event about this group.
    pub fn apply(&mut self, event: &GroupEvent, stamp: Stamp) {
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
        self.record.update(stamp);
    }
}

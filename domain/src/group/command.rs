//! What can be asked about a group.

use crate::kernel::id::{GroupId, UserId};
use crate::settings::state::{Setting, SettingValue};
use std::collections::BTreeMap;

/// Fields of a group to replace; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupEdit {
    /// Its name.
    pub name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Who belongs to it.
    pub members: Option<Vec<UserId>>,
    /// Who supervises it.
    pub supervisors: Option<Vec<UserId>>,
    /// Settings that override the organization's; those not named are as the organization's.
    pub settings: Option<BTreeMap<Setting, SettingValue>>,
}

/// What can be asked about a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupCommand {
    /// Add a group; the name is needed.
    Create(GroupEdit),
    /// Replace fields.
    Edit(GroupId, GroupEdit),
    /// Put away: members and supervisors leave it.
    Archive(GroupId),
    /// Bring back from the archive.
    Restore(GroupId),
}

impl GroupCommand {
    /// Which group; none for one that is not there yet.
    #[must_use]
    pub fn group(&self) -> Option<GroupId> {
        match self {
            Self::Create(_) => None,
            Self::Edit(group, _) | Self::Archive(group) | Self::Restore(group) => Some(*group),
        }
    }
}

//! The rules of a group's life.

use super::command::{GroupCommand, GroupEdit};
use super::event::GroupEvent;
use super::rejection::GroupRejection;
use super::state::Group;
use crate::kernel::id::{GroupId, Kind, UserId};
use crate::kernel::rejection::FieldError;
use crate::kernel::shared::Standing;
use crate::kernel::text;
use crate::organization::decide::{Deciding, in_parts, set_difference};
use crate::organization::rejection::Rejection;
use crate::queue::decide::{can_be_posted, one_of};
use crate::settings::state::{Setting, SettingValue};
use imbl::OrdSet;
use std::collections::BTreeMap;

pub(crate) fn decide(deciding: &mut Deciding<'_>, command: &GroupCommand) -> Result<(), Rejection> {
    match command {
        GroupCommand::Create(new) => create(deciding, new),
        GroupCommand::Edit(group, edit) => change(deciding, *group, edit),
        GroupCommand::Archive(group) => archive(deciding, *group),
        GroupCommand::Restore(group) => restore(deciding, *group),
    }
}

fn create(deciding: &mut Deciding<'_>, new: &GroupEdit) -> Result<(), Rejection> {
    let name = text::name("/name", new.name.as_deref().unwrap_or_default())?;
    let description = text::free("/description", new.description.as_deref().unwrap_or_default())?;
    name_is_free(deciding, None, &name)?;
    let group = GroupId(deciding.fresh.uuid());
    deciding.emit(GroupEvent::Created { group, name, description })?;
    people_and_settings(deciding, group, new)
}

fn change(deciding: &mut Deciding<'_>, group: GroupId, edit: &GroupEdit) -> Result<(), Rejection> {
    if let Some(name) = &edit.name {
        change_name(deciding, group, name)?;
    }
    if let Some(description) = &edit.description {
        change_description(deciding, group, description)?;
    }
    people_and_settings(deciding, group, edit)
}

fn people_and_settings(
    deciding: &mut Deciding<'_>,
    group: GroupId,
    edit: &GroupEdit,
) -> Result<(), Rejection> {
    if let Some(members) = &edit.members {
        change_members(deciding, group, &members.iter().copied().collect())?;
    }
    if let Some(supervisors) = &edit.supervisors {
        change_supervisors(deciding, group, &supervisors.iter().copied().collect())?;
    }
    if let Some(settings) = &edit.settings {
        change_settings(deciding, group, settings)?;
    }
    Ok(())
}

pub(super) fn change_name(deciding: &mut Deciding<'_>, id: GroupId, name: &str) -> Result<(), Rejection> {
    let from = editable(deciding, id)?.name;
    let to = text::name("/name", name)?;
    name_is_free(deciding, Some(id), &to)?;
    if from == to { Ok(()) } else { deciding.emit(GroupEvent::Renamed { group: id, from, to }) }
}

pub(super) fn change_description(
    deciding: &mut Deciding<'_>,
    id: GroupId,
    description: &str,
) -> Result<(), Rejection> {
    let from = editable(deciding, id)?.description;
    let to = text::free("/description", description)?;
    if from == to { Ok(()) } else { deciding.emit(GroupEvent::Described { group: id, from, to }) }
}

fn change_members(
    deciding: &mut Deciding<'_>,
    id: GroupId,
    wanted: &OrdSet<UserId>,
) -> Result<(), Rejection> {
    let group = editable(deciding, id)?;
    let (added, removed) = set_difference(&group.members, wanted);
    added.iter().try_for_each(|user| can_be_posted(deciding, "/members", *user))?;
    for (added, removed) in in_parts(&added, &removed) {
        deciding.emit(GroupEvent::MembersChanged { group: id, added, removed })?;
    }
    Ok(())
}

/// Puts one user into a group, or takes them out.
pub(crate) fn set_member(
    deciding: &mut Deciding<'_>,
    id: GroupId,
    user: UserId,
    member: bool,
) -> Result<(), Rejection> {
    if existing(deciding, id)?.members.contains(&user) == member {
        return Ok(());
    }
    editable(deciding, id)?;
    let (added, removed) = one_of(deciding, "/members", user, member)?;
    deciding.emit(GroupEvent::MembersChanged { group: id, added, removed })
}

fn change_supervisors(
    deciding: &mut Deciding<'_>,
    id: GroupId,
    wanted: &OrdSet<UserId>,
) -> Result<(), Rejection> {
    let group = editable(deciding, id)?;
    let (added, removed) = set_difference(&group.supervisors, wanted);
    added.iter().try_for_each(|user| can_be_posted(deciding, "/supervisors", *user))?;
    for (added, removed) in in_parts(&added, &removed) {
        deciding.emit(GroupEvent::SupervisorsChanged { group: id, added, removed })?;
    }
    Ok(())
}

/// Makes one user a supervisor of a group, or not.
pub(crate) fn set_supervisor(
    deciding: &mut Deciding<'_>,
    id: GroupId,
    user: UserId,
    supervises: bool,
) -> Result<(), Rejection> {
    if existing(deciding, id)?.supervisors.contains(&user) == supervises {
        return Ok(());
    }
    editable(deciding, id)?;
    let (added, removed) = one_of(deciding, "/supervisors", user, supervises)?;
    deciding.emit(GroupEvent::SupervisorsChanged { group: id, added, removed })
}

fn change_settings(
    deciding: &mut Deciding<'_>,
    id: GroupId,
    wanted: &BTreeMap<Setting, SettingValue>,
) -> Result<(), Rejection> {
    for setting in Setting::ALL {
        set_setting(deciding, id, setting, wanted.get(&setting).cloned())?;
    }
    Ok(())
}

/// Overrides one setting for members; `None`: as the organization has it.
pub(super) fn set_setting(
    deciding: &mut Deciding<'_>,
    id: GroupId,
    setting: Setting,
    to: Option<SettingValue>,
) -> Result<(), Rejection> {
    let from = editable(deciding, id)?.settings.get(&setting).cloned();
    if from == to {
        return Ok(());
    }
    let pointer = format!("/settings/{setting}");
    if !setting.by_group() {
        let detail = "a group cannot override this setting";
        return Err(FieldError::new(&pointer, "not_by_group", detail).into());
    }
    crate::settings::decide::acceptable(&pointer, setting, to.as_ref())?;
    deciding.emit(GroupEvent::SettingSet { group: id, setting, from, to })
}

/// Archiving emits every removal it causes before the archiving itself.
pub(super) fn archive(deciding: &mut Deciding<'_>, id: GroupId) -> Result<(), Rejection> {
    if existing(deciding, id)?.status == Standing::Archived {
        return Ok(());
    }
    change_members(deciding, id, &OrdSet::new())?;
    change_supervisors(deciding, id, &OrdSet::new())?;
    crate::agent::place::leave_group(deciding, id)?;
    deciding.emit(GroupEvent::Archived { group: id, from: Standing::Active, to: Standing::Archived })
}

pub(super) fn restore(deciding: &mut Deciding<'_>, id: GroupId) -> Result<(), Rejection> {
    match existing(deciding, id)?.status {
        Standing::Active => Ok(()),
        Standing::Archived => {
            deciding.emit(GroupEvent::Restored { group: id, from: Standing::Archived, to: Standing::Active })
        }
    }
}

fn existing(deciding: &mut Deciding<'_>, id: GroupId) -> Result<Group, Rejection> {
    deciding.visit(1)?;
    deciding.now.groups.get(&id).map(|group| Group::clone(group)).ok_or(Rejection::Missing(Kind::Group))
}

fn editable(deciding: &mut Deciding<'_>, id: GroupId) -> Result<Group, Rejection> {
    let group = existing(deciding, id)?;
    match group.status {
        Standing::Active => Ok(group),
        Standing::Archived => Err(GroupRejection::Archived.into()),
    }
}

fn name_is_free(deciding: &Deciding<'_>, but: Option<GroupId>, name: &str) -> Result<(), Rejection> {
    let holder = deciding.now.by_name(Kind::Group, name).map(GroupId);
    if holder.is_some() && holder != but { Err(GroupRejection::NameTaken.into()) } else { Ok(()) }
}

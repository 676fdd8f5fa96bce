//! The rules of a role's life.

use super::command::{RoleCommand, RoleEdit};
use super::event::RoleEvent;
use super::grants::{first_part, grant_parts, valid_grants};
use super::rejection::RoleRejection;
use super::state::Role;
use crate::kernel::id::{KeyId, Kind, RoleId};
use crate::kernel::rejection::FieldError;
use crate::kernel::shared::Standing;
use crate::kernel::text;
use crate::organization::decide::{Deciding, IDS_PER_EVENT_MAX, in_parts, set_difference};
use crate::organization::rejection::Rejection;
use crate::permission::grant::Grants;
use imbl::OrdSet;

/// Highest rank a role may have.
pub(crate) const RANK_MAX: u16 = 1_000;

pub(crate) fn decide(deciding: &mut Deciding<'_>, command: &RoleCommand) -> Result<(), Rejection> {
    match command {
        RoleCommand::Create(new) => create(deciding, new),
        RoleCommand::Edit(role, edit) => change(deciding, *role, edit),
        RoleCommand::Archive(role) => set_status(deciding, *role, Standing::Archived),
        RoleCommand::Restore(role) => set_status(deciding, *role, Standing::Active),
    }
}

fn create(deciding: &mut Deciding<'_>, new: &RoleEdit) -> Result<(), Rejection> {
    let name = text::name("/name", new.name.as_deref().unwrap_or_default())?;
    let description = text::free("/description", new.description.as_deref().unwrap_or_default())?;
    name_is_free(deciding, None, &name)?;
    let rank = valid_rank(new.rank.unwrap_or(1))?;
    let grants = new.grants.clone().unwrap_or_default();
    valid_grants(deciding, "/grants", &grants)?;
    let keys: OrdSet<KeyId> = new.keys.iter().flatten().copied().collect();
    keys.iter().try_for_each(|key| crate::key::decide::givable(deciding, "/keys", *key))?;
    let role = RoleId(deciding.fresh.uuid());
    let keys: Vec<_> = keys.into_iter().collect();
    let (first_grants, more_grants) = first_part(&grants);
    let first_keys = keys.iter().take(IDS_PER_EVENT_MAX).copied().collect();
    deciding.emit(RoleEvent::Created {
        role,
        name,
        description,
        rank,
        protected: false,
        grants: first_grants,
        keys: first_keys,
    })?;
    for (added, removed) in grant_parts(&Grants::default(), &more_grants.into()) {
        deciding.emit(RoleEvent::GrantsChanged { role, added, removed })?;
    }
    let more_keys: Vec<_> = keys.into_iter().skip(IDS_PER_EVENT_MAX).collect();
    for (added, removed) in in_parts(&more_keys, &[]) {
        deciding.emit(RoleEvent::KeysChanged { role, added, removed })?;
    }
    Ok(())
}

fn change(deciding: &mut Deciding<'_>, role: RoleId, edit: &RoleEdit) -> Result<(), Rejection> {
    if let Some(name) = &edit.name {
        change_name(deciding, role, name)?;
    }
    if let Some(description) = &edit.description {
        change_description(deciding, role, description)?;
    }
    if let Some(rank) = edit.rank {
        change_rank(deciding, role, rank)?;
    }
    if let Some(grants) = &edit.grants {
        change_grants(deciding, role, grants)?;
    }
    if let Some(keys) = &edit.keys {
        change_keys(deciding, role, &keys.iter().copied().collect())?;
    }
    Ok(())
}

pub(super) fn change_name(deciding: &mut Deciding<'_>, id: RoleId, name: &str) -> Result<(), Rejection> {
    let role = editable(deciding, id)?;
    let to = text::name("/name", name)?;
    name_is_free(deciding, Some(id), &to)?;
    if role.name == to {
        return Ok(());
    }
    if role.protected {
        return Err(RoleRejection::Protected.into());
    }
    deciding.emit(RoleEvent::Renamed { role: id, from: role.name, to })
}

pub(super) fn change_description(
    deciding: &mut Deciding<'_>,
    id: RoleId,
    description: &str,
) -> Result<(), Rejection> {
    let from = editable(deciding, id)?.description;
    let to = text::free("/description", description)?;
    if from == to { Ok(()) } else { deciding.emit(RoleEvent::Described { role: id, from, to }) }
}

pub(super) fn change_rank(deciding: &mut Deciding<'_>, id: RoleId, to: u16) -> Result<(), Rejection> {
    let role = editable(deciding, id)?;
    let from = role.rank.value;
    if from == valid_rank(to)? {
        return Ok(());
    }
    if role.protected {
        return Err(RoleRejection::Protected.into());
    }
    deciding.emit(RoleEvent::RankChanged { role: id, from, to })
}

pub(super) fn change_grants(deciding: &mut Deciding<'_>, id: RoleId, to: &Grants) -> Result<(), Rejection> {
    let role = editable(deciding, id)?;
    valid_grants(deciding, "/grants", to)?;
    for (added, removed) in grant_parts(&role.grants.value, to) {
        deciding.emit(RoleEvent::GrantsChanged { role: id, added, removed })?;
    }
    Ok(())
}

pub(super) fn change_keys(
    deciding: &mut Deciding<'_>,
    id: RoleId,
    wanted: &OrdSet<KeyId>,
) -> Result<(), Rejection> {
    let role = editable(deciding, id)?;
    let (added, removed) = set_difference(&role.keys.set(), wanted);
    added.iter().try_for_each(|key| crate::key::decide::givable(deciding, "/keys", *key))?;
    for (added, removed) in in_parts(&added, &removed) {
        deciding.emit(RoleEvent::KeysChanged { role: id, added, removed })?;
    }
    Ok(())
}

pub(super) fn set_status(deciding: &mut Deciding<'_>, id: RoleId, to: Standing) -> Result<(), Rejection> {
    let role = existing(deciding, id)?;
    let from = role.status;
    if from == to {
        return Ok(());
    }
    match to {
        Standing::Active => {
            role.keys.iter().try_for_each(|key| crate::key::decide::givable(deciding, "/keys", *key))?;
            deciding.emit(RoleEvent::Restored { role: id, from, to })
        }
        Standing::Archived if role.protected => Err(RoleRejection::Protected.into()),
        Standing::Archived => match crate::user::decide::present(deciding, &role.holders)? {
            0 => deciding.emit(RoleEvent::Archived { role: id, from, to }),
            count => Err(RoleRejection::InUse { count }.into()),
        },
    }
}

pub(super) fn existing(deciding: &mut Deciding<'_>, id: RoleId) -> Result<Role, Rejection> {
    deciding.visit(1)?;
    deciding.now.roles.get(&id).map(|role| Role::clone(role)).ok_or(Rejection::Missing(Kind::Role))
}

fn editable(deciding: &mut Deciding<'_>, id: RoleId) -> Result<Role, Rejection> {
    let role = existing(deciding, id)?;
    match role.status {
        Standing::Active => Ok(role),
        Standing::Archived => Err(RoleRejection::Archived.into()),
    }
}

fn name_is_free(deciding: &Deciding<'_>, but: Option<RoleId>, name: &str) -> Result<(), Rejection> {
    let holder = deciding.now.by_name(Kind::Role, name).map(RoleId);
    if holder.is_some() && holder != but { Err(RoleRejection::NameTaken.into()) } else { Ok(()) }
}

fn valid_rank(rank: u16) -> Result<u16, Rejection> {
    if (1..=RANK_MAX).contains(&rank) {
        return Ok(rank);
    }
    Err(FieldError::new("/rank", "out_of_range", "a rank is a number from 1 to 1000").into())
}

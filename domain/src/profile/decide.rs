//! The rules of a profile's life.

use super::command::{ProfileCommand, ProfileEdit};
use super::event::ProfileEvent;
use super::rejection::ProfileRejection;
use super::sections::{known_sections, known_type};
use super::state::Profile;
use crate::kernel::id::{Kind, ProfileId};
use crate::kernel::shared::Standing;
use crate::kernel::text;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::permission::grant::Grants;
use crate::role::grants::{first_part, grant_parts, valid_grants};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn decide(deciding: &mut Deciding<'_>, command: &ProfileCommand) -> Result<(), Rejection> {
    match command {
        ProfileCommand::Create(new) => create(deciding, new),
        ProfileCommand::Edit(profile, edit) => change(deciding, *profile, edit),
        ProfileCommand::Archive(profile) => set_status(deciding, *profile, Standing::Archived),
        ProfileCommand::Restore(profile) => set_status(deciding, *profile, Standing::Active),
    }
}

fn create(deciding: &mut Deciding<'_>, new: &ProfileEdit) -> Result<(), Rejection> {
    let name = text::name("/name", new.name.as_deref().unwrap_or_default())?;
    let description = text::free("/description", new.description.as_deref().unwrap_or_default())?;
    name_is_free(deciding, None, &name)?;
    let grants = new.grants.clone().unwrap_or_default();
    valid_grants(deciding, "/grants", &grants)?;
    let profile = ProfileId(deciding.fresh.uuid());
    let (first, _) = first_part(&grants);
    deciding.emit(ProfileEvent::Created { profile, name, description, grants: first })?;
    change_grants(deciding, profile, &grants)?;
    by_type(deciding, profile, new)
}

/// What permission types enable.
fn by_type(deciding: &mut Deciding<'_>, profile: ProfileId, edit: &ProfileEdit) -> Result<(), Rejection> {
    if let Some(default_type) = &edit.default_type {
        change_type(deciding, profile, default_type.clone())?;
    }
    if let Some(sections) = &edit.sections {
        change_sections(deciding, profile, sections)?;
    }
    Ok(())
}

fn change(deciding: &mut Deciding<'_>, profile: ProfileId, edit: &ProfileEdit) -> Result<(), Rejection> {
    if let Some(name) = &edit.name {
        change_name(deciding, profile, name)?;
    }
    if let Some(description) = &edit.description {
        change_description(deciding, profile, description)?;
    }
    by_type(deciding, profile, edit)?;
    match &edit.grants {
        Some(grants) => change_grants(deciding, profile, grants),
        None => Ok(()),
    }
}

pub(super) fn change_type(
    deciding: &mut Deciding<'_>,
    id: ProfileId,
    to: Option<String>,
) -> Result<(), Rejection> {
    let from = editable(deciding, id)?.default_type;
    if from == to {
        return Ok(());
    }
    if let Some(name) = &to {
        known_type(deciding.now.catalog, "/default_type", name)?;
    }
    deciding.emit(ProfileEvent::TypeSet { profile: id, from, to })
}

pub(super) fn change_sections(
    deciding: &mut Deciding<'_>,
    id: ProfileId,
    wanted: &BTreeMap<String, String>,
) -> Result<(), Rejection> {
    let now = editable(deciding, id)?.sections;
    known_sections(deciding.now.catalog, wanted)?;
    let names: BTreeSet<_> = now.keys().chain(wanted.keys()).cloned().collect();
    for section in names {
        let (from, to) = (now.get(&section).cloned(), wanted.get(&section).cloned());
        if from != to {
            deciding.emit(ProfileEvent::SectionSet { profile: id, section, from, to })?;
        }
    }
    Ok(())
}

pub(super) fn change_name(deciding: &mut Deciding<'_>, id: ProfileId, name: &str) -> Result<(), Rejection> {
    let from = editable(deciding, id)?.name;
    let to = text::name("/name", name)?;
    name_is_free(deciding, Some(id), &to)?;
    if from == to { Ok(()) } else { deciding.emit(ProfileEvent::Renamed { profile: id, from, to }) }
}

pub(super) fn change_description(
    deciding: &mut Deciding<'_>,
    id: ProfileId,
    description: &str,
) -> Result<(), Rejection> {
    let from = editable(deciding, id)?.description;
    let to = text::free("/description", description)?;
    if from == to { Ok(()) } else { deciding.emit(ProfileEvent::Described { profile: id, from, to }) }
}

pub(super) fn change_grants(
    deciding: &mut Deciding<'_>,
    id: ProfileId,
    to: &Grants,
) -> Result<(), Rejection> {
    let profile = editable(deciding, id)?;
    valid_grants(deciding, "/grants", to)?;
    for (added, removed) in grant_parts(&profile.grants.value, to) {
        deciding.emit(ProfileEvent::GrantsChanged { profile: id, added, removed })?;
    }
    Ok(())
}

pub(super) fn set_status(deciding: &mut Deciding<'_>, id: ProfileId, to: Standing) -> Result<(), Rejection> {
    let profile = existing(deciding, id)?;
    let from = profile.status;
    if from == to {
        return Ok(());
    }
    match to {
        Standing::Active => deciding.emit(ProfileEvent::Restored { profile: id, from, to }),
        Standing::Archived => match crate::user::decide::present(deciding, &profile.holders)? {
            0 => deciding.emit(ProfileEvent::Archived { profile: id, from, to }),
            count => Err(ProfileRejection::InUse { count }.into()),
        },
    }
}

pub(super) fn existing(deciding: &mut Deciding<'_>, id: ProfileId) -> Result<Profile, Rejection> {
    deciding.visit(1)?;
    let profile = deciding.now.profiles.get(&id).map(|profile| Profile::clone(profile));
    profile.ok_or(Rejection::Missing(Kind::Profile))
}

fn editable(deciding: &mut Deciding<'_>, id: ProfileId) -> Result<Profile, Rejection> {
    let profile = existing(deciding, id)?;
    match profile.status {
        Standing::Active => Ok(profile),
        Standing::Archived => Err(ProfileRejection::Archived.into()),
    }
}

fn name_is_free(deciding: &Deciding<'_>, but: Option<ProfileId>, name: &str) -> Result<(), Rejection> {
    let holder = deciding.now.by_name(Kind::Profile, name).map(ProfileId);
    if holder.is_some() && holder != but { Err(ProfileRejection::NameTaken.into()) } else { Ok(()) }
}

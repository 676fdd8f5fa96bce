//! The sections of a profile that a permission type enables: each its own, or the profile's default one.

use super::state::Profile;
use crate::kernel::rejection::FieldError;
use crate::permission::catalog::{Catalog, PermissionType};
use crate::permission::grant::{Grant, Grants, Scope};
use std::collections::BTreeMap;

/// What stands for a section's type where it is the profile's default one.
pub const INHERIT: &str = "inherit";
/// Most sections of a profile; no catalog has more.
const SECTIONS_MAX: usize = 500;

/// What the sections give, each its type's actions at scope `all`.
pub(super) fn given(profile: &Profile, catalog: &Catalog) -> Grants {
    let mut grants = Vec::new();
    for (section, own) in &profile.sections {
        let name = if own == INHERIT { profile.default_type.as_ref() } else { Some(own) };
        let actions = name.and_then(|name| named(catalog, name)).map(|one| one.actions.as_slice());
        let names = actions.unwrap_or_default().iter().map(|action| format!("{section}.{action}"));
        grants.extend(
            names.filter(|name| catalog.permission(name).is_some()).map(|name| Grant::new(&name, Scope::All)),
        );
    }
    grants.into()
}

fn named<'a>(catalog: &'a Catalog, name: &str) -> Option<&'a PermissionType> {
    catalog.types.iter().find(|one| one.name == name)
}

/// Refuses a type that the catalog does not have, at `pointer`.
pub(super) fn known_type(catalog: &Catalog, pointer: &str, name: &str) -> Result<(), FieldError> {
    match named(catalog, name) {
        Some(_) => Ok(()),
        None => {
            let names: Vec<_> = catalog.types.iter().map(|one| one.name.as_str()).collect();
            let detail = match names.is_empty() {
                true => "the organization's catalog has no permission types".to_owned(),
                false => format!("the permission types are {}", names.join("; ")),
            };
            Err(FieldError::new(pointer, "no_such_type", &detail))
        }
    }
}

/// Refuses sections that no type enables as a whole, and types that are not there.
pub(super) fn known_sections(catalog: &Catalog, wanted: &BTreeMap<String, String>) -> Result<(), FieldError> {
    if wanted.len() > SECTIONS_MAX {
        return Err(FieldError::new("/sections", "too_many", "a profile has at most 500 sections"));
    }
    for (section, own) in wanted {
        let pointer = format!("/sections/{}", section.replace('~', "~0").replace('/', "~1"));
        if !is_section(catalog, section) {
            let detail = "is no section that a permission type enables; list its grants instead";
            return Err(FieldError::new(&pointer, "no_such_section", detail));
        }
        if own != INHERIT {
            known_type(catalog, &pointer, own)?;
        }
    }
    Ok(())
}

/// A section has what every type enables, and is none whose elements are switched on one by one.
fn is_section(catalog: &Catalog, section: &str) -> bool {
    let in_every_type = |action: &&String| catalog.types.iter().all(|one| one.actions.contains(action));
    let mut common = catalog.types.iter().flat_map(|one| &one.actions).filter(in_every_type);
    !catalog.own_elements.iter().any(|one| one == section)
        && common.any(|action| catalog.permission(&format!("{section}.{action}")).is_some())
}

//! Founding an organization: its catalog's roles and keys become entities of its own, then its owner joins.
//!
//! From then on the ledger alone says what a role holds; a later release's catalog changes nothing here.

use super::command::OrganizationCommand;
use super::decide::Deciding;
use super::event::OrganizationEvent;
use super::rejection::Rejection;
use crate::kernel::id::{KeyId, RoleId};
use crate::kernel::text;
use crate::key::event::KeyEvent;
use crate::permission::catalog::Catalog;
use crate::role::event::RoleEvent;
use crate::user::command::NewUser;
use crate::user::detail::Details;
use crate::user::state::Status;
use std::collections::BTreeMap;

pub(super) fn found(deciding: &mut Deciding<'_>, command: &OrganizationCommand) -> Result<(), Rejection> {
    let OrganizationCommand::Found { name, catalog, owner_login, owner_name, owner_email, password } =
        command
    else {
        return Ok(());
    };
    if deciding.now.position > 0 {
        return Err(Rejection::Founded);
    }
    let name = text::name("/name", name)?;
    let catalog = Catalog::newest(catalog).ok_or(Rejection::NoSuchCatalog)?;
    deciding.emit(OrganizationEvent::Created {
        organization: deciding.now.id,
        name,
        catalog: catalog.name.to_string(),
        catalog_version: catalog.version,
    })?;
    let keys = reserved_keys(deciding, catalog)?;
    let owner_role = built_in_roles(deciding, catalog, &keys)?.ok_or(Rejection::NoSuchCatalog)?;
    let owner = NewUser {
        login: owner_login.clone(),
        name: owner_name.clone(),
        email: owner_email.clone(),
        role: owner_role,
        profile: None,
        status: Status::Active,
        password: *password,
        details: Details::new(),
    };
    crate::user::decide::create(deciding, &owner)?;
    match deciding.now.founder.filter(|_| catalog.founder.superuser) {
        Some(user) => crate::user::decide::set_superuser(deciding, user, true),
        None => Ok(()),
    }
}

fn reserved_keys(
    deciding: &mut Deciding<'_>,
    catalog: &Catalog,
) -> Result<BTreeMap<String, KeyId>, Rejection> {
    let mut ids = BTreeMap::new();
    for key in &catalog.keys {
        let id = KeyId(deciding.fresh.uuid());
        ids.insert(key.name.to_string(), id);
        deciding.emit(KeyEvent::Created {
            key: id,
            name: key.name.to_string(),
            description: key.description.to_string(),
            reserved: true,
            restricts: key.restricts,
        })?;
    }
    Ok(ids)
}

/// Creates the catalog's roles and gives back the one of highest rank.
fn built_in_roles(
    deciding: &mut Deciding<'_>,
    catalog: &Catalog,
    keys: &BTreeMap<String, KeyId>,
) -> Result<Option<RoleId>, Rejection> {
    let mut highest: Option<(u16, RoleId)> = None;
    for role in &catalog.roles {
        let id = RoleId(deciding.fresh.uuid());
        if highest.is_none_or(|(rank, _)| role.rank > rank) {
            highest = Some((role.rank, id));
        }
        deciding.emit(RoleEvent::Created {
            role: id,
            name: role.name.to_string(),
            description: role.description.to_string(),
            rank: role.rank,
            protected: role.protected,
            grants: role.grants.clone(),
            keys: role.keys.iter().filter_map(|name| keys.get(name.as_ref()).copied()).collect(),
        })?;
    }
    Ok(highest.map(|(_, id)| id))
}

//! What the catalog demands of every user, judged on the state after a change: a profile where the role needs one,
//! one holder of a role that is single, the required keys, and with a key the keys that it needs.
//!
//! Only those are looked at whom the change could touch, so several changes of one command may stand for each other.

use super::decide::Deciding;
use super::rejection::Rejection;
use super::state::Organization;
use crate::event::Event;
use crate::kernel::id::{KeyId, RoleId, UserId};
use crate::permission::catalog::KeyName;
use crate::permission::keyring::{Holding, holding};
use crate::role::event::RoleEvent;
use crate::role::state::Role;
use crate::user::event::UserEvent;
use crate::user::rejection::UserRejection;
use crate::user::state::User;
use std::collections::BTreeSet;

/// Refuses a change after which a user touched by it is not as the catalog demands.
///
/// # Errors
/// `profile_required`, `role_is_single`, `required_key` or `key_needs_another`.
pub(super) fn sound(deciding: &mut Deciding<'_>) -> Result<(), Rejection> {
    let catalog = deciding.now.catalog;
    let demands_keys = !catalog.required.is_empty() || !catalog.needs.is_empty();
    if !demands_keys && !catalog.roles.iter().any(|role| role.needs_profile || role.single) {
        return Ok(());
    }
    let touched: BTreeSet<UserId> = deciding.events().iter().filter_map(touched).collect();
    let roles: BTreeSet<RoleId> = deciding.events().iter().filter_map(keys_of).collect();
    deciding.visit(touched.len())?;
    for id in touched {
        let Some(user) = deciding.now.user(id) else { continue };
        as_demanded(&deciding.now, user)?;
    }
    for role in roles {
        let holders = deciding.now.roles.get(&role).map(|role| role.holders.clone()).unwrap_or_default();
        deciding.visit(holders.len())?;
        let mut users = holders.iter().filter_map(|id| deciding.now.user(*id));
        users.try_for_each(|user| keys_as_demanded(&deciding.now, user))?;
    }
    Ok(())
}

/// Whose access an event changes.
fn touched(event: &Event) -> Option<UserId> {
    let Event::User(
        UserEvent::Created { user, .. }
        | UserEvent::RoleAssigned { user, .. }
        | UserEvent::ProfileAssigned { user, .. }
        | UserEvent::KeysChanged { user, .. }
        | UserEvent::Restored { user, .. },
    ) = event
    else {
        return None;
    };
    Some(*user)
}

/// The role whose keys an event changes, for all who hold it.
fn keys_of(event: &Event) -> Option<RoleId> {
    let Event::Role(RoleEvent::KeysChanged { role, .. }) = event else { return None };
    Some(*role)
}

fn as_demanded(now: &Organization, user: &User) -> Result<(), Rejection> {
    let role = now.role_of(user).filter(|role| role.protected);
    let built_in = role.and_then(|role| now.catalog.protected_role(&role.name));
    if built_in.is_some_and(|role| role.needs_profile)
        && user.profile.value.is_none()
        && crate::user::decide::is_present(user)
    {
        return Err(UserRejection::ProfileRequired.into());
    }
    if built_in.is_some_and(|role| role.single) && role.is_some_and(|role| is_shared(now, role)) {
        return Err(UserRejection::RoleIsSingle.into());
    }
    keys_as_demanded(now, user)
}

fn is_shared(now: &Organization, role: &Role) -> bool {
    let holders = role.holders.iter().filter_map(|id| now.user(*id));
    holders.filter(|user| crate::user::decide::is_present(user)).nth(1).is_some()
}

/// The masterkey is no key, so it stands for none here.
fn keys_as_demanded(now: &Organization, user: &User) -> Result<(), Rejection> {
    if !crate::user::decide::is_present(user) {
        return Ok(());
    }
    let holds = |key: &KeyName| {
        let held = |id: KeyId| matches!(holding(now, user, id), Holding::Held(_));
        key.id(now).is_some_and(held)
    };
    if let Some(key) = now.catalog.required.iter().find(|key| !holds(key)) {
        return Err(UserRejection::RequiredKey { key: key.name.clone() }.into());
    }
    match now.catalog.needs.iter().find(|(key, needed)| holds(key) && !holds(needed)) {
        Some((key, needed)) => {
            let (key, needed) = (key.name.clone(), needed.name.clone());
            Err(UserRejection::KeyNeedsAnother { key, needed }.into())
        }
        None => Ok(()),
    }
}

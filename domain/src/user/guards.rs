//! What stands in the way of a change of a user: what is taken, what is not in use, what the catalog keeps or lacks.

use super::rejection::UserRejection;
use super::state::User;
use crate::kernel::id::{ProfileId, RoleId, UserId};
use crate::kernel::rejection::FieldError;
use crate::kernel::shared::Standing;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::permission::catalog::Offer;

pub(super) fn login_is_free(
    deciding: &Deciding<'_>,
    but: Option<UserId>,
    login: &str,
) -> Result<(), Rejection> {
    // A login must not be somebody's e-mail address either: both are used to sign in.
    let holder = deciding.now.user_by_sign_in(login).map(|user| user.id);
    if holder.is_some() && holder != but { Err(UserRejection::LoginTaken.into()) } else { Ok(()) }
}

/// The catalog may bound the characters of a login.
pub(super) fn login_is_as_formed(deciding: &Deciding<'_>, login: &str) -> Result<(), FieldError> {
    let Some(beside) = &deciding.now.catalog.login.characters else { return Ok(()) };
    let allowed = |c: char| c.is_ascii_alphanumeric() || beside.contains(c);
    if login.chars().all(allowed) {
        return Ok(());
    }
    let detail = format!("has letters of the English alphabet, digits and any of `{beside}` alone");
    Err(FieldError::new("/login", "bad_character", &detail))
}

pub(super) fn email_is_free(
    deciding: &Deciding<'_>,
    but: Option<UserId>,
    email: Option<&str>,
) -> Result<(), Rejection> {
    let holder = email.and_then(|email| deciding.now.user_by_sign_in(email)).map(|user| user.id);
    if holder.is_some() && holder != but { Err(UserRejection::EmailTaken.into()) } else { Ok(()) }
}

/// What an archived user held may have been archived since; it must come back first.
pub(super) fn returns_to_what_is_in_use(deciding: &Deciding<'_>, user: &User) -> Result<(), Rejection> {
    assignable_role(deciding, user.role.value)?;
    assignable_profile(deciding, user.profile.value)?;
    user.keys.iter().try_for_each(|entry| crate::key::decide::givable(deciding, "/keys", entry.key))
}

/// The catalog may protect the user with whom the organization was founded.
pub(super) fn stays_in_place(deciding: &Deciding<'_>, id: UserId) -> Result<(), Rejection> {
    let now = &deciding.now;
    match now.catalog.founder.protected && now.founder == Some(id) {
        true => Err(UserRejection::Protected.into()),
        false => Ok(()),
    }
}

/// What the catalog does not offer may be taken away, but not given.
pub(super) fn offered(deciding: &Deciding<'_>, offer: Offer, gives: bool) -> Result<(), Rejection> {
    match gives && !deciding.now.catalog.offers(offer) {
        true => Err(UserRejection::NotOffered(offer).into()),
        false => Ok(()),
    }
}

pub(super) fn assignable_role(deciding: &Deciding<'_>, id: RoleId) -> Result<(), Rejection> {
    match deciding.now.roles.get(&id) {
        Some(role) if role.status == Standing::Active => Ok(()),
        Some(_) | None => {
            Err(FieldError::new("/role", "no_such_role", "there is no such role in use").into())
        }
    }
}

pub(super) fn assignable_profile(deciding: &Deciding<'_>, id: Option<ProfileId>) -> Result<(), Rejection> {
    let Some(id) = id else { return Ok(()) };
    match deciding.now.profiles.get(&id) {
        Some(profile) if profile.status == Standing::Active => Ok(()),
        Some(_) | None => {
            Err(FieldError::new("/profile", "no_such_profile", "there is no such profile in use").into())
        }
    }
}

//! The rules of a user's life. Authority is judged elsewhere, over the events these rules make.

use super::account;
use super::command::{Beginnings, NewUser, UserCommand, UserEdit};
use super::event::UserEvent;
use super::guards::{
    assignable_profile, assignable_role, email_is_free, login_is_as_formed, login_is_free, offered,
    returns_to_what_is_in_use, stays_in_place,
};
use super::rejection::UserRejection;
use super::state::{KeyEntry, Status, User};
use super::token;
use super::two_factor;
use super::window::LoginWindow;
use super::{elements, erasure, link, password};
use crate::group::decide as group;
use crate::kernel::context::Actor;
use crate::kernel::id::{CredentialId, Kind, ProfileId, RoleId, UserId};
use crate::kernel::moment::Moment;
use crate::kernel::rejection::FieldError;
use crate::kernel::text;
use crate::object::command::Use;
use crate::organization::decide::{Deciding, in_parts, set_difference};
use crate::organization::rejection::{Forbidden, Rejection};
use crate::permission::catalog::Offer;
use crate::permission::grant::Grants;
use crate::queue::decide as queue;
use imbl::OrdSet;

pub(crate) fn decide(deciding: &mut Deciding<'_>, command: &UserCommand) -> Result<(), Rejection> {
    match command {
        UserCommand::Create(new) => create(deciding, new).map(drop),
        UserCommand::Invite(new, link) => link::invite(deciding, new, *link),
        UserCommand::TakeOver(new, beginnings) => take_over(deciding, new, beginnings),
        UserCommand::Edit(user, edit) => change(deciding, *user, edit),
        UserCommand::SetAvatar(user, avatar) => account::set_avatar(deciding, *user, avatar.as_ref()),
        UserCommand::AssignRole(user, role) => assign_role(deciding, *user, *role),
        UserCommand::AssignProfile(user, profile) => assign_profile(deciding, *user, *profile),
        UserCommand::SetCustomProfile(user, grants) => set_custom_profile(deciding, *user, grants.clone()),
        UserCommand::SetElements(user, grants) => elements::set(deciding, *user, grants.clone()),
        UserCommand::SetKeys(user, keys) => set_keys(deciding, *user, keys.iter().copied().collect()),
        UserCommand::SetMasterkey(user, to) => set_masterkey(deciding, *user, *to),
        UserCommand::SetSuperuser(user, to) => set_superuser(deciding, *user, *to),
        UserCommand::SetLoginWindow(user, window) => set_login_window(deciding, *user, window.clone()),
        UserCommand::Activate(user) => set_status(deciding, *user, Status::Active, &[Status::Invited]),
        UserCommand::Block(user) => {
            set_status(deciding, *user, Status::Blocked, &[Status::Active, Status::Invited])
        }
        UserCommand::Unblock(user) => unblock(deciding, *user),
        UserCommand::LockOut { user, until } => lock_out(deciding, *user, *until),
        UserCommand::Archive(user) => archive(deciding, *user),
        UserCommand::Restore(user) => restore(deciding, *user),
        UserCommand::SetPassword(user, new) => password::set(deciding, *user, *new),
        UserCommand::MakePasswordLink(user, link) => link::make(deciding, *user, *link),
        UserCommand::SetByLink { user, made, new } => link::set(deciding, *user, *made, *new),
        UserCommand::CreateApiKey(user, credential) => create_api_key(deciding, *user, *credential),
        UserCommand::RevokeApiKey(user) => revoke_api_key(deciding, *user),
        UserCommand::SetTwoFactor { user, seed, recovery_codes } => {
            two_factor::set(deciding, *user, *seed, recovery_codes)
        }
        UserCommand::RemoveTwoFactor(user) => two_factor::remove(deciding, *user),
        UserCommand::UseRecoveryCode(user, code) => two_factor::use_recovery_code(deciding, *user, *code),
        UserCommand::CreateToken { user, credential, name } => {
            token::create(deciding, *user, *credential, name)
        }
        UserCommand::RevokeToken(user, credential) => token::revoke(deciding, *user, *credential),
        UserCommand::RequestErasure { user, authored } => erasure::request(deciding, *user, *authored),
        UserCommand::ConfirmErasure { user, authored } => erasure::confirm(deciding, *user, *authored),
    }
}

/// Adds a user; their id.
pub(crate) fn create(deciding: &mut Deciding<'_>, new: &NewUser) -> Result<UserId, Rejection> {
    let login = text::login("/login", &new.login)?;
    let name = text::name("/name", &new.name)?;
    let email = new.email.as_deref().map(|email| text::email("/email", email)).transpose()?;
    login_is_as_formed(deciding, &login)?;
    login_is_free(deciding, None, &login)?;
    email_is_free(deciding, None, email.as_deref())?;
    assignable_role(deciding, new.role)?;
    assignable_profile(deciding, new.profile)?;
    offered(deciding, Offer::Profile, new.profile.is_some())?;
    if !matches!(new.status, Status::Active | Status::Invited) {
        let detail = "a new user is `active` or `invited`";
        return Err(FieldError::new("/status", "not_for_new_users", detail).into());
    }
    let user = UserId(deciding.fresh.uuid());
    let login = deciding.fresh.personal(&login);
    let name = deciding.fresh.personal(&name);
    let email = email.map(|email| deciding.fresh.personal(&email));
    let (role, profile, status) = (new.role, new.profile, new.status);
    deciding.emit(UserEvent::Created { user, login, name, email, role, profile, status })?;
    account::first(deciding, user, &new.details)?;
    if let Some(new) = new.password {
        password::first(deciding, user, new)?;
    }
    Ok(user)
}

fn take_over(deciding: &mut Deciding<'_>, new: &NewUser, with: &Beginnings) -> Result<(), Rejection> {
    let user = create(deciding, new)?;
    set_keys(deciding, user, with.keys.iter().copied().collect())?;
    set_masterkey(deciding, user, with.masterkey)?;
    set_superuser(deciding, user, with.superuser)?;
    set_login_window(deciding, user, with.login_window.clone())?;
    if with.blocked {
        set_status(deciding, user, Status::Blocked, &[Status::Active, Status::Invited])?;
    }
    Ok(())
}

fn change(deciding: &mut Deciding<'_>, id: UserId, edit: &UserEdit) -> Result<(), Rejection> {
    if let Some(login) = &edit.login {
        change_login(deciding, id, login)?;
    }
    if let Some(name) = &edit.name {
        change_name(deciding, id, name)?;
    }
    if let Some(email) = &edit.email {
        change_email(deciding, id, email.as_deref())?;
    }
    account::set_all(deciding, id, &edit.details)
}

pub(super) fn change_login(deciding: &mut Deciding<'_>, id: UserId, login: &str) -> Result<(), Rejection> {
    let user = editable(deciding, id)?;
    let login = text::login("/login", login)?;
    login_is_free(deciding, Some(id), &login)?;
    if user.login.clear() == Some(login.as_str()) {
        return Ok(());
    }
    if deciding.now.catalog.login.fixed {
        return Err(UserRejection::LoginFixed.into());
    }
    login_is_as_formed(deciding, &login)?;
    let to = deciding.fresh.personal(&login);
    let from = deciding.fresh.personal(user.login.text());
    deciding.emit(UserEvent::LoginChanged { user: id, from, to })
}

pub(super) fn change_name(deciding: &mut Deciding<'_>, id: UserId, name: &str) -> Result<(), Rejection> {
    let user = editable(deciding, id)?;
    let name = text::name("/name", name)?;
    if user.name.clear() == Some(name.as_str()) {
        return Ok(());
    }
    let to = deciding.fresh.personal(&name);
    let from = deciding.fresh.personal(user.name.text());
    deciding.emit(UserEvent::Renamed { user: id, from, to })
}

pub(super) fn change_email(
    deciding: &mut Deciding<'_>,
    id: UserId,
    email: Option<&str>,
) -> Result<(), Rejection> {
    let user = editable(deciding, id)?;
    let email = email.map(|email| text::email("/email", email)).transpose()?;
    email_is_free(deciding, Some(id), email.as_deref())?;
    if user.email.as_ref().map(|email| email.text()) == email.as_deref() {
        return Ok(());
    }
    let to = email.map(|email| deciding.fresh.personal(&email));
    let from = user.email.as_ref().map(|email| deciding.fresh.personal(email.text()));
    deciding.emit(UserEvent::EmailChanged { user: id, from, to })
}

pub(crate) fn assign_role(deciding: &mut Deciding<'_>, id: UserId, to: RoleId) -> Result<(), Rejection> {
    let user = editable(deciding, id)?;
    assignable_role(deciding, to)?;
    let from = user.role.value;
    if from == to {
        return Ok(());
    }
    stays_in_place(deciding, id)?;
    deciding.emit(UserEvent::RoleAssigned { user: id, from, to })
}

pub(super) fn assign_profile(
    deciding: &mut Deciding<'_>,
    id: UserId,
    to: Option<ProfileId>,
) -> Result<(), Rejection> {
    let user = editable(deciding, id)?;
    assignable_profile(deciding, to)?;
    offered(deciding, Offer::Profile, to.is_some())?;
    if to.is_some() && user.custom_profile.is_some() {
        return Err(UserRejection::ProfileAndCustomProfile.into());
    }
    let from = user.profile.value;
    if from == to { Ok(()) } else { deciding.emit(UserEvent::ProfileAssigned { user: id, from, to }) }
}

pub(super) fn set_custom_profile(
    deciding: &mut Deciding<'_>,
    id: UserId,
    to: Option<Grants>,
) -> Result<(), Rejection> {
    let user = editable(deciding, id)?;
    offered(deciding, Offer::CustomProfile, to.is_some())?;
    if to.is_some() && user.profile.value.is_some() {
        return Err(UserRejection::ProfileAndCustomProfile.into());
    }
    if let Some(grants) = &to {
        crate::role::grants::valid_grants(deciding, "/grants", grants)?;
        crate::role::grants::fits_one_event(grants)?;
    }
    let from = user.custom_profile.map(|given| given.value);
    if from == to { Ok(()) } else { deciding.emit(UserEvent::CustomProfileSet { user: id, from, to }) }
}

pub(super) fn set_keys(
    deciding: &mut Deciding<'_>,
    id: UserId,
    wanted: OrdSet<KeyEntry>,
) -> Result<(), Rejection> {
    let user = editable(deciding, id)?;
    let (added, removed) = set_difference(&user.keys.set(), &wanted);
    added.iter().try_for_each(|entry| crate::key::decide::givable(deciding, "/keys", entry.key))?;
    for (added, removed) in in_parts(&added, &removed) {
        deciding.emit(UserEvent::KeysChanged { user: id, added, removed })?;
    }
    Ok(())
}

pub(super) fn set_masterkey(deciding: &mut Deciding<'_>, id: UserId, to: bool) -> Result<(), Rejection> {
    let from = editable(deciding, id)?.masterkey.value;
    offered(deciding, Offer::Masterkey, to)?;
    if from == to { Ok(()) } else { deciding.emit(UserEvent::MasterkeySet { user: id, from, to }) }
}

pub(crate) fn set_superuser(deciding: &mut Deciding<'_>, id: UserId, to: bool) -> Result<(), Rejection> {
    let from = editable(deciding, id)?.superuser.value;
    offered(deciding, Offer::Superuser, to)?;
    if from == to { Ok(()) } else { deciding.emit(UserEvent::SuperuserSet { user: id, from, to }) }
}

pub(super) fn set_login_window(
    deciding: &mut Deciding<'_>,
    id: UserId,
    to: Option<LoginWindow>,
) -> Result<(), Rejection> {
    let from = editable(deciding, id)?.login_window.as_ref().map(|window| window.value.clone());
    if let Some(window) = &to {
        window.check("/login_window")?;
    }
    if from == to { Ok(()) } else { deciding.emit(UserEvent::LoginWindowSet { user: id, from, to }) }
}

/// Moves a user to `to` from one of `allowed`; being there already changes nothing.
pub(super) fn set_status(
    deciding: &mut Deciding<'_>,
    id: UserId,
    to: Status,
    allowed: &[Status],
) -> Result<(), Rejection> {
    let user = existing(deciding, id)?;
    let from = user.status.value;
    if user.erased {
        return Err(UserRejection::Erased.into());
    }
    if from == to {
        return Ok(());
    }
    if !allowed.contains(&from) {
        return Err(UserRejection::StatusForbids(from).into());
    }
    if from == Status::Archived {
        returns_to_what_is_in_use(deciding, &user)?;
    }
    if matches!(to, Status::Blocked | Status::Archived) {
        stays_in_place(deciding, id)?;
    }
    let event = match (from, to) {
        (Status::Archived, _) => UserEvent::Restored { user: id, from, to },
        (Status::Blocked, Status::Active | Status::Invited) => UserEvent::Unblocked { user: id, from, to },
        (_, Status::Blocked) => UserEvent::Blocked { user: id, from, to },
        (_, Status::Archived) => UserEvent::Archived { user: id, from, to },
        (_, Status::Active | Status::Invited) => UserEvent::Activated { user: id, from, to },
    };
    deciding.emit(event)
}

/// Lets in again: a block ends, and so does a lock-out that is not over yet.
fn unblock(deciding: &mut Deciding<'_>, id: UserId) -> Result<(), Rejection> {
    set_status(deciding, id, Status::Active, &[Status::Blocked])?;
    let user = existing(deciding, id)?;
    if !user.is_locked(deciding.context.at) {
        return Ok(());
    }
    deciding.emit(UserEvent::Unlocked { user: id, from: user.locked_until, to: None })
}

/// Once a period, however many failures ask for it at once. Nobody locks others out by asking.
fn lock_out(deciding: &mut Deciding<'_>, id: UserId, until: Moment) -> Result<(), Rejection> {
    if deciding.context.actor != Actor::System {
        return Err(Forbidden::Permission { permission: "organization.edit" }.into());
    }
    let (user, now) = (existing(deciding, id)?, deciding.context.at);
    if user.erased || user.is_locked(now) || until <= now {
        return Ok(());
    }
    deciding.emit(UserEvent::LockedOut { user: id, from: user.locked_until, to: Some(until) })
}

/// Brings back to the status before archiving: who was blocked stays blocked, since lifting that is another right.
fn restore(deciding: &mut Deciding<'_>, id: UserId) -> Result<(), Rejection> {
    let user = existing(deciding, id)?;
    if user.status.value == Status::Archived {
        return set_status(deciding, id, user.before_archive, &[Status::Archived]);
    }
    set_status(deciding, id, Status::Active, &[])
}

/// Archiving emits every removal it causes, group by group and queue by queue, before the archiving itself.
pub(super) fn archive(deciding: &mut Deciding<'_>, id: UserId) -> Result<(), Rejection> {
    let user = existing(deciding, id)?;
    if user.status.value == Status::Archived {
        return Ok(());
    }
    for (group, _) in user.supervises.iter() {
        group::set_supervisor(deciding, *group, id, false)?;
    }
    for group in user.groups.iter() {
        group::set_member(deciding, *group, id, false)?;
    }
    for (queue, post) in user.posts.iter() {
        if post.serves {
            queue::set_agent(deciding, *queue, id, false)?;
        }
        if post.supervises.is_some() {
            queue::set_supervisor(deciding, *queue, id, None)?;
        }
    }
    crate::agent::place::leave_supervisor(deciding, id)?;
    crate::object::usage::leave(deciding, Use::User(id))?;
    set_status(deciding, id, Status::Archived, &[Status::Active, Status::Blocked, Status::Invited])
}

fn create_api_key(
    deciding: &mut Deciding<'_>,
    id: UserId,
    credential: CredentialId,
) -> Result<(), Rejection> {
    let before = editable(deciding, id)?.api_key;
    if let Some(credential) = before {
        deciding.emit(UserEvent::ApiKeyRevoked { user: id, credential })?;
    }
    deciding.emit(UserEvent::ApiKeyCreated { user: id, credential })
}

fn revoke_api_key(deciding: &mut Deciding<'_>, id: UserId) -> Result<(), Rejection> {
    let credential = existing(deciding, id)?.api_key.ok_or(UserRejection::NoApiKey)?;
    deciding.emit(UserEvent::ApiKeyRevoked { user: id, credential })
}

/// The user as of now.
///
/// # Errors
/// [`Rejection::Missing`] if there is none.
pub(crate) fn existing(deciding: &mut Deciding<'_>, id: UserId) -> Result<User, Rejection> {
    deciding.visit(1)?;
    deciding.now.user(id).cloned().ok_or(Rejection::Missing(Kind::User))
}

/// The user as of now, who must be neither archived nor erased.
///
/// # Errors
/// [`Rejection::Missing`], or what the status forbids.
pub(crate) fn editable(deciding: &mut Deciding<'_>, id: UserId) -> Result<User, Rejection> {
    let user = existing(deciding, id)?;
    if user.erased {
        return Err(UserRejection::Erased.into());
    }
    if user.status.value == Status::Archived {
        return Err(UserRejection::StatusForbids(Status::Archived).into());
    }
    Ok(user)
}

/// How many of `users` are there: the archived come back only once what they held is in use again.
pub(crate) fn present(deciding: &mut Deciding<'_>, users: &OrdSet<UserId>) -> Result<usize, Rejection> {
    deciding.visit(users.len())?;
    Ok(users.iter().filter_map(|id| deciding.now.user(*id)).filter(|user| is_present(user)).count())
}

/// Neither archived nor erased.
pub(crate) fn is_present(user: &User) -> bool {
    !user.erased && user.status.value != Status::Archived
}

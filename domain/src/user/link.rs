//! Links by which a user sets a password without the old one: who gets one, how long it lasts, and what ends it.
//!
//! The secret in a link is never seen here: its hash lies beside the ledger. A link that somebody made (a forced reset,
//! an invitation) is a change, and until it is used no other password works. One that a user asks for who forgot the
//! password is none: the state says nothing of it, and it ends with the password that it was asked for.

use super::command::NewUser;
use super::event::UserEvent;
use super::password::{self, NewPassword};
use super::rejection::UserRejection;
use super::state::{Status, User};
use super::{command::UserCommand, decide};
use crate::kernel::context::{Actor, Context};
use crate::kernel::id::{CredentialId, UserId};
use crate::kernel::moment::Moment;
use crate::organization::command::Command;
use crate::organization::decide::Deciding;
use crate::organization::rejection::{Forbidden, Rejection};
use crate::organization::state::Organization;
use crate::permission::facts::{Facts, Targets};
use crate::permission::resolve::{self, Question};
use crate::settings::state::{Setting, Settings};
use serde::{Deserialize, Serialize};

const MINUTE_US: i64 = 60 * 1_000_000;
const DAY_US: i64 = 24 * 60 * MINUTE_US;

/// A link that somebody made for a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Under which id the hash of its secret lies.
    pub credential: CredentialId,
    /// Until when it can be used.
    pub until: Moment,
}

/// Until when a link lasts that somebody makes now: `reset_link_days` days, this one included, by UTC.
#[must_use]
pub fn made_until(settings: &Settings, now: Moment) -> Moment {
    let days = i64::from(settings.number(Setting::ResetLinkDays));
    let midnight = now.micros() - now.micros().rem_euclid(DAY_US);
    Moment(midnight).plus_micros(days * DAY_US)
}

/// Until when a link lasts that a user asks for now, who forgot the password.
#[must_use]
pub fn asked_until(settings: &Settings, now: Moment) -> Moment {
    now.plus_micros(i64::from(settings.number(Setting::ForgottenLinkMinutes)) * MINUTE_US)
}

/// Whether a user gets a link by saying that they forgot the password: only an active one, who has an address to send it
/// to and may set a password of their own. Whoever does not know them must not end the link that somebody made for them.
#[must_use]
pub fn may_ask(organization: &Organization, user: &User, now: Moment) -> bool {
    let has_made = user.link.as_ref().is_some_and(|link| link.until > now);
    let has_address = user.email.as_ref().is_some_and(|email| email.clear().is_some());
    user.is_active() && has_address && !has_made && may_set_own(organization, user, now)
}

fn may_set_own(organization: &Organization, who: &User, at: Moment) -> bool {
    let Some(permission) = password::own_takes(organization, who, at) else { return true };
    let (targets, facts) = (Targets::default(), Facts::default());
    let question = Question { who, permission, targets: &targets, facts: &facts, at, as_if_active: true };
    resolve::allowed(organization, &question)
}

/// Whether this is somebody who sets a password by a link. That they hold it was found out before; nobody is asked
/// for a right or a reason, and an invited user may do it too.
pub(crate) fn is_by_link(context: &Context, command: &Command) -> bool {
    matches!(command, Command::User(UserCommand::SetByLink { user, .. }) if context.actor == Actor::User(*user))
}

/// Makes a link: until it is used nobody signs in. Nobody makes their own, whatever they may grant: whoever may grant
/// anything could shut out the last who may.
pub(super) fn make(deciding: &mut Deciding<'_>, id: UserId, link: Link) -> Result<(), Rejection> {
    if deciding.context.actor.user() == Some(id) {
        return Err(Forbidden::OwnAccess.into());
    }
    let user = decide::editable(deciding, id)?;
    if user.status.value == Status::Blocked {
        return Err(UserRejection::StatusForbids(Status::Blocked).into());
    }
    emit(deciding, id, link)
}

/// Adds a user without a password, and a link to set the first one.
pub(super) fn invite(deciding: &mut Deciding<'_>, new: &NewUser, link: Link) -> Result<(), Rejection> {
    let user = decide::create(deciding, new)?;
    emit(deciding, user, link)
}

fn emit(deciding: &mut Deciding<'_>, user: UserId, link: Link) -> Result<(), Rejection> {
    let Link { credential, until } = link;
    deciding.emit(UserEvent::PasswordLinkMade { user, credential, until })
}

/// Sets a password by the link that was `made`, or else by one that was asked for. What ended it meanwhile refuses it: the
/// password that it was held against tells two that come at once apart.
pub(super) fn set(
    deciding: &mut Deciding<'_>,
    id: UserId,
    made: Option<CredentialId>,
    new: NewPassword,
) -> Result<(), Rejection> {
    if deciding.context.actor != Actor::User(id) {
        return Err(Forbidden::Permission { permission: "users.password" }.into());
    }
    let user = decide::existing(deciding, id)?;
    let current = user.password.map(|password| password.credential);
    let is_open = !user.erased && matches!(user.status.value, Status::Active | Status::Invited);
    let is_same = user.link.as_ref().map(|link| link.credential) == made;
    if !is_open || !is_same || new.compared.is_none_or(|compared| compared.current != current) {
        return Err(UserRejection::LinkInvalid.into());
    }
    if user.link.is_some_and(|link| link.until <= deciding.context.at) {
        return Err(UserRejection::LinkExpired.into());
    }
    password::by_link(deciding, id, new)?;
    if user.status.value == Status::Invited {
        decide::set_status(deciding, id, Status::Active, &[Status::Invited])?;
    }
    Ok(())
}

//! How each field of a user is brought back. Passwords, API keys, lock-outs and erased values never are.

use super::account;
use super::decide;
use super::detail::DetailValue;
use super::rejection::UserRejection;
use super::state::{KeyEntry, Status};
use crate::kernel::id::UserId;
use crate::kernel::personal::Personal;
use crate::organization::command::Undo;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::organization::undo::{cannot, element, value, wanted};

pub(crate) fn undo(deciding: &mut Deciding<'_>, user: UserId, one: &Undo) -> Result<(), Rejection> {
    match one.field.as_str() {
        "login" => decide::change_login(deciding, user, &clear(value(one)?)?),
        "name" => decide::change_name(deciding, user, &clear(value(one)?)?),
        "email" => {
            let email: Option<Personal> = value(one)?;
            decide::change_email(deciding, user, email.map(clear).transpose()?.as_deref())
        }
        "details" => {
            let to: Option<DetailValue> = value(one)?;
            let to = to.map(|to| to.clear().ok_or(UserRejection::Erased)).transpose()?;
            account::set(deciding, user, element(one)?, to.as_ref())
        }
        "avatar" => {
            let to: Option<Personal> = value(one)?;
            let to =
                to.map(clear).transpose()?.map(|text| text.parse().map_err(|_| cannot(one))).transpose()?;
            account::set_avatar(deciding, user, to.as_ref())
        }
        "role" => decide::assign_role(deciding, user, value(one)?),
        "profile" => decide::assign_profile(deciding, user, value(one)?),
        "custom_profile" => decide::set_custom_profile(deciding, user, value(one)?),
        "elements" => super::elements::set(deciding, user, value(one)?),
        "masterkey" => decide::set_masterkey(deciding, user, value(one)?),
        "superuser" => decide::set_superuser(deciding, user, value(one)?),
        "login_window" => decide::set_login_window(deciding, user, value(one)?),
        "keys" => {
            let entry: KeyEntry = element(one)?;
            let keys = decide::existing(deciding, user)?.keys.set();
            let keys = if wanted(one) { keys.update(entry) } else { keys.without(&entry) };
            decide::set_keys(deciding, user, keys)
        }
        "status" => status(deciding, user, one),
        _ => Err(cannot(one)),
    }
}

/// No status (before creation) means archived: ids are never taken back.
fn status(deciding: &mut Deciding<'_>, user: UserId, one: &Undo) -> Result<(), Rejection> {
    let all = [Status::Invited, Status::Active, Status::Blocked, Status::Archived];
    match value::<Option<Status>>(one)? {
        None | Some(Status::Archived) => decide::archive(deciding, user),
        Some(to) => {
            // Out of the archive by its own event and right, then on from the status it brings back.
            let now = decide::existing(deciding, user)?;
            if now.status.value == Status::Archived {
                decide::set_status(deciding, user, now.before_archive, &all)?;
            }
            decide::set_status(deciding, user, to, &all)
        }
    }
}

fn clear(personal: Personal) -> Result<String, Rejection> {
    personal.clear().map(str::to_owned).ok_or_else(|| UserRejection::Erased.into())
}

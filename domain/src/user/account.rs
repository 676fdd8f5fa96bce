//! The rules of the account's details: what the catalog offers, in its limits; an extension is one user's alone.
//!
//! Who may set which is said by the catalog's grants, field by field.

use super::avatar::Avatar;
use super::decide::editable;
use super::detail::{Detail, DetailRow, DetailValue, Details, EXTENSION_DIGITS_MAX, Plain};
use super::event::UserEvent;
use super::guards;
use super::rejection::UserRejection;
use crate::kernel::id::UserId;
use crate::kernel::rejection::FieldError;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::permission::catalog::{Catalog, Offer};
use crate::settings::state::Setting;

/// Sets the details of a new user; where the catalog says so, an extension is found unless one was named.
pub(super) fn first(deciding: &mut Deciding<'_>, user: UserId, details: &Details) -> Result<(), Rejection> {
    set_all(deciding, user, details)?;
    let automatic = deciding.now.catalog.detail(Detail::Extension).is_some_and(|row| row.automatic);
    if !automatic || details.contains_key(&Detail::Extension) {
        return Ok(());
    }
    let lowest = deciding.now.extensions.lowest_free(least(deciding)).to_string();
    if lowest.len() > EXTENSION_DIGITS_MAX {
        let detail = "no extension is free; give one, or set `extension_min` lower";
        return Err(FieldError::new("/extension", "none_free", detail).into());
    }
    set(deciding, user, Detail::Extension, Some(&Plain::Text(lowest)))
}

/// Sets several details, in the order of the list of all.
pub(super) fn set_all(deciding: &mut Deciding<'_>, user: UserId, details: &Details) -> Result<(), Rejection> {
    details.iter().try_for_each(|(detail, to)| set(deciding, user, *detail, to.as_ref()))
}

/// Sets a detail, or takes it away.
pub(super) fn set(
    deciding: &mut Deciding<'_>,
    id: UserId,
    detail: Detail,
    to: Option<&Plain>,
) -> Result<(), Rejection> {
    let user = editable(deciding, id)?;
    let pointer = format!("/{}", detail.word());
    let row = offered(deciding.now.catalog, &pointer, detail)?;
    let to = to.filter(|to| !to.is_empty()).map(|to| row.accept(&pointer, to)).transpose()?;
    let from = user.details.get(&detail).map(DetailValue::shown);
    if from == to {
        return Ok(());
    }
    if let (Detail::Extension, Some(Plain::Text(extension))) = (detail, &to) {
        extension_is_given(deciding, row, id, extension)?;
    }
    let to = to.map(|to| kept(deciding, detail, to));
    let from = from.map(|from| kept(deciding, detail, from));
    deciding.emit(UserEvent::DetailSet { user: id, detail, from, to })
}

/// Names another picture, or none.
pub(super) fn set_avatar(
    deciding: &mut Deciding<'_>,
    id: UserId,
    to: Option<&Avatar>,
) -> Result<(), Rejection> {
    let user = editable(deciding, id)?;
    guards::offered(deciding, Offer::Avatar, to.is_some())?;
    let to = to.map(ToString::to_string);
    let from = user.avatar.as_ref().map(|text| text.text().to_owned());
    if from == to {
        return Ok(());
    }
    let to = to.map(|to| deciding.fresh.personal(&to));
    let from = from.map(|from| deciding.fresh.personal(&from));
    deciding.emit(UserEvent::AvatarSet { user: id, from, to })
}

/// The catalog's row.
fn offered<'a>(catalog: &'a Catalog, pointer: &str, detail: Detail) -> Result<&'a DetailRow, FieldError> {
    let none = || FieldError::new(pointer, "not_offered", "the organization's catalog has no such detail");
    catalog.detail(detail).ok_or_else(none)
}

fn extension_is_given(
    deciding: &Deciding<'_>,
    row: &DetailRow,
    user: UserId,
    extension: &str,
) -> Result<(), Rejection> {
    let least = least(deciding);
    if row.automatic && extension.parse().is_ok_and(|number: u32| number < least) {
        let detail = format!("must be at least {least}, as the setting `extension_min` says");
        return Err(FieldError::new("/extension", "too_low", &detail).into());
    }
    let holder = deciding.now.extensions.holder(extension);
    if holder.is_some_and(|holder| holder != user) {
        return Err(UserRejection::ExtensionTaken.into());
    }
    Ok(())
}

fn least(deciding: &Deciding<'_>) -> u32 {
    deciding.now.settings.number(Setting::ExtensionMin)
}

fn kept(deciding: &mut Deciding<'_>, detail: Detail, value: Plain) -> DetailValue {
    match &value {
        Plain::Text(text) if detail.is_personal() => DetailValue::Personal(deciding.fresh.personal(text)),
        Plain::Flag(_) | Plain::Number(_) | Plain::List(_) | Plain::Text(_) => DetailValue::Plain(value),
    }
}

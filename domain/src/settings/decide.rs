//! The rules of the settings: each value is of its kind and inside its limits.

use super::addresses;
use super::command::SettingsCommand;
use super::event::{SettingsEvent, SettingsId};
use super::state::{Setting, SettingValue};
use crate::kernel::rejection::FieldError;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;

pub(crate) fn decide(deciding: &mut Deciding<'_>, command: &SettingsCommand) -> Result<(), Rejection> {
    match command {
        SettingsCommand::Set(values) => {
            values.iter().try_for_each(|(setting, value)| set(deciding, *setting, value.clone()))
        }
        SettingsCommand::Force(values) => {
            values.iter().try_for_each(|(setting, value)| force(deciding, *setting, value.clone()))
        }
    }
}

pub(super) fn set(deciding: &mut Deciding<'_>, setting: Setting, to: SettingValue) -> Result<(), Rejection> {
    acceptable(&format!("/{setting}"), setting, Some(&to))?;
    if deciding.now.settings.get(setting) != to {
        stays_let_in(deciding, &to)?;
    }
    force(deciding, setting, to)
}

fn force(deciding: &mut Deciding<'_>, setting: Setting, to: SettingValue) -> Result<(), Rejection> {
    acceptable(&format!("/{setting}"), setting, Some(&to))?;
    let from = deciding.now.settings.get(setting);
    if from == to {
        return Ok(());
    }
    let settings = SettingsId(deciding.now.id);
    deciding.emit(SettingsEvent::Set { settings, setting, from, to })
}

/// Nobody shuts themselves out without meaning to. Who asks at the server's command line comes from no address.
fn stays_let_in(deciding: &Deciding<'_>, to: &SettingValue) -> Result<(), Rejection> {
    let SettingValue::List(entries) = to else { return Ok(()) };
    let address = deciding.context.ip.as_deref().and_then(|ip| ip.parse().ok());
    if deciding.context.actor.user().is_none() || addresses::let_in(entries, address) {
        return Ok(());
    }
    let detail =
        "your own address is not among them, so you would be let in no more; add it, or send `?force=true`";
    Err(FieldError::new("/addresses_allowed", "locks_oneself_out", detail).into())
}

/// Refuses a value that is not of the setting's kind or not inside its limits, at `pointer`.
///
/// # Errors
/// `not_acceptable`, saying what is wanted.
pub(crate) fn acceptable(
    pointer: &str,
    setting: Setting,
    value: Option<&SettingValue>,
) -> Result<(), Rejection> {
    if value.is_none_or(|value| setting.accepts(value)) {
        return Ok(());
    }
    let detail = format!("must be {}", setting.wanted());
    Err(FieldError::new(pointer, "not_acceptable", &detail).into())
}

//! How a setting is brought back.

use super::decide;
use super::state::SettingValue;
use crate::organization::command::Undo;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::organization::undo::{cannot, element, value};

pub(crate) fn undo(deciding: &mut Deciding<'_>, one: &Undo) -> Result<(), Rejection> {
    match one.field.as_str() {
        "settings" => {
            let setting: super::state::Setting = element(one)?;
            let to: Option<SettingValue> = value(one)?;
            decide::set(deciding, setting, to.unwrap_or_else(|| setting.default_value()))
        }
        _ => Err(cannot(one)),
    }
}

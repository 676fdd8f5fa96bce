//! What each event about the settings needs its actor to be allowed.

use super::event::SettingsEvent;
use crate::organization::authorize::Right;

/// The right an event needs.
pub(crate) fn right(event: &SettingsEvent) -> Right {
    match event {
        SettingsEvent::Set { setting, .. } => {
            Right::over("settings.edit", event.subject()).section(setting.word())
        }
    }
}

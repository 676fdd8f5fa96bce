//! What each event about the settings needs its actor to be allowed.

use super::event::SettingsEvent;
use crate::organization::authorize::Right;

/// The right an event needs.
pub(crate) fn right(event: &SettingsEvent) -> Right {
    if event.keeps_less_activity() {
        // Whoever runs the organization is not thereby one who may do away with what they did.
        return Right::new("audit.prune");
    }
    edit(event)
}

/// The right an event needs beside that, if it does.
pub(crate) fn also(event: &SettingsEvent) -> Option<Right> {
    event.keeps_less_activity().then(|| edit(event))
}

fn edit(event: &SettingsEvent) -> Right {
    match event {
        SettingsEvent::Set { setting, .. } => {
            Right::over("settings.edit", event.subject()).section(setting.word())
        }
    }
}

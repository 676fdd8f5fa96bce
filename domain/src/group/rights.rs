//! What each event about a group needs its actor to be allowed.

use super::event::GroupEvent;
use crate::organization::authorize::Right;

/// The right an event needs.
pub(crate) fn right(event: &GroupEvent) -> Right {
    let group = event.subject();
    match event {
        GroupEvent::Created { .. } => Right::new("groups.create"),
        GroupEvent::Renamed { .. }
        | GroupEvent::Described { .. }
        | GroupEvent::MembersChanged { .. }
        | GroupEvent::SupervisorsChanged { .. }
        | GroupEvent::SettingSet { .. } => Right::over("groups.edit", group),
        GroupEvent::Archived { .. } | GroupEvent::Restored { .. } => Right::over("groups.archive", group),
    }
}

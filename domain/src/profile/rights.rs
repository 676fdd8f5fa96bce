//! What each event about a profile needs its actor to be allowed.

use super::event::ProfileEvent;
use crate::organization::authorize::Right;

/// The right an event needs.
pub(crate) fn right(event: &ProfileEvent) -> Right {
    let profile = event.subject();
    match event {
        ProfileEvent::Created { .. } => Right::new("profiles.create"),
        ProfileEvent::Renamed { .. } | ProfileEvent::Described { .. } => {
            Right::over("profiles.edit", profile)
        }
        ProfileEvent::GrantsChanged { .. }
        | ProfileEvent::TypeSet { .. }
        | ProfileEvent::SectionSet { .. } => Right::over("profiles.edit", profile).not_oneself(),
        ProfileEvent::Archived { .. } | ProfileEvent::Restored { .. } => {
            Right::over("profiles.archive", profile)
        }
    }
}

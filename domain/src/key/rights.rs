//! What each event about a key needs its actor to be allowed.

use super::event::KeyEvent;
use crate::organization::authorize::Right;

/// The right an event needs.
pub(crate) fn right(event: &KeyEvent) -> Right {
    let key = event.subject();
    match event {
        KeyEvent::Created { .. } => Right::new("keys.create"),
        KeyEvent::Renamed { .. } | KeyEvent::Described { .. } => Right::over("keys.edit", key),
        KeyEvent::Archived { .. } | KeyEvent::Restored { .. } => Right::over("keys.archive", key),
    }
}

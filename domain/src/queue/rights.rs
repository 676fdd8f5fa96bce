//! What each event about a queue needs its actor to be allowed.

use super::event::QueueEvent;
use crate::organization::authorize::Right;

/// The right an event needs.
pub(crate) fn right(event: &QueueEvent) -> Right {
    let queue = event.subject();
    match event {
        QueueEvent::Created { .. } => Right::new("queues.create"),
        QueueEvent::Renamed { .. }
        | QueueEvent::Described { .. }
        | QueueEvent::VisibilityKeySet { .. }
        | QueueEvent::PartsChanged { .. }
        | QueueEvent::AgentsChanged { .. }
        | QueueEvent::SupervisorSet { .. }
        | QueueEvent::UpdateProtectionSet { .. }
        | QueueEvent::DeleteProtectionSet { .. } => Right::over("queues.edit", queue),
        QueueEvent::Archived { .. } | QueueEvent::Restored { .. } => Right::over("queues.archive", queue),
    }
}

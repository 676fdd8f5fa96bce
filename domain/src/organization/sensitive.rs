//! Which changes are sensitive, so that the setting `reason_required: sensitive` demands a reason for them.

use crate::agent::event::AgentEvent;
use crate::event::Event;
use crate::role::event::RoleEvent;
use crate::user::event::UserEvent;

/// Whether an event is among those for which the setting `reason_required: sensitive` demands a reason.
pub(super) fn is_sensitive(event: &Event) -> bool {
    match event {
        Event::User(event) => matches!(
            event,
            UserEvent::RoleAssigned { .. }
                | UserEvent::KeysChanged { .. }
                | UserEvent::MasterkeySet { .. }
                | UserEvent::SuperuserSet { .. }
                | UserEvent::ErasureRequested { .. }
                | UserEvent::Erased { .. }
        ),
        Event::Role(event) => matches!(event, RoleEvent::KeysChanged { .. }),
        Event::Agent(event) => {
            matches!(event, AgentEvent::ErasureRequested { .. } | AgentEvent::Erased { .. })
        }
        Event::Organization(_)
        | Event::Profile(_)
        | Event::Key(_)
        | Event::Queue(_)
        | Event::Group(_)
        | Event::Object(_)
        | Event::Settings(_) => false,
    }
}

//! What each event about an agent needs its actor to be allowed.

use super::event::AgentEvent;
use crate::organization::authorize::Right;

/// The right an event needs.
pub(crate) fn right(event: &AgentEvent) -> Right {
    let agent = event.subject();
    match event {
        AgentEvent::Created { .. } => Right::new("agents.create"),
        AgentEvent::CodeChanged { .. }
        | AgentEvent::Described { .. }
        | AgentEvent::AliasesChanged { .. }
        | AgentEvent::LocationChanged { .. }
        | AgentEvent::PayrollCodeChanged { .. }
        | AgentEvent::ExtensionChanged { .. }
        | AgentEvent::VisibilityKeySet { .. }
        | AgentEvent::GroupSet { .. }
        | AgentEvent::SupervisorSet { .. }
        | AgentEvent::LevelSet { .. }
        | AgentEvent::UpdateProtectionSet { .. }
        | AgentEvent::DeleteProtectionSet { .. } => Right::over("agents.edit", agent),
        AgentEvent::Archived { .. } | AgentEvent::Restored { .. } => Right::over("agents.archive", agent),
        AgentEvent::ErasureRequested { .. } | AgentEvent::Erased { .. } => Right::over("agents.erase", agent),
    }
}

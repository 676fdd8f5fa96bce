//! The rules told as given / when / then.

mod access;
mod erasure;
mod places;
mod record;

use crate::agent::command::AgentCommand;
use crate::agent::command::AgentEdit;
use crate::agent::state::Level;
use crate::kernel::id::AgentId;
use crate::kernel::spec::Outcome;
use crate::kernel::spec::World;
use crate::kernel::spec::given;

pub(super) fn coded(code: &str) -> AgentEdit {
    AgentEdit { code: Some(code.into()), ..AgentEdit::default() }
}

/// Seated in group `Night` and queue `Sales`, supervised by sven.
pub(super) fn seated(world: &World) -> AgentEdit {
    AgentEdit {
        group: Some(Some(world.group("Night"))),
        supervisor: Some(Some(world.user_id("sven"))),
        queues: Some([(world.queue("Sales"), Level::Main)].into()),
        ..AgentEdit::default()
    }
}

pub(super) fn as_mona(world: &World, agent: AgentId, edit: AgentEdit) -> Outcome {
    given(world).as_user("mona").when(AgentCommand::Edit(agent, edit))
}

pub(super) fn update_protected(to: bool) -> AgentEdit {
    AgentEdit { update_protected: Some(to), ..AgentEdit::default() }
}

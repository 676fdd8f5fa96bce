//! Who begins to reach an agent that is put into a group or queue: those who are there already.

use super::reach::{self, Reach};
use super::state::Organization;
use crate::agent::event::AgentEvent;
use crate::kernel::id::{AgentId, GroupId, QueueId};
use crate::permission::grant::{Grant, Scope};
use crate::queue::state::Supervision;

pub(super) fn reach(event: &AgentEvent, after: &Organization) -> Vec<Reach> {
    match event {
        AgentEvent::GroupSet { agent, to: Some(group), .. } => in_group(after, *agent, *group),
        AgentEvent::LevelSet { agent, queue, from: None, to: Some(_) } => in_queue(after, *agent, *queue),
        AgentEvent::GroupSet { to: None, .. }
        | AgentEvent::LevelSet { .. }
        | AgentEvent::Created { .. }
        | AgentEvent::CodeChanged { .. }
        | AgentEvent::Described { .. }
        | AgentEvent::AliasesChanged { .. }
        | AgentEvent::LocationChanged { .. }
        | AgentEvent::PayrollCodeChanged { .. }
        | AgentEvent::ExtensionChanged { .. }
        | AgentEvent::VisibilityKeySet { .. }
        | AgentEvent::SupervisorSet { .. }
        | AgentEvent::UpdateProtectionSet { .. }
        | AgentEvent::DeleteProtectionSet { .. }
        | AgentEvent::Archived { .. }
        | AgentEvent::Restored { .. }
        | AgentEvent::ErasureRequested { .. }
        | AgentEvent::Erased { .. } => Vec::new(),
    }
}

fn in_group(after: &Organization, agent: AgentId, group: GroupId) -> Vec<Reach> {
    let Some(group) = after.groups.get(&group) else { return Vec::new() };
    let mut grants = reach::relative_grants(after, group.members.iter().copied(), &[Scope::Group]);
    grants.extend(reach::relative_grants(after, group.supervisors.iter().copied(), &[Scope::Managed]));
    about_agents(after, agent, grants)
}

fn in_queue(after: &Organization, agent: AgentId, queue: QueueId) -> Vec<Reach> {
    let Some(queue) = after.queues.get(&queue) else { return Vec::new() };
    let there = queue.agents.iter().chain(queue.supervisors.keys()).copied();
    let editors = queue.supervisors.iter().filter(|(_, how)| **how == Supervision::Editor);
    let mut grants = reach::relative_grants(after, there, &[Scope::Assigned]);
    grants.extend(reach::relative_grants(after, editors.map(|(user, _)| *user), &[Scope::AssignedEditor]));
    about_agents(after, agent, grants)
}

fn about_agents(after: &Organization, agent: AgentId, grants: impl IntoIterator<Item = Grant>) -> Vec<Reach> {
    let grants = grants.into_iter().filter(|grant| reach::is_about_agents(after, grant));
    grants.map(|grant| Reach::Agent(grant, agent)).collect()
}

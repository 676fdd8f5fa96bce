//! Where an agent belongs: group, supervisor, queues; and how it leaves what is put away.
//!
//! An agent that is protected from updates keeps what it refers to in use: its record changes by nothing, so that undoing
//! never finds in its way what the doing did not.

use super::decide::{active, touch};
use super::event::AgentEvent;
use super::rejection::AgentRejection;
use super::state::{Agent, Level};
use crate::kernel::id::{AgentId, GroupId, QueueId, UserId};
use crate::kernel::rejection::FieldError;
use crate::kernel::shared::Standing;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::queue::decide::{can_be_posted, in_use};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

pub(super) fn set_group(
    deciding: &mut Deciding<'_>,
    id: AgentId,
    to: Option<GroupId>,
) -> Result<(), Rejection> {
    let agent = active(deciding, id)?;
    let from = agent.group;
    if from == to {
        return Ok(());
    }
    if let Some(group) = to {
        group_in_use(deciding, group)?;
    }
    touch(deciding, &agent, AgentEvent::GroupSet { agent: id, from, to })
}

pub(super) fn set_supervisor(
    deciding: &mut Deciding<'_>,
    id: AgentId,
    to: Option<UserId>,
) -> Result<(), Rejection> {
    let agent = active(deciding, id)?;
    let from = agent.supervisor;
    if from == to {
        return Ok(());
    }
    if let Some(user) = to {
        can_be_posted(deciding, "/supervisor", user)?;
    }
    touch(deciding, &agent, AgentEvent::SupervisorSet { agent: id, from, to })
}

pub(super) fn change_queues(
    deciding: &mut Deciding<'_>,
    id: AgentId,
    wanted: &BTreeMap<QueueId, Level>,
) -> Result<(), Rejection> {
    let agent = active(deciding, id)?;
    for queue in agent.queues.keys().filter(|queue| !wanted.contains_key(queue)) {
        set_level(deciding, id, *queue, None)?;
    }
    wanted.iter().try_for_each(|(queue, level)| set_level(deciding, id, *queue, Some(*level)))
}

/// Says at which level an agent serves a queue; `None`: not at all.
pub(super) fn set_level(
    deciding: &mut Deciding<'_>,
    id: AgentId,
    queue: QueueId,
    to: Option<Level>,
) -> Result<(), Rejection> {
    let agent = active(deciding, id)?;
    let from = agent.queues.get(&queue).copied();
    if from == to {
        return Ok(());
    }
    if to.is_some() {
        in_use(deciding, "/queues", queue)?;
    }
    touch(deciding, &agent, AgentEvent::LevelSet { agent: id, queue, from, to })
}

/// Every agent leaves a queue that is put away.
pub(crate) fn leave_queue(deciding: &mut Deciding<'_>, queue: QueueId) -> Result<(), Rejection> {
    for agent in those(deciding, |agent| agent.queues.contains_key(&queue))? {
        let from = agent.queues.get(&queue).copied();
        deciding.emit(AgentEvent::LevelSet { agent: agent.id, queue, from, to: None })?;
    }
    Ok(())
}

/// Every agent leaves a group that is put away.
pub(crate) fn leave_group(deciding: &mut Deciding<'_>, group: GroupId) -> Result<(), Rejection> {
    for agent in those(deciding, |agent| agent.group == Some(group))? {
        deciding.emit(AgentEvent::GroupSet { agent: agent.id, from: Some(group), to: None })?;
    }
    Ok(())
}

/// A user who is put away supervises no agent any more.
pub(crate) fn leave_supervisor(deciding: &mut Deciding<'_>, user: UserId) -> Result<(), Rejection> {
    // By an index: many users may be put away at once.
    let all = (user, AgentId(Uuid::nil()))..=(user, AgentId(Uuid::max()));
    let ids: Vec<_> = deciding.now.supervised.range(all).map(|(_, agent)| *agent).collect();
    deciding.visit(ids.len())?;
    let agents: Vec<_> = ids.iter().filter_map(|id| deciding.now.agents.get(id)).cloned().collect();
    for agent in changeable(agents)? {
        deciding.emit(AgentEvent::SupervisorSet { agent: agent.id, from: Some(user), to: None })?;
    }
    Ok(())
}

/// An agent that is put away leaves everything.
pub(super) fn leave_all(deciding: &mut Deciding<'_>, agent: &Agent) -> Result<(), Rejection> {
    let id = agent.id;
    for (queue, level) in &agent.queues {
        let (queue, from) = (*queue, Some(*level));
        deciding.emit(AgentEvent::LevelSet { agent: id, queue, from, to: None })?;
    }
    if agent.group.is_some() {
        deciding.emit(AgentEvent::GroupSet { agent: id, from: agent.group, to: None })?;
    }
    if agent.supervisor.is_some() {
        deciding.emit(AgentEvent::SupervisorSet { agent: id, from: agent.supervisor, to: None })?;
    }
    Ok(())
}

/// Agents that are to leave what is put away.
fn those(deciding: &mut Deciding<'_>, wanted: impl Fn(&Agent) -> bool) -> Result<Vec<Arc<Agent>>, Rejection> {
    deciding.visit(deciding.now.agents.len())?;
    changeable(deciding.now.agents.values().filter(|agent| wanted(agent)).cloned().collect())
}

fn changeable(agents: Vec<Arc<Agent>>) -> Result<Vec<Arc<Agent>>, Rejection> {
    match agents.iter().find(|agent| agent.update_protected) {
        Some(agent) => Err(AgentRejection::HeldByProtected(agent.id).into()),
        None => Ok(agents),
    }
}

fn group_in_use(deciding: &Deciding<'_>, id: GroupId) -> Result<(), Rejection> {
    match deciding.now.groups.get(&id) {
        Some(group) if group.status == Standing::Active => Ok(()),
        Some(_) | None => {
            Err(FieldError::new("/group", "no_such_group", "there is no such group in use").into())
        }
    }
}

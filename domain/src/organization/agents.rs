//! Folding an agent's events in: by id, by what it is called, by who supervises it.

use super::state::Organization;
use crate::agent::event::AgentEvent;
use crate::agent::state::Agent;
use crate::kernel::id::AgentId;
use crate::kernel::record::Stamp;
use crate::kernel::text::folded;
use std::sync::Arc;

impl Organization {
    pub(super) fn apply_agent(&mut self, stamp: Stamp, event: &AgentEvent) {
        let id = AgentId(event.subject().id);
        if let Some(agent) = Agent::created(event, stamp) {
            self.index_agent(&agent);
            self.agents.insert(id, Arc::new(agent));
            return;
        }
        let Some(before) = self.agents.get(&id).cloned() else { return };
        let mut after = Agent::clone(&before);
        after.apply(event, stamp);
        if (&before.code, &before.aliases) != (&after.code, &after.aliases) {
            before.called().for_each(|name| {
                self.called.remove(folded(name).as_str());
            });
        }
        if let Some(user) = before.supervisor {
            self.supervised.remove(&(user, id));
        }
        self.index_agent(&after);
        self.agents.insert(id, Arc::new(after));
    }

    pub(super) fn index_agent(&mut self, agent: &Agent) {
        agent.called().for_each(|name| {
            self.called.insert(folded(name).into(), agent.id);
        });
        self.supervised.extend(agent.supervisor.map(|user| (user, agent.id)));
    }
}

//! What can be asked about an agent.

use super::state::Level;
use crate::kernel::id::{AgentId, GroupId, KeyId, QueueId, UserId};
use std::collections::BTreeMap;

/// Fields of an agent to replace; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentEdit {
    /// Its code, such as `Agent/101`.
    pub code: Option<String>,
    /// For people; most often the name of whoever sits there.
    pub description: Option<String>,
    /// Other names it has in the telephone system.
    pub aliases: Option<Vec<String>>,
    /// Where it is; `Some(None)`: nowhere in particular.
    pub location: Option<Option<String>>,
    /// Its code in the payroll; `Some(None)` takes it away.
    pub payroll_code: Option<Option<String>>,
    /// The extension it is reached at; `Some(None)` takes it away.
    pub extension: Option<Option<String>>,
    /// The key that locks it; `Some(None)` opens it.
    pub visibility_key: Option<Option<KeyId>>,
    /// The group it belongs to; `Some(None)`: to none.
    pub group: Option<Option<GroupId>>,
    /// The user who supervises it; `Some(None)`: nobody.
    pub supervisor: Option<Option<UserId>>,
    /// The queues it serves, each at one level.
    pub queues: Option<BTreeMap<QueueId, Level>>,
    /// Whether nothing else of it may be changed.
    pub update_protected: Option<bool>,
    /// Whether it may not be archived.
    pub delete_protected: Option<bool>,
}

/// What can be asked about an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentCommand {
    /// Add an agent; the code is needed.
    Create(AgentEdit),
    /// Replace fields.
    Edit(AgentId, AgentEdit),
    /// Put away: leaves its group, its supervisor and every queue.
    Archive(AgentId),
    /// Bring back from the archive.
    Restore(AgentId),
    /// Ask that the personal data be erased.
    RequestErasure(AgentId),
    /// Say that the values are gone.
    ConfirmErasure(AgentId),
}

impl AgentCommand {
    /// Which agent; none for one that is not there yet.
    #[must_use]
    pub fn agent(&self) -> Option<AgentId> {
        match self {
            Self::Create(_) => None,
            Self::Edit(agent, _)
            | Self::Archive(agent)
            | Self::Restore(agent)
            | Self::RequestErasure(agent)
            | Self::ConfirmErasure(agent) => Some(*agent),
        }
    }
}

//! An agent as folded from events.

use super::event::AgentEvent;
use crate::kernel::id::{AgentId, GroupId, KeyId, QueueId, UserId};
use crate::kernel::personal::Personal;
use crate::kernel::record::{Record, Stamp};
use crate::kernel::shared::{Since, Standing};
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

/// In which turn an agent gets the calls of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// One of its regular agents.
    Main,
    /// Helps out while those are busy.
    Wrap,
    /// Takes what still spills over.
    Spill,
}

impl Level {
    /// The word in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Wrap => "wrap",
            Self::Spill => "spill",
        }
    }
}

/// How far the erasure of personal data has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Erasure {
    /// Nobody asked for it.
    None,
    /// It was asked for: the personal values read `[erased]`.
    Requested,
    /// They are gone.
    Done,
}

/// A seat at the telephone system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Never reused.
    pub id: AgentId,
    /// Such as `Agent/101`; names this agent alone, as an alias of it does, whatever the case.
    pub code: Personal,
    /// For people; most often the name of whoever sits there.
    pub description: Personal,
    /// Other names in the telephone system, in the order given.
    pub aliases: Vec<Personal>,
    /// Where it is.
    pub location: Option<String>,
    /// Its code in the payroll.
    pub payroll_code: Option<Personal>,
    /// The extension it is reached at.
    pub extension: Option<Personal>,
    /// Only holders of this key see it; none is open to all who hold the permission.
    pub visibility_key: Since<Option<KeyId>>,
    /// The group it belongs to.
    pub group: Option<GroupId>,
    /// The user who supervises it: a note for people, no reach.
    pub supervisor: Option<UserId>,
    /// The queues it serves, each at one level.
    pub queues: OrdMap<QueueId, Level>,
    /// Whether nothing else of it may be changed, archiving included.
    pub update_protected: bool,
    /// Whether it may not be archived.
    pub delete_protected: bool,
    /// Whether it is in use.
    pub status: Standing,
    /// Whether its personal values are to go, or gone.
    pub erasure: Erasure,
    /// Who made it, who changed it last, and when.
    pub record: Record,
}

impl Agent {
    /// An agent as first created; `None` if the event is not a creation.
    #[must_use]
    pub fn created(event: &AgentEvent, stamp: Stamp) -> Option<Self> {
        let AgentEvent::Created {
            agent,
            code,
            description,
            aliases,
            location,
            payroll_code,
            extension,
            visibility_key,
        } = event
        else {
            return None;
        };
        let position = stamp.position;
        Some(Self {
            id: *agent,
            code: code.clone(),
            description: description.clone(),
            aliases: aliases.clone(),
            location: location.clone(),
            payroll_code: payroll_code.clone(),
            extension: extension.clone(),
            visibility_key: Since::new(*visibility_key, position),
            group: None,
            supervisor: None,
            queues: OrdMap::new(),
            update_protected: false,
            delete_protected: false,
            status: Standing::Active,
            erasure: Erasure::None,
            record: Record::new(stamp),
        })
    }

    /// Folds one event about this agent.
    pub fn apply(&mut self, event: &AgentEvent, stamp: Stamp) {
        let at = stamp.position;
        match event {
            AgentEvent::Created { .. } => {}
            AgentEvent::CodeChanged { to, .. } => self.code = to.clone(),
            AgentEvent::Described { to, .. } => self.description = to.clone(),
            AgentEvent::AliasesChanged { to, .. } => self.aliases.clone_from(to),
            AgentEvent::LocationChanged { to, .. } => self.location.clone_from(to),
            AgentEvent::PayrollCodeChanged { to, .. } => self.payroll_code.clone_from(to),
            AgentEvent::ExtensionChanged { to, .. } => self.extension.clone_from(to),
            AgentEvent::VisibilityKeySet { to, .. } => self.visibility_key = Since::new(*to, at),
            AgentEvent::GroupSet { to, .. } => self.group = *to,
            AgentEvent::SupervisorSet { to, .. } => self.supervisor = *to,
            AgentEvent::LevelSet { queue, to, .. } => self.queues = self.queues.alter(|_| *to, *queue),
            AgentEvent::UpdateProtectionSet { to, .. } => self.update_protected = *to,
            AgentEvent::DeleteProtectionSet { to, .. } => self.delete_protected = *to,
            AgentEvent::Archived { to, .. } | AgentEvent::Restored { to, .. } => self.status = *to,
            AgentEvent::ErasureRequested { .. } => self.erase(Erasure::Requested),
            AgentEvent::Erased { .. } => self.erase(Erasure::Done),
        }
        self.record.update(stamp);
    }

    fn erase(&mut self, to: Erasure) {
        self.erasure = to;
        self.code = self.code.erased();
        self.description = self.description.erased();
        self.aliases = self.aliases.iter().map(Personal::erased).collect();
        self.payroll_code = self.payroll_code.as_ref().map(Personal::erased);
        self.extension = self.extension.as_ref().map(Personal::erased);
    }

    /// Whether erasure was asked for; the personal values of such an agent read `[erased]`.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.erasure != Erasure::None
    }

    /// Every personal value it holds.
    pub fn personal(&self) -> impl Iterator<Item = &Personal> {
        let maybe = self.payroll_code.iter().chain(&self.extension);
        [&self.code, &self.description].into_iter().chain(&self.aliases).chain(maybe)
    }

    /// What it is called by, code and aliases, unless erased.
    pub fn called(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.code).chain(&self.aliases).filter_map(Personal::clear)
    }
}

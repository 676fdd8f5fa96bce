//! A queue or campaign as folded from events.

use super::event::QueueEvent;
use crate::kernel::id::{KeyId, QueueId, UserId};
use crate::kernel::record::{Record, Stamp};
use crate::kernel::shared::{Since, Standing, change_set};
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

/// What a queue is; a campaign is a queue that calls out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueKind {
    /// Inbound.
    Queue,
    /// Outbound.
    Campaign,
}

/// What a supervisor of a queue may do there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supervision {
    /// See it.
    Viewer,
    /// See it and move agents.
    Editor,
}

/// What one user is to one queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Takes its calls.
    pub serves: bool,
    /// Supervises it.
    pub supervises: Option<Supervision>,
}

impl Post {
    /// Whether nothing is left of it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        !self.serves && self.supervises.is_none()
    }
}

/// A queue or campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// Never reused.
    pub id: QueueId,
    /// Unique among queues and campaigns, whatever its case.
    pub name: String,
    /// For people.
    pub description: String,
    /// Queue or campaign.
    pub kind: QueueKind,
    /// Only holders of this key see it; none is open to all who hold the permission.
    pub visibility_key: Since<Option<KeyId>>,
    /// What an aggregate queue is composed of; their keys are not checked, only its own.
    pub parts: OrdSet<QueueId>,
    /// Who serves it.
    pub agents: OrdSet<UserId>,
    /// Who supervises it, and how.
    pub supervisors: OrdMap<UserId, Supervision>,
    /// Whether what it is (name, description, key, parts) may not be changed, archiving included. Who serves and
    /// supervises it may: people come and go.
    pub update_protected: bool,
    /// Whether it may not be archived.
    pub delete_protected: bool,
    /// Whether it is in use.
    pub status: Standing,
    /// Who made it, who changed it last, and when.
    pub record: Record,
}

impl Queue {
    /// A queue as first created; `None` if the event is not a creation.
    #[must_use]
    pub fn created(event: &QueueEvent, stamp: Stamp) -> Option<Self> {
        let QueueEvent::Created { queue, name, description, kind, visibility_key } = event else {
            return None;
        };
        let position = stamp.position;
        Some(Self {
            id: *queue,
            name: name.clone(),
            description: description.clone(),
            kind: *kind,
            visibility_key: Since::new(*visibility_key, position),
            parts: OrdSet::new(),
            agents: OrdSet::new(),
            supervisors: OrdMap::new(),
            update_protected: false,
            delete_protected: false,
            status: Standing::Active,
            record: Record::new(stamp),
        })
    }

    /// Folds one event about this queue.
    pub fn apply(&mut self, event: &QueueEvent, stamp: Stamp) {
        let at = stamp.position;
        match event {
            QueueEvent::Created { .. } => {}
            QueueEvent::Renamed { to, .. } => self.name.clone_from(to),
            QueueEvent::Described { to, .. } => self.description.clone_from(to),
            QueueEvent::VisibilityKeySet { to, .. } => self.visibility_key = Since::new(*to, at),
            QueueEvent::PartsChanged { added, removed, .. } => change_set(&mut self.parts, added, removed),
            QueueEvent::AgentsChanged { added, removed, .. } => change_set(&mut self.agents, added, removed),
            QueueEvent::SupervisorSet { user, to, .. } => {
                self.supervisors = self.supervisors.alter(|_| *to, *user);
            }
            QueueEvent::UpdateProtectionSet { to, .. } => self.update_protected = *to,
            QueueEvent::DeleteProtectionSet { to, .. } => self.delete_protected = *to,
            QueueEvent::Archived { to, .. } | QueueEvent::Restored { to, .. } => self.status = *to,
        }
        self.record.update(stamp);
    }
}

//! What can be asked about a queue or campaign.

use super::state::{QueueKind, Supervision};
use crate::kernel::id::{KeyId, QueueId, UserId};
use std::collections::BTreeMap;

/// Fields of a queue to replace; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueEdit {
    /// Its name.
    pub name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Queue or campaign; only said when it is added.
    pub kind: Option<QueueKind>,
    /// The key that locks it; `Some(None)` opens it.
    pub visibility_key: Option<Option<KeyId>>,
    /// What an aggregate queue is composed of.
    pub parts: Option<Vec<QueueId>>,
    /// Who serves it.
    pub agents: Option<Vec<UserId>>,
    /// Who supervises it, and how.
    pub supervisors: Option<BTreeMap<UserId, Supervision>>,
    /// Whether what it is may not be changed.
    pub update_protected: Option<bool>,
    /// Whether it may not be archived.
    pub delete_protected: Option<bool>,
}

/// What can be asked about a queue or campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueCommand {
    /// Add a queue; the name is needed.
    Create(QueueEdit),
    /// Replace fields.
    Edit(QueueId, QueueEdit),
    /// Put away: whoever serves or supervises it leaves it.
    Archive(QueueId),
    /// Bring back from the archive.
    Restore(QueueId),
}

impl QueueCommand {
    /// Which queue; none for one that is not there yet.
    #[must_use]
    pub fn queue(&self) -> Option<QueueId> {
        match self {
            Self::Create(_) => None,
            Self::Edit(queue, _) | Self::Archive(queue) | Self::Restore(queue) => Some(*queue),
        }
    }
}

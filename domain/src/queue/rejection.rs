//! Why a command about a queue was refused.

use crate::kernel::id::QueueId;
use crate::kernel::rejection::{Class, Refusal};

/// Why a command about a queue was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueRejection {
    /// Another queue has the name.
    #[error("another queue or campaign has this name")]
    NameTaken,
    /// It is put away.
    #[error("this queue is archived; restore it first")]
    Archived,
    /// A queue's kind is for life.
    #[error("a queue stays a queue and a campaign a campaign; add another one instead")]
    KindIsFixed,
    /// An aggregate cannot contain itself.
    #[error("a queue cannot be composed of itself, directly or through its parts")]
    PartOfItself,
    /// What it is may not be changed.
    #[error("this queue is protected from updates; take `update_protected` away first")]
    UpdateProtected,
    /// What is put away is part of one that may not be changed.
    #[error(
        "this is part of queue {0}, which is protected from updates; take its `update_protected` away first"
    )]
    PartOfProtected(QueueId),
    /// It may not be put away.
    #[error("this queue is protected from deletion; take `delete_protected` away first")]
    DeleteProtected,
}

impl Refusal for QueueRejection {
    fn class(&self) -> Class {
        Class::Conflict
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NameTaken => "name_taken",
            Self::Archived => "archived",
            Self::KindIsFixed => "kind_is_fixed",
            Self::PartOfItself => "part_of_itself",
            Self::UpdateProtected | Self::PartOfProtected(_) => "update_protected",
            Self::DeleteProtected => "delete_protected",
        }
    }
}

//! Why a command about a queue was refused.

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
        }
    }
}

//! Why a command about a group was refused.

use crate::kernel::rejection::{Class, Refusal};

/// Why a command about a group was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupRejection {
    /// Another group has the name.
    #[error("another group has this name")]
    NameTaken,
    /// It is put away.
    #[error("this group is archived; restore it first")]
    Archived,
}

impl Refusal for GroupRejection {
    fn class(&self) -> Class {
        Class::Conflict
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NameTaken => "name_taken",
            Self::Archived => "archived",
        }
    }
}

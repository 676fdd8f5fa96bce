//! Why a command about a profile was refused.

use crate::kernel::rejection::{Class, Refusal};

/// Why a command about a profile was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileRejection {
    /// Another profile has the name.
    #[error("another profile has this name")]
    NameTaken,
    /// It is put away.
    #[error("this profile is archived; restore it first")]
    Archived,
    /// Users have it.
    #[error("{count} users have this profile; take it from them first")]
    InUse {
        /// How many, archived users left out: they come back only after it.
        count: usize,
    },
}

impl Refusal for ProfileRejection {
    fn class(&self) -> Class {
        Class::Conflict
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NameTaken => "name_taken",
            Self::Archived => "archived",
            Self::InUse { .. } => "profile_in_use",
        }
    }
}

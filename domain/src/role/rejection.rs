//! Why a command about a role was refused.

use crate::kernel::rejection::{Class, Refusal};

/// Why a command about a role was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleRejection {
    /// Another role has the name.
    #[error("another role has this name")]
    NameTaken,
    /// It is put away.
    #[error("this role is archived; restore it first")]
    Archived,
    /// Users hold it.
    #[error("{count} users hold this role; give them another one first")]
    InUse {
        /// How many, archived users left out: they come back only after it.
        count: usize,
    },
    /// It comes from the catalog.
    #[error("this role comes from the catalog: it cannot be archived, renamed or ranked anew")]
    Protected,
}

impl Refusal for RoleRejection {
    fn class(&self) -> Class {
        Class::Conflict
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NameTaken => "name_taken",
            Self::Archived => "archived",
            Self::InUse { .. } => "role_in_use",
            Self::Protected => "protected",
        }
    }
}

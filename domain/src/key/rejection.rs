//! Why a command about a key was refused.

use crate::kernel::rejection::{Class, Refusal};

/// Why a command about a key was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRejection {
    /// Another key has the name.
    #[error("another key has this name")]
    NameTaken,
    /// It is put away.
    #[error("this key is archived; restore it first")]
    Archived,
    /// It opens or locks something.
    #[error("this key is held by roles or users or locks queues, agents or objects; take it from them first")]
    InUse,
    /// It comes from the catalog.
    #[error("this key is reserved by the catalog: it cannot be renamed or archived")]
    Reserved,
}

impl Refusal for KeyRejection {
    fn class(&self) -> Class {
        Class::Conflict
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NameTaken => "name_taken",
            Self::Archived => "archived",
            Self::InUse => "key_in_use",
            Self::Reserved => "reserved_key",
        }
    }
}

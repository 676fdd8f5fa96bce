//! Why a command about an agent was refused.

use crate::kernel::id::AgentId;
use crate::kernel::rejection::{Class, Refusal};

/// Why a command about an agent was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentRejection {
    /// The code names an agent already.
    #[error("another agent has this code, as its code or as an alias")]
    CodeTaken,
    /// An alias names an agent already.
    #[error("another agent has one of these aliases, as its code or as an alias")]
    AliasTaken,
    /// It is put away.
    #[error("this agent is archived; restore it first")]
    Archived,
    /// Nothing of it may be changed.
    #[error("this agent is protected from updates; take `update_protected` away first")]
    UpdateProtected,
    /// What is put away is referred to by one of which nothing may be changed.
    #[error("agent {0} refers to this and is protected from updates; take its `update_protected` away first")]
    HeldByProtected(AgentId),
    /// It may not be put away.
    #[error("this agent is protected from deletion; take `delete_protected` away first")]
    DeleteProtected,
    /// The personal data was erased.
    #[error("the personal data of this agent was erased, so nothing more can be changed")]
    Erased,
    /// Erasure is for those who left.
    #[error("only an archived agent's personal data can be erased")]
    NotArchived,
    /// Nobody asked for it.
    #[error("nobody asked that this agent's personal data be erased")]
    ErasureNotRequested,
}

impl Refusal for AgentRejection {
    fn class(&self) -> Class {
        Class::Conflict
    }

    fn code(&self) -> &'static str {
        match self {
            Self::CodeTaken => "code_taken",
            Self::AliasTaken => "alias_taken",
            Self::Archived => "archived",
            Self::UpdateProtected | Self::HeldByProtected(_) => "update_protected",
            Self::DeleteProtected => "delete_protected",
            Self::Erased => "erased",
            Self::NotArchived => "not_archived",
            Self::ErasureNotRequested => "erasure_not_requested",
        }
    }
}

//! Why a command was refused: the refusals that every entity shares, and one variant per entity.

use crate::agent::rejection::AgentRejection;
use crate::group::rejection::GroupRejection;
use crate::kernel::id::Kind;
use crate::kernel::rejection::{Class, FieldError, Refusal};
use crate::key::rejection::KeyRejection;
use crate::object::rejection::ObjectRejection;
use crate::profile::rejection::ProfileRejection;
use crate::queue::rejection::QueueRejection;
use crate::role::rejection::RoleRejection;
use crate::user::rejection::UserRejection;

/// Why a command was refused. Nothing was appended.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// Fields of the request are wrong.
    #[error("the request cannot be accepted: see {}", fields(.0))]
    Invalid(Vec<FieldError>),
    /// Not there, or not to be known by the one who asks.
    #[error("there is no such {0}, or you may not see it")]
    Missing(Kind),
    /// The one who asks may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The organization demands a reason for this change.
    #[error("this organization demands a reason for this change; give it in the header `Rollbook-Reason`")]
    ReasonRequired,
    /// The entity has changed since it was read.
    #[error("it has changed since you read it: it is at position {actual} now, not {expected}")]
    Stale {
        /// What `If-Match` said.
        expected: u64,
        /// The position of its last event.
        actual: u64,
    },
    /// One command may not do so much at once.
    #[error(
        "one command may make {max} {what}; this one would make {count}: do it in parts, as a bulk job does"
    )]
    TooLarge {
        /// What was counted.
        what: &'static str,
        /// How many there would be.
        count: u64,
        /// How many there may be.
        max: u64,
    },
    /// The organization exists already.
    #[error("the organization has been founded already")]
    Founded,
    /// There is no catalog of this name.
    #[error("there is no catalog of that name")]
    NoSuchCatalog,
    /// About a user.
    #[error(transparent)]
    User(#[from] UserRejection),
    /// About a role.
    #[error(transparent)]
    Role(#[from] RoleRejection),
    /// About a profile.
    #[error(transparent)]
    Profile(#[from] ProfileRejection),
    /// About a key.
    #[error(transparent)]
    Key(#[from] KeyRejection),
    /// About a queue.
    #[error(transparent)]
    Queue(#[from] QueueRejection),
    /// About a group.
    #[error(transparent)]
    Group(#[from] GroupRejection),
    /// About an agent.
    #[error(transparent)]
    Agent(#[from] AgentRejection),
    /// About an object.
    #[error(transparent)]
    Object(#[from] ObjectRejection),
}

/// Why the one who asks may not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// The permission is not held, or not over this target.
    #[error("you need the permission `{permission}` over this")]
    Permission {
        /// The missing permission.
        permission: &'static str,
    },
    /// The account that asks is not active.
    #[error("your account is not active")]
    Inactive,
    /// The target's rank is not lower.
    #[error("this concerns a user or role of your own rank or a higher one")]
    RankTooLow,
    /// What would be given is not held.
    #[error("this would give `{what}`, which you do not hold at least as wide yourself")]
    GivesMore {
        /// The permission or key that would be given.
        what: String,
    },
    /// Nobody changes their own role, profile or keys.
    #[error("nobody changes their own access")]
    OwnAccess,
}

impl From<FieldError> for Rejection {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}

impl Refusal for Rejection {
    fn class(&self) -> Class {
        match self {
            Self::Invalid(_) | Self::ReasonRequired | Self::TooLarge { .. } | Self::NoSuchCatalog => {
                Class::Invalid
            }
            Self::Missing(_) => Class::Missing,
            Self::Forbidden(_) => Class::Forbidden,
            Self::Stale { .. } => Class::Precondition,
            Self::Founded => Class::Conflict,
            Self::User(rejection) => rejection.class(),
            Self::Role(rejection) => rejection.class(),
            Self::Profile(rejection) => rejection.class(),
            Self::Key(rejection) => rejection.class(),
            Self::Queue(rejection) => rejection.class(),
            Self::Group(rejection) => rejection.class(),
            Self::Agent(rejection) => rejection.class(),
            Self::Object(rejection) => rejection.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Missing(_) => "not_found",
            Self::Forbidden(Forbidden::Permission { .. }) => "permission_missing",
            Self::Forbidden(Forbidden::Inactive) => "inactive",
            Self::Forbidden(Forbidden::RankTooLow) => "rank_too_low",
            Self::Forbidden(Forbidden::GivesMore { .. }) => "gives_more_than_held",
            Self::Forbidden(Forbidden::OwnAccess) => "own_access",
            Self::ReasonRequired => "reason_required",
            Self::Stale { .. } => "precondition_failed",
            Self::TooLarge { .. } => "too_large",
            Self::Founded => "organization_exists",
            Self::NoSuchCatalog => "no_such_catalog",
            Self::User(rejection) => rejection.code(),
            Self::Role(rejection) => rejection.code(),
            Self::Profile(rejection) => rejection.code(),
            Self::Key(rejection) => rejection.code(),
            Self::Queue(rejection) => rejection.code(),
            Self::Group(rejection) => rejection.code(),
            Self::Agent(rejection) => rejection.code(),
            Self::Object(rejection) => rejection.code(),
        }
    }
}

fn fields(errors: &[FieldError]) -> String {
    let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    pointers.join(", ")
}

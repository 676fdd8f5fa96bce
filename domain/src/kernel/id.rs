//! Typed ids: a user's id cannot be passed where a role's is wanted.
//!
//! Ids are UUIDs made from the [`Context`](super::context::Context)'s seed; they are never reused.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// The kinds of things a history or a question can be about.
///
/// The first ten are entities of an organization. `Conversation`, `Setting` and `Element` are only ever
/// targets of a question: Rollbook keeps no history of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The organization itself.
    Organization,
    /// A person who signs in.
    User,
    /// A ranked bundle of grants and keys; every user has exactly one.
    Role,
    /// A shared bundle of grants on top of a role.
    Profile,
    /// A word that opens locks or functions.
    Key,
    /// A queue or a campaign.
    Queue,
    /// People with supervisors.
    Group,
    /// A seat at the telephone system, apart from the user who sits there.
    Agent,
    /// A small thing of a kind that the catalog has: a skill, a tag, a report.
    Object,
    /// The organization's settings.
    Settings,
    /// A call or chat, described by facts.
    Conversation,
    /// A section of the product's settings.
    Setting,
    /// A single element inside a module.
    Element,
}

impl Kind {
    /// Every kind, in the order of their declaration.
    pub const ALL: [Self; 13] = [
        Self::Organization,
        Self::User,
        Self::Role,
        Self::Profile,
        Self::Key,
        Self::Queue,
        Self::Group,
        Self::Agent,
        Self::Object,
        Self::Settings,
        Self::Conversation,
        Self::Setting,
        Self::Element,
    ];

    /// The word for this kind in the API, the ledger and the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::User => "user",
            Self::Role => "role",
            Self::Profile => "profile",
            Self::Key => "key",
            Self::Queue => "queue",
            Self::Group => "group",
            Self::Agent => "agent",
            Self::Object => "object",
            Self::Settings => "settings",
            Self::Conversation => "conversation",
            Self::Setting => "setting",
            Self::Element => "element",
        }
    }

    /// Whether it stands for a person, who owns the personal values told of it.
    #[must_use]
    pub fn is_person(self) -> bool {
        match self {
            Self::User | Self::Agent => true,
            Self::Organization
            | Self::Role
            | Self::Profile
            | Self::Key
            | Self::Queue
            | Self::Group
            | Self::Object
            | Self::Settings
            | Self::Conversation
            | Self::Setting
            | Self::Element => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.word() == text).ok_or(UnknownKind)
    }
}

/// A word that names no kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such kind; use user, role, profile, key, queue, group, agent, object, settings or organization")]
pub struct UnknownKind;

/// What an event is about, and what a history is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub id: Uuid,
}

impl fmt::Display for Subject {
    /// `kind:id`, as targets are written in a query string.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}

impl FromStr for Subject {
    type Err = BadSubject;

    fn from_str(text: &str) -> Result<Self, BadSubject> {
        let (kind, id) = text.split_once(':').ok_or(BadSubject)?;
        let kind = kind.parse().map_err(|_| BadSubject)?;
        let id = id.parse().map_err(|_| BadSubject)?;
        Ok(Self { kind, id })
    }
}

/// A text that is not `kind:id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a subject is written `kind:id`, the id being a UUID")]
pub struct BadSubject;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident => $kind:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The bare UUID.
            #[must_use]
            pub fn uuid(self) -> Uuid {
                self.0
            }

            /// This id as the subject of a history.
            #[must_use]
            pub fn subject(self) -> Subject {
                Subject { kind: Kind::$kind, id: self.0 }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::from_str(text).map(Self)
            }
        }
    )* };
}

ids! {
    /// An organization; also the `aggregate_id` of its ledgers.
    OrganizationId => Organization;
    /// A user.
    UserId => User;
    /// A role.
    RoleId => Role;
    /// A profile.
    ProfileId => Profile;
    /// A key.
    KeyId => Key;
    /// A queue or campaign.
    QueueId => Queue;
    /// A group.
    GroupId => Group;
    /// An agent.
    AgentId => Agent;
    /// An object.
    ObjectId => Object;
}

/// A stored secret (password hash, API key hash). The secret itself never reaches an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CredentialId(pub Uuid);

impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

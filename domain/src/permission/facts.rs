//! What a question is about: its targets, and the facts that limits ask for.
//!
//! A target's or fact's id may be given as a login or name; [`Targets::resolve`] and [`Facts::resolve`] turn the
//! caller's form into ids. An id that is well formed but not of this organization is kept and denied later.

use crate::kernel::id::{GroupId, Kind, QueueId, RoleId, Subject, UserId};
use crate::kernel::rejection::FieldError;
use crate::organization::state::Organization;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// One thing that a question names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An entity of the organization.
    Entity(Subject),
    /// A call or chat; [`Facts`] describe it.
    Conversation,
    /// A part of the product's settings, by a word where that matters.
    Setting(Option<Arc<str>>),
    /// A single element of a module (a dashboard, a list), by its id.
    Element(Arc<str>),
}

impl Target {
    /// What kind of thing it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Entity(subject) => subject.kind,
            Self::Conversation => Kind::Conversation,
            Self::Setting(_) => Kind::Setting,
            Self::Element(_) => Kind::Element,
        }
    }
}

impl From<Subject> for Target {
    fn from(subject: Subject) -> Self {
        Self::Entity(subject)
    }
}

/// A target as a caller writes it: `{"kind","id"}`, the id being a UUID, a login or a unique name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedTarget {
    /// What kind of thing it is.
    pub kind: Kind,
    /// Which one; not needed of a conversation, of a setting and of what an organization has only one of.
    pub id: Option<String>,
}

/// The targets of a question. Which of them a permission needs is said by the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Targets<S = Target, R = RoleId, Q = QueueId> {
    /// What it is done to.
    pub subject: Option<S>,
    /// The role to be given.
    pub role: Option<R>,
    /// The queue it is taken from.
    pub from: Option<Q>,
    /// The queue it is put into.
    pub to: Option<Q>,
}

/// Targets as a caller writes them.
pub type NamedTargets = Targets<NamedTarget, String, String>;

impl<S, R, Q> Default for Targets<S, R, Q> {
    fn default() -> Self {
        Self { subject: None, role: None, from: None, to: None }
    }
}

impl Targets {
    /// One target.
    #[must_use]
    pub fn of(subject: impl Into<Target>) -> Self {
        Self { subject: Some(subject.into()), ..Self::default() }
    }

    /// Whether none is named, which asks for the permission at any scope.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { subject, role, from, to } = self;
        subject.is_none() && role.is_none() && from.is_none() && to.is_none()
    }
}

impl NamedTargets {
    /// The targets by id.
    ///
    /// # Errors
    /// A name that nothing has, at its pointer below `pointer`.
    pub fn resolve(self, organization: &Organization, pointer: &str) -> Result<Targets, FieldError> {
        let at = |member: &str| format!("{pointer}/{member}");
        let queue = |id: &Option<String>, member| {
            id.as_deref().map(|id| named(organization, Kind::Queue, id, &at(member))).transpose()
        };
        Ok(Targets {
            subject: self.subject.map(|target| target.resolve(organization, &at("subject"))).transpose()?,
            role: self
                .role
                .map(|id| named(organization, Kind::Role, &id, &at("role")))
                .transpose()?
                .map(RoleId),
            from: queue(&self.from, "from")?.map(QueueId),
            to: queue(&self.to, "to")?.map(QueueId),
        })
    }
}

impl NamedTarget {
    /// The target by id.
    ///
    /// # Errors
    /// A name that nothing has, or no id where one is needed, below `pointer`.
    pub fn resolve(self, organization: &Organization, pointer: &str) -> Result<Target, FieldError> {
        let at = format!("{pointer}/id");
        match (self.kind, self.id) {
            (Kind::Conversation, _) => Ok(Target::Conversation),
            (Kind::Setting, id) => Ok(Target::Setting(id.map(Into::into))),
            (Kind::Element, Some(id)) => Ok(Target::Element(id.into())),
            (kind @ (Kind::Organization | Kind::Settings), None) => {
                Ok(Target::Entity(Subject { kind, id: organization.id.uuid() }))
            }
            (_, None) => Err(FieldError::new(&at, "required", "say which one by its id or name")),
            (kind, Some(id)) => {
                Ok(Target::Entity(Subject { kind, id: named(organization, kind, &id, &at)? }))
            }
        }
    }
}

fn named(organization: &Organization, kind: Kind, id: &str, pointer: &str) -> Result<Uuid, FieldError> {
    organization
        .find(kind, id)
        .or_else(|| Uuid::parse_str(id).ok())
        .ok_or_else(|| FieldError::new(pointer, "not_found", "there is nothing of this kind with this name"))
}

/// What the caller knows about the case in hand. What is not supplied is not known, and a limit that asks for it denies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts<U = UserId, Q = QueueId, G = GroupId> {
    /// The fields to be touched; an empty set counts as not supplied.
    #[serde(default = "BTreeSet::new")]
    pub fields: BTreeSet<Arc<str>>,
    /// What is done (`create`, `edit`, `delete` …), where one permission stands for several.
    pub action: Option<Arc<str>>,
    /// The section of the settings.
    pub section: Option<Arc<str>>,
    /// The part of a record that is shown.
    pub part: Option<Arc<str>>,
    /// The channel (`voice`, `chat` …) on which a queue is meant.
    pub channel: Option<Arc<str>>,
    /// Whether the thing is in use elsewhere.
    pub in_use: Option<bool>,
    /// Whether a thing that is no entity is active; of entities the organization itself knows.
    pub active: Option<bool>,
    /// Whether a call was missed in a scenario.
    pub missed_in_scenario: Option<bool>,
    /// Whether a channel belongs to a function or an API token.
    pub function_or_api_token: Option<bool>,
    /// Who handles the conversation.
    pub agent: Option<U>,
    /// The queue that the conversation came through.
    pub queue: Option<Q>,
    /// The group that the conversation belongs to.
    pub group: Option<G>,
    /// Whether a bot holds the conversation.
    pub bot: Option<bool>,
    /// Whether nobody has the conversation yet.
    pub unassigned: Option<bool>,
}

/// Facts as a caller writes them.
pub type NamedFacts = Facts<String, String, String>;

impl<U, Q, G> Default for Facts<U, Q, G> {
    fn default() -> Self {
        Self {
            fields: BTreeSet::new(),
            action: None,
            section: None,
            part: None,
            channel: None,
            in_use: None,
            active: None,
            missed_in_scenario: None,
            function_or_api_token: None,
            agent: None,
            queue: None,
            group: None,
            bot: None,
            unassigned: None,
        }
    }
}

impl NamedFacts {
    /// The facts by id.
    ///
    /// # Errors
    /// A name that nothing has, below `pointer`.
    pub fn resolve(self, organization: &Organization, pointer: &str) -> Result<Facts, FieldError> {
        let find = |kind, id: Option<String>, member: &str| {
            id.map(|id| named(organization, kind, &id, &format!("{pointer}/{member}"))).transpose()
        };
        Ok(Facts {
            agent: find(Kind::User, self.agent, "agent")?.map(UserId),
            queue: find(Kind::Queue, self.queue, "queue")?.map(QueueId),
            group: find(Kind::Group, self.group, "group")?.map(GroupId),
            fields: self.fields,
            action: self.action,
            section: self.section,
            part: self.part,
            channel: self.channel,
            in_use: self.in_use,
            active: self.active,
            missed_in_scenario: self.missed_in_scenario,
            function_or_api_token: self.function_or_api_token,
            bot: self.bot,
            unassigned: self.unassigned,
        })
    }
}

//! A question's targets as the organization knows them, looked up once for the whole walk.

use super::facts::{Target, Targets};
use crate::agent::state::Agent;
use crate::group::state::Group;
use crate::kernel::id::{AgentId, GroupId, Kind, ObjectId, QueueId, RoleId, Subject, UserId};
use crate::object::state::Object;
use crate::organization::state::Organization;
use crate::queue::state::Queue;
use crate::role::state::Role;
use crate::user::state::User;

/// A target as it was found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    User(&'a User),
    Role(&'a Role),
    Group(&'a Group),
    Queue(&'a Queue),
    Agent(&'a Agent),
    Object(&'a Object),
    /// The organization, its settings, a profile or a key: nothing of it decides.
    Plain(Subject),
    Conversation,
    Setting(Option<&'a str>),
    Element(&'a str),
    /// Nothing of this organization.
    Missing(Kind),
}

/// The targets of one question.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AllFound<'a>([Option<Found<'a>>; 4]);

impl<'a> AllFound<'a> {
    pub(crate) fn of(targets: &'a Targets, organization: &'a Organization) -> Self {
        let Targets { subject, role, from, to } = targets;
        let queue = |id: &QueueId| entity(organization, id.subject());
        Self([
            subject.as_ref().map(|target| found(organization, target)),
            role.map(|id| entity(organization, id.subject())),
            from.as_ref().map(queue),
            to.as_ref().map(queue),
        ])
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Found<'a>> + Clone {
        self.0.iter().flatten().copied()
    }
}

fn found<'a>(organization: &'a Organization, target: &'a Target) -> Found<'a> {
    match target {
        Target::Entity(subject) => entity(organization, *subject),
        Target::Conversation => Found::Conversation,
        Target::Setting(word) => Found::Setting(word.as_deref()),
        Target::Element(id) => Found::Element(id),
    }
}

fn entity(organization: &Organization, subject: Subject) -> Found<'_> {
    let Subject { kind, id } = subject;
    let found = match kind {
        Kind::User => organization.user(UserId(id)).map(Found::User),
        Kind::Role => organization.roles.get(&RoleId(id)).map(|role| Found::Role(role)),
        Kind::Group => organization.groups.get(&GroupId(id)).map(|group| Found::Group(group)),
        Kind::Queue => organization.queues.get(&QueueId(id)).map(|queue| Found::Queue(queue)),
        Kind::Agent => organization.agent(AgentId(id)).map(Found::Agent),
        Kind::Object => organization.object(ObjectId(id)).map(Found::Object),
        Kind::Organization | Kind::Profile | Kind::Key | Kind::Settings => {
            organization.exists(subject).then_some(Found::Plain(subject))
        }
        Kind::Conversation | Kind::Setting | Kind::Element => None,
    };
    found.unwrap_or(Found::Missing(kind))
}

impl Found<'_> {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::User(_) => Kind::User,
            Self::Role(_) => Kind::Role,
            Self::Group(_) => Kind::Group,
            Self::Queue(_) => Kind::Queue,
            Self::Agent(_) => Kind::Agent,
            Self::Object(_) => Kind::Object,
            Self::Plain(subject) => subject.kind,
            Self::Conversation => Kind::Conversation,
            Self::Setting(_) => Kind::Setting,
            Self::Element(_) => Kind::Element,
            Self::Missing(kind) => kind,
        }
    }
}

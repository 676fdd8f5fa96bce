//! Finding things in an organization by id, login, e-mail or name. Reads only.

use super::state::Organization;
use crate::agent::state::Agent;
use crate::kernel::id::{AgentId, Kind, ObjectId, Subject, UserId};
use crate::kernel::record::Record;
use crate::kernel::text::folded;
use crate::object::state::Object;
use crate::role::state::Role;
use crate::user::state::User;
use std::sync::Arc;
use uuid::Uuid;

impl Organization {
    /// The user with this id.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&User> {
        self.users.get(&id).map(Arc::as_ref)
    }

    /// The role a user holds.
    #[must_use]
    pub fn role_of(&self, user: &User) -> Option<&Role> {
        self.roles.get(&user.role.value).map(Arc::as_ref)
    }

    /// The rank of a user's role; 0 if the role is not there.
    #[must_use]
    pub fn rank_of(&self, user: &User) -> u16 {
        self.role_of(user).map_or(0, |role| role.rank.value)
    }

    /// The user who signs in as `text`: by login, else by e-mail address, whatever the case.
    #[must_use]
    pub fn user_by_sign_in(&self, text: &str) -> Option<&User> {
        let folded = folded(text);
        let id = self.logins.get(folded.as_str()).or_else(|| self.emails.get(folded.as_str()))?;
        self.user(*id)
    }

    /// The user who has this login, whatever its case.
    #[must_use]
    pub fn user_by_login(&self, login: &str) -> Option<&User> {
        self.logins.get(folded(login).as_str()).and_then(|id| self.user(*id))
    }

    /// The user who has this e-mail address, whatever its case.
    #[must_use]
    pub fn user_by_email(&self, email: &str) -> Option<&User> {
        self.emails.get(folded(email).as_str()).and_then(|id| self.user(*id))
    }

    /// The agent with this id.
    #[must_use]
    pub fn agent(&self, id: AgentId) -> Option<&Agent> {
        self.agents.get(&id).map(Arc::as_ref)
    }

    /// The agent that has this code or alias, whatever its case.
    #[must_use]
    pub fn agent_called(&self, name: &str) -> Option<&Agent> {
        self.called.get(folded(name).as_str()).and_then(|id| self.agent(*id))
    }

    /// The agent that a user signs in as: the one whose code is their login.
    #[must_use]
    pub fn agent_of(&self, user: &User) -> Option<&Agent> {
        let login = user.login.clear()?;
        let is_code = |agent: &&Agent| agent.code.clear().is_some_and(|code| folded(code) == folded(login));
        self.agent_called(login).filter(is_code)
    }

    /// The user who signs in as an agent: the one whose login is its code.
    #[must_use]
    pub fn user_of(&self, agent: &Agent) -> Option<&User> {
        agent.code.clear().and_then(|code| self.user_by_login(code))
    }

    /// What of `kind` has this name (an agent: this code or alias; an object: its `kind:name`), whatever its case.
    #[must_use]
    pub fn by_name(&self, kind: Kind, name: &str) -> Option<Uuid> {
        if kind == Kind::Agent {
            return self.agent_called(name).map(|agent| agent.id.uuid());
        }
        self.names.get(&(kind, folded(name).into())).copied()
    }

    /// What a reference means: an id, a login (users), a code or alias (agents), `kind:name` (objects) or a unique name.
    #[must_use]
    pub fn find(&self, kind: Kind, reference: &str) -> Option<Uuid> {
        let by_id = Uuid::parse_str(reference).ok().filter(|id| self.exists(Subject { kind, id: *id }));
        by_id.or_else(|| {
            if kind == Kind::User {
                self.user_by_login(reference).map(|user| user.id.uuid())
            } else {
                self.by_name(kind, reference)
            }
        })
    }

    /// Whether there is, or was, such an entity.
    #[must_use]
    pub fn exists(&self, subject: Subject) -> bool {
        self.changed(subject).is_some()
    }

    /// The position of the last event about an entity and how many there were; `None` if there is no such entity.
    #[must_use]
    pub fn changed(&self, subject: Subject) -> Option<(u64, u64)> {
        let itself = subject.id == self.id.uuid();
        match subject.kind {
            Kind::Settings => itself.then_some((self.settings.changed, self.settings.version)),
            Kind::Organization => (itself && self.version > 0).then_some((self.changed, self.version)),
            Kind::User
            | Kind::Role
            | Kind::Profile
            | Kind::Key
            | Kind::Queue
            | Kind::Group
            | Kind::Agent
            | Kind::Object
            | Kind::Conversation
            | Kind::Setting
            | Kind::Element => self.record(subject).map(|record| (record.updated.position, record.version)),
        }
    }

    /// Who made an entity, who changed it last, and when; `None` if it keeps no such record.
    #[must_use]
    pub fn record(&self, subject: Subject) -> Option<Record> {
        use crate::kernel::id::{GroupId, KeyId, ProfileId, QueueId, RoleId};
        let id = subject.id;
        match subject.kind {
            Kind::User => self.users.get(&UserId(id)).map(|user| user.record),
            Kind::Role => self.roles.get(&RoleId(id)).map(|role| role.record),
            Kind::Profile => self.profiles.get(&ProfileId(id)).map(|profile| profile.record),
            Kind::Key => self.keys.get(&KeyId(id)).map(|key| key.record),
            Kind::Queue => self.queues.get(&QueueId(id)).map(|queue| queue.record),
            Kind::Group => self.groups.get(&GroupId(id)).map(|group| group.record),
            Kind::Agent => self.agent(AgentId(id)).map(|agent| agent.record),
            Kind::Object => self.object(ObjectId(id)).map(|object| object.record),
            Kind::Settings | Kind::Organization | Kind::Conversation | Kind::Setting | Kind::Element => None,
        }
    }

    /// Users in the order of their folded logins, erased ones left out, starting after `after`.
    pub fn users_after<'a>(&'a self, after: Option<&str>) -> impl Iterator<Item = &'a User> {
        use std::ops::Bound;
        let start = after.map_or(Bound::Unbounded, |login| Bound::Excluded(Arc::<str>::from(login)));
        self.logins.range((start, Bound::Unbounded)).filter_map(|(_, id)| self.user(*id))
    }

    /// What people call a subject: login, code, `kind:name`, name, or `[erased]`; `None` if there is no such entity.
    #[must_use]
    pub fn label(&self, subject: Subject) -> Option<String> {
        use crate::kernel::id::{GroupId, KeyId, ProfileId, QueueId, RoleId};
        let id = subject.id;
        match subject.kind {
            Kind::User => self.users.get(&UserId(id)).map(|user| user.login.text().to_owned()),
            Kind::Role => self.roles.get(&RoleId(id)).map(|role| role.name.clone()),
            Kind::Profile => self.profiles.get(&ProfileId(id)).map(|profile| profile.name.clone()),
            Kind::Key => self.keys.get(&KeyId(id)).map(|key| key.name.clone()),
            Kind::Queue => self.queues.get(&QueueId(id)).map(|queue| queue.name.clone()),
            Kind::Group => self.groups.get(&GroupId(id)).map(|group| group.name.clone()),
            Kind::Agent => self.agent(AgentId(id)).map(|agent| agent.code.text().to_owned()),
            Kind::Object => self.object(ObjectId(id)).map(Object::called),
            Kind::Settings => (id == self.id.uuid()).then(|| "settings".to_owned()),
            Kind::Organization => (id == self.id.uuid()).then(|| self.name.clone()),
            Kind::Conversation | Kind::Setting | Kind::Element => None,
        }
    }
}

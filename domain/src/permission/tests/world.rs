//! An organization made by folding events directly, for tests of questions rather than of rules.

use crate::agent::event::AgentEvent;
use crate::agent::state::Level;
use crate::event::Event;
use crate::group::event::GroupEvent;
use crate::kernel::context::Actor;
use crate::kernel::id::{AgentId, GroupId, KeyId, Kind, OrganizationId, ProfileId, QueueId, RoleId, UserId};
use crate::kernel::moment::Moment;
use crate::kernel::personal::Personal;
use crate::kernel::shared::Standing;
use crate::key::event::KeyEvent;
use crate::organization::event::OrganizationEvent;
use crate::organization::state::Organization;
use crate::permission::catalog::Catalog;
use crate::permission::facts::{Facts, Targets};
use crate::permission::grant::{Grant, Grants};
use crate::permission::resolve::{Decision, Question, allowed, explain};
use crate::profile::event::ProfileEvent;
use crate::queue::event::QueueEvent;
use crate::queue::state::{QueueKind, Supervision};
use crate::role::event::RoleEvent;
use crate::user::event::UserEvent;
use crate::user::state::{KeyEntry, Status};
use uuid::Uuid;

/// An organization that grows by events; `number` keeps the ids of two worlds apart.
pub(super) struct World {
    pub(super) organization: Organization,
    last: u128,
}

impl World {
    pub(super) fn new(catalog: &'static Catalog, number: u128) -> Self {
        let mut world = Self {
            organization: Organization::empty(OrganizationId(Uuid::from_u128(number << 64))),
            last: number << 64,
        };
        let organization = world.organization.id;
        let (name, catalog_name) = ("Test".to_owned(), catalog.name.clone());
        world.apply(OrganizationEvent::Created {
            organization,
            name,
            catalog: catalog_name,
            catalog_version: catalog.version,
        });
        world.organization.catalog = catalog;
        world
    }

    /// With the catalog's roles and reserved keys.
    pub(super) fn founded(catalog: &'static Catalog, number: u128) -> Self {
        let mut world = Self::new(catalog, number);
        for key in &catalog.keys {
            world.key(&key.name, key.restricts);
        }
        for role in &catalog.roles {
            world.role(&role.name, role.rank, role.grants.clone());
        }
        world
    }

    pub(super) fn apply(&mut self, event: impl Into<Event>) {
        self.organization.apply(Actor::System, Moment(0), &event.into());
    }

    fn id(&mut self) -> Uuid {
        self.last += 1;
        Uuid::from_u128(self.last)
    }

    pub(super) fn role(&mut self, name: &str, rank: u16, grants: Grants) -> RoleId {
        let role = RoleId(self.id());
        self.apply(RoleEvent::Created {
            role,
            name: name.to_owned(),
            description: String::new(),
            rank,
            protected: false,
            grants,
            keys: Vec::new(),
        });
        role
    }

    /// The role of the catalog with this slug.
    pub(super) fn built_in(&self, slug: &str) -> RoleId {
        let name = &self.organization.catalog.role(slug).unwrap().name;
        RoleId(self.organization.by_name(Kind::Role, name).unwrap())
    }

    pub(super) fn user(&mut self, login: &str, role: RoleId) -> UserId {
        let user = UserId(self.id());
        self.apply(UserEvent::Created {
            user,
            login: Personal::new(login, [0; 16]),
            name: Personal::new(login, [0; 16]),
            email: None,
            role,
            profile: None,
            status: Status::Active,
        });
        user
    }

    /// A user with a role of their own that holds `grants`.
    pub(super) fn user_with(&mut self, login: &str, grants: &[Grant]) -> UserId {
        let role = self.role(&format!("role of {login}"), 20, grants.iter().cloned().collect());
        self.user(login, role)
    }

    pub(super) fn status(&mut self, user: UserId, to: Status) {
        let from = Status::Active;
        self.apply(UserEvent::Blocked { user, from, to });
    }

    pub(super) fn profile(&mut self, name: &str, grants: &[Grant]) -> ProfileId {
        let profile = ProfileId(self.id());
        let grants = grants.iter().cloned().collect();
        self.apply(ProfileEvent::Created { profile, name: name.into(), description: String::new(), grants });
        profile
    }

    pub(super) fn group(&mut self, name: &str, members: &[UserId], supervisors: &[UserId]) -> GroupId {
        let group = GroupId(self.id());
        self.apply(GroupEvent::Created { group, name: name.into(), description: String::new() });
        self.apply(GroupEvent::MembersChanged { group, added: members.into(), removed: Vec::new() });
        self.apply(GroupEvent::SupervisorsChanged { group, added: supervisors.into(), removed: Vec::new() });
        group
    }

    pub(super) fn archive_group(&mut self, group: GroupId) {
        self.apply(GroupEvent::Archived { group, from: Standing::Active, to: Standing::Archived });
    }

    pub(super) fn queue(&mut self, name: &str, visibility_key: Option<KeyId>, agents: &[UserId]) -> QueueId {
        let queue = QueueId(self.id());
        let (name, kind) = (name.to_owned(), QueueKind::Queue);
        self.apply(QueueEvent::Created { queue, name, description: String::new(), kind, visibility_key });
        self.apply(QueueEvent::AgentsChanged { queue, added: agents.into(), removed: Vec::new() });
        queue
    }

    pub(super) fn supervise(&mut self, queue: QueueId, user: UserId, to: Supervision) {
        self.apply(QueueEvent::SupervisorSet { queue, user, from: None, to: Some(to) });
    }

    pub(super) fn archive_queue(&mut self, queue: QueueId) {
        self.apply(QueueEvent::Archived { queue, from: Standing::Active, to: Standing::Archived });
    }

    pub(super) fn agent(
        &mut self,
        code: &str,
        visibility_key: Option<KeyId>,
        group: Option<GroupId>,
        queues: &[QueueId],
    ) -> AgentId {
        let agent = AgentId(self.id());
        let [code, description] = [code, ""].map(|text| Personal::new(text, [7; 16]));
        let (aliases, location, payroll_code, extension) = (Vec::new(), None, None, None);
        self.apply(AgentEvent::Created {
            agent,
            code,
            description,
            aliases,
            location,
            payroll_code,
            extension,
            visibility_key,
        });
        self.apply(AgentEvent::GroupSet { agent, from: None, to: group });
        for queue in queues {
            let (queue, to) = (*queue, Some(Level::Main));
            self.apply(AgentEvent::LevelSet { agent, queue, from: None, to });
        }
        agent
    }

    pub(super) fn key(&mut self, name: &str, restricts: bool) -> KeyId {
        let key = KeyId(self.id());
        let (name, description) = (name.to_owned(), String::new());
        self.apply(KeyEvent::Created { key, name, description, reserved: restricts, restricts });
        key
    }

    pub(super) fn key_named(&self, name: &str) -> KeyId {
        KeyId(self.organization.by_name(Kind::Key, name).unwrap())
    }

    /// Gives own keys, written `A -B`.
    pub(super) fn own_keys(&mut self, user: UserId, words: &str) {
        let entry = |word: &str| KeyEntry {
            key: self.key_named(word.trim_start_matches('-')),
            minus: word.starts_with('-'),
        };
        let added = words.split_whitespace().map(entry).collect();
        self.apply(UserEvent::KeysChanged { user, added, removed: Vec::new() });
    }

    pub(super) fn role_keys(&mut self, role: RoleId, words: &str) {
        let added = words.split_whitespace().map(|word| self.key_named(word)).collect();
        self.apply(RoleEvent::KeysChanged { role, added, removed: Vec::new() });
    }

    pub(super) fn masterkey(&mut self, user: UserId) {
        self.apply(UserEvent::MasterkeySet { user, from: false, to: true });
    }

    pub(super) fn superuser(&mut self, user: UserId) {
        self.apply(UserEvent::SuperuserSet { user, from: false, to: true });
    }

    /// The answer, after checking that both ways of asking give it.
    pub(super) fn may(&self, who: UserId, permission: &str, targets: &Targets, facts: &Facts) -> bool {
        self.decide(who, permission, targets, facts).allowed
    }

    pub(super) fn decide(&self, who: UserId, permission: &str, targets: &Targets, facts: &Facts) -> Decision {
        let question = Question {
            who: self.organization.user(who).unwrap(),
            permission,
            targets,
            facts,
            at: Moment(0),
            as_if_active: false,
        };
        let decision = explain(&self.organization, &question);
        assert_eq!(decision.allowed, allowed(&self.organization, &question), "{permission}: {decision:?}");
        assert!(!decision.reasons.is_empty(), "{permission}: an answer without a reason");
        decision
    }
}

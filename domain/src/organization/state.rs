//! An organization as folded from its ledger: persistent maps, so that a clone costs nothing.
//!
//! [`apply`](Organization::apply) has no rules and cannot fail. What one entity's event means to another
//! (a group's member, a role's holder) is kept here, in one place.

use super::event::OrganizationEvent;
use crate::agent::state::Agent;
use crate::event::Event;
use crate::group::event::GroupEvent;
use crate::group::state::Group;
use crate::kernel::context::Actor;
use crate::kernel::fast_hash::ById;
use crate::kernel::id::{
    AgentId, CredentialId, GroupId, KeyId, Kind, ObjectId, OrganizationId, ProfileId, QueueId, RoleId,
    Subject, UserId,
};
use crate::kernel::moment::Moment;
use crate::kernel::record::Stamp;
use crate::kernel::text::folded;
use crate::key::event::KeyEvent;
use crate::key::state::Key;
use crate::object::state::Object;
use crate::permission::catalog::Catalog;
use crate::profile::event::ProfileEvent;
use crate::profile::state::Profile;
use crate::queue::event::QueueEvent;
use crate::queue::state::{Post, Queue};
use crate::role::event::RoleEvent;
use crate::role::state::Role;
use crate::settings::state::Settings;
use crate::user::event::UserEvent;
use crate::user::extension::Extensions;
use crate::user::state::User;
use imbl::shared_ptr::DefaultSharedPtr;
use imbl::{GenericHashMap, HashMap, OrdMap, OrdSet};
use std::sync::Arc;
use uuid::Uuid;

/// Users by id. A check finds its users here, so the hash is a fast one.
pub type Users = GenericHashMap<UserId, Arc<User>, ById, DefaultSharedPtr>;

/// All of an organization at one position of its ledger.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Also the `aggregate_id` of its ledger.
    pub id: OrganizationId,
    /// Its name; empty before `organization.created`.
    pub name: String,
    /// The permissions there are; the empty catalog before `organization.created`.
    pub catalog: &'static Catalog,
    /// The position of the last event folded in; 0 before the first.
    pub position: u64,
    /// The time of the last event folded in.
    pub at: Moment,
    /// Position of the last event about the organization itself; 0 before the first.
    pub changed: u64,
    /// How many events there were about it.
    pub version: u64,
    /// The first user, with whom it was founded.
    pub founder: Option<UserId>,
    /// Everybody who ever was a user.
    pub users: Users,
    /// Every role.
    pub roles: OrdMap<RoleId, Arc<Role>>,
    /// Every profile.
    pub profiles: OrdMap<ProfileId, Arc<Profile>>,
    /// Every key.
    pub keys: OrdMap<KeyId, Arc<Key>>,
    /// Every queue and campaign.
    pub queues: OrdMap<QueueId, Arc<Queue>>,
    /// Every group.
    pub groups: OrdMap<GroupId, Arc<Group>>,
    /// Every agent.
    pub agents: OrdMap<AgentId, Arc<Agent>>,
    /// Every object.
    pub objects: OrdMap<ObjectId, Arc<Object>>,
    /// The settings.
    pub settings: Settings,
    /// Users by folded login; the order of lists.
    pub(crate) logins: OrdMap<Arc<str>, UserId>,
    /// Users by folded e-mail address.
    pub(crate) emails: HashMap<Arc<str>, UserId>,
    /// Users by extension.
    pub(crate) extensions: Extensions,
    /// Agents by folded code and alias.
    pub(crate) called: OrdMap<Arc<str>, AgentId>,
    /// Agents by the user who supervises them.
    pub(crate) supervised: OrdSet<(UserId, AgentId)>,
    /// API tokens that let in, by folded name.
    pub(crate) tokens: OrdMap<Arc<str>, (UserId, CredentialId)>,
    /// Objects by what has them or uses them.
    pub(crate) uses: OrdSet<(Subject, ObjectId)>,
    /// Everything else by kind and folded name; objects by their kind and name, `kind:name`.
    pub(crate) names: OrdMap<(Kind, Arc<str>), Uuid>,
}

impl Organization {
    /// An organization before its first event.
    #[must_use]
    pub fn empty(id: OrganizationId) -> Self {
        Self {
            id,
            name: String::new(),
            catalog: Catalog::empty(),
            position: 0,
            at: Moment::default(),
            changed: 0,
            version: 0,
            founder: None,
            users: Users::default(),
            roles: OrdMap::new(),
            profiles: OrdMap::new(),
            keys: OrdMap::new(),
            queues: OrdMap::new(),
            groups: OrdMap::new(),
            agents: OrdMap::new(),
            objects: OrdMap::new(),
            settings: Settings::default(),
            logins: OrdMap::new(),
            emails: HashMap::new(),
            extensions: Extensions::default(),
            called: OrdMap::new(),
            supervised: OrdSet::new(),
            tokens: OrdMap::new(),
            uses: OrdSet::new(),
            names: OrdMap::new(),
        }
    }

    /// Folds the next event in, made by whom and when.
    pub fn apply(&mut self, by: Actor, at: Moment, event: &Event) {
        self.position += 1;
        self.at = self.at.max(at);
        let stamp = Stamp { by, at, position: self.position };
        match event {
            Event::Organization(event) => self.apply_own(event),
            Event::User(event) => self.apply_user(stamp, event),
            Event::Role(event) => self.apply_role(stamp, event),
            Event::Profile(event) => self.apply_profile(stamp, event),
            Event::Key(event) => self.apply_key(stamp, event),
            Event::Queue(event) => self.apply_queue(stamp, event),
            Event::Group(event) => self.apply_group(stamp, event),
            Event::Agent(event) => self.apply_agent(stamp, event),
            Event::Object(event) => self.apply_object(stamp, event),
            Event::Settings(event) => self.settings.apply(event, stamp.position, stamp.at),
        }
    }

    fn apply_own(&mut self, event: &OrganizationEvent) {
        match event {
            OrganizationEvent::Created { name, catalog, catalog_version, .. } => {
                self.name.clone_from(name);
                self.catalog = Catalog::find(catalog, *catalog_version).unwrap_or_else(Catalog::empty);
            }
            OrganizationEvent::Renamed { to, .. } => self.name.clone_from(to),
        }
        self.changed = self.position;
        self.version += 1;
    }

    fn apply_user(&mut self, stamp: Stamp, event: &UserEvent) {
        let id = user_of(event);
        if let Some(user) = User::created(event, stamp) {
            self.founder = self.founder.or(Some(id));
            self.index_user(&user);
            self.hold(&user);
            self.users.insert(id, Arc::new(user));
            return;
        }
        let Some(before) = self.users.get(&id).cloned() else { return };
        let mut after = User::clone(&before);
        after.apply(event, stamp, self.catalog);
        self.follow_user(&before, &after);
        self.users.insert(id, Arc::new(after));
    }

    /// What else depends on a user changes only where the user did: each of these maps is copied on write.
    fn follow_user(&mut self, before: &User, after: &User) {
        if before.called() != after.called() {
            self.unindex_user(before);
            self.index_user(after);
        }
        self.follow_tokens(before, after);
        if (before.role.value, before.profile.value) != (after.role.value, after.profile.value) {
            self.release(before);
            self.hold(after);
        }
    }

    fn hold(&mut self, user: &User) {
        if let Some(role) = self.roles.get_mut(&user.role.value) {
            Arc::make_mut(role).holders.insert(user.id);
        }
        if let Some(profile) = user.profile.value.and_then(|id| self.profiles.get_mut(&id)) {
            Arc::make_mut(profile).holders.insert(user.id);
        }
    }

    fn release(&mut self, user: &User) {
        if let Some(role) = self.roles.get_mut(&user.role.value) {
            Arc::make_mut(role).holders.remove(&user.id);
        }
        if let Some(profile) = user.profile.value.and_then(|id| self.profiles.get_mut(&id)) {
            Arc::make_mut(profile).holders.remove(&user.id);
        }
    }

    fn apply_role(&mut self, stamp: Stamp, event: &RoleEvent) {
        if let Some(role) = Role::created(event, stamp, self.catalog) {
            self.name_is(Kind::Role, &role.name, role.id.uuid());
            self.roles.insert(role.id, Arc::new(role));
        } else if let Some(role) = self.roles.get_mut(&role_of(event)) {
            Arc::make_mut(role).apply(event, stamp, self.catalog);
            if let RoleEvent::Renamed { role, from, to } = event {
                self.renamed(Kind::Role, from, to, role.uuid());
            }
        }
    }

    fn apply_profile(&mut self, stamp: Stamp, event: &ProfileEvent) {
        if let Some(profile) = Profile::created(event, stamp, self.catalog) {
            self.name_is(Kind::Profile, &profile.name, profile.id.uuid());
            self.profiles.insert(profile.id, Arc::new(profile));
        } else if let Some(profile) = self.profiles.get_mut(&profile_of(event)) {
            Arc::make_mut(profile).apply(event, stamp, self.catalog);
            if let ProfileEvent::Renamed { profile, from, to } = event {
                self.renamed(Kind::Profile, from, to, profile.uuid());
            }
        }
    }

    fn apply_key(&mut self, stamp: Stamp, event: &KeyEvent) {
        if let Some(key) = Key::created(event, stamp) {
            self.name_is(Kind::Key, &key.name, key.id.uuid());
            self.keys.insert(key.id, Arc::new(key));
        } else if let Some(key) = self.keys.get_mut(&key_of(event)) {
            Arc::make_mut(key).apply(event, stamp);
            if let KeyEvent::Renamed { key, from, to } = event {
                self.renamed(Kind::Key, from, to, key.uuid());
            }
        }
    }

    fn apply_queue(&mut self, stamp: Stamp, event: &QueueEvent) {
        if let Some(queue) = Queue::created(event, stamp) {
            self.name_is(Kind::Queue, &queue.name, queue.id.uuid());
            self.queues.insert(queue.id, Arc::new(queue));
        } else if let Some(queue) = self.queues.get_mut(&queue_of(event)) {
            Arc::make_mut(queue).apply(event, stamp);
            self.follow_queue(event);
        }
    }

    /// What a queue's event means to its name and to the users who serve or supervise it.
    fn follow_queue(&mut self, event: &QueueEvent) {
        match event {
            QueueEvent::Renamed { queue, from, to } => self.renamed(Kind::Queue, from, to, queue.uuid()),
            QueueEvent::AgentsChanged { queue, added, removed } => {
                removed.iter().for_each(|user| self.post(*user, *queue, |post| post.serves = false));
                added.iter().for_each(|user| self.post(*user, *queue, |post| post.serves = true));
            }
            QueueEvent::SupervisorSet { queue, user, to, .. } => {
                self.post(*user, *queue, |post| post.supervises = *to);
            }
            QueueEvent::Created { .. }
            | QueueEvent::Described { .. }
            | QueueEvent::VisibilityKeySet { .. }
            | QueueEvent::PartsChanged { .. }
            | QueueEvent::UpdateProtectionSet { .. }
            | QueueEvent::DeleteProtectionSet { .. }
            | QueueEvent::Archived { .. }
            | QueueEvent::Restored { .. } => {}
        }
    }

    fn post(&mut self, user: UserId, queue: QueueId, change: impl FnOnce(&mut Post)) {
        let Some(user) = self.users.get_mut(&user) else { return };
        let user = Arc::make_mut(user);
        let mut post = user.posts.get(&queue).copied().unwrap_or_default();
        change(&mut post);
        if post.is_empty() {
            user.posts.remove(&queue);
        } else {
            user.posts.insert(queue, post);
        }
    }

    fn apply_group(&mut self, stamp: Stamp, event: &GroupEvent) {
        if let Some(group) = Group::created(event, stamp) {
            self.name_is(Kind::Group, &group.name, group.id.uuid());
            self.groups.insert(group.id, Arc::new(group));
        } else if let Some(group) = self.groups.get_mut(&group_of(event)) {
            Arc::make_mut(group).apply(event, stamp);
            self.follow_group(event);
        }
    }

    /// What a group's event means to its name and to its members and supervisors.
    fn follow_group(&mut self, event: &GroupEvent) {
        let position = self.position;
        match event {
            GroupEvent::Renamed { group, from, to } => self.renamed(Kind::Group, from, to, group.uuid()),
            GroupEvent::MembersChanged { group, added, removed } => {
                for id in removed {
                    self.with_user(*id, |user| user.groups.remove(group));
                }
                for id in added {
                    self.with_user(*id, |user| user.groups.insert(*group));
                }
            }
            GroupEvent::SupervisorsChanged { group, added, removed } => {
                for id in removed {
                    self.with_user(*id, |user| user.supervises.remove(group));
                }
                for id in added {
                    self.with_user(*id, |user| user.supervises.insert(*group, position));
                }
            }
            GroupEvent::Created { .. }
            | GroupEvent::Described { .. }
            | GroupEvent::SettingSet { .. }
            | GroupEvent::Archived { .. }
            | GroupEvent::Restored { .. } => {}
        }
    }

    /// Builds the indexes from the entities.
    pub(super) fn index(&mut self) {
        let (users, agents) = (self.users.clone(), self.agents.clone());
        users.values().for_each(|user| {
            self.index_user(user);
            self.index_tokens(user);
        });
        agents.values().for_each(|agent| self.index_agent(agent));
        let objects = self.objects.clone();
        objects.values().for_each(|object| self.index_object(object));
        let roles = self.roles.values().map(|role| (Kind::Role, role.name.clone(), role.id.uuid()));
        let profiles = self.profiles.values().map(|one| (Kind::Profile, one.name.clone(), one.id.uuid()));
        let keys = self.keys.values().map(|key| (Kind::Key, key.name.clone(), key.id.uuid()));
        let queues = self.queues.values().map(|queue| (Kind::Queue, queue.name.clone(), queue.id.uuid()));
        let groups = self.groups.values().map(|group| (Kind::Group, group.name.clone(), group.id.uuid()));
        let names: Vec<_> = roles.chain(profiles).chain(keys).chain(queues).chain(groups).collect();
        names.iter().for_each(|(kind, name, id)| self.name_is(*kind, name, *id));
    }

    fn with_user(&mut self, id: UserId, change: impl FnOnce(&mut User)) {
        if let Some(user) = self.users.get_mut(&id) {
            change(Arc::make_mut(user));
        }
    }

    pub(super) fn name_is(&mut self, kind: Kind, name: &str, id: Uuid) {
        self.names.insert((kind, folded(name).into()), id);
    }

    pub(super) fn renamed(&mut self, kind: Kind, from: &str, to: &str, id: Uuid) {
        self.names.remove(&(kind, folded(from).into()));
        self.name_is(kind, to, id);
    }
}

fn user_of(event: &UserEvent) -> UserId {
    UserId(event.subject().id)
}
fn role_of(event: &RoleEvent) -> RoleId {
    RoleId(event.subject().id)
}
fn profile_of(event: &ProfileEvent) -> ProfileId {
    ProfileId(event.subject().id)
}
fn key_of(event: &KeyEvent) -> KeyId {
    KeyId(event.subject().id)
}
fn queue_of(event: &QueueEvent) -> QueueId {
    QueueId(event.subject().id)
}
fn group_of(event: &GroupEvent) -> GroupId {
    GroupId(event.subject().id)
}

//! An asker, and around them one of everything that some scope reaches or does not.

use crate::kernel::id::{QueueId, RoleId, Subject, UserId};
use crate::permission::catalog::Catalog;
use crate::permission::facts::{Facts, Target, Targets};
use crate::permission::tests::world::World;
use crate::queue::state::Supervision;
use crate::user::state::Status;

/// Something to ask about, and the scopes that reach it besides `all`.
#[derive(Clone, Debug, Default)]
pub(super) struct Case {
    pub(super) targets: Targets,
    pub(super) facts: Facts,
    pub(super) reached_by: Vec<&'static str>,
    /// Of another organization: nothing reaches it, not even `all`.
    pub(super) foreign: bool,
    pub(super) active: Option<bool>,
    pub(super) is_administrator: bool,
}

impl Case {
    fn of(subject: Subject, reached_by: &[&'static str]) -> Self {
        Self { targets: Targets::of(subject), reached_by: reached_by.to_vec(), ..Self::default() }
    }

    fn user(id: UserId, reached_by: &[&'static str]) -> Self {
        Self { active: Some(true), ..Self::of(id.subject(), reached_by) }
    }

    fn talk(facts: Facts, reached_by: &[&'static str]) -> Self {
        let targets = Targets::of(Target::Conversation);
        Self { targets, facts, reached_by: reached_by.to_vec(), ..Self::default() }
    }

    fn foreign(mut self) -> Self {
        self.foreign = true;
        self
    }

    /// Both cases in one question: reached by what reaches both.
    fn and(&self, other: &Self, join: impl Fn(&mut Targets, &Targets)) -> Self {
        let mut both = self.clone();
        join(&mut both.targets, &other.targets);
        both.reached_by.retain(|scope| other.reached_by.contains(scope));
        both.foreign |= other.foreign;
        both
    }
}

/// An asker with one of everything around them.
pub(super) struct Scene {
    pub(super) world: World,
    pub(super) asker: UserId,
    pub(super) users: Vec<Case>,
    pub(super) roles: Vec<Case>,
    pub(super) groups: Vec<Case>,
    pub(super) queues: Vec<Case>,
    pub(super) talks: Vec<Case>,
}

impl Scene {
    pub(super) fn new(slug: &str) -> Self {
        let catalog = Catalog::newest("voximplant").unwrap();
        let mut world = World::founded(catalog, 1);
        let mut other = World::founded(catalog, 2);
        let asker = world.user("asker", world.built_in(slug));
        let mut scene = Self {
            world,
            asker,
            users: Vec::new(),
            roles: Vec::new(),
            groups: Vec::new(),
            queues: Vec::new(),
            talks: Vec::new(),
        };
        scene.people(slug);
        scene.places();
        scene.talks();
        scene.foreigners(&mut other);
        scene
    }

    fn owner(&mut self, login: &str) -> UserId {
        let role = self.world.built_in("owner");
        self.world.user(login, role)
    }

    fn people(&mut self, slug: &str) {
        let trainee = self.world.role("Trainee", 1, [].into_iter().collect());
        let junior = self.world.user("junior", trainee);
        let own = self.world.built_in(slug);
        let peer = self.world.user("peer", own);
        let administrator = self.world.user("administrator", self.world.built_in("administrator"));
        self.users.push(Case::user(junior, &["lower"]));
        self.users.push(Case { is_administrator: slug == "administrator", ..Case::user(peer, &[]) });
        // Only the owner's `transfer ownership` asks for an administrator; nobody else's rank matters there.
        let reached: &[&str] = if slug == "owner" { &["lower"] } else { &[] };
        self.users.push(Case { is_administrator: true, ..Case::user(administrator, reached) });
        let stranger = self.owner("stranger");
        self.users.push(Case::user(stranger, &[]));
        for (id, reached) in [(trainee, &["lower"][..]), (own, &[]), (self.world.built_in("owner"), &[])] {
            self.roles.push(Case::of(id.subject(), reached));
        }
    }

    /// Groups and queues, and the people in them: all owners, so that no rank lets anybody reach them.
    fn places(&mut self) {
        let (managed, blocked, mate) = (self.owner("managed"), self.owner("blocked"), self.owner("mate"));
        self.world.status(blocked, Status::Blocked);
        let supervised = self.world.group("supervised", &[managed, blocked], &[self.asker]);
        let own = self.world.group("own", &[self.asker, mate], &[]);
        let elsewhere = self.world.group("elsewhere", &[], &[]);
        let lost = self.owner("lost");
        let shut = self.world.group("shut", &[self.asker, lost], &[self.asker]);
        self.world.archive_group(shut);
        self.users.push(Case::user(managed, &["managed"]));
        self.users.push(Case { active: Some(false), ..Case::user(blocked, &["managed"]) });
        self.users.push(Case::user(mate, &["group"]));
        self.users.push(Case::user(lost, &[]));
        for (id, reached) in
            [(supervised, &["managed"][..]), (own, &["group"]), (elsewhere, &[]), (shut, &[])]
        {
            self.groups.push(Case::of(id.subject(), reached));
        }
        let (colleague, moved, gone) = (self.owner("colleague"), self.owner("moved"), self.owner("gone"));
        let viewed = self.world.queue("viewed", None, &[colleague]);
        let edited = self.world.queue("edited", None, &[moved]);
        let served = self.world.queue("served", None, &[self.asker]);
        let unknown = self.world.queue("unknown", None, &[]);
        let closed = self.world.queue("closed", None, &[gone]);
        self.world.supervise(viewed, self.asker, Supervision::Viewer);
        self.world.supervise(edited, self.asker, Supervision::Editor);
        self.world.supervise(closed, self.asker, Supervision::Editor);
        self.world.archive_queue(closed);
        self.users.push(Case::user(colleague, &["assigned"]));
        self.users.push(Case::user(moved, &["assigned", "assigned:editor"]));
        self.users.push(Case::user(gone, &[]));
        self.users.push(Case::user(self.asker, &["own", "group", "assigned"]));
        for (id, reached) in [
            (viewed, &["assigned"][..]),
            (edited, &["assigned", "assigned:editor"]),
            (served, &["assigned"]),
            (unknown, &[]),
            (closed, &[]),
        ] {
            self.queues.push(Case::of(id.subject(), reached));
        }
    }

    fn talks(&mut self) {
        for case in self.users.clone() {
            let Some(Target::Entity(subject)) = case.targets.subject else { panic!() };
            let facts = Facts { agent: Some(UserId(subject.id)), ..Facts::default() };
            let reached: Vec<_> = case.reached_by.into_iter().filter(|scope| *scope != "lower").collect();
            self.talks.push(Case::talk(facts, &reached));
        }
        for case in self.queues.clone() {
            let Some(Target::Entity(subject)) = case.targets.subject else { panic!() };
            let facts = Facts { queue: Some(QueueId(subject.id)), ..Facts::default() };
            self.talks.push(Case::talk(facts, &case.reached_by));
        }
        self.talks.push(Case::talk(Facts { unassigned: Some(true), ..Facts::default() }, &["unassigned"]));
        self.talks.push(Case::talk(Facts { bot: Some(true), ..Facts::default() }, &["bot"]));
        self.talks.push(Case::talk(Facts::default(), &[]));
    }

    fn foreigners(&mut self, other: &mut World) {
        let role = other.built_in("agent");
        let user = other.user("foreign", role);
        let group = other.group("foreign", &[user], &[]);
        let queue = other.queue("foreign", None, &[user]);
        self.users.push(Case::user(user, &[]).foreign());
        let entity = |subject| Case::of(subject, &[]).foreign();
        self.roles.push(entity(role.subject()));
        self.groups.push(entity(group.subject()));
        self.queues.push(entity(queue.subject()));
        for facts in [
            Facts { agent: Some(user), ..Facts::default() },
            Facts { queue: Some(queue), ..Facts::default() },
            Facts { group: Some(group), ..Facts::default() },
        ] {
            self.talks.push(Case::talk(facts, &[]).foreign());
        }
    }

    pub(super) fn cases(&self, kinds: &[String]) -> Vec<Case> {
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        let pairs = |ones: &[Case], others: &[Case], join: fn(&mut Targets, &Targets)| -> Vec<Case> {
            ones.iter().flat_map(|one| others.iter().map(move |other| one.and(other, join))).collect()
        };
        match kinds.as_slice() {
            ["user"] => self.users.clone(),
            ["role"] => self.roles.clone(),
            ["group"] => self.groups.clone(),
            ["queue"] => self.queues.clone(),
            ["conversation"] => self.talks.clone(),
            ["setting"] => vec![Case { targets: Targets::of(Target::Setting(None)), ..Case::default() }],
            ["user", "role"] => pairs(&self.users, &self.roles, |both, role| both.role = Some(role_in(role))),
            ["user", "queue"] => pairs(&self.users, &self.queues, |both, to| both.to = Some(queue_in(to))),
            ["user", "queue", "queue"] => {
                let from = pairs(&self.users, &self.queues, |both, q| both.from = Some(queue_in(q)));
                pairs(&from, &self.queues, |both, q| both.to = Some(queue_in(q)))
            }
            other => panic!("unknown kinds {other:?}"),
        }
    }
}

fn role_in(targets: &Targets) -> RoleId {
    let Some(Target::Entity(subject)) = targets.subject else { panic!() };
    RoleId(subject.id)
}

fn queue_in(targets: &Targets) -> QueueId {
    let Some(Target::Entity(subject)) = targets.subject else { panic!() };
    QueueId(subject.id)
}

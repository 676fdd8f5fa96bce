//! What the organizations of the measurement are made of: events folded one by one, as the product would.

use rollbook_domain::event::Event;
use rollbook_domain::group::event::GroupEvent;
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{GroupId, KeyId, Kind, OrganizationId, ProfileId, QueueId, RoleId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::kernel::personal::Personal;
use rollbook_domain::key::event::KeyEvent;
use rollbook_domain::organization::event::OrganizationEvent;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::grant::{Grant, Grants, Scope};
use rollbook_domain::profile::event::ProfileEvent;
use rollbook_domain::queue::event::QueueEvent;
use rollbook_domain::queue::state::QueueKind;
use rollbook_domain::role::event::RoleEvent;
use rollbook_domain::user::event::UserEvent;
use rollbook_domain::user::state::{KeyEntry, Status};
use std::sync::Arc;
use uuid::Uuid;

pub(crate) const USERS: u64 = 100_000;
pub(crate) const GROUPS: u64 = 100;
/// Profiles, or classes of QueueMetrics.
const PROFILES: u64 = 1_000;
/// Visibility keys, each on four of 2,000 queues.
const LOCKS: u64 = 500;

/// One product's way to say who may do what.
pub(crate) struct Shape {
    /// Its catalog.
    pub(crate) catalog: &'static str,
    /// How many queues there are.
    pub(crate) queues: u64,
    /// Makes it.
    pub(crate) build: fn(&mut Draw) -> Organization,
}

/// Voximplant Kit: profiles of 60 grants at one of four scopes. QueueMetrics: classes of 30 keys, own keys, one of them
/// a minus, and a key on every queue. XCALLY: profiles of 60 grants, each listing 20 queues of a channel.
pub(crate) const SHAPES: [Shape; 3] = [
    Shape { catalog: "voximplant", queues: 50, build: voximplant },
    Shape { catalog: "queuemetrics", queues: 2_000, build: queuemetrics },
    Shape { catalog: "xcally", queues: 2_000, build: xcally },
];

/// Numbers that look random and are the same in every run (splitmix64).
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// An id of the form that the product draws: time first, then what looks random.
pub(crate) fn id(kind: u64, nth: u64) -> Uuid {
    let random = Draw(kind << 40 | nth).next();
    Uuid::from_u64_pair(0x0190_0000_0000_7000 + (nth << 16), random | 1 << 63)
}

/// What may be asked: permissions about nothing, or about one user, queue or group.
pub(crate) fn asked_about(organization: &Organization) -> Vec<(Arc<str>, Option<Kind>)> {
    let wanted =
        organization.catalog.permissions().filter_map(|permission| match permission.targets.as_slice() {
            [] => Some((permission.name.clone(), None)),
            [kind @ (Kind::User | Kind::Queue | Kind::Group)] => Some((permission.name.clone(), Some(*kind))),
            _ => None,
        });
    wanted.collect()
}

fn one<'a, T>(draw: &mut Draw, of: &'a [T]) -> Option<&'a T> {
    of.get(usize::try_from(draw.below(of.len() as u64)).unwrap_or_default())
}

fn voximplant(draw: &mut Draw) -> Organization {
    let mut organization = empty("voximplant");
    let role = role(&mut organization, 0, "Agent", Vec::new());
    profiles(&mut organization, draw, |draw, names| {
        let scopes = [Scope::All, Scope::Group, Scope::Assigned, Scope::Own];
        let scope = one(draw, &scopes).copied().unwrap_or(Scope::Own);
        Some(Grant::new(one(draw, names)?, scope))
    });
    places(&mut organization, 50, |_| None);
    for nth in 0..USERS {
        let profile = ProfileId(id(4, draw.below(PROFILES)));
        add_user(&mut organization, draw, nth, (role, Some(profile), 50));
    }
    organization
}

fn queuemetrics(draw: &mut Draw) -> Organization {
    let mut organization = empty("queuemetrics");
    let reserved: Vec<_> =
        organization.catalog.keys.iter().map(|key| (key.name.clone(), key.restricts)).collect();
    let mut keys = Vec::new();
    for (nth, (name, restricts)) in (0..).zip(reserved) {
        keys.push(key(&mut organization, nth, &name, (true, restricts)));
    }
    for nth in 0..LOCKS {
        key(&mut organization, 1_000 + nth, &format!("LOCK{nth}"), (false, false));
    }
    for nth in 0..PROFILES {
        let held = (0..30).filter_map(|_| one(draw, &keys).copied()).collect();
        role(&mut organization, nth, &format!("Class {nth}"), held);
    }
    places(&mut organization, 2_000, |nth| Some(KeyId(id(6, 1_000 + nth % LOCKS))));
    for nth in 0..USERS {
        let class = RoleId(id(5, draw.below(PROFILES)));
        add_user(&mut organization, draw, nth, (class, None, 2_000));
        let lock = |draw: &mut Draw| KeyId(id(6, 1_000 + draw.below(LOCKS)));
        let mut added: Vec<_> = (0..8).map(|_| KeyEntry { key: lock(draw), minus: false }).collect();
        added.extend(one(draw, &keys).map(|key| KeyEntry { key: *key, minus: true }));
        let user = UserId(id(1, nth));
        apply(&mut organization, UserEvent::KeysChanged { user, added, removed: Vec::new() });
    }
    organization
}

fn xcally(draw: &mut Draw) -> Organization {
    let mut organization = empty("xcally");
    let role = role(&mut organization, 0, "User", Vec::new());
    let channels = organization.catalog.channels.clone();
    profiles(&mut organization, draw, |draw, names| {
        let queues = (0..20).map(|_| QueueId(id(2, draw.below(2_000)))).collect();
        let channel = one(draw, &channels)?.as_str().into();
        let grant = Grant::new(one(draw, names)?, Scope::Queues);
        Some(Grant { queues: [(channel, queues)].into(), ..grant })
    });
    places(&mut organization, 2_000, |_| None);
    for nth in 0..USERS {
        let profile = ProfileId(id(4, draw.below(PROFILES)));
        add_user(&mut organization, draw, nth, (role, Some(profile), 2_000));
    }
    organization
}

fn empty(catalog: &str) -> Organization {
    let mut organization = Organization::empty(OrganizationId(id(9, 1)));
    let created = OrganizationEvent::Created {
        organization: organization.id,
        name: "North".to_owned(),
        catalog: catalog.to_owned(),
        catalog_version: 1,
    };
    apply(&mut organization, created);
    organization
}

fn role(organization: &mut Organization, nth: u64, name: &str, keys: Vec<KeyId>) -> RoleId {
    let role = RoleId(id(5, nth));
    let grants = [Grant::new("users.view", Scope::Own)].into_iter().collect();
    let (name, description) = (name.to_owned(), String::new());
    apply(
        organization,
        RoleEvent::Created { role, name, description, rank: 10, protected: false, grants, keys },
    );
    role
}

fn key(organization: &mut Organization, nth: u64, name: &str, (reserved, restricts): (bool, bool)) -> KeyId {
    let key = KeyId(id(6, nth));
    let (name, description) = (name.to_owned(), String::new());
    apply(organization, KeyEvent::Created { key, name, description, reserved, restricts });
    key
}

fn profiles(
    organization: &mut Organization,
    draw: &mut Draw,
    grant: impl Fn(&mut Draw, &[Arc<str>]) -> Option<Grant>,
) {
    let names: Vec<Arc<str>> = asked_about(organization).into_iter().map(|(name, _)| name).collect();
    for nth in 0..PROFILES {
        let grants: Grants = (0..60).filter_map(|_| grant(draw, &names)).collect();
        let (profile, name, description) = (ProfileId(id(4, nth)), format!("Profile {nth}"), String::new());
        apply(organization, ProfileEvent::Created { profile, name, description, grants });
    }
}

fn places(organization: &mut Organization, queues: u64, lock: impl Fn(u64) -> Option<KeyId>) {
    for nth in 0..queues {
        let (queue, name, kind) = (QueueId(id(2, nth)), format!("Queue {nth}"), QueueKind::Queue);
        let (description, visibility_key) = (String::new(), lock(nth));
        apply(organization, QueueEvent::Created { queue, name, description, kind, visibility_key });
    }
    for nth in 0..GROUPS {
        let (group, name, description) = (GroupId(id(3, nth)), format!("Group {nth}"), String::new());
        apply(organization, GroupEvent::Created { group, name, description });
    }
}

fn add_user(
    organization: &mut Organization,
    draw: &mut Draw,
    nth: u64,
    (role, profile, queues): (RoleId, Option<ProfileId>, u64),
) {
    let user = UserId(id(1, nth));
    let personal = |text: String| Personal::new(&text, [0; 16]);
    let created = UserEvent::Created {
        user,
        login: personal(format!("user{nth}")),
        name: personal(format!("User {nth}")),
        email: None,
        role,
        profile,
        status: Status::Active,
    };
    apply(organization, created);
    let queue = QueueId(id(2, draw.below(queues)));
    apply(organization, QueueEvent::AgentsChanged { queue, added: vec![user], removed: Vec::new() });
    let group = GroupId(id(3, draw.below(GROUPS)));
    apply(organization, GroupEvent::MembersChanged { group, added: vec![user], removed: Vec::new() });
}

fn apply(organization: &mut Organization, event: impl Into<Event>) {
    organization.apply(Actor::System, Moment(0), &event.into());
}

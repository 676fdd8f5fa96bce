//! How long a permission check takes at 100,000 users: `cargo bench -p rollbook-projections --bench allowed`.
//!
//! The mix: 1,000 profiles of 60 permissions at one of 4 scopes, 50 queues served, 100 groups, random users,
//! permissions and targets. It prints nanoseconds a check; it judges nothing.
#![expect(clippy::print_stdout, reason = "a bench answers on standard output")]
#![expect(clippy::panic, reason = "a bench that cannot go on ends")]

use rollbook_domain::event::Event;
use rollbook_domain::group::event::GroupEvent;
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{GroupId, Kind, OrganizationId, ProfileId, QueueId, RoleId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::kernel::personal::Personal;
use rollbook_domain::organization::event::OrganizationEvent;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::{Facts, Target, Targets};
use rollbook_domain::permission::grant::{Grant, Grants, Scope};
use rollbook_domain::profile::event::ProfileEvent;
use rollbook_domain::queue::event::QueueEvent;
use rollbook_domain::queue::state::QueueKind;
use rollbook_domain::role::event::RoleEvent;
use rollbook_domain::user::event::UserEvent;
use rollbook_domain::user::state::Status;
use rollbook_ledger::writer::Published;
use rollbook_projections::permission_view::{Ask, Seen};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

const USERS: u64 = 100_000;
const PROFILES: u64 = 1_000;
const QUEUES: u64 = 50;
const GROUPS: u64 = 100;
const ASKED: usize = 1_000_000;
const ROUNDS: usize = 7;

/// Numbers that look random and are the same in every run (splitmix64).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// An id of the form that the product draws: time first, then what looks random.
fn id(kind: u64, nth: u64) -> Uuid {
    let random = Draw(kind << 40 | nth).next();
    Uuid::from_u64_pair(0x0190_0000_0000_7000 + (nth << 16), random | 1 << 63)
}

fn main() {
    let mut draw = Draw(1);
    let organization = build(&mut draw);
    let permissions: Vec<(Arc<str>, Option<Kind>)> = asked_about(&organization);
    let position = organization.position;
    let seen = Seen::from(Arc::new(Published { organization, confirmed: Instant::now() }));
    println!("{USERS} users at position {position}, {} permissions asked about", permissions.len());
    for (name, users) in [("random users", USERS), ("1,000 hot users", 1_000)] {
        for (what, with_target) in [("with a target", true), ("at any scope", false)] {
            let asks = asks(&mut draw, &permissions, users, with_target);
            let mut times: Vec<f64> = (0..ROUNDS).map(|_| round(&seen, &asks).0).collect();
            times.sort_by(f64::total_cmp);
            let (least, middle, most) = (times.first(), times.get(ROUNDS / 2), times.last());
            let allowed = round(&seen, &asks).1;
            println!(
                "{name}, {what}: {:.0} ns [{:.0}-{:.0}], {allowed} of {ASKED} allowed",
                middle.unwrap_or(&0.0),
                least.unwrap_or(&0.0),
                most.unwrap_or(&0.0)
            );
        }
    }
}

type Asked<'a> = (UserId, &'a str, Targets);

fn round(seen: &Seen, asks: &[Asked<'_>]) -> (f64, usize) {
    let facts = Facts::default();
    let started = Instant::now();
    let mut allowed = 0;
    for (who, permission, targets) in asks {
        let ask = Ask { who: *who, permission, targets, facts: &facts, at: Moment(0) };
        allowed += usize::from(black_box(seen.allowed(black_box(&ask))));
    }
    (started.elapsed().as_nanos() as f64 / asks.len() as f64, allowed)
}

fn asked_about(organization: &Organization) -> Vec<(Arc<str>, Option<Kind>)> {
    let wanted =
        organization.catalog.permissions().filter_map(|permission| match permission.targets.as_slice() {
            [] => Some((permission.name.clone(), None)),
            [kind @ (Kind::User | Kind::Queue | Kind::Group)] => Some((permission.name.clone(), Some(*kind))),
            _ => None,
        });
    wanted.collect()
}

fn asks<'a>(
    draw: &mut Draw,
    permissions: &'a [(Arc<str>, Option<Kind>)],
    users: u64,
    with_target: bool,
) -> Vec<Asked<'a>> {
    let ask = |_| {
        let who = UserId(id(1, draw.below(users)));
        let nth = usize::try_from(draw.below(permissions.len() as u64)).unwrap_or_default();
        let Some((permission, kind)) = permissions.get(nth) else { panic!("a permission is drawn") };
        let subject = kind.filter(|_| with_target).and_then(|kind| match kind {
            Kind::User => Some(UserId(id(1, draw.below(users))).subject()),
            Kind::Queue => Some(QueueId(id(2, draw.below(QUEUES))).subject()),
            Kind::Group => Some(GroupId(id(3, draw.below(GROUPS))).subject()),
            _ => None,
        });
        let targets = Targets { subject: subject.map(Target::Entity), ..Targets::default() };
        (who, permission.as_ref(), targets)
    };
    (0..ASKED).map(ask).collect()
}

fn build(draw: &mut Draw) -> Organization {
    let mut organization = Organization::empty(OrganizationId(id(9, 1)));
    let created = OrganizationEvent::Created {
        organization: organization.id,
        name: "North".to_owned(),
        catalog: "voximplant".to_owned(),
        catalog_version: 1,
    };
    apply(&mut organization, created);
    let role = RoleId(id(5, 0));
    let (name, description) = (|text: &str| text.to_owned(), String::new);
    apply(
        &mut organization,
        RoleEvent::Created {
            role,
            name: name("Agent"),
            description: description(),
            rank: 10,
            protected: false,
            grants: [Grant::new("users.view", Scope::Own)].into_iter().collect(),
            keys: Vec::new(),
        },
    );
    for nth in 0..PROFILES {
        let (profile, grants) = (ProfileId(id(4, nth)), grants(draw, &organization));
        let name = format!("Profile {nth}");
        apply(&mut organization, ProfileEvent::Created { profile, name, description: description(), grants });
    }
    for nth in 0..QUEUES {
        let (queue, name, kind) = (QueueId(id(2, nth)), format!("Queue {nth}"), QueueKind::Queue);
        let visibility_key = None;
        apply(
            &mut organization,
            QueueEvent::Created { queue, name, description: description(), kind, visibility_key },
        );
    }
    for nth in 0..GROUPS {
        let (group, name) = (GroupId(id(3, nth)), format!("Group {nth}"));
        apply(&mut organization, GroupEvent::Created { group, name, description: description() });
    }
    for nth in 0..USERS {
        add_user(&mut organization, draw, nth, role);
    }
    organization
}

fn grants(draw: &mut Draw, organization: &Organization) -> Grants {
    let names: Vec<Arc<str>> = asked_about(organization).into_iter().map(|(name, _)| name).collect();
    let scopes = [Scope::All, Scope::Group, Scope::Assigned, Scope::Own];
    let grant = |_| {
        let name = names.get(usize::try_from(draw.below(names.len() as u64)).unwrap_or_default());
        let scope = scopes.get(usize::try_from(draw.below(4)).unwrap_or_default());
        Grant::new(name.map_or("", AsRef::as_ref), scope.copied().unwrap_or(Scope::Own))
    };
    (0..60).map(grant).collect()
}

fn add_user(organization: &mut Organization, draw: &mut Draw, nth: u64, role: RoleId) {
    let user = UserId(id(1, nth));
    let personal = |text: String| Personal::new(&text, [0; 16]);
    let created = UserEvent::Created {
        user,
        login: personal(format!("user{nth}")),
        name: personal(format!("User {nth}")),
        email: None,
        role,
        profile: Some(ProfileId(id(4, draw.below(PROFILES)))),
        status: Status::Active,
    };
    apply(organization, created);
    let queue = QueueId(id(2, draw.below(QUEUES)));
    apply(organization, QueueEvent::AgentsChanged { queue, added: vec![user], removed: Vec::new() });
    let group = GroupId(id(3, draw.below(GROUPS)));
    apply(organization, GroupEvent::MembersChanged { group, added: vec![user], removed: Vec::new() });
}

fn apply(organization: &mut Organization, event: impl Into<Event>) {
    organization.apply(Actor::System, Moment(0), &event.into());
}

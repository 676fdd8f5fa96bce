//! How long a permission check takes at 100,000 users, and how much memory they take, in the shapes of three products:
//! `cargo bench -p rollbook-projections --bench allowed [SHAPE...]`.
//!
//! `shapes` says what they are made of. Users, permissions and targets are drawn at random. It prints nanoseconds a
//! check and megabytes; it judges nothing.
#![expect(clippy::print_stdout, reason = "a bench answers on standard output")]
#![expect(clippy::panic, reason = "a bench that cannot go on ends")]

mod shapes;

use rollbook_domain::kernel::id::{GroupId, Kind, QueueId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::permission::facts::{Facts, Target, Targets};
use rollbook_ledger::writer::Published;
use rollbook_projections::permission_view::{Ask, Seen};
use shapes::{Draw, GROUPS, Shape, USERS, asked_about, id};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const ASKED: usize = 1_000_000;
const ROUNDS: usize = 7;

fn main() {
    // cargo bench hands on `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let is_wanted = |shape: &&Shape| wanted.is_empty() || wanted.iter().any(|name| *name == shape.catalog);
    for shape in shapes::SHAPES.iter().filter(is_wanted) {
        measure(shape);
    }
}

fn measure(shape: &Shape) {
    let mut draw = Draw(1);
    let before = resident();
    let organization = (shape.build)(&mut draw);
    let megabytes = resident().saturating_sub(before) / 1024;
    let permissions: Vec<(Arc<str>, Option<Kind>)> = asked_about(&organization);
    let (position, asked) = (organization.position, permissions.len());
    let seen = Seen::from(Arc::new(Published { organization, confirmed: Instant::now() }));
    println!("{}: {USERS} users, {megabytes} MB, position {position}, {asked} permissions", shape.catalog);
    for (name, users) in [("random users", USERS), ("1,000 hot users", 1_000)] {
        for (what, with_target) in [("with a target", true), ("at any scope", false)] {
            let asks = asks(&mut draw, &permissions, (users, shape.queues), with_target);
            let mut times: Vec<f64> = (0..ROUNDS).map(|_| round(&seen, &asks).0).collect();
            times.sort_by(f64::total_cmp);
            let (least, middle, most) = (times.first(), times.get(ROUNDS / 2), times.last());
            let allowed = round(&seen, &asks).1;
            println!(
                "  {name}, {what}: {:.0} ns [{:.0}-{:.0}], {allowed} of {ASKED} allowed",
                middle.unwrap_or(&0.0),
                least.unwrap_or(&0.0),
                most.unwrap_or(&0.0)
            );
        }
    }
}

/// What this process has in memory, in kB; 0 where the system does not say.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or_default()
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

fn asks<'a>(
    draw: &mut Draw,
    permissions: &'a [(Arc<str>, Option<Kind>)],
    (users, queues): (u64, u64),
    with_target: bool,
) -> Vec<Asked<'a>> {
    let ask = |_| {
        let who = UserId(id(1, draw.below(users)));
        let nth = usize::try_from(draw.below(permissions.len() as u64)).unwrap_or_default();
        let Some((permission, kind)) = permissions.get(nth) else { panic!("a permission is drawn") };
        let subject = kind.filter(|_| with_target).and_then(|kind| match kind {
            Kind::User => Some(UserId(id(1, draw.below(users))).subject()),
            Kind::Queue => Some(QueueId(id(2, draw.below(queues))).subject()),
            Kind::Group => Some(GroupId(id(3, draw.below(GROUPS))).subject()),
            _ => None,
        });
        let targets = Targets { subject: subject.map(Target::Entity), ..Targets::default() };
        (who, permission.as_ref(), targets)
    };
    (0..ASKED).map(ask).collect()
}

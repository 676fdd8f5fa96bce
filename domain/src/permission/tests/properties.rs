//! Properties over random organizations, grants and questions.

use super::world::World;
use crate::kernel::id::{AgentId, GroupId, QueueId, Subject, UserId};
use crate::kernel::shared::Standing;
use crate::permission::catalog::{Catalog, load_for_test};
use crate::permission::cover::{covers, gained};
use crate::permission::facts::{Facts, Target, Targets};
use crate::permission::grant::{Grant, Limits, Scope};
use crate::queue::state::Supervision;
use crate::role::event::RoleEvent;
use crate::user::event::UserEvent;
use crate::user::state::Status;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

const SCOPES: [Scope; 11] = [
    Scope::All,
    Scope::Lower,
    Scope::Managed,
    Scope::Assigned,
    Scope::AssignedEditor,
    Scope::Group,
    Scope::Own,
    Scope::Unassigned,
    Scope::Bot,
    Scope::Queues,
    Scope::Elements,
];

/// A permission about each kind of target; one is guarded by a key, one restricted by another.
static CATALOG: LazyLock<&'static Catalog> = LazyLock::new(|| {
    let mut text = String::from("name = \"any\"\nversion = 1\nabout = \"\"\ncategories = [\"\"]\n");
    for (key, restricts) in [("K1", false), ("K2", false), ("SHUT", true)] {
        text += &format!(
            "[[key]]\nname = \"{key}\"\ndescription = \"\"\ncategory = \"\"\nfrom = \"chosen\"\nrestricts = {restricts}\n"
        );
    }
    for (name, targets, more) in [
        ("user", "\"user\"", ""),
        ("role", "\"role\"", ""),
        ("group", "\"group\"", "restricted_by = [\"SHUT\"]"),
        ("queue", "\"queue\"", "key = \"K1\""),
        ("agent", "\"agent\"", ""),
        ("talk", "\"conversation\"", ""),
        ("element", "\"element\"", ""),
        ("setting", "\"setting\"", ""),
        ("move", "\"user\", \"queue\", \"queue\"", ""),
    ] {
        text += &format!(
            "[[permission]]\nname = \"any.{name}\"\nabout = \"\"\ntargets = [{targets}]\nfrom = \"chosen\"\n{more}\n"
        );
    }
    load_for_test(&text).unwrap()
});

/// Choices read off random bytes; zero when they run out, so shorter tapes are simpler cases.
struct Tape<'a>(std::slice::Iter<'a, u8>);

impl Tape<'_> {
    fn below(&mut self, end: usize) -> usize {
        usize::from(*self.0.next().unwrap_or(&0)) % end
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 1
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn some<T: Clone + Ord>(&mut self, of: &[T]) -> BTreeSet<T> {
        of.iter().filter(|_| self.yes()).cloned().collect()
    }

    fn words(&mut self, of: &[&str]) -> BTreeSet<Arc<str>> {
        self.some(of).into_iter().map(Arc::from).collect()
    }

    fn maybe<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        self.yes().then(|| self.pick(of))
    }

    fn limits(&mut self) -> Limits {
        match self.below(8) {
            0 => Limits { fields: self.words(&["a", "b"]), ..Limits::default() },
            1 => Limits { actions: self.words(&["a", "b"]), ..Limits::default() },
            2 => Limits {
                parts: self.words(&["a", "b"]),
                without_parts: self.words(&["b"]),
                ..Limits::default()
            },
            3 => Limits { only_if: self.words(&["in_use", "active", "moonlit"]), ..Limits::default() },
            4 => Limits { unless: self.words(&["in_use", "active"]), ..Limits::default() },
            _ => Limits::default(),
        }
    }

    fn grant(&mut self, permission: &str, queues: &[QueueId]) -> Grant {
        let scope = self.pick(&SCOPES);
        let mut grant = Grant { limits: self.limits(), ..Grant::new(permission, scope) };
        if scope == Scope::Queues {
            grant.queues =
                BTreeMap::from([("voice".into(), self.some(queues)), ("chat".into(), self.some(queues))]);
        }
        if scope == Scope::Elements {
            grant.elements = self.words(&["e1", "e2"]);
            grant.elements.extend(queues.first().filter(|_| self.yes()).map(|id| id.to_string().into()));
        }
        grant
    }

    fn facts(&mut self, scene: &Scene) -> Facts {
        Facts {
            fields: self.words(&["a", "b"]),
            action: self.maybe(&["a".into(), "b".into()]),
            part: self.maybe(&["a".into(), "b".into()]),
            channel: self.maybe(&["voice".into(), "chat".into()]),
            in_use: self.maybe(&[true, false]),
            active: self.maybe(&[true, false]),
            agent: self.maybe(&scene.users),
            queue: self.maybe(&scene.queues),
            group: self.maybe(&scene.groups),
            bot: self.maybe(&[true, false]),
            unassigned: self.maybe(&[true, false]),
            ..Facts::default()
        }
    }

    fn targets(&mut self, scene: &Scene, permission: &str) -> Targets {
        if self.below(6) == 0 {
            return Targets::default();
        }
        let entity = |subject: Subject| Targets::of(subject);
        match permission {
            "any.user" => entity(self.pick(&scene.users).subject()),
            "any.role" => {
                let roles: Vec<_> = scene.world.organization.roles.keys().copied().collect();
                entity(self.pick(&roles).subject())
            }
            "any.group" => entity(self.pick(&scene.groups).subject()),
            "any.queue" => entity(self.pick(&scene.queues).subject()),
            "any.agent" => entity(self.pick(&scene.agents).subject()),
            "any.talk" => Targets::of(Target::Conversation),
            "any.element" => {
                Targets::of(self.pick(&[Target::Element("e1".into()), Target::Element("e3".into())]))
            }
            "any.setting" => {
                Targets::of(self.pick(&[Target::Setting(None), Target::Setting(Some("e1".into()))]))
            }
            _ => Targets {
                from: Some(self.pick(&scene.queues)),
                to: self.maybe(&scene.queues),
                ..entity(self.pick(&scene.users).subject())
            },
        }
    }
}

struct Scene {
    world: World,
    users: Vec<UserId>,
    groups: Vec<GroupId>,
    queues: Vec<QueueId>,
    agents: Vec<AgentId>,
}

fn scene(tape: &mut Tape<'_>) -> Scene {
    let mut world = World::founded(*CATALOG, 1);
    let keys = ["K1", "K2", "SHUT"].map(|name| world.key_named(name));
    let roles = [1, 2, 2].map(|rank| {
        let name = format!("R{}", world.organization.position);
        world.role(&name, rank, [].into_iter().collect())
    });
    let users: Vec<_> = (0..4).map(|n| world.user(&format!("u{n}"), tape.pick(&roles))).collect();
    let groups: Vec<_> = (0..2)
        .map(|n| {
            let (members, supervisors) = (tape.some(&users), tape.some(&users));
            let (members, supervisors): (Vec<_>, Vec<_>) =
                (members.into_iter().collect(), supervisors.into_iter().collect());
            world.group(&format!("g{n}"), &members, &supervisors)
        })
        .collect();
    let mut queues = Vec::new();
    for n in 0..3 {
        let agents: Vec<_> = tape.some(&users).into_iter().collect();
        let lock = if tape.below(4) == 0 { Some(tape.pick(&keys)) } else { None };
        let queue = world.queue(&format!("q{n}"), lock, &agents);
        for user in tape.some(&users) {
            world.supervise(queue, user, tape.pick(&[Supervision::Viewer, Supervision::Editor]));
        }
        queues.push(queue);
    }
    let agents = (0..2).map(|n| {
        let lock = if tape.below(4) == 0 { Some(tape.pick(&keys)) } else { None };
        let places: Vec<_> = tape.some(&queues).into_iter().collect();
        world.agent(&format!("a{n}"), lock, tape.maybe(&groups), &places)
    });
    let agents = agents.collect();
    let mut scene = Scene { world, users, groups, queues, agents };
    spice(&mut scene, tape);
    scene
}

/// Keys, marks, statuses and archived places, each now and then.
fn spice(scene: &mut Scene, tape: &mut Tape<'_>) {
    for user in scene.users.clone() {
        if tape.yes() {
            let words = tape.some(&["K1", "-K1", "K2", "-K2", "SHUT"]);
            scene.world.own_keys(user, &words.into_iter().collect::<Vec<_>>().join(" "));
        }
        match tape.below(8) {
            0 => scene.world.superuser(user),
            1 => scene.world.masterkey(user),
            2 => scene.world.status(user, Status::Blocked),
            3 => {
                let grants = [tape.grant("any.user", &scene.queues)].into_iter().collect();
                scene.world.apply(UserEvent::CustomProfileSet { user, from: None, to: Some(grants) });
            }
            _ => {}
        }
    }
    if tape.below(4) == 0 {
        scene.world.archive_group(scene.groups[0]);
    }
    if tape.below(4) == 0 {
        scene.world.archive_queue(scene.queues[0]);
    }
    if tape.below(12) == 0 {
        let role = scene.world.organization.user(scene.users[0]).unwrap().role.value;
        scene.world.apply(RoleEvent::Archived { role, from: Standing::Active, to: Standing::Archived });
    }
}

fn permission(tape: &mut Tape<'_>) -> &'static str {
    let kinds = ["user", "role", "group", "queue", "agent", "talk", "element", "setting", "move", "none"];
    let names =
        kinds.map(|kind| CATALOG.permission(&format!("any.{kind}")).map(|permission| &*permission.name));
    tape.pick(&names).unwrap_or("any.none")
}

/// `grant` with something taken away: a scope inside its own, more limits.
fn narrowed(grant: &Grant, tape: &mut Tape<'_>) -> Grant {
    let mut narrow = grant.clone();
    match (grant.scope, tape.below(3)) {
        (Scope::All, 0) => narrow = Grant { limits: narrow.limits, ..tape.grant(&grant.permission, &[]) },
        (Scope::Assigned, 0) => narrow.scope = Scope::AssignedEditor,
        _ => {}
    }
    if tape.yes() {
        narrow.limits.only_if.insert("in_use".into());
    }
    if tape.yes() {
        narrow.limits.fields = BTreeSet::from(["a".into()]);
    }
    narrow
}

fn tape() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..160)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    /// The answer and its explanation agree (`World::decide` asserts it), and what is allowed has a reason for it.
    #[test]
    fn allowed_and_explained_agree(bytes in tape()) {
        let mut tape = Tape(bytes.iter());
        let mut scene = scene(&mut tape);
        let role = scene.world.organization.user(scene.users[0]).unwrap().role.value;
        let permission = permission(&mut tape);
        let added = vec![tape.grant(permission, &scene.queues), tape.grant(permission, &scene.queues)];
        scene.world.apply(RoleEvent::GrantsChanged { role, added, removed: Vec::new() });
        for _ in 0..4 {
            let who = tape.pick(&scene.users);
            let (targets, facts) = (tape.targets(&scene, permission), tape.facts(&scene));
            let decision = scene.world.decide(who, permission, &targets, &facts);
            let denies = |reason: &crate::permission::reason::Reason| {
                reason.effect == crate::permission::reason::Effect::Deny
            };
            prop_assert_eq!(decision.allowed, !decision.reasons.iter().any(denies), "{:?}", decision);
        }
    }

    #[test]
    fn covering_is_reflexive(bytes in tape()) {
        let queues = [1, 2].map(|n| QueueId(uuid::Uuid::from_u128(n)));
        let grant = Tape(bytes.iter()).grant("any.user", &queues);
        prop_assert!(covers(&grant, &grant));
        prop_assert!(gained(&[&grant], &[&grant]).is_empty());
    }

    #[test]
    fn covering_is_transitive(bytes in tape()) {
        let queues = [1, 2].map(|n| QueueId(uuid::Uuid::from_u128(n)));
        let mut tape = Tape(bytes.iter());
        let mut grants: Vec<_> = (0..4).map(|_| tape.grant("any.user", &queues)).collect();
        for n in 0..4 {
            let narrow = narrowed(&grants[n].clone(), &mut tape);
            grants.push(narrowed(&narrow, &mut tape));
            grants.push(narrow);
        }
        for a in &grants {
            for b in grants.iter().filter(|b| covers(a, b)) {
                for c in grants.iter().filter(|c| covers(b, c)) {
                    prop_assert!(covers(a, c), "{:?} {:?} {:?}", a, b, c);
                }
            }
        }
    }

    #[test]
    fn what_the_narrow_grant_allows_the_wide_one_allows(bytes in tape()) {
        let mut tape = Tape(bytes.iter());
        let scene = scene(&mut tape);
        let permission = permission(&mut tape);
        let wide = tape.grant(permission, &scene.queues);
        let narrow = if tape.yes() { narrowed(&wide, &mut tape) } else { tape.grant(permission, &scene.queues) };
        let who = scene.users[0];
        let role = scene.world.organization.user(who).unwrap().role.value;
        let questions: Vec<_> =
            (0..6).map(|_| (tape.targets(&scene, permission), tape.facts(&scene))).collect();
        let Scene { world: mut before, .. } = scene;
        let ask = |world: &World| -> Vec<bool> {
            questions.iter().map(|(targets, facts)| world.may(who, permission, targets, facts)).collect()
        };
        before.apply(RoleEvent::GrantsChanged { role, added: vec![narrow.clone()], removed: Vec::new() });
        let with_narrow = ask(&before);
        before.apply(RoleEvent::GrantsChanged { role, added: vec![wide.clone()], removed: vec![narrow.clone()] });
        let with_wide = ask(&before);
        for (narrow_allows, wide_allows) in with_narrow.into_iter().zip(with_wide) {
            prop_assert!(!covers(&wide, &narrow) || !narrow_allows || wide_allows, "{:?} {:?}", wide, narrow);
        }
    }
}

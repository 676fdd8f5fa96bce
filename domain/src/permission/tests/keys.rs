//! QueueMetrics' key locks: the vendor's worked examples (`facts/products.md` §1.2), and what a minus does.

use super::csv_fields;
use super::world::World;
use crate::kernel::id::{QueueId, UserId};
use crate::permission::catalog::Catalog;
use crate::permission::facts::{Facts, Targets};
use crate::permission::grant::{Grant, Scope};
use crate::permission::keyring::keyring;
use crate::queue::event::QueueEvent;
use std::collections::BTreeMap;

const TABLE: &str = include_str!("../../../tests/fixtures/queuemetrics_keys.csv");

struct Scene {
    world: World,
    queues: BTreeMap<String, QueueId>,
}

impl Scene {
    fn new() -> Self {
        Self { world: World::new(Catalog::newest("standard").unwrap(), 1), queues: BTreeMap::new() }
    }

    /// With the reserved keys and classes of the product that the examples are of.
    fn queuemetrics() -> Self {
        Self { world: World::founded(Catalog::newest("queuemetrics").unwrap(), 1), queues: BTreeMap::new() }
    }

    /// Adds a queue written `name:key` or `name:key:part|part`.
    fn queue(&mut self, text: &str) {
        let mut words = text.split(':');
        let (name, key) = (words.next().unwrap(), words.next().unwrap());
        let key = (!key.is_empty()).then(|| self.world.key(key, false));
        let queue = self.world.queue(name, key, &[]);
        let parts = words.next().map(|parts| parts.split('|').map(|part| self.queues[part]).collect());
        if let Some(added) = parts {
            self.world.apply(QueueEvent::PartsChanged { queue, added, removed: Vec::new() });
        }
        self.queues.insert(name.to_owned(), queue);
    }

    fn user(&mut self, login: &str, class_keys: &str, user_keys: &str, masterkey: bool) -> UserId {
        let class = self.world.role(login, 10, [Grant::new("queues.view", Scope::All)].into_iter().collect());
        self.world.role_keys(class, class_keys);
        let user = self.world.user(login, class);
        self.world.own_keys(user, user_keys);
        if masterkey {
            self.world.masterkey(user);
        }
        user
    }

    fn sees(&self, user: UserId) -> String {
        let sees =
            |id: &QueueId| self.world.may(user, "queues.view", &Targets::of(id.subject()), &Facts::default());
        let seen: Vec<_> =
            self.queues.iter().filter(|(_, id)| sees(id)).map(|(name, _)| name.as_str()).collect();
        seen.join(" ")
    }
}

#[test]
fn the_worked_examples_hold() {
    examples_hold(Scene::new(), "");
}

/// There the key USER, which every valid user must hold, is what lets a user see queues at all.
#[test]
fn the_worked_examples_hold_in_queuemetrics() {
    examples_hold(Scene::queuemetrics(), "USER ");
}

fn examples_hold(mut scene: Scene, every_class: &str) {
    let mut checked = 0;
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        match csv_fields(line).iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["queues" | "aggregate", queues] => {
                queues.split_whitespace().for_each(|queue| scene.queue(queue));
            }
            ["user", ..] => {}
            [login, class_keys, user_keys, masterkey, sees] => {
                let class_keys = format!("{every_class}{class_keys}");
                let user = scene.user(login, &class_keys, user_keys, *masterkey == "yes");
                assert_eq!(scene.sees(user), *sees, "{line}");
                checked += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(checked, 9, "examples of the acceptance table");
}

#[test]
fn the_keyring_is_class_and_own_keys_less_the_minus_entries() {
    let mut scene = Scene::new();
    for key in ["A", "B", "C"] {
        scene.world.key(key, false);
    }
    let user = scene.user("ann", "A B", "C -B", false);
    let organization = &scene.world.organization;
    let names: Vec<_> = keyring(organization, organization.user(user).unwrap())
        .into_iter()
        .map(|key| organization.keys[&key].name.clone())
        .collect();
    assert_eq!(names, ["A", "C"]);
}

#[test]
fn superuser_opens_no_lock() {
    let mut scene = Scene::new();
    scene.queue("A:KA");
    let user = scene.user("ann", "", "", false);
    scene.world.superuser(user);
    assert_eq!(scene.sees(user), "");
}

#[test]
fn the_lock_of_its_queue_guards_a_conversation() {
    let mut scene = Scene::new();
    scene.queue("A:KA");
    let role = scene.world.role("R", 10, [Grant::new("calls.listen", Scope::All)].into_iter().collect());
    let user = scene.world.user("ann", role);
    let targets = Targets::of(crate::permission::facts::Target::Conversation);
    let facts = Facts { queue: Some(scene.queues["A"]), ..Facts::default() };
    assert!(!scene.world.may(user, "calls.listen", &targets, &facts));
    scene.world.own_keys(user, "KA");
    assert!(scene.world.may(user, "calls.listen", &targets, &facts));
}

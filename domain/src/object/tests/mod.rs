//! The rules told as given / when / then.

mod access;
mod record;
mod uses;

use crate::kernel::spec::World;
use crate::object::command::ObjectEdit;

pub(super) fn named(called: &str) -> ObjectEdit {
    let (kind, name) = called.split_once(':').expect("kind:name");
    ObjectEdit { kind: Some(kind.into()), name: Some(name.into()), ..ObjectEdit::default() }
}

/// Voximplant Kit: olga owns, adam administers, mona manages, sven supervises group `Night`, in which ann is; abe is an
/// agent outside; queue `Sales`.
pub(super) fn kit() -> World {
    let mut world = World::founded("voximplant");
    for (login, role) in [
        ("adam", "Administrator"),
        ("mona", "Manager"),
        ("sven", "Supervisor"),
        ("ann", "Agent"),
        ("abe", "Agent"),
    ] {
        world.add_user(login, world.role(role));
    }
    world.add_group("Night", &[world.user_id("ann")], &[world.user_id("sven")]);
    world.add_queue("Sales", &[], &[]);
    world
}

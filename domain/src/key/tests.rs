//! The rules told as given / when / then.

use super::command::{KeyCommand, KeyEdit};
use super::rejection::KeyRejection;
use crate::kernel::id::{KeyId, Kind};
use crate::kernel::spec::{World, given, world};
use crate::organization::rejection::Rejection;
use crate::queue::command::{QueueCommand, QueueEdit};
use crate::role::command::{RoleCommand, RoleEdit};
use crate::user::command::UserCommand;
use crate::user::state::KeyEntry;
use uuid::Uuid;

fn named(name: &str) -> KeyEdit {
    KeyEdit { name: Some(name.into()), ..KeyEdit::default() }
}

#[test]
fn a_key_is_a_word_without_spaces_or_a_leading_minus() {
    let world = world();
    let create = |name| given(&world).as_user("adam").when(KeyCommand::Create(named(name)));
    create("DOOR").then(&[
        "key.created DOOR: description - -> , name - -> DOOR, reserved - -> false, restricts - -> false",
    ]);
    create("two words").then_invalid("/name", "not_a_key");
    create("-DOOR").then_invalid("/name", "not_a_key");
    create("gate").then_refused(KeyRejection::NameTaken);
}

#[test]
fn each_named_field_changes_by_its_own_event_and_an_equal_one_by_none() {
    let world = world();
    let edit = KeyEdit { name: Some("DOOR".into()), description: Some("Opens".into()) };
    let command = KeyCommand::Edit(world.key("GATE"), edit);
    let after = given(&world).as_user("adam").when(command.clone());
    let after =
        after.then(&["key.renamed DOOR: name GATE -> DOOR", "key.described DOOR: description  -> Opens"]);
    given(&after).as_user("adam").when(command).then_nothing();
}

#[test]
fn a_reserved_key_keeps_its_name_and_place() {
    let world = world();
    let reserved = world.key("NODIALOUT");
    for command in [KeyCommand::Edit(reserved, named("FREE")), KeyCommand::Archive(reserved)] {
        given(&world).as_user("olga").when(command).then_refused(KeyRejection::Reserved);
    }
}

#[test]
fn a_key_in_use_is_not_archived() {
    let in_use = |change: fn(&mut World, KeyId)| {
        let mut world = world();
        let gate = world.key("GATE");
        change(&mut world, gate);
        given(&world).as_user("olga").when(KeyCommand::Archive(gate)).then_refused(KeyRejection::InUse);
    };
    in_use(|world, key| {
        world.act(UserCommand::SetKeys(world.user_id("anna"), vec![KeyEntry { key, minus: true }]));
    });
    in_use(|world, key| {
        let edit = RoleEdit { keys: Some(vec![key]), ..RoleEdit::default() };
        world.act(RoleCommand::Edit(world.role("Agent"), edit));
    });
    in_use(|world, key| {
        let edit = QueueEdit { visibility_key: Some(Some(key)), ..QueueEdit::default() };
        world.act(QueueCommand::Edit(world.queue("Sales"), edit));
    });
}

#[test]
fn a_key_is_archived_and_restored_once() {
    let world = world();
    let gate = world.key("GATE");
    let archived = given(&world).as_user("adam").when(KeyCommand::Archive(gate));
    let archived = archived.then(&["key.archived GATE: status active -> archived"]);
    given(&archived).as_user("adam").when(KeyCommand::Archive(gate)).then_nothing();
    let rename = KeyCommand::Edit(gate, named("DOOR"));
    given(&archived).as_user("adam").when(rename).then_refused(KeyRejection::Archived);
    let restored = given(&archived).as_user("adam").when(KeyCommand::Restore(gate));
    let restored = restored.then(&["key.restored GATE: status archived -> active"]);
    given(&restored).as_user("adam").when(KeyCommand::Restore(gate)).then_nothing();
}

#[test]
fn an_unknown_key_is_missing() {
    let command = KeyCommand::Archive(KeyId(Uuid::nil()));
    given(&world()).as_user("adam").when(command).then_refused(Rejection::Missing(Kind::Key));
}

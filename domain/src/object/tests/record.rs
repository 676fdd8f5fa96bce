//! What an object is, and its life.

use super::named;
use crate::kernel::id::{Kind, ObjectId};
use crate::kernel::spec::{given, world};
use crate::object::command::{ObjectCommand, ObjectEdit};
use crate::object::rejection::ObjectRejection;
use crate::organization::rejection::Rejection;
use crate::queue::command::{QueueCommand, QueueEdit};
use uuid::Uuid;

fn contents(names: &[&str]) -> ObjectEdit {
    let contents = names.iter().map(|name| (*name).to_owned()).collect();
    ObjectEdit { contents: Some(contents), ..ObjectEdit::default() }
}

#[test]
fn an_object_is_of_a_kind_that_the_catalog_has_and_alone_of_its_name_in_it() {
    let mut world = world();
    let create = |world: &_, edit| given(world).as_user("mona").when(ObjectCommand::Create(edit));
    create(&world, named("skill:French"))
        .then(&["object.created skill:French: description - -> , kind - -> skill, name - -> French"]);
    create(&world, named("spell:French")).then_invalid("/kind", "no_such_kind");
    create(&world, named("skill: ")).then_invalid("/name", "empty");
    world.add_object("skill:French", ObjectEdit::default());
    create(&world, named("skill:FRENCH")).then_refused(ObjectRejection::NameTaken);
    create(&world, named("tag:French")).then_names(&["object.created"]);
}

#[test]
fn each_named_field_changes_by_its_own_event_and_an_equal_one_by_none() {
    let mut world = world();
    let set = world.add_object("topic_set:Sales", ObjectEdit::default());
    let edit = ObjectEdit {
        name: Some("Orders".into()),
        description: Some("What they call about".into()),
        ..contents(&["Price", "Delivery"])
    };
    let command = ObjectCommand::Edit(set, edit);
    let after = given(&world).as_user("mona").when(command.clone()).then(&[
        "object.renamed topic_set:Orders: name Sales -> Orders",
        "object.described topic_set:Orders: description  -> What they call about",
        "object.contents_changed topic_set:Orders: contents [] -> [\"Price\",\"Delivery\"]",
    ]);
    given(&after).as_user("mona").when(command).then_nothing();
    assert_eq!(after.find(Kind::Object, "topic_set:orders"), Some(set.uuid()));
    assert_eq!(after.find(Kind::Object, "topic_set:sales"), None);
    let other = ObjectEdit { kind: Some("tag".into()), ..ObjectEdit::default() };
    given(&after)
        .as_user("mona")
        .when(ObjectCommand::Edit(set, other))
        .then_refused(ObjectRejection::KindIsFixed);
}

#[test]
fn what_is_in_an_object_keeps_its_order_and_none_is_there_twice() {
    let mut world = world();
    let set = world.add_object("topic_set:Sales", ObjectEdit::default());
    let tag = world.add_object("tag:Urgent", ObjectEdit::default());
    let edit = |id, edit| given(&world).as_user("mona").when(ObjectCommand::Edit(id, edit));
    edit(set, contents(&["Price", "PRICE"])).then_invalid("/contents/1", "twice");
    edit(set, contents(&["Price", " "])).then_invalid("/contents/1", "empty");
    edit(tag, contents(&["Price"])).then_invalid("/contents", "not_of_this_kind");
    edit(tag, contents(&[])).then_nothing();
    let many: Vec<_> = (0..201).map(|n| n.to_string()).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    edit(set, contents(&many)).then_invalid("/contents", "too_many");
    let marks: Vec<_> = (0..40).map(|n| format!("{}{n}", "\"".repeat(190))).collect();
    let marks: Vec<_> = marks.iter().map(String::as_str).collect();
    edit(set, contents(&marks)).then_invalid("/contents", "too_many");
    edit(set, contents(&marks[..35])).then_names(&["object.contents_changed"]);
}

#[test]
fn an_object_is_archived_and_restored_once() {
    let mut world = world();
    let tag = world.add_object("tag:Urgent", ObjectEdit::default());
    let archived = given(&world).as_user("mona").when(ObjectCommand::Archive(tag));
    let archived = archived.then(&["object.archived tag:Urgent: status active -> archived"]);
    given(&archived).as_user("mona").when(ObjectCommand::Archive(tag)).then_nothing();
    let rename = ObjectEdit { name: Some("Later".into()), ..ObjectEdit::default() };
    given(&archived)
        .as_user("mona")
        .when(ObjectCommand::Edit(tag, rename))
        .then_refused(ObjectRejection::Archived);
    let restored = given(&archived).as_user("mona").when(ObjectCommand::Restore(tag));
    let restored = restored.then(&["object.restored tag:Urgent: status archived -> active"]);
    given(&restored).as_user("mona").when(ObjectCommand::Restore(tag)).then_nothing();
    let unknown = ObjectCommand::Archive(ObjectId(Uuid::nil()));
    given(&world).as_user("mona").when(unknown).then_refused(Rejection::Missing(Kind::Object));
}

#[test]
fn an_object_and_a_queue_may_have_one_name() {
    let mut world = world();
    world.add_object("tag:Sales", ObjectEdit::default());
    let rename = QueueEdit { name: Some("tag:Sales".into()), ..QueueEdit::default() };
    world.act(QueueCommand::Edit(world.queue("Sales"), rename));
    assert_ne!(world.find(Kind::Object, "tag:Sales"), world.find(Kind::Queue, "tag:Sales"));
}

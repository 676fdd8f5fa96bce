//! What has an object or uses it, and that it stays while it is needed.

use super::{kit, named};
use crate::kernel::id::{ObjectId, UserId};
use crate::kernel::spec::{World, given, world};
use crate::object::command::{ObjectCommand, ObjectEdit, Use};
use crate::object::rejection::ObjectRejection;
use crate::organization::rejection::{Forbidden, Rejection};
use crate::permission::facts::{Facts, Targets};
use crate::permission::resolve::{Question, allowed};
use crate::queue::command::QueueCommand;
use crate::user::command::UserCommand;

fn uses(object: ObjectId, by: Use) -> ObjectCommand {
    ObjectCommand::SetUse(object, by, true)
}

fn denied(permission: &'static str) -> Rejection {
    Forbidden::Permission { permission }.into()
}

/// Whether `login` may delete the object, told truly or not whether it is in use.
fn may_delete(world: &World, login: &str, permission: &str, object: ObjectId, claim: Option<bool>) -> bool {
    let facts = Facts { action: Some("delete".into()), in_use: claim, ..Facts::default() };
    let who = world.user_by_login(login).unwrap();
    let targets = &Targets::of(object.subject());
    let at = world.at;
    allowed(world, &Question { who, permission, targets, facts: &facts, at, as_if_active: false })
}

#[test]
fn a_skill_that_somebody_has_is_deleted_by_nobody() {
    let mut world = kit();
    let skill = world.add_object("skill:French", ObjectEdit::default());
    for login in ["olga", "adam", "mona"] {
        given(&world).as_user(login).when(ObjectCommand::Archive(skill)).then_names(&["object.archived"]);
    }
    let ann = world.user_id("ann");
    world.act(uses(skill, Use::User(ann)));
    for login in ["olga", "adam", "mona"] {
        let refused = ObjectRejection::InUse { by: vec![ann.subject()] };
        given(&world).as_user(login).when(ObjectCommand::Archive(skill)).then_refused(refused);
    }
    given(&world)
        .as_user("sven")
        .when(ObjectCommand::Archive(skill))
        .then_refused(denied("settings.create_edit_delete_skills"));
}

#[test]
fn a_tag_in_a_scenario_is_deleted_by_owner_and_administrator_alone_and_the_scenario_loses_it() {
    let mut world = kit();
    let tag = world.add_object("tag:Urgent", ObjectEdit::default());
    let scenario = world.add_object("scenario:Night", ObjectEdit::default());
    world.act(uses(tag, Use::Object(scenario)));
    // Managers have nothing to do with scenarios, so theirs is a refusal that names none.
    let refused = ObjectRejection::InUse { by: Vec::new() };
    given(&world).as_user("mona").when(ObjectCommand::Archive(tag)).then_refused(refused);
    for login in ["olga", "adam"] {
        given(&world).as_user(login).when(ObjectCommand::Archive(tag)).then(&[
            "object.objects_changed tag:Urgent: objects[scenario:Night] scenario:Night -> -",
            "object.archived tag:Urgent: status active -> archived",
        ]);
    }
    given(&world).as_user("adam").when(ObjectCommand::Archive(scenario)).then(&[
        "object.objects_changed tag:Urgent: objects[scenario:Night] scenario:Night -> -",
        "object.archived scenario:Night: status active -> archived",
    ]);
}

#[test]
fn a_topic_set_of_a_queue_a_channel_or_a_campaign_is_not_deleted_by_a_manager() {
    let mut world = kit();
    let set = world.add_object("topic_set:Orders", ObjectEdit::default());
    let channel = world.add_object("channel:Chat", ObjectEdit::default());
    for by in [Use::Queue(world.queue("Sales")), Use::Object(channel)] {
        let mut world = world.clone();
        world.act(uses(set, by));
        let refused = ObjectRejection::InUse { by: vec![by.subject()] };
        given(&world).as_user("mona").when(ObjectCommand::Archive(set)).then_refused(refused);
        world.act(ObjectCommand::SetUse(set, by, false));
        given(&world).as_user("mona").when(ObjectCommand::Archive(set)).then_names(&["object.archived"]);
    }
}

#[test]
fn whether_an_object_is_in_use_is_known_and_not_what_the_asker_says() {
    let mut world = kit();
    let tag = world.add_object("tag:Urgent", ObjectEdit::default());
    let function = "settings.add_edit_delete_tags";
    for claim in [None, Some(true), Some(false)] {
        assert!(may_delete(&world, "mona", function, tag, claim), "{claim:?}");
    }
    let scenario = world.add_object("scenario:Night", ObjectEdit::default());
    world.act(uses(tag, Use::Object(scenario)));
    for claim in [None, Some(true), Some(false)] {
        assert!(!may_delete(&world, "mona", function, tag, claim), "{claim:?}");
        assert!(may_delete(&world, "adam", function, tag, claim), "{claim:?}");
    }
    assert!(!may_delete(&world, "adam", "settings.create_edit_delete_skills", tag, None), "another kind");
}

#[test]
fn a_thing_has_and_uses_what_its_kind_can() {
    let mut world = kit();
    let skill = world.add_object("skill:French", ObjectEdit::default());
    let tag = world.add_object("tag:Urgent", ObjectEdit::default());
    let ann = Use::User(world.user_id("ann"));
    let sales = Use::Queue(world.queue("Sales"));
    for (object, by) in [(tag, ann), (skill, sales), (skill, Use::Object(tag)), (tag, Use::Object(tag))] {
        given(&world).as_user("olga").when(uses(object, by)).then_invalid("/add", "cannot_use");
    }
    let unknown = Use::User(UserId(uuid::Uuid::nil()));
    given(&world).as_operator().when(uses(skill, unknown)).then_invalid("/add", "no_such_user");
    let after = given(&world).as_user("olga").when(uses(skill, ann));
    let after = after.then(&["object.users_changed skill:French: users[ann] - -> ann"]);
    given(&after).as_user("olga").when(uses(skill, ann)).then_nothing();
}

#[test]
fn who_is_put_away_loses_skills_and_a_queue_its_topic_set() {
    let mut world = kit();
    let skill = world.add_object("skill:French", ObjectEdit::default());
    let set = world.add_object("topic_set:Orders", ObjectEdit::default());
    let (ann, sales) = (world.user_id("ann"), world.queue("Sales"));
    world.act(uses(skill, Use::User(ann)));
    world.act(uses(set, Use::Queue(sales)));
    let archived = given(&world).as_user("mona").when(UserCommand::Archive(ann)).then_names(&[
        "group.members_changed",
        "object.users_changed",
        "user.archived",
    ]);
    assert!(!archived.object(skill).unwrap().is_in_use());
    given(&world)
        .as_user("mona")
        .when(QueueCommand::Archive(sales))
        .then_names(&["object.queues_changed", "queue.archived"]);
}

#[test]
fn supervisors_give_skills_to_users_of_their_groups_and_managers_and_up_to_all() {
    let mut world = kit();
    let skill = world.add_object("skill:French", ObjectEdit::default());
    let id = |login: &str| Use::User(world.user_id(login));
    let gives = |login: &str, to: &str| given(&world).as_user(login).when(uses(skill, id(to)));
    gives("sven", "ann").then_names(&["object.users_changed"]);
    // Neither oneself, nor whom one does not see.
    gives("sven", "sven").then_refused(denied("users.edit"));
    gives("sven", "abe").then_refused(Rejection::Missing(crate::kernel::id::Kind::User));
    for login in ["mona", "adam", "olga"] {
        for to in ["ann", "abe", "sven"] {
            gives(login, to).then_names(&["object.users_changed"]);
        }
    }
    gives("mona", "adam").then_refused(denied("users.edit"));
    gives("mona", "mona").then_names(&["object.users_changed"]);
    gives("ann", "ann").then_refused(Rejection::Missing(crate::kernel::id::Kind::Object));
    let tag = world.add_object("tag:Urgent", ObjectEdit::default());
    let scenario = world.add_object("scenario:Night", named("scenario:Night"));
    let use_it = |login: &str| given(&world).as_user(login).when(uses(tag, Use::Object(scenario)));
    use_it("mona").then_refused(Rejection::Missing(crate::kernel::id::Kind::Object));
    use_it("adam").then_names(&["object.objects_changed"]);
}

#[test]
fn in_an_organization_of_no_product_a_manager_keeps_what_is_in_use() {
    let mut world = world();
    let skill = world.add_object("skill:French", ObjectEdit::default());
    let anna = world.user_id("anna");
    world.act(uses(skill, Use::User(anna)));
    let refused = ObjectRejection::InUse { by: vec![anna.subject()] };
    given(&world).as_user("mona").when(ObjectCommand::Archive(skill)).then_refused(refused);
    given(&world)
        .as_user("adam")
        .when(ObjectCommand::Archive(skill))
        .then_names(&["object.users_changed", "object.archived"]);
}

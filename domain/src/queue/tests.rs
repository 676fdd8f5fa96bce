//! The rules told as given / when / then.

use super::command::{QueueCommand, QueueEdit};
use super::rejection::QueueRejection;
use super::state::{QueueKind, Supervision};
use crate::kernel::id::{Kind, QueueId, UserId};
use crate::kernel::spec::{World, given, world};
use crate::organization::rejection::Rejection;
use uuid::Uuid;

fn named(name: &str) -> QueueEdit {
    QueueEdit { name: Some(name.into()), ..QueueEdit::default() }
}

fn parts(parts: &[QueueId]) -> QueueEdit {
    QueueEdit { parts: Some(parts.to_vec()), ..QueueEdit::default() }
}

fn as_mona(world: &World, queue: QueueId, edit: QueueEdit) -> crate::kernel::spec::Outcome {
    given(world).as_user("mona").when(QueueCommand::Edit(queue, edit))
}

#[test]
fn a_queue_is_added_with_its_people() {
    let world = world();
    let create = QueueCommand::Create(QueueEdit {
        kind: Some(QueueKind::Campaign),
        agents: Some(vec![world.user_id("anna")]),
        supervisors: Some([(world.user_id("sara"), Supervision::Editor)].into()),
        ..named("Spring")
    });
    let after = given(&world).as_user("mona").when(create).then(&[
        "queue.created Spring: description - -> , kind - -> campaign, name - -> Spring",
        "queue.agents_changed Spring: agents[anna] - -> anna",
        "queue.supervisor_set Spring: supervisors[sara] - -> editor",
    ]);
    let spring = QueueId(after.by_name(Kind::Queue, "spring").unwrap());
    let post = after.user(world.user_id("sara")).unwrap().posts.get(&spring).copied().unwrap();
    assert_eq!((post.serves, post.supervises), (false, Some(Supervision::Editor)));
}

#[test]
fn each_named_field_changes_by_its_own_event_and_an_equal_one_by_none() {
    let world = world();
    let (sales, sara) = (world.queue("Sales"), world.user_id("sara"));
    let edit = QueueEdit {
        description: Some("Inbound".into()),
        kind: Some(QueueKind::Queue),
        visibility_key: Some(Some(world.key("GATE"))),
        agents: Some(Vec::new()),
        supervisors: Some([(sara, Supervision::Viewer)].into()),
        ..named("Sales north")
    };
    let command = QueueCommand::Edit(sales, edit);
    let after = given(&world).as_user("olga").when(command.clone()).then(&[
        "queue.renamed Sales north: name Sales -> Sales north",
        "queue.described Sales north: description  -> Inbound",
        "queue.visibility_key_set Sales north: visibility_key - -> GATE",
        "queue.agents_changed Sales north: agents[anna] anna -> -",
        "queue.supervisor_set Sales north: supervisors[sven] viewer -> -",
        "queue.supervisor_set Sales north: supervisors[sara] - -> viewer",
    ]);
    given(&after).as_operator().when(command).then_nothing();
}

#[test]
fn what_cannot_be_is_refused() {
    let world = world();
    let sales = world.queue("Sales");
    let campaign = QueueEdit { kind: Some(QueueKind::Campaign), ..QueueEdit::default() };
    as_mona(&world, sales, campaign).then_refused(QueueRejection::KindIsFixed);
    given(&world)
        .as_user("mona")
        .when(QueueCommand::Create(named("SALES")))
        .then_refused(QueueRejection::NameTaken);
    let nobody = vec![UserId(Uuid::nil())];
    let agents = QueueEdit { agents: Some(nobody), ..QueueEdit::default() };
    as_mona(&world, sales, agents).then_invalid("/agents", "no_such_user");
    let supervisors = Some([(UserId(Uuid::nil()), Supervision::Viewer)].into());
    let supervisors = QueueEdit { supervisors, ..QueueEdit::default() };
    as_mona(&world, sales, supervisors).then_invalid("/supervisors", "no_such_user");
    as_mona(&world, sales, parts(&[QueueId(Uuid::nil())])).then_invalid("/parts", "no_such_queue");
    let lock = |key| QueueEdit { visibility_key: Some(Some(key)), ..QueueEdit::default() };
    let unknown = lock(crate::kernel::id::KeyId(Uuid::nil()));
    as_mona(&world, sales, unknown).then_invalid("/visibility_key", "no_such_key");
    as_mona(&world, sales, lock(world.key("NODIALOUT"))).then_invalid("/visibility_key", "key_restricts");
}

#[test]
fn a_queue_is_never_composed_of_itself() {
    let mut world = world();
    let a = world.add_queue("A", &[], &[]);
    let b = world.add_queue("B", &[], &[]);
    let c = world.add_queue("C", &[], &[]);
    world.act(QueueCommand::Edit(a, parts(&[b])));
    world.act(QueueCommand::Edit(b, parts(&[c])));
    for whole in [a, b, c] {
        as_mona(&world, c, parts(&[whole])).then_refused(QueueRejection::PartOfItself);
    }
}

#[test]
fn archiving_takes_everybody_and_every_part_away_first() {
    let mut world = world();
    let sales = world.queue("Sales");
    let (whole, part) = (world.add_queue("Whole", &[], &[]), world.add_queue("Part", &[], &[]));
    world.act(QueueCommand::Edit(whole, parts(&[sales])));
    world.act(QueueCommand::Edit(sales, parts(&[part])));
    let archived = given(&world).as_user("mona").when(QueueCommand::Archive(sales)).then(&[
        "queue.agents_changed Sales: agents[anna] anna -> -",
        "queue.supervisor_set Sales: supervisors[sven] viewer -> -",
        "queue.parts_changed Sales: parts[Part] Part -> -",
        "queue.parts_changed Whole: parts[Sales] Sales -> -",
        "queue.archived Sales: status active -> archived",
    ]);
    given(&archived).as_user("mona").when(QueueCommand::Archive(sales)).then_nothing();
    let rename = QueueCommand::Edit(sales, named("North"));
    given(&archived).as_user("mona").when(rename).then_refused(QueueRejection::Archived);
    let restored = given(&archived).as_user("mona").when(QueueCommand::Restore(sales));
    let restored = restored.then(&["queue.restored Sales: status archived -> active"]);
    given(&restored).as_user("mona").when(QueueCommand::Restore(sales)).then_nothing();
}

#[test]
fn a_protection_keeps_what_a_queue_is_and_lets_people_come_and_go() {
    let mut world = world();
    let (sales, anna) = (world.queue("Sales"), world.user_id("anna"));
    let whole = world.add_queue("Whole", &[], &[]);
    world.act(QueueCommand::Edit(whole, parts(&[sales])));
    let protected = |to| QueueEdit { update_protected: Some(to), ..QueueEdit::default() };
    world.act(QueueCommand::Edit(whole, protected(true)));
    for edit in
        [named("All"), parts(&[]), QueueEdit { description: Some("x".into()), ..QueueEdit::default() }]
    {
        as_mona(&world, whole, edit).then_refused(QueueRejection::UpdateProtected);
    }
    let archive = |queue| given(&world).as_user("mona").when(QueueCommand::Archive(queue));
    archive(whole).then_refused(QueueRejection::UpdateProtected);
    archive(sales).then_refused(QueueRejection::PartOfProtected(whole));
    let serves = QueueEdit { agents: Some(vec![anna]), ..named("Whole") };
    as_mona(&world, whole, serves).then(&["queue.agents_changed Whole: agents[anna] - -> anna"]);
    let both = QueueEdit { delete_protected: Some(true), ..protected(false) };
    let after = as_mona(&world, whole, QueueEdit { name: Some("All".into()), ..both }).then(&[
        "queue.update_protection_set All: update_protected true -> false",
        "queue.renamed All: name Whole -> All",
        "queue.delete_protection_set All: delete_protected false -> true",
    ]);
    given(&after)
        .as_user("mona")
        .when(QueueCommand::Archive(whole))
        .then_refused(QueueRejection::DeleteProtected);
}

#[test]
fn more_agents_than_fit_one_event_come_in_parts() {
    let mut world = world();
    let agent = world.role("Agent");
    let agents: Vec<_> = (0..501).map(|n| world.add_user(&format!("agent{n}"), agent)).collect();
    let create = QueueCommand::Create(QueueEdit { agents: Some(agents), ..named("Big") });
    given(&world).as_user("mona").when(create).then_names(&[
        "queue.created",
        "queue.agents_changed",
        "queue.agents_changed",
    ]);
}

#[test]
fn an_unknown_queue_is_missing() {
    let command = QueueCommand::Archive(QueueId(Uuid::nil()));
    given(&world()).as_user("mona").when(command).then_refused(Rejection::Missing(Kind::Queue));
}

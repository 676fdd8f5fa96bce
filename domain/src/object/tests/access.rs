//! Who may do what with which kind, and that nobody opens to themselves what is locked.

use super::{kit, named};
use crate::kernel::context::Actor;
use crate::kernel::id::{Kind, ObjectId};
use crate::kernel::spec::{Outcome, World, context, given, world};
use crate::key::command::KeyCommand;
use crate::key::rejection::KeyRejection;
use crate::object::command::{ObjectCommand, ObjectEdit};
use crate::organization::decide::decide;
use crate::organization::rejection::{Forbidden, Rejection};
use crate::organization::visible::sees;
use crate::permission::facts::{Facts, Targets};
use crate::permission::grant::{Grant, Scope};
use crate::permission::resolve::{Question, allowed};
use crate::user::command::UserCommand;
use crate::user::state::KeyEntry;

fn described() -> ObjectEdit {
    ObjectEdit { description: Some("Changed".into()), ..ObjectEdit::default() }
}

/// The table's rows of general settings, as (kind, who adds, who changes, who deletes): o, a, m, s and g for the five roles.
#[test]
fn voximplants_table_holds_for_every_kind() {
    for (kind, create, edit, delete) in [
        ("skill", "oam", "oam", "oam"),
        ("tag", "oam", "oam", "oam"),
        ("topic_set", "oam", "oam", "oam"),
        ("channel", "oa", "oa", "oam"),
        ("sms_channel", "oam", "oa", "oam"),
        ("api_channel", "oa", "oa", "oa"),
        ("extension", "oam", "oam", "oam"),
        ("dnc_list", "oams", "oams", "oam"),
        ("scenario", "oa", "oa", "oa"),
    ] {
        let mut world = kit();
        let object = world.add_object(&format!("{kind}:One"), ObjectEdit::default());
        let may = |command: &ObjectCommand| -> String {
            let roles = [("olga", 'o'), ("adam", 'a'), ("mona", 'm'), ("sven", 's'), ("ann", 'g')];
            let may = roles.iter().filter(|(login, _)| {
                let context = context(Actor::User(world.user_id(login)), 99);
                decide(&world, &context, &command.clone().into()).is_ok()
            });
            may.map(|(_, letter)| letter).collect()
        };
        assert_eq!(may(&ObjectCommand::Create(named(&format!("{kind}:Two")))), create, "adding {kind}");
        assert_eq!(may(&ObjectCommand::Edit(object, described())), edit, "changing {kind}");
        assert_eq!(may(&ObjectCommand::Archive(object)), delete, "deleting {kind}");
    }
}

#[test]
fn supervisors_see_skills_and_dnc_lists_and_agents_nothing() {
    let mut world = kit();
    let kinds = ["skill", "tag", "topic_set", "channel", "extension", "dnc_list", "scenario"];
    let objects = kinds.map(|kind| world.add_object(&format!("{kind}:One"), ObjectEdit::default()));
    let seen = |login: &str| {
        let who = world.user_by_login(login).unwrap();
        let seen = kinds.iter().zip(&objects).filter(|(_, id)| sees(&world, who, id.subject(), world.at));
        seen.map(|(kind, _)| *kind).collect::<Vec<_>>()
    };
    assert_eq!(seen("adam"), kinds);
    assert_eq!(seen("mona"), kinds[..6]);
    assert_eq!(seen("sven"), ["skill", "dnc_list"]);
    assert!(seen("ann").is_empty());
    edits(&world, "sven", objects[1], described()).then_refused(Rejection::Missing(Kind::Object));
}

fn locked(world: &World, key: &str) -> ObjectEdit {
    ObjectEdit { visibility_key: Some(Some(world.key(key))), ..ObjectEdit::default() }
}

fn edits(world: &World, login: &str, object: ObjectId, edit: ObjectEdit) -> Outcome {
    given(world).as_user(login).when(ObjectCommand::Edit(object, edit))
}

#[test]
fn nobody_opens_an_object_to_themselves() {
    let mut world = world();
    let report = world.add_object("report:Payroll", locked(&world, "GATE"));
    let open = ObjectEdit { visibility_key: Some(None), ..ObjectEdit::default() };
    let missing = Rejection::Missing(Kind::Object);
    edits(&world, "mona", report, open.clone()).then_refused(missing.clone());
    edits(&world, "adam", report, open.clone()).then_refused(missing);
    // A key of one's own opens it; a minus shuts even the masterkey out.
    let gate = world.key("GATE");
    let mona = world.user_id("mona");
    world.act(UserCommand::SetKeys(mona, vec![KeyEntry { key: gate, minus: false }]));
    edits(&world, "mona", report, open).then_names(&["object.visibility_key_set"]);
    world.act(UserCommand::SetMasterkey(mona, true));
    world.act(UserCommand::SetKeys(mona, vec![KeyEntry { key: gate, minus: true }]));
    edits(&world, "mona", report, described()).then_refused(Rejection::Missing(Kind::Object));
}

#[test]
fn taking_a_key_away_is_giving_it_and_one_that_locks_is_in_use() {
    let mut world = world();
    let report = world.add_object("report:Payroll", locked(&world, "GATE"));
    given(&world)
        .as_user("olga")
        .when(KeyCommand::Archive(world.key("GATE")))
        .then_refused(KeyRejection::InUse);
    // By the masterkey one sees it and may open it; the key itself one must hold to lock with.
    world.add_user_with(
        "mack",
        35,
        &[Grant::new("objects.view", Scope::All), Grant::new("objects.edit", Scope::All)],
    );
    world.act(UserCommand::SetMasterkey(world.user_id("mack"), true));
    let open = ObjectEdit { visibility_key: Some(None), ..ObjectEdit::default() };
    edits(&world, "mack", report, open).then_names(&["object.visibility_key_set"]);
    let restricting = locked(&world, "NODIALOUT");
    edits(&world, "olga", report, restricting.clone()).then_refused(Rejection::Missing(Kind::Object));
    let tag = world.add_object("tag:Urgent", ObjectEdit::default());
    edits(&world, "olga", tag, restricting).then_invalid("/visibility_key", "key_restricts");
    let reports = ObjectEdit { reports_key: Some(Some(world.key("GATE"))), ..ObjectEdit::default() };
    edits(&world, "olga", tag, reports).then_invalid("/reports_key", "not_of_this_kind");
}

#[test]
fn a_kind_without_a_function_asks_for_rollbooks_own_permission() {
    let mut world = world();
    let tag = world.add_object("tag:Urgent", ObjectEdit::default());
    let denied = |permission| Rejection::from(Forbidden::Permission { permission });
    edits(&world, "sven", tag, described()).then_refused(denied("objects.edit"));
    given(&world)
        .as_user("sven")
        .when(ObjectCommand::Create(named("tag:Two")))
        .then_refused(denied("objects.create"));
    given(&world).as_user("aude").when(ObjectCommand::Archive(tag)).then_refused(denied("objects.archive"));
    edits(&world, "anna", tag, described()).then_refused(Rejection::Missing(Kind::Object));
}

/// What `login` may do with an object, of seeing it and of these functions.
fn may<'p>(world: &World, login: &str, object: ObjectId, functions: &[&'p str]) -> Vec<&'p str> {
    let who = world.user_by_login(login).unwrap();
    let (targets, facts, at) = (&Targets::of(object.subject()), &Facts::default(), world.at);
    let may = |permission: &&&str| {
        allowed(world, &Question { who, permission, targets, facts, at, as_if_active: false })
    };
    functions.iter().filter(may).copied().collect()
}

/// Somebody who holds these keys of QueueMetrics.
fn holder(world: &mut World, login: &str, keys: &[&str]) {
    let user = world.add_user(login, world.role("User"));
    let entry = |name: &&str| match name.strip_prefix('-') {
        Some(name) => KeyEntry { key: world.key(name), minus: true },
        None => KeyEntry { key: world.key(name), minus: false },
    };
    let keys = keys.iter().map(entry).collect();
    world.act(UserCommand::SetKeys(user, keys));
}

#[test]
fn a_form_is_filled_in_by_one_key_and_reported_on_by_the_other() {
    let mut world = World::founded("queuemetrics");
    let (enter, report) = (world.add_key("IN"), world.add_key("OUT"));
    let both = |visibility_key, reports_key| ObjectEdit {
        visibility_key: Some(visibility_key),
        reports_key: Some(reports_key),
        ..ObjectEdit::default()
    };
    let form = world.add_object("qa_form:Sales", both(Some(enter), Some(report)));
    let half = world.add_object("qa_form:Open in", both(None, Some(report)));
    let open = world.add_object("qa_form:Open", ObjectEdit::default());
    let qa = ["objects.view", "qa.edit_metrics", "qa.enter", "qa.report"];
    holder(&mut world, "ina", &["QA_TRACK", "QA_REPORT", "IN"]);
    holder(&mut world, "ota", &["QA_TRACK", "QA_REPORT", "OUT"]);
    holder(&mut world, "nia", &["QA_TRACK", "QA_REPORT", "USR_QAEDIT"]);
    holder(&mut world, "mia", &["-IN"]);
    world.act(UserCommand::SetMasterkey(world.user_id("mia"), true));
    assert_eq!(may(&world, "ina", form, &qa), ["objects.view", "qa.enter"]);
    assert_eq!(may(&world, "ota", form, &qa), ["objects.view", "qa.report"]);
    assert!(may(&world, "nia", form, &qa).is_empty());
    assert_eq!(may(&world, "mia", form, &qa), ["objects.view", "qa.edit_metrics", "qa.report"]);
    assert_eq!(may(&world, "nia", half, &qa), ["objects.view", "qa.edit_metrics", "qa.enter"]);
    assert_eq!(may(&world, "nia", open, &qa), qa);
    assert_eq!(may(&world, "ina", open, &qa), ["objects.view", "qa.enter", "qa.report"]);
    // Who sees the form by one key does not open the other half.
    holder(&mut world, "eda", &["USR_QAEDIT", "IN"]);
    let gives_more = Rejection::from(Forbidden::GivesMore { what: "OUT".into() });
    edits(&world, "eda", form, both(Some(enter), None)).then_refused(gives_more);
    edits(&world, "eda", form, both(None, Some(report))).then_names(&["object.visibility_key_set"]);
}

#[test]
fn every_kind_of_queuemetrics_is_edited_by_the_key_of_its_editor_alone() {
    let base = World::founded("queuemetrics");
    for kind in &base.catalog.objects {
        let mut world = base.clone();
        let object = world.add_object(&format!("{}:One", kind.kind), ObjectEdit::default());
        let key = world.catalog.permission(kind.may_edit()).unwrap().key.clone().unwrap();
        let others = world.catalog.keys.iter().filter(|row| row.name != key.name && !row.restricts);
        let but: Vec<_> = others.map(|row| row.name.to_string()).collect();
        let but: Vec<_> = but.iter().map(String::as_str).filter(|name| *name != "USRADMIN").collect();
        holder(&mut world, "editor", &[&*key.name]);
        holder(&mut world, "others", &but);
        edits(&world, "editor", object, described()).then_names(&["object.described"]);
        let permission = Forbidden::Permission { permission: kind.may_edit() };
        edits(&world, "others", object, described()).then_refused(Rejection::from(permission));
    }
}

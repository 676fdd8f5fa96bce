//! The rules told as given / when / then.

use super::command::{RoleCommand, RoleEdit};
use super::rejection::RoleRejection;
use crate::kernel::id::{KeyId, Kind, RoleId};
use crate::kernel::spec::{given, world};
use crate::key::command::KeyCommand;
use crate::key::rejection::KeyRejection;
use crate::organization::rejection::Rejection;
use crate::organization::state::Organization;
use crate::permission::grant::{Grant, Grants, Limits, Scope};
use uuid::Uuid;

fn named(name: &str) -> RoleEdit {
    RoleEdit { name: Some(name.into()), ..RoleEdit::default() }
}

fn granting(grants: impl IntoIterator<Item = Grant>) -> RoleEdit {
    RoleEdit { grants: Some(grants.into_iter().collect()), ..RoleEdit::default() }
}

fn element(id: &str) -> Grant {
    Grant { elements: [id.into()].into(), ..Grant::new("dashboards.view", Scope::Elements) }
}

#[test]
fn a_role_begins_with_the_lowest_rank_and_nothing() {
    given(&world()).as_user("adam").when(RoleCommand::Create(named("Night lead"))).then(&[
        "role.created Night lead: description - -> , grants - -> [], keys - -> [], name - -> Night lead, protected - -> false, rank - -> 1",
    ]);
}

#[test]
fn each_named_field_changes_by_its_own_event_and_an_equal_one_by_none() {
    let mut world = world();
    let role = world.add_role("Lead", 15, [Grant::new("reports.export", Scope::All)]);
    let edit = RoleEdit {
        name: Some("Night lead".into()),
        description: Some("At night".into()),
        rank: Some(16),
        grants: Some(vec![Grant::new("audit.view", Scope::All)].into()),
        keys: Some(vec![world.key("GATE")]),
    };
    let after = given(&world).as_user("olga").when(RoleCommand::Edit(role, edit.clone())).then(&[
        "role.renamed Night lead: name Lead -> Night lead",
        "role.described Night lead: description  -> At night",
        "role.rank_changed Night lead: rank 15 -> 16",
        r#"role.grants_changed Night lead: grants[{"permission":"reports.export","scope":"all"}] {"permission":"reports.export","scope":"all"} -> -, grants[{"permission":"audit.view","scope":"all"}] - -> {"permission":"audit.view","scope":"all"}"#,
        "role.keys_changed Night lead: keys[GATE] - -> GATE",
    ]);
    given(&after).as_user("olga").when(RoleCommand::Edit(role, edit)).then_nothing();
}

#[test]
fn a_name_is_free_for_one_role_whatever_its_case() {
    let world = world();
    given(&world)
        .as_user("olga")
        .when(RoleCommand::Create(named("AGENT")))
        .then_refused(RoleRejection::NameTaken);
    let rename = RoleCommand::Edit(world.role("Agent"), named("Supervisor"));
    given(&world).as_user("olga").when(rename).then_refused(RoleRejection::NameTaken);
}

#[test]
fn a_rank_is_from_1_to_1000() {
    let world = world();
    for rank in [0, 1_001] {
        let role = RoleEdit { rank: Some(rank), ..named("Lead") };
        given(&world).as_user("olga").when(RoleCommand::Create(role)).then_invalid("/rank", "out_of_range");
    }
}

#[test]
fn grants_are_of_the_catalog_and_of_clean_text() {
    let world = world();
    let create = |grant| RoleCommand::Create(RoleEdit { name: Some("Lead".into()), ..granting([grant]) });
    let refused =
        |grant, pointer, code| given(&world).as_user("olga").when(create(grant)).then_invalid(pointer, code);
    refused(Grant::new("users.fly", Scope::All), "/grants/0/permission", "no_such_permission");
    refused(element("commit:x"), "/grants/0/elements", "reserved");
    refused(element("a\0"), "/grants/0/elements", "control_character");
    refused(element("e\u{301}"), "/grants/0/elements", "not_normal");
    let limits = Limits { only_if: ["full_moon".into()].into(), ..Limits::default() };
    refused(Grant { limits, ..Grant::new("users.view", Scope::All) }, "/grants/0/limits", "no_such_fact");
    let elements = (0..1_000).map(|n| format!("dashboard number {n}").into()).collect();
    refused(Grant { elements, ..element("x") }, "/grants/0", "too_long");
}

#[test]
fn more_grants_than_one_role_may_carry_are_too_large() {
    let role = granting((0..2_001).map(|n| element(&n.to_string())));
    let create = RoleCommand::Create(RoleEdit { name: Some("Lead".into()), ..role });
    let refused = Rejection::TooLarge { what: "grants", count: 2_001, max: 2_000 };
    given(&world()).as_user("olga").when(create).then_refused(refused);
}

#[test]
fn grants_that_do_not_fit_one_event_come_in_parts() {
    let world = world();
    let grants: Grants = (0..700).map(|n| element(&n.to_string())).collect();
    let role = RoleEdit { name: Some("Lead".into()), grants: Some(grants.clone()), ..RoleEdit::default() };
    let accepted = given(&world).as_user("olga").when(RoleCommand::Create(role)).accepted();
    assert_eq!(accepted.events.len(), 3);
    let role = accepted.after.by_name(Kind::Role, "Lead").map(RoleId).unwrap();
    assert_eq!(accepted.after.roles[&role].grants.value, grants);
    let none = RoleCommand::Edit(role, granting([]));
    let emptied = given(&accepted.after).as_user("olga").when(none).accepted();
    assert!(emptied.after.roles[&role].grants.value.is_empty());
}

#[test]
fn more_keys_than_fit_one_event_come_in_parts() {
    let mut world = world();
    let keys: Vec<_> = (0..501).map(|n| world.add_key(&format!("K{n}"))).collect();
    let role = RoleEdit { keys: Some(keys), ..named("Lead") };
    let created = given(&world).as_user("olga").when(RoleCommand::Create(role));
    created.then_names(&["role.created", "role.keys_changed"]);
    let unknown = RoleEdit { keys: Some(vec![KeyId(Uuid::nil())]), ..named("Other") };
    given(&world).as_user("olga").when(RoleCommand::Create(unknown)).then_invalid("/keys", "no_such_key");
}

#[test]
fn a_grant_keeps_the_position_it_came_at_while_all_else_of_the_role_changes() {
    let mut world = world();
    let (audit, export) = (Grant::new("audit.view", Scope::All), Grant::new("reports.export", Scope::All));
    let role = world.add_role("Lead", 15, [export.clone()]);
    let came = world.organization.position;
    world.act(RoleCommand::Edit(role, granting([audit.clone(), export.clone()])));
    let later = world.organization.position;
    world.act(RoleCommand::Edit(role, named("Night lead")));
    let since = |organization: &Organization| -> Vec<(Grant, u64)> {
        let grants = organization.roles[&role].grants.each();
        grants.map(|(grant, since)| (grant.clone(), since)).collect()
    };
    assert_eq!(since(&world.organization), [(audit.clone(), later), (export.clone(), came)]);
    world.act(RoleCommand::Edit(role, granting([audit.clone()])));
    world.act(RoleCommand::Edit(role, granting([audit.clone(), export.clone()])));
    let again = world.organization.position;
    assert_eq!(since(&world.organization), [(audit, later), (export, again)]);
}

#[test]
fn a_role_that_is_held_is_not_archived_and_an_archived_one_not_changed() {
    let mut world = world();
    let role = world.add_role("Lead", 15, []);
    let lea = world.add_user("lea", role);
    let archive = RoleCommand::Archive(role);
    let asker = || given(&world).as_user("olga");
    asker().when(archive.clone()).then_refused(RoleRejection::InUse { count: 1 });
    asker().when(RoleCommand::Restore(role)).then_nothing();
    world.act(crate::user::command::UserCommand::AssignRole(lea, world.role("Agent")));
    let archived = given(&world).as_user("olga").when(archive.clone());
    let archived = archived.then(&["role.archived Lead: status active -> archived"]);
    given(&archived).as_user("olga").when(archive).then_nothing();
    let edit = RoleCommand::Edit(role, named("Night lead"));
    given(&archived).as_user("olga").when(edit).then_refused(RoleRejection::Archived);
    let restored = given(&archived).as_user("olga").when(RoleCommand::Restore(role));
    restored.then(&["role.restored Lead: status archived -> active"]);
}

#[test]
fn what_comes_from_the_catalog_keeps_its_name_rank_and_place() {
    let world = world();
    let agent = world.role("Agent");
    let rank = RoleEdit { rank: Some(11), ..RoleEdit::default() };
    for command in [
        RoleCommand::Edit(agent, named("Clerk")),
        RoleCommand::Edit(agent, rank),
        RoleCommand::Archive(agent),
    ] {
        given(&world).as_user("olga").when(command).then_refused(RoleRejection::Protected);
    }
}

#[test]
fn a_role_comes_back_only_after_the_keys_it_holds() {
    let mut world = world();
    let gate = world.key("GATE");
    let role = world.add_role("Lead", 15, []);
    world.act(RoleCommand::Edit(role, RoleEdit { keys: Some(vec![gate]), ..RoleEdit::default() }));
    given(&world).as_user("olga").when(KeyCommand::Archive(gate)).then_refused(KeyRejection::InUse);
    world.act(RoleCommand::Archive(role));
    world.act(KeyCommand::Archive(gate));
    given(&world).as_user("olga").when(RoleCommand::Restore(role)).then_invalid("/keys", "no_such_key");
}

#[test]
fn an_unknown_role_is_missing() {
    let missing = Rejection::Missing(Kind::Role);
    let archive = RoleCommand::Archive(RoleId(Uuid::nil()));
    given(&world()).as_user("olga").when(archive.clone()).then_refused(missing.clone());
    given(&world()).as_user("anna").when(archive).then_refused(missing);
}

//! The rules told as given / when / then.

use super::command::{ProfileCommand, ProfileEdit};
use super::rejection::ProfileRejection;
use crate::kernel::id::{Kind, ProfileId};
use crate::kernel::spec::{World, given, world};
use crate::organization::command::Command;
use crate::organization::rejection::{Forbidden, Rejection};
use crate::organization::undo::compensations;
use crate::permission::grant::{Grant, Scope};
use crate::user::command::UserCommand;
use uuid::Uuid;

fn named(name: &str) -> ProfileEdit {
    ProfileEdit { name: Some(name.into()), ..ProfileEdit::default() }
}

#[test]
fn a_profile_is_added_with_its_grants() {
    let grants = Some(vec![Grant::new("audit.view", Scope::All)].into());
    let create = ProfileCommand::Create(ProfileEdit { grants, ..named("Readers") });
    given(&world()).as_user("adam").when(create).then(&[
        r#"profile.created Readers: description - -> , grants - -> [{"permission":"audit.view","scope":"all"}], name - -> Readers"#,
    ]);
}

#[test]
fn each_named_field_changes_by_its_own_event_and_an_equal_one_by_none() {
    let world = world();
    let edit = ProfileEdit {
        name: Some("Reporters".into()),
        description: Some("Export".into()),
        grants: Some(Default::default()),
        ..ProfileEdit::default()
    };
    let command = ProfileCommand::Edit(world.profile("Exporters"), edit);
    let after = given(&world).as_user("adam").when(command.clone()).then_names(&[
        "profile.renamed",
        "profile.described",
        "profile.grants_changed",
    ]);
    given(&after).as_user("adam").when(command).then_nothing();
}

#[test]
fn names_and_grants_that_cannot_be_are_refused() {
    let world = world();
    let create = |edit| given(&world).as_user("adam").when(ProfileCommand::Create(edit));
    create(named("exporters")).then_refused(ProfileRejection::NameTaken);
    create(ProfileEdit::default()).then_invalid("/name", "empty");
    let grants = Some(vec![Grant::new("users.fly", Scope::All)].into());
    create(ProfileEdit { grants, ..named("New") }).then_invalid("/grants/0/permission", "no_such_permission");
    let rename = ProfileCommand::Edit(world.profile("Watchers"), named("Exporters"));
    given(&world).as_user("adam").when(rename).then_refused(ProfileRejection::NameTaken);
}

#[test]
fn a_profile_that_somebody_has_is_not_archived_and_an_archived_one_not_changed() {
    let mut world = world();
    let (profile, anna) = (world.profile("Exporters"), world.user_id("anna"));
    world.act(UserCommand::AssignProfile(anna, Some(profile)));
    let archive = ProfileCommand::Archive(profile);
    let refused = given(&world).as_user("adam").when(archive.clone());
    refused.then_refused(ProfileRejection::InUse { count: 1 });
    world.act(UserCommand::AssignProfile(anna, None));
    let archived = given(&world).as_user("adam").when(archive.clone());
    let archived = archived.then(&["profile.archived Exporters: status active -> archived"]);
    given(&archived).as_user("adam").when(archive).then_nothing();
    let rename = ProfileCommand::Edit(profile, named("Reporters"));
    given(&archived).as_user("adam").when(rename).then_refused(ProfileRejection::Archived);
    let restored = given(&archived).as_user("adam").when(ProfileCommand::Restore(profile));
    let restored = restored.then(&["profile.restored Exporters: status archived -> active"]);
    given(&restored).as_user("adam").when(ProfileCommand::Restore(profile)).then_nothing();
}

#[test]
fn an_unknown_profile_is_missing() {
    let command = ProfileCommand::Archive(ProfileId(Uuid::nil()));
    given(&world()).as_user("adam").when(command).then_refused(Rejection::Missing(Kind::Profile));
}

fn typed(default_type: Option<&str>, sections: &[(&str, &str)]) -> ProfileEdit {
    let owned = |(section, own): &(&str, &str)| ((*section).to_owned(), (*own).to_owned());
    ProfileEdit {
        default_type: Some(default_type.map(str::to_owned)),
        sections: Some(sections.iter().map(owned).collect()),
        ..ProfileEdit::default()
    }
}

/// Profile `Leads` of XCALLY, held by uwe, with one grant of its own.
fn leads() -> (World, ProfileId) {
    let mut world = World::founded("xcally");
    let leads = world.add_profile("Leads", [Grant::new("accounts.read", Scope::All)]);
    let new = crate::kernel::spec::new_user("uwe", world.role("User"));
    world.act(UserCommand::Create(crate::user::command::NewUser { profile: Some(leads), ..new }));
    (world, leads)
}

/// What a profile gives, as `section.action`.
fn gives(organization: &crate::organization::state::Organization, profile: ProfileId) -> Vec<String> {
    let profile = organization.profiles.get(&profile).unwrap();
    let product = |name: &str| organization.catalog.types[3].actions.iter().any(|one| name.ends_with(one));
    let mut names: Vec<_> = profile.in_force().map(|grant| grant.permission.to_string()).collect();
    names.retain(|name| product(name) && !name.starts_with("agents."));
    names.sort();
    names.dedup();
    names
}

#[test]
fn xcally_11_sections_inherit_the_default_type_unless_they_have_their_own() {
    let (world, leads) = leads();
    let edit = |edit| ProfileCommand::Edit(leads, edit);
    let read = typed(Some("Read"), &[("reports", "inherit"), ("telephones", "Read & Delete")]);
    let first = given(&world).as_user("olga").when(edit(read.clone())).then(&[
        "profile.type_set Leads: default_type - -> Read",
        "profile.section_set Leads: sections[reports] - -> inherit",
        "profile.section_set Leads: sections[telephones] - -> Read & Delete",
    ]);
    let own = "accounts.read";
    assert_eq!(gives(&first, leads), [own, "reports.read", "telephones.delete", "telephones.read"]);
    given(&first).as_user("olga").when(edit(read)).then_nothing();
    let wider = ProfileEdit { default_type: Some(Some("Read & Edit".into())), ..ProfileEdit::default() };
    let second = given(&first).as_user("olga").when(edit(wider)).then_names(&["profile.type_set"]);
    assert_eq!(
        gives(&second, leads),
        [own, "reports.edit", "reports.read", "telephones.delete", "telephones.read"]
    );
    let none = given(&second).as_user("olga").when(edit(typed(None, &[("reports", "inherit")])));
    let none = none.then_names(&["profile.type_set", "profile.section_set"]);
    assert_eq!(gives(&none, leads), [own]);
}

#[test]
fn types_and_sections_that_the_catalog_does_not_have_are_refused() {
    let (xcally, leads) = leads();
    let edit = |edit| given(&xcally).as_user("olga").when(ProfileCommand::Edit(leads, edit));
    edit(typed(Some("Everything"), &[])).then_invalid("/default_type", "no_such_type");
    edit(typed(None, &[("reports", "Everything")])).then_invalid("/sections/reports", "no_such_type");
    // What Rollbook itself calls so, what is used and not read, and what is switched on one by one.
    for section in ["users", "chanspy", "custom_dashboards", "shoes", "reports.read"] {
        let pointer = format!("/sections/{section}");
        edit(typed(Some("Read"), &[(section, "inherit")])).then_invalid(&pointer, "no_such_section");
    }
    let standard = world();
    let command = ProfileCommand::Edit(standard.profile("Exporters"), typed(Some("Read"), &[]));
    given(&standard).as_user("adam").when(command).then_invalid("/default_type", "no_such_type");
}

#[test]
fn a_type_gives_nothing_that_the_giver_does_not_hold() {
    let (mut world, leads) = leads();
    let names = ["profiles.view", "profiles.edit", "profiles.create", "reports.read", "users.view"];
    world.add_user_with("greg", 15, &names.map(|name| Grant::new(name, Scope::All)));
    let by_greg = |world: &World, edit| given(world).as_user("greg").when(ProfileCommand::Edit(leads, edit));
    let more = |what: &str| Forbidden::GivesMore { what: what.into() };
    by_greg(&world, typed(Some("Read"), &[("reports", "inherit")])).accepted();
    by_greg(&world, typed(None, &[("reports", "Read & Edit")])).then_refused(more("reports.edit"));
    let new =
        ProfileEdit { name: Some("New".into()), ..typed(Some("Read & Edit"), &[("reports", "inherit")]) };
    given(&world).as_user("greg").when(ProfileCommand::Create(new)).then_refused(more("reports.edit"));
    // What others enabled is not widened by the type that it inherits.
    world.act(ProfileCommand::Edit(leads, typed(Some("Read"), &[("telephones", "inherit")])));
    let wider = ProfileEdit { default_type: Some(Some("Read & Edit".into())), ..ProfileEdit::default() };
    by_greg(&world, wider).then_refused(more("telephones.edit"));
    let narrower = ProfileEdit { sections: Some(Default::default()), ..ProfileEdit::default() };
    by_greg(&world, narrower).accepted();
}

#[test]
fn types_and_sections_are_undone() {
    let (world, leads) = leads();
    let edit = typed(Some("Read & Edit"), &[("reports", "inherit"), ("telephones", "Read")]);
    let accepted = given(&world).as_user("olga").when(ProfileCommand::Edit(leads, edit)).accepted();
    let undone = given(&accepted.after)
        .as_user("olga")
        .when(Command::Undo(compensations(&accepted.events)))
        .accepted();
    let profile = undone.after.profiles.get(&leads).unwrap();
    assert_eq!((profile.default_type.as_deref(), profile.sections.len()), (None, 0));
    assert_eq!(gives(&undone.after, leads), ["accounts.read"]);
}

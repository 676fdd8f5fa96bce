//! The rules told as given / when / then.

use super::command::{ProfileCommand, ProfileEdit};
use super::rejection::ProfileRejection;
use crate::kernel::id::{Kind, ProfileId};
use crate::kernel::spec::{given, world};
use crate::organization::rejection::Rejection;
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

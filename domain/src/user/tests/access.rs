//! Roles, profiles, custom profiles, keys and marks.

use crate::kernel::id::{CredentialId, KeyId};
use crate::kernel::spec::{World, given, new_user, world};
use crate::organization::decide::IDS_PER_EVENT_MAX;
use crate::organization::rejection::{Forbidden, Rejection};
use crate::organization::state::Organization;
use crate::permission::grant::{Grant, Grants, Scope};
use crate::permission::reason::Source;
use crate::permission::source::held;
use crate::profile::command::ProfileCommand;
use crate::role::command::RoleCommand;
use crate::user::command::{NewUser, UserCommand};
use crate::user::password::NewPassword;
use crate::user::rejection::UserRejection;
use crate::user::state::KeyEntry;
use uuid::Uuid;

fn some_grants() -> Grants {
    vec![Grant::new("reports.export", Scope::All)].into()
}

#[test]
fn a_role_is_given_once_and_every_holder_is_known_to_it() {
    let world = world();
    let (anna, supervisor) = (world.user_id("anna"), world.role("Supervisor"));
    let give = UserCommand::AssignRole(anna, supervisor);
    let after = given(&world).as_user("mona").when(give.clone());
    let after = after.then(&["user.role_assigned anna: role Agent -> Supervisor"]);
    assert!(after.roles[&supervisor].holders.contains(&anna));
    assert!(!after.roles[&world.role("Agent")].holders.contains(&anna));
    given(&after).as_user("mona").when(give).then_nothing();
}

#[test]
fn an_archived_role_or_profile_is_given_to_nobody() {
    let mut world = world();
    let role = world.add_role("Old", 5, []);
    let profile = world.profile("Exporters");
    world.act(RoleCommand::Archive(role));
    world.act(ProfileCommand::Archive(profile));
    let anna = world.user_id("anna");
    let asker = || given(&world).as_user("olga");
    asker().when(UserCommand::AssignRole(anna, role)).then_invalid("/role", "no_such_role");
    let assign = UserCommand::AssignProfile(anna, Some(profile));
    asker().when(assign).then_invalid("/profile", "no_such_profile");
}

#[test]
fn a_profile_and_a_custom_profile_exclude_each_other() {
    let world = world();
    let (anna, profile) = (world.user_id("anna"), world.profile("Exporters"));
    let assign = UserCommand::AssignProfile(anna, Some(profile));
    let custom = UserCommand::SetCustomProfile(anna, Some(some_grants()));
    let with_profile = given(&world).as_user("mona").when(assign.clone());
    let with_profile = with_profile.then(&["user.profile_assigned anna: profile - -> Exporters"]);
    let both = || UserRejection::ProfileAndCustomProfile;
    given(&with_profile).as_user("mona").when(custom.clone()).then_refused(both());
    given(&with_profile).as_user("mona").when(assign.clone()).then_nothing();
    let with_custom = given(&world).as_user("mona").when(custom.clone());
    let with_custom = with_custom.then_names(&["user.custom_profile_set"]);
    given(&with_custom).as_user("mona").when(assign).then_refused(both());
    given(&with_custom).as_user("mona").when(custom).then_nothing();
    given(&with_custom)
        .as_user("mona")
        .when(UserCommand::SetCustomProfile(anna, None))
        .then_names(&["user.custom_profile_set"]);
}

#[test]
fn a_custom_profile_too_long_for_an_entry_is_refused() {
    let world = world();
    let elements = (0..2_000).map(|n| Grant {
        elements: [format!("dashboard {n}").into()].into(),
        ..Grant::new("dashboards.view", Scope::Elements)
    });
    let command = UserCommand::SetCustomProfile(world.user_id("anna"), Some(elements.collect()));
    let refused = given(&world).as_user("olga").when(command);
    refused.then_refused(Rejection::TooLarge { what: "bytes of custom grants", count: 162_890, max: 24_000 });
}

#[test]
fn keys_are_replaced_as_a_set_and_minus_entries_are_their_own() {
    let world = world();
    let (anna, gate) = (world.user_id("anna"), world.key("GATE"));
    let (plain, minus) = (KeyEntry { key: gate, minus: false }, KeyEntry { key: gate, minus: true });
    let set = |keys: &[KeyEntry]| UserCommand::SetKeys(anna, keys.to_vec());
    let after = given(&world).as_user("olga").when(set(&[plain]));
    let after = after.then(&["user.keys_changed anna: keys[GATE] - -> GATE"]);
    given(&after).as_user("olga").when(set(&[plain, plain])).then_nothing();
    given(&after)
        .as_user("olga")
        .when(set(&[minus]))
        .then(&["user.keys_changed anna: keys[GATE] GATE -> -, keys[-GATE] - -> -GATE"]);
    let unknown = KeyEntry { key: KeyId(Uuid::nil()), minus: false };
    given(&after).as_user("olga").when(set(&[unknown])).then_invalid("/keys", "no_such_key");
}

#[test]
fn custom_grants_and_keys_keep_the_position_they_came_at_while_others_change() {
    let mut world = world();
    let (anna, gate) = (world.user_id("anna"), world.key("GATE"));
    let late = world.add_key("LATE");
    let entry = |key| KeyEntry { key, minus: false };
    world.act(UserCommand::SetCustomProfile(anna, Some(some_grants())));
    let came = world.organization.position;
    world.act(UserCommand::SetKeys(anna, vec![entry(gate)]));
    let audit = Grant::new("audit.view", Scope::All);
    let more = some_grants().changed(std::slice::from_ref(&audit), &[]);
    world.act(UserCommand::SetCustomProfile(anna, Some(more)));
    world.act(UserCommand::SetKeys(anna, vec![entry(gate), entry(late)]));
    let user = world.organization.user(anna).unwrap();
    let since: Vec<_> = user.custom_profile.as_ref().unwrap().each().collect();
    let export = Grant::new("reports.export", Scope::All);
    assert_eq!(since, [(&audit, came + 2), (&export, came)]);
    assert_eq!([gate, late].map(|key| user.keys.since(&entry(key))), [Some(came + 1), Some(came + 3)]);
}

#[test]
fn more_keys_than_fit_one_event_come_in_parts() {
    let mut world = world();
    let keys: Vec<_> = (0..=IDS_PER_EVENT_MAX).map(|n| world.add_key(&format!("K{n}"))).collect();
    let entries = keys.into_iter().map(|key| KeyEntry { key, minus: false }).collect();
    given(&world)
        .as_user("olga")
        .when(UserCommand::SetKeys(world.user_id("anna"), entries))
        .then_names(&["user.keys_changed", "user.keys_changed"]);
}

#[test]
fn masterkey_and_superuser_are_marks_that_only_their_holders_give() {
    let world = world();
    let anna = world.user_id("anna");
    for (command, name) in [
        (UserCommand::SetMasterkey(anna, true), "masterkey"),
        (UserCommand::SetSuperuser(anna, true), "superuser"),
    ] {
        let more = Forbidden::GivesMore { what: name.into() };
        given(&world).as_user("adam").when(command.clone()).then_refused(more);
        let after = given(&world).as_user("olga").when(command.clone());
        let after = after.then(&[&format!("user.{name}_set anna: {name} false -> true")]);
        given(&after).as_user("olga").when(command).then_nothing();
    }
}

#[test]
fn an_api_key_replaces_the_one_before_and_can_be_revoked_once() {
    let world = world();
    let anna = world.user_id("anna");
    let create = |n| UserCommand::CreateApiKey(anna, CredentialId(Uuid::from_u128(n)));
    let first = given(&world).as_user("adam").when(create(1)).then_names(&["user.api_key_created"]);
    let second = given(&first).as_user("adam").when(create(2));
    let second = second.then_names(&["user.api_key_revoked", "user.api_key_created"]);
    assert_eq!(second.user(anna).unwrap().api_key, Some(CredentialId(Uuid::from_u128(2))));
    let revoke = UserCommand::RevokeApiKey(anna);
    let none = given(&second).as_user("adam").when(revoke.clone()).then_names(&["user.api_key_revoked"]);
    given(&none).as_user("adam").when(revoke).then_refused(UserRejection::NoApiKey);
}

#[test]
fn everybody_may_set_their_own_password_and_it_is_told_apart() {
    let world = world();
    let new = NewPassword::unknown(CredentialId(Uuid::from_u128(1)));
    let set = |login: &str| UserCommand::SetPassword(world.user_id(login), new);
    let by_oneself = |world: &World, who, whose| {
        let accepted = given(world).as_user(who).when(set(whose)).accepted();
        accepted.events[0].payload()["by_oneself"] == true
    };
    assert!(by_oneself(&world, "anna", "anna"));
    assert!(!by_oneself(&world, "adam", "anna"));
    let needs = Forbidden::Permission { permission: "users.password" };
    given(&world).as_user("mona").when(set("anna")).then_refused(needs);
}

#[test]
fn xcally_14_a_custom_dashboard_is_switched_on_for_one_user_and_off_again() {
    let mut world = World::founded("xcally");
    let profile = world.add_profile("Leads", []);
    let uwe = NewUser { profile: Some(profile), ..new_user("uwe", world.role("User")) };
    world.act(UserCommand::Create(uwe));
    let uwe = world.user_id("uwe");
    let on = |permission: &str, ids: &[&str]| {
        let elements = ids.iter().map(|id| (*id).into()).collect();
        let grant = Grant { elements, ..Grant::new(permission, Scope::Elements) };
        UserCommand::SetElements(uwe, Some([grant].into_iter().collect()))
    };
    let read = "custom_dashboards.read";
    let after =
        given(&world).as_user("olga").when(on(read, &["d1", "d2"])).then_names(&["user.elements_set"]);
    given(&after).as_user("olga").when(on(read, &["d2", "d1"])).then_nothing();
    let held = |organization: &Organization| {
        let user = organization.user(uwe).unwrap();
        held(organization, user).filter(|held| held.source == Source::Elements).count()
    };
    assert_eq!((held(&world), held(&after)), (0, 1));
    let off = UserCommand::SetElements(uwe, Some(Default::default()));
    let off = given(&after).as_user("olga").when(off).then_names(&["user.elements_set"]);
    assert_eq!(held(&off), 0);
    // Only of the modules that the catalog says, and only element by element.
    let pointer = "/elements/square_projects.read";
    given(&world)
        .as_user("olga")
        .when(on("square_projects.read", &["p"]))
        .then_invalid(pointer, "not_acceptable");
    let all: Grants = [Grant::new(read, Scope::All)].into_iter().collect();
    let all = UserCommand::SetElements(uwe, Some(all));
    given(&world).as_user("olga").when(all).then_invalid(&format!("/elements/{read}"), "not_acceptable");
}

#[test]
fn nobody_switches_on_for_others_or_themselves_what_they_do_not_hold() {
    let mut world = World::founded("xcally");
    let own = |id: &str| Grant {
        elements: [id.into()].into(),
        ..Grant::new("custom_dashboards.read", Scope::Elements)
    };
    let names = ["users.view", "users.profile"].map(|name| Grant::new(name, Scope::All));
    let greg = world.add_user_with("greg", 15, &[names[0].clone(), names[1].clone(), own("d1")]);
    let low = world.add_user_with("low", 5, &[]);
    let on = |user, id: &str| UserCommand::SetElements(user, Some([own(id)].into_iter().collect()));
    let by_greg = |command| given(&world).as_user("greg").when(command);
    by_greg(on(low, "d1")).accepted();
    by_greg(on(low, "d2")).then_refused(Forbidden::GivesMore { what: "custom_dashboards.read".into() });
    by_greg(on(greg, "d1")).then_refused(Forbidden::OwnAccess);
    by_greg(on(world.user_id("olga"), "d1")).then_refused(Forbidden::RankTooLow);
}

//! What an account holds beside login, name, e-mail address and role; extensions; what catalogs say of logins.

use crate::kernel::id::UserId;
use crate::kernel::spec::{World, given, new_user, world};
use crate::organization::command::{Command, Undo};
use crate::organization::rejection::Forbidden;
use crate::organization::state::Organization;
use crate::organization::undo::compensations;
use crate::settings::command::SettingsCommand;
use crate::settings::state::{Setting, SettingValue};
use crate::user::command::{NewUser, UserCommand, UserEdit};
use crate::user::detail::{Detail, DetailValue, Details, Plain};
use crate::user::rejection::UserRejection;

fn text(text: &str) -> Option<Plain> {
    Some(Plain::Text(text.into()))
}

fn set(user: UserId, detail: Detail, to: Option<Plain>) -> UserCommand {
    UserCommand::Edit(user, UserEdit { details: [(detail, to)].into(), ..UserEdit::default() })
}

fn shown(organization: &Organization, login: &str, detail: Detail) -> Option<Plain> {
    organization.user_by_login(login).unwrap().details.get(&detail).map(DetailValue::shown)
}

/// A product's organization with people of the first role below the owner's, without a profile.
fn of(catalog: &str, people: &[&str]) -> World {
    let mut world = World::founded(catalog);
    let role = world.catalog.roles.iter().find(|role| !role.needs_profile && !role.single).unwrap();
    let role = world.role(&role.name);
    for login in people {
        world.add_user(login, role);
    }
    world
}

#[test]
fn a_detail_is_set_and_taken_away_and_says_from_what_to_what() {
    let world = world();
    let anna = world.user_id("anna");
    let asker = |state: &Organization| given(state).as_user("adam");
    let with =
        asker(&world).when(set(anna, Detail::Phone, text(" +34 600 "))).then_names(&["user.detail_set"]);
    assert_eq!(shown(&with, "anna", Detail::Phone), text("+34 600"));
    asker(&with).when(set(anna, Detail::Phone, text("+34 600"))).then_nothing();
    let cleared = asker(&with).when(set(anna, Detail::Phone, text("  "))).then_names(&["user.detail_set"]);
    assert_eq!(shown(&cleared, "anna", Detail::Phone), None);
    asker(&with).when(set(anna, Detail::TimeZone, text("Mars"))).then_invalid("/time_zone", "not_acceptable");
    asker(&with).when(set(anna, Detail::Codecs, None)).then_invalid("/codecs", "not_offered");
}

#[test]
fn a_detail_is_undone_and_an_erased_one_never_comes_back() {
    let mut world = world();
    let anna = world.user_id("anna");
    world.act(set(anna, Detail::Comment, text("first")));
    let second = given(&world).as_operator().when(set(anna, Detail::Comment, text("second"))).accepted();
    let undo = Command::Undo(compensations(&second.events));
    let undone = given(&second.after).as_user("adam").when(undo.clone()).then_names(&["user.detail_set"]);
    assert_eq!(shown(&undone, "anna", Detail::Comment), text("first"));
    world.organization = second.after;
    world.act(UserCommand::Archive(anna));
    world.act(UserCommand::RequestErasure { user: anna, authored: false });
    let erased = world.user(anna).unwrap().details.get(&Detail::Comment).map(DetailValue::shown);
    assert_eq!(erased, text("[erased]"));
    given(&world).as_user("adam").when(undo).then_refused(UserRejection::Erased);
}

#[test]
fn an_extension_is_one_users_alone_until_it_is_erased() {
    let mut world = world();
    let (anna, amir) = (world.user_id("anna"), world.user_id("amir"));
    world.act(set(anna, Detail::Extension, text("100")));
    let take = || set(amir, Detail::Extension, text("100"));
    given(&world).as_user("adam").when(take()).then_refused(UserRejection::ExtensionTaken);
    world.act(UserCommand::Archive(anna));
    given(&world).as_user("adam").when(take()).then_refused(UserRejection::ExtensionTaken);
    world.act(UserCommand::RequestErasure { user: anna, authored: false });
    given(&world).as_user("adam").when(take()).then_names(&["user.detail_set"]);
}

#[test]
fn xcally_gives_a_new_user_the_lowest_free_extension_from_the_setting_on() {
    let mut world = of("xcally", &["ann", "bob"]);
    assert_eq!(shown(&world, "olga", Detail::Extension), text("1000"));
    assert_eq!(shown(&world, "bob", Detail::Extension), text("1002"));
    world.act(set(world.user_id("ann"), Detail::Extension, text("2000")));
    let role = world.user(world.user_id("bob")).unwrap().role.value;
    let create =
        |login: &str, details: Details| UserCommand::Create(NewUser { details, ..new_user(login, role) });
    let cy = given(&world).as_user("olga").when(create("cy", Details::new()));
    let cy = cy.then_names(&["user.created", "user.detail_set"]);
    assert_eq!(shown(&cy, "cy", Detail::Extension), text("1001"), "the lowest that is free");
    let none = given(&world).as_user("olga").when(create("cy", [(Detail::Extension, None)].into()));
    none.then_names(&["user.created"]);
    let low = create("cy", [(Detail::Extension, text("999"))].into());
    given(&world).as_user("olga").when(low).then_invalid("/extension", "too_low");
    world.act(SettingsCommand::Set([(Setting::ExtensionMin, SettingValue::Number(2_000))].into()));
    let dan = given(&world).as_user("olga").when(create("dan", Details::new())).accepted().after;
    assert_eq!(shown(&dan, "dan", Detail::Extension), text("2001"));
    world.act(SettingsCommand::Set([(Setting::ExtensionMin, SettingValue::Number(999_999_999))].into()));
    world.act(create("eve", Details::new()));
    given(&world).as_user("olga").when(create("fay", Details::new())).then_invalid("/extension", "none_free");
}

#[test]
fn xcally_logins_have_letters_digits_dots_and_underscores_alone() {
    let world = of("xcally", &["ann.b_2"]);
    let ann = world.user_id("ann.b_2");
    let rename =
        |login: &str| UserCommand::Edit(ann, UserEdit { login: Some(login.into()), ..UserEdit::default() });
    for bad in ["ann-b", "ann@b", "änn", "ann+b"] {
        given(&world).as_user("olga").when(rename(bad)).then_invalid("/login", "bad_character");
        let create = UserCommand::Create(new_user(bad, world.user(ann).unwrap().role.value));
        given(&world).as_user("olga").when(create).then_invalid("/login", "bad_character");
    }
    given(&world).as_user("olga").when(rename("Ann_3.")).then_names(&["user.login_changed"]);
}

#[test]
fn ucontact_keeps_a_login_and_undoes_everything_else() {
    let mut world = of("ucontact", &["ann"]);
    let ann = world.user_id("ann");
    let edit = |login: &str, name: &str| {
        let (login, name) = (Some(login.into()), Some(name.into()));
        UserCommand::Edit(ann, UserEdit { login, name, ..UserEdit::default() })
    };
    given(&world).as_user("olga").when(edit("anna", "ann")).then_refused(UserRejection::LoginFixed);
    given(&world).as_user("olga").when(edit("Ann", "ann")).then_refused(UserRejection::LoginFixed);
    let many = Command::Many(vec![edit("ann", "Ann").into(), edit("anne", "Ann").into()]);
    given(&world).as_user("olga").when(many).then_refused(UserRejection::LoginFixed);
    let renamed = given(&world).as_user("olga").when(edit("ann", "Ann")).accepted();
    let undo = Command::Undo(compensations(&renamed.events));
    given(&renamed.after).as_user("olga").when(undo).then_names(&["user.renamed"]);
    world.act(set(ann, Detail::Extension, text("0017")));
    given(&world)
        .as_user("olga")
        .when(set(ann, Detail::Extension, text("17")))
        .then_invalid("/extension", "not_acceptable");
}

#[test]
fn voximplant_personal_settings_are_ones_own_and_conversation_settings_those_of_whom_one_leads() {
    let mut world = World::founded("voximplant");
    for (login, role) in [
        ("adam", "Administrator"),
        ("mona", "Manager"),
        ("sven", "Supervisor"),
        ("anna", "Agent"),
        ("amir", "Agent"),
    ] {
        world.add_user(login, world.role(role));
    }
    let id = |login: &str| world.user_id(login);
    let (anna, sven, mona) = (id("anna"), id("sven"), id("mona"));
    world.add_group("Night", &[anna], &[sven]);
    let denied = || Forbidden::Permission { permission: "users.edit" };
    let language = |user| set(user, Detail::Language, text("es"));
    let chats = |user| set(user, Detail::MaxChats, Some(Plain::Number(3)));
    for (asker, user) in [("olga", anna), ("adam", anna), ("mona", sven), ("sven", anna)] {
        given(&world).as_user(asker).when(language(user)).then_refused(denied());
        let zone = set(user, Detail::TimeZone, text("Europe/Madrid"));
        given(&world).as_user(asker).when(zone).then_refused(denied());
    }
    for (asker, user) in [("anna", anna), ("sven", sven), ("mona", mona)] {
        given(&world).as_user(asker).when(language(user)).then_names(&["user.detail_set"]);
    }
    for (asker, user) in [("sven", anna), ("mona", anna), ("mona", mona), ("adam", sven), ("olga", mona)] {
        given(&world).as_user(asker).when(chats(user)).then_names(&["user.detail_set"]);
    }
    for (asker, user) in [("anna", anna), ("sven", sven)] {
        given(&world).as_user(asker).when(chats(user)).then_refused(denied());
    }
    let email = Some(Some("a@b.example".to_owned()));
    let own = UserCommand::Edit(anna, UserEdit { email, ..UserEdit::default() });
    given(&world).as_user("anna").when(own).then_refused(denied());
}

#[test]
fn undoing_does_not_give_what_setting_would_not() {
    let mut world = World::founded("voximplant");
    world.add_user("adam", world.role("Administrator"));
    world.add_user("anna", world.role("Agent"));
    let anna = world.user_id("anna");
    world.act(set(anna, Detail::Language, text("es")));
    let (subject, element) = (anna.subject(), Some("language".to_owned()));
    let undo = Undo { subject, field: "details".into(), element, to: serde_json::Value::Null };
    let denied = Forbidden::Permission { permission: "users.edit" };
    given(&world).as_user("adam").when(Command::Undo(vec![undo])).then_refused(denied);
}

//! Links to set a password by: who makes one, who uses one, and what ends one.

use crate::kernel::id::{CredentialId, UserId};
use crate::kernel::moment::Moment;
use crate::kernel::spec::{World, given, new_user, world};
use crate::organization::command::Command;
use crate::organization::rejection::Forbidden;
use crate::settings::command::SettingsCommand;
use crate::settings::state::{Setting, SettingValue, Settings};
use crate::user::command::{NewUser, UserCommand, UserEdit};
use crate::user::link::{Link, asked_until, made_until, may_ask};
use crate::user::password::{Compared, NewPassword};
use crate::user::rejection::UserRejection;
use crate::user::state::{KeyEntry, Status};
use uuid::Uuid;

const FAR: Moment = Moment(4_000_000_000_000_000);

fn credential(n: u128) -> CredentialId {
    CredentialId(Uuid::from_u128(n))
}

fn link(n: u128) -> Link {
    Link { credential: credential(n), until: FAR }
}

fn make(world: &World, login: &str, n: u128) -> UserCommand {
    UserCommand::MakePasswordLink(world.user_id(login), link(n))
}

/// A password that was compared with the one stored as `current`.
fn new(n: u128, current: Option<u128>) -> NewPassword {
    let compared = Some(Compared { current: current.map(credential), same_as: None });
    NewPassword { compared, ..NewPassword::unknown(credential(n)) }
}

fn set(user: UserId, made: Option<u128>, new: NewPassword) -> UserCommand {
    UserCommand::SetByLink { user, made: made.map(credential), new }
}

/// With a password of anna's, stored as 1, and an address.
fn anna() -> (World, UserId) {
    let mut world = world();
    let anna = world.user_id("anna");
    world.act(UserCommand::SetPassword(anna, NewPassword::unknown(credential(1))));
    let edit = UserEdit { email: Some(Some("anna@example.com".into())), ..UserEdit::default() };
    world.act(UserCommand::Edit(anna, edit));
    (world, anna)
}

#[test]
fn queuemetrics_17_a_link_takes_the_password_away_until_it_is_used_once() {
    let (mut world, anna) = anna();
    world.organization =
        given(&world).as_user("adam").when(make(&world, "anna", 5)).then(&["user.password_link_made anna"]);
    let user = world.user(anna).unwrap();
    assert_eq!((user.password, user.link.as_deref()), (None, Some(&link(5))));
    given(&world)
        .as_user("anna")
        .when(set(anna, None, new(6, None)))
        .then_refused(UserRejection::LinkInvalid);
    given(&world)
        .as_user("anna")
        .when(set(anna, Some(4), new(6, None)))
        .then_refused(UserRejection::LinkInvalid);
    let used = set(anna, Some(5), new(6, None));
    world.organization = given(&world).as_user("anna").when(used.clone()).then_names(&["user.password_set"]);
    assert_eq!(world.user(anna).unwrap().link, None);
    given(&world).as_user("anna").when(used).then_refused(UserRejection::LinkInvalid);
}

#[test]
fn a_link_is_made_by_whom_a_password_may_be_set_by_and_for_nobody_else() {
    let (world, anna) = anna();
    let no_right = Forbidden::Permission { permission: "users.password" };
    given(&world).as_user("sven").when(make(&world, "anna", 5)).then_refused(no_right);
    given(&world).as_user("adam").when(make(&world, "olga", 5)).then_refused(Forbidden::RankTooLow);
    for who in ["adam", "olga"] {
        given(&world).as_user(who).when(make(&world, who, 5)).then_refused(Forbidden::OwnAccess);
    }
    let by_another = set(anna, None, new(6, Some(1)));
    for who in ["olga", "adam"] {
        let refused = Forbidden::Permission { permission: "users.password" };
        given(&world).as_user(who).when(by_another.clone()).then_refused(refused);
    }
    given(&world)
        .as_api_key_of("anna")
        .when(by_another.clone())
        .then_refused(Forbidden::Permission { permission: "users.password" });
    let among_others = Command::Many(vec![Command::User(make(&world, "olga", 5)), Command::User(by_another)]);
    given(&world)
        .as_user("adam")
        .when(among_others)
        .then_refused(Forbidden::Permission { permission: "users.password" });
}

#[test]
fn of_two_who_use_a_link_at_once_the_second_finds_another_password() {
    let (mut world, anna) = anna();
    let by_link = |n| set(anna, None, new(n, Some(1)));
    world.organization = given(&world).as_user("anna").when(by_link(6)).then_names(&["user.password_set"]);
    given(&world).as_user("anna").when(by_link(7)).then_refused(UserRejection::LinkInvalid);
}

#[test]
fn a_link_that_was_made_ends_with_a_block_another_address_another_link_and_by_time() {
    let (mut world, anna) = anna();
    world.act(make(&world, "anna", 5));
    let ends = |command: UserCommand| {
        let mut world = world.clone();
        world.act(command);
        world.user(anna).unwrap().link.as_ref().map(|link| link.credential)
    };
    let edit = |email: &str| UserEdit { email: Some(Some(email.into())), ..UserEdit::default() };
    assert_eq!(ends(UserCommand::Block(anna)), None);
    assert_eq!(ends(UserCommand::Archive(anna)), None);
    assert_eq!(ends(UserCommand::Edit(anna, edit("other@example.com"))), None);
    assert_eq!(ends(UserCommand::SetPassword(anna, NewPassword::unknown(credential(8)))), None);
    assert_eq!(ends(make(&world, "anna", 9)), Some(credential(9)));
    let mut late = world.clone();
    late.act(UserCommand::MakePasswordLink(anna, Link { until: world.at, ..link(5) }));
    let used = set(anna, Some(5), new(6, None));
    given(&late).as_user("anna").when(used).then_refused(UserRejection::LinkExpired);
}

#[test]
fn xcally_16_an_invited_user_becomes_active_by_the_link() {
    let mut world = world();
    let invited = NewUser { status: Status::Invited, ..new_user("zoe", world.role("Agent")) };
    let invite = UserCommand::Invite(invited, link(5));
    let names = ["user.created", "user.password_link_made"];
    world.organization = given(&world).as_user("mona").when(invite).then_names(&names);
    let zoe = world.user_id("zoe");
    world.organization = given(&world)
        .as_user("zoe")
        .when(set(zoe, Some(5), new(6, None)))
        .then(&["user.password_set zoe", "user.activated zoe: status invited -> active"]);
    assert!(world.user(zoe).unwrap().is_active());
}

#[test]
fn a_reason_is_not_asked_of_who_uses_a_link() {
    let (mut world, anna) = anna();
    let all = [(Setting::ReasonRequired, SettingValue::Word("all".into()))].into();
    world.act(SettingsCommand::Set(all));
    given(&world).as_user("anna").when(set(anna, None, new(6, Some(1)))).then_names(&["user.password_set"]);
}

#[test]
fn whoever_is_active_and_has_an_address_may_ask_unless_a_link_was_made_for_them() {
    let (mut world, anna) = anna();
    let may =
        |world: &World, login: &str| may_ask(world, world.user(world.user_id(login)).unwrap(), world.at);
    assert!(may(&world, "anna"));
    assert!(!may(&world, "amir"), "has no address");
    let mut blocked = world.clone();
    blocked.act(UserCommand::Block(anna));
    assert!(!may(&blocked, "anna"));
    world.act(make(&world, "anna", 5));
    assert!(!may(&world, "anna"));
    let over = Link { until: world.at, ..link(5) };
    world.act(UserCommand::MakePasswordLink(anna, over));
    assert!(may(&world, "anna"), "it has expired");
}

#[test]
fn queuemetrics_9_whoever_may_not_change_their_own_password_is_given_a_link_and_does_not_ask_for_one() {
    let mut world = World::founded("queuemetrics");
    let bo = world.add_user("bo", world.role("Visitor"));
    world.act(UserCommand::Edit(
        bo,
        UserEdit { email: Some(Some("bo@example.com".into())), ..UserEdit::default() },
    ));
    let may = |world: &World| may_ask(world, world.user(bo).unwrap(), world.at);
    assert!(!may(&world));
    let key = KeyEntry { key: world.key("CHPASSWD"), minus: false };
    world.act(UserCommand::SetKeys(bo, vec![key]));
    assert!(may(&world));
    world.act(UserCommand::SetKeys(bo, vec![]));
    world.act(make(&world, "bo", 5));
    given(&world).as_user("bo").when(set(bo, Some(5), new(6, None))).then_names(&["user.password_set"]);
}

#[test]
fn queuemetrics_17_a_link_lasts_five_days_with_the_one_on_which_it_is_made_and_one_that_is_asked_for_an_hour()
{
    let settings = Settings::default();
    let at = |text: &str| text.parse::<Moment>().unwrap();
    for made in ["2026-05-03T00:00:00Z", "2026-05-03T23:59:59.999999Z"] {
        assert_eq!(made_until(&settings, at(made)), at("2026-05-08T00:00:00Z"));
    }
    assert_eq!(asked_until(&settings, at("2026-05-03T23:30:00Z")), at("2026-05-04T00:30:00Z"));
}

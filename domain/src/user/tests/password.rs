//! The security suite: the rule, the days a password lasts, and the ones that do not come again.

use crate::kernel::context::Actor;
use crate::kernel::id::{CredentialId, UserId};
use crate::kernel::moment::Moment;
use crate::kernel::rejection::FieldError;
use crate::kernel::spec::{World, context, given, new_user, world};
use crate::organization::command::Command;
use crate::organization::decide::decide;
use crate::organization::rejection::{Forbidden, Rejection};
use crate::organization::undo::compensations;
use crate::settings::command::SettingsCommand;
use crate::settings::state::{Setting, SettingValue};
use crate::user::command::{NewUser, UserCommand};
use crate::user::password::{Compared, Life, NewPassword, acceptable, is_strong, kept};
use crate::user::rejection::UserRejection;
use crate::user::state::KeyEntry;
use uuid::Uuid;

const TABLE: &str = include_str!("../../../tests/fixtures/xcally_passwords.csv");
const DAY_US: i64 = 86_400_000_000;

fn credential(n: u128) -> CredentialId {
    CredentialId(Uuid::from_u128(n))
}

fn strong(n: u128) -> NewPassword {
    NewPassword { is_strong: true, ..NewPassword::unknown(credential(n)) }
}

/// One that was compared with the password stored as `current` and those before it.
fn compared(n: u128, current: Option<u128>, same_as: Option<usize>) -> NewPassword {
    NewPassword { compared: Some(Compared { current: current.map(credential), same_as }), ..strong(n) }
}

fn set(setting: Setting, value: SettingValue) -> SettingsCommand {
    SettingsCommand::Set([(setting, value)].into())
}

fn number(world: &mut World, setting: Setting, n: u32) {
    world.act(set(setting, SettingValue::Number(n)));
}

fn guarded() -> World {
    let mut world = world();
    world.act(set(Setting::SecuritySuite, SettingValue::Flag(true)));
    world
}

/// The same with a password of anna's, stored as 1.
fn guarded_anna() -> (World, UserId) {
    let mut world = guarded();
    let anna = world.user_id("anna");
    world.act(UserCommand::SetPassword(anna, strong(1)));
    (world, anna)
}

fn life(world: &World, days: i64) -> Life {
    let anna = world.user(world.user_id("anna")).unwrap();
    let set_at = anna.password.unwrap().set_at;
    Life::of(&world.settings, anna, set_at.plus_micros(days * DAY_US))
}

#[test]
fn xcally_4_every_row_of_the_password_table_is_judged_as_it_says() {
    let rows: Vec<_> = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1).collect();
    assert_eq!(rows.len(), 11);
    for row in rows {
        let (password, accepted) = row.rsplit_once(',').unwrap();
        let keeps = acceptable("/new", password).is_ok() && is_strong(password);
        assert_eq!(keeps, accepted == "yes", "{password}");
    }
}

#[test]
fn xcally_4_each_special_character_will_do_and_letters_may_be_of_any_script() {
    for special in "~!@#$%^&-_=+[{]}".chars() {
        assert!(is_strong(&format!("Abcdef1{special}")), "{special}");
    }
    assert!(is_strong("Пароль-1"));
    for weak in ["Abcdef1 ", "Abcdef1(", "Abcdef١!", "Пароль-", "пароль-1"] {
        assert!(!is_strong(weak), "{weak}");
    }
}

#[test]
fn xcally_4_the_password_rule_holds_when_the_suite_is_on_and_only_then() {
    let (off, on) = (world(), guarded());
    let weak = NewPassword::unknown(credential(2));
    for (who, whose) in [("anna", "anna"), ("adam", "anna")] {
        let command = |new| UserCommand::SetPassword(off.user_id(whose), new);
        given(&off).as_user(who).when(command(weak)).then_names(&["user.password_set"]);
        given(&on).as_user(who).when(command(strong(2))).then_names(&["user.password_set"]);
        given(&on).as_user(who).when(command(weak)).then_invalid("/new", "too_simple");
    }
    let hire = |password| {
        UserCommand::Create(NewUser { password: Some(password), ..new_user("zoe", on.role("Agent")) })
    };
    given(&off).as_user("mona").when(hire(weak)).then_names(&["user.created", "user.password_set"]);
    given(&on).as_user("mona").when(hire(strong(2))).then_names(&["user.created", "user.password_set"]);
    given(&on).as_user("mona").when(hire(weak)).then_invalid("/password", "too_simple");
    let without = UserCommand::Create(new_user("zoe", on.role("Agent")));
    given(&on).as_user("mona").when(without).then_names(&["user.created"]);
    let by_operator = UserCommand::SetPassword(on.user_id("anna"), weak);
    given(&on).as_operator().when(by_operator).then_invalid("/new", "too_simple");
}

#[test]
fn xcally_7_a_password_lasts_ninety_days_and_its_end_is_near_from_fifteen_before() {
    let (world, anna) = guarded_anna();
    let set_at = world.user(anna).unwrap().password.unwrap().set_at;
    let end = set_at.plus_micros(90 * DAY_US);
    let expires_at = Some(end);
    for (days, is_ending, is_over) in
        [(0, false, false), (74, false, false), (75, true, false), (90, true, true)]
    {
        assert_eq!(life(&world, days), Life { expires_at, is_ending, is_over }, "after {days} days");
    }
    let user = world.user(anna).unwrap();
    let just_before = end.plus_micros(-1);
    assert!(!Life::of(&world.settings, user, just_before).is_over);
}

#[test]
fn xcally_7_the_days_of_a_password_and_of_the_warning_are_settings() {
    let (mut world, _) = guarded_anna();
    number(&mut world, Setting::PasswordDays, 10);
    // Warned from longer before than it lasts: from the first day.
    assert_eq!(
        (life(&world, 0).is_ending, life(&world, 9).is_over, life(&world, 10).is_over),
        (true, false, true)
    );
    number(&mut world, Setting::PasswordWarningDays, 0);
    assert_eq!((life(&world, 9).is_ending, life(&world, 10).is_ending), (false, true));
    number(&mut world, Setting::PasswordDays, 0);
    assert_eq!(life(&world, 10_000), Life::default());
    number(&mut world, Setting::PasswordDays, 3_650);
    assert!(life(&world, 3_650).is_over && !life(&world, 3_649).is_over);
}

#[test]
fn xcally_7_without_the_suite_or_a_password_nothing_expires() {
    let (mut world, anna) = guarded_anna();
    let adam = world.user(world.user_id("adam")).unwrap();
    assert_eq!(Life::of(&world.settings, adam, Moment(i64::MAX)), Life::default());
    world.act(set(Setting::SecuritySuite, SettingValue::Flag(false)));
    assert_eq!(life(&world, 10_000), Life::default());
    // Switched on again the old password counts from when it was set, whatever happened since.
    world.act(set(Setting::SecuritySuite, SettingValue::Flag(true)));
    world.act(UserCommand::Block(anna));
    world.act(UserCommand::Unblock(anna));
    assert!(life(&world, 90).is_over);
}

#[test]
fn xcally_7_a_new_password_begins_its_days_anew_whoever_set_it() {
    let (world, anna) = guarded_anna();
    for who in ["anna", "adam"] {
        let after =
            given(&world).as_user(who).when(UserCommand::SetPassword(anna, compared(2, Some(1), None)));
        let after = after.then_names(&["user.password_set"]);
        let password = after.user(anna).unwrap().password.unwrap();
        assert_eq!((password.credential, password.set_at), (credential(2), after.at));
        assert!(after.at > world.at);
    }
}

#[test]
fn xcally_7_neither_the_current_password_nor_one_of_the_last_comes_again() {
    let (mut world, anna) = guarded_anna();
    let new = |same_as| UserCommand::SetPassword(anna, compared(2, Some(1), same_as));
    for who in ["anna", "adam"] {
        given(&world).as_user(who).when(new(Some(0))).then_invalid("/new", "same_password");
        for same_as in [1, 12] {
            given(&world).as_user(who).when(new(Some(same_as))).then_invalid("/new", "used_before");
        }
        given(&world).as_user(who).when(new(Some(13))).then_names(&["user.password_set"]);
        given(&world).as_user(who).when(new(None)).then_names(&["user.password_set"]);
    }
    number(&mut world, Setting::PasswordHistory, 2);
    assert_eq!(kept(&world.settings), 2);
    let detail = "was used before; the last 2 passwords do not come again";
    given(&world).as_user("anna").when(new(Some(2))).then_refused(FieldError::new(
        "/new",
        "used_before",
        detail,
    ));
    given(&world).as_user("anna").when(new(Some(3))).then_names(&["user.password_set"]);
    number(&mut world, Setting::PasswordHistory, 0);
    given(&world).as_user("anna").when(new(Some(1))).then_names(&["user.password_set"]);
    given(&world).as_user("anna").when(new(Some(0))).then_invalid("/new", "same_password");
}

#[test]
fn xcally_7_without_the_suite_no_password_is_remembered() {
    let (mut world, anna) = guarded_anna();
    world.act(set(Setting::SecuritySuite, SettingValue::Flag(false)));
    assert_eq!(kept(&world.settings), 0);
    for same_as in [0, 1] {
        let new = UserCommand::SetPassword(anna, compared(2, Some(1), Some(same_as)));
        given(&world).as_user("anna").when(new).then_names(&["user.password_set"]);
    }
}

#[test]
fn a_password_that_was_compared_with_another_than_the_current_one_is_refused() {
    let (off, (world, anna)) = (self::world(), guarded_anna());
    for current in [None, Some(7)] {
        let new = UserCommand::SetPassword(anna, compared(2, current, None));
        given(&world).as_user("anna").when(new).then_refused(UserRejection::PasswordMoved);
    }
    let new = UserCommand::SetPassword(off.user_id("anna"), compared(2, Some(1), None));
    given(&off).as_user("anna").when(new).then_refused(UserRejection::PasswordMoved);
}

/// Else whoever guesses could ask on: the right answer would differ from the wrong one.
#[test]
fn who_may_not_set_a_password_never_learns_what_it_is() {
    let mut world = guarded();
    let (olga, adam) = (world.user_id("olga"), world.user_id("adam"));
    for user in [olga, adam] {
        world.act(UserCommand::SetPassword(user, strong(1)));
    }
    let guess = |user, same_as| UserCommand::SetPassword(user, compared(2, Some(1), same_as));
    for same_as in [None, Some(0), Some(1)] {
        given(&world).as_user("adam").when(guess(olga, same_as)).then_refused(Forbidden::RankTooLow);
        let needs = Forbidden::Permission { permission: "users.password" };
        given(&world).as_user("mona").when(guess(adam, same_as)).then_refused(Rejection::from(needs));
    }
    // Nor does who may, without setting one where the guess is wrong.
    world.act(set(Setting::ReasonRequired, SettingValue::Word("all".into())));
    for same_as in [None, Some(0), Some(1)] {
        given(&world).as_user("olga").when(guess(adam, same_as)).then_refused(Rejection::ReasonRequired);
    }
    let moved = UserCommand::SetPassword(olga, compared(2, Some(7), None));
    given(&world).as_user("adam").when(moved).then_refused(Forbidden::RankTooLow);
}

#[test]
fn xcally_7_the_suite_is_set_by_who_may_within_limits_and_undone() {
    let world = world();
    let on = set(Setting::SecuritySuite, SettingValue::Flag(true));
    let needs = Forbidden::Permission { permission: "settings.edit" };
    given(&world).as_user("mona").when(on.clone()).then_refused(needs);
    let accepted = given(&world).as_user("adam").when(on).accepted();
    assert!(accepted.after.settings.flag(Setting::SecuritySuite));
    let undo = Command::Undo(compensations(&accepted.events));
    let undone = given(&accepted.after).as_user("adam").when(undo);
    undone.then(&["settings.set settings: settings[security_suite] true -> false"]);
    for (setting, most) in
        [(Setting::PasswordDays, 3_650), (Setting::PasswordWarningDays, 365), (Setting::PasswordHistory, 12)]
    {
        let to = |n| given(&world).as_user("adam").when(set(setting, SettingValue::Number(n)));
        assert!(setting.accepts(&SettingValue::Number(most)));
        to(0).then_names(&["settings.set"]);
        to(most + 1).then_invalid(&format!("/{setting}"), "not_acceptable");
        let flag = given(&world).as_user("adam").when(set(setting, SettingValue::Flag(true)));
        flag.then_invalid(&format!("/{setting}"), "not_acceptable");
    }
}

#[test]
fn queuemetrics_9_ones_own_password_takes_chpasswd_unless_it_has_expired() {
    let mut world = World::founded("queuemetrics");
    let bo = world.add_user("bo", world.role("Visitor"));
    world.act(UserCommand::SetPassword(bo, strong(1)));
    world.act(set(Setting::SecuritySuite, SettingValue::Flag(true)));
    let own = UserCommand::SetPassword(bo, compared(2, Some(1), None));
    let takes = Forbidden::Permission { permission: "account.change_own_password" };
    given(&world).as_user("bo").when(own.clone()).then_refused(takes);
    let after = |days: i64| {
        let mut context = context(Actor::User(bo), world.position);
        context.at = context.at.plus_micros(days * DAY_US);
        decide(&world, &context, &own.clone().into()).is_ok()
    };
    // Whoever may do nothing but set a password must be able to.
    assert_eq!([1, 89, 91].map(after), [false, false, true]);
    let key = KeyEntry { key: world.key("CHPASSWD"), minus: false };
    world.act(UserCommand::SetKeys(bo, vec![key]));
    given(&world).as_user("bo").when(own).then_names(&["user.password_set"]);
}

//! The rules told as given / when / then.

use super::command::SettingsCommand;
use super::state::{ReasonRule, Setting, SettingValue};
use crate::kernel::rejection::FieldError;
use crate::kernel::spec::{World, given, world};
use crate::organization::command::Command;
use crate::organization::rejection::{Forbidden, Rejection};
use crate::organization::undo::compensations;
use crate::user::command::{UserCommand, UserEdit};

fn set(setting: Setting, value: SettingValue) -> SettingsCommand {
    SettingsCommand::Set([(setting, value)].into())
}

fn word(word: &str) -> SettingValue {
    SettingValue::Word(word.into())
}

fn demanding(rule: &str) -> World {
    let mut world = world();
    world.act(set(Setting::ReasonRequired, word(rule)));
    world
}

#[test]
fn a_setting_is_set_from_its_default_and_once() {
    let world = world();
    let hours = set(Setting::SessionHours, SettingValue::Number(1));
    let after = given(&world).as_user("adam").when(hours.clone());
    let after = after.then(&["settings.set settings: settings[session_hours] 12 -> 1"]);
    assert_eq!(after.settings.number(Setting::SessionHours), 1);
    given(&after).as_user("adam").when(hours).then_nothing();
    given(&world).as_user("adam").when(set(Setting::SessionHours, SettingValue::Number(12))).then_nothing();
}

#[test]
fn a_value_of_another_kind_or_outside_its_limits_is_refused() {
    let world = world();
    for (setting, value) in [
        (Setting::ReasonRequired, word("sometimes")),
        (Setting::SignInAttemptsMax, SettingValue::Number(101)),
        (Setting::LockOutMinutes, SettingValue::Number(0)),
        (Setting::SessionHours, SettingValue::Number(721)),
        (Setting::Licences, SettingValue::Number(1_000_001)),
        (Setting::OutboundCalls, word("yes")),
        (Setting::SessionHours, SettingValue::Flag(true)),
    ] {
        let refused = given(&world).as_user("adam").when(set(setting, value));
        refused.then_invalid(&format!("/{setting}"), "not_acceptable");
    }
}

#[test]
fn only_who_may_edit_settings_does() {
    let command = set(Setting::SessionHours, SettingValue::Number(1));
    let needs = Forbidden::Permission { permission: "settings.edit" };
    given(&world()).as_user("mona").when(command.clone()).then_refused(needs.clone());
    given(&world()).as_user("aude").when(command).then_refused(needs);
}

#[test]
fn a_reason_is_demanded_of_nothing_of_what_is_sensitive_or_of_all() {
    let rename = |world: &World| {
        let edit = UserEdit { name: Some("Ann".into()), ..UserEdit::default() };
        UserCommand::Edit(world.user_id("anna"), edit)
    };
    let promote = |world: &World| UserCommand::AssignRole(world.user_id("anna"), world.role("Supervisor"));
    let none = world();
    given(&none).as_user("adam").when(promote(&none)).then_names(&["user.role_assigned"]);
    let some = demanding("sensitive");
    given(&some).as_user("adam").when(rename(&some)).then_names(&["user.renamed"]);
    given(&some).as_user("adam").when(promote(&some)).then_refused(Rejection::ReasonRequired);
    given(&some).as_user("adam").because(" \n ").when(promote(&some)).then_refused(Rejection::ReasonRequired);
    given(&some)
        .as_user("adam")
        .because("She leads now")
        .when(promote(&some))
        .then_names(&["user.role_assigned"]);
    let all = demanding("all");
    assert_eq!(all.settings.reason_rule(), ReasonRule::All);
    given(&all).as_user("adam").when(rename(&all)).then_refused(Rejection::ReasonRequired);
    given(&all).as_operator().when(rename(&all)).then_refused(Rejection::ReasonRequired);
    given(&all).as_user("adam").because("Married").when(rename(&all)).then_names(&["user.renamed"]);
}

#[test]
fn a_rollback_is_sensitive_even_inside_a_bulk_command() {
    let world = demanding("sensitive");
    let edit = UserEdit { name: Some("Ann".into()), ..UserEdit::default() };
    let edit = UserCommand::Edit(world.user_id("anna"), edit);
    let renamed = given(&world).as_user("adam").when(edit).accepted();
    let undo = Command::Undo(compensations(&renamed.events));
    for command in [undo.clone(), Command::Many(vec![undo])] {
        given(&renamed.after).as_user("adam").when(command).then_refused(Rejection::ReasonRequired);
    }
}

#[test]
fn nothing_to_change_needs_no_reason_and_a_reason_is_bounded() {
    let world = demanding("all");
    let same = set(Setting::SessionHours, SettingValue::Number(12));
    given(&world).as_user("adam").when(same).then_nothing();
    let hours = set(Setting::SessionHours, SettingValue::Number(1));
    let long = given(&world).as_user("adam").because(&"x".repeat(2_001)).when(hours);
    let error =
        FieldError::new("Rollbook-Reason", "too_long", "has 2001 characters; at most 2000 are allowed");
    long.then_refused(error);
}

#[test]
fn addresses_are_listed_as_addresses_and_networks_and_undone_like_any_setting() {
    let mut world = world();
    let list = |entries: &[&str]| SettingValue::List(entries.iter().map(|entry| (*entry).into()).collect());
    let to = |entries: &[&str]| set(Setting::AddressesAllowed, list(entries));
    for wrong in [
        to(&["office"]),
        set(Setting::AddressesAllowed, word("10.0.0.0/8")),
        set(Setting::SessionHours, list(&[])),
    ] {
        let SettingsCommand::Set(values) = &wrong else { unreachable!() };
        let pointer = format!("/{}", values.keys().next().unwrap());
        given(&world).as_user("adam").when(wrong).then_invalid(&pointer, "not_acceptable");
    }
    // As the context of these tests says where everybody is.
    let inside = given(&world).as_user("adam").from("203.0.113.9").when(to(&["203.0.113.0/24"])).accepted();
    world.organization = inside.after.clone();
    let lets_in = |world: &World, ip: &str| world.settings.lets_in(Some(ip.parse().unwrap()));
    assert!(lets_in(&world, "203.0.113.77") && !lets_in(&world, "198.51.100.1"));
    let undo = Command::Undo(compensations(&inside.events));
    let open = given(&world).as_user("adam").from("198.51.100.1").when(undo).accepted().after;
    assert!(open.settings.lets_in(Some("198.51.100.1".parse().unwrap())));
}

#[test]
fn nobody_locks_themselves_out_by_the_list_of_addresses_without_meaning_to() {
    let mut world = world();
    let list = SettingValue::List(vec!["203.0.113.0/24".into()]);
    let (set, force) = (
        set(Setting::AddressesAllowed, list.clone()),
        SettingsCommand::Force([(Setting::AddressesAllowed, list)].into()),
    );
    let outside = || given(&world).as_user("adam").from("198.51.100.1");
    outside().when(set.clone()).then_invalid("/addresses_allowed", "locks_oneself_out");
    outside().when(force).then_names(&["settings.set"]);
    given(&world).as_operator().when(set.clone()).then_names(&["settings.set"]);
    // Nor by an undo, which brings back a list that did not hold them.
    world.organization = given(&world).as_operator().when(set).accepted().after;
    let open = SettingsCommand::Set([(Setting::AddressesAllowed, SettingValue::List(Vec::new()))].into());
    let opened = given(&world).as_operator().when(open).accepted();
    let undo = Command::Undo(compensations(&opened.events));
    let refused = given(&opened.after).as_user("adam").from("198.51.100.1").when(undo);
    refused.then_invalid("/addresses_allowed", "locks_oneself_out");
}

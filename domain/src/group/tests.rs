//! The rules told as given / when / then.

use super::command::{GroupCommand, GroupEdit};
use super::rejection::GroupRejection;
use crate::kernel::id::{GroupId, Kind, UserId};
use crate::kernel::spec::{given, world};
use crate::organization::rejection::Rejection;
use crate::settings::state::{Setting, SettingValue};
use uuid::Uuid;

fn named(name: &str) -> GroupEdit {
    GroupEdit { name: Some(name.into()), ..GroupEdit::default() }
}

#[test]
fn a_group_is_added_with_its_people_and_settings() {
    let world = world();
    let create = GroupCommand::Create(GroupEdit {
        members: Some(vec![world.user_id("anna"), world.user_id("amir")]),
        supervisors: Some(vec![world.user_id("sara")]),
        settings: Some([(Setting::OutboundCalls, SettingValue::Flag(false))].into()),
        ..named("Day")
    });
    let after = given(&world).as_user("mona").when(create).then(&[
        "group.created Day: description - -> , name - -> Day",
        "group.members_changed Day: members[anna] - -> anna, members[amir] - -> amir",
        "group.supervisors_changed Day: supervisors[sara] - -> sara",
        "group.setting_set Day: settings[outbound_calls] - -> false",
    ]);
    let day = GroupId(after.by_name(Kind::Group, "day").unwrap());
    assert!(after.user(world.user_id("amir")).unwrap().groups.contains(&day));
    assert!(after.user(world.user_id("sara")).unwrap().supervises.contains_key(&day));
}

#[test]
fn each_named_field_changes_by_its_own_event_and_an_equal_one_by_none() {
    let world = world();
    let edit = GroupEdit {
        description: Some("From ten".into()),
        members: Some(vec![world.user_id("amir")]),
        supervisors: Some(Vec::new()),
        settings: Some([(Setting::OutboundCalls, SettingValue::Flag(true))].into()),
        ..named("Late")
    };
    let command = GroupCommand::Edit(world.group("Night"), edit);
    let after = given(&world).as_user("mona").when(command.clone()).then(&[
        "group.renamed Late: name Night -> Late",
        "group.described Late: description  -> From ten",
        "group.members_changed Late: members[anna] anna -> -, members[amir] - -> amir",
        "group.supervisors_changed Late: supervisors[sven] sven -> -",
        "group.setting_set Late: settings[outbound_calls] - -> true",
    ]);
    given(&after).as_user("mona").when(command).then_nothing();
    let reset = GroupEdit { settings: Some(Default::default()), ..GroupEdit::default() };
    let reset = GroupCommand::Edit(world.group("Night"), reset);
    let reset = given(&after).as_user("mona").when(reset);
    reset.then(&["group.setting_set Late: settings[outbound_calls] true -> -"]);
}

#[test]
fn what_cannot_be_is_refused() {
    let world = world();
    let night = world.group("Night");
    let edit = |edit| given(&world).as_user("mona").when(GroupCommand::Edit(night, edit));
    given(&world)
        .as_user("mona")
        .when(GroupCommand::Create(named("NIGHT")))
        .then_refused(GroupRejection::NameTaken);
    let nobody = || Some(vec![UserId(Uuid::nil())]);
    edit(GroupEdit { members: nobody(), ..GroupEdit::default() }).then_invalid("/members", "no_such_user");
    edit(GroupEdit { supervisors: nobody(), ..GroupEdit::default() })
        .then_invalid("/supervisors", "no_such_user");
    let setting =
        |setting, value| GroupEdit { settings: Some([(setting, value)].into()), ..GroupEdit::default() };
    let hours = setting(Setting::SessionHours, SettingValue::Number(1));
    edit(hours).then_invalid("/settings/session_hours", "not_by_group");
    let word = setting(Setting::OutboundCalls, SettingValue::Word("yes".into()));
    edit(word).then_invalid("/settings/outbound_calls", "not_acceptable");
}

#[test]
fn archiving_takes_everybody_out_first() {
    let world = world();
    let night = world.group("Night");
    let archived = given(&world).as_user("mona").when(GroupCommand::Archive(night)).then(&[
        "group.members_changed Night: members[anna] anna -> -",
        "group.supervisors_changed Night: supervisors[sven] sven -> -",
        "group.archived Night: status active -> archived",
    ]);
    given(&archived).as_user("mona").when(GroupCommand::Archive(night)).then_nothing();
    let rename = GroupCommand::Edit(night, named("Late"));
    given(&archived).as_user("mona").when(rename).then_refused(GroupRejection::Archived);
    let restored = given(&archived).as_user("mona").when(GroupCommand::Restore(night));
    let restored = restored.then(&["group.restored Night: status archived -> active"]);
    given(&restored).as_user("mona").when(GroupCommand::Restore(night)).then_nothing();
}

#[test]
fn more_members_than_fit_one_event_come_in_parts() {
    let mut world = world();
    let agent = world.role("Agent");
    let members: Vec<_> = (0..501).map(|n| world.add_user(&format!("agent{n}"), agent)).collect();
    let create = GroupCommand::Create(GroupEdit { members: Some(members), ..named("Big") });
    given(&world).as_user("mona").when(create).then_names(&[
        "group.created",
        "group.members_changed",
        "group.members_changed",
    ]);
}

#[test]
fn who_may_not_see_a_group_is_told_there_is_none() {
    let world = world();
    let rename = GroupCommand::Edit(world.group("Night"), named("Late"));
    given(&world).as_user("sara").when(rename.clone()).then_refused(Rejection::Missing(Kind::Group));
    let needs = crate::organization::rejection::Forbidden::Permission { permission: "groups.edit" };
    given(&world).as_user("sven").when(rename).then_refused(needs);
}

//! Who may switch a setting on through a group: by its override, by who is in it, by ending it, or by bringing back
//! somebody from the archive, which they went to out of their groups.
//!
//! Whatever command it comes of, what counts is for whom the setting is on that was off before. One may switch on what
//! is on for oneself, or what one may switch on for everybody.

use super::held::more;
use super::rejection::Rejection;
use super::state::Organization;
use crate::event::Event;
use crate::group::event::GroupEvent;
use crate::kernel::id::{Kind, Subject, UserId};
use crate::kernel::moment::Moment;
use crate::permission::facts::{Facts, Target, Targets};
use crate::permission::resolve::{self, Question};
use crate::settings::effective::is_on;
use crate::settings::state::Setting;
use crate::user::event::UserEvent;
use crate::user::state::{Status, User};

/// Refuses an event by which a setting is on for somebody for whom it was off, if `giver` may not switch it on.
pub(super) fn check(
    event: &Event,
    (before, after): (&Organization, &Organization),
    giver: &User,
    at: Moment,
) -> Result<(), Rejection> {
    let concerned = if let Event::Group(event) = event {
        concerned(event, before, after)
    } else if let Event::User(UserEvent::Restored { user, .. }) = event {
        vec![*user]
    } else {
        return Ok(());
    };
    for setting in Setting::ALL.into_iter().filter(|setting| setting.by_group()) {
        let begins = |id: &UserId| begins(before, after, *id, setting);
        if concerned.iter().any(begins)
            && !is_on(before, giver, setting)
            && !may_for_all(before, giver, setting, at)
        {
            return Err(more(setting.word()));
        }
    }
    Ok(())
}

/// Who is in the group or leaves it.
fn concerned(event: &GroupEvent, before: &Organization, after: &Organization) -> Vec<UserId> {
    match event {
        GroupEvent::MembersChanged { added, removed, .. } => added.iter().chain(removed).copied().collect(),
        GroupEvent::SettingSet { group, .. } => {
            let there = [before, after].into_iter().filter_map(|state| state.groups.get(group));
            there.flat_map(|group| group.members.iter().copied()).collect()
        }
        GroupEvent::Created { .. }
        | GroupEvent::Renamed { .. }
        | GroupEvent::Described { .. }
        | GroupEvent::SupervisorsChanged { .. }
        | GroupEvent::Archived { .. }
        | GroupEvent::Restored { .. } => Vec::new(),
    }
}

/// Whoever is archived by the same command begins nothing. For whoever was archived nothing was on.
fn begins(before: &Organization, after: &Organization, id: UserId, setting: Setting) -> bool {
    let Some(now) = after.user(id).filter(|user| user.status.value != Status::Archived) else { return false };
    let was = before.user(id).map_or_else(
        || before.settings.flag(setting),
        |was| was.status.value != Status::Archived && is_on(before, was, setting),
    );
    !was && is_on(after, now, setting)
}

fn may_for_all(organization: &Organization, who: &User, setting: Setting, at: Moment) -> bool {
    let settings = Subject { kind: Kind::Settings, id: organization.id.uuid() };
    let targets = Targets::of(Target::Entity(settings));
    let facts = Facts { section: Some(setting.word().into()), ..Facts::default() };
    let permission = "settings.edit";
    let question = Question { who, permission, targets: &targets, facts: &facts, at, as_if_active: false };
    resolve::allowed(organization, &question)
}

#[cfg(test)]
mod tests {
    use crate::group::command::{GroupCommand, GroupEdit};
    use crate::kernel::id::GroupId;
    use crate::kernel::spec::{World, given, world};
    use crate::organization::command::Command;
    use crate::organization::rejection::Forbidden;
    use crate::permission::grant::{Grant, Scope};
    use crate::settings::command::SettingsCommand;
    use crate::settings::state::{Setting, SettingValue};
    use crate::user::command::UserCommand;

    fn says(on: Option<bool>) -> GroupEdit {
        let settings = on.map(|on| (Setting::OutboundCalls, SettingValue::Flag(on))).into_iter().collect();
        GroupEdit { settings: Some(settings), ..GroupEdit::default() }
    }

    fn general(on: bool) -> SettingsCommand {
        SettingsCommand::Set([(Setting::OutboundCalls, SettingValue::Flag(on))].into())
    }

    fn refused() -> Forbidden {
        Forbidden::GivesMore { what: "outbound_calls".into() }
    }

    /// Calls are off for everybody but the members of Callers; anna is in Night, greg administers groups.
    fn silent() -> (World, GroupId, GroupId) {
        let mut world = world();
        world.act(general(false));
        let sara = world.user_id("sara");
        let callers = world.add_group("Callers", &[sara], &[]);
        world.act(GroupCommand::Edit(callers, says(Some(true))));
        let names = ["groups.view", "groups.edit", "groups.create", "groups.archive", "users.view"];
        let grants = names.map(|name| Grant::new(name, Scope::All));
        let _ = world.add_user_with("greg", 45, &grants);
        let night = world.group("Night");
        (world, callers, night)
    }

    #[test]
    fn voximplant_7_nobody_switches_on_through_a_group_what_they_do_not_have() {
        let (mut world, callers, night) = silent();
        let (anna, greg) = (world.user_id("anna"), world.user_id("greg"));
        let with = |members| GroupEdit { members: Some(members), ..GroupEdit::default() };
        let by_greg = |world: &World, command: GroupCommand| given(world).as_user("greg").when(command);
        by_greg(&world, GroupCommand::Edit(night, says(Some(true)))).then_refused(refused());
        for joins in [anna, greg] {
            let members = vec![world.user_id("sara"), joins];
            by_greg(&world, GroupCommand::Edit(callers, with(members))).then_refused(refused());
        }
        let new = GroupEdit { name: Some("New".into()), members: Some(vec![greg]), ..says(Some(true)) };
        by_greg(&world, GroupCommand::Create(new)).then_refused(refused());
        // To forbid gives nothing, and a group without members nobody anything.
        by_greg(&world, GroupCommand::Edit(callers, says(Some(false)))).then_names(&["group.setting_set"]);
        let empty = GroupEdit { name: Some("New".into()), ..says(Some(true)) };
        by_greg(&world, GroupCommand::Create(empty)).then_names(&["group.created", "group.setting_set"]);
        // Whoever has it may give it, and so may whoever switches it on for everybody.
        given(&world).as_user("adam").when(GroupCommand::Edit(night, says(Some(true)))).accepted();
        world.act(GroupCommand::Edit(callers, with(vec![greg])));
        by_greg(&world, GroupCommand::Edit(night, says(Some(true)))).accepted();
    }

    #[test]
    fn voximplant_7_to_lift_what_a_group_forbids_is_to_switch_on() {
        let (mut world, _, night) = silent();
        world.act(general(true));
        world.act(GroupCommand::Edit(night, says(Some(false))));
        let greg = world.user_id("greg");
        let quiet = world.add_group("Quiet", &[greg], &[]);
        world.act(GroupCommand::Edit(quiet, says(Some(false))));
        let nobody = GroupEdit { members: Some(Vec::new()), ..GroupEdit::default() };
        for command in [
            GroupCommand::Edit(night, says(None)),
            GroupCommand::Edit(night, nobody.clone()),
            GroupCommand::Edit(quiet, nobody),
            GroupCommand::Archive(night),
            GroupCommand::Archive(quiet),
        ] {
            given(&world).as_user("greg").when(command).then_refused(refused());
        }
    }

    #[test]
    fn whoever_is_archived_leaves_a_group_that_forbids_all_the_same() {
        let (mut world, _, night) = silent();
        world.act(general(true));
        world.act(GroupCommand::Edit(night, says(Some(false))));
        let [view, archive] = ["users.view", "users.archive"].map(|name| Grant::new(name, Scope::Lower));
        let hal = world.add_user_with("hal", 45, &[view, archive]);
        let _ = world.add_group("Quiet", &[hal], &[]);
        world.act(GroupCommand::Edit(world.group("Quiet"), says(Some(false))));
        let anna = world.user_id("anna");
        given(&world).as_user("hal").when(UserCommand::Archive(anna)).accepted();
    }

    #[test]
    fn voximplant_7_no_ban_of_a_group_is_lifted_by_way_of_the_archive() {
        let (mut world, _, night) = silent();
        world.act(general(true));
        world.act(GroupCommand::Edit(night, says(Some(false))));
        let [view, archive] = ["users.view", "users.archive"].map(|name| Grant::new(name, Scope::Lower));
        let hal = world.add_user_with("hal", 45, &[view, archive]);
        let quiet = world.add_group("Quiet", &[hal], &[]);
        world.act(GroupCommand::Edit(quiet, says(Some(false))));
        let anna = world.user_id("anna");
        let by_hal = |world: &World, command: Command| given(world).as_user("hal").when(command);
        let there_and_back = [UserCommand::Archive(anna), UserCommand::Restore(anna)].map(Command::User);
        by_hal(&world, Command::Many(there_and_back.into())).then_refused(refused());
        world.act(UserCommand::Archive(anna));
        by_hal(&world, Command::User(UserCommand::Restore(anna))).then_refused(refused());
        // Where it is off for everybody nothing begins, and whoever has it may give it back.
        let mut off = world.clone();
        off.act(general(false));
        by_hal(&off, Command::User(UserCommand::Restore(anna))).then_names(&["user.restored"]);
        world.act(GroupCommand::Edit(quiet, says(None)));
        by_hal(&world, Command::User(UserCommand::Restore(anna))).then_names(&["user.restored"]);
    }
}

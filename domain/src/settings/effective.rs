//! What holds of a setting for one user: a group may override the organization's value for its members.

use super::state::{Setting, SettingValue};
use crate::kernel::id::GroupId;
use crate::kernel::shared::Standing;
use crate::organization::state::Organization;
use crate::user::state::User;

/// The value of a setting for one user, and what says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The value.
    pub value: SettingValue,
    /// The user's groups that say so; none where the organization's own value holds.
    pub groups: Vec<GroupId>,
}

/// What holds for `user`. Where their groups differ, the one that forbids wins, as a minus does among keys: chosen, since
/// no document says.
#[must_use]
pub fn effective(organization: &Organization, user: &User, setting: Setting) -> Effective {
    let groups = user.groups.iter().filter_map(|id| organization.groups.get(id));
    let said: Vec<_> = groups
        .filter(|group| setting.by_group() && group.status == Standing::Active)
        .filter_map(|group| Some((group.id, group.settings.get(&setting)?)))
        .collect();
    let forbids = said.iter().find(|(_, value)| **value == SettingValue::Flag(false));
    let Some((_, value)) = forbids.or_else(|| said.first()) else {
        return Effective { value: organization.settings.get(setting), groups: Vec::new() };
    };
    let groups = said.iter().filter(|(_, other)| other == value).map(|(group, _)| *group).collect();
    Effective { value: (*value).clone(), groups }
}

/// Whether a setting that is a flag is on for `user`.
#[must_use]
pub fn is_on(organization: &Organization, user: &User, setting: Setting) -> bool {
    effective(organization, user, setting).value == SettingValue::Flag(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::command::{GroupCommand, GroupEdit};
    use crate::kernel::spec::{World, world};
    use crate::settings::command::SettingsCommand;

    const CALLS: Setting = Setting::OutboundCalls;

    fn general(world: &mut World, on: bool) {
        world.act(SettingsCommand::Set([(CALLS, SettingValue::Flag(on))].into()));
    }

    /// A group of anna's that says this.
    fn group(world: &mut World, name: &str, says: Option<bool>) -> GroupId {
        let anna = world.user_id("anna");
        let group = world.add_group(name, &[anna], &[]);
        let settings = says.map(|on| (CALLS, SettingValue::Flag(on))).into_iter().collect();
        world.act(GroupCommand::Edit(group, GroupEdit { settings: Some(settings), ..GroupEdit::default() }));
        group
    }

    fn of_anna(world: &World) -> (bool, Vec<GroupId>) {
        let found = effective(world, world.user(world.user_id("anna")).unwrap(), CALLS);
        (found.value == SettingValue::Flag(true), found.groups)
    }

    #[test]
    fn a_group_says_otherwise_for_its_members_and_what_forbids_wins() {
        let mut world = world();
        assert_eq!(of_anna(&world), (true, Vec::new()));
        let _ = group(&mut world, "Silent", None);
        general(&mut world, false);
        assert_eq!(of_anna(&world), (false, Vec::new()));
        let caller = group(&mut world, "Callers", Some(true));
        assert_eq!(of_anna(&world), (true, vec![caller]));
        let quiet = group(&mut world, "Quiet", Some(false));
        assert_eq!(of_anna(&world), (false, vec![quiet]));
        general(&mut world, true);
        assert_eq!(of_anna(&world), (false, vec![quiet]));
        world.act(GroupCommand::Archive(quiet));
        assert_eq!(of_anna(&world), (true, vec![caller]));
        let amir = world.user(world.user_id("amir")).unwrap();
        assert_eq!(effective(&world, amir, CALLS).groups, []);
    }

    #[test]
    fn only_flags_are_overridden_by_groups() {
        for setting in Setting::ALL.into_iter().filter(|setting| setting.by_group()) {
            assert!(matches!(setting.default_value(), SettingValue::Flag(_)), "{setting}");
        }
    }
}

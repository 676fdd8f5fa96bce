//! Hiring and placing people.

use super::{GROUPS, TEAM_LEAD, administrator, agent, manager, scene, why};
use crate::cli::Failure;
use crate::demo::build::{ORGANIZATION, Scene, Stage, email};
use crate::demo::cast::{self, Person};
use crate::demo::times::Times;
use rollbook_domain::group::command::{GroupCommand, GroupEdit};
use rollbook_domain::kernel::id::{GroupId, KeyId, Kind, ProfileId, QueueId, RoleId, UserId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::queue::command::{QueueCommand, QueueEdit};
use rollbook_domain::queue::state::Supervision;
use rollbook_domain::user::command::{NewUser, UserCommand};
use rollbook_domain::user::state::{KeyEntry, Status};
use std::collections::BTreeMap;

/// Adds a user with a role.
pub(super) async fn hire(stage: &Stage, scene: Scene<'_>, person: Person, role: &str) -> Result<(), Failure> {
    let new = NewUser {
        login: person.0.to_owned(),
        name: person.1.to_owned(),
        email: Some(email(person, ORGANIZATION)),
        role: RoleId(stage.find(Kind::Role, role)?),
        profile: None,
        status: Status::Active,
        password: None,
        details: rollbook_domain::user::detail::Details::new(),
    };
    stage.act(scene, Command::User(UserCommand::Create(new))).await
}

/// The thirty of the first week, by turns of the managers.
pub(super) async fn first_agents(stage: &Stage, times: Times) -> Result<(), Failure> {
    for (nth, person) in cast::FIRST_AGENTS.into_iter().enumerate() {
        let day = 90 - i64::try_from(nth / 6).unwrap_or_default();
        let at = times.ago(day, 8, i64::try_from(nth % 6).unwrap_or_default() * 9);
        hire(stage, scene(manager(nth), at), person, "Agent").await?;
    }
    Ok(())
}

/// Each group gets its supervisor and five agents; supervisors get their profile.
pub(super) async fn supervisors_take_over(stage: &Stage, times: Times) -> Result<(), Failure> {
    for (nth, group) in GROUPS.into_iter().enumerate() {
        let leads = cast::SUPERVISORS.into_iter().enumerate();
        let leads = leads.filter(|(lead, _)| (*lead).min(GROUPS.len() - 1) == nth);
        let supervisors = leads.map(|(_, person)| stage.user(person)).collect::<Result<Vec<_>, _>>()?;
        let members = (0..5).map(|one| stage.user(agent(one * GROUPS.len() + nth)));
        let edit = GroupEdit {
            members: Some(members.collect::<Result<_, _>>()?),
            supervisors: Some(supervisors),
            ..GroupEdit::default()
        };
        let minute = i64::try_from(nth).unwrap_or_default();
        edit_group(stage, scene(manager(1), times.ago(85, 9, minute)), group, edit).await?;
    }
    for (minute, person) in (0..).zip(cast::SUPERVISORS) {
        let scene =
            why(administrator(), times.ago(84, 10, minute), "Profile for all supervisors", "OPS-2118");
        assign_profile(stage, scene, person, Some(TEAM_LEAD)).await?;
    }
    Ok(())
}

/// Who serves and who supervises which queue; keys for those who need them.
pub(super) async fn posts(stage: &Stage, times: Times) -> Result<(), Failure> {
    let queues = ["Billing", "Sales", "Support", "Technical support", "Complaints"];
    for (nth, queue) in queues.into_iter().enumerate() {
        let agents = (0..12).map(|one| stage.user(agent((nth * 6 + one) % cast::FIRST_AGENTS.len())));
        let lead = cast::SUPERVISORS.get(nth).copied().unwrap_or(cast::OWNER);
        let edit = QueueEdit {
            agents: Some(agents.collect::<Result<Vec<UserId>, _>>()?),
            supervisors: Some(BTreeMap::from([(stage.user(lead)?, Supervision::Editor)])),
            ..QueueEdit::default()
        };
        let minute = i64::try_from(nth).unwrap_or_default() * 4;
        edit_queue(stage, scene(manager(2), times.ago(83, 9, minute)), queue, edit).await?;
    }
    for (minute, (nth, name, minus)) in (0..).zip([
        (0, "PAYMENTS", false),
        (6, "PAYMENTS", false),
        (12, "VIP", false),
        (3, "NODIALOUT", false),
    ]) {
        let key = KeyId(stage.find(Kind::Key, name)?);
        let at = times.ago(82, 15, minute);
        let command = UserCommand::SetKeys(stage.user(agent(nth))?, vec![KeyEntry { key, minus }]);
        stage.act(why(cast::OWNER, at, "As asked by the team", "OPS-2120"), Command::User(command)).await?;
    }
    Ok(())
}

pub(super) async fn edit_group(
    stage: &Stage,
    scene: Scene<'_>,
    name: &str,
    edit: GroupEdit,
) -> Result<(), Failure> {
    let group = GroupId(stage.find(Kind::Group, name)?);
    stage.act(scene, Command::Group(GroupCommand::Edit(group, edit))).await
}

pub(super) async fn edit_queue(
    stage: &Stage,
    scene: Scene<'_>,
    name: &str,
    edit: QueueEdit,
) -> Result<(), Failure> {
    let queue = QueueId(stage.find(Kind::Queue, name)?);
    stage.act(scene, Command::Queue(QueueCommand::Edit(queue, edit))).await
}

pub(super) async fn assign_profile(
    stage: &Stage,
    scene: Scene<'_>,
    person: Person,
    profile: Option<&str>,
) -> Result<(), Failure> {
    let profile = profile.map(|name| stage.find(Kind::Profile, name)).transpose()?.map(ProfileId);
    let user = stage.user(person)?;
    stage.act(scene, Command::User(UserCommand::AssignProfile(user, profile))).await
}

pub(super) async fn assign_role(
    stage: &Stage,
    scene: Scene<'_>,
    person: Person,
    role: &str,
) -> Result<(), Failure> {
    let role = RoleId(stage.find(Kind::Role, role)?);
    let user = stage.user(person)?;
    stage.act(scene, Command::User(UserCommand::AssignRole(user, role))).await
}

/// Puts somebody into a group, beside those who are there, and out of another.
pub(super) async fn join(
    stage: &Stage,
    scene: Scene<'_>,
    person: Person,
    from: Option<&str>,
    to: &str,
) -> Result<(), Failure> {
    let user = stage.user(person)?;
    let members = |name: &str| -> Result<Vec<UserId>, Failure> {
        let id = GroupId(stage.find(Kind::Group, name)?);
        let group = stage.now().groups.get(&id).cloned();
        Ok(group.map(|group| group.members.iter().copied().collect()).unwrap_or_default())
    };
    if let Some(from) = from {
        let members = members(from)?.into_iter().filter(|member| *member != user).collect();
        edit_group(stage, scene, from, GroupEdit { members: Some(members), ..GroupEdit::default() }).await?;
    }
    let members = members(to)?.into_iter().chain([user]).collect();
    edit_group(stage, scene, to, GroupEdit { members: Some(members), ..GroupEdit::default() }).await
}

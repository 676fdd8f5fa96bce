//! Three ordinary months: hires, leavers, promotions, moves, small edits with their reasons.

use super::{GROUPS, administrator, agent, manager, people, scene, why};
use crate::cli::Failure;
use crate::demo::build::Stage;
use crate::demo::cast;
use crate::demo::times::Times;
use rollbook_domain::kernel::id::{Kind, ProfileId, QueueId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::permission::grant::{Grant, Grants, Scope};
use rollbook_domain::profile::command::{ProfileCommand, ProfileEdit};
use rollbook_domain::queue::command::{QueueCommand, QueueEdit};
use rollbook_domain::queue::state::QueueKind;
use rollbook_domain::settings::command::SettingsCommand;
use rollbook_domain::settings::state::{Setting, SettingValue};
use rollbook_domain::user::command::{UserCommand, UserEdit};
use std::collections::BTreeMap;

/// Whom a manager hires on a day, into which group.
async fn hires(stage: &Stage, times: Times, range: std::ops::Range<usize>, day: i64) -> Result<(), Failure> {
    for (nth, person) in cast::LATER_AGENTS.into_iter().enumerate().take(range.end).skip(range.start) {
        let days = day - i64::try_from(nth - range.start).unwrap_or_default() * 3;
        let group = GROUPS.get(nth % GROUPS.len()).copied().unwrap_or("Sales");
        people::hire(stage, scene(manager(nth), times.ago(days, 8, 30)), person, "Agent").await?;
        people::join(stage, scene(manager(nth), times.ago(days, 8, 41)), person, None, group).await?;
    }
    Ok(())
}

pub(super) async fn first(stage: &Stage, times: Times) -> Result<(), Failure> {
    let sterner = BTreeMap::from([
        (Setting::SignInAttemptsMax, SettingValue::Number(8)),
        (Setting::LockOutMinutes, SettingValue::Number(30)),
    ]);
    let scene_ = why(cast::OWNER, times.ago(80, 11, 5), "As the security review asks", "SEC-88");
    stage.act(scene_, Command::Settings(SettingsCommand::Set(sterner))).await?;
    hires(stage, times, 0..5, 78).await?;
    let lost = stage.user(agent(4))?;
    let at = |hour| times.ago(64, hour, 12);
    stage
        .act(why(manager(0), at(7), "Lost her telephone", "HR-310"), Command::User(UserCommand::Block(lost)))
        .await?;
    stage
        .act(
            why(manager(0), at(13), "Telephone replaced", "HR-310"),
            Command::User(UserCommand::Unblock(lost)),
        )
        .await?;
    let moved = why(manager(1), times.ago(63, 10, 0), "More callers in the south", "OPS-2203");
    people::join(stage, moved, agent(2), Some("Support North"), "Support South").await?;
    leaves(stage, times, 10, 61, "HR-314").await
}

pub(super) async fn second(stage: &Stage, times: Times) -> Result<(), Failure> {
    let scored = [
        Grant::new("calls.history", Scope::Group),
        Grant::new("calls.recordings", Scope::Group),
        Grant::new("reports.agents", Scope::Group),
    ];
    let by = why(administrator(), times.ago(58, 14, 20), "Analysts score by agent now", "OPS-2231");
    edit_profile(stage, by, "Quality analyst", scored.into_iter().collect()).await?;
    for (minute, nth) in (0..).zip([5, 11, 17]) {
        let by = why(administrator(), times.ago(58, 15, minute), "Quality project", "OPS-2231");
        people::assign_profile(stage, by, agent(nth), Some("Quality analyst")).await?;
    }
    hires(stage, times, 5..11, 56).await?;
    let by = why(administrator(), times.ago(38, 9, 0), "Takes over a second team", "HR-341");
    people::assign_role(stage, by, agent(6), "Supervisor").await?;
    let married = UserEdit { name: Some("Lucía Fernández Ortega".into()), ..UserEdit::default() };
    let user = stage.user(agent(25))?;
    let by = why(manager(2), times.ago(37, 12, 4), "Married", "HR-343");
    stage.act(by, Command::User(UserCommand::Edit(user, married))).await?;
    leaves(stage, times, 15, 36, "HR-347").await?;
    leaves(stage, times, 22, 35, "HR-349").await
}

pub(super) async fn third(stage: &Stage, times: Times) -> Result<(), Failure> {
    let serving = (0..6).map(|nth| stage.user(agent(nth * 5 + 1))).collect::<Result<Vec<_>, _>>()?;
    let campaign = QueueEdit {
        name: Some("Winter renewal".into()),
        description: Some("Calls customers whose contract ends this winter".into()),
        kind: Some(QueueKind::Campaign),
        agents: Some(serving),
        ..QueueEdit::default()
    };
    let by = why(manager(0), times.ago(33, 8, 15), "Campaign of the quarter", "MKT-77");
    stage.act(by, Command::Queue(QueueCommand::Create(campaign))).await?;
    for (minute, nth) in (0..).zip([1, 16, 26]) {
        let by = why(manager(0), times.ago(33, 9, minute), "Works the campaign", "MKT-77");
        people::assign_profile(stage, by, agent(nth), Some("Outbound agent")).await?;
    }
    hires(stage, times, 11..16, 31).await?;
    let by =
        why(administrator(), times.ago(16, 16, 45), "Went back to the telephones at his own wish", "HR-371");
    people::assign_role(stage, by, agent(6), "Agent").await?;
    let own: Grants = [Grant::new("reports.export", Scope::All)].into_iter().collect();
    let user = stage.user(agent(8))?;
    let by =
        why(administrator(), times.ago(14, 10, 31), "Sends the weekly figures to the client", "OPS-2390");
    stage.act(by, Command::User(UserCommand::SetCustomProfile(user, Some(own)))).await?;
    leaves(stage, times, 27, 12, "HR-380").await?;
    let night = why(manager(1), times.ago(10, 17, 2), "Nights are short of people", "OPS-2402");
    people::join(stage, night, agent(13), Some("Sales"), "Night shift").await?;
    let old = QueueId(stage.find(Kind::Queue, "Complaints")?);
    let renamed = QueueEdit { name: Some("Complaints and praise".into()), ..QueueEdit::default() };
    let by = why(manager(2), times.ago(9, 11, 11), "They do call to thank, too", "OPS-2409");
    stage.act(by, Command::Queue(QueueCommand::Edit(old, renamed))).await
}

async fn leaves(
    stage: &Stage,
    times: Times,
    nth: usize,
    day: i64,
    ticket: &'static str,
) -> Result<(), Failure> {
    let user = stage.user(agent(nth))?;
    let by = why(manager(nth), times.ago(day, 17, 30), "Last day", ticket);
    stage.act(by, Command::User(UserCommand::Archive(user))).await
}

pub(super) async fn edit_profile(
    stage: &Stage,
    by: crate::demo::build::Scene<'_>,
    name: &str,
    grants: Grants,
) -> Result<(), Failure> {
    let profile = ProfileId(stage.find(Kind::Profile, name)?);
    let edit = ProfileEdit { grants: Some(grants), ..ProfileEdit::default() };
    stage.act(by, Command::Profile(ProfileCommand::Edit(profile, edit))).await
}

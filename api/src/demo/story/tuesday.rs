//! Last Tuesday: meant well, gave too much. And the days since.

use super::{TEAM_LEAD, administrator, agent, manager, months, people, why};
use crate::cli::Failure;
use crate::demo::build::Stage;
use crate::demo::cast;
use crate::demo::times::Times;
use rollbook_domain::kernel::id::{Kind, ProfileId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::permission::grant::{Grant, Scope};
use rollbook_domain::user::command::UserCommand;

/// The supervisors may now listen to every call and take every contact list away. Answers the version before.
pub(super) async fn too_much(stage: &Stage, times: Times) -> Result<u64, Failure> {
    let id = ProfileId(stage.find(Kind::Profile, TEAM_LEAD)?);
    let before = stage.now().profiles.get(&id).cloned();
    let version = before.as_ref().map_or(0, |profile| profile.record.version);
    let held = before.map(|profile| profile.grants.value.clone()).unwrap_or_default();
    let given = [Grant::new("calls.listen", Scope::All), Grant::new("contacts.export", Scope::All)];
    let reason = "Quality project: supervisors listen to calls and take the call list to a spreadsheet";
    let by = why(administrator(), times.ago(times.days_since_tuesday(), 14, 12), reason, "OPS-2417");
    months::edit_profile(stage, by, TEAM_LEAD, held.changed(&given, &[])).await?;
    Ok(version)
}

/// Yesterday and today.
pub(super) async fn since(stage: &Stage, times: Times) -> Result<(), Failure> {
    let back = why(manager(1), times.ago(1, 16, 40), "Back from the night shift", "OPS-2421");
    people::join(stage, back, agent(13), Some("Night shift"), "Sales").await?;
    let user = stage.user(agent(20))?;
    let by = why(cast::OWNER, times.now(), "Key fob reported lost", "SEC-97");
    stage.act(by, Command::User(UserCommand::Block(user))).await
}

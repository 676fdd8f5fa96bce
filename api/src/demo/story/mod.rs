//! The story: how the centre was set up, who came and went, and what an administrator did last Tuesday.
//!
//! The same each time but for ids, salts and passwords; times are counted back from now.

mod months;
mod people;
mod setup;
mod tuesday;

use super::build::{Scene, Stage};
use super::cast::{self, Person};
use super::folder::Login;
use super::times::Times;
use crate::cli::Failure;
use rollbook_domain::kernel::moment::Moment;

/// How long the story is.
pub(super) const DAYS: i64 = 92;
/// The groups, each led by the supervisor of the same place.
pub(super) const GROUPS: [&str; 6] =
    ["Billing", "Sales", "Support North", "Support South", "Night shift", "Quality"];
/// The profile that last Tuesday is about.
pub(super) const TEAM_LEAD: &str = "Team lead";

/// Plays it all; answers the profile to undo and the version it had.
pub(super) async fn play(
    stage: &Stage,
    times: Times,
    people: &mut Vec<Login>,
) -> Result<(String, u64), Failure> {
    setup::staff(stage, times, people).await?;
    setup::profiles_and_keys(stage, times).await?;
    setup::queues_and_groups(stage, times).await?;
    people::first_agents(stage, times).await?;
    people::supervisors_take_over(stage, times).await?;
    people::posts(stage, times).await?;
    months::first(stage, times).await?;
    months::second(stage, times).await?;
    months::third(stage, times).await?;
    let version = tuesday::too_much(stage, times).await?;
    tuesday::since(stage, times).await?;
    Ok((TEAM_LEAD.to_owned(), version))
}

/// Somebody at a time, without a reason.
fn scene(by: Person, at: Moment) -> Scene<'static> {
    Scene { by, at, reason: "", ticket: None }
}

/// Somebody at a time, with a reason and a ticket.
fn why(by: Person, at: Moment, reason: &'static str, ticket: &'static str) -> Scene<'static> {
    Scene { by, at, reason, ticket: Some(ticket) }
}

fn administrator() -> Person {
    cast::ADMINISTRATORS.first().copied().unwrap_or(cast::OWNER)
}

fn manager(nth: usize) -> Person {
    cast::MANAGERS.get(nth % cast::MANAGERS.len()).copied().unwrap_or(cast::OWNER)
}

fn agent(nth: usize) -> Person {
    let all = cast::FIRST_AGENTS.iter().chain(&cast::LATER_AGENTS);
    all.copied().nth(nth).unwrap_or(cast::OWNER)
}

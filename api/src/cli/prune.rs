//! `rollbook prune`: delete the activity that organizations keep no longer, as their setting `activity_days` says.

use super::output::Output;
use super::{Failure, Global};
use clap::Args;
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_ledger::activity::Activity;
use rollbook_ledger::deployment::Deployment;
use serde_json::json;

/// Delete the activity that organizations keep no longer (setting `activity_days`); changes are never deleted.
#[derive(Debug, Args)]
pub(super) struct Prune {
    /// Only this organization's.
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
}

pub(super) async fn run(global: &Global, command: Prune, output: &Output) -> Result<(), Failure> {
    let deployment = global.deployment(false).await?;
    let organizations = match &command.organization {
        None => deployment.system().all().await?,
        Some(name) => {
            let found = deployment.system().find(name).await?;
            vec![found.ok_or_else(|| Failure::Refused(format!("there is no organization {name}")))?]
        }
    };
    let (mut lines, mut items) = (Vec::new(), Vec::new());
    for one in organizations {
        let (days, pruned) = prune(&deployment, one.id).await?;
        lines.push(match days {
            0 => format!("{}: activity is kept for ever", one.name),
            days => format!("{}: {pruned} entries from before {days} days ago deleted", one.name),
        });
        items.push(json!({ "organization": one.name, "activity_days": days, "pruned": pruned }));
    }
    output.answer(&lines.join("\n"), &json!({ "items": items }));
    Ok(())
}

/// The organization's days, and how many entries went.
async fn prune(deployment: &Deployment, id: OrganizationId) -> Result<(u32, u64), Failure> {
    let open = deployment.open(id).await?;
    let settings = open.writer.published().organization.settings.clone();
    let Some(before) = settings.activity_kept_from(deployment.clock().now()) else { return Ok((0, 0)) };
    let activity = Activity::new(deployment.store().clone(), deployment.clock().clone(), id);
    let pruned = activity.prune(before, Actor::Operator).await?;
    Ok((settings.number(rollbook_domain::settings::state::Setting::ActivityDays), pruned))
}

//! `rollbook verify`: recompute everything from the database and name what is wrong. It changes nothing.

use super::output::Output;
use super::{Failure, Global};
use clap::Args;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::{SchemaState, Store};
use rollbook_replay::verify::{ActivityLog, Finding, Report, verify};
use serde_json::json;

/// Recompute every ledger from the database and name what is wrong; exit 1 if anything is.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Only this organization's ledgers, and the system's.
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
}

pub(super) async fn run(global: &Global, command: Verify, output: &Output) -> Result<(), Failure> {
    let store = global.store(false).await?;
    current(&store).await?;
    let only = match &command.organization {
        None => None,
        Some(name) => {
            let deployment = Deployment::new(store.clone(), Clock::default());
            let found = deployment.system().find(name).await?;
            Some(found.ok_or_else(|| Failure::Refused(format!("there is no organization {name}")))?.id)
        }
    };
    let bar = super::progress::bar("verifying");
    let report = verify(&store, only, &[&ActivityLog], |progress| {
        bar.set_length(progress.of);
        bar.set_position(progress.position);
    });
    let report = report.await?;
    bar.finish_and_clear();
    output.answer(&text(&report), &json!(report));
    if report.is_clean() {
        return Ok(());
    }
    let count = report.findings.len() as u64 + report.more;
    Err(Failure::Found(format!("{count} findings; keep the database as it is and see docs/OPERATIONS.md")))
}

/// Verifying must not change the tables, so they must be there as they are.
async fn current(store: &Store) -> Result<(), Failure> {
    match store.schema_state().await? {
        SchemaState::Current => Ok(()),
        SchemaState::Missing | SchemaState::Older(_) => {
            Err(Failure::Usage("the tables are not current; run `rollbook migrate` first".to_owned()))
        }
        SchemaState::Newer(found) => {
            let detail = format!("the database has format {found}, which is newer than this release");
            Err(Failure::Usage(detail))
        }
    }
}

fn text(report: &Report) -> String {
    let mut lines = Vec::new();
    for one in &report.ledgers {
        let root = one.root.map_or_else(|| "none".to_owned(), hex::encode);
        let pruned = if one.pruned > 0 { format!("  pruned up to {}", one.pruned) } else { String::new() };
        lines.push(format!("{}  {:>8} entries  root {root}{pruned}", one.ledger, one.entries));
    }
    lines.extend(report.findings.iter().map(found));
    if report.more > 0 {
        lines.push(format!("… and {} more", report.more));
    }
    if report.is_clean() {
        lines.push("nothing is wrong".to_owned());
    }
    lines.join("\n")
}

fn found(finding: &Finding) -> String {
    let position = finding.position.map_or_else(String::new, |position| format!(" position {position}"));
    let kind = json!(finding.kind);
    let kind = kind.as_str().unwrap_or_default().to_owned();
    format!("WRONG  {}{position}  {kind}: {}", finding.ledger, finding.what)
}

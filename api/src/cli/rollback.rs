//! `rollbook rollback plan|apply`: bring an entity back to an earlier state, as the operator.
//!
//! A plan changes nothing and has an id; applying names that id, so that nothing but what was seen is done.

use super::init::operator_context;
use super::output::Output;
use super::{Failure, Global, past};
use clap::{Args, Subcommand};
use rollbook_domain::kernel::context::Context;
use rollbook_ledger::deployment::{Deployment, Open};
use rollbook_ledger::writer::{Answer, WriteError};
use rollbook_replay::diff::affected::Affected;
use rollbook_replay::rollback::{
    Apply, ApplyError, Plan, PlanError, Request, Resolution, Resolutions, Selection, To, apply, preview,
};
use serde_json::{Value, json};

/// Bring an entity back to an earlier state.
#[derive(Debug, Subcommand)]
pub(super) enum Rollback {
    /// Show what going back would change, for whom, and what is in the way. Changes nothing.
    Plan(Select),
    /// Carry out the plan with this id, all or nothing.
    Apply {
        /// The plan's id, as `plan` showed it.
        plan: String,
        #[command(flatten)]
        select: Select,
    },
}

/// What to bring back, and to when.
#[derive(Debug, Args)]
pub(super) struct Select {
    /// The organization's name.
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// What: kind:id, kind:login or kind:name, for example "profile:Team lead".
    #[arg(long, value_name = "KIND:ID|NAME")]
    subject: String,
    #[command(flatten)]
    to: Point,
    /// What to do about a conflict or blocker: its id, and keep, force, skip or include. May be given again.
    #[arg(long, value_name = "ID=HOW")]
    resolve: Vec<String>,
    /// Why; kept in the ledger.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The ticket it belongs to.
    #[arg(long, value_name = "TEXT")]
    ticket: Option<String>,
}

/// To when; exactly one.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Point {
    /// The state after its n-th event.
    #[arg(long, value_name = "N")]
    to_version: Option<u64>,
    /// Its state at this position of the ledger.
    #[arg(long, value_name = "POSITION")]
    to_position: Option<u64>,
    /// Its state at this time, for example 2026-05-03T09:30:00Z.
    #[arg(long, value_name = "TIME")]
    to_at: Option<String>,
}

/// What every rollback needs.
struct Asked {
    deployment: Deployment,
    open: Open,
    selection: Selection,
    resolve: Resolutions,
    context: Context,
}

pub(super) async fn run(global: &Global, command: Rollback, output: &Output) -> Result<(), Failure> {
    match command {
        Rollback::Plan(select) => {
            let asked = asked(global, select).await?;
            let now = asked.open.writer.published().organization.clone();
            let request =
                Request { selection: &asked.selection, resolve: &asked.resolve, context: &asked.context };
            let plan = preview(asked.deployment.store(), &now, &request).await.map_err(no_plan)?;
            output.answer(&text(&plan), &json!(plan));
            Ok(())
        }
        Rollback::Apply { plan, select } => {
            let Asked { deployment, open, selection, resolve, context } = asked(global, select).await?;
            let wanted = Apply { plan, selection, resolve, idempotency: None };
            let applied = apply(deployment.store(), &open.writer, &context, &wanted).await;
            let applied = applied.map_err(not_applied)?;
            let (position, is_new) = match applied.answer {
                Answer::Written(written) => (written.position, !written.events.is_empty()),
                Answer::Replayed(replayed) => (replayed.1.position, true),
            };
            let done = if is_new { "undone" } else { "there was nothing to undo;" };
            let text = format!("{done} at position {position}\nid: {}", applied.id);
            output.answer(&text, &json!({ "id": applied.id, "position": position }));
            Ok(())
        }
    }
}

async fn asked(global: &Global, select: Select) -> Result<Asked, Failure> {
    let to = point(&select.to)?;
    let resolve = select.resolve.iter().map(|text| resolution(text)).collect::<Result<_, _>>()?;
    let (kind, id) = match select.subject.split_once(':') {
        Some((kind, id)) => (kind, Some(id)),
        None => (select.subject.as_str(), None),
    };
    let (deployment, _, open) = global.organization(&select.organization).await?;
    let subject = past::subject(&open.writer.published().organization, kind, id)?;
    let mut context = operator_context(deployment.clock().now())?;
    context.reason = select.reason;
    context.ticket = select.ticket;
    Ok(Asked { deployment, open, selection: Selection::Entity { subject, to }, resolve, context })
}

fn point(point: &Point) -> Result<To, Failure> {
    match (point.to_version, point.to_position, &point.to_at) {
        (Some(version), ..) => Ok(To::Version(version)),
        (_, Some(position), _) => Ok(To::Position(position)),
        (.., Some(at)) => {
            at.parse().map(To::Moment).map_err(|error| Failure::Usage(format!("--to-at: {error}")))
        }
        (None, None, None) => {
            Err(Failure::Usage("say to when: --to-version, --to-position or --to-at".to_owned()))
        }
    }
}

fn resolution(text: &str) -> Result<(String, Resolution), Failure> {
    let wrong = || Failure::Usage(format!("--resolve {text}: write ID=keep, =force, =skip or =include"));
    let (id, how) = text.rsplit_once('=').ok_or_else(wrong)?;
    let how = match how {
        "keep" => Resolution::Keep,
        "force" => Resolution::Force,
        "skip" => Resolution::Skip,
        "include" => Resolution::Include,
        _ => return Err(wrong()),
    };
    Ok((id.to_owned(), how))
}

fn no_plan(error: PlanError) -> Failure {
    match error {
        PlanError::Load(error) => error.into(),
        error => Failure::Refused(error.to_string()),
    }
}

fn not_applied(error: ApplyError) -> Failure {
    match error {
        ApplyError::Plan(error) => no_plan(error),
        ApplyError::Stale(plan) => {
            Failure::Refused(format!("things have changed since; the plan is now\n{}", text(&plan)))
        }
        ApplyError::Unresolved(plan) => {
            Failure::Refused(format!("conflicts or blockers are left; use --resolve\n{}", text(&plan)))
        }
        ApplyError::Write(WriteError::Rejected(rejection)) => Failure::Refused(rejection.to_string()),
        ApplyError::Write(error) => error.into(),
    }
}

fn text(plan: &Plan) -> String {
    let mut lines = vec![format!("plan {}", plan.id), format!("made at position {}", plan.position)];
    lines.push(heading("changes", plan.changes.len()));
    for change in &plan.changes {
        let change = change.clone().plain();
        lines.push(format!("  {}: {} → {}", change.path(), short(&change.from), short(&change.to)));
    }
    if !plan.conflicts.is_empty() {
        lines.push(heading("conflicts", plan.conflicts.len()));
    }
    for one in &plan.conflicts {
        let state = if one.resolution.is_some() { "resolved" } else { "not resolved" };
        lines.push(format!("  {} changed again at position {} ({state})", one.id, one.later.position));
    }
    if !plan.blockers.is_empty() {
        lines.push(heading("blockers", plan.blockers.len()));
    }
    lines.extend(plan.blockers.iter().map(|one| format!("  {} {}: {}", one.id, one.code, one.detail)));
    lines.extend(affected(&plan.affected));
    lines.join("\n")
}

fn heading(what: &str, count: usize) -> String {
    format!("{what}: {count}")
}

fn affected(affected: &Affected) -> Vec<String> {
    let mut lines = vec![format!("people who gain or lose something: {}", affected.count)];
    for one in &affected.users {
        let words = |list: Value| {
            let list = list.as_array().cloned().unwrap_or_default();
            list.iter().map(short).collect::<Vec<_>>().join(", ")
        };
        let (gained, lost) = (words(json!(one.gained)), words(json!(one.lost)));
        let mut line = format!("  {}", one.user.login);
        if !gained.is_empty() {
            line += &format!("  gains {gained}");
        }
        if !lost.is_empty() {
            line += &format!("  loses {lost}");
        }
        lines.push(line);
    }
    lines
}

/// A value on one line; a grant as `permission at scope`.
fn short(value: &Value) -> String {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    match (text("permission"), text("scope"), value) {
        (Some(permission), Some(scope), _) => format!("{permission} at {scope}"),
        (.., Value::Null) => "none".to_owned(),
        (.., Value::String(text)) => text.clone(),
        (.., other) => other.to_string(),
    }
}

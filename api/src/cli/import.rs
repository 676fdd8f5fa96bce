//! `rollbook import`: read another product's register into an organization, as the operator.
//!
//! The same job as `POST /imports`, carried out before the command ends; it is listed by `GET /imports` too.

use super::init::operator_context;
use super::output::Output;
use super::{Failure, Global};
use crate::auth::password::Passwords;
use crate::imports::{Importer, Job, State, run as carry_out};
use clap::Args;
use rollbook_domain::kernel::context::{Channel, Context};
use rollbook_domain::kernel::product::Product;
use rollbook_ledger::deployment::{Deployment, Open};
use rollbook_replay::import::{self, FILE_BYTES_MAX, Report};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Passwords hashed at once, 19 MiB each.
const HASHES_AT_ONCE: usize = 1;

/// Read another product's users into an organization; exit 1 if single rows were refused.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The product that the file comes from: ucontact, xcally, queuemetrics or voximplant.
    #[arg(long, value_name = "PRODUCT")]
    from: Product,
    /// The file, at most 50 MB.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The organization's name.
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// Only say what would be; write nothing.
    #[arg(long)]
    dry_run: bool,
    /// The role of new users whose row names none; the lowest there is if not given.
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
    /// Why; kept in the ledger.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The ticket it belongs to.
    #[arg(long, value_name = "TEXT")]
    ticket: Option<String>,
}

pub(super) async fn run(global: &Global, command: Import, output: &Output) -> Result<(), Failure> {
    let bytes = file(&command.file)?;
    let found = import::read(command.from, &bytes);
    let found = found.map_err(|error| Failure::Usage(format!("{}: {error}", command.file.display())))?;
    let (deployment, _, open) = global.organization(&command.organization).await?;
    let job = job(&deployment, open, &command)?;
    let bar = super::progress::bar("importing");
    let ended = carry_out(&job, found, |report| {
        bar.set_length(report.total);
        bar.set_position(report.done);
        true
    });
    let ended = ended.await;
    bar.finish_and_clear();
    let report = &ended.report;
    let answer =
        json!({ "id": job.id, "dry_run": job.dry_run, "state": ended.state.word(), "report": report });
    output.answer(&text(&job, ended.state, report), &answer);
    match &report.stopped {
        Some(stopped) => Err(Failure::Unavailable(format!("the import stopped: {}", stopped.detail))),
        None if report.failed > 0 => Err(Failure::Found(format!("{} rows were refused", report.failed))),
        None => Ok(()),
    }
}

fn file(path: &Path) -> Result<Vec<u8>, Failure> {
    let wrong = |what: String| Failure::Usage(format!("{}: {what}", path.display()));
    let told = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?;
    if told.len() > FILE_BYTES_MAX as u64 {
        return Err(wrong("a file has at most 50 MB; split it".to_owned()));
    }
    std::fs::read(path).map_err(|error| wrong(error.to_string()))
}

fn job(deployment: &Deployment, open: Open, command: &Import) -> Result<Job, Failure> {
    let role = Importer::Operator.role(&open.writer.published().organization, command.role.as_deref())?;
    let created = deployment.clock().now();
    let id = uuid::Builder::from_random_bytes(crate::auth::random()?).into_uuid();
    let context = Context {
        channel: Channel::Import(command.from),
        cause: Some(id.to_string()),
        reason: command.reason.clone(),
        ticket: command.ticket.clone(),
        ..operator_context(created)?
    };
    Ok(Job {
        id,
        product: command.from,
        store: deployment.store().clone(),
        open,
        clock: deployment.clock().clone(),
        passwords: Passwords::new(HASHES_AT_ONCE),
        context,
        importer: Importer::Operator,
        role,
        dry_run: command.dry_run,
        created,
    })
}

fn text(job: &Job, state: State, report: &Report) -> String {
    let Report { created, changed, unchanged, failed, .. } = report;
    let tense = if job.dry_run { "would be " } else { "" };
    let mut lines = vec![
        format!("import {} {}", job.id, state.word()),
        format!(
            "{tense}created: {created}, {tense}changed: {changed}, as they are: {unchanged}, refused: {failed}"
        ),
    ];
    for note in &report.notes {
        let what = if note.what.is_empty() { "file" } else { note.what.as_str() };
        lines.push(format!("note: {what} ({} rows): {}", note.rows, note.detail));
    }
    for error in &report.errors {
        let field = if error.field.is_empty() { String::new() } else { format!(", {}", error.field) };
        lines.push(format!("row {}{field}: {}: {}", error.row, error.code, error.detail));
    }
    if report.more_errors > 0 {
        lines.push(format!("and {} errors more", report.more_errors));
    }
    lines.join("\n")
}

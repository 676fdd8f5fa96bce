//! One chunk: planned on the newest state, and then submitted row by row, or tried on a clone.
//!
//! Each row is a command of its own, so that one that is refused keeps no other from its place. Rows are submitted
//! together and in order; the writer makes batches of them.

use super::chunk::Chunk;
use super::run::Job;
use crate::auth::{password, random};
use crate::error::Problem;
use crate::routes::ending::Sessions;
use crate::routes::past;
use futures::future::join_all;
use rollbook_domain::kernel::context::Context;
use rollbook_domain::organization::decide::decide;
use rollbook_domain::organization::rejection::{Forbidden, Rejection};
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::password::{NewPassword, acceptable, is_strong};
use rollbook_ledger::store::CredentialChange;
use rollbook_ledger::writer::{Answer, Submission, WriteError};
use rollbook_replay::import::{Eyes, Record, Report, Row, RowError, Step, plan, refused};
use std::time::Duration;

/// How often a row is submitted while the database cannot be reached or too much waits.
const TRIES: u32 = 6;

/// A row and what it asks for.
struct Asked {
    row: u32,
    record: Record,
    step: Step,
}

/// Decides the rows one after the other on a clone.
pub(super) async fn tried(
    chunk: Chunk<'_>,
    now: &mut Organization,
    report: &mut Report,
) -> Result<(), Problem> {
    let Chunk { job, rows } = chunk;
    for mut asked in planned(job, now, rows, report)? {
        if stored(job, &mut asked, report).await?.is_none() {
            continue;
        }
        let Asked { row, record, step } = asked;
        let Some(command) = step.command else {
            report.done(step.is_new, false);
            continue;
        };
        let context = Context { at: job.clock.now().max(now.at), ..context(job)? };
        let before = now.clone();
        match past::aside(move || decide(&before, &context, &command)).await? {
            Ok(accepted) => {
                report.done(step.is_new, !accepted.events.is_empty());
                *now = accepted.after;
            }
            Err(rejection) => not_done(report, row, &record, rejection.into())?,
        }
    }
    Ok(())
}

/// Submits the rows, and waits until they are durable.
pub(super) async fn written(chunk: Chunk<'_>, report: &mut Report) -> Result<(), Problem> {
    let Chunk { job, rows } = chunk;
    let now = job.open.writer.published().organization.clone();
    let (mut waiting, mut submissions) = (Vec::new(), Vec::new());
    for mut asked in planned(job, &now, rows, report)? {
        let Some(credentials) = stored(job, &mut asked, report).await? else { continue };
        let Some(command) = asked.step.command.take() else {
            report.done(asked.step.is_new, false);
            continue;
        };
        let context = context(job)?;
        submissions.push(Submission { context, command, idempotency: None, credentials, only_at: None });
        waiting.push(asked);
    }
    let answers = join_all(submissions.into_iter().map(|submission| submitted(job, submission))).await;
    let mut stopped = Ok(());
    for (asked, answer) in waiting.iter().zip(answers) {
        // All that were submitted are accounted for, also after the first that stops the job.
        let told = match answer {
            Ok(answer) => follow(job, report, asked.step.is_new, answer).await,
            Err(error) => not_done(report, asked.row, &asked.record, error),
        };
        stopped = stopped.and(told);
    }
    stopped
}

async fn follow(job: &Job, report: &mut Report, is_new: bool, answer: Answer) -> Result<(), Problem> {
    let Answer::Written(written) = answer else { return Ok(()) };
    let changes = !written.events.is_empty();
    report.done(is_new, changes);
    if !changes {
        return Ok(());
    }
    report.wrote(written.first_position, written.position);
    let organization = job.open.writer.id().to_string();
    let sessions = Sessions { store: &job.store, organization, this: job.context.session };
    sessions.end_by(&written.events).await
}

/// What the rows ask for on `now`; what cannot be read or planned is in the report.
fn planned(
    job: &Job,
    now: &Organization,
    rows: Vec<Row>,
    report: &mut Report,
) -> Result<Vec<Asked>, Problem> {
    still_in(job, now)?;
    job.importer.looking(now, |find| {
        let eyes = Eyes { organization: now, find, role: job.role };
        let mut asked = Vec::new();
        for Row { number: row, record } in rows {
            let step = record.and_then(|record| Ok((plan(&eyes, row, &record)?, record)));
            match step {
                Ok((step, record)) => asked.push(Asked { row, record, step }),
                Err(errors) => report.failed(errors),
            }
        }
        asked
    })
}

/// Whoever was let in by an API key or token goes on only while it is theirs.
fn still_in(job: &Job, now: &Organization) -> Result<(), Problem> {
    let actor = job.context.actor;
    let is_theirs = actor.user().is_none_or(|user| now.user(user).is_some_and(|user| user.has_let_in(actor)));
    if is_theirs { Ok(()) } else { Err(Problem::unauthenticated()) }
}

/// Stores the password of a row with its command; none where the row is refused for it.
async fn stored(
    job: &Job,
    asked: &mut Asked,
    report: &mut Report,
) -> Result<Option<Vec<CredentialChange>>, Problem> {
    let Some(plain) = asked.step.password.take() else { return Ok(Some(Vec::new())) };
    if let Err(error) = acceptable("/password", &plain.0) {
        report.failed(refused(asked.row, &asked.record, &error.into()));
        return Ok(None);
    }
    let is_strong = is_strong(&plain.0);
    // One after the other, so that nobody who signs in waits for all of them.
    let hash = if job.dry_run { String::new() } else { job.passwords.hash(plain.0).await? };
    let (credential, put) = password::credential(None, hash, false, job.clock.now())?;
    asked.step.set_password(NewPassword { is_strong, ..NewPassword::unknown(credential) });
    Ok(Some(vec![put]))
}

/// The context of one row.
fn context(job: &Job) -> Result<Context, Problem> {
    let command = uuid::Builder::from_random_bytes(random()?).into_uuid();
    Ok(Context { seed: random()?, command, ..job.context.clone() })
}

async fn submitted(job: &Job, submission: Submission) -> Result<Answer, WriteError> {
    let mut wait = Duration::from_millis(50);
    for _ in 1..TRIES {
        match job.open.writer.submit(submission.clone()).await {
            // Nothing was written.
            Err(WriteError::Busy | WriteError::Unavailable(_)) => tokio::time::sleep(wait).await,
            answer => return answer,
        }
        wait *= 3;
    }
    job.open.writer.submit(submission).await
}

/// A row that was refused; or what keeps all the rows after it from being carried out.
fn not_done(report: &mut Report, row: u32, record: &Record, error: WriteError) -> Result<(), Problem> {
    match error {
        WriteError::Rejected(Rejection::Forbidden(Forbidden::Inactive)) => {
            Err(Problem::from(Rejection::from(Forbidden::Inactive)))
        }
        WriteError::Rejected(rejection) => {
            report.failed(refused(row, record, &rejection));
            Ok(())
        }
        WriteError::Panicked { .. } | WriteError::NotStorable(_) => {
            let problem = Problem::from(error);
            report.failed(vec![RowError::new(row, "", &problem.code, &problem.detail)]);
            Ok(())
        }
        WriteError::KeyReused
        | WriteError::Busy
        | WriteError::Moved
        | WriteError::Unavailable(_)
        | WriteError::ClockSkew { .. }
        | WriteError::Stopped(_) => Err(error.into()),
    }
}

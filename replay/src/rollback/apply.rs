//! Applying a plan by its id: planned again on the newest state and submitted as one command.
//!
//! Nothing slips between planning and appending: the command says at which position it was planned, and the writer
//! refuses it elsewhere. Then it is planned again; a plan that is still the same is submitted again, a different
//! one is shown.

use super::material::{extend, gather};
use super::plan::{Plan, PlanError, Request, plan};
use super::selection::{Resolutions, Selection};
use rollbook_domain::kernel::context::{Channel, Context};
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::store::{ReadError, Store};
use rollbook_ledger::writer::{Answer, Idempotency, LoadError, Submission, WriteError, Writer, ledger_of};
use uuid::Uuid;

/// Times a plan is made again because the organization moved on meanwhile.
const TRIES: u32 = 20;
/// Times the histories of included entities are read before giving up.
const INCLUDES_MAX: u32 = 16;

/// What shall be applied.
#[derive(Clone, Debug)]
pub struct Apply {
    /// The id of the plan that was seen.
    pub plan: String,
    /// What was selected for it.
    pub selection: Selection,
    /// How it was resolved.
    pub resolve: Resolutions,
    /// What a retry is known by.
    pub idempotency: Option<Idempotency>,
}

/// A rollback that was carried out.
#[derive(Clone, Debug)]
pub struct Applied {
    /// Its id: that of the command, by which it can be rolled back itself. Where nobody else wrote at the same
    /// moment it is the batch's too.
    pub id: Uuid,
    /// What became of it.
    pub answer: Answer,
}

/// Why a plan was not applied. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// There is no such plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The plan would be another one now.
    #[error("things have changed since this plan was made; look at the new one")]
    Stale(Box<Plan>),
    /// Conflicts or blockers are left.
    #[error("this plan has conflicts or blockers that nobody has resolved")]
    Unresolved(Box<Plan>),
    /// It was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Plans on `now`, the newest organization known.
///
/// # Errors
/// [`PlanError`].
pub async fn preview(store: &Store, now: &Organization, request: &Request<'_>) -> Result<Plan, PlanError> {
    let mut material = gather(store, now, request.context.at, request.selection).await?;
    for _ in 0..INCLUDES_MAX {
        let plan = plan(now, &material, request)?;
        if plan.wants.is_empty() {
            return Ok(plan);
        }
        extend(store, now, &mut material, &plan.wants).await?;
    }
    Err(PlanError::TooLarge { what: "steps from one missing entity to the next", max: INCLUDES_MAX as usize })
}

/// Applies a plan in one batch, all or nothing, as the actor of `context`, whose time is the present.
///
/// # Errors
/// [`ApplyError`]; nothing was written.
pub async fn apply(
    store: &Store,
    writer: &Writer,
    context: &Context,
    apply: &Apply,
) -> Result<Applied, ApplyError> {
    if let Some(done) = replayed(store, writer, context, apply).await? {
        return Ok(done);
    }
    for _ in 0..TRIES {
        let now = writer.published().organization.clone();
        let request = Request { selection: &apply.selection, resolve: &apply.resolve, context };
        let plan = preview(store, &now, &request).await?;
        let plan = ready(plan, &apply.plan)?;
        let context = Context { channel: Channel::Rollback, cause: Some(plan.id.clone()), ..context.clone() };
        let id = context.command;
        let submission = Submission {
            context,
            command: Command::Undo(plan.undos),
            idempotency: apply.idempotency.clone(),
            credentials: Vec::new(),
            only_at: Some(plan.position),
        };
        match writer.submit(submission).await {
            Err(WriteError::Moved) => {
                writer.catch_up().await?;
            }
            answer => return Ok(Applied { id, answer: answer? }),
        }
    }
    Err(WriteError::Busy.into())
}

/// The plan, if it is the one that was seen and nothing is left to resolve.
fn ready(plan: Plan, seen: &str) -> Result<Plan, ApplyError> {
    if let Some(refused) = plan.refused {
        return Err(WriteError::Rejected(refused).into());
    }
    if plan.id != seen {
        return Err(ApplyError::Stale(Box::new(plan)));
    }
    if let Some(forbidden) = plan.forbidden() {
        return Err(WriteError::Rejected(forbidden.clone()).into());
    }
    if plan.is_resolved() { Ok(plan) } else { Err(ApplyError::Unresolved(Box::new(plan))) }
}

/// The answer to a retry: once applied, the plan would be another one.
async fn replayed(
    store: &Store,
    writer: &Writer,
    context: &Context,
    apply: &Apply,
) -> Result<Option<Applied>, ApplyError> {
    let Some(idempotency) = &apply.idempotency else { return Ok(None) };
    let ledger = ledger_of(writer.id());
    let found = store.command(&ledger.id, &idempotency.actor, &idempotency.key).await;
    let found = found.map_err(|error| unread(error.into()))?;
    let Some(found) = found else { return Ok(None) };
    let submission = Submission {
        context: context.clone(),
        command: Command::Many(Vec::new()),
        idempotency: apply.idempotency.clone(),
        credentials: Vec::new(),
        only_at: None,
    };
    let answer = writer.submit(submission).await?;
    let first = store.read(&ledger, found.first_position.max(1), found.first_position, 1).await;
    let first = first.map_err(unread)?.pop();
    let command = first.and_then(|row| row.entry.metadata.get("command")?.parse().ok());
    Ok(Some(Applied { id: command.unwrap_or(context.command), answer }))
}

fn unread(error: ReadError) -> ApplyError {
    PlanError::Load(LoadError::Read(error)).into()
}

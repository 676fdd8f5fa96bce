//! Erasing agents. What is to go is read from the state alone, which says how far each erasure has come.

use super::{context, forget_values, is_back, unavailable};
use crate::clock::Clock;
use crate::codec::Owner;
use crate::deployment::Open;
use crate::store::{ReadError, Store};
use crate::writer::{Submission, WriteError};
use rollbook_domain::agent::command::AgentCommand;
use rollbook_domain::agent::state::{Agent, Erasure};
use rollbook_domain::organization::command::Command;

/// Finishes every erasure of an agent that was asked for and not confirmed.
///
/// # Errors
/// [`WriteError`]; trying again, or starting again, goes on where it stopped.
pub async fn finish(store: &Store, clock: &Clock, open: &Open) -> Result<(), WriteError> {
    open.writer.catch_up().await?;
    let organization = open.writer.published().organization.clone();
    for agent in organization.agents.values().filter(|agent| agent.erasure == Erasure::Requested) {
        forget_values(store, organization.id, &keys(agent)).await.map_err(unavailable)?;
        confirm(clock, open, agent).await?;
    }
    Ok(())
}

/// The same at a start, and what a restore brought back goes again. A confirmation that cannot be appended is left to
/// the next start.
pub(super) async fn resume(
    store: &Store,
    clock: &Clock,
    open: &Open,
    agent: &Agent,
) -> Result<(), ReadError> {
    let id = open.writer.id();
    let is_done = agent.erasure == Erasure::Done;
    if is_done && !is_back(store, id, &keys(agent)).await? {
        return Ok(());
    }
    tracing::warn!(agent = %agent.id, "erasing personal values that the ledger says are gone");
    forget_values(store, id, &keys(agent)).await?;
    if is_done {
        return Ok(());
    }
    if let Err(error) = confirm(clock, open, agent).await {
        tracing::error!(agent = %agent.id, %error, "the erasure is done but could not be confirmed");
    }
    Ok(())
}

/// Under which key lie the values that the ledger says are gone: an agent authors nothing.
fn keys(agent: &Agent) -> Vec<String> {
    vec![Owner { person: agent.id.to_string(), authored: false }.key()]
}

async fn confirm(clock: &Clock, open: &Open, agent: &Agent) -> Result<(), WriteError> {
    let command = Command::Agent(AgentCommand::ConfirmErasure(agent.id));
    // Of several who confirm at once, all but the first have nothing left to say.
    let (context, idempotency) = (context(clock)?, None);
    let submission = Submission { context, command, idempotency, credentials: Vec::new(), only_at: None };
    open.writer.submit(submission).await.map(drop)
}

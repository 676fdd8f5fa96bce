//! What an agent is called by: a code and aliases, of which each names at most one agent.

use super::rejection::AgentRejection;
use crate::kernel::id::AgentId;
use crate::kernel::rejection::FieldError;
use crate::kernel::text::{self, folded};
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;

/// Most aliases of one agent.
const ALIASES_MAX: usize = 20;

/// Aliases as they are kept, in the order given: none twice and none that is the code.
pub(super) fn aliases(inputs: &[String], code: &str) -> Result<Vec<String>, Rejection> {
    if inputs.len() > ALIASES_MAX {
        let detail = format!("has {} aliases; at most {ALIASES_MAX} are allowed", inputs.len());
        return Err(FieldError::new("/aliases", "too_many", &detail).into());
    }
    let mut aliases: Vec<String> = Vec::new();
    for (place, input) in inputs.iter().enumerate() {
        let pointer = format!("/aliases/{place}");
        let alias = text::alias(&pointer, input)?;
        let is_it = |other: &str| folded(other) == folded(&alias);
        if is_it(code) || aliases.iter().any(|other| is_it(other)) {
            let detail = "is the agent's code, or one of these aliases, already";
            return Err(FieldError::new(&pointer, "twice", detail).into());
        }
        aliases.push(alias);
    }
    Ok(aliases)
}

pub(super) fn code_is_free(deciding: &Deciding<'_>, code: &str) -> Result<(), Rejection> {
    match deciding.now.agent_called(code) {
        None => Ok(()),
        Some(_) => Err(AgentRejection::CodeTaken.into()),
    }
}

pub(super) fn aliases_are_free(
    deciding: &Deciding<'_>,
    but: Option<AgentId>,
    aliases: &[String],
) -> Result<(), Rejection> {
    let taken = |alias: &String| {
        let holder = deciding.now.agent_called(alias).map(|agent| agent.id);
        holder.is_some() && holder != but
    };
    if aliases.iter().any(taken) { Err(AgentRejection::AliasTaken.into()) } else { Ok(()) }
}

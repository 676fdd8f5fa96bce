//! What an agent is called by: a code and aliases, of which each names at most one agent. That an alias is its own code does
//! no harm, and lets the two be exchanged step by step, forth and back.

use super::rejection::AgentRejection;
use crate::kernel::id::AgentId;
use crate::kernel::rejection::FieldError;
use crate::kernel::text::{self, folded};
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;

/// Most aliases of one agent.
const ALIASES_MAX: usize = 20;

/// Aliases as they are kept, in the order given and none twice.
pub(super) fn aliases(inputs: &[String]) -> Result<Vec<String>, Rejection> {
    if inputs.len() > ALIASES_MAX {
        let detail = format!("has {} aliases; at most {ALIASES_MAX} are allowed", inputs.len());
        return Err(FieldError::new("/aliases", "too_many", &detail).into());
    }
    let mut aliases: Vec<String> = Vec::new();
    for (place, input) in inputs.iter().enumerate() {
        let pointer = format!("/aliases/{place}");
        let alias = text::alias(&pointer, input)?;
        if aliases.iter().any(|other| folded(other) == folded(&alias)) {
            return Err(FieldError::new(&pointer, "twice", "is named twice").into());
        }
        aliases.push(alias);
    }
    Ok(aliases)
}

pub(super) fn code_is_free(
    deciding: &Deciding<'_>,
    but: Option<AgentId>,
    code: &str,
) -> Result<(), Rejection> {
    if is_taken(deciding, but, code) { Err(AgentRejection::CodeTaken.into()) } else { Ok(()) }
}

pub(super) fn aliases_are_free(
    deciding: &Deciding<'_>,
    but: Option<AgentId>,
    aliases: &[String],
) -> Result<(), Rejection> {
    let taken = aliases.iter().any(|alias| is_taken(deciding, but, alias));
    if taken { Err(AgentRejection::AliasTaken.into()) } else { Ok(()) }
}

fn is_taken(deciding: &Deciding<'_>, but: Option<AgentId>, name: &str) -> bool {
    let holder = deciding.now.agent_called(name).map(|agent| agent.id);
    holder.is_some() && holder != but
}

//! How each field of an agent is brought back. Erased values never are.

use super::decide;
use super::place;
use super::rejection::AgentRejection;
use crate::kernel::id::AgentId;
use crate::kernel::personal::Personal;
use crate::kernel::shared::Standing;
use crate::organization::command::Undo;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::organization::undo::{cannot, element, value};

pub(crate) fn undo(deciding: &mut Deciding<'_>, agent: AgentId, one: &Undo) -> Result<(), Rejection> {
    match one.field.as_str() {
        "code" => decide::change_code(deciding, agent, &clear(value(one)?)?),
        "description" => decide::change_description(deciding, agent, &clear(value(one)?)?),
        "aliases" => {
            let aliases: Option<Vec<Personal>> = value(one)?;
            let aliases: Result<Vec<_>, _> = aliases.into_iter().flatten().map(clear).collect();
            decide::change_aliases(deciding, agent, &aliases?)
        }
        "location" => {
            let location: Option<String> = value(one)?;
            decide::change_location(deciding, agent, location.as_ref())
        }
        "payroll_code" => decide::change_payroll_code(deciding, agent, maybe(one)?.as_ref()),
        "extension" => decide::change_extension(deciding, agent, maybe(one)?.as_ref()),
        "visibility_key" => decide::set_visibility_key(deciding, agent, value(one)?),
        "group" => place::set_group(deciding, agent, value(one)?),
        "supervisor" => place::set_supervisor(deciding, agent, value(one)?),
        "queues" => place::set_level(deciding, agent, element(one)?, value(one)?),
        "update_protected" => decide::set_update_protected(deciding, agent, value(one)?),
        "delete_protected" => decide::set_delete_protected(deciding, agent, value(one)?),
        "status" => match value::<Option<Standing>>(one)? {
            Some(Standing::Active) => decide::restore(deciding, agent),
            Some(Standing::Archived) | None => decide::archive(deciding, agent),
        },
        _ => Err(cannot(one)),
    }
}

fn maybe(one: &Undo) -> Result<Option<String>, Rejection> {
    value::<Option<Personal>>(one)?.map(clear).transpose()
}

fn clear(personal: Personal) -> Result<String, Rejection> {
    personal.clear().map(str::to_owned).ok_or_else(|| AgentRejection::Erased.into())
}

//! How each field of a queue is brought back.

use super::decide;
use crate::kernel::id::QueueId;
use crate::kernel::shared::Standing;
use crate::organization::command::Undo;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::organization::undo::{cannot, element, value, wanted};

pub(crate) fn undo(deciding: &mut Deciding<'_>, queue: QueueId, one: &Undo) -> Result<(), Rejection> {
    match one.field.as_str() {
        "name" => decide::change_name(deciding, queue, &value::<String>(one)?),
        "description" => decide::change_description(deciding, queue, &value::<String>(one)?),
        "visibility_key" => decide::set_visibility_key(deciding, queue, value(one)?),
        "agents" => decide::set_agent(deciding, queue, element(one)?, wanted(one)),
        "supervisors" => decide::set_supervisor(deciding, queue, element(one)?, value(one)?),
        "parts" => {
            let part: QueueId = element(one)?;
            let parts = decide::existing(deciding, queue)?.parts;
            let parts = if wanted(one) { parts.update(part) } else { parts.without(&part) };
            decide::change_parts(deciding, queue, &parts)
        }
        "update_protected" => decide::set_update_protected(deciding, queue, value(one)?),
        "delete_protected" => decide::set_delete_protected(deciding, queue, value(one)?),
        "status" => match value::<Option<Standing>>(one)? {
            Some(Standing::Active) => decide::restore(deciding, queue),
            Some(Standing::Archived) | None => decide::archive(deciding, queue),
        },
        _ => Err(cannot(one)),
    }
}

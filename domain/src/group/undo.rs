//! How each field of a group is brought back.

use super::decide;
use crate::kernel::id::GroupId;
use crate::kernel::shared::Standing;
use crate::organization::command::Undo;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::organization::undo::{cannot, element, value, wanted};

pub(crate) fn undo(deciding: &mut Deciding<'_>, group: GroupId, one: &Undo) -> Result<(), Rejection> {
    match one.field.as_str() {
        "name" => decide::change_name(deciding, group, &value::<String>(one)?),
        "description" => decide::change_description(deciding, group, &value::<String>(one)?),
        "members" => decide::set_member(deciding, group, element(one)?, wanted(one)),
        "supervisors" => decide::set_supervisor(deciding, group, element(one)?, wanted(one)),
        "settings" => decide::set_setting(deciding, group, element(one)?, value(one)?),
        "status" => match value::<Option<Standing>>(one)? {
            Some(Standing::Active) => decide::restore(deciding, group),
            Some(Standing::Archived) | None => decide::archive(deciding, group),
        },
        _ => Err(cannot(one)),
    }
}

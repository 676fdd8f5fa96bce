//! How each field of a key is brought back.

use super::decide;
use crate::kernel::id::KeyId;
use crate::kernel::shared::Standing;
use crate::organization::command::Undo;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::organization::undo::{cannot, value};

pub(crate) fn undo(deciding: &mut Deciding<'_>, key: KeyId, one: &Undo) -> Result<(), Rejection> {
    match one.field.as_str() {
        "name" => decide::change_name(deciding, key, &value::<String>(one)?),
        "description" => decide::change_description(deciding, key, &value::<String>(one)?),
        "status" => {
            let to = value::<Option<Standing>>(one)?.unwrap_or(Standing::Archived);
            decide::set_status(deciding, key, to)
        }
        _ => Err(cannot(one)),
    }
}

//! How each field of a role is brought back.

use super::decide;
use crate::kernel::id::{KeyId, RoleId};
use crate::kernel::shared::Standing;
use crate::organization::command::Undo;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::organization::undo::{cannot, element, value, wanted};
use crate::permission::grant::Grant;

pub(crate) fn undo(deciding: &mut Deciding<'_>, role: RoleId, one: &Undo) -> Result<(), Rejection> {
    match one.field.as_str() {
        "name" => decide::change_name(deciding, role, &value::<String>(one)?),
        "description" => decide::change_description(deciding, role, &value::<String>(one)?),
        "rank" => decide::change_rank(deciding, role, value(one)?),
        "grants" => {
            let grant: Grant = element(one)?;
            let grants = decide::existing(deciding, role)?.grants.value;
            let grants =
                if wanted(one) { grants.changed(&[grant], &[]) } else { grants.changed(&[], &[grant]) };
            decide::change_grants(deciding, role, &grants)
        }
        "keys" => {
            let key: KeyId = element(one)?;
            let keys = decide::existing(deciding, role)?.keys.set();
            let keys = if wanted(one) { keys.update(key) } else { keys.without(&key) };
            decide::change_keys(deciding, role, &keys)
        }
        "status" => {
            let to = value::<Option<Standing>>(one)?.unwrap_or(Standing::Archived);
            decide::set_status(deciding, role, to)
        }
        _ => Err(cannot(one)),
    }
}

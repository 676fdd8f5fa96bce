//! How each field of a profile is brought back.

use super::decide;
use crate::kernel::id::ProfileId;
use crate::kernel::shared::Standing;
use crate::organization::command::Undo;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::organization::undo::{cannot, element, value, wanted};
use crate::permission::grant::Grant;

pub(crate) fn undo(deciding: &mut Deciding<'_>, profile: ProfileId, one: &Undo) -> Result<(), Rejection> {
    match one.field.as_str() {
        "name" => decide::change_name(deciding, profile, &value::<String>(one)?),
        "description" => decide::change_description(deciding, profile, &value::<String>(one)?),
        "grants" => {
            let grant: Grant = element(one)?;
            let grants = decide::existing(deciding, profile)?.grants.value;
            let grants =
                if wanted(one) { grants.changed(&[grant], &[]) } else { grants.changed(&[], &[grant]) };
            decide::change_grants(deciding, profile, &grants)
        }
        "default_type" => decide::change_type(deciding, profile, value(one)?),
        "sections" => {
            let mut sections = decide::existing(deciding, profile)?.sections;
            let section = one.element.clone().unwrap_or_default();
            match value::<Option<String>>(one)? {
                Some(to) => sections.insert(section, to),
                None => sections.remove(&section),
            };
            decide::change_sections(deciding, profile, &sections)
        }
        "status" => {
            let to = value::<Option<Standing>>(one)?.unwrap_or(Standing::Archived);
            decide::set_status(deciding, profile, to)
        }
        _ => Err(cannot(one)),
    }
}

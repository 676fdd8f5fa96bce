//! How each field of an object is brought back.

use super::command::Use;
use super::{decide, usage};
use crate::kernel::id::ObjectId;
use crate::kernel::shared::Standing;
use crate::organization::command::Undo;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::organization::undo::{cannot, element, value, wanted};

pub(crate) fn undo(deciding: &mut Deciding<'_>, object: ObjectId, one: &Undo) -> Result<(), Rejection> {
    match one.field.as_str() {
        "name" => decide::change_name(deciding, object, &value::<String>(one)?),
        "description" => decide::change_description(deciding, object, &value::<String>(one)?),
        "visibility_key" => decide::set_visibility_key(deciding, object, value(one)?),
        "reports_key" => decide::set_reports_key(deciding, object, value(one)?),
        "contents" => decide::change_contents(deciding, object, &value::<Vec<String>>(one)?),
        "users" => usage::set(deciding, object, Use::User(element(one)?), wanted(one)),
        "queues" => usage::set(deciding, object, Use::Queue(element(one)?), wanted(one)),
        "objects" => usage::set(deciding, object, Use::Object(element(one)?), wanted(one)),
        "status" => match value::<Option<Standing>>(one)? {
            Some(Standing::Active) => decide::restore(deciding, object),
            Some(Standing::Archived) | None => decide::archive(deciding, object),
        },
        _ => Err(cannot(one)),
    }
}

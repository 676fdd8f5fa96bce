//! Single elements of a user's own, beside role and profile: XCALLY's custom dashboards, switched on user by user.

use super::decide::editable;
use super::event::UserEvent;
use crate::kernel::id::UserId;
use crate::kernel::rejection::FieldError;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::permission::grant::{Grant, Grants, Scope};
use crate::role::grants::{fits_one_event, same, valid_grants};

/// Gives exactly these elements; none takes all away.
pub(super) fn set(deciding: &mut Deciding<'_>, id: UserId, to: Option<Grants>) -> Result<(), Rejection> {
    let user = editable(deciding, id)?;
    let to = to.filter(|grants| !grants.is_empty());
    if let Some(grants) = &to {
        grants.iter().try_for_each(|grant| offered(deciding, grant))?;
        valid_grants(deciding, "/elements", grants)?;
        fits_one_event(grants)?;
    }
    let from = user.elements.map(|given| given.value);
    if from == to { Ok(()) } else { deciding.emit(UserEvent::ElementsSet { user: id, from, to }) }
}

/// Elements, of a module whose elements the catalog gives user by user. The permission stands for its place.
fn offered(deciding: &Deciding<'_>, grant: &Grant) -> Result<(), FieldError> {
    let pointer = format!("/elements/{}", grant.permission.replace('~', "~0").replace('/', "~1"));
    let modules = &deciding.now.catalog.own_elements;
    let module = grant.permission.rsplit_once('.').map(|(module, _)| module);
    let is_offered = module.is_some_and(|module| modules.iter().any(|one| one == module));
    let is_plain = grant.scope == Scope::Elements && grant.limits.is_empty();
    if !is_offered || !is_plain || deciding.now.catalog.permission(&grant.permission).is_none() {
        let detail = match modules.is_empty() {
            true => "the organization's catalog gives no single elements to users".to_owned(),
            false => format!("single elements are given of {}", modules.join(", ")),
        };
        return Err(FieldError::new(&pointer, "not_acceptable", &detail));
    }
    grant.elements.iter().try_for_each(|id| same(&pointer, id))
}

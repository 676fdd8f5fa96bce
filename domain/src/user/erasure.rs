//! Asking that a user's personal data be erased, and saying that it is. The values themselves are the ledger's to erase.

use super::decide::existing;
use super::event::UserEvent;
use super::rejection::UserRejection;
use super::state::Status;
use crate::kernel::id::UserId;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;

/// Asked for, once the user is put away; with it for what is told of them elsewhere.
pub(super) fn request(deciding: &mut Deciding<'_>, id: UserId, authored: bool) -> Result<(), Rejection> {
    let user = existing(deciding, id)?;
    if user.erased && (user.erased_authored || !authored) {
        return Ok(());
    }
    if user.status.value != Status::Archived {
        return Err(UserRejection::NotArchived.into());
    }
    crate::agent::decide::erase_with(deciding, &user)?;
    deciding.emit(UserEvent::ErasureRequested { user: id, authored })
}

/// Said once the values are gone.
pub(super) fn confirm(deciding: &mut Deciding<'_>, id: UserId, authored: bool) -> Result<(), Rejection> {
    let user = existing(deciding, id)?;
    if !user.erased || (authored && !user.erased_authored) {
        return Err(UserRejection::ErasureNotRequested.into());
    }
    deciding.emit(UserEvent::Erased { user: id, authored })
}

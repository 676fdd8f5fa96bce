//! Named API tokens: programs that act with a user's rights, each told apart by its name wherever its acts are told.
//!
//! A user has any number of them, beside the one API key. Not here: the secret, of which only a hash is stored.

use super::decide::{editable, existing};
use super::event::UserEvent;
use super::rejection::UserRejection;
use crate::kernel::id::{CredentialId, UserId};
use crate::kernel::moment::Moment;
use crate::kernel::text;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use serde::{Deserialize, Serialize};

/// One token. It stays when it is revoked, so that what it did goes on to bear its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// What people call it; never changed, and no personal value.
    pub name: String,
    /// When it was made.
    pub created_at: Moment,
    /// Whether it lets nobody in any more.
    pub revoked: bool,
}

pub(super) fn create(
    deciding: &mut Deciding<'_>,
    id: UserId,
    credential: CredentialId,
    name: &str,
) -> Result<(), Rejection> {
    editable(deciding, id)?;
    let name = text::name("/name", name)?;
    if deciding.now.token(&name).is_some() {
        return Err(UserRejection::TokenNameTaken.into());
    }
    deciding.emit(UserEvent::TokenCreated { user: id, credential, name })
}

/// One that is revoked already changes nothing.
pub(super) fn revoke(
    deciding: &mut Deciding<'_>,
    id: UserId,
    credential: CredentialId,
) -> Result<(), Rejection> {
    let user = existing(deciding, id)?;
    match user.tokens.get(&credential).filter(|token| !token.revoked) {
        Some(Token { name, .. }) => {
            deciding.emit(UserEvent::TokenRevoked { user: id, credential, name: name.clone() })
        }
        None => Ok(()),
    }
}

//! What each event about a user needs its actor to be allowed.

use super::event::UserEvent;
use crate::organization::authorize::Right;

/// The right an event needs; none for what every user may do to themselves.
pub(crate) fn right(event: &UserEvent) -> Right {
    let user = event.subject();
    match event {
        UserEvent::Created { role, .. } => Right::new("users.create").with_role(*role).ranked(),
        UserEvent::LoginChanged { .. } => Right::over("users.edit", user).field("login").ranked(),
        UserEvent::Renamed { .. } => Right::over("users.edit", user).field("name"),
        UserEvent::EmailChanged { .. } => Right::over("users.edit", user).field("email").ranked(),
        UserEvent::DetailSet { detail, .. } => Right::over("users.edit", user).field(detail.word()),
        UserEvent::AvatarSet { .. } => Right::over("users.edit", user).field("avatar"),
        UserEvent::RoleAssigned { to, .. } => {
            Right::over("users.role", user).with_role(*to).ranked().not_oneself()
        }
        UserEvent::ProfileAssigned { .. }
        | UserEvent::CustomProfileSet { .. }
        | UserEvent::ElementsSet { .. } => Right::over("users.profile", user).ranked().not_oneself(),
        UserEvent::KeysChanged { .. } | UserEvent::MasterkeySet { .. } | UserEvent::SuperuserSet { .. } => {
            Right::over("users.keys", user).ranked().not_oneself()
        }
        // Letting oneself in for longer would undo what others decided, as lifting one's own block would.
        UserEvent::LoginWindowSet { .. } => Right::over("users.block", user).ranked().not_oneself(),
        UserEvent::Activated { .. }
        | UserEvent::Blocked { .. }
        | UserEvent::Unblocked { .. }
        | UserEvent::LockedOut { .. }
        | UserEvent::Unlocked { .. } => Right::over("users.block", user).ranked(),
        UserEvent::Archived { .. } | UserEvent::Restored { .. } => {
            Right::over("users.archive", user).ranked()
        }
        UserEvent::PasswordSet { .. }
        | UserEvent::TwoFactorSet { .. }
        | UserEvent::TwoFactorRemoved { .. }
        | UserEvent::RecoveryCodeUsed { .. } => {
            Right::over("users.password", user).ranked().free_for_oneself()
        }
        // One's own is set with the old one, or by a link that one asked for.
        UserEvent::PasswordLinkMade { .. } => Right::over("users.password", user).ranked().not_oneself(),
        UserEvent::ApiKeyCreated { .. }
        | UserEvent::ApiKeyRevoked { .. }
        | UserEvent::TokenCreated { .. }
        | UserEvent::TokenRevoked { .. } => Right::over("users.api_key", user).ranked(),
        UserEvent::ErasureRequested { .. } | UserEvent::Erased { .. } => {
            Right::over("users.erase", user).ranked()
        }
    }
}

//! What each event about a role needs its actor to be allowed.

use super::event::RoleEvent;
use crate::organization::authorize::Right;

/// The right an event needs.
pub(crate) fn right(event: &RoleEvent) -> Right {
    let role = event.subject();
    match event {
        RoleEvent::Created { rank, .. } => Right::new("roles.create").rank_of_new_role(*rank),
        RoleEvent::Renamed { .. } | RoleEvent::Described { .. } => Right::over("roles.edit", role).ranked(),
        RoleEvent::RankChanged { to, .. } => {
            Right::over("roles.edit", role).ranked().rank_of_new_role(*to).not_oneself()
        }
        RoleEvent::GrantsChanged { .. } | RoleEvent::KeysChanged { .. } => {
            Right::over("roles.edit", role).ranked().not_oneself()
        }
        RoleEvent::Archived { .. } | RoleEvent::Restored { .. } => {
            Right::over("roles.archive", role).ranked()
        }
    }
}

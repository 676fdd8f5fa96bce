//! Somebody who may grant anything must stay: nobody could give that power back.

use super::rejection::Rejection;
use super::state::Organization;
use crate::event::Event;
use crate::kernel::id::UserId;
use crate::permission::cover;
use crate::role::state::Role;
use crate::user::rejection::UserRejection;
use crate::user::state::User;

/// Refuses a change after which no active user may grant anything, where one did before.
///
/// # Errors
/// `last_owner`.
pub(super) fn keeps_a_keeper(
    before: &Organization,
    after: &Organization,
    events: &[Event],
) -> Result<(), Rejection> {
    // Where nobody's role carries the power, everybody would have to be looked at: so only if it may have been lost.
    let loses = |event: &Event| match event {
        Event::User(event) => before.user(UserId(event.subject().id)).is_some_and(|user| keeps(before, user)),
        Event::Role(_) | Event::Profile(_) => true,
        Event::Organization(_)
        | Event::Key(_)
        | Event::Queue(_)
        | Event::Group(_)
        | Event::Agent(_)
        | Event::Object(_)
        | Event::Settings(_) => false,
    };
    if events.iter().any(loses) && has_keeper(before) && !has_keeper(after) {
        return Err(UserRejection::LastOwner.into());
    }
    Ok(())
}

/// Whoever may sign in at times only is no keeper: the last one's time would run out.
fn keeps(organization: &Organization, user: &User) -> bool {
    user.is_active() && user.login_window.is_none() && cover::may_grant_any(organization, user)
}

/// Looks at the holders of the roles that carry the power first, and at everybody only if that finds nobody.
fn has_keeper(organization: &Organization) -> bool {
    let key = cover::key_to_grant_any(organization);
    let carries = |role: &Role| {
        !role.grants.value.of(cover::GRANT_ANY).is_empty() || key.is_some_and(|key| role.keys.contains(&key))
    };
    let by_role = organization
        .roles
        .values()
        .filter(|role| carries(role))
        .flat_map(|role| role.holders.iter())
        .filter_map(|id| organization.user(*id))
        .any(|user| keeps(organization, user));
    by_role || organization.users.values().any(|user| keeps(organization, user))
}

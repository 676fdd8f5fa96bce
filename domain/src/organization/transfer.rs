//! Passing the organization on: who holds the right and a user of lower rank exchange their roles (Voximplant Kit:
//! "Transfer ownership", to an administrator; what the former owner becomes is not found and chosen so).
//!
//! Whom it may be passed to, the grant of `organization.transfer` says. Not here: giving a role to somebody beside.

use super::authorize::Right;
use super::decide::Deciding;
use super::rejection::{Forbidden, Rejection};
use super::state::Organization;
use crate::event::Event;
use crate::kernel::id::{Kind, RoleId, UserId};
use crate::user::decide::assign_role;
use crate::user::event::UserEvent;
use crate::user::rejection::UserRejection;

pub(super) fn transfer(deciding: &mut Deciding<'_>, to: UserId) -> Result<(), Rejection> {
    let now = &deciding.now;
    let owner = deciding.context.actor.user().and_then(|id| now.user(id));
    let owner = owner.ok_or(Forbidden::Permission { permission: "organization.transfer" })?;
    let heir = now.user(to).ok_or(Rejection::Missing(Kind::User))?;
    if heir.id == owner.id {
        return Ok(());
    }
    if !heir.is_active() {
        return Err(UserRejection::StatusForbids(heir.status.value).into());
    }
    let (from, mine, theirs) = (owner.id, owner.role.value, heir.role.value);
    if rank(now, theirs) >= rank(now, mine) {
        return Err(Forbidden::RankTooLow.into());
    }
    assign_role(deciding, to, mine)?;
    assign_role(deciding, from, theirs)
}

fn rank(organization: &Organization, role: RoleId) -> u16 {
    organization.roles.get(&role).map_or(u16::MAX, |role| role.rank.value)
}

/// The right by which a change of role is judged that is half of an exchange in which `asker` passes on their own role
/// and takes a lower one.
pub(super) fn by_transfer(
    before: &Organization,
    asker: UserId,
    event: &Event,
    events: &[Event],
) -> Option<Right> {
    let assigned = |event: &Event| {
        let Event::User(UserEvent::RoleAssigned { user, from, to }) = event else { return None };
        Some((*user, *from, *to))
    };
    let (user, ..) = assigned(event)?;
    let mut all = events.iter().filter_map(assigned);
    let (_, mine, lower) = all.clone().find(|(user, ..)| *user == asker)?;
    let (heir, ..) = all.find(|(user, from, to)| *user != asker && (*from, *to) == (lower, mine))?;
    let passes_on = rank(before, lower) < rank(before, mine) && (user == asker || user == heir);
    passes_on.then(|| Right::over("organization.transfer", heir.subject()))
}

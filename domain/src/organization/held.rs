//! What a giver holds, and so may give: grants by scope and place, keys by holding.

use super::reach::{self, Reach};
use super::rejection::{Forbidden, Rejection};
use super::state::Organization;
use crate::kernel::id::{KeyId, UserId};
use crate::permission::cover;
use crate::permission::given::Given;
use crate::permission::grant::{Grant, Grants, Scope};
use crate::permission::keyring::{self, Holding};
use crate::permission::source;
use crate::user::state::User;
use imbl::OrdSet;

/// Every scope whose reach depends on where its holder is.
const RELATIVE: [Scope; 4] = [Scope::Managed, Scope::Group, Scope::Assigned, Scope::AssignedEditor];

pub(super) fn opening<'a>(organization: &Organization, keys: impl Iterator<Item = &'a KeyId>) -> Vec<KeyId> {
    keys.filter(|key| !restricts(organization, **key)).copied().collect()
}

pub(super) fn restricting<'a>(
    organization: &Organization,
    keys: impl Iterator<Item = &'a KeyId>,
) -> Vec<KeyId> {
    keys.filter(|key| restricts(organization, **key)).copied().collect()
}

fn restricts(organization: &Organization, key: KeyId) -> bool {
    organization.keys.get(&key).is_some_and(|key| key.restricts)
}

/// A relative grant is held where its holders are; anything else by a grant that covers it.
pub(super) fn may_give(
    before: &Organization,
    after: &Organization,
    giver: &User,
    grant: &Grant,
    holders: &OrdSet<UserId>,
) -> bool {
    let covered = cover::missing(before, giver, std::slice::from_ref(grant)).is_none();
    if covered && !RELATIVE.contains(&grant.scope) {
        return true;
    }
    let at = |scope| Grant { scope, ..grant.clone() };
    if cover::missing(before, giver, std::slice::from_ref(&at(Scope::All))).is_none() {
        return true;
    }
    // Holders are outranked, and so is whoever they reach where they are: that is asked of each place below.
    let by_rank = (RELATIVE.contains(&grant.scope) || grant.scope == Scope::Own)
        && reach::is_about_users(before, grant)
        && cover::missing(before, giver, std::slice::from_ref(&at(Scope::Lower))).is_none();
    let places = holders.iter().filter_map(|id| after.user(*id));
    (covered || by_rank)
        && places
            .flat_map(|user| reach::places_of(user, grant.scope))
            .all(|place| Reach::Place(grant.clone(), place).is_held(before, after, giver))
}

pub(super) fn holds(organization: &Organization, user: &User, key: KeyId) -> bool {
    matches!(keyring::holding(organization, user, key), Holding::Held(_))
}

/// A key is given by whoever holds it; the masterkey stands for every key but one that a minus names, and but the one
/// that opens what may give anything, since it passes no rank (design §2).
pub(super) fn may_give_key(before: &Organization, giver: &User, key: KeyId) -> bool {
    match keyring::holding(before, giver, key) {
        Holding::Held(_) => true,
        Holding::TakenAway(_) => false,
        Holding::None => giver.masterkey.value && cover::key_to_grant_any(before) != Some(key),
    }
}

/// The masterkey is held less what a minus names, and given to whoever has the same minuses at least.
pub(super) fn may_give_masterkey(before: &Organization, giver: &User, receiver: &User) -> bool {
    let mut taken = giver.keys.iter().filter(|entry| entry.minus && !restricts(before, entry.key));
    giver.masterkey.value && taken.all(|entry| receiver.keys.since(entry).is_some())
}

pub(super) fn held(organization: &Organization, user: &User) -> Vec<Grant> {
    source::held(organization, user).map(|held| held.grant.clone()).collect()
}

/// These grants and what they cover.
pub(super) fn in_force<'a>(
    organization: &Organization,
    grants: impl Iterator<Item = &'a Grant>,
) -> Vec<Grant> {
    let grants: Grants = grants.cloned().collect();
    let given = Given::new(&grants, organization.position, organization.catalog);
    given.each_in_force().map(|(grant, _)| grant.clone()).collect()
}

pub(super) fn newly_held(before: &Organization, after: &Organization, user: UserId) -> Vec<Grant> {
    let was = before.user(user).map(|user| held(before, user)).unwrap_or_default();
    let is = after.user(user).map(|user| held(after, user)).unwrap_or_default();
    cover::gained(&was.iter().collect::<Vec<_>>(), &is.iter().collect::<Vec<_>>())
}

pub(super) fn more(what: &str) -> Rejection {
    Forbidden::GivesMore { what: what.to_owned() }.into()
}

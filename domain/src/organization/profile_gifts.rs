//! What a change of a profile's permission types gives to its holders.

use super::state::Organization;
use crate::kernel::id::{ProfileId, UserId};
use crate::permission::cover;
use crate::permission::grant::Grant;
use imbl::OrdSet;

/// What the profile gives after it and did not give before, and who has the profile.
pub(super) fn gained(
    before: &Organization,
    after: &Organization,
    id: ProfileId,
) -> (Vec<Grant>, OrdSet<UserId>) {
    let was = before.profiles.get(&id);
    let held: Vec<_> = was.iter().flat_map(|profile| profile.in_force()).collect();
    let now: Vec<_> = after.profiles.get(&id).iter().flat_map(|profile| profile.in_force()).collect();
    (cover::gained(&held, &now), was.map(|profile| profile.holders.clone()).unwrap_or_default())
}

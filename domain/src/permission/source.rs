//! Where a user's grants come from: role, profile, custom profile, and what everybody has (design §2).
//!
//! An archived role or profile gives nothing, whoever still holds it.

use super::given::Given;
use super::grant::Grant;
use super::reason::Source;
use crate::kernel::shared::Standing;
use crate::organization::state::Organization;
use crate::user::state::User;

/// The position of `organization.created`, which fixed the catalog.
pub(crate) const FOUNDED: u64 = 1;

/// A source of grants that a user has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) grants: &'a Given,
    pub(crate) source: Source,
    pub(crate) name: &'a str,
    /// When the user was given the source.
    assigned: u64,
}

impl Origin<'_> {
    /// The position that made it so that the user has a grant which is in the source since `since`.
    pub(crate) fn position(&self, since: u64) -> u64 {
        since.max(self.assigned)
    }
}

/// A grant that a user holds.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// The grant.
    pub grant: &'a Grant,
    /// What gives it.
    pub source: Source,
    /// The role's or profile's name, or the source's word.
    pub name: &'a str,
    /// The ledger position that made it so.
    pub position: u64,
}

/// Every grant that `user` holds, what it covers included, role first. Superuser is not a grant: ask [`User::superuser`].
pub fn held<'a>(organization: &'a Organization, user: &'a User) -> impl Iterator<Item = Held<'a>> {
    origins(organization, user).flat_map(|origin| {
        let Origin { grants, source, name, .. } = origin;
        grants.each_in_force().map(move |(grant, since)| Held {
            grant,
            source,
            name,
            position: origin.position(since),
        })
    })
}

/// The sources of grants that `user` has, without allocating.
pub(crate) fn origins<'a>(
    organization: &'a Organization,
    user: &'a User,
) -> impl Iterator<Item = Origin<'a>> + use<'a> {
    let [grant_by_grant, by_type] = of_profile(organization, user);
    [
        of_role(organization, user),
        grant_by_grant,
        by_type,
        of_elements(user),
        of_custom_profile(user),
        Some(Origin {
            grants: &organization.catalog.everyone,
            source: Source::Everyone,
            name: &organization.catalog.name,
            assigned: FOUNDED,
        }),
    ]
    .into_iter()
    .flatten()
}

fn of_role<'a>(organization: &'a Organization, user: &'a User) -> Option<Origin<'a>> {
    let role = organization.role_of(user).filter(|role| role.status == Standing::Active)?;
    Some(Origin {
        grants: &role.grants,
        source: Source::Role,
        name: &role.name,
        assigned: user.role.position,
    })
}

/// What a profile gives grant by grant, and by its permission types.
fn of_profile<'a>(organization: &'a Organization, user: &'a User) -> [Option<Origin<'a>>; 2] {
    let profile = user.profile.value.and_then(|id| organization.profiles.get(&id));
    let profile = profile.filter(|profile| profile.status == Standing::Active);
    let origin = |grants: &'a Given, name: &'a str| Origin {
        grants,
        source: Source::Profile,
        name,
        assigned: user.profile.position,
    };
    [
        profile.map(|profile| origin(&profile.grants, &profile.name)),
        profile.map(|profile| origin(&profile.by_type, &profile.name)),
    ]
}

fn of_elements(user: &User) -> Option<Origin<'_>> {
    let grants = user.elements.as_ref()?;
    Some(Origin { grants, source: Source::Elements, name: "elements", assigned: 0 })
}

fn of_custom_profile(user: &User) -> Option<Origin<'_>> {
    let grants = user.custom_profile.as_ref()?;
    Some(Origin { grants, source: Source::CustomProfile, name: "custom_profile", assigned: 0 })
}

//! Comparing grants: is one at least as wide as another? The rule of giving rests on it: one may give only what one
//! holds, at least as wide (design §2 "Granting").
//!
//! Scopes relative to a person (`own`, `managed`, `lower` …) reach different things for different people, so only
//! `all` or the very same word is at least as wide.

use super::facts::{Facts, Targets};
use super::grant::{Grant, Limits, Scope};
use super::resolve::{Question, allowed};
use super::source::held;
use crate::kernel::id::KeyId;
use crate::organization::state::Organization;
use crate::user::state::User;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The mark of those who may give anything and change what they hold themselves (design §2 "may grant any").
pub const GRANT_ANY: &str = "access.grant_any";

/// Whether whatever `narrow` allows somebody, `wide` allows them too.
#[must_use]
pub fn covers(wide: &Grant, narrow: &Grant) -> bool {
    wide.permission == narrow.permission
        && reaches_as_far(wide, narrow)
        && is_limited_at_most_as(&wide.limits, &narrow.limits)
}

fn reaches_as_far(wide: &Grant, narrow: &Grant) -> bool {
    match (wide.scope, narrow.scope) {
        (Scope::All, _) | (Scope::Assigned, Scope::AssignedEditor) => true,
        (Scope::Queues, Scope::Queues) => narrow.queues.iter().all(|(channel, ids)| {
            ids.is_empty() || wide.queues.get(channel).is_some_and(|all| ids.is_subset(all))
        }),
        (Scope::Elements, Scope::Elements) => narrow.elements.is_subset(&wide.elements),
        (wide, narrow) => wide == narrow,
    }
}

fn is_limited_at_most_as(wide: &Limits, narrow: &Limits) -> bool {
    let within = |narrow: &BTreeSet<Arc<str>>, wide: &BTreeSet<Arc<str>>| {
        wide.is_empty() || (!narrow.is_empty() && narrow.is_subset(wide))
    };
    within(&narrow.fields, &wide.fields)
        && within(&narrow.actions, &wide.actions)
        && within(&narrow.sections, &wide.sections)
        && within(&narrow.parts, &wide.parts)
        && wide.without_parts.is_subset(&narrow.without_parts)
        && wide.only_if.is_subset(&narrow.only_if)
        && wide.unless.is_subset(&narrow.unless)
}

/// What of `after` no grant of `before` covers: what a change gives.
#[must_use]
pub fn gained(before: &[&Grant], after: &[&Grant]) -> Vec<Grant> {
    let new = after.iter().filter(|grant| !before.iter().any(|held| covers(held, grant)));
    new.map(|grant| Grant::clone(grant)).collect()
}

/// Whether `user` may give anything, whatever they hold themselves.
#[must_use]
pub fn may_grant_any(organization: &Organization, user: &User) -> bool {
    let question = Question {
        who: user,
        permission: GRANT_ANY,
        // Of the organization, not at any scope: a grant of the mark for some elements only is not the mark.
        targets: &Targets::of(organization.id.subject()),
        facts: &Facts::default(),
        at: organization.at,
        // A keeper's status and login window are asked apart: what they may give does not come and go with the hour.
        as_if_active: true,
    };
    allowed(organization, &question)
}

/// The key that opens [`GRANT_ANY`], where the catalog guards it with one.
#[must_use]
pub fn key_to_grant_any(organization: &Organization) -> Option<KeyId> {
    organization.catalog.permission(GRANT_ANY)?.key.as_ref()?.id(organization)
}

/// Whether `user`, who may do `permission` at some scope, may do it to whatever it is about but for locks: nothing limits
/// where it reaches.
#[must_use]
pub fn reaches_all(organization: &Organization, user: &User, permission: &str) -> bool {
    let everything = Grant::new(permission, Scope::All);
    user.superuser.value || held(organization, user).any(|held| covers(held.grant, &everything))
}

/// The first of `gifts` that `giver` may not give: neither may they give anything, nor are they superuser, nor do
/// they hold it at least as wide.
#[must_use]
pub fn missing<'g>(organization: &Organization, giver: &User, gifts: &'g [Grant]) -> Option<&'g Grant> {
    if giver.superuser.value || may_grant_any(organization, giver) {
        return None;
    }
    gifts.iter().find(|gift| !held(organization, giver).any(|held| covers(held.grant, gift)))
}

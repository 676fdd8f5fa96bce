//! Grants in force, each with the position of the event that gave it: what roles, profiles and custom profiles hold.
//!
//! A check reads the small heads, not the grants: a grant is long, and most questions are settled by its scope.
//! A grant of a product's function is in force as a grant of whatever the function covers too, whoever wrote it.

use super::catalog::{Catalog, PermissionNumber};
use super::grant::{Grant, Grants, Scope};
use crate::kernel::shared::{Dated, Undated};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Grants in force, each since a position. A clone costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Dated<Grant>", into = "Dated<Grant>")]
pub struct Given {
    /// The grants alone.
    pub value: Grants,
    /// Of each grant, in the same order, the position of the event that gave it.
    since: Arc<[u64]>,
    /// What the grants cover beside themselves, each since the grant that covers it.
    covered: Arc<[(Grant, u64)]>,
    /// Of each grant in force that the catalog knows, in the order of the catalog's numbers.
    heads: Arc<[Head]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    permission: PermissionNumber,
    scope: Scope,
    limited: bool,
    /// The place among the grants, and after the last of them among what is covered.
    nth: u32,
}

/// One grant in force.
#[derive(Clone, Copy, Debug)]
pub(crate) struct One<'a> {
    pub(crate) grant: &'a Grant,
    /// As in the grant, so that it need not be read.
    pub(crate) scope: Scope,
    /// Whether the grant has limits.
    pub(crate) limited: bool,
    pub(crate) since: u64,
}

impl Given {
    /// `grants`, all given by the event at `position`.
    #[must_use]
    pub fn new(grants: &Grants, position: u64, catalog: &Catalog) -> Self {
        Self::default().replaced(grants, position, catalog)
    }

    /// Without `removed` and with `added`, given at `position`; what was there before is there since it was.
    #[must_use]
    pub fn changed(&self, added: &[Grant], removed: &[Grant], position: u64, catalog: &Catalog) -> Self {
        let kept = self.each().filter(|(grant, _)| !removed.contains(grant));
        let added = added.iter().map(|grant| (grant, position));
        // Of equal grants the last stays: what was kept.
        Self::of_pairs(added.chain(kept).collect()).indexed(catalog)
    }

    /// Exactly `grants`: what was there before is there since it was, the rest since `position`.
    #[must_use]
    pub fn replaced(&self, grants: &Grants, position: u64, catalog: &Catalog) -> Self {
        let before: BTreeMap<&Grant, u64> = self.each().collect();
        let since = grants.iter().map(|grant| before.get(grant).copied().unwrap_or(position)).collect();
        Self { value: grants.clone(), since, ..Self::default() }.indexed(catalog)
    }

    /// Found by the numbers of `catalog`, with what it says they cover: needed of what was read from a snapshot,
    /// which has neither.
    #[must_use]
    pub(crate) fn indexed(mut self, catalog: &Catalog) -> Self {
        self.covered = covered(self.each(), catalog)
            .into_iter()
            .filter(|(grant, _)| !self.value.contains(grant))
            .collect();
        let head = |(grant, nth): (&Grant, u32)| {
            let permission = catalog.permission(&grant.permission)?.number;
            Some(Head { permission, scope: grant.scope, limited: !grant.limits.is_empty(), nth })
        };
        let in_force = self.value.iter().chain(self.covered.iter().map(|(grant, _)| grant));
        let mut heads: Vec<_> = in_force.zip(0..).filter_map(head).collect();
        heads.sort_by_key(|head| head.permission);
        self.heads = heads.into();
        self
    }

    fn of_pairs(pairs: BTreeMap<&Grant, u64>) -> Self {
        let value = pairs.keys().copied().cloned().collect();
        Self { value, since: pairs.into_values().collect(), ..Self::default() }
    }

    /// Every grant and since when, in order.
    pub fn each(&self) -> impl Iterator<Item = (&Grant, u64)> {
        self.value.iter().enumerate().map(|(nth, grant)| (grant, self.since(nth)))
    }

    /// Every grant in force and since when: those given, then what they cover.
    pub fn each_in_force(&self) -> impl Iterator<Item = (&Grant, u64)> {
        self.each().chain(self.covered.iter().map(|(grant, since)| (grant, *since)))
    }

    /// How many grants are in force.
    #[must_use]
    pub fn in_force(&self) -> usize {
        self.value.len() + self.covered.len()
    }

    /// The grants of one permission.
    pub(crate) fn of(&self, permission: PermissionNumber) -> impl Iterator<Item = One<'_>> {
        let first = self.heads.partition_point(|head| head.permission < permission);
        let heads = self.heads.get(first..).unwrap_or_default().iter();
        let heads = heads.take_while(move |head| head.permission == permission);
        heads.filter_map(|Head { scope, limited, nth, .. }| {
            let (grant, since) = self.nth(*nth as usize)?;
            Some(One { grant, scope: *scope, limited: *limited, since })
        })
    }

    fn nth(&self, nth: usize) -> Option<(&Grant, u64)> {
        match nth.checked_sub(self.value.len()) {
            None => Some((self.value.at(nth)?, self.since(nth))),
            Some(nth) => self.covered.get(nth).map(|(grant, since)| (grant, *since)),
        }
    }

    fn since(&self, nth: usize) -> u64 {
        // There is one for each grant.
        self.since.get(nth).copied().unwrap_or_default()
    }
}

/// What `grants` cover beside themselves, each since the earliest that covers it.
fn covered<'a>(grants: impl Iterator<Item = (&'a Grant, u64)>, catalog: &Catalog) -> BTreeMap<Grant, u64> {
    let mut covered = BTreeMap::new();
    for (grant, since) in grants {
        for name in catalog.covered_by(&grant.permission) {
            let earliest =
                covered.entry(Grant { permission: name.clone(), ..grant.clone() }).or_insert(since);
            *earliest = since.min(*earliest);
        }
    }
    covered
}

impl TryFrom<Dated<Grant>> for Given {
    type Error = Undated;

    fn try_from(dated: Dated<Grant>) -> Result<Self, Undated> {
        let pairs: Vec<_> = dated.pairs()?.collect();
        Ok(Self::of_pairs(pairs.iter().map(|(grant, since)| (grant, *since)).collect()))
    }
}

impl From<Given> for Dated<Grant> {
    fn from(given: Given) -> Self {
        given.each().map(|(grant, since)| (grant.clone(), since)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn catalog() -> &'static Catalog {
        Catalog::newest("standard").unwrap()
    }

    fn grant(nth: u8) -> Grant {
        let names = ["users.view", "audit.view", "reports.export", "not.in.the.catalog"];
        let scope = [Scope::All, Scope::Own][usize::from(nth / 4 % 2)];
        Grant::new(names[usize::from(nth % 4)], scope)
    }

    fn since(given: &Given) -> Vec<(u8, u64)> {
        let of = |nth: u8| given.each().find(|(one, _)| **one == grant(nth)).map(|(_, since)| (nth, since));
        (0..8).filter_map(of).collect()
    }

    #[test]
    fn a_grant_keeps_its_position_until_it_is_taken_away() {
        let first = Given::new(&[0, 1].map(grant).into_iter().collect(), 3, catalog());
        let more = first.changed(&[grant(2), grant(0)], &[], 5, catalog());
        assert_eq!(since(&more), [(0, 3), (1, 3), (2, 5)]);
        let fewer = more.changed(&[], &[grant(0)], 6, catalog());
        let again = fewer.changed(&[grant(0)], &[], 7, catalog());
        assert_eq!(since(&again), [(0, 7), (1, 3), (2, 5)]);
    }

    #[test]
    fn a_whole_new_set_keeps_the_positions_of_what_stays() {
        let first = Given::new(&[0, 1].map(grant).into_iter().collect(), 3, catalog());
        let second = first.replaced(&[1, 2].map(grant).into_iter().collect(), 8, catalog());
        assert_eq!(since(&second), [(1, 3), (2, 8)]);
    }

    #[test]
    fn a_grant_of_what_the_catalog_does_not_know_is_kept_and_never_found() {
        let given = Given::new(&[3, 0].map(grant).into_iter().collect(), 3, catalog());
        assert_eq!(since(&given), [(0, 3), (3, 3)]);
        let found = catalog().permissions().flat_map(|permission| given.of(permission.number));
        let found: Vec<_> = found.map(|one| one.grant).cloned().collect();
        assert_eq!(found, [grant(0)]);
    }

    proptest! {
        #[test]
        fn by_number_are_found_the_grants_that_are_found_by_name(
            nths in prop::collection::vec(0u8..8, 0..8), removed in prop::collection::vec(0u8..8, 0..4),
        ) {
            let removed: Vec<_> = removed.into_iter().map(grant).collect();
            let given = Given::new(&nths.into_iter().map(grant).collect(), 1, catalog())
                .changed(&[grant(1)], &removed, 2, catalog());
            let json = serde_json::to_string(&given).unwrap();
            let read = serde_json::from_str::<Given>(&json).unwrap().indexed(catalog());
            prop_assert_eq!(&read, &given);
            for permission in catalog().permissions() {
                let found: Vec<_> = read.of(permission.number).map(|one| one.grant).cloned().collect();
                prop_assert_eq!(&found[..], given.value.of(&permission.name));
            }
        }
    }
}

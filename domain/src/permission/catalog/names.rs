//! Permissions by name, for checks: one hash and, as a rule, one comparison.
//!
//! A table that is filled once, when the catalog is loaded; it decides nothing.

use super::Permission;
use crate::kernel::fast_hash;

/// Where the permission of each name is in the catalog's list.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// At least half of it free, so that a search ends soon; its length a power of two, or none.
    slots: Vec<Option<Slot>>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    nth: usize,
}

impl Names {
    pub(super) fn of(permissions: &[Permission]) -> Self {
        let mut names = Self { slots: vec![None; (permissions.len() * 2).next_power_of_two()] };
        for (nth, permission) in permissions.iter().enumerate() {
            let hash = fast_hash::of_word(&permission.name);
            let free = names.places(hash).find(|place| matches!(names.slots.get(*place), Some(None)));
            if let Some(slot) = free.and_then(|place| names.slots.get_mut(place)) {
                *slot = Some(Slot { hash, nth });
            }
        }
        names
    }

    /// The permission of this name among those that this was made of.
    pub(super) fn find<'a>(&self, name: &str, permissions: &'a [Permission]) -> Option<&'a Permission> {
        let hash = fast_hash::of_word(name);
        let filled = self.places(hash).map_while(|place| *self.slots.get(place)?);
        let mut alike = filled.filter(|slot| slot.hash == hash).filter_map(|slot| permissions.get(slot.nth));
        alike.find(|permission| *permission.name == *name)
    }

    /// Every place, beginning with that of `hash`.
    fn places(&self, hash: u32) -> impl Iterator<Item = usize> + use<> {
        let (length, first) = (self.slots.len(), hash as usize);
        (0..length).map(move |step| (first + step) & (length - 1))
    }
}

//! Which keys a user holds: the role's keys and the user's own, less what a minus names (`facts/products.md` §1.2).
//!
//! A minus always wins, over the role, over an own entry and over the masterkey.

use super::reason::{Code, Note, Sink, Source};
use crate::kernel::id::KeyId;
use crate::kernel::shared::Standing;
use crate::organization::state::Organization;
use crate::role::state::Role;
use crate::user::state::{KeyEntry, User};
use std::collections::BTreeSet;

/// What a user is to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// Nothing gives it.
    None,
    /// A minus takes it away, since this position.
    TakenAway(u64),
    /// Held, since this position.
    Held(u64),
}

/// What `user` is to `key`, the masterkey left aside.
#[must_use]
pub fn holding(organization: &Organization, user: &User, key: KeyId) -> Holding {
    if let Some(since) = user.keys.since(&KeyEntry { key, minus: true }) {
        return Holding::TakenAway(since);
    }
    if let Some(since) = user.keys.since(&KeyEntry { key, minus: false }) {
        return Holding::Held(since);
    }
    match role_in_use(organization, user).and_then(|role| role.keys.since(&key)) {
        Some(since) => Holding::Held(since.max(user.role.position)),
        None => Holding::None,
    }
}

/// The keys `user` holds, by id; the masterkey adds none, since it opens locks without being a key.
#[must_use]
pub fn keyring(organization: &Organization, user: &User) -> BTreeSet<KeyId> {
    let of_role = role_in_use(organization, user).into_iter().flat_map(|role| role.keys.iter().copied());
    let own = user.keys.iter().map(|entry| entry.key);
    of_role.chain(own).filter(|key| matches!(holding(organization, user, *key), Holding::Held(_))).collect()
}

/// Whether `user` opens what `key` guards. `key` is `None` where the organization lacks a reserved key.
///
/// `missing` is what a denial is noted as, so that a lock and a guarded function can be told apart; `by_masterkey` says
/// whether the masterkey opens it.
pub(crate) fn opens<S: Sink>(
    organization: &Organization,
    user: &User,
    key: (Option<KeyId>, &str),
    missing: (Source, u64),
    by_masterkey: bool,
    sink: &mut S,
) -> bool {
    let (id, name) = key;
    let (source, since) = missing;
    let state = id.and_then(|id| organization.keys.get(&id));
    let holding = id.map_or(Holding::None, |id| holding(organization, user, id));
    let in_use = state.is_some_and(|key| key.status == Standing::Active);
    // Restricting keys are never granted by masterkey (design §2), so they open nothing by it either.
    let master = by_masterkey && user.masterkey.value && state.is_none_or(|key| !key.restricts);
    let (note, opens) = match holding {
        Holding::TakenAway(position) => (Note::deny(Source::Key, name, position, Code::KeyTakenAway), false),
        Holding::Held(position) if in_use => (Note::allow(Source::Key, name, position, Code::KeyHeld), true),
        Holding::Held(_) | Holding::None if master => {
            (Note::allow(Source::Masterkey, name, user.masterkey.position, Code::Masterkey), true)
        }
        Holding::Held(_) | Holding::None => (Note::deny(source, name, since, Code::KeyMissing), false),
    };
    sink.note(note);
    opens
}

fn role_in_use<'a>(organization: &'a Organization, user: &User) -> Option<&'a Role> {
    organization.role_of(user).filter(|role| role.status == Standing::Active)
}

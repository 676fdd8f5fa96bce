//! What an event gives, and whether the giver holds it at least as wide (design §2, "Granting").
//!
//! Taking away a minus, a restricting key or a visibility key counts as giving; joining or supervising a
//! group or queue gives what its scopes reach.

use super::rejection::{Forbidden, Rejection};
use super::state::Organization;
use crate::event::Event;
use crate::group::event::GroupEvent;
use crate::kernel::id::{GroupId, KeyId, QueueId, UserId};
use crate::permission::cover;
use crate::permission::grant::{Grant, Scope};
use crate::permission::keyring::{self, Holding};
use crate::permission::source;
use crate::profile::event::ProfileEvent;
use crate::queue::event::QueueEvent;
use crate::queue::state::Supervision;
use crate::role::event::RoleEvent;
use crate::user::event::UserEvent;
use crate::user::state::{KeyEntry, User};

/// Where a relative scope begins to reach.
#[derive(Clone, Copy, Debug)]
enum Place {
    Group(GroupId),
    Queue(QueueId),
}

/// What one event gives to anybody.
#[derive(Debug, Default)]
pub(super) struct Gifts {
    grants: Vec<Grant>,
    keys: Vec<KeyId>,
    lifted: Vec<KeyId>,
    masterkey: bool,
    superuser: bool,
    reach: Vec<(Grant, Place)>,
}

pub(super) fn gifts(event: &Event, before: &Organization, after: &Organization) -> Gifts {
    match event {
        Event::User(event) => of_user(event, before, after),
        Event::Role(event) => of_role(event, before),
        Event::Profile(ProfileEvent::GrantsChanged { profile, added, .. }) => {
            let now =
                before.profiles.get(profile).map(|profile| profile.grants.value.clone()).unwrap_or_default();
            Gifts { grants: cover::gained(&now.iter().collect::<Vec<_>>(), &refs(added)), ..Gifts::default() }
        }
        Event::Queue(event) => of_queue(event, before, after),
        Event::Group(event) => of_group(event, before, after),
        Event::Organization(_) | Event::Profile(_) | Event::Key(_) | Event::Settings(_) => Gifts::default(),
    }
}

fn refs(grants: &[Grant]) -> Vec<&Grant> {
    grants.iter().collect()
}

fn of_user(event: &UserEvent, before: &Organization, after: &Organization) -> Gifts {
    match event {
        UserEvent::Created { user, .. } => {
            let grants = after.user(*user).map(|user| held(after, user)).unwrap_or_default();
            let keys = after.user(*user).and_then(|user| after.role_of(user));
            let keys = keys.map(|role| opening(after, role.keys.value.iter())).unwrap_or_default();
            Gifts { grants: from_base(after, grants), keys, ..Gifts::default() }
        }
        UserEvent::RoleAssigned { user, from, to } => {
            let keys_of =
                |role| before.roles.get(role).map(|role| role.keys.value.clone()).unwrap_or_default();
            let (old, new) = (keys_of(from), keys_of(to));
            let keys = opening(before, new.iter().filter(|key| !old.contains(*key)));
            let lifted = restricting(before, old.iter().filter(|key| !new.contains(*key)));
            Gifts { grants: newly_held(before, after, *user), keys, lifted, ..Gifts::default() }
        }
        UserEvent::ProfileAssigned { user, .. } | UserEvent::CustomProfileSet { user, .. } => {
            Gifts { grants: newly_held(before, after, *user), ..Gifts::default() }
        }
        UserEvent::KeysChanged { added, removed, .. } => of_own_keys(before, added, removed),
        UserEvent::MasterkeySet { to, .. } => Gifts { masterkey: *to, ..Gifts::default() },
        UserEvent::SuperuserSet { to, .. } => Gifts { superuser: *to, ..Gifts::default() },
        UserEvent::LoginChanged { .. }
        | UserEvent::Renamed { .. }
        | UserEvent::EmailChanged { .. }
        | UserEvent::Activated { .. }
        | UserEvent::Blocked { .. }
        | UserEvent::Unblocked { .. }
        | UserEvent::Archived { .. }
        | UserEvent::Restored { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::ApiKeyCreated { .. }
        | UserEvent::ApiKeyRevoked { .. }
        | UserEvent::ErasureRequested { .. }
        | UserEvent::Erased { .. } => Gifts::default(),
    }
}

/// A plain entry gives a key and a minus takes one; a restricting key is the other way round.
fn of_own_keys(before: &Organization, added: &[KeyEntry], removed: &[KeyEntry]) -> Gifts {
    let added_plain = added.iter().filter(|entry| !entry.minus);
    let removed_minus = removed.iter().filter(|entry| entry.minus);
    let added_minus = added.iter().filter(|entry| entry.minus);
    let removed_plain = removed.iter().filter(|entry| !entry.minus);
    Gifts {
        keys: opening(before, added_plain.chain(removed_minus).map(|entry| &entry.key)),
        lifted: restricting(before, added_minus.chain(removed_plain).map(|entry| &entry.key)),
        ..Gifts::default()
    }
}

fn of_role(event: &RoleEvent, before: &Organization) -> Gifts {
    match event {
        RoleEvent::GrantsChanged { role, added, .. } => {
            let now = before.roles.get(role).map(|role| role.grants.value.clone()).unwrap_or_default();
            Gifts { grants: cover::gained(&now.iter().collect::<Vec<_>>(), &refs(added)), ..Gifts::default() }
        }
        RoleEvent::KeysChanged { added, removed, .. } => Gifts {
            keys: opening(before, added.iter()),
            lifted: restricting(before, removed.iter()),
            ..Gifts::default()
        },
        RoleEvent::Created { .. }
        | RoleEvent::Renamed { .. }
        | RoleEvent::Described { .. }
        | RoleEvent::RankChanged { .. }
        | RoleEvent::Archived { .. }
        | RoleEvent::Restored { .. } => Gifts::default(),
    }
}

fn of_queue(event: &QueueEvent, before: &Organization, after: &Organization) -> Gifts {
    match event {
        QueueEvent::VisibilityKeySet { from, .. } => {
            Gifts { keys: from.iter().copied().collect(), ..Gifts::default() }
        }
        QueueEvent::AgentsChanged { queue, added, .. } => {
            let place = Place::Queue(*queue);
            let joined = added.iter().flat_map(|user| reaching(after, *user, &[Scope::Assigned], place));
            // Whoever is on the queue already reaches the newcomers from now on.
            let others = (!added.is_empty()).then(|| before.queues.get(queue)).flatten();
            let supervisors = others.iter().flat_map(|queue| queue.supervisors.keys());
            let reached = supervisors
                .flat_map(|user| reaching(after, *user, &[Scope::Assigned, Scope::AssignedEditor], place));
            Gifts { reach: joined.chain(reached).collect(), ..Gifts::default() }
        }
        QueueEvent::SupervisorSet { queue, user, to: Some(to), .. } => {
            let scopes: &[Scope] = match to {
                Supervision::Viewer => &[Scope::Assigned],
                Supervision::Editor => &[Scope::Assigned, Scope::AssignedEditor],
            };
            Gifts { reach: reaching(after, *user, scopes, Place::Queue(*queue)), ..Gifts::default() }
        }
        QueueEvent::SupervisorSet { to: None, .. }
        | QueueEvent::Created { .. }
        | QueueEvent::Renamed { .. }
        | QueueEvent::Described { .. }
        | QueueEvent::PartsChanged { .. }
        | QueueEvent::Archived { .. }
        | QueueEvent::Restored { .. } => Gifts::default(),
    }
}

fn of_group(event: &GroupEvent, before: &Organization, after: &Organization) -> Gifts {
    match event {
        GroupEvent::MembersChanged { group, added, .. } => {
            let place = Place::Group(*group);
            let joined = added.iter().flat_map(|user| reaching(after, *user, &[Scope::Group], place));
            let others = (!added.is_empty()).then(|| before.groups.get(group)).flatten();
            let supervisors = others.iter().flat_map(|group| group.supervisors.iter());
            let reached = supervisors.flat_map(|user| reaching(after, *user, &[Scope::Managed], place));
            Gifts { reach: joined.chain(reached).collect(), ..Gifts::default() }
        }
        GroupEvent::SupervisorsChanged { group, added, .. } => {
            let place = Place::Group(*group);
            let reach = added.iter().flat_map(|user| reaching(after, *user, &[Scope::Managed], place));
            Gifts { reach: reach.collect(), ..Gifts::default() }
        }
        GroupEvent::Created { .. }
        | GroupEvent::Renamed { .. }
        | GroupEvent::Described { .. }
        | GroupEvent::SettingSet { .. }
        | GroupEvent::Archived { .. }
        | GroupEvent::Restored { .. } => Gifts::default(),
    }
}

fn held(organization: &Organization, user: &User) -> Vec<Grant> {
    source::held(organization, user).map(|held| held.grant.clone()).collect()
}

/// What everybody has is given to nobody.
fn from_base(organization: &Organization, grants: Vec<Grant>) -> Vec<Grant> {
    cover::gained(&organization.catalog.everyone.iter().collect::<Vec<_>>(), &refs(&grants))
}

fn newly_held(before: &Organization, after: &Organization, user: UserId) -> Vec<Grant> {
    let was = before.user(user).map(|user| held(before, user)).unwrap_or_default();
    let is = after.user(user).map(|user| held(after, user)).unwrap_or_default();
    cover::gained(&refs(&was), &refs(&is))
}

fn opening<'a>(organization: &Organization, keys: impl Iterator<Item = &'a KeyId>) -> Vec<KeyId> {
    keys.filter(|key| !restricts(organization, **key)).copied().collect()
}

fn restricting<'a>(organization: &Organization, keys: impl Iterator<Item = &'a KeyId>) -> Vec<KeyId> {
    keys.filter(|key| restricts(organization, **key)).copied().collect()
}

fn restricts(organization: &Organization, key: KeyId) -> bool {
    organization.keys.get(&key).is_some_and(|key| key.restricts)
}

/// The grants of a user whose scope begins to reach at `place`.
fn reaching(after: &Organization, user: UserId, scopes: &[Scope], place: Place) -> Vec<(Grant, Place)> {
    let Some(user) = after.user(user) else { return Vec::new() };
    let grants = source::held(after, user).filter(|held| scopes.contains(&held.grant.scope));
    grants.map(|held| (held.grant.clone(), place)).collect()
}

impl Gifts {
    /// Refuses what `giver` does not hold at least as wide.
    pub(super) fn check(&self, before: &Organization, giver: &User) -> Result<(), Rejection> {
        if let Some(grant) = cover::missing(before, giver, &self.grants) {
            return Err(more(&grant.permission));
        }
        let name = |key: &KeyId| before.keys.get(key).map_or("key", |key| key.name.as_str());
        if let Some(key) = self.keys.iter().find(|key| !may_give_key(before, giver, **key)) {
            return Err(more(name(key)));
        }
        if let Some(key) = self.lifted.iter().find(|key| holds(before, giver, **key)) {
            return Err(more(name(key)));
        }
        if self.masterkey && !giver.masterkey.value {
            return Err(more("masterkey"));
        }
        if self.superuser && !giver.superuser.value {
            return Err(more("superuser"));
        }
        match self.reach.iter().find(|(grant, place)| !reaches_too(before, giver, grant, *place)) {
            Some((grant, _)) => Err(more(&grant.permission)),
            None => Ok(()),
        }
    }
}

fn holds(before: &Organization, user: &User, key: KeyId) -> bool {
    matches!(keyring::holding(before, user, key), Holding::Held(_))
}

/// A key is given by whoever holds it; the masterkey stands for every key but one that a minus names.
fn may_give_key(before: &Organization, giver: &User, key: KeyId) -> bool {
    match keyring::holding(before, giver, key) {
        Holding::Held(_) => true,
        Holding::TakenAway(_) => false,
        Holding::None => giver.masterkey.value,
    }
}

fn more(what: &str) -> Rejection {
    Forbidden::GivesMore { what: what.to_owned() }.into()
}

/// Whether the giver reaches the place as far: everywhere, or by the same scope being there themselves.
fn reaches_too(before: &Organization, giver: &User, grant: &Grant, place: Place) -> bool {
    let everywhere = Grant { scope: Scope::All, ..grant.clone() };
    if cover::missing(before, giver, std::slice::from_ref(&everywhere)).is_none() {
        return true;
    }
    let is_there = match (place, grant.scope) {
        (Place::Group(group), Scope::Managed) => giver.supervises.contains_key(&group),
        (Place::Group(group), _) => giver.groups.contains(&group),
        (Place::Queue(queue), Scope::AssignedEditor) => {
            giver.posts.get(&queue).is_some_and(|post| post.supervises == Some(Supervision::Editor))
        }
        (Place::Queue(queue), _) => giver.posts.contains_key(&queue),
    };
    is_there && cover::missing(before, giver, std::slice::from_ref(grant)).is_none()
}

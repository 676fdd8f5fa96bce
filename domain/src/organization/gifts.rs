//! What an event gives, and whether the giver holds it at least as wide (design §2, "Granting").
//!
//! Taking away a minus, a restricting key or a visibility key counts as giving; joining or supervising a
//! group or queue gives what its scopes reach; so does putting an agent there, to those who are there already; a password or API key of another gives all that they hold.

use super::agent_reach;
use super::held::{
    held, holds, in_force, may_give, may_give_key, may_give_masterkey, more, newly_held, opening, restricting,
};
use super::profile_gifts;
use super::reach::{self, Place, Reach};
use super::rejection::{Forbidden, Rejection};
use super::state::Organization;
use crate::agent::event::AgentEvent;
use crate::event::Event;
use crate::group::event::GroupEvent;
use crate::kernel::id::{KeyId, QueueId, RoleId, UserId};
use crate::object::event::ObjectEvent;
use crate::permission::cover;
use crate::permission::grant::{Grant, Grants, Scope};
use crate::permission::keyring;
use crate::permission::source;
use crate::profile::event::ProfileEvent;
use crate::queue::event::QueueEvent;
use crate::queue::state::Supervision;
use crate::role::event::RoleEvent;
use crate::user::event::UserEvent;
use crate::user::state::{KeyEntry, User};
use imbl::OrdSet;

/// What one event gives to anybody.
#[derive(Debug, Default)]
pub(super) struct Gifts {
    /// Grants that somebody begins to hold.
    grants: Vec<Grant>,
    /// Who begins to hold them: their relative scopes reach where these people are.
    holders: OrdSet<UserId>,
    keys: Vec<KeyId>,
    /// Restricting keys that are taken away.
    lifted: Vec<KeyId>,
    masterkey: bool,
    superuser: bool,
    reach: Vec<Reach>,
    /// Whom the giver must outrank.
    ranked: OrdSet<UserId>,
}

pub(super) fn gifts(event: &Event, context: (&Organization, &Organization, UserId)) -> Gifts {
    let (before, after, giver) = context;
    match event {
        Event::User(event) => of_user(event, before, after, giver),
        Event::Role(event) => of_role(event, before),
        Event::Profile(event) => of_profile(event, before, after),
        Event::Queue(event) => of_queue(event, after),
        Event::Group(event) => of_group(event, after),
        Event::Agent(event) => of_agent(event, after),
        Event::Object(event) => of_object(event),
        Event::Organization(_) | Event::Key(_) | Event::Settings(_) => Gifts::default(),
    }
}

fn of_user(event: &UserEvent, before: &Organization, after: &Organization, giver: UserId) -> Gifts {
    match event {
        UserEvent::Created { user, .. } => {
            let Some(user) = after.user(*user) else { return Gifts::default() };
            let keys = after.role_of(user).map(|role| opening(after, role.keys.iter()));
            let keys = keys.unwrap_or_default();
            Gifts { grants: held(after, user), holders: OrdSet::unit(user.id), keys, ..Gifts::default() }
        }
        UserEvent::RoleAssigned { user, from, to } => of_role_assigned(before, after, *user, (*from, *to)),
        UserEvent::ProfileAssigned { user, .. }
        | UserEvent::CustomProfileSet { user, .. }
        | UserEvent::ElementsSet { user, .. } => {
            let grants = newly_held(before, after, *user);
            Gifts { grants, holders: OrdSet::unit(*user), ..Gifts::default() }
        }
        UserEvent::KeysChanged { added, removed, .. } => of_own_keys(before, added, removed),
        UserEvent::MasterkeySet { user, to, .. } => {
            Gifts { masterkey: *to, holders: OrdSet::unit(*user), ..Gifts::default() }
        }
        UserEvent::SuperuserSet { to, .. } => Gifts { superuser: *to, ..Gifts::default() },
        // Whoever takes the second factor away leaves a password that may be known.
        UserEvent::PasswordSet { user, .. }
        | UserEvent::PasswordLinkMade { user, .. }
        | UserEvent::TwoFactorRemoved { user, .. }
        | UserEvent::ApiKeyCreated { user, .. }
        | UserEvent::TokenCreated { user, .. } => {
            // A user who is made by the same command was judged as a creation.
            let another = before.user(*user).filter(|user| user.id != giver);
            another.map(|user| all_of(before, user)).unwrap_or_default()
        }
        UserEvent::LoginChanged { .. }
        | UserEvent::Renamed { .. }
        | UserEvent::EmailChanged { .. }
        | UserEvent::DetailSet { .. }
        | UserEvent::AvatarSet { .. }
        | UserEvent::LoginWindowSet { .. }
        | UserEvent::Activated { .. }
        | UserEvent::Blocked { .. }
        | UserEvent::Unblocked { .. }
        | UserEvent::LockedOut { .. }
        | UserEvent::Unlocked { .. }
        | UserEvent::Archived { .. }
        | UserEvent::Restored { .. }
        | UserEvent::ApiKeyRevoked { .. }
        | UserEvent::TokenRevoked { .. }
        | UserEvent::TwoFactorSet { .. }
        | UserEvent::RecoveryCodeUsed { .. }
        | UserEvent::ErasureRequested { .. }
        | UserEvent::Erased { .. } => Gifts::default(),
    }
}

/// Beside the role's grants and keys: a higher rank widens every `lower` that the user holds, a lower rank brings
/// the user into the reach of those between.
fn of_role_assigned(
    before: &Organization,
    after: &Organization,
    id: UserId,
    (from, to): (RoleId, RoleId),
) -> Gifts {
    let keys_of = |organization: &Organization, role| {
        organization.roles.get(&role).map(|role| role.keys.clone()).unwrap_or_default()
    };
    let (old, new) = (keys_of(before, from), keys_of(after, to));
    let keys = opening(after, new.iter().filter(|key| !old.contains(*key)));
    let lifted = restricting(before, old.iter().filter(|key| !new.contains(*key)));
    let rank = |organization: &Organization, role| {
        organization
            .roles
            .get(&role)
            .map_or(0, |role: &std::sync::Arc<crate::role::state::Role>| role.rank.value)
    };
    let ranks = (rank(before, from), rank(after, to));
    let mut grants = newly_held(before, after, id);
    grants.extend(by_rank(before, after, ranks, std::iter::once(id)));
    Gifts { grants, holders: OrdSet::unit(id), keys, lifted, ..Gifts::default() }
}

/// The `lower` grants that a change of rank widens: of those who rise, or of everybody whom the rank passes on
/// its way down.
fn by_rank(
    before: &Organization,
    after: &Organization,
    (from, to): (u16, u16),
    who: impl Iterator<Item = UserId>,
) -> Vec<Grant> {
    if to > from {
        return reach::relative_grants(after, who, &[Scope::Lower]).into_iter().collect();
    }
    let passed = before.roles.values().filter(|role| role.rank.value > to && role.rank.value <= from);
    let holders = passed.flat_map(|role| role.holders.iter().copied());
    reach::relative_grants(before, holders, &[Scope::Lower]).into_iter().collect()
}

/// Whoever can sign in as somebody holds all that they hold, and is free of what restricts others.
fn all_of(organization: &Organization, user: &User) -> Gifts {
    let keys: Vec<_> = keyring::keyring(organization, user).into_iter().collect();
    let restricted = |key: KeyId| holds(organization, user, key);
    let lifted = organization.keys.values().filter(|key| key.restricts && !restricted(key.id));
    Gifts {
        grants: held(organization, user),
        holders: OrdSet::unit(user.id),
        keys: opening(organization, keys.iter()),
        lifted: lifted.map(|key| key.id).collect(),
        masterkey: user.masterkey.value,
        superuser: user.superuser.value,
        ..Gifts::default()
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

/// What a role holds that nobody has yet is judged too: it is made to be given.
fn of_role(event: &RoleEvent, before: &Organization) -> Gifts {
    let of = |role: &RoleId| before.roles.get(role);
    let holders = |role: &RoleId| of(role).map(|role| role.holders.clone()).unwrap_or_default();
    match event {
        RoleEvent::Created { grants, keys, .. } => Gifts {
            grants: in_force(before, grants.iter()),
            keys: opening(before, keys.iter()),
            ..Gifts::default()
        },
        RoleEvent::GrantsChanged { role, added, .. } => {
            let now = of(role).map(|role| role.grants.value.clone()).unwrap_or_default();
            let grants = in_force(before, beyond(&now, added).iter());
            Gifts { grants, holders: holders(role), ..Gifts::default() }
        }
        RoleEvent::KeysChanged { added, removed, .. } => Gifts {
            keys: opening(before, added.iter()),
            lifted: restricting(before, removed.iter()),
            ..Gifts::default()
        },
        RoleEvent::RankChanged { role, from, to } => {
            let grants = by_rank(before, before, (*from, *to), holders(role).into_iter());
            Gifts { grants, ..Gifts::default() }
        }
        RoleEvent::Renamed { .. }
        | RoleEvent::Described { .. }
        | RoleEvent::Archived { .. }
        | RoleEvent::Restored { .. } => Gifts::default(),
    }
}

/// A profile has no rank of its own: its holders' ranks stand for it, whether it gives or takes.
fn of_profile(event: &ProfileEvent, before: &Organization, after: &Organization) -> Gifts {
    match event {
        ProfileEvent::Created { grants, .. } => {
            Gifts { grants: in_force(before, grants.iter()), ..Gifts::default() }
        }
        ProfileEvent::GrantsChanged { profile, added, .. } => {
            let Some(profile) = before.profiles.get(profile) else {
                return Gifts { grants: in_force(before, added.iter()), ..Gifts::default() };
            };
            let holders = profile.holders.clone();
            let grants = in_force(before, beyond(&profile.grants.value, added).iter());
            Gifts { grants, holders: holders.clone(), ranked: holders, ..Gifts::default() }
        }
        ProfileEvent::TypeSet { profile, .. } | ProfileEvent::SectionSet { profile, .. } => {
            let (grants, holders) = profile_gifts::gained(before, after, *profile);
            Gifts { grants, holders: holders.clone(), ranked: holders, ..Gifts::default() }
        }
        ProfileEvent::Renamed { .. }
        | ProfileEvent::Described { .. }
        | ProfileEvent::Archived { .. }
        | ProfileEvent::Restored { .. } => Gifts::default(),
    }
}

fn of_queue(event: &QueueEvent, after: &Organization) -> Gifts {
    match event {
        QueueEvent::VisibilityKeySet { from, .. } => {
            Gifts { keys: from.iter().copied().collect(), ..Gifts::default() }
        }
        QueueEvent::AgentsChanged { queue, added, .. } => {
            let there = after.queues.get(queue).filter(|_| !added.is_empty());
            let agents = there.iter().flat_map(|queue| queue.agents.iter());
            let supervisors = there.iter().flat_map(|queue| queue.supervisors.keys());
            let others = agents.chain(supervisors).copied().filter(|user| !added.contains(user));
            let editors = there.iter().flat_map(|queue| queue.supervisors.iter());
            let editors = editors.filter(|(_, how)| **how == Supervision::Editor).map(|(user, _)| *user);
            let mut reached = reach::relative_grants(after, others, &[Scope::Assigned]);
            reached.extend(reach::relative_grants(after, editors, &[Scope::AssignedEditor]));
            joining(after, added, &[Scope::Assigned], Place::Queue(*queue)).reaching(after, reached, added)
        }
        QueueEvent::SupervisorSet { queue, user, to: Some(to), .. } => {
            let scopes: &[Scope] = match to {
                Supervision::Viewer => &[Scope::Assigned],
                Supervision::Editor => &[Scope::Assigned, Scope::AssignedEditor],
            };
            joining(after, &[*user], scopes, Place::Queue(*queue))
        }
        QueueEvent::PartsChanged { queue, added, .. } => of_parts(after, *queue, added),
        QueueEvent::SupervisorSet { to: None, .. }
        | QueueEvent::Created { .. }
        | QueueEvent::Renamed { .. }
        | QueueEvent::Described { .. }
        | QueueEvent::UpdateProtectionSet { .. }
        | QueueEvent::DeleteProtectionSet { .. }
        | QueueEvent::Archived { .. }
        | QueueEvent::Restored { .. } => Gifts::default(),
    }
}

/// Whoever reaches the whole reaches what it is composed of.
fn of_parts(after: &Organization, whole: QueueId, added: &[QueueId]) -> Gifts {
    let Some(whole) = after.queues.get(&whole).filter(|_| !added.is_empty()) else { return Gifts::default() };
    let there = whole.agents.iter().chain(whole.supervisors.keys()).copied();
    let grants = reach::relative_grants(after, there, &[Scope::Assigned, Scope::AssignedEditor]);
    let each = grants
        .into_iter()
        .flat_map(|grant| added.iter().map(move |part| Reach::Place(grant.clone(), Place::Queue(*part))));
    Gifts { reach: each.collect(), ..Gifts::default() }
}

fn of_group(event: &GroupEvent, after: &Organization) -> Gifts {
    match event {
        GroupEvent::MembersChanged { group, added, .. } => {
            let there = after.groups.get(group).filter(|_| !added.is_empty());
            let members = there.iter().flat_map(|group| group.members.iter());
            let members = members.copied().filter(|user| !added.contains(user));
            let supervisors = there.iter().flat_map(|group| group.supervisors.iter().copied());
            let mut reached = reach::relative_grants(after, members, &[Scope::Group]);
            reached.extend(reach::relative_grants(after, supervisors, &[Scope::Managed]));
            joining(after, added, &[Scope::Group], Place::Group(*group)).reaching(after, reached, added)
        }
        GroupEvent::SupervisorsChanged { group, added, .. } => {
            joining(after, added, &[Scope::Managed], Place::Group(*group))
        }
        GroupEvent::Created { .. }
        | GroupEvent::Renamed { .. }
        | GroupEvent::Described { .. }
        | GroupEvent::SettingSet { .. }
        | GroupEvent::Archived { .. }
        | GroupEvent::Restored { .. } => Gifts::default(),
    }
}

fn of_agent(event: &AgentEvent, after: &Organization) -> Gifts {
    let reach = agent_reach::reach(event, after);
    let AgentEvent::VisibilityKeySet { from, .. } = event else {
        return Gifts { reach, ..Gifts::default() };
    };
    Gifts { keys: from.iter().copied().collect(), ..Gifts::default() }
}

/// Whoever opens an object must be able to open it. That something has or uses it lets nobody do anything.
fn of_object(event: &ObjectEvent) -> Gifts {
    let (ObjectEvent::VisibilityKeySet { from, .. } | ObjectEvent::ReportsKeySet { from, .. }) = event else {
        return Gifts::default();
    };
    Gifts { keys: from.iter().copied().collect(), ..Gifts::default() }
}

/// What `users` reach by joining `place`; those who reach anything must be outranked.
fn joining(after: &Organization, users: &[UserId], scopes: &[Scope], place: Place) -> Gifts {
    let gains = |user: &&UserId| {
        let held = after.user(**user).into_iter().flat_map(|user| source::held(after, user));
        held.into_iter().any(|held| scopes.contains(&held.grant.scope))
    };
    let grants = reach::relative_grants(after, users.iter().copied(), scopes);
    Gifts {
        reach: grants.into_iter().map(|grant| Reach::Place(grant, place)).collect(),
        ranked: users.iter().filter(gains).copied().collect(),
        ..Gifts::default()
    }
}

fn beyond(now: &Grants, added: &[Grant]) -> Vec<Grant> {
    cover::gained(&now.iter().collect::<Vec<_>>(), &added.iter().collect::<Vec<_>>())
}

impl Gifts {
    fn reaching(
        mut self,
        after: &Organization,
        grants: impl IntoIterator<Item = Grant>,
        newcomers: &[UserId],
    ) -> Self {
        let about_users = grants.into_iter().filter(|grant| !reach::is_about_agents(after, grant));
        self.reach.extend(about_users.map(|grant| Reach::Newcomers(grant, newcomers.to_vec())));
        self
    }

    /// Refuses what `giver` does not hold at least as wide, and those whom they do not outrank.
    pub(super) fn check(
        &self,
        before: &Organization,
        after: &Organization,
        giver: &User,
    ) -> Result<(), Rejection> {
        let mine = before.rank_of(giver);
        let outranks = |id: &UserId| before.user(*id).is_none_or(|user| before.rank_of(user) < mine);
        if let Some(grant) =
            self.grants.iter().find(|grant| !may_give(before, after, giver, grant, &self.holders))
        {
            return Err(more(&grant.permission));
        }
        let name = |key: &KeyId| before.keys.get(key).map_or("key", |key| key.name.as_str());
        if let Some(key) = self.keys.iter().find(|key| !may_give_key(before, giver, **key)) {
            return Err(more(name(key)));
        }
        if let Some(key) = self.lifted.iter().find(|key| holds(before, giver, **key)) {
            return Err(more(name(key)));
        }
        let mut receivers = self.holders.iter().filter_map(|id| after.user(*id));
        if self.masterkey && !receivers.all(|receiver| may_give_masterkey(before, giver, receiver)) {
            return Err(more("masterkey"));
        }
        if self.superuser && !giver.superuser.value {
            return Err(more("superuser"));
        }
        if let Some(reach) = self.reach.iter().find(|reach| !reach.is_held(before, after, giver)) {
            return Err(more(&reach.grant().permission));
        }
        match self.ranked.iter().all(|id| *id == giver.id || outranks(id)) {
            true => Ok(()),
            false => Err(Forbidden::RankTooLow.into()),
        }
    }
}

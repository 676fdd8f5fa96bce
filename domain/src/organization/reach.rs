//! What scopes relative to a person begin to reach when people join a group or queue, or supervise it.
//!
//! Two things are given: whoever joins reaches the place, and whoever is there already reaches the newcomer. An agent
//! that comes to a place reaches nothing, being no account; it is only reached.
//! A giver must reach as far by a grant of their own: everywhere, by being there too, or by outranking everybody
//! concerned where the permission is about users alone (`lower` reaches nothing else).

use super::state::Organization;
use crate::kernel::id::{AgentId, GroupId, Kind, QueueId, UserId};
use crate::kernel::shared::Standing;
use crate::permission::cover;
use crate::permission::grant::{Grant, Scope};
use crate::permission::source;
use crate::queue::state::Supervision;
use crate::user::state::User;
use std::collections::BTreeSet;

/// Where a relative scope begins to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Group(GroupId),
    Queue(QueueId),
}

/// What a grant begins to reach.
#[derive(Clone, Debug)]
pub(super) enum Reach {
    /// The place and who is there, for those who join it.
    Place(Grant, Place),
    /// Newcomers, for those who are at a place already.
    Newcomers(Grant, Vec<UserId>),
    /// An agent that comes to a place, for those who are there already.
    Agent(Grant, AgentId),
}

impl Reach {
    pub(super) fn grant(&self) -> &Grant {
        match self {
            Self::Place(grant, _) | Self::Newcomers(grant, _) | Self::Agent(grant, _) => grant,
        }
    }

    /// Whether `giver` reached all of it before by a grant at least as little limited.
    pub(super) fn is_held(&self, before: &Organization, after: &Organization, giver: &User) -> bool {
        let judge = Judge { before, after, giver };
        source::held(before, giver).any(|own| match self {
            Self::Place(grant, place) => judge.reaches_place(own.grant, grant, *place),
            Self::Newcomers(grant, users) => {
                users.iter().all(|user| judge.reaches_newcomer(own.grant, grant, *user))
            }
            Self::Agent(grant, agent) => judge.reaches_agent(own.grant, grant, *agent),
        })
    }
}

/// The distinct grants of `users` at one of `scopes`.
pub(super) fn relative_grants(
    organization: &Organization,
    users: impl Iterator<Item = UserId>,
    scopes: &[Scope],
) -> BTreeSet<Grant> {
    let mut seen = BTreeSet::new();
    let mut grants = BTreeSet::new();
    for user in users.filter_map(|id| organization.user(id)) {
        // Most people at a place share a role and a profile: each pair is read once.
        let own = user.custom_profile.is_some().then_some(user.id);
        if !seen.insert((user.role.value, user.profile.value, own)) {
            continue;
        }
        let wanted = source::held(organization, user).filter(|held| scopes.contains(&held.grant.scope));
        grants.extend(wanted.map(|held| held.grant.clone()));
    }
    grants
}

/// Every place where a user is, each with whether `scope` works there for them.
pub(super) fn places_of(user: &User, scope: Scope) -> Vec<Place> {
    match scope {
        Scope::Managed => user.supervises.keys().map(|id| Place::Group(*id)).collect(),
        Scope::Group => user.groups.iter().map(|id| Place::Group(*id)).collect(),
        Scope::Assigned => user.posts.keys().map(|id| Place::Queue(*id)).collect(),
        Scope::AssignedEditor => {
            let edits = user.posts.iter().filter(|(_, post)| post.supervises == Some(Supervision::Editor));
            edits.map(|(id, _)| Place::Queue(*id)).collect()
        }
        Scope::All
        | Scope::Lower
        | Scope::Own
        | Scope::Unassigned
        | Scope::Bot
        | Scope::Queues
        | Scope::Elements => Vec::new(),
    }
}

/// Whether `own` is at most as limited as `grant`, scopes left aside.
fn is_as_free(own: &Grant, grant: &Grant) -> bool {
    let everywhere = |grant: &Grant| Grant { scope: Scope::All, ..grant.clone() };
    own.permission == grant.permission && cover::covers(&everywhere(own), &everywhere(grant))
}

/// Whether the permission names users alone, so that `lower` reaches all that it is about.
pub(super) fn is_about_users(organization: &Organization, grant: &Grant) -> bool {
    is_about(organization, grant, Kind::User)
}

/// Whether the permission names agents alone, so that it reaches no user.
pub(super) fn is_about_agents(organization: &Organization, grant: &Grant) -> bool {
    is_about(organization, grant, Kind::Agent)
}

fn is_about(organization: &Organization, grant: &Grant, kind: Kind) -> bool {
    let permission = organization.catalog.permission(&grant.permission);
    permission.is_some_and(|permission| permission.targets.iter().all(|target| *target == kind))
}

struct Judge<'a> {
    before: &'a Organization,
    after: &'a Organization,
    giver: &'a User,
}

impl Judge<'_> {
    fn reaches_place(&self, own: &Grant, grant: &Grant, place: Place) -> bool {
        self.reaches(own, grant, |scope| {
            let outranks_all = scope == Scope::Lower && self.at(place).iter().all(|id| self.outranks(*id));
            outranks_all || places_of(self.giver, scope).contains(&place)
        })
    }

    fn reaches_newcomer(&self, own: &Grant, grant: &Grant, user: UserId) -> bool {
        self.reaches(own, grant, |scope| {
            (scope == Scope::Lower && self.outranks(user)) || self.is_with(scope, user)
        })
    }

    /// One record is all that is reached, so whichever scope the giver reaches it by is wide enough.
    fn reaches_agent(&self, own: &Grant, grant: &Grant, agent: AgentId) -> bool {
        is_as_free(own, grant) && (own.scope == Scope::All || self.is_with_agent(own.scope, agent))
    }

    fn reaches(&self, own: &Grant, grant: &Grant, there: impl Fn(Scope) -> bool) -> bool {
        let by_rank = own.scope == Scope::Lower && is_about_users(self.before, grant);
        let by_word = own.scope == grant.scope || cover::covers(own, grant);
        is_as_free(own, grant) && (own.scope == Scope::All || ((by_rank || by_word) && there(own.scope)))
    }

    fn outranks(&self, id: UserId) -> bool {
        let rank = |organization: &Organization| organization.user(id).map(|user| organization.rank_of(user));
        let theirs = rank(self.before).or_else(|| rank(self.after)).unwrap_or(u16::MAX);
        theirs < self.before.rank_of(self.giver)
    }

    /// Who is reached at a place by those who join it.
    fn at(&self, place: Place) -> Vec<UserId> {
        match place {
            Place::Group(id) => {
                let group = self.after.groups.get(&id);
                group.map(|group| group.members.iter().copied().collect()).unwrap_or_default()
            }
            Place::Queue(id) => {
                let queue = self.after.queues.get(&id);
                queue.map(|queue| queue.agents.iter().copied().collect()).unwrap_or_default()
            }
        }
    }

    /// Whether the giver reached `user` before through a place where both were.
    fn is_with(&self, scope: Scope, user: UserId) -> bool {
        let Some(user) = self.before.user(user) else { return false };
        places_of(self.giver, scope).iter().any(|place| match place {
            Place::Group(id) => {
                user.id != self.giver.id && user.groups.contains(id) && self.group_in_use(*id)
            }
            Place::Queue(id) => user.posts.get(id).is_some_and(|post| post.serves),
        })
    }

    /// Whether the giver reached `agent` before through a place where both were.
    fn is_with_agent(&self, scope: Scope, agent: AgentId) -> bool {
        let Some(agent) = self.before.agent(agent) else { return false };
        places_of(self.giver, scope).iter().any(|place| match place {
            Place::Group(id) => agent.group == Some(*id) && self.group_in_use(*id),
            Place::Queue(id) => agent.queues.contains_key(id),
        })
    }

    fn group_in_use(&self, id: GroupId) -> bool {
        self.before.groups.get(&id).is_some_and(|group| group.status == Standing::Active)
    }
}

//! About how much memory a state takes: cheap to ask, and no more than an estimate.
//!
//! It counts entities and what they list, not texts: a name is taken to be as long as names are. It walks over
//! everything but the users, of whom there may be a hundred thousand.

use super::state::Organization;
use crate::agent::state::Agent;
use crate::group::state::Group;
use crate::key::state::Key;
use crate::object::state::Object;
use crate::permission::given::Given;
use crate::permission::grant::Grant;
use crate::profile::state::Profile;
use crate::queue::state::Queue;
use crate::role::state::Role;
use crate::user::state::User;
use std::mem::size_of;

/// What the tree and the indexes take even where there is hardly anything.
const LEAST: usize = 16 << 10;
/// Besides a user itself: its texts, its places in the map and in the indexes by login and address, its own keys, groups
/// and queues. 40,000 users made a process grow by 1,373 bytes each.
const USER: usize = size_of::<User>() + 900;
/// Besides an entity itself: its name, its description, its places in the map and in the index by name.
const ENTITY: usize = 400;
/// An id in one of the large sets (members, holders, agents), with its share of the tree.
const MEMBER: usize = 40;
/// A grant with what finds it and the texts of its limits.
const GRANT: usize = size_of::<Grant>() + 64;

impl Organization {
    /// About how many bytes of memory this state takes. States of one organization share most of them.
    #[must_use]
    pub fn estimated_bytes(&self) -> u64 {
        let roles = self.roles.values().map(|role| role_bytes(role)).sum::<usize>();
        let profiles = self.profiles.values().map(|profile| profile_bytes(profile)).sum::<usize>();
        let queues = self.queues.values().map(|queue| queue_bytes(queue)).sum::<usize>();
        let groups = self.groups.values().map(|group| group_bytes(group)).sum::<usize>();
        let agents = self.agents.values().map(|agent| agent_bytes(agent)).sum::<usize>();
        let objects = self.objects.values().map(|object| object_bytes(object)).sum::<usize>();
        let keys = self.keys.len() * (size_of::<Key>() + ENTITY);
        (LEAST + self.users.len() * USER + roles + profiles + queues + groups + agents + objects + keys)
            as u64
    }
}

fn grants(grants: &Given) -> usize {
    grants.in_force() * GRANT
}

fn role_bytes(role: &Role) -> usize {
    size_of::<Role>() + ENTITY + grants(&role.grants) + (role.holders.len() + role.keys.iter().len()) * MEMBER
}

fn profile_bytes(profile: &Profile) -> usize {
    size_of::<Profile>()
        + ENTITY
        + grants(&profile.grants)
        + grants(&profile.by_type)
        + profile.holders.len() * MEMBER
}

fn queue_bytes(queue: &Queue) -> usize {
    let listed = queue.parts.len() + queue.agents.len() + queue.supervisors.len();
    size_of::<Queue>() + ENTITY + listed * MEMBER
}

fn group_bytes(group: &Group) -> usize {
    let listed = group.members.len() + group.supervisors.len() + group.settings.len();
    size_of::<Group>() + ENTITY + listed * MEMBER
}

fn agent_bytes(agent: &Agent) -> usize {
    size_of::<Agent>() + ENTITY + (agent.aliases.len() + agent.queues.len()) * MEMBER
}

/// What uses it is listed by it and in the index by which that is found.
fn object_bytes(object: &Object) -> usize {
    let listed = object.contents.len() + 2 * object.uses().count();
    size_of::<Object>() + ENTITY + listed * MEMBER
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::event::GroupEvent;
    use crate::kernel::context::Actor;
    use crate::kernel::id::{GroupId, OrganizationId, RoleId, UserId};
    use crate::kernel::moment::Moment;
    use crate::kernel::personal::Personal;
    use crate::user::event::UserEvent;
    use crate::user::state::Status;
    use uuid::Uuid;

    fn joined(nth: u128) -> UserEvent {
        let personal = |text: String| Personal::new(&text, [7; 16]);
        UserEvent::Created {
            user: UserId(Uuid::from_u128(nth)),
            login: personal(format!("person.{nth}")),
            name: personal(format!("Some Person {nth}")),
            email: Some(personal(format!("person.{nth}@north.example"))),
            role: RoleId(Uuid::from_u128(1)),
            profile: None,
            status: Status::Active,
        }
    }

    #[test]
    fn it_grows_with_users_by_what_was_measured_and_with_what_entities_list() {
        let mut state = Organization::empty(OrganizationId(Uuid::from_u128(1)));
        let empty = state.estimated_bytes();
        (0..1_000).for_each(|nth| state.apply(Actor::System, Moment(0), &joined(nth).into()));
        let a_user = (state.estimated_bytes() - empty) / 1_000;
        assert!((1_200..1_500).contains(&a_user), "{a_user}");
        let (group, before) = (GroupId(Uuid::from_u128(5)), state.estimated_bytes());
        let created = GroupEvent::Created { group, name: "Day".to_owned(), description: String::new() };
        state.apply(Actor::System, Moment(0), &created.into());
        let with_group = state.estimated_bytes();
        let added = (0..500).map(|nth| UserId(Uuid::from_u128(nth))).collect();
        state.apply(
            Actor::System,
            Moment(0),
            &GroupEvent::MembersChanged { group, added, removed: Vec::new() }.into(),
        );
        assert!(with_group > before);
        assert_eq!(state.estimated_bytes() - with_group, 500 * MEMBER as u64);
    }
}

//! What an undo needs to be in use: the entity itself and what its target value refers to.

use rollbook_domain::kernel::id::{
    AgentId, GroupId, KeyId, Kind, ObjectId, ProfileId, QueueId, RoleId, Subject, UserId,
};
use rollbook_domain::kernel::shared::Standing;
use rollbook_domain::organization::command::Undo;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::state::Status;
use uuid::Uuid;

/// The archived entities that stand in the way of `undo`.
pub(super) fn archived(now: &Organization, undo: &Undo) -> Vec<Subject> {
    let itself = (undo.field != "status").then_some(undo.subject);
    let held = if undo.field == "status" { held(now, undo.subject) } else { Vec::new() };
    let all = itself.into_iter().chain(referred(undo)).chain(held);
    all.filter(|subject| is_archived(now, *subject)).collect()
}

/// What must be in use again before an archived entity is: what it held.
fn held(now: &Organization, subject: Subject) -> Vec<Subject> {
    let id = subject.id;
    match subject.kind {
        Kind::User => {
            let user = now.user(UserId(id));
            let role = user.map(|user| user.role.value.subject());
            let profile = user.and_then(|user| user.profile.value).map(ProfileId::subject);
            let keys = user.into_iter().flat_map(|user| user.keys.iter());
            let keys = keys.map(|entry| entry.key.subject());
            role.into_iter().chain(profile).chain(keys).collect()
        }
        Kind::Queue => {
            let queue = now.queues.get(&QueueId(id));
            queue.and_then(|queue| queue.visibility_key.value).map(KeyId::subject).into_iter().collect()
        }
        Kind::Agent => {
            let agent = now.agent(AgentId(id));
            agent.and_then(|agent| agent.visibility_key.value).map(KeyId::subject).into_iter().collect()
        }
        Kind::Object => {
            let object = now.object(ObjectId(id));
            object.into_iter().flat_map(|object| object.keys()).map(KeyId::subject).collect()
        }
        Kind::Organization
        | Kind::Role
        | Kind::Profile
        | Kind::Key
        | Kind::Group
        | Kind::Settings
        | Kind::Conversation
        | Kind::Setting
        | Kind::Element => Vec::new(),
    }
}

/// Whether the entity is there but put away.
pub(super) fn is_archived(now: &Organization, subject: Subject) -> bool {
    let id = subject.id;
    let standing = |standing: Option<Standing>| standing == Some(Standing::Archived);
    match subject.kind {
        Kind::User => now.user(UserId(id)).is_some_and(|user| user.status.value == Status::Archived),
        Kind::Role => standing(now.roles.get(&RoleId(id)).map(|role| role.status)),
        Kind::Profile => standing(now.profiles.get(&ProfileId(id)).map(|profile| profile.status)),
        Kind::Key => standing(now.keys.get(&KeyId(id)).map(|key| key.status)),
        Kind::Queue => standing(now.queues.get(&QueueId(id)).map(|queue| queue.status)),
        Kind::Group => standing(now.groups.get(&GroupId(id)).map(|group| group.status)),
        Kind::Agent => standing(now.agent(AgentId(id)).map(|agent| agent.status)),
        Kind::Object => standing(now.object(ObjectId(id)).map(|object| object.status)),
        Kind::Organization | Kind::Settings | Kind::Conversation | Kind::Setting | Kind::Element => false,
    }
}

fn referred(undo: &Undo) -> Option<Subject> {
    let element = undo.element.as_deref().filter(|_| !undo.to.is_null());
    let (kind, id) = match (undo.subject.kind, undo.field.as_str()) {
        (Kind::User, "role") => (Kind::Role, undo.to.as_str()?),
        (Kind::User, "profile") => (Kind::Profile, undo.to.as_str()?),
        (Kind::User | Kind::Role, "keys") => (Kind::Key, element?.trim_start_matches('-')),
        (Kind::Queue | Kind::Agent, "visibility_key") | (Kind::Object, "visibility_key" | "reports_key") => {
            (Kind::Key, undo.to.as_str()?)
        }
        (Kind::Object, "users") => (Kind::User, element?),
        (Kind::Object, "queues") => (Kind::Queue, element?),
        (Kind::Object, "objects") => (Kind::Object, element?),
        (Kind::Agent, "group") => (Kind::Group, undo.to.as_str()?),
        (Kind::Agent, "supervisor") => (Kind::User, undo.to.as_str()?),
        (Kind::Agent, "queues") => (Kind::Queue, element?),
        (Kind::Queue, "parts") => (Kind::Queue, element?),
        (Kind::Queue, "agents" | "supervisors") | (Kind::Group, "members" | "supervisors") => {
            (Kind::User, element?)
        }
        (_, _) => return None,
    };
    Some(Subject { kind, id: Uuid::parse_str(id).ok()? })
}

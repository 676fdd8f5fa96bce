//! What an event follows from, and whom it newly names: read by the authorization.
//!
//! Archiving emits every removal it causes. Whoever may archive a thing may cause them: a removal of what the same
//! command puts away is judged by the right to put it away.

use super::authorize::Right;
use super::state::Organization;
use crate::agent::event::AgentEvent;
use crate::event::Event;
use crate::group::event::GroupEvent;
use crate::kernel::id::{Kind, Subject};
use crate::object::event::ObjectEvent;
use crate::object::usage;
use crate::queue::event::QueueEvent;
use crate::user::event::UserEvent;
use std::collections::BTreeSet;

/// The users, groups, queues, agents and objects that `events` archive.
pub(super) fn put_away(events: &[Event]) -> BTreeSet<Subject> {
    let archives = |event: &&Event| {
        matches!(
            event,
            Event::User(UserEvent::Archived { .. })
                | Event::Group(GroupEvent::Archived { .. })
                | Event::Queue(QueueEvent::Archived { .. })
                | Event::Agent(AgentEvent::Archived { .. })
                | Event::Object(ObjectEvent::Archived { .. })
        )
    };
    events.iter().filter(archives).map(Event::subject).collect()
}

/// The right by which a mere removal is judged if it follows from archiving one of `put_away`.
pub(super) fn by_putting_away(
    before: &Organization,
    event: &Event,
    put_away: &BTreeSet<Subject>,
) -> Option<Right> {
    let (removed, added) = named(event);
    if put_away.is_empty() || removed.is_empty() || !added.is_empty() {
        return None;
    }
    let whole = Some(event.subject()).filter(|subject| put_away.contains(subject));
    let each = || removed.iter().all(|subject| put_away.contains(subject)).then(|| removed.first().copied());
    let cause = whole.or_else(|| each().flatten())?;
    match cause.kind {
        Kind::User => Some(Right::over("users.archive", cause).ranked()),
        Kind::Group => Some(Right::over("groups.archive", cause)),
        Kind::Queue => Some(Right::over("queues.archive", cause)),
        Kind::Agent => Some(Right::over("agents.archive", cause)),
        Kind::Object => Some(crate::object::rights::archive(before, cause)),
        Kind::Organization
        | Kind::Role
        | Kind::Profile
        | Kind::Key
        | Kind::Settings
        | Kind::Conversation
        | Kind::Setting
        | Kind::Element => None,
    }
}

/// Whom or what an event newly puts with its subject.
pub(super) fn added(event: &Event) -> Vec<Subject> {
    named(event).1
}

/// The users, groups, queues and objects that an event takes from its subject and puts with it.
fn named(event: &Event) -> (Vec<Subject>, Vec<Subject>) {
    let users = |ids: &[crate::kernel::id::UserId]| ids.iter().map(|id| id.subject()).collect();
    let queues = |ids: &[crate::kernel::id::QueueId]| ids.iter().map(|id| id.subject()).collect();
    match event {
        Event::Group(
            GroupEvent::MembersChanged { added, removed, .. }
            | GroupEvent::SupervisorsChanged { added, removed, .. },
        )
        | Event::Queue(QueueEvent::AgentsChanged { added, removed, .. }) => (users(removed), users(added)),
        Event::Queue(QueueEvent::SupervisorSet { user, to: None, .. }) => (users(&[*user]), Vec::new()),
        Event::Queue(QueueEvent::SupervisorSet { user, to: Some(_), .. }) => (Vec::new(), users(&[*user])),
        Event::Queue(QueueEvent::PartsChanged { added, removed, .. }) => (queues(removed), queues(added)),
        Event::Agent(AgentEvent::LevelSet { queue, from, to, .. }) => {
            of_level(queue.subject(), from.is_some(), to.is_some())
        }
        Event::Agent(AgentEvent::GroupSet { from, to, .. }) => (
            from.iter().map(|group| group.subject()).collect(),
            to.iter().map(|group| group.subject()).collect(),
        ),
        Event::Agent(AgentEvent::SupervisorSet { from, to, .. }) => {
            (users(from.as_slice()), users(to.as_slice()))
        }
        Event::Object(event) => match usage::named(event) {
            Some((by, true)) => (Vec::new(), vec![by.subject()]),
            Some((by, false)) => (vec![by.subject()], Vec::new()),
            None => (Vec::new(), Vec::new()),
        },
        Event::Organization(_)
        | Event::User(_)
        | Event::Role(_)
        | Event::Profile(_)
        | Event::Key(_)
        | Event::Queue(_)
        | Event::Group(_)
        | Event::Agent(_)
        | Event::Settings(_) => (Vec::new(), Vec::new()),
    }
}

/// An agent that goes from one level to another is neither taken from its queue nor put there anew.
fn of_level(queue: Subject, was: bool, is: bool) -> (Vec<Subject>, Vec<Subject>) {
    match (was, is) {
        (true, false) => (vec![queue], Vec::new()),
        (false, true) => (Vec::new(), vec![queue]),
        (true, true) | (false, false) => (Vec::new(), Vec::new()),
    }
}

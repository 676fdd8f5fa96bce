//! What each event about an object needs its actor to be allowed.
//!
//! Its kind says by which function of the product it is added, changed and put away. What has it or uses it is changed by
//! whoever may change that: a user's skills with the user, a queue's topic set with the queue.

use super::command::Use;
use super::event::ObjectEvent;
use super::usage;
use crate::kernel::id::{ObjectId, Subject};
use crate::organization::authorize::Right;
use crate::organization::state::Organization;
use crate::permission::catalog::ObjectKind;

/// The right an event needs; `now` has the object.
pub(crate) fn right(event: &ObjectEvent, now: &Organization) -> Right {
    let subject = event.subject();
    let Some(kind) = kind_of(now, subject) else { return Right::over("objects.edit", subject) };
    match event {
        ObjectEvent::Created { .. } => Right::new(kind.may_create()).of_object(kind, kind.create_action()),
        ObjectEvent::Renamed { .. }
        | ObjectEvent::Described { .. }
        | ObjectEvent::VisibilityKeySet { .. }
        | ObjectEvent::ReportsKeySet { .. } => edit(kind, subject),
        ObjectEvent::ContentsChanged { .. } => {
            Right::over(kind.may_change_contents(), subject).of_object(kind, "edit")
        }
        ObjectEvent::UsersChanged { .. }
        | ObjectEvent::QueuesChanged { .. }
        | ObjectEvent::ObjectsChanged { .. } => match usage::named(event) {
            Some((by, _)) => change_of_use(kind, by, now),
            None => edit(kind, subject),
        },
        ObjectEvent::Archived { .. } | ObjectEvent::Restored { .. } => put_away(kind, subject),
    }
}

/// The right to put an object away, by which what that causes is judged too.
pub(crate) fn archive(now: &Organization, object: Subject) -> Right {
    match kind_of(now, object) {
        Some(kind) => put_away(kind, object),
        None => Right::over("objects.archive", object),
    }
}

pub(crate) fn kind_of(now: &Organization, object: Subject) -> Option<&'static ObjectKind> {
    now.object_kind(ObjectId(object.id))
}

fn edit(kind: &'static ObjectKind, subject: Subject) -> Right {
    Right::over(kind.may_edit(), subject).of_object(kind, "edit")
}

fn put_away(kind: &'static ObjectKind, subject: Subject) -> Right {
    Right::over(kind.may_archive(), subject).of_object(kind, "delete")
}

fn change_of_use(kind: &'static ObjectKind, by: Use, now: &Organization) -> Right {
    match by {
        Use::User(user) => {
            let right = Right::over("users.edit", user.subject());
            kind.user_field.as_deref().map_or(right.clone(), |field| right.field(field))
        }
        Use::Queue(queue) => Right::over("queues.edit", queue.subject()),
        Use::Object(object) => match kind_of(now, object.subject()) {
            Some(kind) => edit(kind, object.subject()),
            None => Right::over("objects.edit", object.subject()),
        },
    }
}

//! What has an object or puts it to use: skills of users, tags of scenarios, topic sets of queues.
//!
//! One event names one user of it, so that each is judged by the right over that one.

use super::command::Use;
use super::decide::{active, existing};
use super::event::ObjectEvent;
use crate::kernel::id::ObjectId;
use crate::kernel::rejection::FieldError;
use crate::kernel::shared::Standing;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::organization::state::Organization;
use crate::queue::decide::{can_be_posted, in_use};
use crate::queue::state::QueueKind;

/// Says whether `by` has the object or uses it.
pub(super) fn set(deciding: &mut Deciding<'_>, id: ObjectId, by: Use, used: bool) -> Result<(), Rejection> {
    if existing(deciding, id)?.is_used_by(by) == used {
        return Ok(());
    }
    let object = active(deciding, id)?;
    if used {
        let kind = deciding.now.catalog.object(&object.kind);
        let word = word(&deciding.now, by);
        let usable = word.zip(kind).is_some_and(|(word, kind)| kind.is_used_by(word));
        can_use(deciding, by)?;
        if !usable {
            let detail =
                "an object of this kind is not used by such a thing; GET /api/v1/catalog says by what";
            return Err(FieldError::new("/add", "cannot_use", detail).into());
        }
    }
    emit(deciding, id, by, used)
}

/// What is put away has and uses no object any more.
pub(crate) fn leave(deciding: &mut Deciding<'_>, by: Use) -> Result<(), Rejection> {
    let ids: Vec<_> = deciding.now.used_by(by.subject()).map(|object| object.id).collect();
    deciding.visit(ids.len())?;
    ids.into_iter().try_for_each(|id| emit(deciding, id, by, false))
}

/// Nothing has or uses an object any more that is put away.
pub(super) fn release(deciding: &mut Deciding<'_>, id: ObjectId) -> Result<(), Rejection> {
    let uses: Vec<_> = existing(deciding, id)?.uses().collect();
    deciding.visit(uses.len())?;
    uses.into_iter().try_for_each(|by| emit(deciding, id, by, false))
}

/// Which thing an event is about beside its object, and whether it is put with it.
pub(crate) fn named(event: &ObjectEvent) -> Option<(Use, bool)> {
    fn one<T: Copy>(added: &[T], removed: &[T], by: fn(T) -> Use) -> Option<(Use, bool)> {
        let added = added.first().map(|id| (by(*id), true));
        added.or_else(|| removed.first().map(|id| (by(*id), false)))
    }
    match event {
        ObjectEvent::UsersChanged { added, removed, .. } => one(added, removed, Use::User),
        ObjectEvent::QueuesChanged { added, removed, .. } => one(added, removed, Use::Queue),
        ObjectEvent::ObjectsChanged { added, removed, .. } => one(added, removed, Use::Object),
        ObjectEvent::Created { .. }
        | ObjectEvent::Renamed { .. }
        | ObjectEvent::Described { .. }
        | ObjectEvent::VisibilityKeySet { .. }
        | ObjectEvent::ReportsKeySet { .. }
        | ObjectEvent::ContentsChanged { .. }
        | ObjectEvent::Archived { .. }
        | ObjectEvent::Restored { .. } => None,
    }
}

fn emit(deciding: &mut Deciding<'_>, object: ObjectId, by: Use, used: bool) -> Result<(), Rejection> {
    fn sides<T>(id: T, used: bool) -> (Vec<T>, Vec<T>) {
        if used { (vec![id], Vec::new()) } else { (Vec::new(), vec![id]) }
    }
    match by {
        Use::User(user) => {
            let (added, removed) = sides(user, used);
            deciding.emit(ObjectEvent::UsersChanged { object, added, removed })
        }
        Use::Queue(queue) => {
            let (added, removed) = sides(queue, used);
            deciding.emit(ObjectEvent::QueuesChanged { object, added, removed })
        }
        Use::Object(other) => {
            let (added, removed) = sides(other, used);
            deciding.emit(ObjectEvent::ObjectsChanged { object, added, removed })
        }
    }
}

/// How the catalog calls what would use an object.
fn word(now: &Organization, by: Use) -> Option<&str> {
    match by {
        Use::User(_) => Some("user"),
        Use::Queue(queue) => now.queues.get(&queue).map(|queue| match queue.kind {
            QueueKind::Queue => "queue",
            QueueKind::Campaign => "campaign",
        }),
        Use::Object(object) => now.object(object).map(|object| object.kind.as_str()),
    }
}

fn can_use(deciding: &mut Deciding<'_>, by: Use) -> Result<(), Rejection> {
    match by {
        Use::User(user) => can_be_posted(deciding, "/add", user),
        Use::Queue(queue) => in_use(deciding, "/add", queue),
        Use::Object(object) => match deciding.now.object(object) {
            Some(object) if object.status == Standing::Active => Ok(()),
            Some(_) | None => {
                Err(FieldError::new("/add", "no_such_object", "there is no such object in use").into())
            }
        },
    }
}

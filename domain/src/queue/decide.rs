//! The rules of a queue's life.

use super::command::{QueueCommand, QueueEdit};
use super::event::QueueEvent;
use super::rejection::QueueRejection;
use super::state::{Queue, QueueKind, Supervision};
use crate::kernel::id::{KeyId, Kind, QueueId, UserId};
use crate::kernel::rejection::FieldError;
use crate::kernel::shared::Standing;
use crate::kernel::text;
use crate::object::command::Use;
use crate::organization::decide::{Deciding, in_parts, set_difference};
use crate::organization::rejection::Rejection;
use imbl::OrdSet;
use std::collections::BTreeMap;

pub(crate) fn decide(deciding: &mut Deciding<'_>, command: &QueueCommand) -> Result<(), Rejection> {
    match command {
        QueueCommand::Create(new) => create(deciding, new),
        QueueCommand::Edit(queue, edit) => change(deciding, *queue, edit),
        QueueCommand::Archive(queue) => archive(deciding, *queue),
        QueueCommand::Restore(queue) => restore(deciding, *queue),
    }
}

fn create(deciding: &mut Deciding<'_>, new: &QueueEdit) -> Result<(), Rejection> {
    let name = text::name("/name", new.name.as_deref().unwrap_or_default())?;
    let description = text::free("/description", new.description.as_deref().unwrap_or_default())?;
    name_is_free(deciding, None, &name)?;
    let visibility_key = new.visibility_key.flatten();
    lockable(deciding, "/visibility_key", visibility_key)?;
    let kind = new.kind.unwrap_or(QueueKind::Queue);
    let queue = QueueId(deciding.fresh.uuid());
    deciding.emit(QueueEvent::Created { queue, name, description, kind, visibility_key })?;
    people_and_parts(deciding, queue, new)?;
    protect(deciding, queue, new)
}

/// A protection that goes, goes first, and one that comes, comes last, so that one request can do both.
fn change(deciding: &mut Deciding<'_>, queue: QueueId, edit: &QueueEdit) -> Result<(), Rejection> {
    let now = editable(deciding, queue)?;
    if edit.kind.is_some_and(|kind| kind != now.kind) {
        return Err(QueueRejection::KindIsFixed.into());
    }
    if edit.update_protected == Some(false) {
        set_update_protected(deciding, queue, false)?;
    }
    if let Some(name) = &edit.name {
        change_name(deciding, queue, name)?;
    }
    if let Some(description) = &edit.description {
        change_description(deciding, queue, description)?;
    }
    if let Some(key) = edit.visibility_key {
        set_visibility_key(deciding, queue, key)?;
    }
    people_and_parts(deciding, queue, edit)?;
    protect(deciding, queue, edit)
}

fn protect(deciding: &mut Deciding<'_>, queue: QueueId, edit: &QueueEdit) -> Result<(), Rejection> {
    if let Some(to) = edit.delete_protected {
        set_delete_protected(deciding, queue, to)?;
    }
    if edit.update_protected == Some(true) {
        set_update_protected(deciding, queue, true)?;
    }
    Ok(())
}

fn people_and_parts(deciding: &mut Deciding<'_>, queue: QueueId, edit: &QueueEdit) -> Result<(), Rejection> {
    if let Some(parts) = &edit.parts {
        change_parts(deciding, queue, &parts.iter().copied().collect())?;
    }
    if let Some(agents) = &edit.agents {
        change_agents(deciding, queue, &agents.iter().copied().collect())?;
    }
    if let Some(supervisors) = &edit.supervisors {
        change_supervisors(deciding, queue, supervisors)?;
    }
    Ok(())
}

pub(super) fn change_name(deciding: &mut Deciding<'_>, id: QueueId, name: &str) -> Result<(), Rejection> {
    let queue = editable(deciding, id)?;
    let to = text::name("/name", name)?;
    name_is_free(deciding, Some(id), &to)?;
    let from = queue.name.clone();
    if from == to { Ok(()) } else { touch(deciding, &queue, QueueEvent::Renamed { queue: id, from, to }) }
}

pub(super) fn change_description(
    deciding: &mut Deciding<'_>,
    id: QueueId,
    description: &str,
) -> Result<(), Rejection> {
    let queue = editable(deciding, id)?;
    let to = text::free("/description", description)?;
    let from = queue.description.clone();
    if from == to { Ok(()) } else { touch(deciding, &queue, QueueEvent::Described { queue: id, from, to }) }
}

pub(super) fn set_visibility_key(
    deciding: &mut Deciding<'_>,
    id: QueueId,
    to: Option<KeyId>,
) -> Result<(), Rejection> {
    let queue = editable(deciding, id)?;
    lockable(deciding, "/visibility_key", to)?;
    let from = queue.visibility_key.value;
    if from == to {
        return Ok(());
    }
    touch(deciding, &queue, QueueEvent::VisibilityKeySet { queue: id, from, to })
}

pub(super) fn change_parts(
    deciding: &mut Deciding<'_>,
    id: QueueId,
    wanted: &OrdSet<QueueId>,
) -> Result<(), Rejection> {
    let queue = editable(deciding, id)?;
    let (added, removed) = set_difference(&queue.parts, wanted);
    for part in &added {
        in_use(deciding, "/parts", *part)?;
        if reaches(deciding, *part, id)? {
            return Err(QueueRejection::PartOfItself.into());
        }
    }
    for (added, removed) in in_parts(&added, &removed) {
        touch(deciding, &queue, QueueEvent::PartsChanged { queue: id, added, removed })?;
    }
    Ok(())
}

pub(super) fn set_update_protected(
    deciding: &mut Deciding<'_>,
    id: QueueId,
    to: bool,
) -> Result<(), Rejection> {
    let from = editable(deciding, id)?.update_protected;
    if from == to {
        return Ok(());
    }
    deciding.emit(QueueEvent::UpdateProtectionSet { queue: id, from, to })
}

pub(super) fn set_delete_protected(
    deciding: &mut Deciding<'_>,
    id: QueueId,
    to: bool,
) -> Result<(), Rejection> {
    let from = editable(deciding, id)?.delete_protected;
    if from == to {
        return Ok(());
    }
    deciding.emit(QueueEvent::DeleteProtectionSet { queue: id, from, to })
}

/// Records a change of what a queue is, which its protection may forbid.
fn touch(deciding: &mut Deciding<'_>, queue: &Queue, event: QueueEvent) -> Result<(), Rejection> {
    if queue.update_protected {
        return Err(QueueRejection::UpdateProtected.into());
    }
    deciding.emit(event)
}

/// Whether `from` is `to`, or is composed of it through its parts.
fn reaches(deciding: &mut Deciding<'_>, from: QueueId, to: QueueId) -> Result<bool, Rejection> {
    let mut seen = OrdSet::new();
    let mut waiting = vec![from];
    while let Some(id) = waiting.pop() {
        deciding.visit(1)?;
        if id == to {
            return Ok(true);
        }
        if seen.insert(id).is_none() {
            waiting.extend(deciding.now.queues.get(&id).iter().flat_map(|queue| queue.parts.iter()));
        }
    }
    Ok(false)
}

pub(super) fn change_agents(
    deciding: &mut Deciding<'_>,
    id: QueueId,
    wanted: &OrdSet<UserId>,
) -> Result<(), Rejection> {
    let queue = editable(deciding, id)?;
    let (added, removed) = set_difference(&queue.agents, wanted);
    added.iter().try_for_each(|user| can_be_posted(deciding, "/agents", *user))?;
    for (added, removed) in in_parts(&added, &removed) {
        deciding.emit(QueueEvent::AgentsChanged { queue: id, added, removed })?;
    }
    Ok(())
}

/// Puts one user among those who serve a queue, or takes them away.
pub(crate) fn set_agent(
    deciding: &mut Deciding<'_>,
    id: QueueId,
    user: UserId,
    serves: bool,
) -> Result<(), Rejection> {
    if existing(deciding, id)?.agents.contains(&user) == serves {
        return Ok(());
    }
    editable(deciding, id)?;
    let (added, removed) = one_of(deciding, "/agents", user, serves)?;
    deciding.emit(QueueEvent::AgentsChanged { queue: id, added, removed })
}

fn change_supervisors(
    deciding: &mut Deciding<'_>,
    id: QueueId,
    wanted: &BTreeMap<UserId, Supervision>,
) -> Result<(), Rejection> {
    let queue = editable(deciding, id)?;
    for user in queue.supervisors.keys().filter(|user| !wanted.contains_key(user)) {
        set_supervisor(deciding, id, *user, None)?;
    }
    wanted.iter().try_for_each(|(user, supervision)| set_supervisor(deciding, id, *user, Some(*supervision)))
}

/// Says how one user supervises a queue; `None`: not at all.
pub(crate) fn set_supervisor(
    deciding: &mut Deciding<'_>,
    id: QueueId,
    user: UserId,
    to: Option<Supervision>,
) -> Result<(), Rejection> {
    let queue = editable(deciding, id)?;
    let from = queue.supervisors.get(&user).copied();
    if from == to {
        return Ok(());
    }
    if to.is_some() {
        can_be_posted(deciding, "/supervisors", user)?;
    }
    deciding.emit(QueueEvent::SupervisorSet { queue: id, user, from, to })
}

/// Archiving emits every removal it causes, its own parts included, before the archiving itself.
pub(super) fn archive(deciding: &mut Deciding<'_>, id: QueueId) -> Result<(), Rejection> {
    let queue = existing(deciding, id)?;
    if queue.status == Standing::Archived {
        return Ok(());
    }
    if queue.delete_protected {
        return Err(QueueRejection::DeleteProtected.into());
    }
    if queue.update_protected {
        return Err(QueueRejection::UpdateProtected.into());
    }
    change_agents(deciding, id, &OrdSet::new())?;
    change_supervisors(deciding, id, &BTreeMap::new())?;
    change_parts(deciding, id, &OrdSet::new())?;
    let wholes: Vec<_> =
        deciding.now.queues.values().filter(|whole| whole.parts.contains(&id)).cloned().collect();
    deciding.visit(deciding.now.queues.len())?;
    for whole in wholes {
        if whole.update_protected {
            return Err(QueueRejection::PartOfProtected(whole.id).into());
        }
        let removed = vec![id];
        deciding.emit(QueueEvent::PartsChanged { queue: whole.id, added: Vec::new(), removed })?;
    }
    crate::agent::place::leave_queue(deciding, id)?;
    crate::object::usage::leave(deciding, Use::Queue(id))?;
    deciding.emit(QueueEvent::Archived { queue: id, from: Standing::Active, to: Standing::Archived })
}

pub(super) fn restore(deciding: &mut Deciding<'_>, id: QueueId) -> Result<(), Rejection> {
    let queue = existing(deciding, id)?;
    match queue.status {
        Standing::Active => Ok(()),
        Standing::Archived => {
            lockable(deciding, "/visibility_key", queue.visibility_key.value)?;
            deciding.emit(QueueEvent::Restored { queue: id, from: Standing::Archived, to: Standing::Active })
        }
    }
}

/// A user who can be given something to do: there, and neither archived nor erased.
///
/// # Errors
/// `no_such_user`, at `pointer`.
pub(crate) fn can_be_posted(
    deciding: &mut Deciding<'_>,
    pointer: &str,
    user: UserId,
) -> Result<(), Rejection> {
    crate::user::decide::editable(deciding, user).map(drop).map_err(|_| {
        FieldError::new(pointer, "no_such_user", "there is no such user who is not archived").into()
    })
}

/// One user as the added or the removed of an event: nobody else need be looked at.
///
/// # Errors
/// `no_such_user`, at `pointer`, of who cannot be added.
pub(crate) fn one_of(
    deciding: &mut Deciding<'_>,
    pointer: &str,
    user: UserId,
    added: bool,
) -> Result<(Vec<UserId>, Vec<UserId>), Rejection> {
    if added {
        can_be_posted(deciding, pointer, user)?;
    }
    Ok(if added { (vec![user], Vec::new()) } else { (Vec::new(), vec![user]) })
}

pub(crate) fn in_use(deciding: &Deciding<'_>, pointer: &str, id: QueueId) -> Result<(), Rejection> {
    match deciding.now.queues.get(&id) {
        Some(queue) if queue.status == Standing::Active => Ok(()),
        Some(_) | None => {
            Err(FieldError::new(pointer, "no_such_queue", "there is no such queue in use").into())
        }
    }
}

/// A key that a queue, agent or object can be locked with.
pub(crate) fn lockable(deciding: &Deciding<'_>, pointer: &str, key: Option<KeyId>) -> Result<(), Rejection> {
    let Some(id) = key else { return Ok(()) };
    crate::key::decide::givable(deciding, pointer, id)?;
    // Else putting somebody under a restriction would open what it locks to them.
    if deciding.now.keys.get(&id).is_some_and(|key| key.restricts) {
        let detail = "a key that restricts cannot lock anything";
        return Err(FieldError::new(pointer, "key_restricts", detail).into());
    }
    Ok(())
}

pub(super) fn existing(deciding: &mut Deciding<'_>, id: QueueId) -> Result<Queue, Rejection> {
    deciding.visit(1)?;
    deciding.now.queues.get(&id).map(|queue| Queue::clone(queue)).ok_or(Rejection::Missing(Kind::Queue))
}

fn editable(deciding: &mut Deciding<'_>, id: QueueId) -> Result<Queue, Rejection> {
    let queue = existing(deciding, id)?;
    match queue.status {
        Standing::Active => Ok(queue),
        Standing::Archived => Err(QueueRejection::Archived.into()),
    }
}

fn name_is_free(deciding: &Deciding<'_>, but: Option<QueueId>, name: &str) -> Result<(), Rejection> {
    let holder = deciding.now.by_name(Kind::Queue, name).map(QueueId);
    if holder.is_some() && holder != but { Err(QueueRejection::NameTaken.into()) } else { Ok(()) }
}

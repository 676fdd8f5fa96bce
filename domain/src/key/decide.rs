//! The rules of a key's life.

use super::command::{KeyCommand, KeyEdit};
use super::event::KeyEvent;
use super::rejection::KeyRejection;
use super::state::Key;
use crate::kernel::id::{KeyId, Kind};
use crate::kernel::rejection::FieldError;
use crate::kernel::shared::Standing;
use crate::kernel::text;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;

pub(crate) fn decide(deciding: &mut Deciding<'_>, command: &KeyCommand) -> Result<(), Rejection> {
    match command {
        KeyCommand::Create(new) => create(deciding, new),
        KeyCommand::Edit(key, edit) => change(deciding, *key, edit),
        KeyCommand::Archive(key) => set_status(deciding, *key, Standing::Archived),
        KeyCommand::Restore(key) => set_status(deciding, *key, Standing::Active),
    }
}

fn create(deciding: &mut Deciding<'_>, new: &KeyEdit) -> Result<(), Rejection> {
    let name = valid_name(new.name.as_deref().unwrap_or_default())?;
    let description = text::free("/description", new.description.as_deref().unwrap_or_default())?;
    name_is_free(deciding, None, &name)?;
    let key = KeyId(deciding.fresh.uuid());
    deciding.emit(KeyEvent::Created { key, name, description, reserved: false, restricts: false })
}

fn change(deciding: &mut Deciding<'_>, key: KeyId, edit: &KeyEdit) -> Result<(), Rejection> {
    if let Some(name) = &edit.name {
        change_name(deciding, key, name)?;
    }
    if let Some(description) = &edit.description {
        change_description(deciding, key, description)?;
    }
    Ok(())
}

pub(super) fn change_name(deciding: &mut Deciding<'_>, id: KeyId, name: &str) -> Result<(), Rejection> {
    let key = editable(deciding, id)?;
    let to = valid_name(name)?;
    name_is_free(deciding, Some(id), &to)?;
    if key.name == to {
        return Ok(());
    }
    if key.reserved {
        return Err(KeyRejection::Reserved.into());
    }
    deciding.emit(KeyEvent::Renamed { key: id, from: key.name, to })
}

pub(super) fn change_description(
    deciding: &mut Deciding<'_>,
    id: KeyId,
    description: &str,
) -> Result<(), Rejection> {
    let from = editable(deciding, id)?.description;
    let to = text::free("/description", description)?;
    if from == to { Ok(()) } else { deciding.emit(KeyEvent::Described { key: id, from, to }) }
}

pub(super) fn set_status(deciding: &mut Deciding<'_>, id: KeyId, to: Standing) -> Result<(), Rejection> {
    let key = existing(deciding, id)?;
    let from = key.status;
    if from == to {
        return Ok(());
    }
    match to {
        Standing::Active => deciding.emit(KeyEvent::Restored { key: id, from, to }),
        Standing::Archived if key.reserved => Err(KeyRejection::Reserved.into()),
        Standing::Archived if in_use(deciding, id)? => Err(KeyRejection::InUse.into()),
        Standing::Archived => deciding.emit(KeyEvent::Archived { key: id, from, to }),
    }
}

/// Whether a role or user in use holds the key (or takes it away), or a queue, agent or object is locked with it.
fn in_use(deciding: &mut Deciding<'_>, id: KeyId) -> Result<bool, Rejection> {
    let now = &deciding.now;
    let visits = now.users.len() + now.roles.len() + now.queues.len() + now.agents.len() + now.objects.len();
    let used = now.roles.values().any(|role| role.status == Standing::Active && role.keys.contains(&id))
        || now
            .queues
            .values()
            .any(|queue| queue.status == Standing::Active && queue.visibility_key.value == Some(id))
        || now
            .agents
            .values()
            .any(|agent| agent.status == Standing::Active && agent.visibility_key.value == Some(id))
        || now
            .objects
            .values()
            .any(|object| object.status == Standing::Active && object.keys().any(|key| key == id))
        || now.users.values().any(|user| {
            crate::user::decide::is_present(user) && user.keys.iter().any(|entry| entry.key == id)
        });
    deciding.visit(visits)?;
    Ok(used)
}

/// Refuses a key that is not there or is put away, at `pointer`.
///
/// # Errors
/// `no_such_key`.
pub(crate) fn givable(deciding: &Deciding<'_>, pointer: &str, id: KeyId) -> Result<(), Rejection> {
    match deciding.now.keys.get(&id) {
        Some(key) if key.status == Standing::Active => Ok(()),
        Some(_) | None => Err(FieldError::new(pointer, "no_such_key", "there is no such key in use").into()),
    }
}

fn existing(deciding: &mut Deciding<'_>, id: KeyId) -> Result<Key, Rejection> {
    deciding.visit(1)?;
    deciding.now.keys.get(&id).map(|key| Key::clone(key)).ok_or(Rejection::Missing(Kind::Key))
}

fn editable(deciding: &mut Deciding<'_>, id: KeyId) -> Result<Key, Rejection> {
    let key = existing(deciding, id)?;
    match key.status {
        Standing::Active => Ok(key),
        Standing::Archived => Err(KeyRejection::Archived.into()),
    }
}

/// Keys are written space-separated, with a minus before what is taken away.
fn valid_name(name: &str) -> Result<String, Rejection> {
    let name = text::name("/name", name)?;
    if name.chars().any(char::is_whitespace) || name.starts_with('-') {
        let detail = "a key has no white space and does not begin with a minus";
        return Err(FieldError::new("/name", "not_a_key", detail).into());
    }
    Ok(name)
}

fn name_is_free(deciding: &Deciding<'_>, but: Option<KeyId>, name: &str) -> Result<(), Rejection> {
    let holder = deciding.now.by_name(Kind::Key, name).map(KeyId);
    if holder.is_some() && holder != but { Err(KeyRejection::NameTaken.into()) } else { Ok(()) }
}

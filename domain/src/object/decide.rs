//! The rules of an object's life.

use super::command::{ObjectCommand, ObjectEdit, Use};
use super::event::ObjectEvent;
use super::rejection::ObjectRejection;
use super::state::{Object, called};
use super::usage;
use crate::kernel::id::{KeyId, Kind, ObjectId};
use crate::kernel::rejection::FieldError;
use crate::kernel::shared::Standing;
use crate::kernel::text::{self, folded};
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::permission::catalog::ObjectKind;
use crate::queue::decide::lockable;
use std::collections::BTreeSet;

/// Most names in one object.
const CONTENTS_MAX: usize = 200;
/// Most bytes of them all, so that an event that tells the old and the new ones fits an entry.
const CONTENTS_BYTES_MAX: usize = 15_000;

pub(crate) fn decide(deciding: &mut Deciding<'_>, command: &ObjectCommand) -> Result<(), Rejection> {
    match command {
        ObjectCommand::Create(new) => create(deciding, new),
        ObjectCommand::Edit(object, edit) => change(deciding, *object, edit),
        ObjectCommand::SetUse(object, by, used) => usage::set(deciding, *object, *by, *used),
        ObjectCommand::Archive(object) => archive(deciding, *object),
        ObjectCommand::Restore(object) => restore(deciding, *object),
    }
}

fn create(deciding: &mut Deciding<'_>, new: &ObjectEdit) -> Result<(), Rejection> {
    let kind = known(deciding, new.kind.as_deref().unwrap_or_default())?;
    let name = text::name("/name", new.name.as_deref().unwrap_or_default())?;
    let description = text::free("/description", new.description.as_deref().unwrap_or_default())?;
    name_is_free(deciding, None, &kind.kind, &name)?;
    let (visibility_key, reports_key) = (new.visibility_key.flatten(), new.reports_key.flatten());
    visibility_lockable(deciding, kind, visibility_key)?;
    reports_lockable(deciding, kind, reports_key)?;
    let object = ObjectId(deciding.fresh.uuid());
    let kind = kind.kind.to_string();
    deciding.emit(ObjectEvent::Created { object, kind, name, description, visibility_key, reports_key })?;
    new.contents.iter().try_for_each(|contents| change_contents(deciding, object, contents))
}

fn change(deciding: &mut Deciding<'_>, id: ObjectId, edit: &ObjectEdit) -> Result<(), Rejection> {
    let now = active(deciding, id)?;
    if edit.kind.as_ref().is_some_and(|kind| *kind != now.kind) {
        return Err(ObjectRejection::KindIsFixed.into());
    }
    if let Some(name) = &edit.name {
        change_name(deciding, id, name)?;
    }
    if let Some(description) = &edit.description {
        change_description(deciding, id, description)?;
    }
    if let Some(key) = edit.visibility_key {
        set_visibility_key(deciding, id, key)?;
    }
    if let Some(key) = edit.reports_key {
        set_reports_key(deciding, id, key)?;
    }
    edit.contents.iter().try_for_each(|contents| change_contents(deciding, id, contents))
}

pub(super) fn change_name(deciding: &mut Deciding<'_>, id: ObjectId, name: &str) -> Result<(), Rejection> {
    let object = active(deciding, id)?;
    let to = text::name("/name", name)?;
    name_is_free(deciding, Some(id), &object.kind, &to)?;
    let from = object.name;
    if from == to { Ok(()) } else { deciding.emit(ObjectEvent::Renamed { object: id, from, to }) }
}

pub(super) fn change_description(
    deciding: &mut Deciding<'_>,
    id: ObjectId,
    description: &str,
) -> Result<(), Rejection> {
    let from = active(deciding, id)?.description;
    let to = text::free("/description", description)?;
    if from == to { Ok(()) } else { deciding.emit(ObjectEvent::Described { object: id, from, to }) }
}

pub(super) fn set_visibility_key(
    deciding: &mut Deciding<'_>,
    id: ObjectId,
    to: Option<KeyId>,
) -> Result<(), Rejection> {
    let object = active(deciding, id)?;
    let kind = known(deciding, &object.kind)?;
    visibility_lockable(deciding, kind, to)?;
    let from = object.visibility_key.value;
    if from == to { Ok(()) } else { deciding.emit(ObjectEvent::VisibilityKeySet { object: id, from, to }) }
}

pub(super) fn set_reports_key(
    deciding: &mut Deciding<'_>,
    id: ObjectId,
    to: Option<KeyId>,
) -> Result<(), Rejection> {
    let object = active(deciding, id)?;
    let kind = known(deciding, &object.kind)?;
    reports_lockable(deciding, kind, to)?;
    let from = object.reports_key.value;
    if from == to { Ok(()) } else { deciding.emit(ObjectEvent::ReportsKeySet { object: id, from, to }) }
}

pub(super) fn change_contents(
    deciding: &mut Deciding<'_>,
    id: ObjectId,
    wanted: &[String],
) -> Result<(), Rejection> {
    let object = active(deciding, id)?;
    let kind = known(deciding, &object.kind)?;
    if kind.contents.is_none() && !wanted.is_empty() {
        let detail = "an object of this kind has nothing in it";
        return Err(FieldError::new("/contents", "not_of_this_kind", detail).into());
    }
    let (from, to) = (object.contents, names(wanted)?);
    if from == to { Ok(()) } else { deciding.emit(ObjectEvent::ContentsChanged { object: id, from, to }) }
}

/// Names as they are kept, in the order given and none twice.
fn names(inputs: &[String]) -> Result<Vec<String>, Rejection> {
    // As an event tells them, so that marks that are escaped count twice.
    let bytes = serde_json::to_string(inputs).map_or(usize::MAX, |told| told.len());
    if inputs.len() > CONTENTS_MAX || bytes > CONTENTS_BYTES_MAX {
        let detail = format!(
            "has {} names of {bytes} bytes; at most {CONTENTS_MAX} of {CONTENTS_BYTES_MAX} bytes are allowed",
            inputs.len()
        );
        return Err(FieldError::new("/contents", "too_many", &detail).into());
    }
    let (mut names, mut seen) = (Vec::new(), BTreeSet::new());
    for (place, input) in inputs.iter().enumerate() {
        let pointer = format!("/contents/{place}");
        let name = text::name(&pointer, input)?;
        if !seen.insert(folded(&name)) {
            return Err(FieldError::new(&pointer, "twice", "is named twice").into());
        }
        names.push(name);
    }
    Ok(names)
}

/// Archiving emits every removal it causes before the archiving itself.
pub(super) fn archive(deciding: &mut Deciding<'_>, id: ObjectId) -> Result<(), Rejection> {
    if existing(deciding, id)?.status == Standing::Archived {
        return Ok(());
    }
    usage::release(deciding, id)?;
    usage::leave(deciding, Use::Object(id))?;
    deciding.emit(ObjectEvent::Archived { object: id, from: Standing::Active, to: Standing::Archived })
}

pub(super) fn restore(deciding: &mut Deciding<'_>, id: ObjectId) -> Result<(), Rejection> {
    let object = existing(deciding, id)?;
    match object.status {
        Standing::Active => Ok(()),
        Standing::Archived => {
            lockable(deciding, "/visibility_key", object.visibility_key.value)?;
            lockable(deciding, "/reports_key", object.reports_key.value)?;
            deciding.emit(ObjectEvent::Restored {
                object: id,
                from: Standing::Archived,
                to: Standing::Active,
            })
        }
    }
}

pub(super) fn existing(deciding: &mut Deciding<'_>, id: ObjectId) -> Result<Object, Rejection> {
    deciding.visit(1)?;
    deciding.now.object(id).cloned().ok_or(Rejection::Missing(Kind::Object))
}

pub(super) fn active(deciding: &mut Deciding<'_>, id: ObjectId) -> Result<Object, Rejection> {
    let object = existing(deciding, id)?;
    match object.status {
        Standing::Active => Ok(object),
        Standing::Archived => Err(ObjectRejection::Archived.into()),
    }
}

fn known(deciding: &Deciding<'_>, kind: &str) -> Result<&'static ObjectKind, Rejection> {
    deciding.now.catalog.object(kind).ok_or_else(|| {
        let detail = "the organization's catalog has no such kind of object; GET /api/v1/catalog lists them";
        FieldError::new("/kind", "no_such_kind", detail).into()
    })
}

fn visibility_lockable(
    deciding: &Deciding<'_>,
    kind: &ObjectKind,
    key: Option<KeyId>,
) -> Result<(), Rejection> {
    locks("/visibility_key", key.is_some() && kind.lock.is_none())?;
    lockable(deciding, "/visibility_key", key)
}

fn reports_lockable(deciding: &Deciding<'_>, kind: &ObjectKind, key: Option<KeyId>) -> Result<(), Rejection> {
    locks("/reports_key", key.is_some() && kind.reports_lock.is_none())?;
    lockable(deciding, "/reports_key", key)
}

fn locks(pointer: &str, is_foreign: bool) -> Result<(), Rejection> {
    match is_foreign {
        true => {
            let detail = "an object of this kind carries no such key";
            Err(FieldError::new(pointer, "not_of_this_kind", detail).into())
        }
        false => Ok(()),
    }
}

fn name_is_free(
    deciding: &Deciding<'_>,
    but: Option<ObjectId>,
    kind: &str,
    name: &str,
) -> Result<(), Rejection> {
    let holder = deciding.now.by_name(Kind::Object, &called(kind, name)).map(ObjectId);
    if holder.is_some() && holder != but { Err(ObjectRejection::NameTaken.into()) } else { Ok(()) }
}

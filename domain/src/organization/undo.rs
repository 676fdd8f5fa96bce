//! Bringing one field back to an earlier value: the dispatch. Each entity says how in its own `undo.rs`.
//!
//! An undo runs the same rules as the change it stands for, so what would be refused there is a blocker here.

use super::command::Undo;
use super::decide::Deciding;
use super::rejection::Rejection;
use crate::event::{Event, event_type};
use crate::kernel::event_type::Shape;
use crate::kernel::id::{AgentId, GroupId, KeyId, Kind, ObjectId, ProfileId, QueueId, RoleId, UserId};
use crate::kernel::rejection::FieldError;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What brings the state back from after `events` to before them, newest first.
///
/// Creation is undone by archiving, which takes back none of the fields. What is no field (passwords, API keys,
/// erasures) or passes by itself (lock-outs) is not undone, nor is what the catalog protects: its roles and keys stay.
#[must_use]
pub fn compensations(events: &[Event]) -> Vec<Undo> {
    events.iter().rev().flat_map(compensation).collect()
}

fn compensation(event: &Event) -> Vec<Undo> {
    let shape = event_type(event.name()).map(|row| row.shape);
    if shape.is_some_and(Shape::is_kept) {
        return Vec::new();
    }
    if shape == Some(Shape::Created) {
        let (subject, field) = (event.subject(), "status".to_owned());
        return vec![Undo { subject, field, element: None, to: Value::Null }];
    }
    let back = |change: crate::kernel::change::Change| Undo {
        subject: change.subject,
        field: change.field,
        element: change.element,
        to: change.from,
    };
    event.changes().into_iter().rev().map(back).collect()
}

pub(super) fn undo(deciding: &mut Deciding<'_>, one: &Undo) -> Result<(), Rejection> {
    let id = one.subject.id;
    match one.subject.kind {
        Kind::User => crate::user::undo::undo(deciding, UserId(id), one),
        Kind::Role => crate::role::undo::undo(deciding, RoleId(id), one),
        Kind::Profile => crate::profile::undo::undo(deciding, ProfileId(id), one),
        Kind::Key => crate::key::undo::undo(deciding, KeyId(id), one),
        Kind::Queue => crate::queue::undo::undo(deciding, QueueId(id), one),
        Kind::Group => crate::group::undo::undo(deciding, GroupId(id), one),
        Kind::Agent => crate::agent::undo::undo(deciding, AgentId(id), one),
        Kind::Object => crate::object::undo::undo(deciding, ObjectId(id), one),
        Kind::Settings => crate::settings::undo::undo(deciding, one),
        Kind::Organization if one.field == "name" => super::decide::dispatch(
            deciding,
            &super::command::Command::Organization(super::command::OrganizationCommand::Rename {
                name: value(one)?,
            }),
        ),
        Kind::Organization | Kind::Conversation | Kind::Setting | Kind::Element => Err(cannot(one)),
    }
}

/// The target value, read as what the field holds.
pub(crate) fn value<T: DeserializeOwned>(one: &Undo) -> Result<T, Rejection> {
    serde_json::from_value(one.to.clone()).map_err(|_| cannot(one))
}

/// The element, read as what the set holds. Elements that are not text are written as JSON.
pub(crate) fn element<T: DeserializeOwned>(one: &Undo) -> Result<T, Rejection> {
    let text = one.element.clone().ok_or_else(|| cannot(one))?;
    let as_text = serde_json::from_value(Value::String(text.clone()));
    as_text.or_else(|_| serde_json::from_str(&text)).map_err(|_| cannot(one))
}

/// Whether the element shall be in the set.
pub(crate) fn wanted(one: &Undo) -> bool {
    !one.to.is_null()
}

/// The refusal of a field that cannot be brought back.
pub(crate) fn cannot(one: &Undo) -> Rejection {
    FieldError::new(&format!("/{}", one.field), "cannot_be_undone", "this cannot be brought back").into()
}

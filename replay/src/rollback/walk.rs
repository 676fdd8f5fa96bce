//! For each field and element the selected events touched: the value to go back to, or the conflict.
//!
//! The events that touched it are walked from the newest back: while they belong to the selection they are stepped
//! over; the value before the last one stepped over is the target. If the newest is not in the selection that is a
//! conflict, even when the values happen to be equal.

use super::material::{Material, has_status};
use crate::diff::fields::{Fields, Place, by_element, same};
use rollbook_domain::event::event_type;
use rollbook_domain::kernel::change::Change;
use rollbook_domain::kernel::event_type::Shape;
use rollbook_domain::kernel::id::Subject;
use rollbook_domain::organization::command::Undo;
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::codec::Decoded;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// One field or element on its way back.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// `<kind>:<id>:<field>[:<element>]`.
    pub(super) path: String,
    /// What it is now, personal values in their marked form.
    pub(super) from: Value,
    /// What it goes back to.
    pub(super) undo: Undo,
    /// The newest event that touched it, if that is not in the selection.
    pub(super) later: Option<u64>,
    /// Whether the target is from before there was the entity: undoing the creation says it all.
    pub(super) goes_with_entity: bool,
}

/// One event's doing at one place.
struct Touch {
    position: u64,
    from: Value,
    created: bool,
}

/// The steps for every place that the selection touched and that is not as it was, in order of path.
pub(super) fn steps(now: &Organization, material: &Material) -> Vec<Step> {
    let mut fields: HashMap<Subject, Fields> = HashMap::new();
    let mut steps = Vec::new();
    for ((subject, place), touches) in touches(material) {
        let Some(Walked { target, later, goes_with_entity }) = walk(material, &place, &touches) else {
            continue;
        };
        let fields = fields.entry(subject).or_insert_with(|| Fields::of(now, subject));
        let (field, element) = place;
        let from = fields.get(&field, element.as_deref()).clone();
        // A field that came with the entity goes with it; who changed it since is still told.
        if later.is_none() && (goes_with_entity || same(&from, &target)) {
            continue;
        }
        let change = Change { subject, field, element, from, to: target };
        let path = change.path();
        let Change { field, element, from, to, .. } = change;
        steps.push(Step { path, from, undo: Undo { subject, field, element, to }, later, goes_with_entity });
    }
    steps
}

/// The status that `subject` had before its newest archiving, from its history.
pub(super) fn status_before(material: &Material, subject: Subject) -> Option<Value> {
    let newest = material.entries.values().rev().filter(|entry| entry.event.subject() == subject);
    newest.flat_map(|entry| entry.event.changes()).find(|change| change.field == "status").map(|it| it.from)
}

/// The places of other entities that the selection set to the entity that alone counts, or from it.
fn referring(material: &Material) -> BTreeSet<(Subject, Place)> {
    let Some(scope) = material.scope else { return BTreeSet::new() };
    let selected = material.selected.iter().filter_map(|at| material.entries.get(at));
    let changes = selected.flat_map(|entry| entry.event.changes());
    let referring = changes.filter(|change| change.refers_to(scope.id));
    referring.map(|change| (change.subject, (change.field, change.element))).collect()
}

/// What touched each place, newest first.
fn touches(material: &Material) -> BTreeMap<(Subject, Place), Vec<Touch>> {
    let referring = referring(material);
    let mut touches: BTreeMap<(Subject, Place), Vec<Touch>> = BTreeMap::new();
    for (position, entry) in material.entries.iter().rev() {
        let created = event_type(entry.event.name()).is_some_and(|row| row.shape == Shape::Created);
        for Change { subject, field, element, from, .. } in changes(entry, created) {
            let counts = material.scope.is_none_or(|scope| {
                subject == scope || element.as_deref() == Some(scope.id.to_string().as_str())
            });
            let place = (subject, (field, element));
            if counts || referring.contains(&place) {
                touches.entry(place).or_default().push(Touch { position: *position, from, created });
            }
        }
    }
    touches
}

/// The changes of an entry by element, but those that are never undone; a creation also gives the status that undoing
/// it takes away.
fn changes(entry: &Decoded, created: bool) -> Vec<Change> {
    if event_type(entry.event.name()).is_some_and(|row| row.shape.is_kept()) {
        return Vec::new();
    }
    let mut changes: Vec<_> = entry.event.changes().into_iter().flat_map(by_element).collect();
    let subject = entry.event.subject();
    if created && has_status(subject.kind) && !changes.iter().any(|change| change.field == "status") {
        let (field, to) = ("status".to_owned(), json!("active"));
        changes.push(Change { subject, field, element: None, from: Value::Null, to });
    }
    changes
}

/// What the walk over one place found.
struct Walked {
    target: Value,
    later: Option<u64>,
    goes_with_entity: bool,
}

/// Walks from the newest event back; nothing if the selection did not touch this place.
fn walk(material: &Material, place: &Place, touches: &[Touch]) -> Option<Walked> {
    let selected = |touch: &&Touch| material.selected.contains(&touch.position);
    let start = touches.iter().position(|touch| selected(&touch))?;
    let last = touches.iter().skip(start).take_while(selected).last()?;
    let later = touches.first().filter(|_| start > 0).map(|touch| touch.position);
    let goes_with_entity = last.created && place.0 != "status";
    Some(Walked { target: last.from.clone(), later, goes_with_entity })
}

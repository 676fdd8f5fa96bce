//! A change: one field or element of one subject, from what to what.
//!
//! Read off an event's payload by its [`Shape`] alone, so history, difference, rollback and the activity
//! log see every event alike.

use super::event_type::Shape;
use super::id::Subject;
use super::personal;
use serde_json::Value;
use uuid::Uuid;

/// One field or element changed by one event. Values may hold personal values in their marked form.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Whose field it is.
    pub subject: Subject,
    /// The field's name in the API.
    pub field: String,
    /// The element, where the field is a set or a map.
    pub element: Option<String>,
    /// The value before; null where there was none.
    pub from: Value,
    /// The value after; null where there is none.
    pub to: Value,
}

impl Change {
    /// `<kind>:<id>:<field>[:<element>]`, the name of a conflict or blocker in a plan.
    #[must_use]
    pub fn path(&self) -> String {
        match &self.element {
            Some(element) => format!("{}:{}:{element}", self.subject, self.field),
            None => format!("{}:{}", self.subject, self.field),
        }
    }

    /// Whether it sets a whole field to this id, or from it.
    #[must_use]
    pub fn refers_to(&self, id: Uuid) -> bool {
        let is_it = |value: &Value| value.as_str().is_some_and(|text| Uuid::parse_str(text) == Ok(id));
        self.element.is_none() && (is_it(&self.from) || is_it(&self.to))
    }

    /// The same change with personal values as text or `[erased]`.
    #[must_use]
    pub fn plain(mut self) -> Self {
        personal::plain(&mut self.from);
        personal::plain(&mut self.to);
        self
    }
}

/// The changes that `payload` makes to `subject`, in payload order.
#[must_use]
pub fn changes(subject: Subject, shape: Shape, payload: &Value) -> Vec<Change> {
    let member = |name: &str| payload.get(name).cloned().unwrap_or(Value::Null);
    let change = |field: &str, element: Option<String>, from, to| Change {
        subject,
        field: field.to_owned(),
        element,
        from,
        to,
    };
    match shape {
        Shape::Fact => Vec::new(),
        Shape::Field(field) | Shape::Passing(field) => {
            vec![change(field, None, member("from"), member("to"))]
        }
        Shape::Element(field, named_by) => {
            vec![change(field, Some(element_text(&member(named_by))), member("from"), member("to"))]
        }
        Shape::Elements(field) => {
            let added =
                list(payload, "added").map(|v| change(field, Some(element_text(v)), Value::Null, v.clone()));
            let removed = list(payload, "removed")
                .map(|v| change(field, Some(element_text(v)), v.clone(), Value::Null));
            removed.chain(added).collect()
        }
        Shape::Created => payload
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, value)| *name != subject.kind.word() && !value.is_null())
            .map(|(name, value)| change(name, None, Value::Null, value.clone()))
            .collect(),
    }
}

/// The text by which an element of a set is told from the others.
#[must_use]
pub fn element_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn list<'a>(payload: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    payload.get(member).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::Kind;
    use serde_json::json;

    fn subject() -> Subject {
        Subject { kind: Kind::Group, id: Uuid::nil() }
    }

    #[test]
    fn a_set_changes_by_element_removals_first() {
        let payload = json!({ "group": Uuid::nil(), "added": ["a"], "removed": ["b"] });
        let got = changes(subject(), Shape::Elements("members"), &payload);
        let read: Vec<_> = got.iter().map(|c| (c.element.as_deref(), &c.from, &c.to)).collect();
        assert_eq!(read, [(Some("b"), &json!("b"), &Value::Null), (Some("a"), &Value::Null, &json!("a"))]);
    }

    #[test]
    fn a_field_that_is_set_to_or_from_an_id_refers_to_it() {
        let id = Uuid::from_u128(7);
        let refers = |shape, payload| changes(subject(), shape, &payload)[0].refers_to(id);
        assert!(refers(Shape::Field("a"), json!({ "from": null, "to": id })));
        assert!(refers(Shape::Field("a"), json!({ "from": id, "to": "x" })));
        assert!(!refers(Shape::Field("a"), json!({ "from": null, "to": Uuid::nil() })));
        assert!(!refers(Shape::Elements("a"), json!({ "added": [id], "removed": [] })));
    }

    #[test]
    fn creation_gives_every_field_that_has_a_value() {
        let payload = json!({ "group": Uuid::nil(), "name": "Night", "description": null });
        let got = changes(subject(), Shape::Created, &payload);
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].path(), format!("group:{}:name", Uuid::nil()));
    }
}

//! What a change would do, without doing it: the events it would append and whom it touches.

use rollbook_domain::event::Event;
use rollbook_domain::organization::decide::Accepted;
use rollbook_domain::organization::state::Organization;
use serde_json::{Value, json};

/// `{"events":[{"type","subject","changes"}],"affected":{…}}`.
pub(super) fn preview(_before: &Organization, accepted: &Accepted) -> Value {
    let events: Vec<_> = accepted.events.iter().map(event).collect();
    json!({ "events": events })
}

fn event(event: &Event) -> Value {
    json!({ "type": event.name(), "subject": event.subject(), "changes": changes(event) })
}

/// The changes of an event as the API writes them.
pub(super) fn changes(event: &Event) -> Vec<Value> {
    event
        .changes()
        .into_iter()
        .map(|change| {
            let change = change.plain();
            let mut json = json!({
                "subject": change.subject, "field": change.field, "from": change.from, "to": change.to,
            });
            if let (Some(element), Some(members)) = (change.element, json.as_object_mut()) {
                members.insert("element".to_owned(), element.into());
            }
            json
        })
        .collect()
}

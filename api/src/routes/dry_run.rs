//! What a change would do, without doing it: the events it would append and whom it touches.

use super::past;
use crate::error::Problem;
use rollbook_domain::event::Event;
use rollbook_domain::organization::decide::Accepted;
use rollbook_domain::organization::state::Organization;
use rollbook_replay::diff::{affected, change_json};
use serde_json::{Value, json};

/// `{"events":[{"type","subject","changes"}],"affected":{…}}`.
///
/// # Errors
/// 500 if who is affected could not be worked out.
pub(super) async fn preview(before: Organization, accepted: Accepted) -> Result<Value, Problem> {
    past::aside(move || {
        let affected = affected::by_events(&before, &accepted.after, &accepted.events);
        let events: Vec<_> = accepted.events.iter().map(event).collect();
        json!({ "events": events, "affected": affected })
    })
    .await
}

fn event(event: &Event) -> Value {
    json!({ "type": event.name(), "subject": event.subject(), "changes": changes(event) })
}

/// The changes of an event as the API writes them.
pub(super) fn changes(event: &Event) -> Vec<Value> {
    event.changes().into_iter().map(|change| change_json(&change.plain())).collect()
}

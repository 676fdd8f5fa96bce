//! What a change would do, without doing it: the events it would append and whom it touches.

use super::past;
use crate::error::Problem;
use crate::extract::Caller;
use rollbook_domain::event::Event;
use rollbook_domain::organization::decide::Accepted;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::Targets;
use rollbook_replay::diff::affected::{self, Affected};
use rollbook_replay::diff::change_json;
use serde_json::{Value, json};

/// `{"events":[{"type","subject","changes"}],"affected":{…}}`.
///
/// # Errors
/// 500 if who is affected could not be worked out.
pub(super) async fn preview(
    caller: &Caller,
    before: Organization,
    accepted: Accepted,
) -> Result<Value, Problem> {
    let caller = caller.clone();
    past::aside(move || {
        let mut affected = affected::by_events(&before, &accepted.after, &accepted.events);
        list_known(&mut affected, &caller, &before);
        let events: Vec<_> = accepted.events.iter().map(event).collect();
        json!({ "events": events, "affected": affected })
    })
    .await
}

/// Leaves those out of the list whom the caller may not see; whoever is made by the change itself was not there before.
pub(super) fn list_known(affected: &mut Affected, caller: &Caller, before: &Organization) {
    if caller.may(before, "audit.view", &Targets::default()) {
        return;
    }
    affected.list_only(|user| {
        let subject = user.subject();
        !before.exists(subject) || caller.sees(before, subject).is_ok()
    });
}

fn event(event: &Event) -> Value {
    json!({ "type": event.name(), "subject": event.subject(), "changes": changes(event) })
}

/// The changes of an event as the API writes them.
pub(super) fn changes(event: &Event) -> Vec<Value> {
    event.changes().into_iter().map(|change| change_json(&change.plain())).collect()
}

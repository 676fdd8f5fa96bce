//! What must hold of every accepted command, whatever it was.

use crate::event::Event;
use crate::kernel::context::Context;
use crate::kernel::id::{GroupId, KeyId, Kind, ProfileId, QueueId, RoleId, Subject, UserId};
use crate::kernel::personal;
use crate::organization::decide::{Accepted, IDS_PER_EVENT_MAX};
use crate::organization::state::Organization;
use serde_json::{Value, json};

/// Leaves room in the 65,535 bytes of an entry for its metadata.
const PAYLOAD_BYTES_MAX: usize = 40_000;

/// Folding the events gives the state after; each event survives storing; each change's `from` was so, its `to` is.
pub(crate) fn prove(before: &Organization, context: &Context, accepted: &Accepted) {
    assert_eq!(accepted.authority.len(), accepted.events.len(), "every event names its authority");
    let mut folded = before.clone();
    for event in &accepted.events {
        survives_storing(event);
        for change in event.changes() {
            if folded.exists(change.subject) {
                let was = field(&folded, change.subject, &change.field, change.element.as_deref());
                assert_eq!(
                    plain(was),
                    plain(change.from.clone()),
                    "`from` of {} {}",
                    event.name(),
                    change.path()
                );
            }
        }
        folded.apply(context.at, event);
        for change in event.changes() {
            let is = field(&folded, change.subject, &change.field, change.element.as_deref());
            assert_eq!(plain(is), plain(change.to.clone()), "`to` of {} {}", event.name(), change.path());
        }
    }
    assert_same(&folded, &accepted.after);
    let read = Organization::from_snapshot(&folded.to_snapshot()).expect("a snapshot reads");
    assert_same(&read, &folded);
}

#[track_caller]
fn assert_same(one: &Organization, other: &Organization) {
    assert_eq!(text(one), text(other));
    assert_eq!(indexes(one), indexes(other));
}

fn text(organization: &Organization) -> String {
    String::from_utf8(organization.to_snapshot()).expect("JSON")
}

/// The indexes, which a snapshot leaves out.
pub(crate) fn indexes(organization: &Organization) -> String {
    let mut emails: Vec<_> = organization.emails.iter().collect();
    emails.sort();
    format!("{:?} {emails:?} {:?}", organization.logins, organization.names)
}

fn survives_storing(event: &Event) {
    let mut payload = event.payload();
    let taken = personal::seal(&mut payload);
    let stored = payload.to_string();
    assert!(stored.len() <= PAYLOAD_BYTES_MAX, "{} has {} bytes", event.name(), stored.len());
    let ids = ["added", "removed"].map(|set| payload[set].as_array().map_or(0, Vec::len));
    assert!(ids.iter().sum::<usize>() <= IDS_PER_EVENT_MAX, "{}: {ids:?}", event.name());
    let mut payload = serde_json::from_str(&stored).expect("JSON");
    personal::reveal(&mut payload, &mut |ordinal, commitment| {
        let opened = taken.get(ordinal).cloned().ok_or("more commitments than values")?;
        if let Some(opened) = &opened {
            assert_eq!(personal::commitment(&opened.salt, &opened.value), commitment);
        }
        Ok::<_, &str>(opened)
    })
    .expect("what looks like a commitment is one");
    let version = crate::event::event_type(event.name()).expect("in the catalogue").version;
    assert_eq!(Event::decode(event.name(), version, payload).as_ref(), Ok(event));
}

fn plain(mut value: Value) -> Value {
    personal::plain(&mut value);
    value
}

/// A field or element as folded, in the form of a change.
pub(crate) fn field(
    organization: &Organization,
    subject: Subject,
    field: &str,
    element: Option<&str>,
) -> Value {
    let id = subject.id;
    let whole = match subject.kind {
        Kind::Organization => json!({
            "name": organization.name,
            "catalog": organization.catalog.name,
            "catalog_version": organization.catalog.version,
        }),
        Kind::User => json!(organization.user(UserId(id))),
        Kind::Role => json!(organization.roles.get(&RoleId(id))),
        Kind::Profile => json!(organization.profiles.get(&ProfileId(id))),
        Kind::Key => json!(organization.keys.get(&KeyId(id))),
        Kind::Queue => json!(organization.queues.get(&QueueId(id))),
        Kind::Group => json!(organization.groups.get(&GroupId(id))),
        Kind::Settings => {
            let setting = element.expect("a setting").parse().expect("a setting");
            return json!(organization.settings.get(setting));
        }
        Kind::Conversation | Kind::Setting | Kind::Element => Value::Null,
    };
    // A value that knows since when it is so is written with its position.
    let value = match &whole[field] {
        Value::Object(since) if since.contains_key("position") => since["value"].clone(),
        value => value.clone(),
    };
    match (element, value) {
        (None, value) => value,
        (Some(element), Value::Array(items)) => {
            let found = items.into_iter().find(|item| crate::kernel::change::element_text(item) == element);
            found.unwrap_or_default()
        }
        (Some(element), Value::Object(members)) => members.get(element).cloned().unwrap_or_default(),
        (Some(_), other) => other,
    }
}

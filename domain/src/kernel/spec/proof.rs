//! What must hold of every accepted command, whatever it was.

use crate::event::Event;
use crate::kernel::change::{Change, element_text};
use crate::kernel::context::Context;
use crate::kernel::id::{
    AgentId, GroupId, KeyId, Kind, ObjectId, ProfileId, QueueId, RoleId, Subject, UserId,
};
use crate::kernel::personal;
use crate::organization::decide::{Accepted, IDS_PER_EVENT_MAX};
use crate::organization::state::Organization;
use crate::settings::state::Setting;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Leaves room in the 65,535 bytes of an entry for its metadata.
const PAYLOAD_BYTES_MAX: usize = 40_000;

/// Folding the events gives the state after; each event survives storing; each change's `from` was so, its `to` is.
pub(crate) fn prove(before: &Organization, context: &Context, accepted: &Accepted) {
    assert_eq!(accepted.authority.len(), accepted.events.len(), "every event names its authority");
    let mut folded = before.clone();
    for event in &accepted.events {
        survives_storing(event);
        let changes = event.changes();
        let was = Fields::of(&folded, &changes);
        if folded.exists(event.subject()) {
            for change in &changes {
                assert_eq!(was.plain(change), plain(change.from.clone()), "`from` of {}", change.path());
            }
        }
        folded.apply(context.actor, context.at, event);
        let is = Fields::of(&folded, &changes);
        for change in &changes {
            assert_eq!(is.plain(change), plain(change.to.clone()), "`to` of {}", change.path());
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
    format!(
        "{:?} {emails:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        organization.logins,
        organization.extensions,
        organization.names,
        organization.called,
        organization.supervised,
        organization.tokens,
        organization.uses
    )
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

/// The entity that changes are about, as folded; its sets by the text of their elements.
struct Fields {
    whole: Value,
    sets: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Fields {
    fn of(organization: &Organization, changes: &[Change]) -> Self {
        let Some(Change { subject, .. }) = changes.first() else {
            return Self { whole: Value::Null, sets: BTreeMap::new() };
        };
        let whole = entity(organization, *subject);
        let fields = changes.iter().filter(|change| change.element.is_some()).map(|change| &change.field);
        let fields: BTreeSet<_> = fields.cloned().collect();
        let sets = fields.into_iter().map(|field| {
            let elements = match value(&whole, &field) {
                Value::Array(items) => items.into_iter().map(|item| (element_text(&item), item)).collect(),
                Value::Object(members) => members.into_iter().collect(),
                other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                    panic!("{field} is no set: {other}")
                }
            };
            (field, elements)
        });
        Self { sets: sets.collect(), whole }
    }

    fn plain(&self, change: &Change) -> Value {
        match &change.element {
            None => plain(value(&self.whole, &change.field)),
            Some(element) => plain(self.sets[&change.field].get(element).cloned().unwrap_or_default()),
        }
    }
}

/// A value that knows since when it is so is written with its position, a set with those of its elements.
fn value(whole: &Value, field: &str) -> Value {
    let value = &whole[field];
    let since =
        value.as_object().filter(|since| ["position", "since"].iter().any(|name| since.contains_key(*name)));
    since.map_or_else(|| value.clone(), |since| since["value"].clone())
}

fn entity(organization: &Organization, subject: Subject) -> Value {
    let id = subject.id;
    match subject.kind {
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
        Kind::Agent => json!(organization.agents.get(&AgentId(id))),
        Kind::Object => json!(organization.object(ObjectId(id))),
        Kind::Settings => {
            let all = Setting::ALL.map(|setting| (setting.word(), organization.settings.get(setting)));
            json!({ "settings": BTreeMap::from(all) })
        }
        Kind::Conversation | Kind::Setting | Kind::Element => Value::Null,
    }
}

//! The closed list of every event: one variant per entity, one catalogue row per kind.

use crate::agent::event::AgentEvent;
use crate::group::event::GroupEvent;
use crate::kernel::change::{self, Change};
use crate::kernel::event_type::EventType;
use crate::kernel::id::Subject;
use crate::key::event::KeyEvent;
use crate::object::event::ObjectEvent;
use crate::object::usage;
use crate::organization::event::OrganizationEvent;
use crate::profile::event::ProfileEvent;
use crate::queue::event::QueueEvent;
use crate::role::event::RoleEvent;
use crate::settings::event::SettingsEvent;
use crate::user::event::UserEvent;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Something that happened in an organization.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// About the organization itself.
    Organization(OrganizationEvent),
    /// About a user.
    User(UserEvent),
    /// About a role.
    Role(RoleEvent),
    /// About a profile.
    Profile(ProfileEvent),
    /// About a key.
    Key(KeyEvent),
    /// About a queue or campaign.
    Queue(QueueEvent),
    /// About a group.
    Group(GroupEvent),
    /// About an agent.
    Agent(AgentEvent),
    /// About an object.
    Object(ObjectEvent),
    /// About the settings.
    Settings(SettingsEvent),
}

/// Why a stored event could not be read. The process stops serving the organization.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A newer release wrote it.
    #[error("event type `{0}` is not known to this release")]
    UnknownType(String),
    /// A newer release wrote it.
    #[error("version `{version}` of event type `{name}` is not known to this release")]
    UnknownVersion {
        /// The stored name.
        name: String,
        /// The stored version.
        version: String,
    },
    /// The payload does not have the shape of its type.
    #[error("the payload of event type `{name}` cannot be read: {what}")]
    Payload {
        /// The stored name.
        name: String,
        /// What is wrong, naming members, never values.
        what: String,
    },
}

/// Every kind of event there is, in the order of the entities.
pub fn catalogue() -> impl Iterator<Item = &'static EventType> {
    [
        OrganizationEvent::CATALOGUE,
        UserEvent::CATALOGUE,
        RoleEvent::CATALOGUE,
        ProfileEvent::CATALOGUE,
        KeyEvent::CATALOGUE,
        QueueEvent::CATALOGUE,
        GroupEvent::CATALOGUE,
        AgentEvent::CATALOGUE,
        ObjectEvent::CATALOGUE,
        SettingsEvent::CATALOGUE,
    ]
    .into_iter()
    .flatten()
}

/// The catalogue's row for a stored name.
#[must_use]
pub fn event_type(name: &str) -> Option<&'static EventType> {
    static BY_NAME: LazyLock<HashMap<&str, &EventType>> =
        LazyLock::new(|| catalogue().map(|row| (row.name, row)).collect());
    BY_NAME.get(name).copied()
}

impl Event {
    /// The stored name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Organization(event) => event.name(),
            Self::User(event) => event.name(),
            Self::Role(event) => event.name(),
            Self::Profile(event) => event.name(),
            Self::Key(event) => event.name(),
            Self::Queue(event) => event.name(),
            Self::Group(event) => event.name(),
            Self::Agent(event) => event.name(),
            Self::Object(event) => event.name(),
            Self::Settings(event) => event.name(),
        }
    }

    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Self::Organization(event) => event.subject(),
            Self::User(event) => event.subject(),
            Self::Role(event) => event.subject(),
            Self::Profile(event) => event.subject(),
            Self::Key(event) => event.subject(),
            Self::Queue(event) => event.subject(),
            Self::Group(event) => event.subject(),
            Self::Agent(event) => event.subject(),
            Self::Object(event) => event.subject(),
            Self::Settings(event) => event.subject(),
        }
    }

    /// The payload, with personal values in their marked form (see [`crate::kernel::personal`]).
    #[must_use]
    pub fn payload(&self) -> Value {
        let tagged = match self {
            Self::Organization(event) => serde_json::to_value(event),
            Self::User(event) => serde_json::to_value(event),
            Self::Role(event) => serde_json::to_value(event),
            Self::Profile(event) => serde_json::to_value(event),
            Self::Key(event) => serde_json::to_value(event),
            Self::Queue(event) => serde_json::to_value(event),
            Self::Group(event) => serde_json::to_value(event),
            Self::Agent(event) => serde_json::to_value(event),
            Self::Object(event) => serde_json::to_value(event),
            Self::Settings(event) => serde_json::to_value(event),
        };
        // Events are maps of text, numbers and lists, which always serialize; a null payload would be
        // refused by the ledger before it is stored.
        match tagged {
            Ok(Value::Object(members)) => {
                members.into_iter().next().map_or(Value::Null, |(_, payload)| payload)
            }
            Ok(_) | Err(_) => Value::Null,
        }
    }

    /// Reads an event of the current version from its revealed payload.
    ///
    /// # Errors
    /// [`DecodeError`] if the name, the version or the payload's shape is not known.
    pub fn decode(name: &str, version: &str, payload: Value) -> Result<Self, DecodeError> {
        known(name, version)?;
        let tagged = Value::Object(Map::from_iter([(name.to_owned(), payload)]));
        Self::tagged(name, tagged)
    }

    /// The same from the text of the revealed payload, which is read once.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_text(name: &str, version: &str, payload: &str) -> Result<Self, DecodeError> {
        let row = known(name, version)?;
        let tagged = format!("{{\"{}\":{payload}}}", row.name);
        // The reader must come to the end of the text: its deserializer by itself does not.
        let mut reader = serde_json::Deserializer::from_str(&tagged);
        let event = Self::tagged(name, &mut reader)?;
        reader.end().map_err(|error| unreadable(name, &error))?;
        Ok(event)
    }

    /// A payload's text as JSON, for an upcaster.
    ///
    /// # Errors
    /// `Payload` if it is none.
    pub fn payload_of_text(name: &str, payload: &str) -> Result<Value, DecodeError> {
        serde_json::from_str(payload).map_err(|error| unreadable(name, &error))
    }

    /// Reads an event from the one member that bears its name.
    fn tagged<'de, D>(name: &str, from: D) -> Result<Self, DecodeError>
    where
        D: Deserializer<'de, Error = serde_json::Error>,
    {
        let event = match name.split('.').next().unwrap_or_default() {
            "organization" => Deserialize::deserialize(from).map(Self::Organization),
            "user" => Deserialize::deserialize(from).map(Self::User),
            "role" => Deserialize::deserialize(from).map(Self::Role),
            "profile" => Deserialize::deserialize(from).map(Self::Profile),
            "key" => Deserialize::deserialize(from).map(Self::Key),
            "queue" => Deserialize::deserialize(from).map(Self::Queue),
            "group" => Deserialize::deserialize(from).map(Self::Group),
            "agent" => Deserialize::deserialize(from).map(Self::Agent),
            "object" => Deserialize::deserialize(from).map(Self::Object),
            "settings" => Deserialize::deserialize(from).map(Self::Settings),
            _ => return Err(DecodeError::UnknownType(name.to_owned())),
        };
        event.map_err(|error| unreadable(name, &error))
    }

    /// The changes this event makes, field by field.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let shape = event_type(self.name()).map(|row| row.shape);
        shape.map(|shape| change::changes(self.subject(), shape, &self.payload())).unwrap_or_default()
    }

    /// Every entity the event concerns: its subject first, then those it is put with or taken from
    /// (a group's new member has the change in their history too).
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        let mut subjects = vec![self.subject()];
        match self {
            Self::Group(
                GroupEvent::MembersChanged { added, removed, .. }
                | GroupEvent::SupervisorsChanged { added, removed, .. },
            )
            | Self::Queue(QueueEvent::AgentsChanged { added, removed, .. }) => {
                subjects.extend(removed.iter().chain(added).map(|user| user.subject()));
            }
            Self::Queue(QueueEvent::SupervisorSet { user, .. }) => subjects.push(user.subject()),
            Self::Agent(AgentEvent::LevelSet { queue, .. }) => subjects.push(queue.subject()),
            Self::Agent(AgentEvent::GroupSet { from, to, .. }) => {
                subjects.extend([from, to].into_iter().flatten().map(|group| group.subject()));
            }
            Self::Agent(AgentEvent::SupervisorSet { from, to, .. }) => {
                subjects.extend([from, to].into_iter().flatten().map(|user| user.subject()));
            }
            Self::Object(event) => subjects.extend(usage::named(event).map(|(by, _)| by.subject())),
            Self::Organization(_)
            | Self::User(_)
            | Self::Role(_)
            | Self::Profile(_)
            | Self::Key(_)
            | Self::Queue(_)
            | Self::Group(_)
            | Self::Agent(_)
            | Self::Settings(_) => {}
        }
        subjects
    }
}

/// The catalogue's row, if this release reads the version.
fn known(name: &str, version: &str) -> Result<&'static EventType, DecodeError> {
    let row = event_type(name).ok_or_else(|| DecodeError::UnknownType(name.to_owned()))?;
    if row.version == version {
        return Ok(row);
    }
    Err(DecodeError::UnknownVersion { name: name.to_owned(), version: version.to_owned() })
}

fn unreadable(name: &str, error: &serde_json::Error) -> DecodeError {
    DecodeError::Payload { name: name.to_owned(), what: error.to_string() }
}

impl From<OrganizationEvent> for Event {
    fn from(event: OrganizationEvent) -> Self {
        Self::Organization(event)
    }
}
impl From<UserEvent> for Event {
    fn from(event: UserEvent) -> Self {
        Self::User(event)
    }
}
impl From<RoleEvent> for Event {
    fn from(event: RoleEvent) -> Self {
        Self::Role(event)
    }
}
impl From<ProfileEvent> for Event {
    fn from(event: ProfileEvent) -> Self {
        Self::Profile(event)
    }
}
impl From<KeyEvent> for Event {
    fn from(event: KeyEvent) -> Self {
        Self::Key(event)
    }
}
impl From<QueueEvent> for Event {
    fn from(event: QueueEvent) -> Self {
        Self::Queue(event)
    }
}
impl From<GroupEvent> for Event {
    fn from(event: GroupEvent) -> Self {
        Self::Group(event)
    }
}
impl From<AgentEvent> for Event {
    fn from(event: AgentEvent) -> Self {
        Self::Agent(event)
    }
}
impl From<ObjectEvent> for Event {
    fn from(event: ObjectEvent) -> Self {
        Self::Object(event)
    }
}
impl From<SettingsEvent> for Event {
    fn from(event: SettingsEvent) -> Self {
        Self::Settings(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::event_type::Shape;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_events_share_a_stored_name() {
        let names: BTreeSet<_> = catalogue().map(|row| row.name).collect();
        assert_eq!(names.len(), catalogue().count());
    }

    #[test]
    fn sentences_fill_in_only_what_an_event_of_their_shape_has() {
        for row in catalogue() {
            let known = match row.shape {
                Shape::Created => &["subject"][..],
                // Of a fact, whatever its payload says; `name` is what there is.
                Shape::Fact => &["subject", "name"],
                Shape::Field(_) | Shape::Passing(_) => &["subject", "from", "to"],
                Shape::Elements(_) => &["subject", "added", "removed"],
                Shape::Element(..) => &["subject", "element", "from", "to"],
            };
            let names = row.sentence.split('{').skip(1).map(|rest| rest.split('}').next().unwrap());
            let unknown: Vec<_> = names.filter(|name| !known.contains(name)).collect();
            assert!(unknown.is_empty(), "{}: {unknown:?}", row.name);
        }
    }

    #[test]
    fn an_event_of_a_later_release_is_refused_by_name_and_by_version() {
        let payload = serde_json::json!({});
        assert_eq!(
            Event::decode("user.cloned", "1", payload.clone()),
            Err(DecodeError::UnknownType("user.cloned".into()))
        );
        assert_eq!(
            Event::decode("user.blocked", "2", payload),
            Err(DecodeError::UnknownVersion { name: "user.blocked".into(), version: "2".into() })
        );
    }
}

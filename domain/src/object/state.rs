//! An object as folded from events.

use super::command::Use;
use super::event::ObjectEvent;
use crate::kernel::id::{KeyId, ObjectId, QueueId, UserId};
use crate::kernel::record::{Record, Stamp};
use crate::kernel::shared::{Since, Standing, change_set};
use imbl::OrdSet;
use serde::{Deserialize, Serialize};

/// A skill, a tag, a report, or whatever else the catalog has as a kind of small thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// Never reused.
    pub id: ObjectId,
    /// One of the catalog's kinds.
    pub kind: String,
    /// Unique among objects of its kind, whatever its case.
    pub name: String,
    /// For people.
    pub description: String,
    /// Only holders of this key see it; none is open to all who hold the permission.
    pub visibility_key: Since<Option<KeyId>>,
    /// The same of what reports say of it, where the kind has a second key.
    pub reports_key: Since<Option<KeyId>>,
    /// What is in it, in this order, none twice.
    pub contents: Vec<String>,
    /// Who has it.
    pub users: OrdSet<UserId>,
    /// Which queues and campaigns use it.
    pub queues: OrdSet<QueueId>,
    /// Which other objects use it.
    pub objects: OrdSet<ObjectId>,
    /// Whether it may be put to use.
    pub status: Standing,
    /// Who made it, who changed it last, and when.
    pub record: Record,
}

impl Object {
    /// An object as first created; `None` if the event is not a creation.
    #[must_use]
    pub fn created(event: &ObjectEvent, stamp: Stamp) -> Option<Self> {
        let ObjectEvent::Created { object, kind, name, description, visibility_key, reports_key } = event
        else {
            return None;
        };
        let position = stamp.position;
        Some(Self {
            id: *object,
            kind: kind.clone(),
            name: name.clone(),
            description: description.clone(),
            visibility_key: Since::new(*visibility_key, position),
            reports_key: Since::new(*reports_key, position),
            contents: Vec::new(),
            users: OrdSet::new(),
            queues: OrdSet::new(),
            objects: OrdSet::new(),
            status: Standing::Active,
            record: Record::new(stamp),
        })
    }

    /// Folds one event about this object.
    pub fn apply(&mut self, event: &ObjectEvent, stamp: Stamp) {
        let at = stamp.position;
        match event {
            ObjectEvent::Created { .. } => {}
            ObjectEvent::Renamed { to, .. } => self.name.clone_from(to),
            ObjectEvent::Described { to, .. } => self.description.clone_from(to),
            ObjectEvent::VisibilityKeySet { to, .. } => self.visibility_key = Since::new(*to, at),
            ObjectEvent::ReportsKeySet { to, .. } => self.reports_key = Since::new(*to, at),
            ObjectEvent::ContentsChanged { to, .. } => self.contents.clone_from(to),
            ObjectEvent::UsersChanged { added, removed, .. } => change_set(&mut self.users, added, removed),
            ObjectEvent::QueuesChanged { added, removed, .. } => change_set(&mut self.queues, added, removed),
            ObjectEvent::ObjectsChanged { added, removed, .. } => {
                change_set(&mut self.objects, added, removed);
            }
            ObjectEvent::Archived { to, .. } | ObjectEvent::Restored { to, .. } => self.status = *to,
        }
        self.record.update(stamp);
    }

    /// How an object is called where its kind is not known from elsewhere: `kind:name`.
    #[must_use]
    pub fn called(&self) -> String {
        called(&self.kind, &self.name)
    }

    /// Everything that has it or uses it.
    pub fn uses(&self) -> impl Iterator<Item = Use> {
        let users = self.users.iter().map(|user| Use::User(*user));
        let queues = self.queues.iter().map(|queue| Use::Queue(*queue));
        users.chain(queues).chain(self.objects.iter().map(|object| Use::Object(*object)))
    }

    /// Whether something has it or uses it.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.uses().next().is_some()
    }

    /// Whether this has it or uses it.
    #[must_use]
    pub fn is_used_by(&self, by: Use) -> bool {
        match by {
            Use::User(user) => self.users.contains(&user),
            Use::Queue(queue) => self.queues.contains(&queue),
            Use::Object(object) => self.objects.contains(&object),
        }
    }

    /// The keys that lock it.
    pub fn keys(&self) -> impl Iterator<Item = KeyId> {
        self.visibility_key.value.into_iter().chain(self.reports_key.value)
    }
}

/// `kind:name`. No kind has a colon, so the first one parts the two.
#[must_use]
pub fn called(kind: &str, name: &str) -> String {
    format!("{kind}:{name}")
}

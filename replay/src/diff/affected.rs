//! The blast radius: whom a change makes gain or lose what.
//!
//! For a command, whom its events can touch is read off the events: the user itself, holders of a role or profile,
//! those in a group or on a queue, holders of a key. Only the visibility lock of a queue or object concerns everybody.

use super::access::{Access, Comparison, Delta};
use rollbook_domain::event::Event;
use rollbook_domain::kernel::id::{
    GroupId, KeyId, Kind, ObjectId, ProfileId, QueueId, RoleId, Subject, UserId,
};
use rollbook_domain::object::event::ObjectEvent;
use rollbook_domain::object::state::Object;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::queue::event::QueueEvent;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Most users that are listed; all are counted.
pub const USERS_LISTED_MAX: usize = 1_000;

/// Who gains or loses something, as in the API: `{"count","users":[…]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Affected {
    /// How many users.
    pub count: u64,
    /// The first [`USERS_LISTED_MAX`] of them by id, those left out whom the one who asks may not see.
    pub users: Vec<AffectedUser>,
    /// SHA-256 over all of them, listed or not, with what each gains and loses.
    #[serde(skip)]
    pub(crate) digest: [u8; 32],
}

/// One user who gains or loses something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AffectedUser {
    /// Who.
    pub user: Named,
    /// Had not before.
    pub gained: Vec<Access>,
    /// Has no longer.
    pub lost: Vec<Access>,
}

/// A user with the name that people know them by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Never reused.
    pub id: UserId,
    /// The login afterwards, or `[erased]`.
    pub login: String,
}

impl Affected {
    /// Lists only those whom `is_known` knows of. All stay counted.
    pub fn list_only(&mut self, is_known: impl Fn(UserId) -> bool) {
        self.users.retain(|one| is_known(one.user.id));
    }
}

/// Who gains or loses something by `events`, which make `after` of `before`.
#[must_use]
pub fn by_events(before: &Organization, after: &Organization, events: &[Event]) -> Affected {
    let touched = Touched::by(before, after, events);
    compare(before, after, &touched.users, touched.locks)
}

/// Who has gained or lost something from `before` to `after`, everybody being compared.
#[must_use]
pub fn everybody(before: &Organization, after: &Organization) -> Affected {
    let users = before.users.keys().chain(after.users.keys()).copied().collect();
    let queues = before.queues.keys().chain(after.queues.keys()).copied();
    let queues = queues.filter(|queue| {
        let key = |side: &Organization| {
            side.queues.get(queue).map(|queue| (queue.visibility_key.value, queue.status))
        };
        key(before) != key(after)
    });
    let objects = before.objects.keys().chain(after.objects.keys()).copied();
    let objects = objects.filter(|object| opens_or_shuts(before.object(*object), after.object(*object)));
    let locks = queues.map(QueueId::subject).chain(objects.map(ObjectId::subject));
    compare(before, after, &users, locks.collect())
}

/// Whether who sees an object can differ by more than what everybody holds: a key locks it, or it went or came back. Most
/// have no key and were merely added.
fn opens_or_shuts(before: Option<&Object>, after: Option<&Object>) -> bool {
    let keys =
        |side: Option<&Object>| side.map(|it| (it.visibility_key.value, it.reports_key.value, it.status));
    let is_locked = [before, after].into_iter().flatten().any(|it| it.keys().next().is_some());
    let was_there = before.is_some() && after.is_some();
    keys(before) != keys(after) && (is_locked || was_there)
}

fn compare(
    before: &Organization,
    after: &Organization,
    users: &BTreeSet<UserId>,
    locks: BTreeSet<Subject>,
) -> Affected {
    let mut comparison = Comparison::new(before, after, locks);
    let mut affected = Affected { count: 0, users: Vec::new(), digest: [0; 32] };
    let mut digest = Sha256::new();
    for id in users {
        let delta = comparison.user(*id);
        if delta.is_empty() {
            continue;
        }
        affected.count += 1;
        // Grants are sets in order, so this is the same text in every process.
        digest.update(id.to_string());
        digest.update(serde_json::to_vec(&delta).unwrap_or_default());
        if affected.users.len() < USERS_LISTED_MAX {
            let Delta { gained, lost } = delta;
            let login = after.user(*id).or_else(|| before.user(*id));
            let login = login.map(|user| user.login.text().to_owned()).unwrap_or_default();
            affected.users.push(AffectedUser { user: Named { id: *id, login }, gained, lost });
        }
    }
    affected.digest = digest.finalize().into();
    affected
}

/// The queue or object whose lock or being in use an event changes.
fn opened_or_shut(event: &Event) -> Option<Subject> {
    let is_it = matches!(
        event,
        Event::Queue(
            QueueEvent::VisibilityKeySet { .. } | QueueEvent::Archived { .. } | QueueEvent::Restored { .. }
        ) | Event::Object(
            ObjectEvent::VisibilityKeySet { .. }
                | ObjectEvent::ReportsKeySet { .. }
                | ObjectEvent::Archived { .. }
                | ObjectEvent::Restored { .. }
        )
    );
    is_it.then(|| event.subject())
}

/// Whom events can touch.
struct Touched {
    users: BTreeSet<UserId>,
    locks: BTreeSet<Subject>,
}

impl Touched {
    fn by(before: &Organization, after: &Organization, events: &[Event]) -> Self {
        let mut touched = Self { users: BTreeSet::new(), locks: BTreeSet::new() };
        let mut seen = BTreeSet::new();
        let mut keys = BTreeSet::new();
        for event in events {
            for subject in event.subjects().into_iter().filter(|subject| seen.insert(*subject)) {
                touched.subject(before, subject);
                touched.subject(after, subject);
                keys.extend((subject.kind == Kind::Key).then_some(KeyId(subject.id)));
            }
            touched.locks.extend(opened_or_shut(event));
        }
        if !keys.is_empty() {
            let locked = after
                .queues
                .values()
                .filter(|queue| queue.visibility_key.value.is_some_and(|key| keys.contains(&key)));
            touched.locks.extend(locked.map(|queue| queue.id.subject()));
            let locked = after.objects.values().filter(|object| object.keys().any(|key| keys.contains(&key)));
            touched.locks.extend(locked.map(|object| object.id.subject()));
            touched.holders_of_keys(after, &keys);
        }
        if !touched.locks.is_empty() {
            // Whom a lock shuts out are those who do not hold its key.
            touched.users.extend(after.users.keys().copied());
        }
        touched
    }

    fn subject(&mut self, organization: &Organization, subject: Subject) {
        let id = subject.id;
        match subject.kind {
            Kind::User => {
                self.users.insert(UserId(id));
            }
            Kind::Role => {
                let role = organization.roles.get(&RoleId(id));
                self.users.extend(role.iter().flat_map(|role| role.holders.iter().copied()));
            }
            Kind::Profile => {
                let profile = organization.profiles.get(&ProfileId(id));
                self.users.extend(profile.iter().flat_map(|profile| profile.holders.iter().copied()));
            }
            Kind::Queue => {
                let queue = organization.queues.get(&QueueId(id));
                self.users.extend(queue.iter().flat_map(|queue| queue.agents.iter().copied()));
                self.users.extend(queue.iter().flat_map(|queue| queue.supervisors.keys().copied()));
            }
            Kind::Group => {
                let group = organization.groups.get(&GroupId(id));
                self.users.extend(group.iter().flat_map(|group| group.members.iter().copied()));
                self.users.extend(group.iter().flat_map(|group| group.supervisors.iter().copied()));
            }
            // No account: it gains and loses nothing. A skill that one has lets one do nothing.
            Kind::Agent
            | Kind::Object
            | Kind::Organization
            | Kind::Key
            | Kind::Settings
            | Kind::Conversation
            | Kind::Setting
            | Kind::Element => {}
        }
    }

    fn holders_of_keys(&mut self, organization: &Organization, keys: &BTreeSet<KeyId>) {
        let roles = organization.roles.values();
        let giving = roles.filter(|role| role.keys.iter().any(|key| keys.contains(key)));
        self.users.extend(giving.flat_map(|role| role.holders.iter().copied()));
        let own = organization.users.values();
        let own = own.filter(|user| user.keys.iter().any(|entry| keys.contains(&entry.key)));
        self.users.extend(own.map(|user| user.id));
    }
}

//! An organization as bytes and back: a cache of the fold, never its source.
//!
//! A snapshot holds every entity, derived members included; the indexes by login, e-mail and name are built anew.
//! It holds personal values in the clear, so whoever stores it must delete it when one of them is erased.

use super::state::Organization;
use crate::agent::state::Agent;
use crate::group::state::Group;
use crate::kernel::id::{OrganizationId, UserId};
use crate::kernel::moment::Moment;
use crate::key::state::Key;
use crate::object::state::Object;
use crate::permission::catalog::Catalog;
use crate::permission::given::Given;
use crate::profile::state::Profile;
use crate::queue::state::Queue;
use crate::role::state::Role;
use crate::settings::state::Settings;
use crate::user::state::User;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The shape of a snapshot. Change it with every change of a folded type: a snapshot of another shape is ignored.
/// The golden file of `organization/tests/snapshot.rs` says when it was forgotten.
pub const SHAPE: &str = "organization-6";

/// Why bytes are no snapshot that this release can use. It is ignored, and the ledger folded instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSnapshot {
    /// Not JSON of a snapshot's form.
    #[error("the snapshot cannot be read: {0}")]
    Unreadable(String),
    /// Another release wrote it.
    #[error("the snapshot has shape `{0}`, which is not this release's")]
    Shape(String),
    /// The catalog is not of this release.
    #[error("the snapshot names a catalog that this release does not have")]
    NoSuchCatalog,
}

#[derive(Serialize, Deserialize)]
struct Shaped {
    shape: String,
}

#[derive(Serialize, Deserialize)]
struct Snapshot {
    shape: String,
    id: OrganizationId,
    name: String,
    catalog: String,
    catalog_version: u32,
    position: u64,
    at: Moment,
    changed: u64,
    version: u64,
    founder: Option<UserId>,
    users: Vec<Arc<User>>,
    roles: Vec<Arc<Role>>,
    profiles: Vec<Arc<Profile>>,
    keys: Vec<Arc<Key>>,
    queues: Vec<Arc<Queue>>,
    groups: Vec<Arc<Group>>,
    agents: Vec<Arc<Agent>>,
    objects: Vec<Arc<Object>>,
    settings: Settings,
}

impl Organization {
    /// The state as JSON, the same bytes for the same state.
    #[must_use]
    pub fn to_snapshot(&self) -> Vec<u8> {
        let mut users: Vec<_> = self.users.values().cloned().collect();
        users.sort_by_key(|user| user.id);
        let snapshot = Snapshot {
            shape: SHAPE.to_owned(),
            id: self.id,
            name: self.name.clone(),
            catalog: self.catalog.name.clone(),
            catalog_version: self.catalog.version,
            position: self.position,
            at: self.at,
            changed: self.changed,
            version: self.version,
            founder: self.founder,
            users,
            roles: self.roles.values().cloned().collect(),
            profiles: self.profiles.values().cloned().collect(),
            keys: self.keys.values().cloned().collect(),
            queues: self.queues.values().cloned().collect(),
            groups: self.groups.values().cloned().collect(),
            agents: self.agents.values().cloned().collect(),
            objects: self.objects.values().cloned().collect(),
            settings: self.settings.clone(),
        };
        // Text, numbers and lists always serialize; no bytes at all would be refused when read.
        serde_json::to_vec(&snapshot).unwrap_or_default()
    }

    /// The state that [`to_snapshot`](Self::to_snapshot) wrote.
    ///
    /// # Errors
    /// [`BadSnapshot`], after which the ledger is folded instead.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, BadSnapshot> {
        let unreadable = |error: serde_json::Error| BadSnapshot::Unreadable(error.to_string());
        let Shaped { shape } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if shape != SHAPE {
            return Err(BadSnapshot::Shape(shape));
        }
        let read: Snapshot = serde_json::from_slice(bytes).map_err(unreadable)?;
        let catalog = match read.position {
            0 => Catalog::empty(),
            _ => Catalog::find(&read.catalog, read.catalog_version).ok_or(BadSnapshot::NoSuchCatalog)?,
        };
        let mut organization = Self {
            name: read.name,
            catalog,
            position: read.position,
            at: read.at,
            changed: read.changed,
            version: read.version,
            founder: read.founder,
            users: read.users.into_iter().map(|user| (user.id, indexed_user(user, catalog))).collect(),
            roles: read.roles.into_iter().map(|role| (role.id, indexed_role(role, catalog))).collect(),
            profiles: read
                .profiles
                .into_iter()
                .map(|profile| (profile.id, indexed_profile(profile, catalog)))
                .collect(),
            keys: read.keys.into_iter().map(|key| (key.id, key)).collect(),
            queues: read.queues.into_iter().map(|queue| (queue.id, queue)).collect(),
            groups: read.groups.into_iter().map(|group| (group.id, group)).collect(),
            agents: read.agents.into_iter().map(|agent| (agent.id, agent)).collect(),
            objects: read.objects.into_iter().map(|object| (object.id, object)).collect(),
            settings: read.settings,
            ..Self::empty(read.id)
        };
        organization.index();
        Ok(organization)
    }
}

fn indexed_user(mut user: Arc<User>, catalog: &Catalog) -> Arc<User> {
    if user.custom_profile.is_some() || user.elements.is_some() {
        let user = Arc::make_mut(&mut user);
        let indexed = |grants: Box<Given>| Box::new(grants.indexed(catalog));
        user.custom_profile = user.custom_profile.take().map(indexed);
        user.elements = user.elements.take().map(indexed);
    }
    user
}

fn indexed_role(mut role: Arc<Role>, catalog: &Catalog) -> Arc<Role> {
    let grants = role.grants.clone().indexed(catalog);
    Arc::make_mut(&mut role).grants = grants;
    role
}

fn indexed_profile(mut profile: Arc<Profile>, catalog: &Catalog) -> Arc<Profile> {
    let (grants, by_type) =
        (profile.grants.clone().indexed(catalog), profile.by_type.clone().indexed(catalog));
    let made = Arc::make_mut(&mut profile);
    (made.grants, made.by_type) = (grants, by_type);
    profile
}

//! Catalogs: which permissions there are, which roles an organization starts with, which keys are reserved.
//!
//! A catalog is data (`domain/catalogs/*.toml`, embedded) and immutable per name and version: an organization
//! names both in its first event, so a changed catalog is a new version in a new file. Password rules are not here yet.

mod file;
mod names;

use crate::kernel::id::{KeyId, Kind};
use crate::kernel::text::folded;
use crate::organization::state::Organization;
use crate::permission::given::Given;
use crate::permission::grant::Grants;
use names::Names;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, LazyLock};

/// Rollbook's own permissions, part of every catalog (design §2).
const ROLLBOOK: &str = include_str!("../../../catalogs/rollbook.toml");

/// Every version ever released; an organization founded on one keeps it.
const SOURCES: [&str; 2] =
    [include_str!("../../../catalogs/standard.toml"), include_str!("../../../catalogs/voximplant.toml")];

/// A catalog that does not parse is left out here, so that `find` gives `None` and an organization founded on it
/// has no permissions at all; a test loads every one.
static CATALOGS: LazyLock<Vec<Catalog>> =
    LazyLock::new(|| SOURCES.iter().filter_map(|source| file::load(source, ROLLBOOK).ok()).collect());

static EMPTY: LazyLock<Catalog> = LazyLock::new(Catalog::default);

/// Where a row of a catalog comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// One of the seed documents says so.
    Seed,
    /// Another public document says so; the note names it.
    Source,
    /// Nobody says so; the note gives the reason.
    Chosen,
}

/// A permission's place in the order of its catalog's names, by which grants in force are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PermissionNumber(u16);

/// A permission: what can be allowed.
#[derive(Clone, Debug)]
pub struct Permission {
    pub(crate) number: PermissionNumber,
    /// `module.action`.
    pub name: Arc<str>,
    /// One line for people.
    pub about: String,
    /// What a question about it names; several mean that all must be given and match one grant.
    pub targets: Vec<Kind>,
    /// Where the row comes from.
    pub origin: Origin,
    /// For people; decides nothing.
    pub note: String,
    /// Rollbook's own permissions that whoever is granted this one is granted too.
    pub covers: Vec<Arc<str>>,
    /// The reserved key without which it is denied.
    pub key: Option<KeyName>,
    /// The reserved keys that deny it to whoever holds them.
    pub restricted_by: Vec<KeyName>,
}

/// A reserved key's name, ready to be looked up in an organization without allocating.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName {
    /// As written in the catalog.
    pub name: Arc<str>,
    lookup: (Kind, Arc<str>),
}

impl KeyName {
    /// The name `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), lookup: (Kind::Key, folded(name).into()) }
    }

    /// The key of this name, if the organization has it.
    #[must_use]
    pub fn id(&self, organization: &Organization) -> Option<KeyId> {
        organization.names.get(&self.lookup).copied().map(KeyId)
    }
}

/// A role that an organization starts with.
#[derive(Clone, Debug)]
pub struct BuiltInRole {
    /// How the catalog and the command line call it.
    pub slug: Arc<str>,
    /// How people call it.
    pub name: String,
    /// Higher outranks lower; 1 to 1,000.
    pub rank: u16,
    /// For people.
    pub description: String,
    /// Cannot be archived, renamed or emptied of its last holder.
    pub protected: bool,
    /// What it gives, covered permissions included.
    pub grants: Grants,
    /// The reserved keys it gives.
    pub keys: Vec<Arc<str>>,
}

/// A key that the product knows by name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReservedKey {
    /// The word.
    pub name: Arc<str>,
    /// For people.
    pub description: String,
    /// The heading it stands under in a picker.
    pub category: String,
    /// Takes an ability away instead of giving one; masterkey and superuser never grant it (design §2).
    #[serde(default)]
    pub restricts: bool,
}

/// Which permissions there are, and what an organization starts with.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// As in `organization.created`.
    pub name: String,
    /// From 1.
    pub version: u32,
    /// For people.
    pub about: String,
    /// By name; a permission's number is its place.
    permissions: Vec<Permission>,
    names: Names,
    /// From the highest rank to the lowest.
    pub roles: Vec<BuiltInRole>,
    /// What every active user holds.
    pub everyone: Given,
    /// The reserved keys.
    pub keys: Vec<ReservedKey>,
}

impl Catalog {
    /// The catalog without a permission, under which everything is denied.
    #[must_use]
    pub fn empty() -> &'static Self {
        &EMPTY
    }

    /// This very catalog.
    #[must_use]
    pub fn find(name: &str, version: u32) -> Option<&'static Self> {
        CATALOGS.iter().find(|catalog| catalog.name == name && catalog.version == version)
    }

    /// The highest version of a catalog; what a new organization starts from.
    #[must_use]
    pub fn newest(name: &str) -> Option<&'static Self> {
        CATALOGS.iter().filter(|catalog| catalog.name == name).max_by_key(|catalog| catalog.version)
    }

    /// The names of the catalogs, each once.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        let mut names: Vec<_> = CATALOGS.iter().map(|catalog| catalog.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The permission of this name.
    #[must_use]
    pub fn permission(&self, name: &str) -> Option<&Permission> {
        self.names.find(name, &self.permissions)
    }

    /// Every permission, by name.
    pub fn permissions(&self) -> impl Iterator<Item = &Permission> {
        self.permissions.iter()
    }

    /// The built-in role with this slug.
    #[must_use]
    pub fn role(&self, slug: &str) -> Option<&BuiltInRole> {
        self.roles.iter().find(|role| role.slug.as_ref() == slug)
    }
}

/// Reads a catalog in a test, together with Rollbook's own permissions; it lives as long as the test binary.
#[cfg(test)]
pub(crate) fn load_for_test(source: &str) -> Result<&'static Catalog, file::BadCatalog> {
    file::load(source, ROLLBOOK).map(|catalog| &*Box::leak(Box::new(catalog)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_catalog_loads() {
        for source in SOURCES {
            file::load(source, ROLLBOOK).unwrap();
        }
        assert_eq!(Catalog::names(), ["standard", "voximplant"]);
    }

    #[test]
    fn a_catalog_is_found_by_name_and_version_only() {
        assert!(Catalog::find("standard", 1).is_some());
        assert!(Catalog::find("standard", 99).is_none());
        assert!(Catalog::find("none", 1).is_none());
        assert_eq!(Catalog::newest("voximplant").unwrap().version, 1);
        assert_eq!(Catalog::empty().permissions().count(), 0);
    }

    #[test]
    fn rollbooks_own_permissions_are_in_every_catalog() {
        for name in Catalog::names() {
            let catalog = Catalog::newest(name).unwrap();
            for own in ["users.view", "users.role", "audit.view", "rollback.apply", "access.grant_any"] {
                assert!(catalog.permission(own).is_some(), "{name}: {own}");
            }
        }
    }

    #[test]
    fn what_a_function_covers_is_granted_alike() {
        let catalog = Catalog::newest("voximplant").unwrap();
        let supervisor = catalog.role("supervisor").unwrap();
        let [function] = supervisor.grants.of("users.view_users_list_and_profiles") else { panic!() };
        let [own] = supervisor.grants.of("users.view") else { panic!() };
        assert_eq!((function.scope, &function.limits), (own.scope, &own.limits));
    }

    #[test]
    fn mistakes_in_a_catalog_are_found_at_load() {
        let role = "[[role]]\nslug = \"a\"\nname = \"A\"\nrank = 1\ndescription = \"\"\n";
        for bad in [
            "[grants]\n\"users.view\" = { nobody = [\"all\"] }".to_owned(),
            format!("{role}[grants]\n\"users.fly\" = {{ a = [\"all\"] }}"),
            format!("{role}[grants]\n\"users.view\" = {{ a = [\"everywhere\"] }}"),
            format!("{role}[grants]\n\"users.view\" = {{ a = [{{ scope = \"all\", moons = [\"full\"] }}] }}"),
            format!("{role}[grants]\n\"users.view\" = {{ a = [{{ scope = \"all\", if = [\"full\"] }}] }}"),
            format!("{role}{role}"),
            "[[permission]]\nname = \"x.y\"\nabout = \"\"\ntargets = []\nfrom = \"chosen\"\nkey = \"K\""
                .to_owned(),
            "[[permission]]\nname = \"users.view\"\nabout = \"\"\ntargets = []\nfrom = \"chosen\"".to_owned(),
        ] {
            let source = format!("name = \"t\"\nversion = 1\nabout = \"\"\n{bad}");
            assert!(load_for_test(&source).is_err(), "{source}");
        }
    }
}

//! Catalogs: which permissions there are, which roles an organization starts with, which keys are reserved.
//!
//! A catalog is data (`domain/catalogs/*.toml`, embedded) and immutable per name and version: an organization
//! names both in its first event, so a changed catalog is a new version in a new file. Password rules are not here yet.

mod file;
mod load;
mod names;
mod objects;
mod rows;

pub use objects::{Contents, ObjectKind};
pub(crate) use rows::PermissionNumber;
pub use rows::{
    BuiltInRole, Founder, KeyName, LoginRule, Offer, Origin, Permission, PermissionType, ReservedKey,
};

use crate::permission::given::Given;
use crate::user::detail::{Detail, DetailRow};
use names::Names;
use std::sync::{Arc, LazyLock};

/// Rollbook's own permissions, part of every catalog (design §2).
const ROLLBOOK: &str = include_str!("../../../catalogs/rollbook.toml");

/// Every version ever released; an organization founded on one keeps it.
const SOURCES: [&str; 5] = [
    include_str!("../../../catalogs/standard.toml"),
    include_str!("../../../catalogs/queuemetrics.toml"),
    include_str!("../../../catalogs/voximplant.toml"),
    include_str!("../../../catalogs/xcally.toml"),
    include_str!("../../../catalogs/ucontact.toml"),
];

/// A catalog that does not parse is left out here, so that `find` gives `None` and an organization founded on it
/// has no permissions at all; a test loads every one.
static CATALOGS: LazyLock<Vec<Catalog>> =
    LazyLock::new(|| SOURCES.iter().filter_map(|source| load::load(source, ROLLBOOK).ok()).collect());

static EMPTY: LazyLock<Catalog> = LazyLock::new(Catalog::default);

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
    /// The headings of a key picker, in its order; each reserved key stands under one.
    pub categories: Vec<String>,
    /// The keys that every user must hold.
    pub(crate) required: Vec<KeyName>,
    /// Keys and what whoever holds them must hold too.
    pub(crate) needs: Vec<(KeyName, KeyName)>,
    /// What may be given to a user beside the role and own keys.
    pub offers: Vec<Offer>,
    /// The permission that changing one's own password takes; everybody may if there is none.
    pub own_password: Option<Arc<str>>,
    /// The modules of which single elements may be given to a user, beside role and profile.
    pub own_elements: Vec<String>,
    /// The channels that queues may be listed for; any word if there are none.
    pub channels: Vec<String>,
    /// The parts of a record that a grant may show or hide; any word if there are none.
    pub parts: Vec<String>,
    /// The choices of actions that the product offers for a profile.
    pub types: Vec<PermissionType>,
    /// The kinds of objects that there are.
    pub objects: Vec<ObjectKind>,
    /// The user with whom an organization is founded.
    pub founder: Founder,
    /// What logins are like.
    pub login: LoginRule,
    /// What else an account holds.
    pub details: Vec<DetailRow>,
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

    /// What whoever is granted this permission is granted too.
    pub fn covered_by(&self, name: &str) -> &[Arc<str>] {
        self.permission(name).map(|permission| permission.covers.as_slice()).unwrap_or_default()
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

    /// The protected built-in role of this name: roles carry no slug, but these keep their name.
    #[must_use]
    pub fn protected_role(&self, name: &str) -> Option<&BuiltInRole> {
        self.roles.iter().find(|role| role.protected && role.name == name)
    }

    /// What it says of a detail; nothing if users have no such detail.
    #[must_use]
    pub fn detail(&self, name: Detail) -> Option<&DetailRow> {
        self.details.iter().find(|row| row.name == name)
    }

    /// This kind of objects.
    #[must_use]
    pub fn object(&self, kind: &str) -> Option<&ObjectKind> {
        self.objects.iter().find(|row| *row.kind == *kind)
    }

    /// Whether users may be given this.
    #[must_use]
    pub fn offers(&self, offer: Offer) -> bool {
        self.offers.contains(&offer)
    }
}

/// Reads a catalog in a test, together with Rollbook's own permissions; it lives as long as the test binary.
#[cfg(test)]
pub(crate) fn load_for_test(source: &str) -> Result<&'static Catalog, load::BadCatalog> {
    load::load(source, ROLLBOOK).map(|catalog| &*Box::leak(Box::new(catalog)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_catalog_loads() {
        for source in SOURCES {
            load::load(source, ROLLBOOK).unwrap();
        }
        assert_eq!(Catalog::names(), ["queuemetrics", "standard", "ucontact", "voximplant", "xcally"]);
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
        let role = "[[role]]\nslug = \"a\"\nname = \"A\"\nrank = 1\nfrom = \"chosen\"\ndescription = \"\"\n";
        let row = |name: &str, rest: &str| {
            format!(
                "[[permission]]\nname = \"{name}\"\nabout = \"\"\ntargets = []\nfrom = \"chosen\"\n{rest}\n"
            )
        };
        let key = |name: &str, rest: &str| {
            format!(
                "[[key]]\nname = \"{name}\"\ndescription = \"\"\ncategory = \"C\"\nfrom = \"chosen\"\n{rest}\n"
            )
        };
        let keys = format!("categories = [\"C\"]\n{}{}", key("K", ""), key("L", ""));
        for bad in [
            "[grants]\n\"users.view\" = { nobody = [\"all\"] }".to_owned(),
            format!("{role}[grants]\n\"users.fly\" = {{ a = [\"all\"] }}"),
            format!("{role}[grants]\n\"users.view\" = {{ a = [\"everywhere\"] }}"),
            format!("{role}[grants]\n\"users.view\" = {{ a = [{{ scope = \"all\", moons = [\"full\"] }}] }}"),
            format!("{role}[grants]\n\"users.view\" = {{ a = [{{ scope = \"all\", if = [\"full\"] }}] }}"),
            format!("{role}{role}"),
            row("x.y", "key = \"K\""),
            row("users.view", ""),
            row("x.y", "covers = [\"users.fly\"]"),
            // A key, an own guard, no guard: what is covered twice is guarded alike.
            keys.clone()
                + &row("x.y", "key = \"K\"\ncovers = [\"users.view\"]")
                + &row("x.z", "covers = [\"users.view\"]"),
            keys.clone() + &row("x.y", "restricted_by = [\"K\"]\ncovers = [\"users.view\"]"),
            key("K", ""),
            format!("categories = [\"C\"]\n{}{}", key("K", ""), key("K", "")),
            format!("categories = [\"C\"]\n{}", key("K", "needs = [\"L\"]")),
            format!("{role}keys = [\"K\"]\n"),
            format!("{role}needs_profile = true\n"),
            format!("offers = []\n{role}protected = true\nneeds_profile = true\n"),
            "offers = []\n[founder]\nsuperuser = true\nfrom = \"chosen\"\n".to_owned(),
            "[founder]\nsuperuser = true\n".to_owned(),
            "[login]\nfixed = true\n".to_owned(),
            "[[detail]]\nname = \"nat\"\nfrom = \"chosen\"\n".to_owned(),
            "[[detail]]\nname = \"wings\"\nfrom = \"chosen\"\n".to_owned(),
            "[[detail]]\nname = \"phone\"\nfrom = \"chosen\"\n".repeat(2),
            "[[type]]\nname = \"Fly\"\nactions = [\"fly\"]\nfrom = \"chosen\"\n".to_owned(),
        ] {
            let source = format!("name = \"t\"\nversion = 1\nabout = \"\"\n{bad}");
            assert!(load_for_test(&source).is_err(), "{source}");
        }
        for good in
            [String::new(), role.to_owned(), keys + &row("x.y", "key = \"K\"\ncovers = [\"users.view\"]")]
        {
            let source = format!("name = \"t\"\nversion = 1\nabout = \"\"\n{good}");
            assert!(load_for_test(&source).is_ok(), "{source}");
        }
    }
}

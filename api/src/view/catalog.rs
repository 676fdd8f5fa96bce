//! The catalog and the organization as their shapes.

use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::catalog::{Catalog, KeyName, Origin, Permission, ReservedKey};
use rollbook_domain::permission::grant::Scope;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// The organization one belongs to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrganizationView {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The catalog it started from.
    pub catalog: String,
    /// The position of its last change.
    pub position: u64,
}

/// The organization.
#[must_use]
pub fn organization(organization: &Organization) -> OrganizationView {
    OrganizationView {
        id: organization.id.uuid(),
        name: organization.name.clone(),
        catalog: organization.catalog.name.clone(),
        position: organization.position,
    }
}

/// What can be granted in an organization.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CatalogView {
    /// The catalog's name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// For people.
    pub about: String,
    /// Every permission, by name.
    pub permissions: Vec<PermissionView>,
    /// The reserved keys.
    pub keys: Vec<ReservedKeyView>,
    /// The words of a grant's scope.
    pub scopes: Vec<&'static str>,
    /// The members of a grant's limits; those with a closed list of words with these words.
    pub limits: BTreeMap<&'static str, Vec<String>>,
}

/// A permission of the catalog.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PermissionView {
    /// `module.action`.
    pub name: String,
    /// One line for people.
    pub about: String,
    /// The kinds of things that it is asked over.
    pub targets: Vec<&'static str>,
    /// Rollbook's own permissions that it gives too.
    pub covers: Vec<String>,
    /// The reserved key without which it is denied.
    pub key: Option<String>,
    /// The reserved keys that deny it to whoever holds them.
    pub restricted_by: Vec<String>,
    /// Where the row comes from: `seed`, `source` or `chosen`.
    pub mark: &'static str,
    /// For people; decides nothing.
    pub note: String,
}

/// A key that the product knows by name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReservedKeyView {
    /// The word.
    pub name: String,
    /// For people.
    pub description: String,
    /// The heading it stands under in a picker.
    pub category: String,
    /// Takes an ability away instead of giving one.
    pub restricts: bool,
}

const SCOPES: [Scope; 11] = [
    Scope::All,
    Scope::Lower,
    Scope::Managed,
    Scope::Assigned,
    Scope::AssignedEditor,
    Scope::Group,
    Scope::Own,
    Scope::Unassigned,
    Scope::Bot,
    Scope::Queues,
    Scope::Elements,
];

/// The members of limits that name things of the product, whose words the catalog does not list.
const OPEN_LIMITS: [&str; 5] = ["fields", "actions", "sections", "parts", "without_parts"];
/// The words of `if` and `unless` beside `role_is` with a built-in role.
const FACTS: [&str; 4] = ["in_use", "active", "missed_in_scenario", "function_or_api_token"];

/// A catalog.
#[must_use]
pub fn catalog(catalog: &Catalog) -> CatalogView {
    CatalogView {
        name: catalog.name.clone(),
        version: catalog.version,
        about: catalog.about.clone(),
        permissions: catalog.permissions().map(permission).collect(),
        keys: catalog.keys.iter().map(reserved_key).collect(),
        scopes: SCOPES.map(Scope::word).to_vec(),
        limits: limits(catalog),
    }
}

fn permission(permission: &Permission) -> PermissionView {
    let key = |key: &KeyName| key.name.to_string();
    PermissionView {
        name: permission.name.to_string(),
        about: permission.about.clone(),
        targets: permission.targets.iter().map(|kind| kind.word()).collect(),
        covers: permission.covers.iter().map(ToString::to_string).collect(),
        key: permission.key.as_ref().map(key),
        restricted_by: permission.restricted_by.iter().map(key).collect(),
        mark: match permission.origin {
            Origin::Seed => "seed",
            Origin::Source => "source",
            Origin::Chosen => "chosen",
        },
        note: permission.note.clone(),
    }
}

fn reserved_key(key: &ReservedKey) -> ReservedKeyView {
    ReservedKeyView {
        name: key.name.to_string(),
        description: key.description.clone(),
        category: key.category.clone(),
        restricts: key.restricts,
    }
}

fn limits(catalog: &Catalog) -> BTreeMap<&'static str, Vec<String>> {
    let roles = catalog.roles.iter().map(|role| format!("role_is {}", role.slug));
    let facts: Vec<String> = FACTS.map(str::to_owned).into_iter().chain(roles).collect();
    let open = OPEN_LIMITS.map(|name| (name, Vec::new()));
    open.into_iter().chain([("if", facts.clone()), ("unless", facts)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollbook_domain::permission::grant::Limits;
    use serde_json::json;

    #[test]
    fn every_limit_that_a_grant_may_have_is_listed_and_no_other() {
        let shown = catalog(Catalog::empty()).limits;
        let all: serde_json::Value = shown.keys().map(|name| ((*name).to_owned(), json!(["x"]))).collect();
        let limits: Limits = serde_json::from_value(all.clone()).unwrap();
        assert_eq!(serde_json::to_value(limits).unwrap(), all);
        assert_eq!(shown.len(), 7);
    }

    #[test]
    fn scopes_are_listed_as_grants_write_them() {
        for scope in SCOPES {
            assert_eq!(serde_json::to_value(scope).unwrap(), json!(scope.word()));
        }
    }
}

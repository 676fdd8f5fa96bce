//! The catalog and the organization as their shapes.

use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::catalog::{
    BuiltInRole, Catalog, Founder, KeyName, LoginRule, ObjectKind, Offer, Permission, PermissionType,
    ReservedKey,
};
use rollbook_domain::permission::grant::Scope;
use rollbook_domain::user::detail::{DetailRow, Plain};
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
    /// The roles that an organization starts with, from the highest rank to the lowest.
    pub roles: Vec<BuiltInRoleView>,
    /// What the catalog says of the user with whom an organization is founded.
    pub founder: FounderView,
    /// What logins are like.
    pub login: LoginRuleView,
    /// What an account holds beside login, name, e-mail address and role.
    pub details: Vec<DetailView>,
    /// What may be given to a user beside the role and own keys: `profile`, `custom_profile`, `masterkey`, `superuser`, `avatar`.
    pub offers: Vec<&'static str>,
    /// The permission that changing one's own password takes; null if everybody may.
    pub own_password: Option<String>,
    /// The modules of which single elements may be given to a user, beside role and profile.
    pub own_elements: Vec<String>,
    /// Every permission, by name.
    pub permissions: Vec<PermissionView>,
    /// The choices of actions that the product offers for a profile.
    pub types: Vec<PermissionTypeView>,
    /// The kinds of objects that there are.
    pub objects: Vec<ObjectKindView>,
    /// The reserved keys.
    pub keys: Vec<ReservedKeyView>,
    /// The headings of a key picker, in its order.
    pub categories: Vec<String>,
    /// The channels that a grant may list queues for; any word if there are none.
    pub channels: Vec<String>,
    /// The words of a grant's scope.
    pub scopes: Vec<&'static str>,
    /// The members of a grant's limits; those with a closed list of words with these words.
    pub limits: BTreeMap<&'static str, Vec<String>>,
}

/// A role that an organization starts with; what it holds now is said by `/roles`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BuiltInRoleView {
    /// Its name.
    pub name: String,
    /// Whoever holds it must have a profile.
    pub needs_profile: bool,
    /// One user holds it at most, who passes it on by `POST /organization/transfer`.
    pub single: bool,
    /// Where the row comes from: `seed`, `source` or `chosen`.
    pub mark: &'static str,
    /// For people; decides nothing.
    pub note: String,
}

/// The user with whom an organization is founded.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FounderView {
    /// Is superuser from the start.
    pub superuser: bool,
    /// Can be neither archived nor blocked, and keeps the role.
    pub protected: bool,
    /// Where this comes from: `seed`, `source` or `chosen`.
    pub mark: &'static str,
    /// For people; decides nothing.
    pub note: String,
}

/// What logins are like.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LoginRuleView {
    /// The characters beside letters of the English alphabet and digits; null for any.
    pub characters: Option<String>,
    /// Whether a login stays what it was when the user was added.
    pub fixed: bool,
    /// Where this comes from: `seed`, `source` or `chosen`.
    pub mark: &'static str,
    /// For people; decides nothing.
    pub note: String,
}

/// A detail of an account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DetailView {
    /// The member of a user, and the field by which a grant is limited to it.
    pub name: &'static str,
    /// The words that there are to choose from; none if it is not of words.
    pub words: Vec<String>,
    /// What is shown where nothing was set.
    #[schema(value_type = Option<Object>)]
    pub default: Option<Plain>,
    /// Exactly how many digits an extension has; null for 1 to 9, and for all else.
    pub digits: Option<usize>,
    /// Whether a new user gets the lowest free one, from the setting `extension_min` on.
    pub automatic: bool,
    /// Where the row comes from: `seed`, `source` or `chosen`.
    pub mark: &'static str,
    /// For people; decides nothing.
    pub note: String,
}

/// A choice of actions that a profile enables in its sections.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PermissionTypeView {
    /// As the product calls it.
    pub name: String,
    /// The last words of the permissions that it enables.
    pub actions: Vec<String>,
    /// Where the row comes from: `seed`, `source` or `chosen`.
    pub mark: &'static str,
    /// For people; decides nothing.
    pub note: String,
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

/// A kind of objects.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ObjectKindView {
    /// The word.
    pub kind: String,
    /// As the product calls one.
    pub name: String,
    /// The permission to add one, with this action: `{"permission","action"}`.
    pub create: BTreeMap<&'static str, String>,
    /// The permission to change one, with the action `edit`.
    pub edit: String,
    /// The permission to archive and restore one, with the action `delete`.
    pub archive: String,
    /// What is in one: `{"name","permission"}`; null where nothing is.
    #[schema(value_type = Option<Object>)]
    pub contents: Option<BTreeMap<&'static str, String>>,
    /// What may have or use one: `user`, `queue`, `campaign` or kinds of objects.
    pub used_by: Vec<String>,
    /// The field of `users.edit` that is changed when a user gets or loses one.
    pub user_field: Option<String>,
    /// The functions that its visibility key guards beside seeing it; null where it carries none.
    pub lock: Option<Vec<String>>,
    /// The functions that its `reports_key` guards; null where it carries none.
    pub reports_lock: Option<Vec<String>>,
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
    /// Every user must hold it.
    pub required: bool,
    /// Whoever holds it must hold these too.
    pub needs: Vec<String>,
    /// Where the row comes from: `seed`, `source` or `chosen`.
    pub mark: &'static str,
    /// For people; decides nothing.
    pub note: String,
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
const OPEN_LIMITS: [&str; 3] = ["fields", "actions", "sections"];
/// Those whose words it may list.
const PART_LIMITS: [&str; 2] = ["parts", "without_parts"];
/// The words of `if` and `unless` beside `role_is` with a built-in role.
const FACTS: [&str; 4] = ["in_use", "active", "missed_in_scenario", "function_or_api_token"];

/// A catalog.
#[must_use]
pub fn catalog(catalog: &Catalog) -> CatalogView {
    CatalogView {
        name: catalog.name.clone(),
        version: catalog.version,
        about: catalog.about.clone(),
        roles: catalog.roles.iter().map(role).collect(),
        founder: founder(&catalog.founder),
        login: login(&catalog.login),
        details: catalog.details.iter().map(detail).collect(),
        offers: catalog.offers.iter().copied().map(Offer::word).collect(),
        own_password: catalog.own_password.as_ref().map(ToString::to_string),
        own_elements: catalog.own_elements.clone(),
        permissions: catalog.permissions().map(permission).collect(),
        types: catalog.types.iter().map(permission_type).collect(),
        objects: catalog.objects.iter().map(object_kind).collect(),
        keys: catalog.keys.iter().map(reserved_key).collect(),
        categories: catalog.categories.clone(),
        channels: catalog.channels.clone(),
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
        mark: permission.origin.word(),
        note: permission.note.clone(),
    }
}

fn role(role: &BuiltInRole) -> BuiltInRoleView {
    BuiltInRoleView {
        name: role.name.clone(),
        needs_profile: role.needs_profile,
        single: role.single,
        mark: role.origin.word(),
        note: role.note.clone(),
    }
}

fn founder(founder: &Founder) -> FounderView {
    FounderView {
        superuser: founder.superuser,
        protected: founder.protected,
        mark: founder.origin.word(),
        note: founder.note.clone(),
    }
}

fn login(rule: &LoginRule) -> LoginRuleView {
    LoginRuleView {
        characters: rule.characters.clone(),
        fixed: rule.fixed,
        mark: rule.origin.word(),
        note: rule.note.clone(),
    }
}

fn detail(row: &DetailRow) -> DetailView {
    DetailView {
        name: row.name.word(),
        words: row.words.clone(),
        default: row.default.clone(),
        digits: row.digits,
        automatic: row.automatic,
        mark: row.origin.word(),
        note: row.note.clone(),
    }
}

fn permission_type(one: &PermissionType) -> PermissionTypeView {
    PermissionTypeView {
        name: one.name.clone(),
        actions: one.actions.clone(),
        mark: one.origin.word(),
        note: one.note.clone(),
    }
}

fn object_kind(row: &ObjectKind) -> ObjectKindView {
    let words = |words: &Vec<std::sync::Arc<str>>| words.iter().map(ToString::to_string).collect();
    let create = [("permission", row.may_create().to_owned()), ("action", row.create_action().to_owned())];
    let contents = row.contents.as_ref().map(|contents| {
        let permission = row.may_change_contents().to_owned();
        BTreeMap::from([("name", contents.name.clone()), ("permission", permission)])
    });
    ObjectKindView {
        kind: row.kind.to_string(),
        name: row.name.clone(),
        create: create.into(),
        edit: row.may_edit().to_owned(),
        archive: row.may_archive().to_owned(),
        contents,
        used_by: words(&row.used_by),
        user_field: row.user_field.as_ref().map(ToString::to_string),
        lock: row.lock.as_ref().map(words),
        reports_lock: row.reports_lock.as_ref().map(words),
        mark: row.origin.word(),
        note: row.note.clone(),
    }
}

fn reserved_key(key: &ReservedKey) -> ReservedKeyView {
    ReservedKeyView {
        name: key.name.to_string(),
        description: key.description.clone(),
        category: key.category.clone(),
        restricts: key.restricts,
        required: key.required,
        needs: key.needs.iter().map(ToString::to_string).collect(),
        mark: key.origin.word(),
        note: key.note.clone(),
    }
}

fn limits(catalog: &Catalog) -> BTreeMap<&'static str, Vec<String>> {
    let roles = catalog.roles.iter().map(|role| format!("role_is {}", role.slug));
    let facts: Vec<String> = FACTS.map(str::to_owned).into_iter().chain(roles).collect();
    let open = OPEN_LIMITS.map(|name| (name, Vec::new()));
    let parts = PART_LIMITS.map(|name| (name, catalog.parts.clone()));
    open.into_iter().chain(parts).chain([("if", facts.clone()), ("unless", facts)]).collect()
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

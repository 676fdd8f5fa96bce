//! How a catalog's file becomes a [`Catalog`], and what its rows must obey together.
//!
//! Whatever a file gets wrong is an error here, so that a slip is found by a test and not by whoever is refused.

use super::file::{ByRole, File, GrantRow, PermissionRow, RoleRow, Shared};
use super::names::Names;
use super::objects;
use super::{BuiltInRole, Catalog, KeyName, Offer, Permission, PermissionNumber, ReservedKey};
use crate::kernel::id::Kind;
use crate::permission::cover::GRANT_ANY;
use crate::permission::given::Given;
use crate::permission::grant::{Grant, Grants, Scope};
use crate::permission::limits;
use crate::permission::source::FOUNDED;
use crate::user::detail::DetailRow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is wrong with a catalog.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadCatalog(pub(super) String);

pub(super) type ByName = BTreeMap<Arc<str>, Permission>;

/// Reads one catalog; `shared` holds the definitions that are part of every catalog.
pub(super) fn load(source: &str, shared: &str) -> Result<Catalog, BadCatalog> {
    let bad = |error: toml::de::Error| BadCatalog(error.to_string());
    let file: File = toml::from_str(source).map_err(bad)?;
    let shared: Shared = toml::from_str(shared).map_err(bad)?;
    known_keys(&file.key, &file.categories)?;
    let rows: Vec<PermissionRow> = shared.permission.into_iter().chain(file.permission).collect();
    let mut permissions = permissions(&rows, &file.key)?;
    let roles = roles(file.role, granted(&rows, &file.grants, &permissions)?, &permissions, &file.key)?;
    let everyone = everyone(&rows, &file.everyone, &permissions)?;
    objects::about(&file.object, &mut permissions)?;
    let permissions = numbered(permissions)?;
    let mut catalog = Catalog {
        name: file.name,
        version: file.version,
        about: file.about,
        names: Names::of(&permissions),
        permissions,
        roles,
        everyone: Given::default(),
        required: file.key.iter().filter(|key| key.required).map(|key| KeyName::new(&key.name)).collect(),
        needs: file.key.iter().flat_map(needs).collect(),
        keys: file.key,
        categories: file.categories,
        offers: file.offers.unwrap_or_else(|| Offer::ALL.to_vec()),
        own_password: file.own_password,
        own_elements: file.own_elements,
        channels: file.channels,
        parts: file.parts,
        types: file.types,
        objects: file.object,
        founder: file.founder,
        login: file.login,
        details: details(file.detail)?,
    };
    catalog.everyone = Given::new(&everyone, FOUNDED, &catalog);
    known_limits(&catalog)?;
    sound_offers(&catalog)?;
    Ok(catalog)
}

fn bad<T>(what: String) -> Result<T, BadCatalog> {
    Err(BadCatalog(what))
}

/// The details in the order of the list of all.
fn details(mut rows: Vec<DetailRow>) -> Result<Vec<DetailRow>, BadCatalog> {
    rows.sort_by_key(|row| row.name);
    let twice = rows.windows(2).any(|pair| matches!(pair, [a, b] if a.name == b.name));
    match rows.iter().find(|row| !row.is_sound()) {
        Some(row) => bad(format!(
            "the detail `{}` has words, digits or a default that it cannot have",
            row.name.word()
        )),
        None if twice => bad("a detail is listed twice".into()),
        None => Ok(rows),
    }
}

fn needs(key: &ReservedKey) -> impl Iterator<Item = (KeyName, KeyName)> {
    key.needs.iter().map(|needed| (KeyName::new(&key.name), KeyName::new(needed)))
}

fn known_keys(keys: &[ReservedKey], categories: &[String]) -> Result<(), BadCatalog> {
    let mut seen = BTreeSet::new();
    for key in keys {
        if !seen.insert(&key.name) {
            return bad(format!("the key `{}` is listed twice", key.name));
        }
        if !categories.contains(&key.category) {
            return bad(format!("`{}` is no category", key.category));
        }
        key.needs.iter().try_for_each(|needed| reserved(needed, keys))?;
    }
    Ok(())
}

fn permissions(rows: &[PermissionRow], keys: &[ReservedKey]) -> Result<ByName, BadCatalog> {
    let mut permissions = BTreeMap::new();
    for row in rows {
        for key in row.key.iter().chain(&row.restricted_by) {
            reserved(key, keys)?;
        }
        let permission = Permission {
            number: PermissionNumber::default(),
            name: row.name.clone(),
            about: row.about.clone(),
            targets: row.targets.clone(),
            origin: row.from,
            note: row.note.clone(),
            covers: row.covers.clone(),
            objects: Vec::new(),
            key: row.key.as_deref().map(KeyName::new),
            masterkey_opens: row.name.as_ref() != GRANT_ANY,
            restricted_by: row.restricted_by.iter().map(|name| KeyName::new(name)).collect(),
        };
        if permissions.insert(row.name.clone(), permission).is_some() {
            return bad(format!("`{}` is listed twice", row.name));
        }
    }
    guard_what_is_covered(rows, &mut permissions)?;
    Ok(permissions)
}

/// What a function covers is guarded by the function's key; else whoever lacks the key would hold it all the same.
fn guard_what_is_covered(rows: &[PermissionRow], permissions: &mut ByName) -> Result<(), BadCatalog> {
    let mut guards: BTreeMap<&Arc<str>, Option<&Arc<str>>> = BTreeMap::new();
    for row in rows {
        for name in &row.covers {
            let guard = row.key.as_ref();
            if guards.insert(name, guard).is_some_and(|other| other != guard) || !row.restricted_by.is_empty()
            {
                return bad(format!(
                    "`{name}` would be covered under different keys, or by what a key restricts"
                ));
            }
            let Some(covered) = permissions.get_mut(name) else {
                return bad(format!("`{name}` is no permission"));
            };
            if guard.is_some() {
                covered.key = guard.map(|key| KeyName::new(key));
            }
        }
    }
    Ok(())
}

/// The permissions in the order of their names, each with its place in it.
fn numbered(permissions: ByName) -> Result<Vec<Permission>, BadCatalog> {
    let mut numbered = Vec::with_capacity(permissions.len());
    for (nth, permission) in permissions.into_values().enumerate() {
        let number = u16::try_from(nth).map_err(|_| BadCatalog("more permissions than numbers".into()))?;
        numbered.push(Permission { number: PermissionNumber(number), ..permission });
    }
    Ok(numbered)
}

fn reserved(name: &str, keys: &[ReservedKey]) -> Result<(), BadCatalog> {
    match keys.iter().any(|key| key.name.as_ref() == name) {
        true => Ok(()),
        false => bad(format!("`{name}` is no reserved key")),
    }
}

/// The grants of every role: those written under a permission, those written apart, and what they cover.
fn granted(
    rows: &[PermissionRow],
    apart: &BTreeMap<Arc<str>, ByRole>,
    permissions: &ByName,
) -> Result<BTreeMap<Arc<str>, Vec<Grant>>, BadCatalog> {
    let beside = rows.iter().map(|row| (&row.name, &row.grants));
    let mut granted: BTreeMap<Arc<str>, Vec<Grant>> = BTreeMap::new();
    for (name, by_role) in beside.chain(apart) {
        let permission = known(name, permissions)?;
        for (slug, grants) in by_role {
            for grant in grants {
                let all = std::iter::once(name).chain(&permission.covers);
                granted.entry(slug.clone()).or_default().extend(all.map(|name| grant.grant(name)));
            }
        }
    }
    Ok(granted)
}

fn known<'a>(name: &str, permissions: &'a ByName) -> Result<&'a Permission, BadCatalog> {
    permissions.get(name).ok_or_else(|| BadCatalog(format!("`{name}` is no permission")))
}

/// The roles, from the highest rank to the lowest.
fn roles(
    rows: Vec<RoleRow>,
    mut granted: BTreeMap<Arc<str>, Vec<Grant>>,
    permissions: &ByName,
    keys: &[ReservedKey],
) -> Result<Vec<BuiltInRole>, BadCatalog> {
    let mut roles: Vec<BuiltInRole> = Vec::new();
    for row in rows {
        if roles.iter().any(|role| role.slug == row.slug || role.name == row.name) {
            return bad(format!("role `{}` is listed twice", row.slug));
        }
        let own = granted.remove(&row.slug).unwrap_or_default();
        roles.push(role(row, own, permissions, keys)?);
    }
    if let Some(slug) = granted.keys().next() {
        return bad(format!("`{slug}` is granted something and is no role"));
    }
    roles.sort_by_key(|role| std::cmp::Reverse(role.rank));
    Ok(roles)
}

fn role(
    row: RoleRow,
    own: Vec<Grant>,
    permissions: &ByName,
    keys: &[ReservedKey],
) -> Result<BuiltInRole, BadCatalog> {
    if !(1..=1_000).contains(&row.rank) || ((row.needs_profile || row.single) && !row.protected) {
        return bad(format!(
            "role `{}` has a bad rank, or demands something of its holders and may be renamed",
            row.slug
        ));
    }
    row.except.iter().try_for_each(|name| known(name, permissions).map(drop))?;
    let held = permissions.keys().filter(|name| !row.except.contains(name) && holds(&row.holds, name));
    let grants = held.map(|name| Grant::new(name, Scope::All)).chain(own).collect();
    Ok(BuiltInRole {
        keys: role_keys(&row.keys, keys)?,
        slug: row.slug,
        name: row.name,
        rank: row.rank,
        description: row.description,
        protected: row.protected,
        needs_profile: row.needs_profile,
        single: row.single,
        origin: row.from,
        note: row.note,
        grants,
    })
}

fn role_keys(written: &[Arc<str>], keys: &[ReservedKey]) -> Result<Vec<Arc<str>>, BadCatalog> {
    if written.iter().map(|name| &**name).eq(["*"]) {
        return Ok(keys.iter().filter(|key| !key.restricts).map(|key| key.name.clone()).collect());
    }
    written.iter().try_for_each(|name| reserved(name, keys))?;
    Ok(written.to_vec())
}

fn holds(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(action), _) => name.ends_with(action),
        (None, Some(module)) => name.starts_with(module),
        (None, None) => pattern == name,
    })
}

/// What everybody holds: written under a permission or apart, and what it covers.
fn everyone(
    rows: &[PermissionRow],
    apart: &BTreeMap<Arc<str>, Vec<GrantRow>>,
    permissions: &ByName,
) -> Result<Grants, BadCatalog> {
    let mut grants = Vec::new();
    let beside = rows.iter().map(|row| (&row.name, &row.everyone));
    for (name, given) in beside.chain(apart) {
        let all = std::iter::once(name).chain(&known(name, permissions)?.covers);
        grants.extend(all.flat_map(|name| given.iter().map(move |row| row.grant(name))));
    }
    Ok(grants.into())
}

/// A limit that nothing can evaluate denies for ever; in a catalog that is a slip.
fn known_limits(catalog: &Catalog) -> Result<(), BadCatalog> {
    let grants = catalog.roles.iter().flat_map(|role| role.grants.iter()).chain(&catalog.everyone.value);
    for grant in grants {
        for word in grant.limits.only_if.iter().chain(&grant.limits.unless) {
            let role_exists =
                word.strip_prefix(limits::ROLE_IS).is_none_or(|slug| catalog.role(slug).is_some());
            if !limits::is_known(word) || !role_exists {
                return bad(format!("`{}`: `{word}` is no known fact", grant.permission));
            }
        }
    }
    Ok(())
}

/// What is needed or given at the founding is offered, and what a type of permission enables or a password takes is there.
fn sound_offers(catalog: &Catalog) -> Result<(), BadCatalog> {
    if catalog.roles.iter().any(|role| role.needs_profile) && !catalog.offers(Offer::Profile) {
        return bad("a role needs a profile, which is not offered".into());
    }
    if catalog.founder.superuser && !catalog.offers(Offer::Superuser) {
        return bad("the founder is superuser, which is not offered".into());
    }
    if let Some(name) = catalog.own_password.as_ref().filter(|name| catalog.permission(name).is_none()) {
        return bad(format!("`{name}`, which changing one's own password takes, is no permission"));
    }
    let has_elements = |module: &&String| {
        let of = |permission: &Permission| permission.name.rsplit_once('.').map(|(of, _)| of.to_owned());
        let elements = |permission: &&Permission| permission.targets == [Kind::Element];
        catalog
            .permissions()
            .filter(elements)
            .any(|permission| of(permission).as_deref() == Some(module.as_str()))
    };
    if let Some(module) = catalog.own_elements.iter().find(|module| !has_elements(module)) {
        return bad(format!("`{module}` is no module of elements"));
    }
    let is_action = |action: &str| {
        catalog.permissions().any(|permission| permission.name.rsplit('.').next() == Some(action))
    };
    match catalog.types.iter().flat_map(|one| &one.actions).find(|action| !is_action(action)) {
        Some(action) => bad(format!("`{action}` is the action of no permission")),
        None => Ok(()),
    }
}

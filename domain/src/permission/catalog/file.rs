//! The shape of a catalog's TOML file, and how it becomes a [`Catalog`].
//!
//! Everything a file could get wrong is an error here, so that nothing a catalog says is silently ignored.

use super::names::Names;
use super::{BuiltInRole, Catalog, KeyName, Origin, Permission, PermissionNumber, ReservedKey};
use crate::kernel::id::Kind;
use crate::permission::given::Given;
use crate::permission::grant::{Grant, Grants, Limits, Scope};
use crate::permission::limits;
use crate::permission::source::FOUNDED;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is wrong with a catalog.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadCatalog(String);

/// Grants by role, as written under a permission.
type ByRole = BTreeMap<Arc<str>, Vec<GrantRow>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    version: u32,
    about: String,
    #[serde(default)]
    role: Vec<RoleRow>,
    #[serde(default)]
    key: Vec<ReservedKey>,
    #[serde(default)]
    permission: Vec<PermissionRow>,
    /// Grants of permissions that are defined elsewhere: Rollbook's own.
    #[serde(default)]
    grants: BTreeMap<Arc<str>, ByRole>,
    #[serde(default)]
    everyone: BTreeMap<Arc<str>, Vec<GrantRow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shared {
    permission: Vec<PermissionRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleRow {
    slug: Arc<str>,
    name: String,
    rank: u16,
    description: String,
    #[serde(default)]
    protected: bool,
    #[serde(default)]
    keys: Vec<Arc<str>>,
    /// Permissions held at scope `all`: names, `*`, `module.*` or `*.action`.
    #[serde(default)]
    holds: Vec<String>,
    /// What `holds` leaves out.
    #[serde(default)]
    except: Vec<Arc<str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PermissionRow {
    name: Arc<str>,
    about: String,
    targets: Vec<Kind>,
    from: Origin,
    #[serde(default)]
    note: String,
    #[serde(default)]
    covers: Vec<Arc<str>>,
    key: Option<Arc<str>>,
    #[serde(default)]
    restricted_by: Vec<Arc<str>>,
    #[serde(default)]
    grants: ByRole,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum GrantRow {
    Plain(Scope),
    Limited(LimitedRow),
}

/// The members of [`Limits`] beside the scope; spelt out because `flatten` would let unknown members pass.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitedRow {
    scope: Scope,
    #[serde(default)]
    fields: BTreeSet<Arc<str>>,
    #[serde(default)]
    actions: BTreeSet<Arc<str>>,
    #[serde(default)]
    sections: BTreeSet<Arc<str>>,
    #[serde(default)]
    parts: BTreeSet<Arc<str>>,
    #[serde(default)]
    without_parts: BTreeSet<Arc<str>>,
    #[serde(default, rename = "if")]
    only_if: BTreeSet<Arc<str>>,
    #[serde(default)]
    unless: BTreeSet<Arc<str>>,
}

impl GrantRow {
    fn grant(&self, permission: &str) -> Grant {
        match self {
            Self::Plain(scope) => Grant::new(permission, *scope),
            Self::Limited(row) => Grant {
                limits: Limits {
                    fields: row.fields.clone(),
                    actions: row.actions.clone(),
                    sections: row.sections.clone(),
                    parts: row.parts.clone(),
                    without_parts: row.without_parts.clone(),
                    only_if: row.only_if.clone(),
                    unless: row.unless.clone(),
                },
                ..Grant::new(permission, row.scope)
            },
        }
    }
}

/// Reads one catalog; `shared` holds the definitions that are part of every catalog.
pub(super) fn load(source: &str, shared: &str) -> Result<Catalog, BadCatalog> {
    let bad = |error: toml::de::Error| BadCatalog(error.to_string());
    let file: File = toml::from_str(source).map_err(bad)?;
    let shared: Shared = toml::from_str(shared).map_err(bad)?;
    let rows: Vec<PermissionRow> = shared.permission.into_iter().chain(file.permission).collect();
    let permissions = permissions(&rows, &file.key)?;
    let mut granted = granted(&rows, &file.grants, &permissions)?;
    let mut roles = Vec::new();
    for row in file.role {
        roles.push(role(row, &mut granted, &permissions, &file.key)?);
    }
    if let Some(slug) = granted.keys().next() {
        return Err(BadCatalog(format!("`{slug}` is granted something and is no role, or is listed twice")));
    }
    roles.sort_by_key(|role| std::cmp::Reverse(role.rank));
    let everyone = everyone(&file.everyone, &permissions)?;
    let permissions = numbered(permissions)?;
    let mut catalog = Catalog {
        name: file.name,
        version: file.version,
        about: file.about,
        names: Names::of(&permissions),
        permissions,
        roles,
        everyone: Given::default(),
        keys: file.key,
    };
    catalog.everyone = Given::new(&everyone, FOUNDED, &catalog);
    known_limits(&catalog)?;
    Ok(catalog)
}

fn permissions(
    rows: &[PermissionRow],
    keys: &[ReservedKey],
) -> Result<BTreeMap<Arc<str>, Permission>, BadCatalog> {
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
            key: row.key.as_deref().map(KeyName::new),
            restricted_by: row.restricted_by.iter().map(|name| KeyName::new(name)).collect(),
        };
        if permissions.insert(row.name.clone(), permission).is_some() {
            return Err(BadCatalog(format!("`{}` is listed twice", row.name)));
        }
    }
    Ok(permissions)
}

/// The permissions in the order of their names, each with its place in it.
fn numbered(permissions: BTreeMap<Arc<str>, Permission>) -> Result<Vec<Permission>, BadCatalog> {
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
        false => Err(BadCatalog(format!("`{name}` is no reserved key"))),
    }
}

/// The grants of every role: those written under a permission, those written apart, and what they cover.
fn granted(
    rows: &[PermissionRow],
    apart: &BTreeMap<Arc<str>, ByRole>,
    permissions: &BTreeMap<Arc<str>, Permission>,
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
        for covered in &permission.covers {
            known(covered, permissions)?;
        }
    }
    Ok(granted)
}

fn known<'a>(
    name: &str,
    permissions: &'a BTreeMap<Arc<str>, Permission>,
) -> Result<&'a Permission, BadCatalog> {
    permissions.get(name).ok_or_else(|| BadCatalog(format!("`{name}` is no permission")))
}

fn role(
    row: RoleRow,
    granted: &mut BTreeMap<Arc<str>, Vec<Grant>>,
    permissions: &BTreeMap<Arc<str>, Permission>,
    keys: &[ReservedKey],
) -> Result<BuiltInRole, BadCatalog> {
    let own = granted.remove(&row.slug);
    if !(1..=1_000).contains(&row.rank) || (own.is_none() && row.holds.is_empty()) {
        return Err(BadCatalog(format!("role `{}` has a bad rank, no grants, or is listed twice", row.slug)));
    }
    for name in &row.except {
        known(name, permissions)?;
    }
    for name in &row.keys {
        reserved(name, keys)?;
    }
    let held = permissions.keys().filter(|name| !row.except.contains(name) && holds(&row.holds, name));
    let grants = held.map(|name| Grant::new(name, Scope::All)).chain(own.into_iter().flatten()).collect();
    Ok(BuiltInRole {
        slug: row.slug,
        name: row.name,
        rank: row.rank,
        description: row.description,
        protected: row.protected,
        grants,
        keys: row.keys,
    })
}

fn holds(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(action), _) => name.ends_with(action),
        (None, Some(module)) => name.starts_with(module),
        (None, None) => pattern == name,
    })
}

fn everyone(
    rows: &BTreeMap<Arc<str>, Vec<GrantRow>>,
    permissions: &BTreeMap<Arc<str>, Permission>,
) -> Result<Grants, BadCatalog> {
    let mut grants = Vec::new();
    for (name, given) in rows {
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
                return Err(BadCatalog(format!("`{}`: `{word}` is no known fact", grant.permission)));
            }
        }
    }
    Ok(())
}

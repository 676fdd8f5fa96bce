//! The shape of a catalog's TOML file. An unknown member is an error, so that nothing it says is silently ignored.
//!
//! What rows must obey together is in `load`.

use super::{Founder, LoginRule, ObjectKind, Offer, Origin, PermissionType, ReservedKey};
use crate::kernel::id::Kind;
use crate::permission::grant::{Grant, Limits, Scope};
use crate::user::detail::DetailRow;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Grants by role, as written under a permission.
pub(super) type ByRole = BTreeMap<Arc<str>, Vec<GrantRow>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) about: String,
    /// All of them if it does not say.
    pub(super) offers: Option<Vec<Offer>>,
    pub(super) own_password: Option<Arc<str>>,
    #[serde(default)]
    pub(super) own_elements: Vec<String>,
    #[serde(default)]
    pub(super) categories: Vec<String>,
    #[serde(default)]
    pub(super) channels: Vec<String>,
    #[serde(default)]
    pub(super) parts: Vec<String>,
    #[serde(default)]
    pub(super) object: Vec<ObjectKind>,
    #[serde(default)]
    pub(super) founder: Founder,
    #[serde(default)]
    pub(super) login: LoginRule,
    #[serde(default)]
    pub(super) detail: Vec<DetailRow>,
    #[serde(default, rename = "type")]
    pub(super) types: Vec<PermissionType>,
    #[serde(default)]
    pub(super) role: Vec<RoleRow>,
    #[serde(default)]
    pub(super) key: Vec<ReservedKey>,
    #[serde(default)]
    pub(super) permission: Vec<PermissionRow>,
    /// Grants of permissions that are defined elsewhere: Rollbook's own.
    #[serde(default)]
    pub(super) grants: BTreeMap<Arc<str>, ByRole>,
    #[serde(default)]
    pub(super) everyone: BTreeMap<Arc<str>, Vec<GrantRow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shared {
    pub(super) permission: Vec<PermissionRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleRow {
    pub(super) slug: Arc<str>,
    pub(super) name: String,
    pub(super) rank: u16,
    pub(super) description: String,
    #[serde(default)]
    pub(super) protected: bool,
    #[serde(default)]
    pub(super) needs_profile: bool,
    #[serde(default)]
    pub(super) single: bool,
    pub(super) from: Origin,
    #[serde(default)]
    pub(super) note: String,
    /// Reserved keys, or `*` for every one that opens something.
    #[serde(default)]
    pub(super) keys: Vec<Arc<str>>,
    /// Permissions held at scope `all`: names, `*`, `module.*` or `*.action`.
    #[serde(default)]
    pub(super) holds: Vec<String>,
    /// What `holds` leaves out.
    #[serde(default)]
    pub(super) except: Vec<Arc<str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PermissionRow {
    pub(super) name: Arc<str>,
    pub(super) about: String,
    pub(super) targets: Vec<Kind>,
    pub(super) from: Origin,
    #[serde(default)]
    pub(super) note: String,
    #[serde(default)]
    pub(super) covers: Vec<Arc<str>>,
    pub(super) key: Option<Arc<str>>,
    #[serde(default)]
    pub(super) restricted_by: Vec<Arc<str>>,
    #[serde(default)]
    pub(super) grants: ByRole,
    /// What everybody is granted, whatever their role.
    #[serde(default)]
    pub(super) everyone: Vec<GrantRow>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum GrantRow {
    Plain(Scope),
    Limited(LimitedRow),
}

/// The members of [`Limits`] beside the scope; spelt out because `flatten` would let unknown members pass.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitedRow {
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
    pub(super) fn grant(&self, permission: &str) -> Grant {
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

//! A grant: a permission, a scope and optional limits, written as in the API.
//!
//! What a scope matches is in [`scope`](super::scope); whether a grant is at least as wide as another in
//! [`cover`](super::cover).

use crate::kernel::id::QueueId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// What a grant reaches. Which targets each word matches is one table, in [`scope`](super::scope).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Every target of the organization.
    All,
    /// Users and roles of strictly lower rank.
    Lower,
    /// Groups supervised, and their members.
    Managed,
    /// Queues supervised or served, and those who serve them.
    Assigned,
    /// Queues to which one was added as editor, and those who serve them.
    #[serde(rename = "assigned:editor")]
    AssignedEditor,
    /// One's own groups, and their members.
    Group,
    /// Oneself, and one's own conversations.
    Own,
    /// Conversations that nobody has yet.
    Unassigned,
    /// Conversations that a bot holds.
    Bot,
    /// The listed queues, per channel.
    Queues,
    /// The listed elements.
    Elements,
}

impl Scope {
    /// The word in grants, catalogs and the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Lower => "lower",
            Self::Managed => "managed",
            Self::Assigned => "assigned",
            Self::AssignedEditor => "assigned:editor",
            Self::Group => "group",
            Self::Own => "own",
            Self::Unassigned => "unassigned",
            Self::Bot => "bot",
            Self::Queues => "queues",
            Self::Elements => "elements",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What narrows a grant. Absent lists do not narrow; a fact that a limit asks for and nobody supplied denies.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Only these fields may be touched.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub fields: BTreeSet<Arc<str>>,
    /// Only these actions.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub actions: BTreeSet<Arc<str>>,
    /// Only these sections.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sections: BTreeSet<Arc<str>>,
    /// Only these parts of a record are shown.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub parts: BTreeSet<Arc<str>>,
    /// These parts of a record are not shown.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub without_parts: BTreeSet<Arc<str>>,
    /// Only if each of these facts is so (`role_is <role>` speaks of the target user's role).
    #[serde(default, rename = "if", skip_serializing_if = "BTreeSet::is_empty")]
    pub only_if: BTreeSet<Arc<str>>,
    /// Not if any of these facts is so.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unless: BTreeSet<Arc<str>>,
}

impl Limits {
    /// Whether nothing is narrowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A permission at a scope, with limits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// `module.action`, a row of the organization's catalog.
    pub permission: Arc<str>,
    /// What it reaches.
    pub scope: Scope,
    /// With scope `queues`: the queues per channel (`voice`, `chat` …).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub queues: BTreeMap<Arc<str>, BTreeSet<QueueId>>,
    /// With scope `elements`: the listed ids.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub elements: BTreeSet<Arc<str>>,
    /// What narrows it.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
}

impl Grant {
    /// A grant without limits.
    #[must_use]
    pub fn new(permission: &str, scope: Scope) -> Self {
        Self {
            permission: permission.into(),
            scope,
            queues: BTreeMap::new(),
            elements: BTreeSet::new(),
            limits: Limits::default(),
        }
    }
}

/// Grants in order, without doubles, as commands and events carry them. A clone costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Grant>", into = "Vec<Grant>")]
pub struct Grants(Arc<[Grant]>);

impl Grants {
    /// The grants of `permission`.
    #[must_use]
    pub fn of(&self, permission: &str) -> &[Grant] {
        let first = self.0.partition_point(|grant| *grant.permission < *permission);
        let from = self.0.get(first..).unwrap_or_default();
        let length = from.partition_point(|grant| *grant.permission == *permission);
        from.get(..length).unwrap_or_default()
    }

    /// The grant at this place in the order.
    pub(crate) fn at(&self, nth: usize) -> Option<&Grant> {
        self.0.get(nth)
    }

    /// All grants, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Grant> {
        self.0.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this very grant is among them.
    #[must_use]
    pub fn contains(&self, grant: &Grant) -> bool {
        self.0.binary_search(grant).is_ok()
    }

    /// These grants without `removed` and with `added`.
    #[must_use]
    pub fn changed(&self, added: &[Grant], removed: &[Grant]) -> Self {
        let kept = self.iter().filter(|grant| !removed.contains(grant));
        kept.chain(added).cloned().collect()
    }

    /// What to add and remove to come from these to `target`.
    #[must_use]
    pub fn difference(&self, target: &Self) -> (Vec<Grant>, Vec<Grant>) {
        let added = target.iter().filter(|grant| !self.contains(grant)).cloned().collect();
        let removed = self.iter().filter(|grant| !target.contains(grant)).cloned().collect();
        (added, removed)
    }
}

impl FromIterator<Grant> for Grants {
    fn from_iter<I: IntoIterator<Item = Grant>>(grants: I) -> Self {
        Self(grants.into_iter().collect::<BTreeSet<Grant>>().into_iter().collect())
    }
}

impl From<Vec<Grant>> for Grants {
    fn from(grants: Vec<Grant>) -> Self {
        grants.into_iter().collect()
    }
}

impl From<Grants> for Vec<Grant> {
    fn from(grants: Grants) -> Self {
        grants.0.to_vec()
    }
}

impl<'a> IntoIterator for &'a Grants {
    type Item = &'a Grant;
    type IntoIter = std::slice::Iter<'a, Grant>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_plain_grant_is_written_short() {
        let grant = Grant::new("users.view", Scope::AssignedEditor);
        let json = serde_json::to_value(&grant).unwrap();
        assert_eq!(json, json!({ "permission": "users.view", "scope": "assigned:editor" }));
        assert_eq!(serde_json::from_value::<Grant>(json).unwrap(), grant);
    }

    #[test]
    fn an_unknown_limit_is_refused() {
        let json = json!({ "permission": "users.view", "scope": "all", "limits": { "moons": ["full"] } });
        assert!(serde_json::from_value::<Grant>(json).is_err());
    }

    #[test]
    fn grants_are_found_by_permission() {
        let grants: Grants =
            ["b.x", "a.x", "b.x", "c.x"].map(|p| Grant::new(p, Scope::All)).into_iter().collect();
        assert_eq!(grants.len(), 3);
        assert_eq!(grants.of("b.x"), [Grant::new("b.x", Scope::All)]);
        assert!(grants.of("d.x").is_empty());
    }
}

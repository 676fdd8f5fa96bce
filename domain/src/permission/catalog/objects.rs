//! The kinds of objects that a product has: what each carries, what may use it, and by which functions it is opened.
//!
//! Rows alone; what happens to objects is in the folder `object`.

use super::load::{BadCatalog, ByName};
use super::rows::Origin;
use serde::Deserialize;
use std::sync::Arc;

/// A kind of objects.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectKind {
    /// The word in the API: small letters and `_`.
    pub kind: Arc<str>,
    /// As the product calls one.
    pub name: String,
    /// Where the row comes from.
    #[serde(rename = "from")]
    pub origin: Origin,
    /// For people; decides nothing.
    #[serde(default)]
    pub note: String,
    /// The product's function by which one is added, changed and archived, with the actions `create`, `edit` and `delete`;
    /// none where Rollbook's own permissions say so.
    pub function: Option<Arc<str>>,
    /// What that function calls adding one, where it has a word of its own.
    pub create: Option<Arc<str>>,
    /// What is in one, where names are.
    pub contents: Option<Contents>,
    /// What may have or use one: `user`, `queue`, `campaign`, or kinds of objects.
    #[serde(default)]
    pub used_by: Vec<Arc<str>>,
    /// The field of a user (`users.edit`) that is changed when a user gets or loses one.
    pub user_field: Option<Arc<str>>,
    /// It carries a visibility key, which guards these functions over it beside seeing it.
    pub lock: Option<Vec<Arc<str>>>,
    /// It carries a second key, which guards these functions over it.
    pub reports_lock: Option<Vec<Arc<str>>>,
    /// Whether it belongs to a function or an API token.
    #[serde(default)]
    pub function_or_api_token: bool,
}

/// What is in an object of a kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// As the product calls them.
    pub name: String,
    /// The product's function by which they are changed, with the action `edit`; none where the kind's own is.
    pub function: Option<Arc<str>>,
}

impl ObjectKind {
    /// The permission to add one.
    #[must_use]
    pub fn may_create(&self) -> &str {
        self.function.as_deref().unwrap_or("objects.create")
    }

    /// The permission to change one.
    #[must_use]
    pub fn may_edit(&self) -> &str {
        self.function.as_deref().unwrap_or("objects.edit")
    }

    /// The permission to archive and restore one.
    #[must_use]
    pub fn may_archive(&self) -> &str {
        self.function.as_deref().unwrap_or("objects.archive")
    }

    /// The permission to change what is in one.
    #[must_use]
    pub fn may_change_contents(&self) -> &str {
        let own = self.contents.as_ref().and_then(|contents| contents.function.as_deref());
        own.unwrap_or_else(|| self.may_edit())
    }

    /// What adding one is called.
    #[must_use]
    pub fn create_action(&self) -> &str {
        self.create.as_deref().unwrap_or("create")
    }

    /// Whether something that is called this may use one.
    #[must_use]
    pub fn is_used_by(&self, word: &str) -> bool {
        self.used_by.iter().any(|known| **known == *word)
    }

    /// Whether the visibility key guards this function over one.
    #[must_use]
    pub fn is_locked(&self, permission: &str) -> bool {
        self.lock.iter().flatten().any(|known| **known == *permission)
    }

    /// Whether the second key guards this function over one.
    #[must_use]
    pub fn is_locked_for_reports(&self, permission: &str) -> bool {
        self.reports_lock.iter().flatten().any(|known| **known == *permission)
    }

    /// Every permission that may be asked of one.
    fn permissions(&self) -> Vec<&str> {
        let locked = self.lock.iter().chain(&self.reports_lock).flatten().map(AsRef::as_ref);
        let mut all: Vec<_> =
            ["objects.view", self.may_edit(), self.may_archive(), self.may_change_contents()].into();
        all.extend(locked);
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Tells every permission of which kinds of objects it may be asked.
pub(super) fn about(kinds: &[ObjectKind], permissions: &mut ByName) -> Result<(), BadCatalog> {
    for (nth, row) in kinds.iter().enumerate() {
        sound(row, kinds, kinds.iter().take(nth))?;
        for name in row.permissions() {
            let Some(permission) = permissions.get_mut(name) else {
                return Err(BadCatalog(format!("`{name}` is no permission")));
            };
            permission.objects.push(row.kind.clone());
        }
    }
    Ok(())
}

fn sound<'a>(
    row: &ObjectKind,
    kinds: &[ObjectKind],
    mut before: impl Iterator<Item = &'a ObjectKind>,
) -> Result<(), BadCatalog> {
    let kind = &row.kind;
    let bad = |what: &str| Err(BadCatalog(format!("kind `{kind}`: {what}")));
    if kind.is_empty() || !kind.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_') {
        return bad("its word has other characters than small letters and `_`");
    }
    if before.any(|other| other.kind == *kind) {
        return bad("is listed twice");
    }
    let is_thing = |word: &&Arc<str>| ["user", "queue", "campaign"].contains(&&***word);
    let others = row.used_by.iter().filter(|word| !is_thing(word));
    if !others.into_iter().all(|word| word != kind && kinds.iter().any(|other| other.kind == *word)) {
        return bad("is used by what is no other kind");
    }
    if row.is_used_by("user") != row.user_field.is_some() {
        return bad("must name a field of users if they have it, and only then");
    }
    if row.reports_lock.is_some() && row.lock.is_none() {
        return bad("has a second key and no first");
    }
    Ok(())
}

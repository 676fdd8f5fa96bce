//! What a catalog is made of: permissions, built-in roles, reserved keys, and what else a product has of its own.
//!
//! Every row says where it comes from. How rows are written is in `file`, what they must obey in `load`.

use crate::kernel::id::{KeyId, Kind};
use crate::kernel::text::folded;
use crate::organization::state::Organization;
use crate::permission::grant::Grants;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where a row of a catalog comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// One of the seed documents says so.
    Seed,
    /// Another public document says so; the note names it.
    Source,
    /// Nobody says so; the note gives the reason.
    #[default]
    Chosen,
}

impl Origin {
    /// The word in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Seed => "seed",
            Self::Source => "source",
            Self::Chosen => "chosen",
        }
    }
}

/// A permission's place in the order of its catalog's names, by which grants in force are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PermissionNumber(pub(super) u16);

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
    /// The kinds of objects that it may be asked of instead.
    pub(super) objects: Vec<Arc<str>>,
    /// The reserved key without which it is denied: its own, or that of the function that covers it.
    pub key: Option<KeyName>,
    /// Whether the masterkey stands for that key; not where it would pass ranks (design §2).
    pub(crate) masterkey_opens: bool,
    /// The reserved keys that deny it to whoever holds them.
    pub restricted_by: Vec<KeyName>,
}

impl Permission {
    /// Whether it may be asked of an object of this kind.
    #[must_use]
    pub fn is_about(&self, kind: &str) -> bool {
        self.objects.iter().any(|known| **known == *kind)
    }
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
    /// Whoever holds it must have a profile.
    pub needs_profile: bool,
    /// One user holds it at most.
    pub single: bool,
    /// Where the row comes from.
    pub origin: Origin,
    /// For people; decides nothing.
    pub note: String,
    /// What it gives, covered permissions included.
    pub grants: Grants,
    /// The reserved keys it gives.
    pub keys: Vec<Arc<str>>,
}

/// A key that the product knows by name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReservedKey {
    /// The word.
    pub name: Arc<str>,
    /// For people.
    pub description: String,
    /// The heading it stands under in a picker.
    pub category: String,
    /// Where the row comes from.
    #[serde(rename = "from")]
    pub origin: Origin,
    /// For people; decides nothing.
    #[serde(default)]
    pub note: String,
    /// Takes an ability away instead of giving one; masterkey and superuser never grant it (design §2).
    #[serde(default)]
    pub restricts: bool,
    /// Every user must hold it.
    #[serde(default)]
    pub required: bool,
    /// Whoever holds it must hold these too.
    #[serde(default)]
    pub needs: Vec<Arc<str>>,
}

/// What the catalog says of the user with whom an organization is founded.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Founder {
    /// Is superuser from the start.
    #[serde(default)]
    pub superuser: bool,
    /// Can be neither archived nor blocked, and keeps the role.
    #[serde(default)]
    pub protected: bool,
    /// Where this comes from.
    #[serde(rename = "from")]
    pub origin: Origin,
    /// For people; decides nothing.
    #[serde(default)]
    pub note: String,
}

/// What the catalog says of logins.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRule {
    /// The characters of a login beside letters of the English alphabet and digits; any if it does not say.
    pub characters: Option<String>,
    /// Whether a login stays what it was when the user was added.
    #[serde(default)]
    pub fixed: bool,
    /// Where this comes from.
    #[serde(rename = "from")]
    pub origin: Origin,
    /// For people; decides nothing.
    #[serde(default)]
    pub note: String,
}

/// What may be given to a user beside the role and own keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// A shared profile.
    Profile,
    /// Grants on the user alone.
    CustomProfile,
    /// The masterkey.
    Masterkey,
    /// The superuser mark.
    Superuser,
    /// A picture.
    Avatar,
}

impl Offer {
    /// All of them, which a catalog offers unless it says otherwise.
    pub const ALL: [Self; 5] =
        [Self::Profile, Self::CustomProfile, Self::Masterkey, Self::Superuser, Self::Avatar];

    /// The word in catalogs and the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::CustomProfile => "custom_profile",
            Self::Masterkey => "masterkey",
            Self::Superuser => "superuser",
            Self::Avatar => "avatar",
        }
    }
}

/// A choice of actions that a profile enables in its sections, by the name that the product gives it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionType {
    /// As the product calls it.
    pub name: String,
    /// The last words of the permissions that it enables.
    pub actions: Vec<String>,
    /// Where the row comes from.
    #[serde(rename = "from")]
    pub origin: Origin,
    /// For people; decides nothing.
    #[serde(default)]
    pub note: String,
}

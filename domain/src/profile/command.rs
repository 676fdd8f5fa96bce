//! What can be asked about a profile.

use crate::kernel::id::ProfileId;
use crate::permission::grant::Grants;
use std::collections::BTreeMap;

/// Fields of a profile to replace; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfileEdit {
    /// Its name.
    pub name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// The permission type of sections that have none of their own; `Some(None)` takes it away.
    pub default_type: Option<Option<String>>,
    /// The sections that are enabled, each with its permission type or `inherit`.
    pub sections: Option<BTreeMap<String, String>>,
    /// What holders may do beside, grant by grant.
    pub grants: Option<Grants>,
}

/// What can be asked about a profile.
#[derive(Clone, Debug, PartialEq)]
pub enum ProfileCommand {
    /// Add a profile; the name is needed.
    Create(ProfileEdit),
    /// Replace fields.
    Edit(ProfileId, ProfileEdit),
    /// Put away; nobody may have it.
    Archive(ProfileId),
    /// Bring back from the archive.
    Restore(ProfileId),
}

impl ProfileCommand {
    /// Which profile; none for one that is not there yet.
    #[must_use]
    pub fn profile(&self) -> Option<ProfileId> {
        match self {
            Self::Create(_) => None,
            Self::Edit(profile, _) | Self::Archive(profile) | Self::Restore(profile) => Some(*profile),
        }
    }
}

//! What can be asked about a role.

use crate::kernel::id::{KeyId, RoleId};
use crate::permission::grant::Grants;

/// Fields of a role to replace; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleEdit {
    /// Its name.
    pub name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// 1 to 1,000; higher outranks lower.
    pub rank: Option<u16>,
    /// What holders may do.
    pub grants: Option<Grants>,
    /// Keys that holders hold.
    pub keys: Option<Vec<KeyId>>,
}

/// What can be asked about a role.
#[derive(Clone, Debug, PartialEq)]
pub enum RoleCommand {
    /// Add a role; name and rank are needed.
    Create(RoleEdit),
    /// Replace fields.
    Edit(RoleId, RoleEdit),
    /// Put away; nobody may hold it.
    Archive(RoleId),
    /// Bring back from the archive.
    Restore(RoleId),
}

impl RoleCommand {
    /// Which role; none for one that is not there yet.
    #[must_use]
    pub fn role(&self) -> Option<RoleId> {
        match self {
            Self::Create(_) => None,
            Self::Edit(role, _) | Self::Archive(role) | Self::Restore(role) => Some(*role),
        }
    }
}

//! What can be asked about a key.

use crate::kernel::id::KeyId;

/// Fields of a key to replace; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyEdit {
    /// Its name.
    pub name: Option<String>,
    /// For people.
    pub description: Option<String>,
}

/// What can be asked about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyCommand {
    /// Add a key; the name is needed.
    Create(KeyEdit),
    /// Replace fields.
    Edit(KeyId, KeyEdit),
    /// Put away; nobody may hold it and nothing may be locked with it.
    Archive(KeyId),
    /// Bring back from the archive.
    Restore(KeyId),
}

impl KeyCommand {
    /// Which key; none for one that is not there yet.
    #[must_use]
    pub fn key(&self) -> Option<KeyId> {
        match self {
            Self::Create(_) => None,
            Self::Edit(key, _) | Self::Archive(key) | Self::Restore(key) => Some(*key),
        }
    }
}

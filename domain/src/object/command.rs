//! What can be asked about an object.

use crate::kernel::id::{KeyId, ObjectId, QueueId, Subject, UserId};

/// Fields of an object to replace; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectEdit {
    /// One of the catalog's kinds; only said when it is added.
    pub kind: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// The key that locks it; `Some(None)` opens it.
    pub visibility_key: Option<Option<KeyId>>,
    /// The key that locks what reports say of it; `Some(None)` opens that.
    pub reports_key: Option<Option<KeyId>>,
    /// What is in it, in this order.
    pub contents: Option<Vec<String>>,
}

/// What may have an object or put it to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// A user.
    User(UserId),
    /// A queue or campaign.
    Queue(QueueId),
    /// Another object.
    Object(ObjectId),
}

impl Use {
    /// What it is.
    #[must_use]
    pub fn subject(self) -> Subject {
        match self {
            Self::User(user) => user.subject(),
            Self::Queue(queue) => queue.subject(),
            Self::Object(object) => object.subject(),
        }
    }
}

/// What can be asked about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectCommand {
    /// Add an object; kind and name are needed.
    Create(ObjectEdit),
    /// Replace fields.
    Edit(ObjectId, ObjectEdit),
    /// Say whether something has it or uses it.
    SetUse(ObjectId, Use, bool),
    /// Put away: whatever uses it loses it.
    Archive(ObjectId),
    /// Bring back from the archive.
    Restore(ObjectId),
}

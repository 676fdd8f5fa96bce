//! Every personal value has exactly one owner (design §1.4): payload values the subject, address and agent the
//! actor, free text the entity's person where there is one, else the actor.

use super::metadata::OPERATOR;
use uuid::Uuid;

/// Who owns the personal values of one entry.
pub(super) struct Owners {
    person: Option<String>,
    actor: String,
}

impl Owners {
    /// `person` is the entity's, if it is one; without a user the actor is the operator.
    pub(super) fn new(person: Option<Uuid>, actor: Option<Uuid>) -> Self {
        Self {
            person: person.map(|id| id.to_string()),
            actor: actor.map_or_else(|| OPERATOR.to_owned(), |id| id.to_string()),
        }
    }

    pub(super) fn of_payload(&self) -> String {
        self.person.clone().unwrap_or_else(|| self.actor.clone())
    }

    pub(super) fn of_metadata(&self, name: &str) -> String {
        if name == "reason" { self.of_payload() } else { self.actor.clone() }
    }

    /// Whether a value of metadata is its owner's as the actor, and so outlives an erasure without `authored`.
    pub(super) fn is_authored(&self, name: &str) -> bool {
        name != "reason" || self.person.is_none()
    }

    /// Whether a value of the payload is its owner's as the actor.
    pub(super) fn payload_is_authored(&self) -> bool {
        self.person.is_none()
    }
}

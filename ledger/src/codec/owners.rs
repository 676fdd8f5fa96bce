//! Every personal value has exactly one owner (design §1.4): payload values the subject, address and agent the
//! actor, free text the entity's person where there is one, else the actor. A person is a user, or an agent: whoever sits
//! there need not be a user, and the record outlives any link between the two.

use super::metadata::OPERATOR;
use rollbook_domain::kernel::id::Subject;
use uuid::Uuid;

/// The owner of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// A user's or agent's id, or `operator`.
    pub person: String,
    /// Whether it is theirs as the actor, and so outlives an erasure without `authored`.
    pub authored: bool,
}

impl Owner {
    /// Under which values are stored: those one authored lie in rows of their own, so that they can stay when
    /// the others are erased.
    #[must_use]
    pub fn key(&self) -> String {
        let authored = if self.authored { "/authored" } else { "" };
        format!("{}{authored}", self.person)
    }
}

/// Who owns the personal values of one entry.
pub(super) struct Owners {
    person: Option<String>,
    actor: String,
}

impl Owners {
    /// `entity` is what the entry is about; without a user the actor is the operator.
    pub(super) fn new(entity: Option<Subject>, actor: Option<Uuid>) -> Self {
        let person = entity.filter(|entity| entity.kind.is_person());
        Self {
            person: person.map(|person| person.id.to_string()),
            actor: actor.map_or_else(|| OPERATOR.to_owned(), |id| id.to_string()),
        }
    }

    pub(super) fn of_payload(&self) -> Owner {
        match &self.person {
            Some(person) => Owner { person: person.clone(), authored: false },
            None => self.as_actor(),
        }
    }

    pub(super) fn of_metadata(&self, name: &str) -> Owner {
        if name == "reason" { self.of_payload() } else { self.as_actor() }
    }

    fn as_actor(&self) -> Owner {
        Owner { person: self.actor.clone(), authored: true }
    }
}

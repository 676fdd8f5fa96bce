//! What one append writes: the rows of a batch and what must become true with them or not at all.
//!
//! Not here: which commands go into a batch, and what to do when it fails.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::hash::Hash;

use uuid::Uuid;

use super::AppendError;
use super::credentials::Credential;
use super::outbox::Mail;
use crate::entry::{Frontier, LedgerId, LedgerKind, Sealed};

/// The most rows of one batch: one command's 10,000 events.
pub const ROWS_MAX: usize = 10_000;

/// Rows that continue one ledger, with everything that is written in the same transaction.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The ledger they continue.
    pub ledger: LedgerId,
    /// The position that the ledger must have now; 0 means that it must not exist yet.
    pub expected: u64,
    /// The batch's id, the same when the batch is appended again after a lost answer.
    pub batch: Uuid,
    /// The rows at positions `expected + 1`, `expected + 2` …, at most [`ROWS_MAX`]. None leaves the head as
    /// it is, for a command that changed nothing but must be remembered.
    pub rows: Vec<Row>,
    /// The tree after the last row; its size is the new position.
    pub frontier: Frontier,
    /// The time of the whole batch, microseconds since the Unix epoch (UTC), never before the last batch's.
    pub at_us: i64,
    /// Commands to remember, each key new.
    pub commands: Vec<Command>,
    /// Credentials to put and delete, in this order.
    pub credentials: Vec<CredentialChange>,
    /// What goes from the front of the ledger with it.
    pub prune: Option<Prune>,
}

/// The first entries of an activity ledger, to be deleted with all that lies beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prune {
    /// The last position that must be gone already.
    pub from: u64,
    /// The last position to go.
    pub to: u64,
}

/// One entry with what is stored beside it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The entry.
    pub sealed: Sealed,
    /// Who did it, as the entry's metadata says (`user:<id>`): an id, never a name.
    pub actor: String,
    /// The entities whose history it belongs to.
    pub subjects: Vec<Subject>,
    /// The personal values that it commits to, one item a person.
    pub personal: Vec<PersonalRow>,
}

/// An entity of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// What it is, such as `user`.
    pub kind: String,
    /// Which one.
    pub id: String,
}

/// The personal values of one person in one entry. They can be erased; their commitments stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalRow {
    /// Whose they are: an id.
    pub person: String,
    /// The values, by ordinal.
    pub values: Vec<PersonalValue>,
}

/// A value that an entry commits to.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonalValue {
    /// Which commitment of the entry it belongs to, counted from 0 in canonical order.
    pub ordinal: u32,
    /// The random salt of the commitment.
    pub salt: [u8; 16],
    /// The value.
    pub text: String,
}

impl fmt::Debug for PersonalValue {
    /// Shows neither salt nor value, so that no log does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonalValue").field("ordinal", &self.ordinal).finish_non_exhaustive()
    }
}

/// A command that was carried out, kept so that its retry gets the same answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Who gave it: an id.
    pub actor: String,
    /// The idempotency key that the caller chose.
    pub key: String,
    /// SHA-256 of what was asked.
    pub digest: [u8; 32],
    /// The HTTP status of the answer.
    pub status: u16,
    /// What else the answer is made of, by header.
    pub headers: BTreeMap<String, String>,
    /// The first position it wrote, 0 if none.
    pub first_position: u64,
    /// The last position it wrote, 0 if none.
    pub last_position: u64,
    /// When, microseconds since the Unix epoch (UTC).
    pub created_at_us: i64,
}

/// A change to the credentials that is made with a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialChange {
    /// Adds it, or replaces the one with the same id.
    Put(Credential),
    /// Deletes the one with this id, if there is one.
    Delete(String),
    /// Puts a mail into the outbox that says the secret of a credential.
    Mail(Mail),
}

/// What an append that went well did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// Everything is written and durable.
    Done,
}

impl Row {
    fn repeats(&self) -> bool {
        has_twice(&self.subjects) || has_twice(self.personal.iter().map(|row| &row.person))
    }
}

fn has_twice<T: Eq + Hash>(items: impl IntoIterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    items.into_iter().any(|item| !seen.insert(item))
}

impl Command {
    pub(super) fn duplicate(&self) -> AppendError {
        AppendError::Duplicate { actor: self.actor.clone(), key: self.key.clone() }
    }
}

impl Batch {
    /// The position after this batch.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.expected + self.rows.len() as u64
    }

    /// Checks that the batch is one: before it is sent, so that nothing malformed reaches the database.
    pub(super) fn check(&self) -> Result<(), AppendError> {
        let refuse = |what: &str| Err(AppendError::Refused(what.to_owned()));
        if self.rows.len() > ROWS_MAX {
            return refuse("the batch has too many rows");
        }
        if self.frontier.size() != self.last() {
            return refuse("the frontier does not fit the rows");
        }
        if self.rows.is_empty() && self.expected == 0 {
            return refuse("a ledger cannot start without a row");
        }
        let continues = (self.expected + 1..)
            .zip(&self.rows)
            .all(|(position, row)| row.sealed.position() == position && *row.sealed.ledger() == self.ledger);
        if !continues {
            return refuse("the rows do not follow the expected position");
        }
        let is_front = |prune: Prune| prune.from < prune.to && prune.to <= self.expected;
        if self.prune.is_some_and(|prune| self.ledger.kind != LedgerKind::Activity || !is_front(prune)) {
            return refuse("only the front of an activity ledger is pruned");
        }
        // In the database it would look like a row that somebody put there before.
        if self.rows.iter().any(Row::repeats) {
            return refuse("a row names an entity or a person twice");
        }
        self.check_commands()
    }

    /// The same key twice in one batch is a duplicate like any other.
    fn check_commands(&self) -> Result<(), AppendError> {
        let mut seen = HashSet::new();
        match self.commands.iter().find(|command| !seen.insert((&command.actor, &command.key))) {
            None => Ok(()),
            Some(again) => Err(again.duplicate()),
        }
    }

    /// The last change to each credential: what is put and which ids are deleted.
    pub(super) fn credentials_last(&self) -> (Vec<&Credential>, Vec<&str>) {
        let last: BTreeMap<&str, Option<&Credential>> = self
            .credentials
            .iter()
            .filter_map(|change| match change {
                CredentialChange::Put(credential) => Some((credential.id.as_str(), Some(credential))),
                CredentialChange::Delete(id) => Some((id.as_str(), None)),
                CredentialChange::Mail(_) => None,
            })
            .collect();
        let deleted = last.iter().filter(|(_, put)| put.is_none()).map(|(id, _)| *id).collect();
        (last.into_values().flatten().collect(), deleted)
    }

    /// The mails that are put into the outbox, by id: the last with each.
    pub(super) fn mails(&self) -> Vec<&Mail> {
        let mails = self.credentials.iter().filter_map(|change| match change {
            CredentialChange::Mail(mail) => Some((mail.id.as_str(), mail)),
            CredentialChange::Put(_) | CredentialChange::Delete(_) => None,
        });
        mails.collect::<BTreeMap<_, _>>().into_values().collect()
    }
}

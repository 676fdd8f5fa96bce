//! What verification answers: findings with a stable word each, and what was covered.

use super::derived::Difference;
use rollbook_ledger::entry::{Hash, LedgerId};
use serde::{Serialize, Serializer};

/// Most findings that are listed; all are counted.
pub const FINDINGS_MAX: usize = 1_000;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Payload, metadata, type or version of a row are not what was sealed.
    Content,
    /// A row's leaf hash is not the one that the tree was built from.
    Leaf,
    /// Rows are missing inside the ledger.
    Gap,
    /// The head is ahead of the rows: it was moved, or the last rows are gone.
    HeadAhead,
    /// There are rows after the head.
    HeadBehind,
    /// A ledger has no head, although it is named or rows of it are there.
    HeadMissing,
    /// The tree over the rows is not the head's: rows were exchanged for others.
    Tree,
    /// Batch, time or format of the head are not those of the last row.
    Head,
    /// A row cannot be read by this release.
    Undecodable,
    /// The column `at` is not the entry's.
    At,
    /// The column `actor` is not the entry's.
    Actor,
    /// The column `batch` is not the entry's.
    Batch,
    /// The rows of subjects are not the event's, or lie after the head where there is no event.
    Subjects,
    /// Time goes back.
    Time,
    /// A personal value does not match its commitment, or belongs to none.
    Commitment,
    /// A personal value is gone that nobody asked to erase.
    PersonalMissing,
    /// A personal value is there although it was erased.
    PersonalLeft,
    /// A stored password or API key that no event made.
    Credential,
    /// A snapshot is not what the events make.
    Snapshot,
    /// Something derived is not what the events make.
    Derived,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where.
    #[serde(serialize_with = "as_text")]
    pub ledger: LedgerId,
    /// At which position, if it is a row's.
    pub position: Option<u64>,
    /// What.
    pub kind: Kind,
    /// For a person; names places and ids, never personal values.
    pub what: String,
}

/// One ledger as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Which.
    #[serde(serialize_with = "as_text")]
    pub ledger: LedgerId,
    /// The last row's position.
    pub position: u64,
    /// Rows that were looked at.
    pub entries: u64,
    /// The last position that was pruned; 0 if none was. Entries before it cannot be looked at any more.
    pub pruned: u64,
    /// The root recomputed from the rows, in hexadecimal; none where rows are missing or were pruned.
    #[serde(serialize_with = "as_hex")]
    pub root: Option<Hash>,
}

/// The outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What was covered.
    pub ledgers: Vec<Verified>,
    /// The first [`FINDINGS_MAX`] findings; empty: nothing is wrong.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more: u64,
}

impl Report {
    /// Whether nothing was found wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Collects findings up to the limit and counts the rest.
#[derive(Default)]
pub(super) struct Findings {
    listed: Vec<Finding>,
    more: u64,
}

impl Findings {
    pub(super) fn add(&mut self, ledger: &LedgerId, position: Option<u64>, kind: Kind, what: String) {
        if self.listed.len() < FINDINGS_MAX {
            self.listed.push(Finding { ledger: ledger.clone(), position, kind, what });
        } else {
            self.more += 1;
        }
    }

    pub(super) fn derived(&mut self, name: &str, found: Difference) {
        self.add(&found.ledger, found.position, Kind::Derived, format!("{name}: {}", found.what));
    }

    pub(super) fn take(self) -> (Vec<Finding>, u64) {
        (self.listed, self.more)
    }
}

fn as_text<S: Serializer>(ledger: &LedgerId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(ledger)
}

fn as_hex<S: Serializer>(root: &Option<Hash>, serializer: S) -> Result<S::Ok, S::Error> {
    root.map(hex::encode).serialize(serializer)
}

//! A row's side columns against the entry that was sealed.

use super::finding::Kind;
use rollbook_domain::kernel::moment::Moment;
use rollbook_ledger::store::{RawRow, Subject};
use std::collections::{BTreeMap, BTreeSet};

/// Subjects that an entry's metadata names; see the ledger's codec.
const SUBJECTS_NAMED_MAX: usize = 50;

/// What the sealed metadata of a row says, as far as it can be read.
#[derive(Clone, Debug, Default)]
pub(super) struct Sealed {
    pub(super) at: Option<Moment>,
    pub(super) actor: Option<String>,
    pub(super) batch: Option<String>,
    /// Empty, where the entity has none, or where there are too many to be named.
    pub(super) subjects: Vec<Subject>,
}

impl Sealed {
    pub(super) fn of(row: &RawRow) -> Option<Self> {
        let metadata: BTreeMap<String, String> = serde_json::from_str(&row.metadata).ok()?;
        let text = |name: &str| metadata.get(name).cloned();
        let subjects = metadata.get("subjects").into_iter().flat_map(|text| text.split(' '));
        let subjects = subjects.filter_map(|subject| subject.split_once(':'));
        Some(Self {
            at: metadata.get("at").and_then(|at| at.parse().ok()),
            actor: text("actor"),
            batch: text("batch"),
            subjects: subjects.map(|(kind, id)| Subject { kind: kind.into(), id: id.into() }).collect(),
        })
    }
}

/// What of the side columns differs. `subjects` is what the event itself concerns, where it could be decoded.
pub(super) fn differences(
    row: &RawRow,
    sealed: &Sealed,
    subjects: Option<&[Subject]>,
) -> Vec<(Kind, String)> {
    let mut found = Vec::new();
    if sealed.at.map(Moment::micros) != Some(row.at_us) {
        found.push((Kind::At, "the column `at` differs from the entry".to_owned()));
    }
    if sealed.actor.as_deref() != Some(row.actor.as_str()) {
        found.push((Kind::Actor, "the column `actor` differs from the entry".to_owned()));
    }
    if sealed.batch.as_deref() != Some(row.batch.as_str()) {
        found.push((Kind::Batch, "the column `batch` differs from the entry".to_owned()));
    }
    // Past a number of subjects the metadata names only the first; then the event alone says.
    if subjects.is_none() && row.subjects.len() > SUBJECTS_NAMED_MAX {
        return found;
    }
    let stored: BTreeSet<_> = row.subjects.iter().collect();
    let expected: BTreeSet<_> = subjects.unwrap_or(&sealed.subjects).iter().collect();
    let named = |subjects: Vec<&&Subject>| {
        let words: Vec<_> = subjects.iter().take(3).map(|it| format!("{}:{}", it.kind, it.id)).collect();
        words.join(", ")
    };
    let missing = named(expected.difference(&stored).collect());
    let stray = named(stored.difference(&expected).collect());
    if !missing.is_empty() {
        found.push((Kind::Subjects, format!("the history of {missing} does not have this event")));
    }
    if !stray.is_empty() {
        found
            .push((Kind::Subjects, format!("the history of {stray} has this event, which does not name it")));
    }
    found
}

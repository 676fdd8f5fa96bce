//! Which rows of a ledger a read wants, and putting personal values beside their rows.

use super::ReadError;
use super::batch::{PersonalRow, Subject};
use super::row::{Joined, RawRow};
use crate::entry::LedgerId;

/// Rows of one ledger, always answered in order of position.
#[derive(Clone, Debug)]
pub(super) enum Selection {
    /// Positions `from ..= to`, at most `limit` of them.
    Range { ledger: LedgerId, from: u64, to: u64, limit: u32 },
    /// These positions.
    Listed { ledger: LedgerId, positions: Vec<u64> },
}

/// Personal rows with their positions, in order of position.
pub(super) type Personal = Vec<(u64, PersonalRow)>;

impl Selection {
    pub(super) const fn ledger(&self) -> &LedgerId {
        match self {
            Self::Range { ledger, .. } | Self::Listed { ledger, .. } => ledger,
        }
    }

    /// The same positions for a table with any number of rows a position.
    pub(super) fn without_limit(&self) -> Self {
        match self {
            Self::Range { ledger, from, to, limit } => {
                let last = from.saturating_add(u64::from(*limit)).saturating_sub(1).min(*to);
                Self::Range { ledger: ledger.clone(), from: *from, to: last, limit: u32::MAX }
            }
            listed @ Self::Listed { .. } => listed.clone(),
        }
    }
}

/// Puts each personal row to its event. One without an event belongs to a position not read.
pub(super) fn join_personal<T: Joined>(mut rows: Vec<T>, personal: Personal) -> Vec<T> {
    let mut personal = personal.into_iter().peekable();
    for row in &mut rows {
        let at = row.position();
        while personal.next_if(|(position, _)| *position < at).is_some() {}
        while let Some((_, person)) = personal.next_if(|(position, _)| *position == at) {
            row.personal().push(person);
        }
        row.personal().sort_by(|a, b| a.person.cmp(&b.person));
    }
    rows
}

/// Puts each subject to its raw row, likewise.
pub(super) fn join_subjects(mut rows: Vec<RawRow>, subjects: Vec<(u64, Subject)>) -> Vec<RawRow> {
    let mut subjects = subjects.into_iter().peekable();
    for row in &mut rows {
        while subjects.next_if(|(position, _)| *position < row.position).is_some() {}
        while let Some((_, subject)) = subjects.next_if(|(position, _)| *position == row.position) {
            row.subjects.push(subject);
        }
        row.subjects.sort();
    }
    rows
}

/// Checks that `positions` are `from`, `from + 1` …; answers the position after the last.
pub(super) fn contiguous(
    ledger: &LedgerId,
    from: u64,
    positions: impl Iterator<Item = u64>,
) -> Result<u64, ReadError> {
    let mut next = from;
    for position in positions {
        if position != next {
            return Err(ReadError::Gap { ledger: ledger.clone(), position: next });
        }
        next += 1;
    }
    Ok(next)
}

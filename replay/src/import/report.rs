//! What came of an import so far: counts, and where what went wrong. Never a value that stood in the file.

use serde::{Deserialize, Serialize};

/// Most errors that a report lists; of the rest only the number is told.
pub const ERRORS_MAX: usize = 100;

/// What came of an import so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Rows of the file.
    pub total: u64,
    /// Rows that are done, whatever came of them.
    pub done: u64,
    /// Things that were added.
    pub created: u64,
    /// Things that were changed to what the file says.
    pub changed: u64,
    /// Things that were as the file says.
    pub unchanged: u64,
    /// Rows that were refused.
    pub failed: u64,
    /// What was wrong with them, at most [`ERRORS_MAX`].
    pub errors: Vec<RowError>,
    /// How many errors more there are.
    pub more_errors: u64,
    /// What of the file was not taken, and how it was understood.
    pub notes: Vec<Note>,
    /// Position of the first entry that it wrote.
    pub first_position: Option<u64>,
    /// Position of the last one.
    pub last_position: Option<u64>,
    /// Why it did not come to its end.
    pub stopped: Option<Stopped>,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowError {
    /// The row's number.
    pub row: u32,
    /// Which field, by the file's own name for it; empty for the row as a whole.
    pub field: String,
    /// Stable, snake case.
    pub code: String,
    /// For a person; never repeats a value.
    pub detail: String,
}

/// Something about the file as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// A column or a kind of record, by the file's own name for it; empty for the whole file.
    pub what: String,
    /// `not_taken` or `read_as`.
    pub code: String,
    /// How many rows it concerns.
    pub rows: u64,
    /// For a person.
    pub detail: String,
}

/// Why an import did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// Stable, snake case.
    pub code: String,
    /// For a person.
    pub detail: String,
}

impl RowError {
    /// An error in a field of a row.
    #[must_use]
    pub fn new(row: u32, field: &str, code: &str, detail: &str) -> Self {
        Self { row, field: field.to_owned(), code: code.to_owned(), detail: detail.to_owned() }
    }
}

impl Report {
    /// Before the first row.
    #[must_use]
    pub fn of(rows: usize, notes: Vec<Note>) -> Self {
        Self { total: rows as u64, notes, ..Self::default() }
    }

    /// A row was added (`is_new`), or changed, or found as it is.
    pub fn done(&mut self, is_new: bool, changes: bool) {
        self.done += 1;
        match (is_new, changes) {
            (true, _) => self.created += 1,
            (false, true) => self.changed += 1,
            (false, false) => self.unchanged += 1,
        }
    }

    /// A row was refused.
    pub fn failed(&mut self, errors: Vec<RowError>) {
        self.done += 1;
        self.failed += 1;
        for error in errors {
            if self.errors.len() < ERRORS_MAX { self.errors.push(error) } else { self.more_errors += 1 }
        }
    }

    /// Entries were written at these positions.
    pub fn wrote(&mut self, first: u64, last: u64) {
        self.first_position = Some(self.first_position.map_or(first, |known| known.min(first)));
        self.last_position = Some(self.last_position.map_or(last, |known| known.max(last)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_every_row_and_lists_no_more_errors_than_people_read() {
        let mut report = Report::of(300, Vec::new());
        report.done(true, true);
        report.done(false, true);
        report.done(false, false);
        for row in 4..=300 {
            report.failed(vec![RowError::new(
                row,
                "Email",
                "not_an_email",
                "an address is written name@host",
            )]);
        }
        report.wrote(9, 12);
        report.wrote(4, 7);
        let counts = (report.done, report.created, report.changed, report.unchanged, report.failed);
        assert_eq!(counts, (300, 1, 1, 1, 297));
        assert_eq!((report.errors.len(), report.more_errors), (ERRORS_MAX, 197));
        assert_eq!((report.first_position, report.last_position), (Some(4), Some(12)));
    }
}

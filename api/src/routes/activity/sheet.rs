//! Rows of the activity log as a workbook (XLSX). Every cell is a text, so that a spreadsheet calculates none of them.
//!
//! A workbook is whole before its first byte leaves, so it has an end: whoever wants more takes CSV or NDJSON.

use super::csv;
use crate::error::Problem;
use axum::http::StatusCode;
use rollbook_projections::activity_log::Row;
use rust_xlsxwriter::{Workbook, XlsxError};

/// Most rows of a workbook.
const ROWS_MAX: u32 = 100_000;
/// Longest text of a cell; a spreadsheet takes 32,767 characters.
const CHARS_MAX: usize = 32_000;

/// A workbook on the way. Rows lie in a temporary file that has no name, not in memory.
pub(super) struct Book {
    workbook: Workbook,
    rows: u32,
}

impl Book {
    /// One with the names of the columns.
    pub(super) fn new() -> Result<Self, Problem> {
        let mut workbook = Workbook::new();
        workbook.add_worksheet_with_constant_memory().set_name("activity").map_err(failed)?;
        let mut book = Self { workbook, rows: 0 };
        book.write(csv::HEADER.trim_end().split(',').map(str::to_owned))?;
        Ok(book)
    }

    /// Appends one row.
    ///
    /// # Errors
    /// 422 `too_large` if there are too many.
    pub(super) fn push(&mut self, row: &Row) -> Result<(), Problem> {
        if self.rows > ROWS_MAX {
            let detail = "a workbook has at most 100,000 rows; filter more, or take csv or ndjson";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "too_large", detail));
        }
        self.write(csv::cells(row).into_iter())
    }

    fn write(&mut self, cells: impl Iterator<Item = String>) -> Result<(), Problem> {
        let row = self.rows;
        let sheet = self.workbook.worksheet_from_index(0).map_err(failed)?;
        for (cell, column) in cells.zip(0_u16..).filter(|(cell, _)| !cell.is_empty()) {
            sheet.write_string(row, column, short(cell)).map_err(failed)?;
        }
        self.rows += 1;
        Ok(())
    }

    /// The file.
    pub(super) fn bytes(mut self) -> Result<Vec<u8>, Problem> {
        self.workbook.save_to_buffer().map_err(failed)
    }
}

fn short(cell: String) -> String {
    match cell.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", cell.get(..end).unwrap_or_default()),
        None => cell,
    }
}

fn failed(error: XlsxError) -> Problem {
    Problem::internal(&error)
}

//! The first sheet of an XLSX workbook as a table.
//!
//! Before the workbook is read every part of it is unpacked once to nowhere, so that one that is small and unpacks to
//! more than memory, or announces more than it has, is refused before anything believes it.

use super::table::Table;
use super::zipped::Zipped;
use super::{ROWS_MAX, Unreadable};
use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx};
use std::io::Cursor;

/// Most texts that a workbook may announce to hold.
const TEXTS_MAX: u64 = 5_000_000;
/// Before such a number calamine makes room for as many texts.
const ANNOUNCES: &[u8] = b"uniqueCount";
const COLUMNS_MAX: usize = 100;

pub(super) fn read(bytes: &[u8]) -> Result<Table, Unreadable> {
    Zipped::open(bytes)?.look_through(|name, part| {
        if holds_texts(name) && announced(part) {
            Err(Unreadable::new("too_large", "the workbook announces too many texts"))
        } else {
            Ok(())
        }
    })?;
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(|_| damaged())?;
    let first = book.sheet_names().into_iter().next();
    let first = first.ok_or_else(|| Unreadable::new("not_a_table", "the workbook has no sheet"))?;
    let mut cells = book.worksheet_cells_reader(&first).map_err(|_| damaged())?;
    let (mut table, mut row, mut number) = (Table::default(), Vec::new(), None);
    while let Some(cell) = cells.next_cell().map_err(|_| damaged())? {
        let (at, column) = cell.get_position();
        if number != Some(at) {
            push(&mut table, number, std::mem::take(&mut row))?;
            number = Some(at);
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        let text = told(cell.get_value());
        if column >= COLUMNS_MAX && !text.is_empty() {
            return Err(Unreadable::new(
                "too_many_columns",
                format!("a row has more than {COLUMNS_MAX} columns"),
            ));
        }
        if column < COLUMNS_MAX {
            let width = row.len().max(column + 1);
            row.resize(width, String::new());
            row.get_mut(column).into_iter().for_each(|cell| text.clone_into(cell));
        }
    }
    push(&mut table, number, row)?;
    Ok(table)
}

/// Rows of a sheet come in order; the first one names the columns.
fn push(table: &mut Table, number: Option<u32>, row: Vec<String>) -> Result<(), Unreadable> {
    let Some(number) = number else { return Ok(()) };
    if usize::try_from(number).unwrap_or(usize::MAX) > ROWS_MAX && row.iter().any(|cell| !cell.is_empty()) {
        return Err(Unreadable::new(
            "too_many_rows",
            format!("a file has at most {ROWS_MAX} rows; split it"),
        ));
    }
    table.push(number == 0, number.saturating_add(1), row)
}

/// A cell as the text that a person would have written.
fn told(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Bool(flag) => flag.to_string(),
        DataRef::DateTime(time) => date(time),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.trim().to_owned(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

fn date(time: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let day = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) { day } else { format!("{day} {hour:02}:{minute:02}:{second:02}") }
}

/// Whether calamine takes a part of this name for the workbook's texts; it does not look at the case.
fn holds_texts(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with("sharedstrings.xml")
}

/// Whether a part announces more texts than a workbook may have.
fn announced(part: &[u8]) -> bool {
    let places = part.windows(ANNOUNCES.len()).enumerate().filter(|(_, word)| *word == ANNOUNCES);
    let mut numbers = places.map(|(place, _)| {
        let rest = part.get(place + ANNOUNCES.len()..).unwrap_or_default();
        let digits = rest.iter().skip_while(|byte| !byte.is_ascii_digit() && **byte != b'>');
        let digits = digits.take_while(|byte| byte.is_ascii_digit());
        digits.fold(0_u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
    });
    numbers.any(|number| number > TEXTS_MAX)
}

fn damaged() -> Unreadable {
    Unreadable::new(
        "not_a_table",
        "the workbook cannot be read: it is damaged, locked by a password, or no XLSX",
    )
}

//! Tables out of text: a first row that names the columns, and rows by their line.
//!
//! The separator is whichever of comma, semicolon and tabulator the first row has most of. A cell that this program made
//! text for spreadsheets, by a `'` before what they would calculate, is read without it.

use super::report::Note;
use super::{ROWS_MAX, Unreadable, text};

/// Most columns of a table.
const COLUMNS_MAX: usize = 100;
/// Longest cell, in bytes.
const CELL_BYTES_MAX: usize = 32 << 10;
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// A table as it was read.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The names of the columns.
    pub(super) header: Vec<String>,
    /// The rows with their numbers, those without any text left out.
    pub(super) rows: Vec<(u32, Vec<String>)>,
    /// How it was understood.
    pub(super) notes: Vec<Note>,
}

/// A table out of a file.
pub(super) fn read(bytes: &[u8]) -> Result<Table, Unreadable> {
    let (text, is_windows) = text::decode(bytes);
    let mut table = rows(&text)?;
    if is_windows {
        let detail = format!("the file is not UTF-8; it was read as {}", text::WINDOWS);
        let rows = table.rows.len() as u64;
        table.notes.push(Note { what: String::new(), code: "read_as".to_owned(), rows, detail });
    }
    Ok(table)
}

fn rows(text: &str) -> Result<Table, Unreadable> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator(text))
        .from_reader(text.as_bytes());
    let mut table = Table::default();
    let mut record = csv::StringRecord::new();
    let mut is_first = true;
    let mut lines = Lines { rest: text.as_bytes(), at: 0, line: 1 };
    loop {
        let read = reader.read_record(&mut record).map_err(|_| not_a_table())?;
        if !read {
            return Ok(table);
        }
        let start = record.position().map_or(0, |position| position.byte());
        let number = lines.at(usize::try_from(start).unwrap_or(usize::MAX));
        table.push(is_first, number, record.iter().map(plain).collect())?;
        is_first = false;
    }
}

/// Counts lines on the way through a text.
struct Lines<'a> {
    rest: &'a [u8],
    at: usize,
    line: u32,
}

impl Lines<'_> {
    /// The line of the first character at or after `start` that ends none. Starts never go back.
    fn at(&mut self, start: usize) -> u32 {
        while let Some((byte, rest)) = self.rest.split_first() {
            if self.at >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u32::from(*byte == b'\n');
            (self.rest, self.at) = (rest, self.at + 1);
        }
        self.line
    }
}

impl Table {
    /// Takes one more row; the first one is the header.
    pub(super) fn push(
        &mut self,
        is_header: bool,
        number: u32,
        cells: Vec<String>,
    ) -> Result<(), Unreadable> {
        if cells.len() > COLUMNS_MAX {
            let detail = format!("row {number} has more than {COLUMNS_MAX} columns; is this the right file?");
            return Err(Unreadable::new("too_many_columns", detail));
        }
        if cells.iter().any(|cell| cell.len() > CELL_BYTES_MAX) {
            let detail = format!("row {number} has a cell of more than {CELL_BYTES_MAX} bytes");
            return Err(Unreadable::new("cell_too_long", detail));
        }
        if is_header {
            self.header = cells;
        } else if cells.iter().any(|cell| !cell.is_empty()) {
            if self.rows.len() >= ROWS_MAX {
                let detail = format!("a file has at most {ROWS_MAX} rows; split it");
                return Err(Unreadable::new("too_many_rows", detail));
            }
            self.rows.push((number, cells));
        }
        Ok(())
    }

    /// Where the columns with these names are, whatever the case; a note for each column that has another.
    ///
    /// # Errors
    /// If one of the first `required` is missing, or one is there twice.
    pub(super) fn places<const N: usize>(
        &self,
        names: [&'static str; N],
        required: usize,
    ) -> Result<([Option<usize>; N], Vec<Note>), Unreadable> {
        let is = |name: &str, cell: &String| bare(cell) == bare(name);
        for name in names {
            if self.header.iter().filter(|cell| is(name, cell)).count() > 1 {
                return Err(Unreadable::new("column_twice", format!("the first row names `{name}` twice")));
            }
        }
        let places = names.map(|name| self.header.iter().position(|cell| is(name, cell)));
        let mut missing = names.iter().zip(places).take(required).filter(|(_, place)| place.is_none());
        if let Some((name, _)) = missing.next() {
            let detail = format!("the first row names no column `{name}`; it names the columns");
            return Err(Unreadable::new("missing_column", detail));
        }
        let known = |cell: &String| names.iter().any(|name| is(name, cell));
        let unknown = self.header.iter().enumerate().filter(|(_, cell)| !known(cell) && !cell.is_empty());
        let notes = unknown.filter_map(|(place, _)| {
            let rows = self.said(place);
            let detail = "Rollbook knows no such column; what stands in it was left alone".to_owned();
            (rows > 0).then(|| Note {
                what: format!("column {}", place + 1),
                code: "not_taken".to_owned(),
                rows,
                detail,
            })
        });
        Ok((places, notes.collect()))
    }

    /// In how many rows something stands in that column.
    pub(super) fn said(&self, column: usize) -> u64 {
        self.rows.iter().filter(|(_, cells)| cells.get(column).is_some_and(|cell| !cell.is_empty())).count()
            as u64
    }
}

/// How names of columns are compared: letters and digits in lower case.
fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Of the first line, outside quotes.
fn separator(text: &str) -> u8 {
    let mut counts = [0_usize; SEPARATORS.len()];
    let mut is_quoted = false;
    for byte in text.bytes() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => break,
            byte if !is_quoted => {
                let which = SEPARATORS.iter().position(|separator| *separator == byte);
                which.and_then(|which| counts.get_mut(which)).into_iter().for_each(|count| *count += 1);
            }
            _ => {}
        }
    }
    let most = SEPARATORS.iter().zip(counts).rev().max_by_key(|(_, count)| *count);
    most.map_or(b',', |(separator, _)| *separator)
}

fn plain(cell: &str) -> String {
    let cell = cell.trim();
    let guarded = cell.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@']));
    guarded.unwrap_or(cell).to_owned()
}

fn not_a_table() -> Unreadable {
    Unreadable::new("not_a_table", "the file is no table of rows and columns")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Table {
        read(text.as_bytes()).unwrap()
    }

    #[test]
    fn comma_semicolon_and_tabulator_separate_whichever_the_first_row_has_most_of() {
        for text in ["a,b\n1,2;3", "\"a\";b\n1;2", "a\tb\n1\t2\n", "\u{feff}a,b\r\n1,2\r\n"] {
            let table = of(text);
            assert_eq!((table.header.join("|").as_str(), table.rows.len()), ("a|b", 1), "{text:?}");
        }
        assert_eq!(of("a;b,c;d\n").header, ["a", "b,c", "d"]);
    }

    #[test]
    fn a_row_is_known_by_the_line_it_begins_on_and_an_empty_one_is_none() {
        let table = of("a,b\n\n\"x\ny\",1\n,\nz,2\n");
        let numbers: Vec<_> = table.rows.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [3, 6]);
        let windows = of("a,b\r\n\r\nx,1\r\ny,2\r\n");
        assert_eq!(windows.rows.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [3, 4]);
    }

    #[test]
    fn what_was_made_text_for_spreadsheets_is_read_as_it_was() {
        let table = of("a,b\n'+598 2,'=x\n'quoted',o'b\n");
        assert_eq!(table.rows[0].1, ["+598 2", "=x"]);
        assert_eq!(table.rows[1].1, ["'quoted'", "o'b"]);
    }

    #[test]
    fn a_column_that_is_missing_or_there_twice_is_told_by_its_name() {
        let code = |text: &str| of(text).places(["Username", "Full Name"], 2).map_err(|error| error.code);
        assert_eq!(code("username,FULL_NAME\n").unwrap().0, [Some(0), Some(1)]);
        assert_eq!(code("username\n").unwrap_err(), "missing_column");
        assert_eq!(code("username,full name,Full Name\n").unwrap_err(), "column_twice");
        let (_, notes) =
            of("username,full name,secret\na,b,c\n").places(["Username", "Full Name"], 2).unwrap();
        assert_eq!((notes[0].what.as_str(), notes[0].rows), ("column 3", 1), "its name may be a person's");
    }

    #[test]
    fn more_than_people_have_is_refused() {
        assert_eq!(read(",".repeat(200).as_bytes()).unwrap_err().code, "too_many_columns");
        assert_eq!(read("x".repeat(40_000).as_bytes()).unwrap_err().code, "cell_too_long");
        let many = "a\n".repeat(ROWS_MAX + 2);
        assert_eq!(read(many.as_bytes()).unwrap_err().code, "too_many_rows");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _read_or_refused = read(&bytes);
        }
    }
}

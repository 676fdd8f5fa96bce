//! The first sheet of an OpenDocument spreadsheet as a table.
//!
//! Cells and rows that are repeated are repeated only as far as a table goes: spreadsheets end in a million empty rows.

use super::table::Table;
use super::zipped::Zipped;
use super::{ROWS_MAX, Unreadable};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

const COLUMNS_MAX: usize = 100;

pub(super) fn read(bytes: &[u8]) -> Result<Table, Unreadable> {
    let content = Zipped::open(bytes)?.part("content.xml")?;
    let content = content.ok_or_else(damaged)?;
    let mut reader = Reader::from_reader(content.as_slice());
    let (mut sheet, mut buffer) = (Sheet::default(), Vec::new());
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(|_| damaged())? {
            Event::Start(element) => sheet.begins(&element),
            Event::Empty(element) => {
                sheet.begins(&element);
                sheet.ends(element.local_name().as_ref())?;
            }
            Event::Text(text) => sheet.says(&text.decode().map_err(|_| damaged())?),
            Event::GeneralRef(entity) => sheet.says(&entity_of(&entity.decode().map_err(|_| damaged())?)),
            Event::End(element) if element.local_name().as_ref() == b"table" => return Ok(sheet.table),
            Event::End(element) => sheet.ends(element.local_name().as_ref())?,
            Event::Eof => return Err(damaged()),
            Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// A sheet on the way.
#[derive(Default)]
struct Sheet {
    table: Table,
    number: u32,
    row: Vec<String>,
    row_repeats: usize,
    cell: String,
    value: Option<String>,
    cell_repeats: usize,
    paragraphs: usize,
    in_paragraph: usize,
    in_note: usize,
}

impl Sheet {
    fn begins(&mut self, element: &BytesStart<'_>) {
        match element.local_name().as_ref() {
            b"table-row" => {
                self.row = Vec::new();
                self.row_repeats = repeats(element, b"number-rows-repeated");
            }
            b"table-cell" | b"covered-table-cell" => {
                self.cell = String::new();
                self.paragraphs = 0;
                self.value = value(element);
                self.cell_repeats = repeats(element, b"number-columns-repeated");
            }
            b"annotation" => self.in_note += 1,
            b"p" => {
                self.in_paragraph += 1;
                self.paragraphs += 1;
                if self.paragraphs > 1 && self.in_note == 0 {
                    self.cell.push(' ');
                }
            }
            b"s" | b"tab" | b"line-break" => self.says(" "),
            _ => {}
        }
    }

    fn says(&mut self, text: &str) {
        if self.in_paragraph > 0 && self.in_note == 0 {
            self.cell.push_str(text);
        }
    }

    fn ends(&mut self, name: &[u8]) -> Result<(), Unreadable> {
        match name {
            b"p" => self.in_paragraph = self.in_paragraph.saturating_sub(1),
            b"annotation" => self.in_note = self.in_note.saturating_sub(1),
            b"table-cell" | b"covered-table-cell" => self.cell_ends()?,
            b"table-row" => self.row_ends()?,
            _ => {}
        }
        Ok(())
    }

    fn cell_ends(&mut self) -> Result<(), Unreadable> {
        let shown = std::mem::take(&mut self.cell);
        let text = self.value.take().unwrap_or_else(|| shown.trim().to_owned());
        let room = COLUMNS_MAX.saturating_sub(self.row.len());
        if self.cell_repeats > room && !text.is_empty() {
            return Err(Unreadable::new(
                "too_many_columns",
                format!("a row has more than {COLUMNS_MAX} columns"),
            ));
        }
        let cells = std::iter::repeat_n(text, self.cell_repeats.min(room));
        self.row.extend(cells);
        Ok(())
    }

    fn row_ends(&mut self) -> Result<(), Unreadable> {
        let row = std::mem::take(&mut self.row);
        let says = row.iter().any(|cell| !cell.is_empty());
        if says && self.row_repeats > ROWS_MAX {
            return Err(Unreadable::new(
                "too_many_rows",
                format!("a file has at most {ROWS_MAX} rows; split it"),
            ));
        }
        for _ in 0..if says { self.row_repeats } else { 0 } {
            self.number = self.number.saturating_add(1);
            self.table.push(self.number == 1, self.number, row.clone())?;
        }
        if !says {
            self.number = self.number.saturating_add(u32::try_from(self.row_repeats).unwrap_or(u32::MAX));
        }
        Ok(())
    }
}

fn repeats(element: &BytesStart<'_>, name: &[u8]) -> usize {
    attribute(element, name).and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// What a cell holds where that is not what it shows: a date, written out.
fn value(element: &BytesStart<'_>) -> Option<String> {
    let date = attribute(element, b"date-value")?;
    Some(date.strip_suffix("T00:00:00").map(str::to_owned).unwrap_or(date))
}

fn attribute(element: &BytesStart<'_>, name: &[u8]) -> Option<String> {
    let mut all = element.attributes().flatten();
    let found = all.find(|attribute| attribute.key.local_name().as_ref() == name)?;
    std::str::from_utf8(&found.value).ok().map(str::to_owned)
}

/// The five entities of XML and numbered characters; no other has a meaning in a spreadsheet.
fn entity_of(name: &str) -> String {
    let number = name.strip_prefix('#').and_then(|digits| match digits.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    });
    match (name, number.and_then(char::from_u32)) {
        ("amp", _) => "&".to_owned(),
        ("lt", _) => "<".to_owned(),
        ("gt", _) => ">".to_owned(),
        ("quot", _) => "\"".to_owned(),
        ("apos", _) => "'".to_owned(),
        (_, Some(character)) => character.to_string(),
        (_, None) => String::new(),
    }
}

fn damaged() -> Unreadable {
    Unreadable::new("not_a_table", "the spreadsheet cannot be read: it is damaged or no OpenDocument")
}

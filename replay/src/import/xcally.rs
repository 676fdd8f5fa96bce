//! A file of XCALLY's users. Its columns are chosen, since nobody says them: the fields of the product's form.

use super::Unreadable;
use super::record::{Columns, Found, Record, Row, UserRecord};
use super::report::{Note, RowError};
use super::table::Table;

/// The columns, the two first of which are required.
pub const NAMES: [&str; 6] = ["fullname", "username", "email", "role", "profile", "internal"];
const REQUIRED: usize = 2;
const INTERNAL: usize = 5;

const COLUMNS: Columns = Columns(&[("login", "username"), ("name", "fullname")]);

pub(super) fn read(table: &Table) -> Result<Found, Unreadable> {
    let (places, mut notes) = table.places(NAMES, REQUIRED)?;
    let internal = places.get(INTERNAL).copied().flatten().map_or(0, |place| table.said(place));
    if internal > 0 {
        let detail = "an internal number belongs to an agent, not to a user; it was left alone".to_owned();
        notes.push(Note {
            what: "internal".to_owned(),
            code: "not_taken".to_owned(),
            rows: internal,
            detail,
        });
    }
    notes.extend(table.notes.iter().cloned());
    let rows = table.rows.iter().map(|(number, cells)| row(*number, places, cells));
    Ok(Found { rows: rows.collect(), notes })
}

fn row(number: u32, places: [Option<usize>; 6], cells: &[String]) -> Row {
    let [name, login, email, role, profile, _] =
        places.map(|place| place.and_then(|place| cells.get(place)).filter(|cell| !cell.is_empty()).cloned());
    let mut errors = Vec::new();
    let mut needed = |cell: Option<String>, column: &str| {
        cell.unwrap_or_else(|| {
            errors.push(RowError::new(number, column, "required", "this column is needed in every row"));
            String::new()
        })
    };
    let (name, login) = (needed(name, "fullname"), needed(login, "username"));
    let user = UserRecord { login, name, email, role, profile, columns: COLUMNS, ..UserRecord::default() };
    let record = if errors.is_empty() { Ok(Record::User(Box::new(user))) } else { Err(errors) };
    Row { number, record }
}

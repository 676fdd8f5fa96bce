//! uContact's file of users: ten columns, of which two must be there.
//!
//! Chosen, since nobody says it: dates are written year first, day and month being mistaken for each other otherwise; the
//! expiration date itself still counts; the built-in profile `Agent` is having none, where no profile is called so; an
//! empty cell says nothing.

use super::Unreadable;
use super::record::{Columns, Found, Password, Record, Row, UserRecord};
use super::report::{Note, RowError};
use super::table::Table;
use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::user::window::TimeZone;

/// The columns, the two first of which are required.
pub(super) const NAMES: [&str; 10] = [
    "Username",
    "Full Name",
    "Email",
    "Profile",
    "Valid Date",
    "Expiration Date",
    "Time Zone",
    "Language",
    "Phone",
    "Password",
];
const REQUIRED: usize = 2;

const COLUMNS: Columns = Columns(&[
    ("login", "Username"),
    ("name", "Full Name"),
    ("email", "Email"),
    ("profile", "Profile"),
    ("login_window", "Expiration Date"),
    ("password", "Password"),
]);

/// Columns that are known and that there is no place for.
const NOT_TAKEN: [(usize, &str); 3] = [
    (6, "a user has no time zone of their own; it was used to understand the dates"),
    (7, "a user has no language of their own"),
    (8, "a user has no telephone number of their own"),
];

pub(super) fn read(table: &Table) -> Result<Found, Unreadable> {
    let (places, mut notes) = table.places(NAMES, REQUIRED)?;
    for (column, why) in NOT_TAKEN {
        let rows = places.get(column).copied().flatten().map_or(0, |place| table.said(place));
        if rows > 0 {
            let what = NAMES.get(column).copied().unwrap_or_default().to_owned();
            notes.push(Note { what, code: "not_taken".to_owned(), rows, detail: why.to_owned() });
        }
    }
    notes.extend(table.notes.iter().cloned());
    let rows = table.rows.iter().map(|(number, cells)| row(*number, places, cells));
    Ok(Found { rows: rows.collect(), notes })
}

fn row(number: u32, places: [Option<usize>; 10], cells: &[String]) -> Row {
    let [login, name, email, profile, from, until, zone, _, _, password] =
        places.map(|place| place.and_then(|place| cells.get(place)).filter(|cell| !cell.is_empty()).cloned());
    let mut errors = Vec::new();
    let mut needed = |cell: Option<String>, column: &str| {
        cell.unwrap_or_else(|| {
            errors.push(RowError::new(number, column, "required", "this column is needed in every row"));
            String::new()
        })
    };
    let (login, name) = (needed(login, "Username"), needed(name, "Full Name"));
    let zone = zone.filter(|_| from.is_some() || until.is_some()).map(|zone| zone.parse::<TimeZone>());
    let zone = zone.transpose().unwrap_or_else(|bad| {
        errors.push(RowError::new(number, "Time Zone", "not_acceptable", &bad.to_string()));
        None
    });
    let mut moment = |cell: Option<String>, column: &str, is_last: bool| {
        cell.and_then(|cell| {
            let read = date(&cell, zone.unwrap_or(TimeZone::UTC), is_last);
            if read.is_none() {
                let detail = "a date is written year first, 2026-05-31 or 2026-05-31 18:00";
                errors.push(RowError::new(number, column, "not_a_date", detail));
            }
            read
        })
    };
    let (from, until) = (moment(from, "Valid Date", false), moment(until, "Expiration Date", true));
    let password = password.map(Password);
    let user = UserRecord {
        login,
        name,
        email,
        profile,
        no_profile: Some("Agent"),
        from,
        until,
        password,
        columns: COLUMNS,
        ..UserRecord::default()
    };
    let record = if errors.is_empty() { Ok(Record::User(Box::new(user))) } else { Err(errors) };
    Row { number, record }
}

/// A moment: an RFC 3339 time, or a date with or without a time by the clock of `zone`. Of a bare date the beginning, or
/// where it is the last one its end.
fn date(text: &str, zone: TimeZone, is_last: bool) -> Option<Moment> {
    if let Ok(moment) = text.parse::<Moment>() {
        return Some(moment);
    }
    let text = text.replace('/', "-").replace('T', " ");
    for form in ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"] {
        if let Ok(wall) = NaiveDateTime::parse_from_str(&text, form) {
            return zone.moment(wall);
        }
    }
    let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?;
    let day = if is_last { day.checked_add_days(Days::new(1))? } else { day };
    zone.moment(day.and_time(NaiveTime::MIN))
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    fn found(text: &str) -> Found {
        read(&table::read(text.as_bytes()).unwrap()).unwrap()
    }

    fn user(found: &Found, row: usize) -> &UserRecord {
        match &found.rows[row].record {
            Ok(Record::User(user)) => user,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_ten_columns_are_read_in_any_order_and_an_empty_cell_says_nothing() {
        let found = found(
            "Full Name;Username;Email;Profile;Valid Date;Expiration Date;Time Zone;Language;Phone;Password\n\
             Ana Peña;ana;ana@u.example;Sales;2026-05-01;2026-05-31;America/Montevideo;es;+598 2;secret words\n\
             Bo;bo;;;;;;;;\n",
        );
        let ana = user(&found, 0);
        assert_eq!((ana.login.as_str(), ana.name.as_str()), ("ana", "Ana Peña"));
        assert_eq!(ana.profile.as_deref(), Some("Sales"));
        let times = [ana.from, ana.until].map(|time| time.unwrap().to_string());
        assert_eq!(
            times,
            ["2026-05-01T03:00:00.000000Z", "2026-06-01T03:00:00.000000Z"],
            "its last day counts"
        );
        assert!(!format!("{ana:?}").contains("secret"));
        let bo = user(&found, 1);
        assert_eq!((&bo.email, &bo.profile, bo.from, bo.password.is_none()), (&None, &None, None, true));
        let notes: Vec<_> = found.notes.iter().map(|note| (note.what.as_str(), note.rows)).collect();
        assert_eq!(notes, [("Time Zone", 1), ("Language", 1), ("Phone", 1)]);
    }

    #[test]
    fn what_cannot_be_read_is_told_by_row_and_column() {
        let found = found(
            "Username,Full Name,Valid Date,Time Zone\n,x,,\nbo,,31/05/2026,Mars\ncy,Cy,2026-05-01 08:30,UTC\n",
        );
        let told = |row: usize| {
            let errors = found.rows[row].record.as_ref().unwrap_err();
            errors
                .iter()
                .map(|error| (error.row, error.field.clone(), error.code.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(0), [(2, "Username".into(), "required".into())]);
        assert_eq!(
            told(1),
            [
                (3, "Full Name".into(), "required".into()),
                (3, "Time Zone".into(), "not_acceptable".into()),
                (3, "Valid Date".into(), "not_a_date".into())
            ]
        );
        assert_eq!(user(&found, 2).from.unwrap().to_string(), "2026-05-01T08:30:00.000000Z");
    }

    #[test]
    fn dates_are_written_year_first() {
        let read = |text| date(text, TimeZone::UTC, true).map(|moment| moment.to_string());
        assert_eq!(read("2026/05/31").as_deref(), Some("2026-06-01T00:00:00.000000Z"));
        assert_eq!(read("2026-05-31T18:00:00+02:00").as_deref(), Some("2026-05-31T16:00:00.000000Z"));
        for bad in ["05/06/2026", "31.05.2026", "2026-13-01", "tomorrow", "2026", "+262143-12-31"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}

//! What a file says twice: the second time is refused, since it cannot be known which of the two is meant.

use super::record::{Record, Row};
use super::report::RowError;
use rollbook_domain::kernel::text::folded;
use std::collections::HashMap;

/// Refuses every row about something that an earlier row is about.
pub(super) fn mark(rows: &mut [Row]) {
    let mut seen: HashMap<(&'static str, String), u32> = HashMap::new();
    for row in rows {
        let Ok(record) = &row.record else { continue };
        let (kind, field, name) = named(record);
        match seen.get(&(kind, folded(name))) {
            Some(first) => {
                let detail = format!("row {first} is about the same {kind}");
                row.record = Err(vec![RowError::new(row.number, &field, "twice_in_file", &detail)]);
            }
            None => {
                seen.insert((kind, folded(name)), row.number);
            }
        }
    }
}

fn named(record: &Record) -> (&'static str, String, &str) {
    match record {
        Record::User(user) => ("user", user.columns.of("login"), &user.login),
    }
}

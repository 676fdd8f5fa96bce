//! SQLite's result codes, sorted by what the caller must do.
//!
//! A constraint's message names columns only; other messages hold no stored values either.

use rusqlite::Error;

use crate::store::{AppendError, StoreError};

const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const NOMEM: i32 = 7;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const NOTADB: i32 = 26;
const BUSY_SNAPSHOT: i32 = 517;
const PRIMARY_KEY: i32 = 1555;
const UNIQUE: i32 = 2067;
const TRIGGER: i32 = 1811;

/// Messages of the guards that mean "another writer was first".
const STALE: [&str; 2] =
    ["rollbook: the row does not continue the head", "rollbook: the ledger has a head already"];
/// The message of the guard that knows of a person's values at a position that is not appended yet.
const BEYOND: &str = "rollbook: the person has a row at this position already";

/// Extended result code and message.
pub(super) fn code(error: &Error) -> (i32, String) {
    match error {
        Error::SqliteFailure(failure, message) => {
            (failure.extended_code, message.clone().unwrap_or_else(|| failure.to_string()))
        }
        other => (0, other.to_string()),
    }
}

const fn is_busy(code: i32) -> bool {
    code & 0xff == BUSY || code & 0xff == LOCKED || code == BUSY_SNAPSHOT
}

/// The file cannot be written just now, whatever is written: no room, no memory, read-only, not to be opened.
const fn is_outage(code: i32) -> bool {
    matches!(code & 0xff, NOMEM | READONLY | FULL | CANTOPEN)
}

/// What lies in the file is not what was written there.
const fn is_damage(code: i32) -> bool {
    matches!(code & 0xff, CORRUPT | NOTADB)
}

pub(super) fn store(error: &Error) -> StoreError {
    let (code, message) = code(error);
    match code {
        TRIGGER if message.starts_with("rollbook:") => StoreError::Guard(message),
        code if is_busy(code) || is_outage(code) => StoreError::Unavailable(message),
        code if code & 0xff == IOERR => StoreError::InDoubt(message),
        _ => StoreError::Refused(message),
    }
}

/// A failure before the commit: nothing is written.
pub(super) fn append(error: &Error) -> AppendError {
    let (code, message) = code(error);
    match code {
        TRIGGER if STALE.contains(&message.as_str()) => AppendError::Conflict,
        TRIGGER if message == BEYOND => AppendError::beyond("personal_values"),
        TRIGGER => AppendError::Guard(message),
        code if is_busy(code) => AppendError::Conflict,
        code if is_outage(code) || code & 0xff == IOERR => AppendError::Unavailable(message),
        code if is_damage(code) => AppendError::Damaged(message),
        _ => AppendError::Refused(message),
    }
}

/// A failure of an insert whose key may be taken: then `taken` says what that means.
pub(super) fn append_key(error: &Error, taken: impl FnOnce() -> AppendError) -> AppendError {
    match code(error).0 {
        PRIMARY_KEY | UNIQUE => taken(),
        _ => append(error),
    }
}

/// A failure of the commit itself: with no room left its last frame is not whole, and so not there. After an input or output error the batch may come back with the file.
pub(super) fn commit(error: &Error) -> AppendError {
    let (code, message) = code(error);
    if code & 0xff == IOERR { AppendError::InDoubt(message) } else { append(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32, message: &str) -> Error {
        Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some(message.to_owned()))
    }

    #[test]
    fn each_code_says_whether_the_batch_may_be_written() {
        let refused = |message: &str| AppendError::Refused(message.to_owned());
        let away = |message: &str| AppendError::Unavailable(message.to_owned());
        let damaged = |message: &str| AppendError::Damaged(message.to_owned());
        let table = [
            (BUSY, "busy", AppendError::Conflict, AppendError::Conflict),
            (BUSY_SNAPSHOT, "busy", AppendError::Conflict, AppendError::Conflict),
            (TRIGGER, STALE[0], AppendError::Conflict, AppendError::Conflict),
            (
                TRIGGER,
                "rollbook: no",
                AppendError::Guard("rollbook: no".to_owned()),
                AppendError::Guard("rollbook: no".to_owned()),
            ),
            (TRIGGER, BEYOND, AppendError::beyond("personal_values"), AppendError::beyond("personal_values")),
            (FULL, "full", away("full"), away("full")),
            (READONLY, "read-only", away("read-only"), away("read-only")),
            (1032, "moved", away("moved"), away("moved")), // SQLITE_READONLY_DBMOVED
            (NOMEM, "memory", away("memory"), away("memory")),
            (CANTOPEN, "open", away("open"), away("open")),
            (IOERR, "disk", away("disk"), AppendError::InDoubt("disk".to_owned())),
            (1034, "fsync", away("fsync"), AppendError::InDoubt("fsync".to_owned())),
            (CORRUPT, "malformed", damaged("malformed"), damaged("malformed")),
            (779, "index", damaged("index"), damaged("index")), // SQLITE_CORRUPT_INDEX
            (NOTADB, "no database", damaged("no database"), damaged("no database")),
            (18, "too big", refused("too big"), refused("too big")),
            (275, "check", refused("check"), refused("check")),
        ];
        for (code, message, before, at_commit) in table {
            assert_eq!(append(&failure(code, message)), before, "{code}");
            assert_eq!(commit(&failure(code, message)), at_commit, "{code}");
        }
    }

    #[test]
    fn elsewhere_an_outage_passes_and_a_guard_or_a_constraint_does_not() {
        for code in [BUSY, LOCKED, NOMEM, READONLY, FULL, CANTOPEN] {
            assert_eq!(store(&failure(code, "away")), StoreError::Unavailable("away".to_owned()), "{code}");
        }
        assert_eq!(store(&failure(IOERR, "disk")), StoreError::InDoubt("disk".to_owned()));
        assert_eq!(store(&failure(TRIGGER, "rollbook: no")), StoreError::Guard("rollbook: no".to_owned()));
        for code in [CORRUPT, NOTADB] {
            assert_eq!(store(&failure(code, "bad")), StoreError::Refused("bad".to_owned()), "{code}");
        }
        assert_eq!(store(&failure(275, "check")), StoreError::Refused("check".to_owned()));
    }

    #[test]
    fn a_taken_key_means_what_the_table_says_and_nothing_else_does() {
        for code in [PRIMARY_KEY, UNIQUE] {
            assert_eq!(append_key(&failure(code, "key"), || AppendError::Conflict), AppendError::Conflict);
        }
        let other = append_key(&failure(275, "check"), || AppendError::Conflict);
        assert_eq!(other, AppendError::Refused("check".to_owned()));
    }
}

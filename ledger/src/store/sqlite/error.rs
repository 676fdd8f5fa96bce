//! SQLite's result codes, sorted by what the caller must do.
//!
//! A constraint's message names columns only; other messages hold no stored values either.

use rusqlite::Error;

use crate::store::{AppendError, StoreError};

const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const IOERR: i32 = 10;
const BUSY_SNAPSHOT: i32 = 517;
const PRIMARY_KEY: i32 = 1555;
const UNIQUE: i32 = 2067;
const TRIGGER: i32 = 1811;

/// Messages of the guards that mean "another writer was first".
const STALE: [&str; 2] =
    ["rollbook: the row does not continue the head", "rollbook: the ledger has a head already"];

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

pub(super) fn store(error: &Error) -> StoreError {
    let (code, message) = code(error);
    match code {
        TRIGGER if message.starts_with("rollbook:") => StoreError::Guard(message),
        code if is_busy(code) => StoreError::Unavailable(message),
        code if code & 0xff == IOERR => StoreError::InDoubt(message),
        _ => StoreError::Refused(message),
    }
}

/// A failure before the commit: nothing is written.
pub(super) fn append(error: &Error) -> AppendError {
    let (code, message) = code(error);
    match code {
        TRIGGER if STALE.contains(&message.as_str()) => AppendError::Conflict,
        TRIGGER => AppendError::Guard(message),
        code if is_busy(code) => AppendError::Conflict,
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

/// A failure of the commit itself: after an input or output error the batch may come back with the file.
pub(super) fn commit(error: &Error) -> AppendError {
    let (code, message) = code(error);
    if code & 0xff == IOERR { AppendError::InDoubt(message) } else { append(error) }
}

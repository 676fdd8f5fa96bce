//! PostgreSQL's error codes, sorted by what the caller must do.
//!
//! The text of a data error (classes 22 and 23) may quote the data, so of those only code and constraint are
//! kept.

use sqlx::Error;
use sqlx::error::DatabaseError;

use crate::store::{AppendError, StoreError};

/// What happened to an append.
pub(super) enum Failed {
    /// It has a verdict.
    With(AppendError),
    /// A command's key was there already; which one is not said.
    CommandKey,
}

/// A failure to get a connection: nothing was sent.
pub(super) fn connecting(error: &Error) -> StoreError {
    StoreError::Unavailable(text(error))
}

pub(super) fn store(error: &Error) -> StoreError {
    let Some(refusal) = error.as_database_error() else { return StoreError::InDoubt(text(error)) };
    match code(refusal).as_str() {
        "P0001" => StoreError::Guard(refusal.message().to_owned()),
        code if is_lost(code) => StoreError::InDoubt(describe(refusal)),
        "40001" | "40P01" | "55P03" => StoreError::Unavailable(describe(refusal)),
        _ => StoreError::Refused(describe(refusal)),
    }
}

pub(super) fn append(error: &Error) -> Failed {
    let Some(refusal) = error.as_database_error() else {
        return Failed::With(AppendError::InDoubt(text(error)));
    };
    Failed::With(match (code(refusal).as_str(), refusal.constraint()) {
        ("23505", Some("commands_pkey")) => return Failed::CommandKey,
        ("23505", Some("events_pkey" | "heads_pkey")) | ("40001" | "40P01", _) => AppendError::Conflict,
        ("P0001", _) => AppendError::Guard(refusal.message().to_owned()),
        ("55P03", _) => AppendError::Unavailable(describe(refusal)),
        (code, _) if is_lost(code) => AppendError::InDoubt(describe(refusal)),
        _ => AppendError::Refused(describe(refusal)),
    })
}

/// The connection or server went away, or the statement was cancelled: whether in time is not known.
fn is_lost(code: &str) -> bool {
    code.starts_with("08") || code.starts_with("57")
}

fn code(refusal: &dyn DatabaseError) -> String {
    refusal.code().unwrap_or_default().into_owned()
}

fn describe(refusal: &dyn DatabaseError) -> String {
    let code = code(refusal);
    if code.starts_with("22") || code.starts_with("23") {
        return format!("code {code}, constraint {}", refusal.constraint().unwrap_or("none"));
    }
    format!("{} (code {code})", refusal.message())
}

fn text(error: &Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), describe)
}

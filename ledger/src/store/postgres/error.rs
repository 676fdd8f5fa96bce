//! PostgreSQL's error codes, sorted by what the caller must do.
//!
//! The text of a data error (classes 22 and 23) may quote the data, so of those only code and constraint are
//! kept.

use sqlx::Error;
use sqlx::error::DatabaseError;
use std::io::ErrorKind;

use crate::store::{AppendError, StoreError};

/// The role may not do it. It may once it is permitted, and nobody who asks for a change can do anything about it.
const NOT_PERMITTED: &str = "42501";

/// What happened to an append.
pub(super) enum Failed {
    /// It has a verdict.
    With(AppendError),
    /// A command's key was there already; which one is not said.
    CommandKey,
}

/// A failure to get a connection: nothing was sent.
pub(super) fn connecting(error: &Error) -> StoreError {
    let why = text(error);
    let kind = if let Error::Io(error) = error { Some(error.kind()) } else { None };
    StoreError::Unavailable(match (error, kind) {
        (Error::Tls(_), _) | (_, Some(ErrorKind::InvalidData)) => {
            format!("no TLS with the server: {why}; see `sslmode` and `sslrootcert` of the database url")
        }
        (_, Some(ErrorKind::NotFound)) => {
            format!("{why}; see the files that the database url names, such as `sslrootcert`")
        }
        _ => why,
    })
}

pub(super) fn store(error: &Error) -> StoreError {
    let Some(refusal) = error.as_database_error() else { return StoreError::InDoubt(text(error)) };
    match code(refusal).as_str() {
        "P0001" => StoreError::Guard(refusal.message().to_owned()),
        "40001" | "40P01" | "55P03" => StoreError::Unavailable(describe(refusal)),
        code if is_outage(code) => StoreError::Unavailable(describe(refusal)),
        NOT_PERMITTED => StoreError::Unavailable(permit(refusal)),
        code if is_lost(code) => StoreError::InDoubt(describe(refusal)),
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
        // Of a row whose head was moved by this very statement.
        ("23505", Some("event_subjects_pkey")) => AppendError::beyond("event_subjects"),
        ("23505", Some("personal_values_pkey")) => AppendError::beyond("personal_values"),
        ("P0001", _) => AppendError::Guard(refusal.message().to_owned()),
        ("55P03", _) => AppendError::Unavailable(describe(refusal)),
        (code, _) if is_outage(code) => AppendError::Unavailable(describe(refusal)),
        (NOT_PERMITTED, _) => AppendError::Unavailable(permit(refusal)),
        (code, _) if is_damage(code) => AppendError::Damaged(describe(refusal)),
        (code, _) if is_lost(code) => AppendError::InDoubt(describe(refusal)),
        _ => AppendError::Refused(describe(refusal)),
    })
}

/// The server refuses everybody for a while and has rolled back: it is read-only (25006), out of disk, memory or
/// connections (53), in trouble with its files (58), or starting or stopping (57P03). Or it ended a transaction that
/// rested (25P03) or took (25P04) too long.
fn is_outage(code: &str) -> bool {
    let is_named = matches!(code, "57P03" | "25P03" | "25P04");
    is_read_only(code) || is_named || code.starts_with("53") || code.starts_with("58")
}

/// A session keeps the setting that it began with: a new one may write again where an old one may not.
fn is_read_only(code: &str) -> bool {
    code == "25006"
}

/// Whether this connection, and those from before now, may be read-only for as long as they live.
pub(super) fn is_of_an_old_session(error: &Error) -> bool {
    error.as_database_error().is_some_and(|refusal| is_read_only(&code(refusal)))
}

/// What lies in a table or an index is not what was written there.
fn is_damage(code: &str) -> bool {
    matches!(code, "XX001" | "XX002")
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

fn permit(refusal: &dyn DatabaseError) -> String {
    let hint = "what the role of `serve` needs is granted by `rollbook migrate --serve-role ROLE`";
    format!("{}; {hint}", describe(refusal))
}

fn text(error: &Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), describe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::error::ErrorKind as Of;
    use std::borrow::Cow;
    use std::fmt;

    /// What PostgreSQL would have said.
    #[derive(Debug)]
    struct Said(&'static str, Option<&'static str>);

    impl fmt::Display for Said {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("said")
        }
    }

    impl std::error::Error for Said {}

    impl DatabaseError for Said {
        fn message(&self) -> &'static str {
            "said"
        }
        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }
        fn constraint(&self) -> Option<&str> {
            self.1
        }
        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }
        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }
        fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
            self
        }
        fn kind(&self) -> Of {
            Of::Other
        }
    }

    fn said(code: &'static str, constraint: Option<&'static str>) -> Error {
        Error::Database(Box::new(Said(code, constraint)))
    }

    /// The verdict's name; nothing for a taken command key.
    fn of_append(error: &Error) -> &'static str {
        match append(error) {
            Failed::CommandKey => "key",
            Failed::With(AppendError::Conflict) => "conflict",
            Failed::With(AppendError::Duplicate { .. }) => "duplicate",
            Failed::With(AppendError::Guard(_)) => "guard",
            Failed::With(AppendError::Damaged(_)) => "damaged",
            Failed::With(AppendError::Refused(_)) => "refused",
            Failed::With(AppendError::InDoubt(_)) => "in doubt",
            Failed::With(AppendError::Unavailable(_)) => "unavailable",
        }
    }

    fn of_store(error: &Error) -> &'static str {
        match store(error) {
            StoreError::Unavailable(_) => "unavailable",
            StoreError::InDoubt(_) => "in doubt",
            StoreError::Refused(_) => "refused",
            StoreError::Guard(_) => "guard",
            StoreError::Unreadable { .. } | StoreError::Unsuitable(_) => "no statement",
        }
    }

    #[test]
    fn each_code_says_whether_it_was_written_and_whether_to_try_again() {
        let table = [
            ("25006", None, "unavailable", "unavailable"), // read_only_sql_transaction
            ("53000", None, "unavailable", "unavailable"), // insufficient_resources
            ("53100", None, "unavailable", "unavailable"), // disk_full
            ("53200", None, "unavailable", "unavailable"), // out_of_memory
            ("53300", None, "unavailable", "unavailable"), // too_many_connections
            ("53400", None, "unavailable", "unavailable"), // configuration_limit_exceeded
            ("57P03", None, "unavailable", "unavailable"), // cannot_connect_now
            ("58030", None, "unavailable", "unavailable"), // io_error
            ("25P03", None, "unavailable", "unavailable"), // idle_in_transaction_session_timeout
            ("25P04", None, "unavailable", "unavailable"), // transaction_timeout
            ("55P03", None, "unavailable", "unavailable"), // lock_not_available
            ("57014", None, "in doubt", "in doubt"),       // query_canceled
            ("57P01", None, "in doubt", "in doubt"),       // admin_shutdown
            ("08006", None, "in doubt", "in doubt"),       // connection_failure
            ("40001", None, "conflict", "unavailable"),    // serialization_failure
            ("40P01", None, "conflict", "unavailable"),    // deadlock_detected
            ("23505", Some("events_pkey"), "conflict", "refused"),
            ("23505", Some("heads_pkey"), "conflict", "refused"),
            ("23505", Some("commands_pkey"), "key", "refused"),
            ("23505", Some("event_subjects_pkey"), "damaged", "refused"),
            ("23505", Some("personal_values_pkey"), "damaged", "refused"),
            ("23505", Some("sessions_pkey"), "refused", "refused"),
            ("42501", None, "unavailable", "unavailable"), // insufficient_privilege
            ("XX001", None, "damaged", "refused"),         // data_corrupted
            ("XX002", None, "damaged", "refused"),         // index_corrupted
            ("42P01", None, "refused", "refused"),         // undefined_table
            ("22021", None, "refused", "refused"),         // character_not_in_repertoire
            ("25001", None, "refused", "refused"), // active_sql_transaction: our mistake, not an outage
            ("P0001", None, "guard", "guard"),     // raise_exception
        ];
        for (code, constraint, on_append, elsewhere) in table {
            let error = said(code, constraint);
            assert_eq!(
                (of_append(&error), of_store(&error)),
                (on_append, elsewhere),
                "{code} {constraint:?}"
            );
        }
    }

    #[test]
    fn a_failure_to_get_a_connection_is_an_outage_whatever_the_server_said() {
        for error in [said("57P03", None), said("53300", None), Error::PoolTimedOut] {
            assert!(matches!(connecting(&error), StoreError::Unavailable(_)), "{error}");
        }
    }

    #[test]
    fn a_permission_that_is_missing_tells_the_operator_how_to_grant_it() {
        let StoreError::Unavailable(what) = store(&said("42501", None)) else { panic!("it is no outage") };
        let wanted = "said (code 42501); what the role of `serve` needs is granted by \
                      `rollbook migrate --serve-role ROLE`";
        assert_eq!(what, wanted);
    }

    #[test]
    fn only_a_read_only_session_makes_old_connections_useless() {
        assert!(is_of_an_old_session(&said("25006", None)));
        assert!(!is_of_an_old_session(&said("53100", None)));
        assert!(!is_of_an_old_session(&Error::PoolTimedOut));
    }
}

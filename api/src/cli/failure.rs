//! Why a command failed, and the exit code that says so.

use rollbook_domain::kernel::rejection::FieldError;
use rollbook_domain::organization::rejection::Rejection;
use rollbook_ledger::store::{ReadError, SchemaError, StoreError};
use rollbook_ledger::writer::{LoadError, WriteError};
use std::process::ExitCode;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something was found wrong (exit 1).
    #[error("{0}")]
    Found(String),
    /// Usage or configuration (exit 2).
    #[error("{0}")]
    Usage(String),
    /// Refused by a rule (exit 3).
    #[error("{0}")]
    Refused(String),
    /// The database or an address is not available (exit 4).
    #[error("{0}")]
    Unavailable(String),
}

impl Failure {
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Found(_) => 1,
            Self::Usage(_) => 2,
            Self::Refused(_) => 3,
            Self::Unavailable(_) => 4,
        })
    }
}

/// What the rules call a member of a request, and the flag that it came from.
const FLAGS: [(&str, &str); 5] = [
    ("/login", "--owner"),
    ("/name", "--owner-name"),
    ("/email", "--owner-email"),
    ("Rollbook-Reason", "--reason"),
    ("Rollbook-Ticket", "--ticket"),
];

fn fields(errors: &[FieldError]) -> String {
    let say = |error: &FieldError| {
        let flag = FLAGS.iter().find(|(pointer, _)| *pointer == error.pointer);
        format!("{}: {}", flag.map_or(error.pointer.as_str(), |(_, flag)| flag), error.detail)
    };
    errors.iter().map(say).collect::<Vec<_>>().join("; ")
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<SchemaError> for Failure {
    fn from(error: SchemaError) -> Self {
        match error {
            SchemaError::Store(error) => error.into(),
            SchemaError::Newer { .. } | SchemaError::RoleName | SchemaError::NoRoles => {
                Self::Usage(error.to_string())
            }
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => error.into(),
            ReadError::Gap { .. } | ReadError::Corrupt { .. } => Self::Found(error.to_string()),
        }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Absent => Self::Refused(error.to_string()),
            LoadError::Read(error) => error.into(),
            LoadError::Decode(_)
            | LoadError::Lost(_)
            | LoadError::Behind { .. }
            | LoadError::Forked { .. }
            | LoadError::Beyond { .. }
            | LoadError::Newer { .. } => Self::Found(error.to_string()),
        }
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Rejected(Rejection::Invalid(errors)) => Self::Refused(fields(&errors)),
            WriteError::Rejected(Rejection::ReasonRequired) => Self::Refused(
                "this organization demands a reason for this change; give it by --reason".to_owned(),
            ),
            WriteError::Rejected(_) | WriteError::KeyReused | WriteError::NotStorable(_) => {
                Self::Refused(error.to_string())
            }
            WriteError::Stopped(_) | WriteError::Panicked { .. } => Self::Found(error.to_string()),
            WriteError::Busy
            | WriteError::Moved
            | WriteError::Unavailable(_)
            | WriteError::ClockSkew { .. } => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<crate::error::Problem> for Failure {
    fn from(problem: crate::error::Problem) -> Self {
        if problem.status >= 500 { Self::Unavailable(problem.detail) } else { Self::Refused(problem.detail) }
    }
}

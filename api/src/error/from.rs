//! What the crates below say, as problems. The exhaustive matches make a new refusal choose its status here.

use super::Problem;
use axum::http::StatusCode;
use rollbook_domain::kernel::rejection::{Class, Refusal};
use rollbook_domain::object::rejection::ObjectRejection;
use rollbook_domain::organization::rejection::{Forbidden, Rejection};
use rollbook_ledger::store::{ReadError, StoreError};
use rollbook_ledger::writer::{LoadError, WriteError};
use serde_json::Value;

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let (code, detail) = (rejection.code(), rejection.to_string());
        let status = match rejection.class() {
            Class::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Class::Missing => StatusCode::NOT_FOUND,
            Class::Forbidden => StatusCode::FORBIDDEN,
            Class::Conflict => StatusCode::CONFLICT,
            Class::Precondition => StatusCode::PRECONDITION_FAILED,
        };
        let problem = Self::new(status, code, detail);
        match rejection {
            Rejection::Invalid(errors) => Self { errors, ..problem },
            Rejection::Forbidden(Forbidden::Permission { permission }) => {
                problem.with("permission", permission)
            }
            Rejection::Stale { actual, .. } => problem.with("position", actual),
            Rejection::Object(ObjectRejection::InUse { by }) => {
                let by: Vec<_> = by.iter().map(|subject| Value::from(subject.to_string())).collect();
                problem.with("used_by", by)
            }
            _ => problem,
        }
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        let detail = error.to_string();
        match error {
            WriteError::Rejected(rejection) => rejection.into(),
            WriteError::KeyReused => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail)
            }
            WriteError::Busy => Self::unavailable("busy", detail, 1),
            WriteError::Moved => Self::unavailable("moved", detail, 1),
            WriteError::Unavailable(_) => logged("unavailable", &detail, 2),
            WriteError::ClockSkew { .. } => logged("clock_skew", &detail, 30),
            WriteError::Stopped(_) => logged("not_served", &detail, 30),
            WriteError::Panicked { incident } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
                    .with("incident", incident.to_string())
            }
            WriteError::NotStorable(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not_storable", detail),
        }
    }
}

/// The operator reads the cause in the log; the caller only needs to know that it is not their fault.
pub(super) fn logged(code: &str, cause: &str, retry_after: u32) -> Problem {
    tracing::error!(%cause, code, "the organization is not available");
    Problem::unavailable(code, "this cannot be answered just now; try again shortly", retry_after)
}

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Absent => Self::not_found("organization"),
            LoadError::Read(error) => error.into(),
            LoadError::Decode(error) => logged("not_served", &error.to_string(), 30),
            LoadError::Lost(_)
            | LoadError::Behind { .. }
            | LoadError::Forked { .. }
            | LoadError::Beyond { .. }
            | LoadError::Newer { .. } => logged("not_served", &error.to_string(), 30),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => error.into(),
            ReadError::Gap { .. } | ReadError::Corrupt { .. } => logged("not_served", &error.to_string(), 30),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        logged("unavailable", &error.to_string(), 2)
    }
}

//! What the readers of the past and of what is derived say, as problems.

use super::Problem;
use super::from::logged;
use axum::http::StatusCode;
use rollbook_domain::kernel::rejection::FieldError;
use rollbook_projections::ProjectionError;
use rollbook_projections::follower::NotCaughtUp;
use rollbook_replay::as_of::AsOfError;
use rollbook_replay::history::HistoryError;
use rollbook_replay::rollback::{ApplyError, PlanError};
use serde_json::json;

impl Problem {
    /// 422 `at_in_future`, at the parameter or member that said so.
    #[must_use]
    pub fn at_in_future(pointer: &str) -> Self {
        let detail = "that position or time has not come yet";
        let errors = vec![FieldError::new(pointer, "at_in_future", detail)];
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "at_in_future", detail) }
    }

    /// What went wrong with `at`, or with another name for it.
    #[must_use]
    pub fn as_of(pointer: &str, error: AsOfError) -> Self {
        match error {
            AsOfError::AtInFuture => Self::at_in_future(pointer),
            AsOfError::NotThere => {
                let detail = "there was no such thing then, or you may not see it";
                Self::new(StatusCode::NOT_FOUND, "not_found", detail)
            }
            AsOfError::Load(error) => error.into(),
        }
    }
}

impl From<AsOfError> for Problem {
    fn from(error: AsOfError) -> Self {
        Self::as_of("at", error)
    }
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::NotThere => Self::not_found("entity"),
            HistoryError::Load(error) => error.into(),
        }
    }
}

impl From<PlanError> for Problem {
    fn from(error: PlanError) -> Self {
        let detail = error.to_string();
        match error {
            PlanError::NotThere => Self::new(StatusCode::NOT_FOUND, "not_found", detail),
            PlanError::NoSuchVersion => Self::field("/select/to/version", "no_such_version", &detail),
            PlanError::AtInFuture => Self::at_in_future("/select/to"),
            PlanError::Ambiguous => Self::field("/select/batch", "ambiguous", &detail),
            PlanError::TooLarge { .. } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "too_large", detail),
            PlanError::Rejected(rejection) => rejection.into(),
            PlanError::Load(error) => error.into(),
        }
    }
}

impl From<ApplyError> for Problem {
    fn from(error: ApplyError) -> Self {
        let detail = error.to_string();
        match error {
            ApplyError::Plan(error) => error.into(),
            ApplyError::Stale(plan) => {
                Self::new(StatusCode::CONFLICT, "stale_plan", detail).with("plan", json!(plan))
            }
            ApplyError::Unresolved(plan) => {
                Self::new(StatusCode::CONFLICT, "unresolved", detail).with("plan", json!(plan))
            }
            ApplyError::Write(error) => error.into(),
        }
    }
}

impl From<ProjectionError> for Problem {
    fn from(error: ProjectionError) -> Self {
        match error {
            ProjectionError::Filter { field: "cursor", detail } => {
                Self::field("cursor", "not_a_cursor", detail)
            }
            ProjectionError::Filter { field, detail } => Self::field(field, "not_acceptable", detail),
            ProjectionError::Store(error) => error.into(),
            ProjectionError::Read(error) => error.into(),
            other => logged("not_served", &other.to_string(), 30),
        }
    }
}

impl From<NotCaughtUp> for Problem {
    fn from(error: NotCaughtUp) -> Self {
        match error {
            NotCaughtUp::Late { wanted, .. } => {
                let detail = format!("position {wanted} is not in the activity log yet; try again");
                Self::unavailable("not_yet", detail, 1)
            }
            NotCaughtUp::Stopped(why) => logged("not_served", &why, 30),
        }
    }
}

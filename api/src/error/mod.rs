//! Every failure as RFC 9457 problem details: one message for the caller, one for the log.
//!
//! A problem names fields by JSON pointer and never repeats a value. Codes are stable and tabled in
//! `docs/API.md`. What the rules refuse is said by the domain; this module only gives it a status.

mod from;
mod past;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rollbook_domain::kernel::rejection::FieldError;
use rollbook_domain::organization::rejection::Rejection;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// The body of every answer that is not a success (RFC 9457, `application/problem+json`).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// A name for this kind of problem: `urn:rollbook:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable, snake case.
    pub code: String,
    /// The status in words.
    pub title: String,
    /// What is wrong and what to do, for a person.
    pub detail: String,
    /// What is wrong with single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<FieldProblem>)]
    pub errors: Vec<FieldError>,
    /// More, by code: the missing `permission`, the new `plan`, the `incident`.
    #[serde(flatten)]
    #[schema(ignore)]
    pub more: Map<String, Value>,
    /// Seconds after which a retry may succeed, sent as `Retry-After`.
    #[serde(skip)]
    pub retry_after: Option<u32>,
}

/// What is wrong with one field.
#[derive(Serialize, ToSchema)]
pub struct FieldProblem {
    /// RFC 6901 JSON pointer into the body, or the name of a header or parameter.
    pub pointer: String,
    /// Stable, snake case.
    pub code: String,
    /// For a person; never repeats the value.
    pub detail: String,
}

impl Problem {
    /// A problem of this status and code.
    #[must_use]
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:rollbook:problem:{code}"),
            status: status.as_u16(),
            code: code.to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            detail: detail.into(),
            errors: Vec::new(),
            more: Map::new(),
            retry_after: None,
        }
    }

    /// 401: no valid credentials. The same for every reason, so that nothing can be found out.
    #[must_use]
    pub fn unauthenticated() -> Self {
        let detail = "sign in, or send a valid session token or API key as `Authorization: Bearer …`";
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    /// 403 naming the missing permission.
    #[must_use]
    pub fn permission_missing(permission: &str) -> Self {
        let detail = format!("you need the permission `{permission}` over this");
        Self::new(StatusCode::FORBIDDEN, "permission_missing", detail).with("permission", permission)
    }

    /// 403: the address is not one of those from which people are let in.
    #[must_use]
    pub fn address_not_allowed() -> Self {
        let detail = "this organization lets nobody in from your network address; come from one that is allowed, or \
                      ask an administrator to add yours to `addresses_allowed`";
        Self::new(StatusCode::FORBIDDEN, "address_not_allowed", detail)
    }

    /// 403: the password has expired, and what to do.
    #[must_use]
    pub fn password_expired() -> Self {
        let detail = "your password has expired; set a new one with your old one at PUT /api/v1/users/{id}/password, \
                      or ask an administrator for one";
        Self::new(StatusCode::FORBIDDEN, "password_expired", detail)
    }

    /// 403: a second factor is demanded, and how to set one up.
    #[must_use]
    pub fn two_factor_required() -> Self {
        let detail = "the organization demands two-factor sign-in; set it up at POST /api/v1/users/{id}/two-factor and \
                      confirm it with a code";
        Self::new(StatusCode::FORBIDDEN, "two_factor_required", detail)
    }

    /// 404: absent, or not to be known.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no such {what}, or you may not see it"),
        )
    }

    /// 422 for single fields.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Rejection::Invalid(errors).into()
    }

    /// 422 for one field.
    #[must_use]
    pub fn field(pointer: &str, code: &str, detail: &str) -> Self {
        Self::invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// 500 with an incident id that is in the log beside the cause.
    #[must_use]
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        let incident = incident();
        tracing::error!(%incident, %cause, "a request failed inside Rollbook");
        let detail = format!("an error inside Rollbook; tell your operator the incident {incident}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
            .with("incident", incident.to_string())
    }

    /// 503 with `Retry-After`.
    #[must_use]
    pub fn unavailable(code: &str, detail: impl Into<String>, retry_after: u32) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }
}

fn incident() -> Uuid {
    let mut bytes = [0; 16];
    // Without randomness the incident is still in the log, under the nil id.
    let _without = getrandom::fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"rollbook\""));
        }
        response
    }
}

//! Reporting statuses: durable before it is answered, once however often it is retried under its key.

use crate::app::App;
use crate::error::Problem;
use crate::extract::{Body, Caller, Meta};
use crate::routes::refer::{self, Names};
use crate::routes::retry;
use crate::routes::shown::Shown;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rollbook_domain::kernel::context::Context;
use rollbook_domain::kernel::id::{Kind, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::Targets;
use rollbook_domain::user::state::{Status, User};
use rollbook_ledger::activity::{Act, ActivityOutcome, STATUS_REPORTED};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Most reports of one request.
const REPORTS_MAX: usize = 500;
/// Longest status, in characters.
const STATUS_CHARS_MAX: usize = 32;
const REPORT: &str = "status_log.report";

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(report))
}

/// Users' changes of status.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReportsBody {
    /// 1 to 500 of them, in any order.
    reports: Vec<ReportBody>,
}

/// That a user is in a status from some time on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReportBody {
    /// User id or login.
    user: String,
    /// The telephone system's code for it: 1 to 32 lower-case letters a to z, digits, `_` and `-`.
    status: String,
    /// From when on, RFC 3339, not before the user was added and not in the future; now if not said.
    at: Option<String>,
}

/// Report users' changes of status, all or none; late ones too. Kept in the activity ledger: nothing of the organization
/// changes.
#[utoipa::path(
    post, path = "/status-log", tag = "status log", request_body = ReportsBody,
    responses(
        (status = 201, description = "`{\"recorded\"}`: how many; they are durable", body = Object),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem),
        (status = 503, description = "`unavailable`: it could not be recorded", body = Problem),
    ),
    extensions(("x-permission" = json!("status_log.report"))),
)]
async fn report(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    body: Body<ReportsBody>,
) -> Result<Response, Problem> {
    meta.matches_nothing()?;
    let now = caller.organization();
    caller.need(&app, &now, REPORT, &Targets::default())?;
    let reports = &body.value.reports;
    if reports.is_empty() || reports.len() > REPORTS_MAX {
        return Err(Problem::field("/reports", "out_of_range", "holds 1 to 500 reports"));
    }
    let (names, context) = (Names::of(&caller, &now)?, caller.context(&app, &meta)?);
    let read = reports.iter().enumerate().map(|(place, report)| {
        let at = format!("/reports/{place}");
        let (user, detail) = report.read(&names, &at, context.at)?;
        caller.need(&app, &now, REPORT, &Targets::of(user.subject()))?;
        Ok(act(&caller, &now, &context, user, detail))
    });
    let acts: Vec<Act> = read.collect::<Result<_, Problem>>()?;
    if meta.dry_run {
        return Ok(Json(json!({ "events": [], "affected": { "count": 0, "users": [] } })).into_response());
    }
    let key = retry::idempotency(&caller, &meta, &Shown::Reports(acts.len()));
    match caller.open.activity.record_together(&acts, key.as_ref()).await? {
        Some(_) => {
            metrics::counter!("rollbook_statuses_reported_total").increment(acts.len() as u64);
            Ok(recorded(acts.len(), false))
        }
        None => retry::of_another(&app, &caller, &meta).await,
    }
}

/// The answer, and that of a retry.
pub(in crate::routes) fn recorded(count: usize, replayed: bool) -> Response {
    let mut response = (StatusCode::CREATED, Json(json!({ "recorded": count }))).into_response();
    if replayed {
        response.headers_mut().insert("rollbook-replayed", HeaderValue::from_static("true"));
    }
    response
}

impl ReportBody {
    /// Whom it is about, and what is recorded of it.
    fn read(
        &self,
        names: &Names<'_>,
        at: &str,
        now: Moment,
    ) -> Result<(UserId, BTreeMap<String, String>), Problem> {
        let pointer = |member: &str| format!("{at}/{member}");
        let user = UserId(refer::find(names, Kind::User, &pointer("user"), &self.user)?);
        let archived = |user: &User| user.status.value == Status::Archived;
        if names.organization.user(user).is_some_and(archived) {
            return Err(Problem::field(&pointer("user"), "no_such_user", "this user is archived"));
        }
        if !is_code(&self.status) {
            let detail = "is a code of 1 to 32 lower-case letters a to z, digits, `_` and `-`";
            return Err(Problem::field(&pointer("status"), "not_acceptable", detail));
        }
        let since = match &self.at {
            None => now,
            Some(text) => text
                .parse::<Moment>()
                .map_err(|error| Problem::field(&pointer("at"), "not_acceptable", &error.to_string()))?,
        };
        if since > now {
            return Err(Problem::field(
                &pointer("at"),
                "at_in_future",
                "has not come yet by the server's clock",
            ));
        }
        if names.organization.user(user).is_some_and(|user| since < user.record.created.at) {
            let detail = "is before the user was added";
            return Err(Problem::field(&pointer("at"), "out_of_range", detail));
        }
        Ok((
            user,
            [("status".to_owned(), self.status.clone()), ("since".to_owned(), since.to_string())].into(),
        ))
    }
}

/// A status lies in the ledger in clear and for ever: it is a code, in which nothing can be said of anybody.
fn is_code(status: &str) -> bool {
    let takes = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'_' | b'-');
    (1..=STATUS_CHARS_MAX).contains(&status.len()) && status.bytes().all(takes)
}

fn act(
    caller: &Caller,
    now: &Organization,
    context: &Context,
    user: UserId,
    detail: BTreeMap<String, String>,
) -> Act {
    Act {
        context: context.clone(),
        actor_role: now.user(caller.user).and_then(|me| now.role_of(me)).map(|role| role.name.clone()),
        action: STATUS_REPORTED,
        outcome: ActivityOutcome::Ok,
        subject: Some(user.subject()),
        judged_at: now.position,
        detail,
    }
}

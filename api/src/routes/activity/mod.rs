//! The activity log: who did what, when, from where and why; filtered, in pages, or taken away.

pub(super) mod csv;
mod export;
mod filter;
mod live;

use crate::app::{self, App, MIN_POSITION_WAIT};
use crate::error::Problem;
use crate::extract::{Caller, MinPosition, Params};
use axum::Json;
use axum::extract::State;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::Targets;
use rollbook_projections::activity_log::{ActivityLog, Paging, Row};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(activity)).merge(export::router()).merge(live::router())
}

/// A page of the activity log.
#[derive(Serialize, ToSchema)]
struct ActivityPage {
    /// Newest first, by time, ledger and position.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Row>,
    /// The cursor of the next page; null if there is none.
    next: Option<String>,
    /// With `count=true`: how many rows match, counted up to 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    /// With `count=true`: whether there are more than that.
    #[serde(skip_serializing_if = "Option::is_none")]
    count_capped: Option<bool>,
}

/// Who did what: changes, sign-ins, failures, denials, audited reads and exports, newest first. Every filter that
/// is given must hold. An audited read.
#[utoipa::path(
    get, path = "/activity", tag = "activity",
    params(
        filter::Span,
        filter::Filters,
        ("count" = Option<bool>, Query, description = "Whether to count what matches"),
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of rows", body = ActivityPage),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem),
        (status = 503, description = "`not_yet`", body = Problem),
    ),
    extensions(("x-permission" = json!("audit.view"))),
)]
async fn activity(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    mut params: Params,
) -> Result<Json<ActivityPage>, Problem> {
    let now = app::at_least(&caller.open, min.0).await?;
    caller.need(&app, &now, "audit.view", &Targets::default())?;
    let limit = params.limit()?;
    let cursor = params.take("cursor");
    let count = match params.take("count").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::field("count", "unknown_word", "is `true` or `false`")),
    };
    let filter = filter::take_with_span(&mut params, &now)?;
    params.done()?;
    let log = log(&app, &caller, &now, min).await?;
    let page = log.page(&filter, &Paging { limit, cursor, count }).await?;
    caller.reads(&app, &now, "activity", None);
    Ok(Json(ActivityPage {
        items: page.items,
        next: page.next,
        count: page.count.map(|count| count.rows),
        count_capped: page.count.map(|count| count.more),
    }))
}

/// The caller's activity log, which has seen `min`.
async fn log(
    app: &App,
    caller: &Caller,
    now: &Organization,
    min: MinPosition,
) -> Result<ActivityLog, Problem> {
    if let Some(position) = min.0 {
        app.follower(&caller.open).caught_up(position, MIN_POSITION_WAIT).await?;
    }
    Ok(ActivityLog::open(app.deployment().store().clone(), now.id).await?)
}

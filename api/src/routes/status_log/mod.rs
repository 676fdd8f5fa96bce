//! When users were in which status (Voximplant Kit's user status log): reported by the telephone system, kept in the
//! activity ledger, since it changes nothing of the organization.

mod export;
mod report;

pub(super) use report::recorded;

use super::list::{self, Page};
use super::refer::Names;
use crate::app::{App, MIN_POSITION_WAIT};
use crate::error::Problem;
use crate::extract::{Caller, Params};
use crate::view::Eyes;
use axum::Json;
use axum::extract::State;
use rollbook_domain::kernel::id::{Kind, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::cover;
use rollbook_domain::permission::facts::Targets;
use rollbook_ledger::activity;
use rollbook_projections::activity_log::{ActivityLog, Row, Statuses};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

const VIEW: &str = "status_log.view";

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(status_log)).merge(report::router()).merge(export::router())
}

/// A status that a user was in from some time on.
#[derive(Serialize, ToSchema)]
struct StatusView {
    /// Whose.
    user: WhoseView,
    /// The telephone system's code for it.
    status: String,
    /// From when on.
    at: String,
    /// When it was reported.
    reported_at: String,
    /// The position of the report in the activity ledger.
    position: u64,
}

/// A user as the log names them.
#[derive(Serialize, ToSchema)]
struct WhoseView {
    /// Their id.
    id: Uuid,
    /// Their login then; null if you may not see them.
    login: Option<String>,
}

impl StatusView {
    /// As `eyes` may see it; none of a row that reports no status.
    fn of(row: Row, eyes: Eyes<'_>) -> Option<Self> {
        let (status, subject) = (row.status?, row.subject?);
        let is_seen = eyes.see(UserId(subject.id).subject());
        Some(Self {
            user: WhoseView { id: subject.id, login: subject.label.filter(|_| is_seen) },
            status: status.word,
            at: status.since.to_string(),
            reported_at: row.at.to_string(),
            position: row.position,
        })
    }
}

/// When users were in which status, those that began last first, however late they were reported. Of the users over whom
/// the permission reaches now. An audited read.
#[utoipa::path(
    get, path = "/status-log", tag = "status log",
    params(
        ("from" = Option<String>, Query, description = "Statuses that began at this RFC 3339 time or later"),
        ("until" = Option<String>, Query, description = "Statuses that began before this RFC 3339 time"),
        ("user" = Option<String>, Query, description = "A user's id or login"),
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of the log", body = Page<StatusView>),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem),
        (status = 503, description = "`not_yet`", body = Problem),
    ),
    extensions(("x-permission" = json!("status_log.view"))),
)]
async fn status_log(
    State(app): State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Json<Page<StatusView>>, Problem> {
    let now = caller.organization();
    caller.need(&app, &now, VIEW, &Targets::default())?;
    let limit = params.limit()?;
    let after = list::after(params.take("cursor"))?.map(|text| place(&text)).transpose()?;
    let wanted = Statuses { after, ..wanted(&caller, &now, &mut params)? };
    params.done()?;
    let rows = log(&app, &caller).await?.statuses(&wanted, limit + 1).await?;
    caller.reads(&app, &now, "status log", None);
    let eyes = caller.eyes(&now);
    let shown = rows.into_iter().filter_map(|row| StatusView::of(row, eyes));
    Ok(Json(list::page(shown, limit, |row| format!("{} {}", row.at, row.position), |row| row)))
}

/// Where a page ended: `<time> <position>`.
fn place(text: &str) -> Result<(Moment, u64), Problem> {
    let read =
        text.split_once(' ').and_then(|(at, position)| Some((at.parse().ok()?, position.parse().ok()?)));
    read.ok_or_else(list::not_a_cursor)
}

/// The period and the users that are asked for, as far as the caller's permission reaches.
fn wanted(caller: &Caller, now: &Organization, params: &mut Params) -> Result<Statuses, Problem> {
    let (from, until) = (params.take_as("from")?, params.take_as("until")?);
    let over = |id: UserId| caller.may(now, VIEW, &Targets::of(id.subject()));
    let users = match params.take("user") {
        Some(text) => {
            let found = Names::of(caller, now)?.find(Kind::User, &text).filter(|id| over(UserId(*id)));
            let missing = || Problem::field("user", "not_found", "there is nobody of this name");
            Some(vec![found.ok_or_else(missing)?])
        }
        None if cover::reaches_all(now, caller.me(now)?, VIEW) => None,
        None => Some(now.users.keys().copied().filter(|id| over(*id)).map(UserId::uuid).collect()),
    };
    Ok(Statuses { from, until, users, after: None })
}

/// The caller's activity log once it has whatever was reported until now.
async fn log(app: &App, caller: &Caller) -> Result<ActivityLog, Problem> {
    let (store, id) = (app.deployment().store(), caller.open.writer.id());
    let head = store.head(&activity::ledger_of(id)).await?;
    let position = head.map_or(0, |head| head.position);
    app.follower(&caller.open).acts_caught_up(position, MIN_POSITION_WAIT).await?;
    Ok(ActivityLog::open(store.clone(), id).await?)
}

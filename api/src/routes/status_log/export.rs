//! The status log as CSV: all that was asked for, streamed. That it was exported is durable before the first byte leaves.

use super::{StatusView, VIEW, log, wanted};
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Caller, Meta, Params};
use crate::routes::activity::csv::push_cell;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::Targets;
use rollbook_ledger::activity::{Act, ActivityOutcome, EXPORTED};
use rollbook_projections::ProjectionError;
use rollbook_projections::activity_log::{ActivityLog, Row, Statuses};
use std::collections::BTreeMap;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Rows that are read at a time.
const ROWS: u32 = 1_000;
const HEADER: &str = "at,user_id,user_login,status,reported_at,position\r\n";

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(export_status_log))
}

/// The status log as CSV, those that began last first. The export itself is recorded first.
#[utoipa::path(
    get, path = "/status-log/export", tag = "status log",
    params(
        ("from" = Option<String>, Query, description = "Statuses that began at this RFC 3339 time or later"),
        ("until" = Option<String>, Query, description = "Statuses that began before this RFC 3339 time"),
        ("user" = Option<String>, Query, description = "A user's id or login"),
    ),
    responses(
        (status = 200, description = "The file", content_type = "text/csv"),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem),
        (status = 503, description = "`not_yet`, or it could not be recorded", body = Problem),
    ),
    extensions(("x-permission" = json!("status_log.view"))),
)]
async fn export_status_log(
    State(app): State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Response, Problem> {
    let now = caller.organization();
    caller.need(&app, &now, VIEW, &Targets::default())?;
    let wanted = wanted(&caller, &now, &mut params)?;
    params.done()?;
    let log = log(&app, &caller).await?;
    let first = log.statuses(&wanted, ROWS).await?;
    caller.open.activity.record(exported(&app, &caller, &now)?).await?;
    let disposition = "attachment; filename=\"rollbook-status-log.csv\"";
    let kind = "text/csv; charset=utf-8; header=present";
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, body(log, wanted, first, (caller, now))).into_response())
}

fn exported(app: &App, caller: &Caller, now: &Organization) -> Result<Act, Problem> {
    Ok(Act {
        context: caller.context(app, &Meta::default())?,
        actor_role: now.user(caller.user).and_then(|me| now.role_of(me)).map(|role| role.name.clone()),
        action: EXPORTED,
        outcome: ActivityOutcome::Ok,
        subject: None,
        judged_at: now.position,
        detail: BTreeMap::from([("what".to_owned(), "the status log as CSV".to_owned())]),
    })
}

/// Page by page, as the caller may see it when it begins; if the database fails on the way the connection is broken off, so that half a file is not taken for whole.
fn body(log: ActivityLog, wanted: Statuses, first: Vec<Row>, (caller, now): (Caller, Organization)) -> Body {
    let start = Some((log, wanted, Ok(first), HEADER.to_owned()));
    Body::from_stream(stream::unfold(start, move |state| {
        let (caller, now) = (caller.clone(), now.clone());
        async move {
            let (log, mut wanted, page, mut text): (_, _, Result<Vec<Row>, ProjectionError>, _) = state?;
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(%error, "an export was broken off");
                    return Some((Err(error), None));
                }
            };
            wanted.after = page.last().and_then(after).filter(|_| page.len() == ROWS as usize);
            let eyes = caller.eyes(&now);
            let rows = page.into_iter().filter_map(|row| StatusView::of(row, eyes));
            rows.for_each(|row| push(&mut text, &row));
            let next = match wanted.after {
                Some(_) => {
                    let page = log.statuses(&wanted, ROWS).await;
                    Some((log, wanted, page, String::new()))
                }
                None => None,
            };
            Some((Ok(Bytes::from(text)), next))
        }
    }))
}

fn after(row: &Row) -> Option<(Moment, u64)> {
    row.status.as_ref().map(|status| (status.since, row.position))
}

fn push(csv: &mut String, row: &StatusView) {
    let (id, position) = (row.user.id.to_string(), row.position.to_string());
    let login = row.user.login.clone().unwrap_or_default();
    let cells = [&row.at, &id, &login, &row.status, &row.reported_at, &position];
    for (nth, cell) in cells.into_iter().enumerate() {
        if nth > 0 {
            csv.push(',');
        }
        push_cell(csv, cell);
    }
    csv.push_str("\r\n");
}

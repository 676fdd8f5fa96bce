//! The activity log as a file: all that matches, streamed, with no cap on its rows.
//!
//! That it was exported is durable before the first byte leaves. If the database fails on the way the connection is
//! broken off, so that half a file is never taken for a whole one.

use super::sheet::Book;
use super::{csv, filter, log};
use crate::app::{self, App};
use crate::error::Problem;
use crate::extract::{Caller, MinPosition, Params};
use crate::routes::past;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::Targets;
use rollbook_ledger::activity::Act;
use rollbook_projections::ProjectionError;
use rollbook_projections::activity_log::{Everything, Filter, Row};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(export_activity))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    Ndjson,
    Xlsx,
}

/// Exactly what was filtered, newest first, as a file. Cells that a spreadsheet would take for a formula begin with
/// `'` in CSV, and are texts in XLSX. The export itself is recorded first.
#[utoipa::path(
    get, path = "/activity/export", tag = "activity",
    params(
        ("format" = String, Query, description = "`csv`, `ndjson`, or `xlsx` with at most 100,000 rows"),
        filter::Span,
        filter::Filters,
    ),
    responses(
        (status = 200, description = "The file", content_type = "text/csv"),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 422, description = "`invalid`, `too_large`", body = Problem),
        (status = 503, description = "`not_yet`, or it could not be recorded", body = Problem),
    ),
    extensions(("x-permission" = json!("audit.export"))),
)]
async fn export_activity(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    mut params: Params,
) -> Result<Response, Problem> {
    let now = app::at_least(&caller.open, min.0).await?;
    caller.need(&app, &now, "audit.export", &Targets::default())?;
    let format = match params.take("format").as_deref() {
        Some("csv") => Format::Csv,
        Some("ndjson") => Format::Ndjson,
        Some("xlsx") => Format::Xlsx,
        Some(_) => return Err(Problem::field("format", "unknown_word", "is `csv`, `ndjson` or `xlsx`")),
        None => return Err(Problem::field("format", "required", "is `csv`, `ndjson` or `xlsx`")),
    };
    let filter = filter::take_with_span(&mut params, &now)?;
    params.done()?;
    let log = log(&app, &caller, &now, min).await?;
    // Read before it is recorded, so that a filter that cannot be asked is refused and leaves no export.
    let mut rows = log.everything(filter.clone());
    let first = rows.next().await?;
    if format == Format::Xlsx {
        let file = workbook(rows, first).await?;
        caller.open.activity.record(exported(&app, &caller, &now, format, &filter)?).await?;
        return Ok(file);
    }
    caller.open.activity.record(exported(&app, &caller, &now, format, &filter)?).await?;
    Ok(answer(format, rows, first))
}

fn exported(
    app: &App,
    caller: &Caller,
    now: &Organization,
    format: Format,
    filter: &Filter,
) -> Result<Act, Problem> {
    let what = match format {
        Format::Csv => "the activity log as CSV",
        Format::Ndjson => "the activity log as NDJSON",
        Format::Xlsx => "the activity log as XLSX",
    };
    caller.exported(app, now, what, filters(filter))
}

/// Which filters were given, and the values of those that can hold nothing personal.
fn filters(filter: &Filter) -> String {
    let Filter { from, until, actor, role, action, subject, outcome, ticket, channel, ip, batch, text } =
        filter;
    let plain = [
        from.map(|from| format!("from={from}")),
        until.map(|until| format!("until={until}")),
        outcome.map(|outcome| format!("outcome={}", outcome.word())),
        batch.map(|batch| format!("batch={batch}")),
    ];
    let named = [
        ("actor", actor.is_some()),
        ("role", role.is_some()),
        ("action", action.is_some()),
        ("subject", subject.is_some()),
        ("ticket", ticket.is_some()),
        ("channel", channel.is_some()),
        ("ip", ip.is_some()),
        ("text", text.is_some()),
    ];
    let named = named.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned());
    plain.into_iter().flatten().chain(named).collect::<Vec<_>>().join(" ")
}

async fn workbook(mut rows: Everything, first: Option<Vec<Row>>) -> Result<Response, Problem> {
    let mut book = Book::new()?;
    let mut page = first;
    while let Some(rows_of_page) = page {
        rows_of_page.iter().try_for_each(|row| book.push(row))?;
        page = rows.next().await?;
    }
    let bytes = past::aside(move || book.bytes()).await??;
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let disposition = "attachment; filename=\"rollbook-activity.xlsx\"";
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], bytes).into_response())
}

fn answer(format: Format, rows: Everything, first: Option<Vec<Row>>) -> Response {
    let head = match format {
        Format::Csv => csv::HEADER.to_owned(),
        Format::Ndjson | Format::Xlsx => String::new(),
    };
    let body = Body::from_stream(stream::unfold(Some((rows, first, head)), move |state| async move {
        let (mut rows, page, mut text) = state?;
        let Some(page) = page else {
            return (!text.is_empty()).then(|| (Ok(Bytes::from(text)), None));
        };
        page.iter().for_each(|row| push(format, &mut text, row));
        match rows.next().await {
            Ok(None) => Some((Ok(Bytes::from(text)), None)),
            Ok(next) => Some((Ok(Bytes::from(text)), Some((rows, next, String::new())))),
            Err(error) => Some((Err(broken(error)), None)),
        }
    }));
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8; header=present", "rollbook-activity.csv"),
        Format::Ndjson | Format::Xlsx => ("application/x-ndjson", "rollbook-activity.ndjson"),
    };
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], body)
        .into_response()
}

fn push(format: Format, text: &mut String, row: &Row) {
    match format {
        Format::Csv => csv::push(text, row),
        Format::Ndjson | Format::Xlsx => {
            // Rows are texts, numbers and lists, which always serialize.
            text.push_str(&serde_json::to_string(row).unwrap_or_default());
            text.push('\n');
        }
    }
}

/// The status is out already: all that is left is to break off, and to say why in the log.
fn broken(error: ProjectionError) -> ProjectionError {
    tracing::error!(%error, "an export was broken off");
    error
}

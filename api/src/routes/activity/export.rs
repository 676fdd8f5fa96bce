//! The activity log as a file: all that matches, streamed, with no cap on its rows.
//!
//! That it was exported is durable before the first byte leaves. If the database fails on the way the connection is
//! broken off, so that half a file is never taken for a whole one.

use super::{csv, filter, log};
use crate::app::{self, App};
use crate::error::Problem;
use crate::extract::{Caller, Meta, MinPosition, Params};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::Targets;
use rollbook_ledger::activity::{Act, ActivityOutcome, EXPORTED};
use rollbook_projections::ProjectionError;
use rollbook_projections::activity_log::{Everything, Filter, Row};
use std::collections::BTreeMap;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(export_activity))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    Ndjson,
}

/// Exactly what was filtered, newest first, as a file. Cells that a spreadsheet would take for a formula begin with
/// `'` in CSV. The export itself is recorded first.
#[utoipa::path(
    get, path = "/activity/export", tag = "activity",
    params(
        ("format" = String, Query, description = "`csv` or `ndjson`"),
        filter::Span,
        filter::Filters,
    ),
    responses(
        (status = 200, description = "The file", content_type = "text/csv"),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem),
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
        Some(_) => return Err(Problem::field("format", "unknown_word", "is `csv` or `ndjson`")),
        None => return Err(Problem::field("format", "required", "is `csv` or `ndjson`")),
    };
    let filter = filter::take_with_span(&mut params, &now)?;
    params.done()?;
    let log = log(&app, &caller, &now, min).await?;
    // Read before it is recorded, so that a filter that cannot be asked is refused and leaves no export.
    let mut rows = log.everything(filter.clone());
    let first = rows.next().await?;
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
    };
    let mut detail = BTreeMap::from([("what".to_owned(), what.to_owned())]);
    let filters = filters(filter);
    if !filters.is_empty() {
        detail.insert("filters".to_owned(), filters);
    }
    Ok(Act {
        context: caller.context(app, &Meta::default())?,
        actor_role: now.user(caller.user).and_then(|me| now.role_of(me)).map(|role| role.name.clone()),
        action: EXPORTED,
        outcome: ActivityOutcome::Ok,
        subject: None,
        judged_at: now.position,
        detail,
    })
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

fn answer(format: Format, rows: Everything, first: Option<Vec<Row>>) -> Response {
    let head = match format {
        Format::Csv => csv::HEADER.to_owned(),
        Format::Ndjson => String::new(),
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
        Format::Ndjson => ("application/x-ndjson", "rollbook-activity.ndjson"),
    };
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], body)
        .into_response()
}

fn push(format: Format, text: &mut String, row: &Row) {
    match format {
        Format::Csv => csv::push(text, row),
        Format::Ndjson => {
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

//! The organization as another product's configuration, for a program of that product to read.

use crate::app::{self, App};
use crate::error::Problem;
use crate::extract::{Caller, MinPosition, Params};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rollbook_domain::organization::visible;
use rollbook_domain::permission::facts::Targets;
use rollbook_replay::import::dump;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(export_dump))
}

/// Classes, users, agent groups, queues and agents as a dump of a QueueMetrics configuration, which an import reads
/// again: those that the caller sees and that are not archived. There are no passwords in it. The export itself is
/// recorded first.
#[utoipa::path(
    get, path = "/export", tag = "imports",
    params(("as" = String, Query, description = "`queuemetrics`")),
    responses(
        (status = 200, description = "The file", content_type = "text/tab-separated-values"),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem),
        (status = 503, description = "`not_yet`, or it could not be recorded", body = Problem),
    ),
    extensions(("x-permission" = json!("audit.export"))),
)]
async fn export_dump(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    mut params: Params,
) -> Result<Response, Problem> {
    let now = app::at_least(&caller.open, min.0).await?;
    caller.need(&app, &now, "audit.export", &Targets::default())?;
    match params.take("as").as_deref() {
        Some("queuemetrics") => {}
        Some(_) => return Err(Problem::field("as", "unknown_word", "is `queuemetrics`")),
        None => return Err(Problem::field("as", "required", "is `queuemetrics`")),
    }
    params.done()?;
    let (me, at) = (caller.me(&now)?.id, caller.at(&now));
    let of = now.clone();
    let file = super::past::aside(move || {
        let me = of.user(me);
        dump(&of, &|subject| me.is_some_and(|me| visible::sees(&of, me, subject, at)))
    });
    let file = file.await?;
    let what = "the configuration as a dump of QueueMetrics";
    caller.open.activity.record(caller.exported(&app, &now, what, String::new())?).await?;
    let disposition = "attachment; filename=\"rollbook-configuration.txt\"";
    let kind = "text/tab-separated-values; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], file).into_response())
}

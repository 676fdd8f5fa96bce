//! Is it alive, is it ready, what does it measure. Outside `/api/v1`, for operators' tools.

use crate::app::App;
use crate::error::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rollbook_ledger::writer::Writer;
use serde_json::{Value, json};

/// The process answers.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}

/// The database answers and every organization served here has a running writer and follower.
pub(super) async fn ready(State(app): State<App>) -> Result<Json<Value>, Problem> {
    app.deployment().store().now_us().await?;
    let opened = app.deployment().opened();
    let stopped: Vec<_> = opened.iter().filter(|writer| writer.has_stopped()).map(Writer::id).collect();
    let followers = app.followers();
    let halted = followers.iter().filter(|(_, status)| status.stopped.is_some());
    let halted: Vec<_> =
        halted.map(|(id, status)| json!({ "organization": id, "name": status.name })).collect();
    if stopped.is_empty() && halted.is_empty() {
        return Ok(Json(json!({ "status": "ready", "organizations": opened.len() })));
    }
    let detail = "an organization is not served, or what is derived from it stands still; the log says why";
    let problem = Problem::unavailable("not_ready", detail, 30);
    Err(problem.with("organizations", json!(stopped)).with("projections", halted))
}

/// Prometheus text.
pub(super) async fn metrics() -> Response {
    let text = super::metrics::render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

//! How many may be signed in at once, and how many are (uContact: concurrent licences).
//!
//! Not here: taking a seat, which signing in does. Who has one, the activity log tells.

use super::settings;
use crate::app::App;
use crate::error::Problem;
use crate::extract::Caller;
use axum::Json;
use axum::extract::State;
use rollbook_domain::settings::state::Setting;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read))
}

/// Seats.
#[derive(Serialize, ToSchema)]
struct SeatsView {
    /// Users who may be signed in at the same time; null for any number.
    licences: Option<u32>,
    /// Users who are signed in now, on however many devices each.
    taken: u64,
}

/// How many users may be signed in at the same time, and how many are.
#[utoipa::path(
    get, path = "/seats", tag = "settings",
    responses(
        (status = 200, description = "Seats", body = SeatsView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
    ),
    extensions(("x-permission" = json!("settings.view"))),
)]
async fn read(State(app): State<App>, caller: Caller) -> Result<Json<SeatsView>, Problem> {
    let organization = caller.organization();
    let me = caller.me(&organization)?;
    if !settings::sees(&organization, me, Setting::Licences.word(), caller.at(&organization)) {
        return Err(caller.denied(&app, &organization, Problem::permission_missing("settings.view")));
    }
    let now = app.deployment().clock().now().micros();
    let taken = app.deployment().store().seats_taken(&organization.id.to_string(), now).await?;
    let licences = organization.settings.number(Setting::Licences);
    Ok(Json(SeatsView { licences: (licences > 0).then_some(licences), taken }))
}

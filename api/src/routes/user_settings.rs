//! What settings are for one user: the organization's own, or what the user's groups say instead.

use super::past;
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Caller, Id, MinPosition, Params};
use axum::Json;
use axum::extract::State;
use rollbook_domain::kernel::id::{GroupId, Kind, UserId};
use rollbook_domain::settings::effective::{Effective, effective};
use rollbook_domain::settings::state::{Setting, SettingValue};
use rollbook_replay::as_of::At;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(user_settings))
}

/// The settings that groups may override, as they are for one user.
#[derive(Serialize, ToSchema)]
struct UserSettingsView {
    /// The position that the answer is of.
    position: u64,
    /// Each by its name.
    settings: BTreeMap<&'static str, UserSettingView>,
}

/// What a setting is for one user.
#[derive(Serialize, ToSchema)]
struct UserSettingView {
    /// The value that holds.
    #[schema(value_type = Object)]
    value: SettingValue,
    /// Ids of the user's groups that say so; none where it is the organization's own value.
    groups: Vec<Uuid>,
}

/// The settings that groups may override, as they are for a user, now or `at` a position or time.
#[utoipa::path(
    get, path = "/users/{id}/settings", tag = "users",
    params(
        ("id" = String, Path, description = "User id or login"),
        ("at" = Option<String>, Query, description = "Position, or RFC 3339 time"),
    ),
    responses(
        (status = 200, description = "The settings", body = UserSettingsView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 422, description = "`at_in_future`, `invalid`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.view"))),
)]
async fn user_settings(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    id: Id,
    mut params: Params,
) -> Result<Json<UserSettingsView>, Problem> {
    let at: Option<At> = params.take_as("at")?;
    params.done()?;
    let now = past::newest(&caller, min, at).await?;
    let subject = id.find(&now, Kind::User)?;
    caller.sees(&now, subject)?;
    let then = past::state(&app, &now, at, "at").await?.organization;
    let user = then.user(UserId(subject.id)).ok_or_else(|| Problem::not_found("user"))?;
    if at.is_some() {
        caller.reads(&app, &now, "past state", Some(subject));
    }
    let shown = |setting: Setting| {
        let Effective { value, groups } = effective(&then, user, setting);
        (setting.word(), UserSettingView { value, groups: groups.into_iter().map(GroupId::uuid).collect() })
    };
    let settings = Setting::ALL.into_iter().filter(|setting| setting.by_group()).map(shown).collect();
    Ok(Json(UserSettingsView { position: then.position, settings }))
}

//! All that one user may do, and why.

use super::past;
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Caller, Id, MinPosition, Params};
use axum::Json;
use axum::extract::State;
use rollbook_domain::kernel::id::{KeyId, Kind, UserId};
use rollbook_domain::permission::effective::{Item, Restriction, effective};
use rollbook_domain::settings::state::Setting;
use rollbook_replay::as_of::At;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(user_permissions))
}

/// Everything that a user may do at one position.
#[derive(Serialize, ToSchema)]
struct PermissionsView {
    /// The position that the answer is of.
    position: u64,
    /// Grants in effect, each with the reasons that give it.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Item>,
    /// What is taken away, and by what: a status, a restricting key, a key not held.
    #[schema(value_type = Vec<Object>)]
    restrictions: Vec<Restriction>,
    /// Keys held, by name.
    keys: Vec<String>,
    /// How many characters of a part that a grant hides (`without_parts`) are hidden; only if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    mask_characters: Option<u32>,
}

/// All that a user may do, now or `at` a position or time, as if active; a status that denies is among the
/// restrictions. One's own is free; another's needs `audit.view`, or `users.view` over that user.
#[utoipa::path(
    get, path = "/users/{id}/permissions", tag = "permissions",
    params(
        ("id" = String, Path, description = "User id or login"),
        ("at" = Option<String>, Query, description = "Position, or RFC 3339 time"),
    ),
    responses(
        (status = 200, description = "Grants in effect with their reasons", body = PermissionsView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 422, description = "`at_in_future`, `invalid`", body = Problem),
    ),
    extensions(("x-permission" = json!("audit.view"))),
)]
async fn user_permissions(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    id: Id,
    mut params: Params,
) -> Result<Json<PermissionsView>, Problem> {
    let at: Option<At> = params.take_as("at")?;
    params.done()?;
    let now = past::newest(&caller, min, at).await?;
    let found = now.find(Kind::User, &id.0).map(UserId);
    let user = past::whose(&app, &caller, &now, found, || Problem::not_found("user"))?;
    let then = past::state(&app, &now, at, "at").await?;
    let asked = then.organization.user(user).ok_or_else(|| Problem::not_found("user"))?;
    if user != caller.user || at.is_some() {
        caller.reads(&app, &now, "permissions", Some(user.subject()));
    }
    let found = effective(&then.organization, asked, then.at);
    let name = |id: KeyId| then.organization.keys.get(&id).map(|key| key.name.clone());
    let masks = found.items.iter().any(|item| !item.grant.limits.without_parts.is_empty());
    let characters = then.organization.settings.number(Setting::MaskCharacters);
    Ok(Json(PermissionsView {
        mask_characters: masks.then_some(characters),
        position: then.organization.position,
        items: found.items,
        restrictions: found.restrictions,
        keys: found.keys.into_iter().filter_map(name).collect(),
    }))
}

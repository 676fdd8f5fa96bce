//! The organization's catalog, and the organization itself: what anybody signed in may know, and passing it on.

use super::mutation::{Mutation, tag};
use super::refer::{self, Names};
use super::shown::Shown;
use crate::app::{self, App};
use crate::error::Problem;
use crate::extract::{Body, Caller, Meta, MinPosition, Params};
use crate::view::{self, CatalogView, OrganizationView, UserView};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use rollbook_domain::kernel::id::{Kind, UserId};
use rollbook_domain::organization::command::OrganizationCommand;
use rollbook_domain::permission::facts::Targets;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(catalog)).routes(routes!(organization)).routes(routes!(transfer))
}

/// What can be granted: permissions, reserved keys, and the words of scopes and limits.
#[utoipa::path(
    get, path = "/catalog", tag = "catalog",
    responses(
        (status = 200, description = "The catalog", body = CatalogView),
        (status = 401, description = "`unauthenticated`", body = Problem),
    ),
    extensions(("x-permission" = json!("session"))),
)]
async fn catalog(caller: Caller, params: Params) -> Result<Json<CatalogView>, Problem> {
    params.done()?;
    Ok(Json(view::catalog(caller.organization().catalog)))
}

/// The organization one belongs to.
#[utoipa::path(
    get, path = "/organization", tag = "organization",
    params(("Rollbook-Min-Position" = Option<u64>, Header, description = "What the answer must have seen")),
    responses(
        (status = 200, description = "The organization", body = OrganizationView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 503, description = "`not_yet`", body = Problem),
    ),
    extensions(("x-permission" = json!("session"))),
)]
async fn organization(caller: Caller, min: MinPosition, params: Params) -> Result<Response, Problem> {
    params.done()?;
    let organization = app::at_least(&caller.open, min.0).await?;
    let mut response = Json(view::organization(&organization)).into_response();
    tag(&mut response, &organization, organization.id.subject());
    Ok(response)
}

/// Who takes the organization over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TransferBody {
    /// User id or login.
    to: String,
}

/// Pass the organization on: the caller and another user of lower rank exchange their roles, both or neither.
#[utoipa::path(
    post, path = "/organization/transfer", tag = "organization", request_body = TransferBody,
    responses(
        (status = 200, description = "The user who took it over", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`", body = Problem),
        (status = 409, description = "`status_forbids`, `protected`, `profile_required`", body = Problem),
        (status = 422, description = "`invalid`, `reason_required`", body = Problem),
    ),
    extensions(("x-permission" = json!("organization.transfer"))),
)]
async fn transfer(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    body: Body<TransferBody>,
) -> Result<Response, Problem> {
    let organization = caller.organization();
    caller.need(&app, &organization, "organization.transfer", &Targets::default())?;
    let names = Names::of(&caller, &organization)?;
    let to = UserId(refer::find(&names, Kind::User, "/to", &body.value.to)?);
    let mutation = Mutation::new(&app, &caller, &meta).shows(Shown::Entity(to.subject()));
    mutation.run(OrganizationCommand::Transfer { to }.into()).await?.respond(&caller)
}

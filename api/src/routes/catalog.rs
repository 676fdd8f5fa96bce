//! The organization's catalog, and the organization itself: what anybody signed in may know.

use super::mutation::tag;
use crate::app::{self, App};
use crate::error::Problem;
use crate::extract::{Caller, MinPosition, Params};
use crate::view::{self, CatalogView, OrganizationView};
use axum::Json;
use axum::response::{IntoResponse, Response};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(catalog)).routes(routes!(organization))
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

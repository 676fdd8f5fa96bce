//! Single elements of a user's own: XCALLY's custom dashboards, switched on user by user beside the profile.

use super::find;
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta};
use crate::routes::mutation::Mutation;
use crate::view::UserView;
use axum::extract::State;
use axum::response::Response;
use rollbook_domain::organization::command::Command;
use rollbook_domain::permission::facts::Targets;
use rollbook_domain::permission::grant::{Grant, Grants, Scope};
use rollbook_domain::user::command::UserCommand;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(elements))
}

/// What is on for one user, whatever the profile says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ElementsBody {
    /// Ids of elements by permission, replacing all there were: `{"custom_dashboards.read":["sales"]}`.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    elements: BTreeMap<String, BTreeSet<Arc<str>>>,
}

/// Switch single elements on for a user, beside the profile; those that are not named are off, unless the profile has them.
#[utoipa::path(
    put, path = "/users/{id}/elements", tag = "users", request_body = ElementsBody,
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 200, description = "The user as it is now", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`, `gives_more_than_held`, `own_access`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`status_forbids`", body = Problem),
        (status = 422, description = "`invalid`, `reason_required`, `too_large`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.profile"))),
)]
async fn elements(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    id: Id,
    body: Body<ElementsBody>,
) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    let organization = caller.organization();
    caller.need(&app, &organization, "users.profile", &Targets::default())?;
    let listed = body.value.elements.into_iter().filter(|(_, ids)| !ids.is_empty());
    let grants: Grants =
        listed.map(|(name, elements)| Grant { elements, ..Grant::new(&name, Scope::Elements) }).collect();
    let command = Command::User(UserCommand::SetElements(user, Some(grants)));
    Mutation::new(&app, &caller, &meta).about(subject).run(command).await?.respond(&caller)
}

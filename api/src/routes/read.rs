//! Reading one entity, the same for every kind.

use super::mutation::tag;
use crate::app::{self, App};
use crate::error::Problem;
use crate::extract::{Caller, Id, MinPosition, Params};
use crate::view;
use axum::Json;
use axum::response::{IntoResponse, Response};
use rollbook_domain::kernel::id::{Kind, Subject};
use rollbook_domain::organization::state::Organization;

/// The entity that a path names, now or `at` a position or time, with its `ETag`.
pub(super) async fn entity(
    _app: &App,
    caller: &Caller,
    min: MinPosition,
    kind: Kind,
    id: &Id,
    params: Params,
) -> Result<Response, Problem> {
    params.done()?;
    let organization = app::at_least(&caller.open, min.0).await?;
    let subject = id.find(&organization, kind)?;
    caller.sees(&organization, subject)?;
    tagged(&organization, subject)
}

/// An entity as JSON with its `ETag`.
pub(super) fn tagged(organization: &Organization, subject: Subject) -> Result<Response, Problem> {
    let entity =
        view::entity(organization, subject).ok_or_else(|| Problem::not_found(subject.kind.word()))?;
    let mut response = Json(entity).into_response();
    tag(&mut response, organization, subject);
    Ok(response)
}

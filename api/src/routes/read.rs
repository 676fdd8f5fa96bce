//! Reading one entity, the same for every kind: as it is, or as it was.

use super::mutation::tag;
use super::past;
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Caller, Id, MinPosition, Params};
use crate::view::{self, Eyes};
use axum::Json;
use axum::response::{IntoResponse, Response};
use rollbook_domain::kernel::id::{Kind, Subject};
use rollbook_domain::organization::state::Organization;
use rollbook_replay::as_of::At;

/// The entity that a path names, now or `at` a position or time, with its `ETag`.
pub(super) async fn entity(
    app: &App,
    caller: &Caller,
    min: MinPosition,
    kind: Kind,
    id: &Id,
    mut params: Params,
) -> Result<Response, Problem> {
    let at: Option<At> = params.take_as("at")?;
    params.done()?;
    let now = past::newest(caller, min, at).await?;
    let subject = id.find(&now, kind)?;
    seen_at(app, caller, &now, subject, at).await
}

/// What may be seen is judged now, whatever the moment that is asked for.
pub(super) async fn seen_at(
    app: &App,
    caller: &Caller,
    now: &Organization,
    subject: Subject,
    at: Option<At>,
) -> Result<Response, Problem> {
    caller.sees(now, subject)?;
    if at.is_none() {
        return tagged(now, subject, caller.eyes(now));
    }
    let then = past::state(app, now, at, "at").await?;
    // Before its founding nothing of an organization was there, its settings included.
    if then.organization.position == 0 {
        return Err(Problem::not_found(subject.kind.word()));
    }
    let answer = tagged(&then.organization, subject, caller.eyes(now))?;
    caller.reads(app, now, "past state", Some(subject));
    Ok(answer)
}

/// An entity as JSON with its `ETag`.
pub(super) fn tagged(
    organization: &Organization,
    subject: Subject,
    eyes: Eyes<'_>,
) -> Result<Response, Problem> {
    let entity =
        view::entity(organization, subject, eyes).ok_or_else(|| Problem::not_found(subject.kind.word()))?;
    let mut response = Json(entity).into_response();
    tag(&mut response, organization, subject);
    Ok(response)
}

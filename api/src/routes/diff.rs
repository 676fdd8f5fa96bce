//! The difference between two positions or moments: of one entity, or of all that anybody may do.

use super::past;
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Caller, MinPosition, Params};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rollbook_domain::kernel::id::{Kind, Subject, UserId};
use rollbook_domain::organization::state::Organization;
use rollbook_domain::organization::visible::view_permission;
use rollbook_domain::permission::facts::Targets;
use rollbook_replay::as_of::At;
use rollbook_replay::diff::access::{self, Access};
use rollbook_replay::diff::affected::{self, Affected};
use rollbook_replay::diff::{change_json, entity};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Most changes of one answer; a smaller span or one subject says more.
const CHANGES_MAX: usize = 10_000;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(difference))
}

/// What has changed from one position to another.
#[derive(Serialize, ToSchema)]
struct DiffView {
    /// The earlier position.
    from: u64,
    /// The later position.
    to: u64,
    /// Field by field and element by element: `{"subject","field","element"?,"from","to"}`.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Value>,
    /// Of a user: what they may at `to` and could not at `from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    gained: Option<Vec<Access>>,
    /// Of a user: what they could at `from` and may not at `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    lost: Option<Vec<Access>>,
    /// Without a subject: who gained and lost what, as in a plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    affected: Option<Affected>,
}

/// The difference between two positions or times: of `subject`, and of a user also the permissions gained and
/// lost; without a subject, of every entity, and whom it affects. Needs the right to view the subject, or
/// `audit.view` for all. An audited read.
#[utoipa::path(
    get, path = "/diff", tag = "history",
    params(
        ("from" = String, Query, description = "Position, or RFC 3339 time"),
        ("to" = Option<String>, Query, description = "Position, or RFC 3339 time; now if absent"),
        ("subject" = Option<String>, Query, description = "`kind:id`, the id being an id, a login or a name"),
    ),
    responses(
        (status = 200, description = "The difference", body = DiffView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 404, description = "`not_found`: not there at either, or not to be known", body = Problem),
        (status = 422, description = "`invalid`, `at_in_future`, `too_large`", body = Problem),
    ),
    extensions(("x-permission" = json!("audit.view"))),
)]
async fn difference(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    mut params: Params,
) -> Result<Json<DiffView>, Problem> {
    let (from, to): (Option<At>, Option<At>) = (params.take_as("from")?, params.take_as("to")?);
    let now = past::newest(&caller, min, from.into_iter().chain(to)).await?;
    let subject = params.take("subject");
    let subject = match &subject {
        Some(text) => Some(seen(&app, &caller, &now, text)?),
        None => {
            caller.need(&app, &now, "audit.view", &Targets::default())?;
            None
        }
    };
    params.done()?;
    let from = from.ok_or_else(|| Problem::field("from", "required", "say from which position or time"))?;
    let before = past::state(&app, &now, Some(from), "from").await?.organization;
    let after = past::state(&app, &now, to, "to").await?.organization;
    if before.position > after.position {
        return Err(Problem::field("from", "after_to", "lies after `to`"));
    }
    caller.reads(&app, &now, "difference", subject);
    past::aside(move || view(&before, &after, subject)).await?.map(Json)
}

/// The subject that a query names: 404 as if it were not there if the caller may not see it.
fn seen(app: &App, caller: &Caller, now: &Organization, text: &str) -> Result<Subject, Problem> {
    let bad = || {
        Problem::field("subject", "not_a_subject", "is `kind:id`, for example `user:` and an id or a login")
    };
    let (kind, id) = text.split_once(':').map_or((text, None), |(kind, id)| (kind, Some(id)));
    let kind: Kind = kind.parse().map_err(|_| bad())?;
    if matches!(kind, Kind::Conversation | Kind::Setting | Kind::Element) {
        return Err(bad());
    }
    if let Some(permission) = view_permission(kind)
        && !caller.may(now, permission, &Targets::default())
        && !(kind == Kind::User && id.and_then(|id| now.find(kind, id)) == Some(caller.user.uuid()))
    {
        return Err(caller.denied(app, now, Problem::permission_missing(permission)));
    }
    let id = match (kind, id) {
        (Kind::Settings | Kind::Organization, None) => Some(now.id.uuid()),
        (kind, Some(id)) => now.find(kind, id),
        (_, None) => return Err(bad()),
    };
    let subject = id.map(|id| Subject { kind, id }).ok_or_else(|| Problem::not_found(kind.word()))?;
    caller.sees(now, subject)?;
    Ok(subject)
}

fn view(before: &Organization, after: &Organization, subject: Option<Subject>) -> Result<DiffView, Problem> {
    let mut view = DiffView {
        from: before.position,
        to: after.position,
        changes: Vec::new(),
        gained: None,
        lost: None,
        affected: None,
    };
    let Some(subject) = subject else {
        for subject in touched(before, after) {
            view.changes.extend(entity(before, after, subject).iter().map(change_json));
            if view.changes.len() > CHANGES_MAX {
                let detail = "more than 10,000 fields differ; name a subject or a shorter time";
                return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "too_large", detail));
            }
        }
        view.affected = Some(affected::everybody(before, after));
        return Ok(view);
    };
    if !before.exists(subject) && !after.exists(subject) {
        return Err(Problem::not_found(subject.kind.word()));
    }
    view.changes = entity(before, after, subject).iter().map(change_json).collect();
    if subject.kind == Kind::User {
        let delta = access::of_user(before, after, UserId(subject.id));
        (view.gained, view.lost) = (Some(delta.gained), Some(delta.lost));
    }
    Ok(view)
}

/// Every entity that had an event of its own in between, in order.
fn touched(before: &Organization, after: &Organization) -> Vec<Subject> {
    let all = [Kind::Organization, Kind::Settings].map(|kind| Subject { kind, id: after.id.uuid() });
    let all = all.into_iter();
    let all = all.chain(after.roles.keys().map(|id| id.subject()));
    let all = all.chain(after.profiles.keys().map(|id| id.subject()));
    let all = all.chain(after.keys.keys().map(|id| id.subject()));
    let all = all.chain(after.queues.keys().map(|id| id.subject()));
    let all = all.chain(after.groups.keys().map(|id| id.subject()));
    let all = all.chain(after.agents.keys().map(|id| id.subject()));
    let all = all.chain(after.objects.keys().map(|id| id.subject()));
    let all = all.chain(after.users.keys().map(|id| id.subject()));
    // The organization itself counts no events, so it is always compared.
    let is_touched = |subject: &Subject| {
        subject.kind == Kind::Organization
            || after.changed(*subject).is_some_and(|(position, _)| position > before.position)
    };
    let mut touched: Vec<_> = all.filter(is_touched).collect();
    touched.sort_unstable();
    touched
}

//! Undoing: a plan to look at, and its carrying out by the plan's id. Nothing is deleted: compensating changes are
//! appended, all or nothing.

mod select;

use super::dry_run::list_known;
use super::ending;
use super::mutation::Changed;
use super::retry;
use super::shown::Shown;
use crate::app::{self, App};
use crate::error::Problem;
use crate::extract::{Body, Caller, Meta, MinPosition};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rollbook_domain::kernel::context::Context;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::Targets;
use rollbook_ledger::writer::Answer;
use rollbook_replay::diff::change_json;
use rollbook_replay::rollback::{self, Apply, ApplyError, Plan, Planned, Request, Resolutions, Selection};
use select::SelectBody;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(plan_rollback)).routes(routes!(apply_rollback))
}

/// What shall be undone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlanBody {
    /// Which events.
    select: SelectBody,
    /// What to do about conflicts and blockers, by their ids: `"keep"`, `"force"`, `"skip"`, `"include"` or
    /// `{"value":…}`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    resolve: Resolutions,
}

/// The plan to carry out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApplyBody {
    /// The id of the plan that was looked at.
    plan: String,
    /// What was selected for it.
    select: SelectBody,
    /// How it was resolved.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    resolve: Resolutions,
}

/// A rollback that was carried out.
#[derive(Serialize, ToSchema)]
struct RollbackView {
    /// Its id, the `batch` by which it can be selected and rolled back itself.
    id: Uuid,
    /// The position after it.
    position: u64,
}

/// What undoing a selection would change, what is in the way, and who would gain or lose what. Changes nothing.
#[utoipa::path(
    post, path = "/rollbacks/plan", tag = "rollbacks", request_body = PlanBody,
    responses(
        (status = 200, description = "`{\"id\",\"position\",\"changes\",\"conflicts\",\"blockers\",\"skipped\",\"kept\",\"affected\"}`", body = Object),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 422, description = "`invalid`, `at_in_future`, `too_large`", body = Problem),
    ),
    extensions(("x-permission" = json!("rollback.plan"))),
)]
async fn plan_rollback(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    meta: Meta,
    body: Body<PlanBody>,
) -> Result<Json<Value>, Problem> {
    let now = app::at_least(&caller.open, min.0).await?;
    caller.need(&app, &now, "rollback.plan", &Targets::default())?;
    let PlanBody { select, resolve } = body.value;
    let selection = select.resolve(&caller, &now)?;
    Ok(Json(json!(planned(&app, &caller, &meta, &now, &selection, &resolve).await?)))
}

async fn planned(
    app: &App,
    caller: &Caller,
    meta: &Meta,
    now: &Organization,
    selection: &Selection,
    resolve: &Resolutions,
) -> Result<Plan, Problem> {
    let context = caller.context(app, meta)?;
    let request = Request { selection, resolve, context: &context };
    let plan = rollback::preview(app.deployment().store(), now, &request).await;
    let mut plan = plan.map_err(|error| noted(app, caller, now, error.into()))?;
    list_known(&mut plan.affected, caller, now);
    Ok(plan)
}

/// Denials are activity.
fn noted(app: &App, caller: &Caller, now: &Organization, problem: Problem) -> Problem {
    if problem.status == StatusCode::FORBIDDEN.as_u16() { caller.denied(app, now, problem) } else { problem }
}

/// Carry out a plan by its id, all or nothing. If it would be another one by now: 409 with the new plan.
#[utoipa::path(
    post, path = "/rollbacks", tag = "rollbacks", request_body = ApplyBody,
    responses(
        (status = 201, description = "Carried out", body = RollbackView),
        (status = 200, description = "There was nothing to undo; or, with `Rollbook-Dry-Run`, what it would do", body = Object),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`, `gives_more_than_held`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`stale_plan` with the new `plan`, `unresolved` with the `plan`", body = Problem),
        (status = 422, description = "`invalid`, `reason_required`, `too_large`", body = Problem),
    ),
    extensions(("x-permission" = json!("rollback.apply"))),
)]
async fn apply_rollback(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    body: Body<ApplyBody>,
) -> Result<Response, Problem> {
    let now = caller.organization();
    caller.need(&app, &now, "rollback.apply", &Targets::default())?;
    meta.matches_nothing()?;
    let ApplyBody { plan, select, resolve } = body.value;
    let selection = select.resolve(&caller, &now)?;
    if meta.dry_run {
        let preview = planned(&app, &caller, &meta, &now, &selection, &resolve).await?;
        return dry(&plan, preview).map(|preview| Json(preview).into_response());
    }
    let context = caller.context(&app, &meta)?;
    let shown = Shown::Rollback(context.command);
    let idempotency = retry::idempotency(&caller, &meta, &shown);
    let apply = Apply { plan, selection, resolve, idempotency };
    match ending::to_the_end(applied(app.clone(), caller.clone(), context, apply)).await? {
        Answer::Written(written) => Changed::new(*written, shown).respond(&caller),
        Answer::Replayed(replayed) => retry::answer(&app, &caller, &replayed.0).await,
    }
}

async fn applied(app: App, caller: Caller, context: Context, apply: Apply) -> Result<Answer, Problem> {
    let applied = rollback::apply(app.deployment().store(), &caller.open.writer, &context, &apply).await;
    let now = caller.organization();
    let answer = applied.map_err(|error| noted(&app, &caller, &now, shown(error, &caller, &now)))?.answer;
    if let Answer::Written(written) = &answer {
        ending::sessions(&app, &caller, &written.events).await?;
    }
    Ok(answer)
}

/// Where another plan is shown instead.
fn shown(mut error: ApplyError, caller: &Caller, now: &Organization) -> Problem {
    if let ApplyError::Stale(plan) | ApplyError::Unresolved(plan) = &mut error {
        list_known(&mut plan.affected, caller, now);
    }
    error.into()
}

/// A dry run tells what applying the plan would append, and whom it affects.
fn dry(seen: &str, plan: Plan) -> Result<Value, Problem> {
    if let Some(refused) = plan.refused {
        return Err(refused.into());
    }
    if plan.id != seen {
        return Err(ApplyError::Stale(Box::new(plan)).into());
    }
    if let Some(forbidden) = plan.forbidden() {
        return Err(forbidden.clone().into());
    }
    if !plan.is_resolved() {
        return Err(ApplyError::Unresolved(Box::new(plan)).into());
    }
    let events: Vec<_> = plan.events.iter().map(event).collect();
    Ok(json!({ "events": events, "affected": plan.affected }))
}

fn event(planned: &Planned) -> Value {
    let changes: Vec<_> = planned.changes.iter().map(change_json).collect();
    json!({ "type": planned.event_type, "subject": planned.subject, "changes": changes })
}

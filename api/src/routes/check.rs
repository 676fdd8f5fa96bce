//! May this user do this? One question, or up to a thousand, each answered with its reasons.

use super::named::Named;
use super::past;
use super::refer::Names;
use crate::app::{self, App};
use crate::error::Problem;
use crate::extract::{Body, Caller, MinPosition};
use axum::Json;
use axum::extract::State;
use rollbook_domain::kernel::id::{Kind, UserId};
use rollbook_domain::kernel::rejection::FieldError;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::{NamedFacts, NamedTarget, NamedTargets, Targets};
use rollbook_domain::permission::masked::masked;
use rollbook_domain::permission::reason::Reason;
use rollbook_domain::permission::resolve::{Decision, Question, explain};
use rollbook_domain::settings::state::Setting;
use rollbook_replay::as_of::{AsOf, At};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Most questions of one request.
const CHECKS_MAX: usize = 1_000;
/// Most different moments that one request may ask about: each is folded from the ledger.
const MOMENTS_MAX: usize = 8;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(check)).routes(routes!(check_bulk))
}

/// A question. Without a target it asks for the permission at any scope.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CheckBody {
    /// Who would do it: id or login.
    user: String,
    /// `module.action`.
    permission: String,
    /// What it would be done to: `{"kind","id"}`.
    #[schema(value_type = Option<Object>)]
    target: Option<NamedTarget>,
    /// Where one permission needs several: `{"subject","role","from","to"}`.
    #[schema(value_type = Option<Object>)]
    targets: Option<NamedTargets>,
    /// What is known of the case: `agent`, `queue`, `group`, `bot`, `unassigned`, `fields`, `action` …
    #[schema(value_type = Option<Object>)]
    facts: Option<NamedFacts>,
    /// A position, or an RFC 3339 time.
    #[schema(value_type = Option<Value>)]
    at: Option<At>,
}

/// The answer.
#[derive(Serialize, ToSchema)]
struct CheckView {
    /// The answer alone.
    allowed: bool,
    /// What allows it, or everything that denies it.
    #[schema(value_type = Vec<Object>)]
    reasons: Vec<Reason>,
    /// The position that the answer is of.
    position: u64,
    /// The parts of the record that are hidden, if a mask hides any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    masked: Option<MaskView>,
}

/// What a mask hides.
#[derive(Serialize, ToSchema)]
struct MaskView {
    /// The parts.
    parts: Vec<String>,
    /// How many characters of each are hidden: the setting `mask_characters`.
    characters: u32,
}

/// Several questions.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChecksBody {
    /// At most 1,000.
    checks: Vec<CheckBody>,
}

/// Their answers.
#[derive(Serialize, ToSchema)]
struct ChecksView {
    /// In the order of the questions.
    items: Vec<CheckView>,
    /// The newest position known when they were answered.
    position: u64,
}

/// May a user do this, now or `at` a position or time? About oneself it is free; about others it needs
/// `audit.view`, or `users.view` over that user. Never answered on a state older than two seconds.
#[utoipa::path(
    post, path = "/check", tag = "permissions", request_body = CheckBody,
    responses(
        (status = 200, description = "The answer with its reasons", body = CheckView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 404, description = "`not_found`: the user was not there at that time, or what is named is not there or not to be known", body = Problem),
        (status = 422, description = "`invalid`, `at_in_future`", body = Problem),
        (status = 503, description = "`stale`, `not_yet`", body = Problem),
    ),
    extensions(("x-permission" = json!("audit.view"))),
)]
async fn check(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    body: Body<CheckBody>,
) -> Result<Json<CheckView>, Problem> {
    let now = app::fresh(&caller.open, min.0).await?;
    let asked = body.value;
    let then = match asked.at {
        None => None,
        at => Some(past::state(&app, &now, at, "/at").await?),
    };
    answer(&app, &caller, &now, then.as_ref(), asked, "").map(Json)
}

/// Up to 1,000 checks on one state. One that cannot be understood refuses them all, by its pointer.
#[utoipa::path(
    post, path = "/check/bulk", tag = "permissions", request_body = ChecksBody,
    responses(
        (status = 200, description = "The answers, in the order of the questions", body = ChecksView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 404, description = "`not_found`: a user was not there at that time, or what is named is not there or not to be known", body = Problem),
        (status = 422, description = "`invalid`, `at_in_future`, `too_large`", body = Problem),
        (status = 503, description = "`stale`, `not_yet`", body = Problem),
    ),
    extensions(("x-permission" = json!("audit.view"))),
)]
async fn check_bulk(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    body: Body<ChecksBody>,
) -> Result<Json<ChecksView>, Problem> {
    let now = app::fresh(&caller.open, min.0).await?;
    let checks = body.value.checks;
    if checks.len() > CHECKS_MAX {
        return Err(too_many("at most 1,000 checks at once"));
    }
    let mut moments: Vec<(At, AsOf)> = Vec::new();
    for (place, at) in checks.iter().enumerate().filter_map(|(place, check)| Some((place, check.at?))) {
        if moments.iter().any(|(known, _)| *known == at) {
            continue;
        }
        if moments.len() == MOMENTS_MAX {
            return Err(too_many("at most 8 different moments at once"));
        }
        moments.push((at, past::state(&app, &now, Some(at), &format!("/checks/{place}/at")).await?));
    }
    let position = now.position;
    let answers = past::aside(move || {
        let then = |at: At| moments.iter().find(|(known, _)| *known == at).map(|(_, then)| then);
        let all = checks.into_iter().enumerate().map(|(place, asked)| {
            let then = asked.at.and_then(then);
            answer(&app, &caller, &now, then, asked, &format!("/checks/{place}"))
        });
        all.collect::<Result<Vec<_>, _>>()
    });
    Ok(Json(ChecksView { items: answers.await??, position }))
}

fn too_many(detail: &str) -> Problem {
    let errors = vec![FieldError::new("/checks", "too_many", detail)];
    let problem = Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "too_large", detail);
    Problem { errors, ..problem }
}

/// References are read as they are called now, whatever the moment: ids never go away, names do.
fn answer(
    app: &App,
    caller: &Caller,
    now: &Organization,
    then: Option<&AsOf>,
    asked: CheckBody,
    pointer: &str,
) -> Result<CheckView, Problem> {
    let found = now.find(Kind::User, &asked.user).map(UserId);
    let missing = || Problem::field(&format!("{pointer}/user"), "no_such_user", "there is no such user");
    let user = past::whose(app, caller, now, found, missing)?;
    let (organization, at) = match then {
        Some(then) => (&then.organization, then.at),
        None => (now, app.deployment().clock().now().max(now.at)),
    };
    let who = organization.user(user).ok_or_else(|| not_then(pointer))?;
    let CheckBody { permission, target, targets, facts, .. } = asked;
    let decided = |named: Named| {
        let (targets, facts) = named.resolve(now, pointer)?;
        let (permission, targets, facts) = (&permission, &targets, &facts);
        let question = Question { who, permission, targets, facts, at, as_if_active: false };
        Ok((explain(organization, &question), mask(organization, &question)))
    };
    let named = Named { target, targets, facts };
    let (decision, masked) = decision(caller, now, user, named, pointer, decided)?;
    let (allowed, reasons) = (decision.allowed, decision.reasons);
    Ok(CheckView { allowed, reasons, position: organization.position, masked })
}

fn mask(organization: &Organization, question: &Question<'_>) -> Option<MaskView> {
    let parts: Vec<_> = masked(organization, question).into_iter().map(str::to_owned).collect();
    let characters = organization.settings.number(Setting::MaskCharacters);
    (!parts.is_empty()).then_some(MaskView { parts, characters })
}

/// A decision, and what a mask hides.
type Decided = (Decision, Option<MaskView>);

/// Whoever may read the activity log knows of everything. To others what they may not see is as if it were not there:
/// about somebody else, and as a fact of the case, 404; as a target of one's own a denial, the same one, unless one may
/// do it, since who may knows of it.
fn decision(
    caller: &Caller,
    now: &Organization,
    user: UserId,
    named: Named,
    pointer: &str,
    decided: impl Fn(Named) -> Result<Decided, Problem>,
) -> Result<Decided, Problem> {
    if caller.may(now, "audit.view", &Targets::default()) {
        return decided(named);
    }
    let (masked, unknown) = named.clone().masked(&Names::of(caller, now)?);
    match unknown {
        Some(unknown) if user != caller.user || unknown.is_fact() => Err(unknown.problem(pointer)),
        Some(_) => match decided(named) {
            Ok(decision) if decision.0.allowed => Ok(decision),
            Ok(_) | Err(_) => decided(masked),
        },
        None => decided(masked),
    }
}

fn not_then(pointer: &str) -> Problem {
    let detail = "the user was not there at that time";
    let errors = vec![FieldError::new(&format!("{pointer}/at"), "not_there", detail)];
    Problem { errors, ..Problem::not_found("user") }
}

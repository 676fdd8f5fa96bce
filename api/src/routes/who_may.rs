//! Who may do this, and through what?

use super::list::{self, Page};
use super::past;
use super::place;
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Caller, MinPosition, Params};
use axum::Json;
use axum::extract::State;
use rollbook_domain::kernel::id::{Kind, Subject};
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::{Facts, NamedTarget, Targets};
use rollbook_domain::permission::reason::Reason;
use rollbook_domain::permission::resolve::{Question, allowed, explain};
use rollbook_domain::user::state::User;
use rollbook_replay::as_of::{AsOf, At};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(who_may))
}

/// Somebody who may.
#[derive(Serialize, ToSchema)]
struct AccessView {
    /// Who.
    user: NamedUser,
    /// Through what.
    #[schema(value_type = Vec<Object>)]
    reasons: Vec<Reason>,
}

/// A user with the login that people know them by.
#[derive(Serialize, ToSchema)]
struct NamedUser {
    /// Never reused.
    id: Uuid,
    /// The login then.
    login: String,
}

/// A page of those who may, at one position.
#[derive(Serialize, ToSchema)]
struct AccessPage {
    /// By login.
    items: Vec<AccessView>,
    /// The cursor of the next page; null if there is none.
    next: Option<String>,
    /// The position that this page is of.
    position: u64,
}

/// Who may do `permission`, to `target` or at any scope, now or `at` a position or time. An audited read.
#[utoipa::path(
    get, path = "/access", tag = "permissions",
    params(
        ("permission" = String, Query, description = "`module.action`"),
        ("target" = Option<String>, Query, description = "`kind:id`, the id being an id, a login or a name"),
        ("at" = Option<String>, Query, description = "Position, or RFC 3339 time"),
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of users, each with the reasons", body = AccessPage),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 422, description = "`invalid`, `at_in_future`", body = Problem),
    ),
    extensions(("x-permission" = json!("audit.view"))),
)]
async fn who_may(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    mut params: Params,
) -> Result<Json<AccessPage>, Problem> {
    let at: Option<At> = params.take_as("at")?;
    let now = past::newest(&caller, min, at).await?;
    caller.need(&app, &now, "audit.view", &Targets::default())?;
    let limit = params.limit()?;
    let cursor = params.take("cursor");
    let permission = params.take("permission").ok_or_else(|| {
        Problem::field("permission", "required", "say which permission, as `module.action`")
    })?;
    let targets = params.take("target").map(|text| target(&now, &text)).transpose()?.unwrap_or_default();
    params.done()?;
    if now.catalog.permission(&permission).is_none() {
        let detail = "the organization's catalog has no such permission";
        return Err(Problem::field("permission", "unknown_permission", detail));
    }
    let then = past::state(&app, &now, at, "at").await?;
    caller.reads(&app, &now, "access", subject_of(&targets));
    let after = place::login(cursor, &then.organization, |_| true)?;
    past::aside(move || page(&then, &permission, &targets, limit, after.as_deref())).await.map(Json)
}

fn subject_of(targets: &Targets) -> Option<Subject> {
    match targets.subject {
        Some(rollbook_domain::permission::facts::Target::Entity(subject)) => Some(subject),
        _ => None,
    }
}

/// `kind:id`, or a kind alone where there is only one of it.
pub(super) fn target(now: &Organization, text: &str) -> Result<Targets, Problem> {
    let (kind, id) = text.split_once(':').map_or((text, None), |(kind, id)| (kind, Some(id.to_owned())));
    let kind: Kind = kind.parse().map_err(|_| {
        Problem::field("target", "not_a_target", "is `kind:id`, for example `queue:` and an id or a name")
    })?;
    let resolved = NamedTarget { kind, id }.resolve(now, "target");
    resolved.map(Targets::of).map_err(|mut error| {
        error.pointer = "target".to_owned();
        Problem::invalid(vec![error])
    })
}

fn page(then: &AsOf, permission: &str, targets: &Targets, limit: u32, after: Option<&str>) -> AccessPage {
    let facts = &Facts::default();
    let organization = &then.organization;
    let at = then.at;
    let asked = |who| Question { who, permission, targets, facts, at, as_if_active: false };
    let may = organization.users_after(after).filter(|who| allowed(organization, &asked(who)));
    let Page { items, next } = list::page(
        may,
        limit,
        |who: &&User| place::of_user(who),
        |who| AccessView {
            user: NamedUser { id: who.id.uuid(), login: who.login.text().to_owned() },
            reasons: explain(organization, &asked(who)).reasons,
        },
    );
    AccessPage { items, next, position: organization.position }
}

//! Signing in and out, and who one is.

use crate::app::App;
use crate::auth::{password, session, sign_in};
use crate::error::Problem;
use crate::extract::{Body, Caller, Client, Meta};
use crate::view::{self, Eyes, OrganizationView, UserView};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::password::{Life, Password};
use rollbook_domain::user::state::User;
use rollbook_ledger::activity::{Act, ActivityOutcome, SIGNED_OUT};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(end)).routes(routes!(me))
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSession {
    /// The organization's name.
    organization: String,
    /// Login or e-mail address.
    login: String,
    /// The password.
    password: String,
    /// Six digits of the app, or a recovery code; only where two-factor sign-in is set up.
    code: Option<String>,
}

/// A session that has begun.
#[derive(Serialize, ToSchema)]
struct SessionView {
    /// For `Authorization: Bearer …`; shown once.
    token: String,
    /// From when it is over.
    expires_at: String,
    /// Who signed in.
    user: UserView,
    #[serde(flatten)]
    password: PasswordView,
    #[serde(flatten)]
    two_factor: TwoFactorView,
}

/// What is to be known of one's own password.
#[derive(Serialize, ToSchema)]
struct PasswordView {
    /// Whether it should be changed: it was set by somebody else, or expires soon, or has expired.
    password_change_advised: bool,
    /// Until when it lasts under the security suite; null for ever.
    password_expires_at: Option<String>,
    /// Whether it expires within the days of `password_warning_days`, or has expired.
    password_expires_soon: bool,
    /// Whether it has expired: the session lets in to change it and to nothing else.
    password_expired: bool,
}

/// What is to be known of one's own two-factor sign-in.
#[derive(Serialize, ToSchema)]
struct TwoFactorView {
    /// Whether the organization demands it of one: a session that begins without it lets in to set it up and to nothing else.
    two_factor_demanded: bool,
    /// How many recovery codes are left.
    recovery_codes_left: usize,
}

fn two_factor_view(organization: &Organization, user: &User) -> TwoFactorView {
    let left = user.two_factor.as_ref().map(|two_factor| two_factor.recovery_codes.len());
    TwoFactorView {
        two_factor_demanded: organization.demands_two_factor(user),
        recovery_codes_left: left.unwrap_or_default(),
    }
}

/// Sign in; where two-factor sign-in is set up, with a code. The same answer whatever was wrong; after too many failures 429 with `Retry-After`.
#[utoipa::path(
    post, path = "/sessions", tag = "sessions", request_body = NewSession,
    responses(
        (status = 201, description = "Signed in; the token is also set as a cookie", body = SessionView),
        (status = 401, description = "`sign_in_failed`; `code_required`: all else was right", body = Problem),
        (status = 403, description = "`address_not_allowed`, before anything is tried", body = Problem),
        (status = 409, description = "`no_free_seat`: all licences are in use", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
    ),
    extensions(("x-permission" = json!("none"))),
)]
async fn create(
    State(app): State<App>,
    client: Client,
    jar: CookieJar,
    body: Body<NewSession>,
) -> Result<Response, Problem> {
    let NewSession { organization, login, password, code } = body.value;
    let secrets = (password, code.as_deref());
    let signed = sign_in::sign_in(&app, &client, &organization, &login, secrets).await?;
    let user = signed.organization.user(signed.user).ok_or_else(Problem::unauthenticated)?;
    let at = app.deployment().clock().now().max(signed.organization.at);
    let view = SessionView {
        expires_at: Moment(signed.expires_at_us).to_string(),
        user: view::user(&signed.organization, user, Eyes::of(&signed.organization, signed.user, at)),
        password: password_view(&app, &signed.organization, user, at).await?,
        two_factor: two_factor_view(&signed.organization, user),
        token: signed.token.clone(),
    };
    let jar = jar.add(cookie(&app, signed.token));
    Ok((StatusCode::CREATED, jar, Json(view)).into_response())
}

fn cookie(app: &App, token: String) -> Cookie<'static> {
    let secure = app.options().secure_cookies;
    let cookie = Cookie::build((session::cookie(secure), token)).path("/").http_only(true);
    cookie.same_site(SameSite::Lax).secure(secure).build()
}

/// Sign out.
#[utoipa::path(
    delete, path = "/sessions/current", tag = "sessions",
    responses(
        (status = 200, description = "Signed out", body = Object),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 409, description = "`not_a_session`: an API key or token has no session", body = Problem),
    ),
    extensions(("x-permission" = json!("session"))),
)]
async fn end(State(app): State<App>, caller: Caller, jar: CookieJar) -> Result<Response, Problem> {
    let Some(session) = caller.session else {
        let detail = "an API key or token has no session to end; revoke it instead";
        return Err(Problem::new(StatusCode::CONFLICT, "not_a_session", detail));
    };
    let organization = caller.organization();
    let me = caller.me(&organization)?;
    let act = Act {
        context: caller.context(&app, &Meta::default())?,
        actor_role: organization.role_of(me).map(|role| role.name.clone()),
        action: SIGNED_OUT,
        outcome: ActivityOutcome::Ok,
        subject: Some(caller.user.subject()),
        judged_at: organization.position,
        detail: BTreeMap::new(),
    };
    caller.open.activity.record(act).await?;
    let (organization, user) = (organization.id.to_string(), caller.user.to_string());
    app.deployment().store().delete_session(&organization, &user, &session.to_string()).await?;
    Ok((jar.remove(cookie(&app, String::new())), Json(json!({ "ended": session }))).into_response())
}

/// Who one is.
#[derive(Serialize, ToSchema)]
struct MeView {
    /// The user who asks.
    user: UserView,
    /// The organization.
    organization: OrganizationView,
    /// The role's name.
    role: String,
    #[serde(flatten)]
    password: PasswordView,
    #[serde(flatten)]
    two_factor: TwoFactorView,
}

/// Who am I?
#[utoipa::path(
    get, path = "/me", tag = "sessions",
    responses(
        (status = 200, description = "The user who asks", body = MeView),
        (status = 401, description = "`unauthenticated`", body = Problem),
    ),
    extensions(("x-permission" = json!("session"))),
)]
async fn me(State(app): State<App>, caller: Caller) -> Result<Json<MeView>, Problem> {
    let organization = caller.organization();
    let me = caller.me(&organization)?;
    Ok(Json(MeView {
        user: view::user(&organization, me, caller.eyes(&organization)),
        role: organization.role_of(me).map(|role| role.name.clone()).unwrap_or_default(),
        password: password_view(&app, &organization, me, caller.at(&organization)).await?,
        two_factor: two_factor_view(&organization, me),
        organization: view::organization(&organization),
    }))
}

async fn password_view(
    app: &App,
    organization: &Organization,
    user: &User,
    at: Moment,
) -> Result<PasswordView, Problem> {
    let life = Life::of(&organization.settings, user, at);
    let stored = match user.password {
        Some(Password { credential, .. }) => {
            app.deployment().store().credential(&organization.id.to_string(), &credential.to_string()).await?
        }
        None => None,
    };
    let by_another = stored.is_some_and(|stored| password::was_set_by_another(&stored));
    Ok(PasswordView {
        password_change_advised: by_another || life.is_ending,
        password_expires_at: life.expires_at.map(|at| at.to_string()),
        password_expires_soon: life.is_ending,
        password_expired: life.is_over,
    })
}

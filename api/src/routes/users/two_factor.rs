//! One's own two-factor sign-in, and another's reset.

use super::find;
use crate::app::App;
use crate::auth::guess::Guess;
use crate::auth::{second, totp};
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta};
use crate::routes::mutation::{Done, Mutation};
use crate::routes::shown::Shown;
use crate::view::UserView;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rollbook_domain::kernel::id::UserId;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::rejection::Rejection;
use rollbook_domain::permission::facts::Targets;
use rollbook_domain::user::command::UserCommand;
use rollbook_domain::user::rejection::UserRejection;
use rollbook_ledger::store::Credential;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(begin)).routes(routes!(confirm)).routes(routes!(remove))
}

/// A seed to take up into an app.
#[derive(Serialize, ToSchema)]
struct SeedView {
    /// The seed in base 32, to be typed in; shown once.
    secret: String,
    /// The same as an `otpauth` address, to be shown as a QR code.
    url: String,
    /// Until when it can be confirmed.
    expires_at: String,
}

/// A code of the moment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CodeBody {
    /// Six digits, as the app shows them now.
    code: String,
}

/// A code, if one takes away one's own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RemoveBody {
    /// Six digits or a recovery code: one's own is taken away by it alone; not for another's.
    code: Option<String>,
}

/// Begin to set up one's own two-factor sign-in: a seed for an app, shown this once. Nothing changes until it is confirmed.
#[utoipa::path(
    post, path = "/users/{id}/two-factor", tag = "users",
    params(("id" = String, Path, description = "One's own id or login")),
    responses(
        (status = 200, description = "The seed", body = SeedView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_for_others`, `api_key_cannot`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`two_factor_set`", body = Problem),
    ),
    extensions(("x-permission" = json!("session"))),
)]
async fn begin(State(app): State<App>, caller: Caller, id: Id) -> Result<Json<SeedView>, Problem> {
    let user = oneself(&app, &caller, &id)?;
    let organization = caller.organization();
    let me = caller.me(&organization)?;
    if me.two_factor.is_some() {
        return Err(Rejection::from(UserRejection::TwoFactorSet).into());
    }
    let (store, now) = (app.deployment().store(), app.deployment().clock().now());
    let id = organization.id.to_string();
    for old in begun(&app, &caller).await? {
        store.delete_credential(&id, &old.id).await?;
    }
    let begun = second::begun(user, now)?;
    store.put_credential(&id, &begun).await?;
    Ok(Json(SeedView {
        url: totp::url(&begun.secret_hash, &organization.name, me.login.text())?,
        expires_at: rollbook_domain::kernel::moment::Moment(begun.expires_at_us.unwrap_or_default())
            .to_string(),
        secret: begun.secret_hash,
    }))
}

/// Confirm the seed that one began with by a code of the app: from now on a sign-in takes one. Ten recovery codes are shown this once.
#[utoipa::path(
    post, path = "/users/{id}/two-factor/confirm", tag = "users", request_body = CodeBody,
    params(("id" = String, Path, description = "One's own id or login")),
    responses(
        (status = 201, description = "`{\"recovery_codes\",\"user\"}`; `recovery_codes` is null when a retry is answered", body = Object),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_for_others`, `api_key_cannot`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`two_factor_set`, `two_factor_not_begun`", body = Problem),
        (status = 412, description = "`precondition_failed`", body = Problem),
        (status = 422, description = "`invalid`: the code is wrong; `reason_required`", body = Problem),
    ),
    extensions(("x-permission" = json!("session"))),
)]
async fn confirm(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    id: Id,
    body: Body<CodeBody>,
) -> Result<Response, Problem> {
    let user = oneself(&app, &caller, &id)?;
    let now = app.deployment().clock().now();
    let lives = |begun: &Credential| begun.expires_at_us.is_some_and(|until| until > now.micros());
    let Some(begun) = begun(&app, &caller).await?.into_iter().find(lives) else {
        let detail =
            "nothing was begun that can be confirmed; ask for a seed first, and confirm it within 15 minutes";
        return Err(Problem::new(StatusCode::CONFLICT, "two_factor_not_begun", detail));
    };
    let Some(step) = totp::step(&begun.secret_hash, &body.value.code, now)? else {
        return Err(wrong_code());
    };
    let set_up = second::confirmed(begun, step, now)?;
    let (seed, recovery_codes) = (set_up.seed, set_up.recovery_codes);
    let command = Command::User(UserCommand::SetTwoFactor { user, seed, recovery_codes });
    let mutation = Mutation::new(&app, &caller, &meta).about(user.subject());
    let mutation = mutation.shows(Shown::TwoFactor(user.subject())).credentials(set_up.stored);
    match mutation.run(command).await? {
        Done::Changed(changed) => changed.respond_with(&caller, Some(&set_up.shown.join(" "))),
        other => other.respond(&caller),
    }
}

/// Take two-factor sign-in away: one's own by a code, unless the organization demands it; another's with `users.password`, whose sessions end.
#[utoipa::path(
    post, path = "/users/{id}/two-factor/remove", tag = "users", request_body = RemoveBody,
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 200, description = "The user as it is now", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`, `gives_more_than_held`, `api_key_cannot`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`no_two_factor`, `two_factor_demanded`", body = Problem),
        (status = 422, description = "`invalid`: the code is wrong", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.password"))),
)]
async fn remove(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    id: Id,
    body: Body<RemoveBody>,
) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    let organization = caller.organization();
    if user == caller.user {
        by_a_code(&app, &caller, &id, body.value.code).await?;
    } else {
        caller.need(&app, &organization, "users.password", &Targets::of(subject))?;
    }
    let mutation = Mutation::new(&app, &caller, &meta).about(subject);
    mutation.run(Command::User(UserCommand::RemoveTwoFactor(user))).await?.respond(&caller)
}

/// A wrong code counts as a failed sign-in does.
async fn by_a_code(app: &App, caller: &Caller, id: &Id, code: Option<String>) -> Result<(), Problem> {
    oneself(app, caller, id)?;
    let organization = caller.organization();
    let me = caller.me(&organization)?;
    let Some(two_factor) = &me.two_factor else {
        return Err(Rejection::from(UserRejection::NoTwoFactor).into());
    };
    if organization.demands_two_factor(me) {
        return Err(Rejection::from(UserRejection::TwoFactorDemanded).into());
    }
    let Some(code) = code else {
        return Err(Problem::field("/code", "required", "give a code of your app, or a recovery code"));
    };
    let (guess, turn) = (Guess::by_caller(app, caller), app.passwords().turn().await?);
    match guess.code(two_factor, &code, &turn).await? {
        Some(_) => guess.forgiven().await,
        None => Err(wrong_code()),
    }
}

/// The user of a path, who must be the caller in a session.
fn oneself(app: &App, caller: &Caller, id: &Id) -> Result<UserId, Problem> {
    let (user, _) = find(caller, id)?;
    if user != caller.user {
        let detail = "everybody sets up their own two-factor sign-in; an administrator may only take it away";
        let problem = Problem::new(StatusCode::FORBIDDEN, "not_for_others", detail);
        return Err(caller.denied(app, &caller.organization(), problem));
    }
    if caller.session.is_none() {
        let detail = "an API key or token cannot change its user's two-factor sign-in; sign in";
        return Err(Problem::new(StatusCode::FORBIDDEN, "api_key_cannot", detail));
    }
    Ok(user)
}

/// What the caller began with, whether it can still be confirmed or not.
async fn begun(app: &App, caller: &Caller) -> Result<Vec<Credential>, Problem> {
    let (organization, user) = (caller.open.writer.id().to_string(), caller.user.to_string());
    let mut rows = app.deployment().store().credentials_of(&organization, &user).await?;
    rows.retain(|row| row.kind == second::BEGUN);
    Ok(rows)
}

fn wrong_code() -> Problem {
    Problem::field("/code", "wrong_code", "is not a code that is right now, or was used before")
}

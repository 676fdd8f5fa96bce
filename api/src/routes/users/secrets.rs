//! A user's secrets: password and API key.

use super::bodies::new_password;
use super::find;
use crate::app::App;
use crate::auth::guess::Guess;
use crate::auth::{api_key, random};
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta};
use crate::routes::mutation::{Done, Mutation};
use crate::routes::shown::Shown;
use crate::view::UserView;
use axum::extract::State;
use axum::response::Response;
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::CredentialId;
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::UserCommand;
use rollbook_ledger::store::{Credential, CredentialChange};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(password)).routes(routes!(create_key, revoke_key))
}

/// A password to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordBody {
    /// One's own old password; not for another's.
    old: Option<String>,
    /// The new password, 8 to 128 characters.
    new: String,
}

/// Set a password: one's own with the old one, another's with `users.password`. Every other session of that user ends.
#[utoipa::path(
    put, path = "/users/{id}/password", tag = "users", request_body = PasswordBody,
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 200, description = "The user as it is now", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`, `api_key_cannot`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`status_forbids`", body = Problem),
        (status = 422, description = "`invalid`: the old password is wrong or the new one not acceptable", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.password"))),
)]
async fn password(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    id: Id,
    body: Body<PasswordBody>,
) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    let by_oneself = user == caller.user;
    if by_oneself && matches!(caller.actor, Actor::ApiKey { .. }) {
        let detail = "an API key cannot change its user's password; sign in";
        return Err(Problem::new(axum::http::StatusCode::FORBIDDEN, "api_key_cannot", detail));
    }
    let PasswordBody { old, new } = body.value;
    if by_oneself {
        right_old_password(&app, &caller, old).await?;
    }
    let (credential, put) = new_password(&app, "/new", new, by_oneself, meta.dry_run).await?;
    let command = Command::User(UserCommand::SetPassword(user, credential));
    let mutation = Mutation::new(&app, &caller, &meta).about(subject).shows(Shown::Password(subject));
    mutation.credentials(vec![put]).run(command).await?.respond(&caller)
}

async fn right_old_password(app: &App, caller: &Caller, old: Option<String>) -> Result<(), Problem> {
    let Some(old) = old else {
        return Err(Problem::field("/old", "required", "give your old password to set a new one"));
    };
    let stored = caller.organization().user(caller.user).and_then(|user| user.password);
    let guess = Guess::by_caller(app, caller);
    if !guess.is_right(old, stored).await? {
        return Err(Problem::field("/old", "wrong_password", "is not your password"));
    }
    guess.forgiven().await
}

/// Make an API key for a user; the one before it stops working. Its text is shown this once.
#[utoipa::path(
    post, path = "/users/{id}/api-key", tag = "users",
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 201, description = "`{\"api_key\",\"user\"}`; `api_key` is null when a retry is answered", body = Object),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`status_forbids`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.api_key"))),
)]
async fn create_key(State(app): State<App>, caller: Caller, meta: Meta, id: Id) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    let organization = caller.organization();
    let credential = CredentialId(uuid::Builder::from_random_bytes(random()?).into_uuid());
    let (text, secret_hash) = api_key::new_key(organization.id, credential)?;
    let put = CredentialChange::Put(Credential {
        id: credential.to_string(),
        user_id: user.to_string(),
        kind: "api_key".to_owned(),
        secret_hash,
        created_at_us: app.deployment().clock().now().micros(),
        expires_at_us: None,
        meta: "{}".to_owned(),
    });
    let command = Command::User(UserCommand::CreateApiKey(user, credential));
    let mutation = Mutation::new(&app, &caller, &meta).about(subject).shows(Shown::ApiKey(subject));
    match mutation.credentials(vec![put]).run(command).await? {
        Done::Changed(changed) => changed.respond_with(&caller, Some(&text)),
        other => other.respond(&caller),
    }
}

/// Revoke a user's API key.
#[utoipa::path(
    delete, path = "/users/{id}/api-key", tag = "users",
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 200, description = "The user as it is now", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`no_api_key`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.api_key"))),
)]
async fn revoke_key(State(app): State<App>, caller: Caller, meta: Meta, id: Id) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    let command = Command::User(UserCommand::RevokeApiKey(user));
    Mutation::new(&app, &caller, &meta).about(subject).run(command).await?.respond(&caller)
}

//! A user's API key.

use super::find;
use crate::app::App;
use crate::auth::{api_key, random};
use crate::error::Problem;
use crate::extract::{Caller, Id, Meta};
use crate::routes::mutation::{Done, Mutation};
use crate::routes::shown::Shown;
use crate::view::UserView;
use axum::extract::State;
use axum::response::Response;
use rollbook_domain::kernel::id::CredentialId;
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::UserCommand;
use rollbook_ledger::store::{Credential, CredentialChange};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create_key, revoke_key))
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
    let before = organization.user(user).and_then(|user| user.api_key);
    let delete = before.map(|old| CredentialChange::Delete(old.to_string()));
    let command = Command::User(UserCommand::CreateApiKey(user, credential));
    let mutation = Mutation::new(&app, &caller, &meta).about(subject).shows(Shown::ApiKey(subject));
    match mutation.credentials(delete.into_iter().chain([put]).collect()).run(command).await? {
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
    let before = caller.organization().user(user).and_then(|user| user.api_key);
    let delete = before.map(|old| CredentialChange::Delete(old.to_string()));
    let command = Command::User(UserCommand::RevokeApiKey(user));
    let mutation = Mutation::new(&app, &caller, &meta).about(subject);
    mutation.credentials(delete.into_iter().collect()).run(command).await?.respond(&caller)
}

//! Named API tokens: programs that act with a user's rights, each under a name of its own (Voximplant Kit).
//!
//! The one API key of a user is in `users/secrets`.

use super::list::{self, Page};
use super::mutation::{Done, Mutation};
use super::refer::{self, Names};
use super::shown::Shown;
use crate::app::{self, App};
use crate::auth::{api_key, random};
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta, MinPosition, Params};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use rollbook_domain::kernel::id::{CredentialId, Kind, UserId};
use rollbook_domain::kernel::text::folded;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::organization::tokens::OwnedToken;
use rollbook_domain::permission::facts::Targets;
use rollbook_domain::user::command::UserCommand;
use rollbook_ledger::store::{Credential, CredentialChange};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_tokens, create)).routes(routes!(revoke))
}

/// A token, without its text.
#[derive(Serialize, ToSchema)]
struct TokenView {
    /// Never reused; the initiator of what it does: `token:<id>`.
    id: Uuid,
    /// Unique among the tokens that are not revoked.
    name: String,
    /// Id of the user on whose rights it acts.
    user: Uuid,
    /// When it was made.
    created_at: String,
    /// Whether it lets nobody in any more.
    revoked: bool,
}

fn view(owned: OwnedToken<'_>) -> TokenView {
    TokenView {
        id: owned.id.0,
        name: owned.token.name.clone(),
        user: owned.user.id.uuid(),
        created_at: owned.token.created_at.to_string(),
        revoked: owned.token.revoked,
    }
}

/// A token as the answer to a change shows it; with its text where one is to be shown, null to a retry.
pub(super) fn shown(
    organization: &Organization,
    user: UserId,
    id: CredentialId,
    text: Option<Option<&str>>,
) -> Result<Value, Problem> {
    let owned = organization.token_of(user, id).ok_or_else(|| Problem::not_found("token"))?;
    let mut body = serde_json::to_value(view(owned)).map_err(|error| Problem::internal(&error))?;
    if let (Some(text), Some(members)) = (text, body.as_object_mut()) {
        members.insert("token".to_owned(), json!(text));
    }
    Ok(body)
}

/// One's own tokens, and those of users over whom one holds `users.api_key`, whatever their rank.
fn knows(caller: &Caller, organization: &Organization, owned: &OwnedToken<'_>) -> bool {
    let user = owned.user.id;
    user == caller.user || caller.may(organization, "users.api_key", &Targets::of(user.subject()))
}

/// The API tokens that are not revoked, by name: one's own, and those of users over whom one holds `users.api_key`.
#[utoipa::path(
    get, path = "/api-tokens", tag = "tokens",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of tokens, without their texts", body = Page<TokenView>),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem),
    ),
    extensions(("x-permission" = json!("session"))),
)]
async fn list_tokens(
    caller: Caller,
    min: MinPosition,
    mut params: Params,
) -> Result<Json<Page<TokenView>>, Problem> {
    let organization = app::at_least(&caller.open, min.0).await?;
    let limit = params.limit()?;
    let after = list::after(params.take("cursor"))?;
    params.done()?;
    let known =
        organization.tokens_after(after.as_deref()).filter(|owned| knows(&caller, &organization, owned));
    let key = |owned: &OwnedToken<'_>| folded(&owned.token.name);
    Ok(Json(list::page(known, limit, key, view)))
}

/// A token to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// What it is called wherever its acts are told; unique among the tokens that are not revoked.
    name: String,
    /// Id or login of the user on whose rights it acts; oneself if left out.
    user: Option<String>,
}

/// Make a named API token that acts with a user's rights: one's own, or those of whoever's API key one may set. Its text is shown this once.
#[utoipa::path(
    post, path = "/api-tokens", tag = "tokens", request_body = NewToken,
    responses(
        (status = 201, description = "`{\"token\",\"id\",\"name\",\"user\",\"created_at\",\"revoked\"}`; `token` is null when a retry is answered", body = Object),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`, `gives_more_than_held`", body = Problem),
        (status = 409, description = "`name_taken`, `status_forbids`", body = Problem),
        (status = 422, description = "`invalid`, `reason_required`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.api_key"))),
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    body: Body<NewToken>,
) -> Result<Response, Problem> {
    let NewToken { name, user } = body.value;
    let organization = caller.organization();
    // Before it is known whether there is anybody of that name.
    caller.need(&app, &organization, "users.api_key", &Targets::default())?;
    let user = match user {
        None => caller.user,
        Some(user) => UserId(refer::find(&Names::of(&caller, &organization)?, Kind::User, "/user", &user)?),
    };
    let credential = CredentialId(uuid::Builder::from_random_bytes(random()?).into_uuid());
    let (text, secret_hash) = api_key::new_key(organization.id, credential)?;
    let put = CredentialChange::Put(Credential {
        id: credential.to_string(),
        user_id: user.to_string(),
        kind: "api_token".to_owned(),
        secret_hash,
        created_at_us: app.deployment().clock().now().micros(),
        expires_at_us: None,
        meta: "{}".to_owned(),
    });
    let command = Command::User(UserCommand::CreateToken { user, credential, name });
    let mutation = Mutation::new(&app, &caller, &meta).shows(Shown::Token(user, credential));
    let mutation = mutation.credentials(vec![put]);
    match mutation.run(command).await? {
        Done::Changed(changed) => changed.respond_with(&caller, Some(&text)),
        other => other.respond(&caller),
    }
}

/// Revoke an API token: it lets nobody in from then on.
#[utoipa::path(
    delete, path = "/api-tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "Id or name of a token that is not revoked")),
    responses(
        (status = 200, description = "The token, revoked", body = TokenView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 412, description = "`precondition_failed`", body = Problem),
        (status = 422, description = "`invalid`, `reason_required`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.api_key"))),
)]
async fn revoke(State(app): State<App>, caller: Caller, meta: Meta, id: Id) -> Result<Response, Problem> {
    let organization = caller.organization();
    let found = organization.token(&id.0).filter(|owned| knows(&caller, &organization, owned));
    let owned = found.ok_or_else(|| Problem::not_found("token"))?;
    let (user, token) = (owned.user.id, owned.id);
    let delete = CredentialChange::Delete(token.to_string());
    let mutation = Mutation::new(&app, &caller, &meta).about(user.subject());
    let mutation = mutation.shows(Shown::RevokedToken(user, token)).credentials(vec![delete]);
    mutation.run(Command::User(UserCommand::RevokeToken(user, token))).await?.respond(&caller)
}

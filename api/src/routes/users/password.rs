//! Setting a password: one's own with the old one, another's by right. Which sessions end by it is in `ending`.

use super::bodies::new_password;
use super::find;
use crate::app::App;
use crate::auth::guess::Guess;
use crate::auth::kept::Kept;
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta};
use crate::routes::mutation::Mutation;
use crate::routes::shown::Shown;
use crate::view::UserView;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rollbook_domain::kernel::id::CredentialId;
use rollbook_domain::organization::command::Command;
use rollbook_domain::permission::facts::Targets;
use rollbook_domain::user::command::UserCommand;
use rollbook_domain::user::password::{NewPassword, own_takes};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(password))
}

/// A password to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordBody {
    /// One's own old password; not for another's.
    old: Option<String>,
    /// The new password, 8 to 128 characters; under the security suite as it wants them.
    new: String,
}

/// Set a password: one's own with the old one, also when it has expired; another's with `users.password`. Every other session of that user ends.
#[utoipa::path(
    put, path = "/users/{id}/password", tag = "users", request_body = PasswordBody,
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 200, description = "The user as it is now", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`, `api_key_cannot`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`status_forbids`, `password_moved`", body = Problem),
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
    let organization = caller.organization();
    let by_oneself = user == caller.user;
    if by_oneself && caller.session.is_none() {
        let detail = "an API key or token cannot change its user's password; sign in";
        return Err(Problem::new(StatusCode::FORBIDDEN, "api_key_cannot", detail));
    }
    let own_takes = || {
        let (me, at) = (caller.me(&organization)?, caller.at(&organization));
        Ok::<_, Problem>(own_takes(&organization, me, at))
    };
    if let Some(permission) = if by_oneself { own_takes()? } else { None } {
        caller.need(&app, &organization, permission, &Targets::of(organization.id.subject()))?;
    }
    if !by_oneself {
        // Before anything is hashed or compared, which is slow on purpose.
        caller.need(&app, &organization, "users.password", &Targets::of(subject))?;
    }
    let PasswordBody { old, new } = body.value;
    let kept = Kept::of(app.deployment().store(), &organization, user).await?;
    if by_oneself {
        right_old_password(&app, &caller, kept.current(), old).await?;
    }
    let (stored, put) = new_password(&app, "/new", new.clone(), Some(user), by_oneself, meta.dry_run).await?;
    // Who may reset a password may not try out what it is, so a dry run of that compares nothing.
    let compared =
        if by_oneself || !meta.dry_run { Some(kept.compare(app.passwords(), &new).await?) } else { None };
    let credentials = kept.replaced().into_iter().chain([put]).collect();
    let command = Command::User(UserCommand::SetPassword(user, NewPassword { compared, ..stored }));
    let mutation = Mutation::new(&app, &caller, &meta).about(subject).shows(Shown::Password(subject));
    mutation.credentials(credentials).run(command).await?.respond(&caller)
}

async fn right_old_password(
    app: &App,
    caller: &Caller,
    stored: Option<CredentialId>,
    old: Option<String>,
) -> Result<(), Problem> {
    let Some(old) = old else {
        return Err(Problem::field("/old", "required", "give your old password to set a new one"));
    };
    let guess = Guess::by_caller(app, caller);
    if guess.is_right(old, stored).await?.is_none() {
        return Err(Problem::field("/old", "wrong_password", "is not your password"));
    }
    guess.forgiven().await
}

//! A user's picture: set, shown, taken away. Its bytes are kept beside the ledger, which names them.

use super::find;
use crate::app::{self, App};
use crate::error::Problem;
use crate::extract::{Caller, Id, Meta, MinPosition, Picture, Sent};
use crate::routes::ending::to_the_end;
use crate::routes::mutation::{Done, Mutation};
use crate::view::UserView;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rollbook_domain::kernel::id::{Kind, UserId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::permission::facts::Targets;
use rollbook_domain::user::command::UserCommand;
use rollbook_ledger::store::Picture as Kept;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read, set, remove))
}

/// A user's picture. `ETag` is its SHA-256; with `If-None-Match` it is sent only if it is another.
#[utoipa::path(
    get, path = "/users/{id}/avatar", tag = "users",
    params(
        ("id" = String, Path, description = "User id or login"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the picture one has"),
    ),
    responses(
        (status = 200, description = "The picture", content_type = "image/*", body = Vec<u8>),
        (status = 304, description = "One has it already"),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 404, description = "`not_found`: no such user, no picture, or it is not kept any more", body = Problem),
    ),
    extensions(("x-permission" = json!("users.view"))),
)]
async fn read(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    id: Id,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = app::at_least(&caller.open, min.0).await?;
    let subject = id.find(&now, Kind::User)?;
    caller.sees(&now, subject)?;
    let none = || Problem::not_found("picture");
    let avatar = now.user(UserId(subject.id)).and_then(|user| user.picture()).ok_or_else(none)?;
    let tag = format!("\"{}\"", hex(&avatar.sha256));
    let cached = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    let has = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if has.is_some_and(|has| has.split(',').any(|one| one.trim() == tag)) {
        return Ok((StatusCode::NOT_MODIFIED, cached).into_response());
    }
    let (organization, user) = (now.id.to_string(), subject.id.to_string());
    let kept = app.deployment().store().picture(&organization, &user, &avatar.sha256).await?;
    let kept = kept.ok_or_else(none)?;
    Ok((cached, [(header::CONTENT_TYPE, avatar.media.word())], kept.bytes).into_response())
}

/// Set a user's picture: a PNG or JPEG of at most 8 MiB as the body. What it is says its content, not its content type.
#[utoipa::path(
    put, path = "/users/{id}/avatar", tag = "users",
    request_body(content = Vec<u8>, content_type = "image/*", description = "PNG or JPEG"),
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 200, description = "The user as it is now", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`not_offered`, `status_forbids`", body = Problem),
        (status = 413, description = "`body_too_large`: more than 8 MiB", body = Problem),
        (status = 415, description = "`not_a_picture`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.edit"))),
)]
async fn set(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    id: Id,
    sent: Sent,
) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    caller.need(&app, &caller.organization(), "users.edit", &Targets::default())?;
    let picture = sent.picture()?;
    let command = Command::User(UserCommand::SetAvatar(user, Some(picture.avatar.clone())));
    let done = Mutation::new(&app, &caller, &meta).about(subject).run(command).await?;
    // After the event: what is stored of nobody's picture would be of use to nobody. Who finds no picture sends it again.
    let is_shown = match &done {
        Done::Changed(_) => true,
        Done::Again(_) => shows(&caller, user, &picture),
        Done::Dry(_) => false,
    };
    if is_shown {
        to_the_end(keep(app.clone(), caller.clone(), user, picture)).await?;
    }
    done.respond(&caller)
}

/// Take a user's picture away.
#[utoipa::path(
    delete, path = "/users/{id}/avatar", tag = "users",
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 200, description = "The user as it is now", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`status_forbids`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.edit"))),
)]
async fn remove(State(app): State<App>, caller: Caller, meta: Meta, id: Id) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    let command = Command::User(UserCommand::SetAvatar(user, None));
    Mutation::new(&app, &caller, &meta).about(subject).run(command).await?.respond(&caller)
}

fn shows(caller: &Caller, user: UserId, picture: &Picture) -> bool {
    let shown = caller.organization().user(user).and_then(|user| user.picture());
    shown.as_ref() == Some(&picture.avatar)
}

/// Keeps the bytes, unless the person was erased meanwhile, in whichever process.
async fn keep(app: App, caller: Caller, user: UserId, picture: Picture) -> Result<(), Problem> {
    let store = app.deployment().store();
    let (organization, person) = (caller.organization().id.to_string(), user.to_string());
    let Picture { avatar, bytes } = picture;
    let kept =
        Kept { sha256: avatar.sha256, media_type: avatar.media.word().to_owned(), bytes: bytes.to_vec() };
    let now = app.deployment().clock().now().micros();
    store.put_picture(&organization, &person, &kept, now).await?;
    caller.open.writer.catch_up().await?;
    if caller.organization().user(user).is_none_or(|user| user.erased) {
        store.delete_pictures_of(&organization, &person).await?;
    }
    Ok(())
}

fn hex(sha256: &[u8; 32]) -> String {
    sha256.iter().map(|byte| format!("{byte:02x}")).collect()
}

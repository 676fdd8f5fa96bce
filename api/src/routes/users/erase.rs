//! Erasing a user's personal data: what happened stays provable, who it was does not.

use super::find;
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta};
use crate::routes::ending;
use crate::routes::mutation::{Done, Mutation};
use crate::routes::retry;
use crate::routes::shown::Shown;
use crate::view::UserView;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rollbook_domain::kernel::id::{Kind, Subject, UserId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::UserCommand;
use rollbook_ledger::erase;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(erase_user))
}

/// What to erase.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EraseBody {
    /// Also the address, user agent and reasons of what the user did; not unless said.
    #[serde(default)]
    authored: bool,
}

/// Erase an archived user's personal data for good. A retry finishes what was cut off.
///
/// The reason given with it is kept as that user's and goes with the rest; a ticket stays. The agent whose code is the
/// login is archived and erased with it, by the rights to that.
#[utoipa::path(
    post, path = "/users/{id}/erase", tag = "users", request_body = EraseBody,
    params(("id" = String, Path, description = "User id or login; after erasing only the id")),
    responses(
        (status = 200, description = "The user, whose personal values read `[erased]`", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`not_archived`; `update_protected`, `delete_protected`: their agent is; `erased`: earlier, without what they authored", body = Problem),
        (status = 412, description = "`precondition_failed`", body = Problem),
        (status = 422, description = "`invalid`, `reason_required`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.erase"))),
)]
async fn erase_user(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    id: Id,
    body: Body<EraseBody>,
) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    let authored = body.value.authored;
    // What the ledger says is gone must go, whoever waits for it.
    ending::to_the_end(async move {
        let command = Command::User(UserCommand::RequestErasure { user, authored });
        let mutation = Mutation::new(&app, &caller, &meta).about(subject).shows(Shown::Erasure(subject));
        let mut changed = match mutation.run(command).await? {
            Done::Changed(changed) => changed,
            other => return other.respond(&caller),
        };
        changed.position = erased_at(&app, &caller, subject, changed.position).await?;
        changed.organization = retry::at(&app, &caller, changed.position).await?;
        let whole = changed.organization.user(user).is_some_and(|user| user.erased_authored || !authored);
        if !whole {
            let detail = "this user was erased before, without what they authored, which stays";
            return Err(Problem::new(StatusCode::CONFLICT, "erased", detail));
        }
        changed.respond(&caller)
    })
    .await
}

/// Finishes the erasure of a user or agent that was asked for at or before `position`. Where it was confirmed: that is when the values
/// were gone.
pub(in crate::routes) async fn erased_at(
    app: &App,
    caller: &Caller,
    person: Subject,
    position: u64,
) -> Result<u64, Problem> {
    let (store, clock) = (app.deployment().store(), app.deployment().clock());
    if person.kind == Kind::Agent {
        erase::agents::finish(store, clock, &caller.open).await?;
    } else {
        erase::finish(store, clock, &caller.open, UserId(person.id)).await?;
    }
    let confirmed = erase::confirmed(store, caller.open.writer.id(), person, position).await?;
    Ok(confirmed.unwrap_or(position))
}

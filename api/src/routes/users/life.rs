//! Block, unblock, activate, archive and restore a user.

use super::find;
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Caller, Id, Meta};
use crate::routes::mutation::Mutation;
use crate::view::UserView;
use axum::extract::State;
use axum::response::Response;
use rollbook_domain::kernel::id::UserId;
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::UserCommand;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(block))
        .routes(routes!(unblock))
        .routes(routes!(activate))
        .routes(routes!(archive))
        .routes(routes!(restore))
}

async fn run(
    app: &App,
    caller: &Caller,
    meta: &Meta,
    id: &Id,
    command: fn(UserId) -> UserCommand,
) -> Result<Response, Problem> {
    let (user, subject) = find(caller, id)?;
    Mutation::new(app, caller, meta).about(subject).run(Command::User(command(user))).await?.respond(caller)
}

macro_rules! life {
    ($name:ident, $path:literal, $permission:literal, $command:path, $doc:literal) => {
        #[doc = $doc]
        #[utoipa::path(
            post, path = $path, tag = "users",
            params(("id" = String, Path, description = "User id or login")),
            responses(
                (status = 200, description = "The user as it is now", body = UserView),
                (status = 401, description = "`unauthenticated`", body = Problem),
                (status = 403, description = "`permission_missing`, `rank_too_low`", body = Problem),
                (status = 404, description = "`not_found`", body = Problem),
                (status = 409, description = "`status_forbids`, `last_owner`, `protected`, `update_protected`, `erased`, `profile_required`", body = Problem),
                (status = 422, description = "`reason_required`", body = Problem),
            ),
            extensions(("x-permission" = json!($permission))),
        )]
        async fn $name(State(app): State<App>, caller: Caller, meta: Meta, id: Id) -> Result<Response, Problem> {
            run(&app, &caller, &meta, &id, $command).await
        }
    };
}

life!(
    block,
    "/users/{id}/block",
    "users.block",
    UserCommand::Block,
    "Bar a user; every session ends at once."
);
life!(
    unblock,
    "/users/{id}/unblock",
    "users.block",
    UserCommand::Unblock,
    "Let in again a user who is blocked, or locked out after failed sign-ins."
);
life!(activate, "/users/{id}/activate", "users.block", UserCommand::Activate, "Make an invited user active.");
life!(archive, "/users/{id}/archive", "users.archive", UserCommand::Archive, "Archive, as DELETE does.");
life!(
    restore,
    "/users/{id}/restore",
    "users.archive",
    UserCommand::Restore,
    "Bring a user back from the archive."
);

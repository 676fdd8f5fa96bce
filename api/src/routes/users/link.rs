//! A link that somebody makes for a user to set a password by: a forced reset, or an invitation. Nobody but the user
//! learns the password; the link itself is mailed, or answered once to who asked where it cannot be.

use super::find;
use crate::app::App;
use crate::auth::kept::Kept;
use crate::auth::link::{self, Drawn, Purpose};
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta};
use crate::routes::mutation::{Done, Mutation};
use crate::routes::shown::Shown;
use axum::extract::State;
use axum::response::Response;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::Targets;
use rollbook_domain::user::command::{NewUser, UserCommand};
use rollbook_domain::user::link::{Link, made_until};
use rollbook_domain::user::state::Status;
use rollbook_ledger::store::CredentialChange;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(make_link))
}

/// How the link gets to the user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LinkBody {
    /// Whether it is mailed where it can be; true unless said. Else it is answered, to be handed over.
    #[serde(default = "yes")]
    mail: bool,
}

fn yes() -> bool {
    true
}

/// Make a link by which a user sets a password; until it is used nobody signs in as them. It is mailed, or else answered this once.
#[utoipa::path(
    post, path = "/users/{id}/password-link", tag = "users", request_body = LinkBody,
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 201, description = "`{\"link\",\"expires_at\",\"user\"}`; `link` is null when it was mailed, or a retry is answered", body = Object),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`, `own_access`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`status_forbids`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.password"))),
)]
async fn make_link(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    id: Id,
    body: Body<LinkBody>,
) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    let organization = caller.organization();
    caller.need(&app, &organization, "users.password", &Targets::of(subject))?;
    let state = organization.user(user);
    let is_invited = state.is_some_and(|user| user.status.value == Status::Invited);
    let purpose = if is_invited { Purpose::Invitation } else { Purpose::Reset };
    let (link, drawn) = draw(&app, &organization, purpose)?;
    let has_address = state.is_some_and(|user| user.email.is_some());
    let mails = body.value.mail && has_address && app.options().mailer.is_some();
    let kept = Kept::of(app.deployment().store(), &organization, user).await?;
    let credentials = kept.replaced().into_iter().chain(drawn.stored(mails)).collect();
    let mutation = Mutation::new(&app, &caller, &meta).about(subject).shows(Shown::Link(subject));
    let command = Command::User(UserCommand::MakePasswordLink(user, link));
    let done = mutation.credentials(credentials).run(command).await?;
    app.mail_waits();
    match done {
        Done::Changed(changed) if !mails => {
            let address = link::address(app.options().public_url.as_deref(), &drawn.secret);
            changed.respond_with(&caller, Some(&address))
        }
        other => other.respond(&caller),
    }
}

fn draw(app: &App, organization: &Organization, purpose: Purpose) -> Result<(Link, Drawn), Problem> {
    let now = app.deployment().clock().now().max(organization.at);
    let until = made_until(&organization.settings, now);
    let (credential, drawn) = Drawn::made(organization.id, purpose, (now, until))?;
    Ok((Link { credential, until }, drawn))
}

/// What adds a user. Who gets no password is invited by mail to set one, where there is a mail server and an address.
pub(super) fn adding(
    app: &App,
    organization: &Organization,
    new: NewUser,
) -> Result<(UserCommand, Vec<CredentialChange>), Problem> {
    if new.password.is_some() || new.email.is_none() || app.options().mailer.is_none() {
        return Ok((UserCommand::Create(new), Vec::new()));
    }
    let (link, drawn) = draw(app, organization, Purpose::Invitation)?;
    Ok((UserCommand::Invite(new, link), drawn.stored(true).collect()))
}

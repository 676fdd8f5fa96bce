//! Links to set a password by: asking for one, and using one. Neither asks who one is.

use super::ending;
use super::users::new_password;
use crate::app::App;
use crate::auth::kept::Kept;
use crate::auth::link::{self, Held};
use crate::auth::{forgotten, secret::Secret};
use crate::error::Problem;
use crate::extract::{Body, Client, now_context};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rollbook_domain::kernel::context::{Actor, Context};
use rollbook_domain::kernel::id::UserId;
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::UserCommand;
use rollbook_domain::user::password::NewPassword;
use rollbook_domain::user::rejection::UserRejection;
use rollbook_ledger::activity::{Act, ActivityOutcome, LINK_REFUSED, LINK_USED};
use rollbook_ledger::deployment::Open;
use rollbook_ledger::writer::{LoadError, Submission};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ask)).routes(routes!(set))
}

/// Whose password was forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Forgotten {
    /// The organization's name.
    organization: String,
    /// Login or e-mail address.
    login: String,
}

/// What is said to everybody who asks.
#[derive(Serialize, ToSchema)]
struct AskedView {
    /// For a person.
    detail: &'static str,
}

/// Ask for a link to set a password that was forgotten. The same answer whether or not there is such a user.
#[utoipa::path(
    post, path = "/password-links", tag = "password-links", request_body = Forgotten,
    responses(
        (status = 202, description = "Heard. Who is active and has an e-mail address is sent a link", body = AskedView),
        (status = 429, description = "`too_many_attempts` from this network address", body = Problem),
    ),
    extensions(("x-permission" = json!("none"))),
)]
async fn ask(
    State(app): State<App>,
    client: Client,
    body: Body<Forgotten>,
) -> Result<(StatusCode, Json<AskedView>), Problem> {
    let Forgotten { organization, login } = body.value;
    forgotten::asked(&app, client, organization, login).await?;
    let detail = "if there is such an account with an e-mail address, a link to set a new password is on its way to it";
    Ok((StatusCode::ACCEPTED, Json(AskedView { detail })))
}

/// A link that is used.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Use {
    /// What follows `#` in the link.
    secret: String,
    /// The new password, 8 to 128 characters; under the security suite as it wants them.
    password: String,
}

/// Whose password was set.
#[derive(Serialize, ToSchema)]
struct SetView {
    /// The organization's name.
    organization: String,
    /// With which to sign in.
    login: String,
}

/// Set a password by a link, once. An invited user becomes active by it; every session of the user ends.
#[utoipa::path(
    post, path = "/password-links/use", tag = "password-links", request_body = Use,
    responses(
        (status = 200, description = "The password is set", body = SetView),
        (status = 409, description = "`link_invalid`, `link_expired`", body = Problem),
        (status = 422, description = "`invalid`: the new password is not acceptable; the link can be used still", body = Problem),
    ),
    extensions(("x-permission" = json!("none"))),
)]
async fn set(State(app): State<App>, client: Client, body: Body<Use>) -> Result<Json<SetView>, Problem> {
    let Use { secret, password } = body.value;
    let Some(secret) = link::parse(&secret) else { return Err(refused(UserRejection::LinkInvalid)) };
    let open = match app.open(secret.organization).await {
        Ok(open) => open,
        Err(LoadError::Absent) => return Err(refused(UserRejection::LinkInvalid)),
        Err(error) => return Err(error.into()),
    };
    let using = Using { app, client, open };
    ending::to_the_end(async move { using.run(&secret, password).await }).await.map(Json)
}

fn refused(rejection: UserRejection) -> Problem {
    rollbook_domain::organization::rejection::Rejection::from(rejection).into()
}

struct Using {
    app: App,
    client: Client,
    open: Open,
}

impl Using {
    async fn run(self, secret: &Secret, password: String) -> Result<SetView, Problem> {
        let store = self.app.deployment().store();
        let held = Held::find(store, secret).await?;
        let Some(held) = held else { return Err(self.note_refused(None, UserRejection::LinkInvalid)?) };
        if held.until <= self.app.deployment().clock().now() {
            return Err(self.note_refused(Some(held.user), UserRejection::LinkExpired)?);
        }
        // Another process may have made the link just now.
        self.open.writer.catch_up().await?;
        let organization = self.open.writer.published().organization.clone();
        let kept = Kept::of(store, &organization, held.user).await?;
        // Whoever used it before this state was read took it away; whoever does later sets another password than this one.
        if Held::find(store, secret).await?.is_none() {
            return Err(self.note_refused(Some(held.user), UserRejection::LinkInvalid)?);
        }
        let (stored, put) =
            new_password(&self.app, "/password", password.clone(), Some(held.user), true, false).await?;
        let compared = Some(kept.compare(self.app.passwords(), &password).await?);
        let new = NewPassword { compared, ..stored };
        let command = UserCommand::SetByLink { user: held.user, made: held.made, new };
        let submission = Submission {
            context: self.context(&held)?,
            command: Command::User(command),
            idempotency: None,
            credentials: kept.replaced().into_iter().chain([put]).collect(),
            only_at: None,
        };
        match self.open.writer.submit(submission).await.map_err(Problem::from) {
            Ok(_) => {}
            Err(problem) if problem.code == "link_invalid" => {
                return Err(self.note_refused(Some(held.user), UserRejection::LinkInvalid)?);
            }
            Err(problem) => return Err(problem),
        }
        self.done(&held).await
    }

    async fn done(&self, held: &Held) -> Result<SetView, Problem> {
        let (store, user) = (self.app.deployment().store(), held.user.to_string());
        let organization = self.open.writer.published().organization.clone();
        store.delete_sessions_of(&organization.id.to_string(), &user).await?;
        let detail = BTreeMap::from([("purpose".to_owned(), held.purpose.word().to_owned())]);
        self.note(Some(held.user), (LINK_USED, ActivityOutcome::Ok), detail)?;
        let login = organization.user(held.user).map(|user| user.login.text().to_owned());
        Ok(SetView { organization: organization.name.clone(), login: login.unwrap_or_default() })
    }

    fn context(&self, held: &Held) -> Result<Context, Problem> {
        let context = now_context(&self.app, Actor::User(held.user), &self.client)?;
        Ok(Context { cause: Some(held.purpose.word().to_owned()), ..context })
    }

    fn note_refused(&self, user: Option<UserId>, rejection: UserRejection) -> Result<Problem, Problem> {
        let problem = refused(rejection);
        let detail = BTreeMap::from([("code".to_owned(), problem.code.clone())]);
        self.note(user, (LINK_REFUSED, ActivityOutcome::Refused), detail)?;
        Ok(problem)
    }

    fn note(
        &self,
        user: Option<UserId>,
        (action, outcome): (&'static str, ActivityOutcome),
        detail: BTreeMap<String, String>,
    ) -> Result<(), Problem> {
        let published = self.open.writer.published();
        let state = &published.organization;
        let role = user.and_then(|user| state.role_of(state.user(user)?));
        self.open.activity.note(Act {
            context: now_context(&self.app, user.map_or(Actor::System, Actor::User), &self.client)?,
            actor_role: role.map(|role| role.name.clone()),
            action,
            outcome,
            subject: user.map(UserId::subject),
            judged_at: state.position,
            detail,
        });
        Ok(())
    }
}

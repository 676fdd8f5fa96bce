//! Users: reading them, adding them, changing each part of them.

mod access;
mod avatar;
mod bodies;
mod elements;
mod erase;
mod export;
mod life;
mod link;
mod password;
mod secrets;
mod two_factor;

pub(super) use bodies::new_password;
pub(super) use erase::erased_at;

use super::list::{self, Page};
use super::mutation::{Mutation, tag};
use super::past;
use super::place;
use super::refer::Names;
use super::sort::{Cell, Sort};
use crate::app::{self, App};
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta, MinPosition, Params};
use crate::view::{self, UserView};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bodies::{EditUser, NewUser};
use rollbook_domain::kernel::id::{Kind, RoleId, Subject, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::kernel::personal::Personal;
use rollbook_domain::kernel::text::folded;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::organization::visible;
use rollbook_domain::permission::facts::Targets;
use rollbook_domain::role::state::Role;
use rollbook_domain::user::command::UserCommand;
use rollbook_domain::user::state::User;
use rollbook_replay::as_of::At;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_users, create))
        .merge(export::router())
        .routes(routes!(read, edit, archive))
        .merge(life::router())
        .merge(access::router())
        .merge(avatar::router())
        .merge(elements::router())
        .merge(password::router())
        .merge(link::router())
        .merge(secrets::router())
        .merge(two_factor::router())
        .merge(erase::router())
}

/// Users the caller may see, by login or as `sort` says. Filters: `q` (part of login, name or e-mail), `role`, `status`,
/// `profile`.
#[utoipa::path(
    get, path = "/users", tag = "users",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("q" = Option<String>, Query, description = "Part of login, name or e-mail address"),
        ("role" = Option<String>, Query, description = "Role id or name"),
        ("status" = Option<String>, Query, description = "`invited`, `active`, `blocked` or `archived`"),
        ("profile" = Option<String>, Query, description = "Profile id or name"),
        ("sort" = Option<String>, Query, description = "Up to 4 of `login`, `name`, `email`, `role` (its name), `status`, `created` and `changed` (the last change), with commas between and `-` before what is descending"),
    ),
    responses(
        (status = 200, description = "A page of users", body = Page<UserView>),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.view"))),
)]
async fn list_users(
    caller: Caller,
    min: MinPosition,
    mut params: Params,
) -> Result<Json<Page<UserView>>, Problem> {
    let organization = app::at_least(&caller.open, min.0).await?;
    let me = caller.me(&organization)?;
    let (limit, cursor) = (params.limit()?, params.take("cursor"));
    let sort = Sort::take(&mut params, &SORTED_BY)?;
    let filter = Filter::take(&mut params, &Names::of(&caller, &organization)?)?;
    params.done()?;
    let (at, eyes) = (caller.at(&organization), caller.eyes(&organization));
    let sees = |user: &&User| visible::sees(&organization, me, user.id.subject(), at);
    let view = |user: &User| view::user(&organization, user, eyes);
    let Some(sort) = sort else {
        let after = place::login(cursor, &organization, |user| sees(&user))?;
        let seen =
            organization.users_after(after.as_deref()).filter(|user| filter.matches(user)).filter(sees);
        return Ok(Json(list::page(seen, limit, |user| place::of_user(user), view)));
    };
    let matching = organization.users_after(None).filter(|user| filter.matches(user));
    let roles = RoleNames::of(&organization, |role| visible::sees(&organization, me, role.subject(), at));
    let cell = |user: &&User, field: &str| roles.cell(user, field);
    let find = |id| organization.user(UserId(id));
    sort.page(matching, find, cell, (limit, cursor), |user| sees(user), view).map(Json)
}

/// What users are sorted by.
const SORTED_BY: [&str; 7] = ["login", "name", "email", "role", "status", "created", "changed"];

/// The names of the roles by which users are sorted; of a role that may not be seen its id.
struct RoleNames(HashMap<RoleId, String>);

impl RoleNames {
    fn of(organization: &Organization, sees: impl Fn(RoleId) -> bool) -> Self {
        let name = |(id, role): (&RoleId, &Arc<Role>)| {
            (*id, if sees(*id) { folded(&role.name) } else { id.to_string() })
        };
        Self(organization.roles.iter().map(name).collect())
    }

    fn cell(&self, user: &User, field: &str) -> Cell {
        let text = |text: &Personal| folded(text.text());
        Cell::Text(match field {
            "name" => text(&user.name),
            "email" => user.email.as_ref().map(text).unwrap_or_default(),
            "role" => self.0.get(&user.role.value).cloned().unwrap_or_default(),
            "status" => user.status.value.word().to_owned(),
            "created" => return Cell::Number(user.record.created.position),
            "changed" => return Cell::Number(user.record.updated.position),
            _ => text(&user.login),
        })
    }
}

struct Filter {
    q: Option<String>,
    role: Option<uuid::Uuid>,
    status: Option<String>,
    profile: Option<uuid::Uuid>,
}

impl Filter {
    fn take(params: &mut Params, names: &Names<'_>) -> Result<Self, Problem> {
        let mut named = |name: &str, kind: Kind| match params.take(name) {
            None => Ok(None),
            Some(text) => names
                .find(kind, &text)
                .map(Some)
                .ok_or_else(|| Problem::field(name, "not_found", "there is nothing of this name")),
        };
        let (role, profile) = (named("role", Kind::Role)?, named("profile", Kind::Profile)?);
        let status = params.take("status");
        if status.as_deref().is_some_and(|s| !matches!(s, "invited" | "active" | "blocked" | "archived")) {
            let detail = "is `invited`, `active`, `blocked` or `archived`";
            return Err(Problem::field("status", "unknown_word", detail));
        }
        Ok(Self { q: params.take("q").map(|q| folded(&q)), role, status, profile })
    }

    fn matches(&self, user: &User) -> bool {
        let texts = [Some(&user.login), Some(&user.name), user.email.as_ref()];
        let has = |q: &String| texts.iter().flatten().any(|text| folded(text.text()).contains(q.as_str()));
        self.q.as_ref().is_none_or(has)
            && self.role.is_none_or(|role| user.role.value == RoleId(role))
            && self.status.as_deref().is_none_or(|status| user.status.value.word() == status)
            && self.profile.is_none_or(|profile| user.profile.value.is_some_and(|own| own.uuid() == profile))
    }
}

/// Add a user. `status` is `active` unless `invited` is asked for; without a password nobody signs in until one is set, by a link that is mailed where it can be.
#[utoipa::path(
    post, path = "/users", tag = "users", request_body = NewUser,
    responses(
        (status = 201, description = "Added", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`, `gives_more_than_held`", body = Problem),
        (status = 409, description = "`login_taken`, `email_taken`, `extension_taken`, `profile_required`, `required_key`, `key_needs_another`, `not_offered`", body = Problem),
        (status = 422, description = "`invalid`, `reason_required`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.create"))),
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    body: Body<NewUser>,
) -> Result<Response, Problem> {
    let organization = caller.organization();
    caller.need(&app, &organization, "users.create", &Targets::default())?;
    let names = Names::of(&caller, &organization)?;
    let (new, mut credentials) = body.value.resolve(&app, &names, meta.dry_run).await?;
    let (command, invitation) = link::adding(&app, &organization, new)?;
    credentials.extend(invitation);
    let mutation = Mutation::new(&app, &caller, &meta).credentials(credentials);
    let done = mutation.run(Command::User(command)).await?;
    app.mail_waits();
    done.respond(&caller)
}

/// One user, now or `at` a position or time.
#[utoipa::path(
    get, path = "/users/{id}", tag = "users",
    params(
        ("id" = String, Path, description = "User id or login"),
        ("at" = Option<String>, Query, description = "Position, or RFC 3339 time"),
    ),
    responses(
        (status = 200, description = "The user", body = UserRead),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 422, description = "`at_in_future`, `invalid`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.view"))),
)]
async fn read(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    id: Id,
    mut params: Params,
) -> Result<Response, Problem> {
    let at: Option<At> = params.take_as("at")?;
    params.done()?;
    let now = past::newest(&caller, min, at).await?;
    let subject = id.find(&now, Kind::User)?;
    if at.is_some() {
        return super::read::seen_at(&app, &caller, &now, subject, at).await;
    }
    caller.sees(&now, subject)?;
    let user = now.user(UserId(subject.id)).ok_or_else(|| Problem::not_found("user"))?;
    let (organization, person) = (now.id.to_string(), user.id.to_string());
    let logons = app.deployment().store().logons(&organization, &person).await?;
    let shown = UserRead {
        user: view::user(&now, user, caller.eyes(&now)),
        last_logon: logons.map(|logons| Moment(logons.last_at_us).to_string()),
        logons: logons.map_or(0, |logons| logons.count),
    };
    let mut response = Json(shown).into_response();
    tag(&mut response, &now, subject);
    Ok(response)
}

/// A user, and how they signed in so far: that is no part of what they were at another time.
#[derive(Serialize, ToSchema)]
struct UserRead {
    #[serde(flatten)]
    user: UserView,
    /// When they signed in last, if they ever did; not told of another time.
    last_logon: Option<String>,
    /// How often they signed in; not told of another time.
    logons: u64,
}

/// Replace the named fields.
#[utoipa::path(
    patch, path = "/users/{id}", tag = "users", request_body = EditUser,
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 200, description = "The user as it is now", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`login_taken`, `login_fixed`, `email_taken`, `extension_taken`, `status_forbids`", body = Problem),
        (status = 412, description = "`precondition_failed`", body = Problem),
        (status = 422, description = "`invalid`, `reason_required`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.edit"))),
)]
async fn edit(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    id: Id,
    body: Body<EditUser>,
) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    let mutation = Mutation::new(&app, &caller, &meta).about(subject);
    mutation.run(Command::User(UserCommand::Edit(user, body.value.into()))).await?.respond(&caller)
}

/// Archive: the user leaves every group and queue and can be restored.
#[utoipa::path(
    delete, path = "/users/{id}", tag = "users",
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 200, description = "The archived user", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`last_owner`, `protected`; `update_protected`: an agent they supervise is", body = Problem),
    ),
    extensions(("x-permission" = json!("users.archive"))),
)]
async fn archive(State(app): State<App>, caller: Caller, meta: Meta, id: Id) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    let mutation = Mutation::new(&app, &caller, &meta).about(subject);
    mutation.run(Command::User(UserCommand::Archive(user))).await?.respond(&caller)
}

/// The user that a path names.
pub(super) fn find(caller: &Caller, id: &Id) -> Result<(UserId, Subject), Problem> {
    let organization = caller.organization();
    let subject = id.find(&organization, Kind::User)?;
    caller.sees(&organization, subject)?;
    Ok((UserId(subject.id), subject))
}

//! What a user may: role, profile, custom profile, keys; and several users at once.

use super::bodies::with_details;
use super::find;
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta};
use crate::routes::entities::{given, grants};
use crate::routes::key_words::KeyWords;
use crate::routes::mutation::Mutation;
use crate::routes::refer::{self, Names};
use crate::routes::shown::Shown;
use crate::view::UserView;
use axum::extract::State;
use axum::response::Response;
use rollbook_domain::kernel::id::{Kind, ProfileId, RoleId, UserId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::permission::facts::Targets;
use rollbook_domain::permission::grant::Grant;
use rollbook_domain::user::command::{UserCommand, UserEdit};
use rollbook_domain::user::window::LoginWindow;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Most users one bulk request may name.
const BULK_MAX: usize = 1_000;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(role))
        .routes(routes!(profile))
        .routes(routes!(custom_profile))
        .routes(routes!(keys))
        .routes(routes!(bulk))
        .routes(routes!(login_window))
}

/// The role to give.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleBody {
    /// Role id or name.
    role: String,
}

/// Give a user another role.
#[utoipa::path(
    put, path = "/users/{id}/role", tag = "users", request_body = RoleBody,
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 200, description = "The user as it is now", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`, `gives_more_than_held`, `own_access`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`last_owner`, `protected`, `status_forbids`, `profile_required`, `required_key`, `key_needs_another`", body = Problem),
        (status = 422, description = "`invalid`, `reason_required`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.role"))),
)]
async fn role(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    id: Id,
    body: Body<RoleBody>,
) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    let organization = caller.organization();
    caller.need(&app, &organization, "users.role", &Targets::default())?;
    let names = Names::beside(&caller, &organization, subject)?;
    let role = refer::find(&names, Kind::Role, "/role", &body.value.role)?;
    let command = Command::User(UserCommand::AssignRole(user, RoleId(role)));
    Mutation::new(&app, &caller, &meta).about(subject).run(command).await?.respond(&caller)
}

/// The profile to give; null takes it away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProfileBody {
    /// Profile id or name, or null.
    profile: Option<String>,
}

/// Give a user a profile, or take it away.
#[utoipa::path(
    put, path = "/users/{id}/profile", tag = "users", request_body = ProfileBody,
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 200, description = "The user as it is now", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`, `gives_more_than_held`, `own_access`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`profile_and_custom_profile`, `profile_required`, `not_offered`, `status_forbids`", body = Problem),
        (status = 422, description = "`invalid`, `reason_required`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.profile"))),
)]
async fn profile(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    id: Id,
    body: Body<ProfileBody>,
) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    let organization = caller.organization();
    caller.need(&app, &organization, "users.profile", &Targets::default())?;
    let names = Names::beside(&caller, &organization, subject)?;
    let profile = refer::find_maybe(&names, Kind::Profile, "/profile", body.value.profile.as_deref())?;
    let command = Command::User(UserCommand::AssignProfile(user, profile.map(ProfileId)));
    Mutation::new(&app, &caller, &meta).about(subject).run(command).await?.respond(&caller)
}

/// Grants on one user alone; null takes them away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CustomProfileBody {
    /// The grants, or null.
    #[schema(value_type = Option<Vec<Object>>)]
    grants: Option<Vec<Grant>>,
}

/// Give a user grants of their own, instead of a profile.
#[utoipa::path(
    put, path = "/users/{id}/custom-profile", tag = "users", request_body = CustomProfileBody,
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 200, description = "The user as it is now", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`, `gives_more_than_held`, `own_access`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`profile_and_custom_profile`, `not_offered`, `status_forbids`", body = Problem),
        (status = 422, description = "`invalid`, `reason_required`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.profile"))),
)]
async fn custom_profile(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    id: Id,
    body: Body<CustomProfileBody>,
) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    let organization = caller.organization();
    caller.need(&app, &organization, "users.profile", &Targets::default())?;
    let grants = grants(&organization, body.value.grants)?;
    let command = Command::User(UserCommand::SetCustomProfile(user, grants));
    Mutation::new(&app, &caller, &meta).about(subject).run(command).await?.respond(&caller)
}

/// When a user may sign in and act; null for any time.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginWindowBody {
    /// `{"from"?,"until"?,"hours"?:{"time_zone","week":[{"day","from","until"}]}}`, or null.
    #[schema(value_type = Option<Object>)]
    login_window: Option<LoginWindow>,
}

/// Say when a user may sign in and act: between two moments, in certain hours of the week, or at any time.
#[utoipa::path(
    put, path = "/users/{id}/login-window", tag = "users", request_body = LoginWindowBody,
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 200, description = "The user as it is now", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`, `own_access`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`last_owner`, `status_forbids`", body = Problem),
        (status = 422, description = "`invalid`, `reason_required`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.block"))),
)]
async fn login_window(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    id: Id,
    body: Body<LoginWindowBody>,
) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    let command = Command::User(UserCommand::SetLoginWindow(user, body.value.login_window));
    Mutation::new(&app, &caller, &meta).about(subject).run(command).await?.respond(&caller)
}

/// Own keys; members left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeysBody {
    /// Keys by name or id, a minus before what is taken away: a list, or one text (`A B -C`).
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    keys: Option<KeyWords>,
    /// Passes every lock and key-guarded function: for testing only.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    masterkey: Option<bool>,
    /// Every module, action and element.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    superuser: Option<bool>,
}

/// Replace a user's own keys, set masterkey or superuser.
#[utoipa::path(
    put, path = "/users/{id}/keys", tag = "users", request_body = KeysBody,
    params(("id" = String, Path, description = "User id or login")),
    responses(
        (status = 200, description = "The user as it is now", body = UserView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`, `rank_too_low`, `gives_more_than_held`, `own_access`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`required_key`, `key_needs_another`, `not_offered`, `status_forbids`", body = Problem),
        (status = 422, description = "`invalid`, `reason_required`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.keys"))),
)]
async fn keys(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    id: Id,
    body: Body<KeysBody>,
) -> Result<Response, Problem> {
    let (user, subject) = find(&caller, &id)?;
    let KeysBody { keys, masterkey, superuser } = body.value;
    let organization = caller.organization();
    caller.need(&app, &organization, "users.keys", &Targets::default())?;
    let names = Names::beside(&caller, &organization, subject)?;
    let keys = keys.map(|keys| keys.entries(&names, "/keys")).transpose()?;
    let commands = [
        keys.map(|keys| UserCommand::SetKeys(user, keys)),
        masterkey.map(|to| UserCommand::SetMasterkey(user, to)),
        superuser.map(|to| UserCommand::SetSuperuser(user, to)),
    ];
    let command = Command::Many(commands.into_iter().flatten().map(Command::User).collect());
    Mutation::new(&app, &caller, &meta).about(subject).run(command).await?.respond(&caller)
}

/// Several users and what to set on each of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BulkBody {
    /// User ids or logins; at most 1,000.
    ids: Vec<String>,
    /// What to set; members left out stay as they are.
    set: BulkSet,
}

with_details! {
/// What to set on each user.
struct BulkSet {
    /// Role id or name.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    role: Option<String>,
    /// Profile id or name; null takes it away.
    #[serde(default, deserialize_with = "super::bodies::present")]
    #[schema(value_type = Option<String>)]
    profile: Option<Option<String>>,
    /// Keys by name or id, replacing the own ones: a list, or one text (`A B -C`).
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    keys: Option<KeyWords>,
    /// `active`, `blocked` or `archived`.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    status: Option<String>,
}
}

/// Set the same on several users, all or nothing, in one batch that can be undone as a whole.
#[utoipa::path(
    post, path = "/users/bulk", tag = "users", request_body = BulkBody,
    responses(
        (status = 200, description = "`{\"batch\",\"items\"}`", body = Object),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "As each single change", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "As each single change", body = Problem),
        (status = 422, description = "`invalid`, `reason_required`, `too_large`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.edit"))),
)]
async fn bulk(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    body: Body<BulkBody>,
) -> Result<Response, Problem> {
    let organization = caller.organization();
    let BulkBody { ids, set } = &body.value;
    if ids.is_empty() || ids.len() > BULK_MAX {
        return Err(Problem::field("/ids", "out_of_range", "names 1 to 1,000 users"));
    }
    for permission in set.permissions() {
        caller.need(&app, &organization, permission, &Targets::default())?;
    }
    let names = Names::of(&caller, &organization)?;
    let ids = refer::find_all(&names, Kind::User, "/ids", ids)?;
    let mut commands = Vec::new();
    for id in &ids {
        commands.extend(set.commands(&names, UserId(*id))?.into_iter().map(Command::User));
    }
    let shown = Shown::Users(ids.into_iter().map(UserId).collect());
    let mutation = Mutation::new(&app, &caller, &meta).shows(shown);
    mutation.run(Command::Many(commands)).await?.respond(&caller)
}

impl BulkSet {
    /// What is asked for at all: whoever may do none of it learns nothing of what its references mean.
    fn permissions(&self) -> impl Iterator<Item = &'static str> {
        let status = self.status.as_deref().map(|status| match status {
            "archived" => "users.archive",
            _ => "users.block",
        });
        let role = self.role.as_ref().map(|_| "users.role");
        let profile = self.profile.as_ref().map(|_| "users.profile");
        let keys = self.keys.as_ref().map(|_| "users.keys");
        let details = (!self.details().is_empty()).then_some("users.edit");
        [role, profile, keys, status, details].into_iter().flatten()
    }

    fn commands(&self, names: &Names<'_>, user: UserId) -> Result<Vec<UserCommand>, Problem> {
        let mut commands = Vec::new();
        if let Some(role) = &self.role {
            let role = refer::find(names, Kind::Role, "/set/role", role)?;
            commands.push(UserCommand::AssignRole(user, RoleId(role)));
        }
        if let Some(profile) = &self.profile {
            let profile = refer::find_maybe(names, Kind::Profile, "/set/profile", profile.as_deref())?;
            commands.push(UserCommand::AssignProfile(user, profile.map(ProfileId)));
        }
        if let Some(keys) = &self.keys {
            commands.push(UserCommand::SetKeys(user, keys.entries(names, "/set/keys")?));
        }
        let details = self.details();
        if !details.is_empty() {
            commands.push(UserCommand::Edit(user, UserEdit { details, ..UserEdit::default() }));
        }
        match self.status.as_deref() {
            None => {}
            Some("active") => commands.push(UserCommand::Unblock(user)),
            Some("blocked") => commands.push(UserCommand::Block(user)),
            Some("archived") => commands.push(UserCommand::Archive(user)),
            Some(_) => {
                let detail = "is `active`, `blocked` or `archived`";
                return Err(Problem::field("/set/status", "unknown_word", detail));
            }
        }
        Ok(commands)
    }
}

//! The organization's settings: reading and changing them.

use super::mutation::{Mutation, tag};
use super::past;
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Body, Caller, Meta, MinPosition, Params};
use crate::view::{self, SettingsView};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use rollbook_domain::kernel::id::{Kind, Subject};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::kernel::rejection::FieldError;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::{Facts, Target, Targets};
use rollbook_domain::permission::resolve::{self, Question};
use rollbook_domain::settings::command::SettingsCommand;
use rollbook_domain::settings::state::{Setting, SettingValue};
use rollbook_domain::user::state::User;
use rollbook_replay::as_of::At;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read, edit))
}

fn subject(organization: &Organization) -> Subject {
    Subject { kind: Kind::Settings, id: organization.id.uuid() }
}

/// The settings the caller may see, each with the value that holds, its default included.
#[utoipa::path(
    get, path = "/settings", tag = "settings",
    params(
        ("at" = Option<String>, Query, description = "Position, or RFC 3339 time"),
        ("Rollbook-Min-Position" = Option<u64>, Header, description = "What the answer must have seen"),
    ),
    responses(
        (status = 200, description = "The settings", body = SettingsView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 404, description = "`not_found`: there were none at that time", body = Problem),
        (status = 422, description = "`at_in_future`, `invalid`", body = Problem),
        (status = 503, description = "`not_yet`", body = Problem),
    ),
    extensions(("x-permission" = json!("settings.view"))),
)]
async fn read(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    mut params: Params,
) -> Result<Response, Problem> {
    let at: Option<At> = params.take_as("at")?;
    params.done()?;
    let organization = past::newest(&caller, min, at).await?;
    let me = caller.me(&organization)?;
    let asked = caller.at(&organization);
    let is_seen = |setting: &str| sees(&organization, me, setting, asked);
    if !view::settings(&organization).settings.keys().any(|setting| is_seen(setting)) {
        return Err(caller.denied(&app, &organization, Problem::permission_missing("settings.view")));
    }
    let then = past::state(&app, &organization, at, "at").await?.organization;
    // Before its founding an organization had no settings.
    if then.position == 0 {
        return Err(Problem::not_found("settings"));
    }
    let mut shown = view::settings(&then);
    shown.settings.retain(|setting, _| is_seen(setting));
    let mut response = Json(shown).into_response();
    tag(&mut response, &then, subject(&then));
    if at.is_some() {
        caller.reads(&app, &organization, "past state", Some(subject(&organization)));
    }
    Ok(response)
}

/// A grant may be limited to sections, and each setting is a section of its own.
pub(super) fn sees(organization: &Organization, who: &User, setting: &str, at: Moment) -> bool {
    let targets = Targets::of(Target::Entity(subject(organization)));
    let facts = Facts { section: Some(setting.into()), ..Facts::default() };
    let permission = "settings.view";
    resolve::allowed(
        organization,
        &Question { who, permission, targets: &targets, facts: &facts, at, as_if_active: false },
    )
}

/// Set the named settings; the others stay as they are.
#[utoipa::path(
    patch, path = "/settings", tag = "settings",
    request_body(content = Object, description = "Values by the names that GET shows"),
    params(("force" = Option<bool>, Query, description = "Set them even if you are let in no more then")),
    responses(
        (status = 200, description = "The settings as they are now", body = SettingsView),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 404, description = "`not_found`: none of them may be seen", body = Problem),
        (status = 412, description = "`precondition_failed`", body = Problem),
        (status = 422, description = "`invalid`, `reason_required`", body = Problem),
    ),
    extensions(("x-permission" = json!("settings.edit"))),
)]
async fn edit(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    mut params: Params,
    body: Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    let is_forced: bool = params.take_as("force")?.unwrap_or_default();
    params.done()?;
    let values = values("", body.value)?;
    let command = if is_forced { SettingsCommand::Force(values) } else { SettingsCommand::Set(values) };
    let about = subject(&caller.organization());
    let mutation = Mutation::new(&app, &caller, &meta).about(about);
    mutation.run(Command::Settings(command)).await?.respond(&caller)
}

/// The settings that `who` may see, as JSON.
pub(super) fn seen(organization: &Organization, who: &User, at: Moment) -> Result<Value, Problem> {
    let mut shown = view::settings(organization);
    shown.settings.retain(|setting, _| sees(organization, who, setting, at));
    serde_json::to_value(shown).map_err(|error| Problem::internal(&error))
}

/// Settings by name, as a body writes them; every member that is wrong is named.
pub(super) fn values(
    pointer: &str,
    members: Map<String, Value>,
) -> Result<BTreeMap<Setting, SettingValue>, Problem> {
    let (mut values, mut errors) = (BTreeMap::new(), Vec::new());
    for (name, value) in members {
        let at = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
        match (name.parse::<Setting>(), serde_json::from_value::<SettingValue>(value)) {
            (Ok(setting), Ok(value)) => {
                values.insert(setting, value);
            }
            (Ok(setting), Err(_)) => {
                let detail = format!("must be {}", setting.wanted());
                errors.push(FieldError::new(&at, "not_acceptable", &detail));
            }
            (Err(_), _) => errors.push(FieldError::new(
                &at,
                "no_such_setting",
                "there is no such setting; GET /api/v1/settings lists them",
            )),
        }
    }
    if errors.is_empty() { Ok(values) } else { Err(Problem::invalid(errors)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(json: Value) -> Result<BTreeMap<Setting, SettingValue>, Vec<(String, String)>> {
        let Value::Object(members) = json else { panic!("an object") };
        let pairs = |error: &FieldError| (error.pointer.clone(), error.code.clone());
        values("/settings", members).map_err(|problem| problem.errors.iter().map(pairs).collect())
    }

    #[test]
    fn settings_are_read_by_name() {
        let read = read(json!({ "session_hours": 8, "outbound_calls": false })).unwrap();
        assert_eq!(read.get(&Setting::SessionHours), Some(&SettingValue::Number(8)));
        assert_eq!(read.get(&Setting::OutboundCalls), Some(&SettingValue::Flag(false)));
    }

    #[test]
    fn every_wrong_member_is_named_at_its_place() {
        let wrong = read(json!({ "a/b": 1, "session_hours": null, "outbound_calls": true }));
        let expected = [("/settings/a~1b", "no_such_setting"), ("/settings/session_hours", "not_acceptable")];
        let expected = expected.map(|(at, code)| (at.to_owned(), code.to_owned()));
        assert_eq!(wrong.expect_err("refused"), expected);
    }
}

//! The filters of the activity log, out of a query string.

use crate::error::Problem;
use crate::extract::Params;
use rollbook_domain::kernel::id::{Kind, RoleId};
use rollbook_domain::organization::state::Organization;
use rollbook_projections::activity_log::{Filter, SubjectFilter, Who};
use uuid::Uuid;

/// Which rows; every filter that is given must hold.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `take` reads, since it answers problems that name the parameter")]
pub(super) struct Filters {
    /// A user's id or login; `user:`, `api_key:` or `token:` and an id, `token:` also and its name; `operator`; `system`
    actor: Option<String>,
    /// What the action begins with: `user.`, `user.role_assigned`
    action: Option<String>,
    /// The name of the actor's role then, or a role's id
    role: Option<String>,
    /// `kind:id`, or a kind alone
    subject: Option<String>,
    /// `ok`, `refused` or `failed`
    outcome: Option<String>,
    /// How it came in: `api`, `console`, `cli`, `rollback` …
    channel: Option<String>,
    /// The ticket, whole
    ticket: Option<String>,
    /// A batch's id
    batch: Option<String>,
    /// The address, whole
    ip: Option<String>,
    /// Words that all occur in the row
    text: Option<String>,
}

/// From when until when.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `take` reads, since it answers problems that name the parameter")]
pub(super) struct Span {
    /// At this RFC 3339 time or later
    from: Option<String>,
    /// Before this RFC 3339 time
    until: Option<String>,
}

/// Takes [`Filters`] and [`Span`] out of the parameters.
///
/// # Errors
/// 422 naming the parameter.
pub(super) fn take_with_span(params: &mut Params, now: &Organization) -> Result<Filter, Problem> {
    let (from, until) = (params.take_as("from")?, params.take_as("until")?);
    Ok(Filter { from, until, ..take(params, now)? })
}

/// Takes [`Filters`] out of the parameters.
///
/// # Errors
/// 422 naming the parameter.
pub(super) fn take(params: &mut Params, now: &Organization) -> Result<Filter, Problem> {
    Ok(Filter {
        from: None,
        until: None,
        actor: params.take("actor").map(|text| who(now, &text)).transpose()?,
        role: params.take("role").map(|text| role(now, text)),
        action: params.take("action"),
        subject: params.take("subject").map(|text| subject(now, &text)).transpose()?,
        outcome: params.take_as("outcome")?,
        ticket: params.take("ticket"),
        channel: params.take("channel"),
        ip: params.take("ip"),
        batch: params.take_as("batch")?,
        text: params.take("text"),
    })
}

/// A login means a user; an id that no user has is taken for an API key's.
fn who(now: &Organization, text: &str) -> Result<Who, Problem> {
    let bad = || {
        let detail =
            "is a user's id or login, `user:`, `api_key:` or `token:` and an id, `operator` or `system`";
        Problem::field("actor", "not_an_actor", detail)
    };
    let user = |text: &str| now.find(Kind::User, text).map(Who::User);
    match text.split_once(':') {
        Some(("user", login)) => user(login).ok_or_else(bad),
        Some(("api_key", id)) => Uuid::parse_str(id).map(Who::ApiKey).map_err(|_| bad()),
        Some(("token", name)) => {
            let by_id = Uuid::parse_str(name).ok();
            let found = by_id.or_else(|| now.token(name).map(|owned| owned.id.0));
            found.map(Who::Token).ok_or_else(bad)
        }
        None if text == "operator" => Ok(Who::Operator),
        None if text == "system" => Ok(Who::System),
        None | Some(_) => user(text).or_else(|| Uuid::parse_str(text).ok().map(Who::ApiKey)).ok_or_else(bad),
    }
}

/// Rows keep the name of then; an id stands for the name of now.
fn role(now: &Organization, text: String) -> String {
    let by_id = Uuid::parse_str(&text).ok().and_then(|id| now.roles.get(&RoleId(id)));
    by_id.map_or(text, |role| role.name.clone())
}

fn subject(now: &Organization, text: &str) -> Result<SubjectFilter, Problem> {
    let bad = |detail: &str| Problem::field("subject", "not_a_subject", detail);
    let (kind, id) = text.split_once(':').map_or((text, None), |(kind, id)| (kind, Some(id)));
    let kind: Kind = kind.parse().map_err(|_| bad("is `kind:id`, or a kind alone"))?;
    let found = |id: &str| now.find(kind, id).or_else(|| Uuid::parse_str(id).ok());
    let id = id.map(|id| found(id).ok_or_else(|| bad("there is nothing of this kind with this name")));
    Ok(SubjectFilter { kind, id: id.transpose()? })
}

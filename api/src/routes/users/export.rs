//! Users as a file that a spreadsheet opens and that an import reads again: who they are, never their passwords.
//!
//! Whom the caller may not see is not in it. That it was exported is durable before the first byte leaves.

use crate::app::{self, App};
use crate::error::Problem;
use crate::extract::{Caller, MinPosition, Params};
use crate::routes::activity::csv::push_row;
use crate::routes::refer::{self, Names};
use crate::view::Eyes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rollbook_domain::kernel::id::{Kind, Subject, UserId};
use rollbook_domain::kernel::product::Product;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::organization::visible;
use rollbook_domain::permission::facts::Targets;
use rollbook_domain::user::state::{Status, User};
use rollbook_replay::import::{UCONTACT_COLUMNS, XCALLY_COLUMNS};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Most users that one export may name.
const IDS_MAX: usize = 1_000;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(export_users))
}

/// Users as CSV in the columns of a product, by login, to be opened in a spreadsheet and imported again: those named by
/// `ids`, else all who are not archived. Cells that a spreadsheet would take for a formula begin with `'`. There are no
/// passwords in it. The export itself is recorded first.
#[utoipa::path(
    get, path = "/users/export", tag = "users",
    params(
        ("format" = String, Query, description = "`csv`"),
        ("as" = Option<String>, Query, description = "`ucontact` or `xcally`; else as the organization's catalog, `ucontact` for others"),
        ("ids" = Option<String>, Query, description = "User ids or logins, separated by commas; at most 1,000"),
    ),
    responses(
        (status = 200, description = "The file", content_type = "text/csv"),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem),
        (status = 503, description = "`not_yet`, or it could not be recorded", body = Problem),
    ),
    extensions(("x-permission" = json!("audit.export"))),
)]
async fn export_users(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    mut params: Params,
) -> Result<Response, Problem> {
    let now = app::at_least(&caller.open, min.0).await?;
    caller.need(&app, &now, "audit.export", &Targets::default())?;
    match params.take("format").as_deref() {
        Some("csv") => {}
        Some(_) => return Err(Problem::field("format", "unknown_word", "is `csv`")),
        None => return Err(Problem::field("format", "required", "is `csv`")),
    }
    let product = product(&mut params, &now)?;
    let ids = params.take("ids");
    params.done()?;
    let users = chosen(&caller, &now, ids.as_deref())?;
    let is_whole = ids.is_none();
    let mut file = String::new();
    push_row(&mut file, columns(product));
    for user in &users {
        let cells = cells(product, &now, user, caller.eyes(&now));
        push_row(&mut file, &cells.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let what = format!("{} users as CSV of {}", users.len(), product.name());
    let filters = if is_whole { String::new() } else { "ids".to_owned() };
    caller.open.activity.record(caller.exported(&app, &now, &what, filters)?).await?;
    let kind = "text/csv; charset=utf-8; header=present";
    let disposition = "attachment; filename=\"rollbook-users.csv\"";
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], file).into_response())
}

fn product(params: &mut Params, now: &Organization) -> Result<Product, Problem> {
    match params.take("as").as_deref() {
        Some("ucontact") => Ok(Product::Ucontact),
        Some("xcally") => Ok(Product::Xcally),
        Some(_) => Err(Problem::field("as", "unknown_word", "is `ucontact` or `xcally`")),
        None if now.catalog.name == Product::Xcally.word() => Ok(Product::Xcally),
        None => Ok(Product::Ucontact),
    }
}

fn chosen<'a>(caller: &Caller, now: &'a Organization, ids: Option<&str>) -> Result<Vec<&'a User>, Problem> {
    let me = caller.me(now)?;
    let Some(ids) = ids else {
        let at = caller.at(now);
        let here = now.users_after(None).filter(|user| user.status.value != Status::Archived);
        return Ok(here.filter(|user| visible::sees(now, me, user.id.subject(), at)).collect());
    };
    let ids: Vec<_> = ids.split(',').map(str::to_owned).collect();
    if ids.len() > IDS_MAX {
        return Err(Problem::field("ids", "out_of_range", "names 1 to 1,000 users"));
    }
    let found = refer::find_all(&Names::of(caller, now)?, Kind::User, "ids", &ids)?;
    for id in &found {
        caller.sees(now, Subject { kind: Kind::User, id: *id })?;
    }
    Ok(found.into_iter().filter_map(|id| now.user(UserId(id))).collect())
}

fn columns(product: Product) -> &'static [&'static str] {
    if product == Product::Xcally { &XCALLY_COLUMNS } else { &UCONTACT_COLUMNS }
}

fn cells(product: Product, now: &Organization, user: &User, eyes: Eyes<'_>) -> Vec<String> {
    let login = user.login.text().to_owned();
    let name = user.name.text().to_owned();
    let email = user.email.as_ref().map(|email| email.text().to_owned()).unwrap_or_default();
    // Whoever may not see a profile or role is told its id, as everywhere.
    let called = |subject: Subject| {
        let label = Some(()).filter(|()| eyes.see(subject)).and_then(|()| now.label(subject));
        label.unwrap_or_else(|| subject.id.to_string())
    };
    let profile = user.profile.value.map(|profile| called(profile.subject())).unwrap_or_default();
    if product == Product::Xcally {
        return vec![name, login, email, called(user.role.value.subject()), profile, String::new()];
    }
    let window = user.login_window.as_ref().map(|window| &window.value);
    let moment = |moment: Option<rollbook_domain::kernel::moment::Moment>| {
        moment.map(|moment| moment.to_string()).unwrap_or_default()
    };
    let (from, until) = (moment(window.and_then(|w| w.from)), moment(window.and_then(|w| w.until)));
    let zone = window.and_then(|window| window.hours.as_ref()).map(|hours| hours.time_zone.to_string());
    let none = String::new;
    vec![login, name, email, profile, from, until, zone.unwrap_or_default(), none(), none(), none()]
}

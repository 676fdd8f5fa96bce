//! Imports: a file of another product's users, carried out as a job, and how far it has come.

use super::list::{self, Page};
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Caller, Id, Meta, Params};
use crate::imports::{Importer, Job, State as JobState, View, run, view};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::StatusCode;
use rollbook_domain::kernel::context::{Channel, Context};
use rollbook_domain::kernel::product::Product;
use rollbook_domain::organization::rejection::Rejection;
use rollbook_domain::permission::facts::Targets;
use rollbook_domain::settings::state::ReasonRule;
use rollbook_replay::import::{self, FILE_BYTES_MAX, Found, Report};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// Where files are sent to.
pub(super) const PATH: &str = "/api/v1/imports";

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_imports, begin))
        .layer(DefaultBodyLimit::max(FILE_BYTES_MAX))
        .routes(routes!(read_import))
}

/// An import that has begun.
#[derive(Serialize, ToSchema)]
struct Begun {
    /// Its id, by which it is asked after and undone.
    id: Uuid,
    /// `waiting`.
    state: &'static str,
    /// How many rows the file has.
    rows: usize,
}

/// Import a file of another product: its users are added, or changed to what the file says; nothing is taken away
/// because a file does not name it. Each row is judged as if somebody had asked for it by hand. The file is read at
/// once, and carried out row by row after the answer.
#[utoipa::path(
    post, path = "/imports", tag = "imports",
    params(
        ("from" = String, Query, description = "`ucontact`, `xcally`, `queuemetrics` or `voximplant`"),
        ("dry_run" = Option<bool>, Query, description = "Whether to only say what would be, and write nothing"),
        ("role" = Option<String>, Query, description = "Role id or name of new users whose row names none; else the lowest"),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file, at most 50 MB"),
    responses(
        (status = 202, description = "Begun", body = Begun),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 413, description = "`body_too_large`", body = Problem),
        (status = 422, description = "`invalid`: also a file that cannot be read; `reason_required`", body = Problem),
        (status = 503, description = "`busy`: too many imports wait", body = Problem),
    ),
    extensions(("x-permission" = json!("users.create"))),
)]
async fn begin(
    State(app): State<App>,
    caller: Caller,
    meta: Meta,
    mut params: Params,
    request: Request,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    let now = caller.organization();
    caller.need(&app, &now, "users.create", &Targets::default())?;
    meta.matches_nothing()?;
    if meta.idempotency_key.is_some() {
        let detail = "an import needs none: the same file again adds nothing twice; send it without";
        return Err(Problem::field("Idempotency-Key", "not_here", detail));
    }
    let asked = Asked::take(&mut params, &meta)?;
    params.done()?;
    let importer = Importer::Caller(Box::new(caller.clone()));
    let role = importer.role(&now, asked.role.as_deref())?;
    if !asked.dry_run && now.settings.reason_rule() == ReasonRule::All && meta.reason.is_none() {
        return Err(Rejection::ReasonRequired.into());
    }
    let held = app.imports().hold()?;
    let bytes = file(request, &app).await?;
    let product = asked.from;
    let found = super::past::aside(move || import::read(product, &bytes)).await?;
    let found = found.map_err(|error| Problem::field("file", error.code, &error.detail))?;
    let id = uuid::Builder::from_random_bytes(crate::auth::random()?).into_uuid();
    let context = caller.context(&app, &meta)?;
    let context = Context { channel: Channel::Import(product), cause: Some(id.to_string()), ..context };
    let deployment = app.deployment();
    let job = Job {
        id,
        product,
        store: deployment.store().clone(),
        open: caller.open.clone(),
        clock: deployment.clock().clone(),
        passwords: app.passwords().clone(),
        context,
        importer,
        role,
        dry_run: asked.dry_run,
        created: deployment.clock().now(),
    };
    let rows = found.rows.len();
    let waiting = Report::of(rows, found.notes.clone());
    job.keep(JobState::Waiting, &waiting).await?;
    job.store.forget_imports(&job.open.writer.id().to_string()).await?;
    tokio::spawn(async move {
        carried_out(app, job, found, waiting).await;
        drop(held);
    });
    Ok((StatusCode::ACCEPTED, Json(Begun { id, state: JobState::Waiting.word(), rows })))
}

/// What a request asks for.
struct Asked {
    from: Product,
    dry_run: bool,
    role: Option<String>,
}

impl Asked {
    fn take(params: &mut Params, meta: &Meta) -> Result<Self, Problem> {
        let from = params.take_as("from")?;
        let needed = || Problem::field("from", "required", "say which product the file comes from");
        let dry_run = match params.take("dry_run").as_deref() {
            None | Some("false") => meta.dry_run,
            Some("true") => true,
            Some(_) => return Err(Problem::field("dry_run", "unknown_word", "is `true` or `false`")),
        };
        Ok(Self { from: from.ok_or_else(needed)?, dry_run, role: params.take("role") })
    }
}

async fn file(request: Request, app: &App) -> Result<Bytes, Problem> {
    Bytes::from_request(request, app).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = "a file has at most 50 MB; split it";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
        }
        _ => {
            Problem::new(StatusCode::BAD_REQUEST, "body_unreadable", "the body could not be read to its end")
        }
    })
}

async fn carried_out(app: App, job: Job, found: Found, mut waiting: Report) {
    match job.beating(app.imports().turn()).await {
        Ok(turn) => {
            run(&job, found, |_| !app.is_closing()).await;
            drop(turn);
        }
        Err(problem) => {
            waiting.stopped = Some(import::Stopped { code: problem.code, detail: problem.detail });
            if let Err(error) = job.keep(JobState::Interrupted, &waiting).await {
                tracing::error!(%error, import = %job.id, "an import did not begin, and this could not be written down");
            }
        }
    }
}

/// The last 200 imports, newest first.
#[utoipa::path(
    get, path = "/imports", tag = "imports",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of imports", body = Page<View>),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.create"))),
)]
async fn list_imports(
    State(app): State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Json<Page<View>>, Problem> {
    let now = caller.organization();
    caller.need(&app, &now, "users.create", &Targets::default())?;
    let limit = params.limit()?;
    let after = list::after(params.take("cursor"))?;
    params.done()?;
    let after = after.as_deref().and_then(|after| after.split_once(' '));
    let after = after.and_then(|(created, id)| Some((created.parse().ok()?, id)));
    let (deployment, organization) = (app.deployment(), caller.open.writer.id().to_string());
    let found = deployment.store().imports(&organization, after, limit.saturating_add(1)).await?;
    let at = deployment.clock().now();
    let key = |import: &rollbook_ledger::store::Import| format!("{} {}", import.created_at_us, import.id);
    Ok(Json(list::page(found.into_iter(), limit, key, |import| view(import, at))))
}

/// How far an import has come, and what was wrong with its rows: their numbers and fields, never what stands in them.
#[utoipa::path(
    get, path = "/imports/{id}", tag = "imports",
    params(("id" = String, Path, description = "The import's id")),
    responses(
        (status = 200, description = "The import", body = View),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
    ),
    extensions(("x-permission" = json!("users.create"))),
)]
async fn read_import(State(app): State<App>, caller: Caller, id: Id) -> Result<Json<View>, Problem> {
    let now = caller.organization();
    caller.need(&app, &now, "users.create", &Targets::default())?;
    let id = Uuid::parse_str(&id.0).map_err(|_| Problem::not_found("import"))?;
    let (deployment, organization) = (app.deployment(), caller.open.writer.id().to_string());
    let found = deployment.store().import(&organization, &id.to_string()).await?;
    let found = found.ok_or_else(|| Problem::not_found("import"))?;
    Ok(Json(view(found, deployment.clock().now())))
}

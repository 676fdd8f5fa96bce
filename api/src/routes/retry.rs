//! A request that came before: known by its `Idempotency-Key`, and answered as it was then.
//!
//! A key is looked up once, here: after it is known who asks, and before anything that a path or a body names is
//! looked for, since by now the names may be gone or mean other things. Handlers know nothing of it. That a change
//! is made once is not decided here but by the writer, in the append's transaction; so a request that was refused
//! because the same request was on its way is answered by that one.

use super::mutation::Changed;
use super::shown::Shown;
use super::{ending, past, shown};
use super::{imports, status_log, users};
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Caller, Keyed, Meta, MinPosition, whole};
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rollbook_domain::kernel::id::UserId;
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::store::Command as Remembered;
use rollbook_ledger::writer::{Idempotency, ledger_of};
use rollbook_replay::as_of::At;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The middleware: answers what was carried out before, and tells the handler what else is to be remembered.
pub(crate) async fn answered_once(State(app): State<App>, request: Request, next: Next) -> Response {
    let (request, asked) = match asked(&app, request).await {
        Ok(split) => split,
        Err(problem) => return problem.into_response(),
    };
    let Some(asked) = asked else { return next.run(request).await };
    match asked.answer_of_then(&app).await {
        Ok(None) => {}
        Ok(Some(answer)) => return answer,
        Err(problem) => return problem.into_response(),
    }
    let answer = next.run(request).await;
    if !answer.status().is_client_error() {
        return answer;
    }
    match asked.answer_of_then(&app).await {
        Ok(Some(again)) => again,
        Ok(None) | Err(_) => answer,
    }
}

/// Who asks with which key.
struct Asked {
    caller: Caller,
    keyed: Keyed,
}

/// The request, read to its end if it is one that may have come before. Whoever is not let in, a header that cannot
/// be read and a dry run are the handler's.
async fn asked(app: &App, request: Request) -> Result<(Request, Option<Asked>), Problem> {
    let (mut parts, body) = request.into_parts();
    let reads = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    // A file is no request that is remembered: its route says so.
    if reads || parts.uri.path() == imports::PATH || !parts.headers.contains_key("Idempotency-Key") {
        return Ok((Request::from_parts(parts, body), None));
    }
    let Some((caller, meta, key)) = lets_in(app, &mut parts).await else {
        return Ok((Request::from_parts(parts, body), None));
    };
    let bytes = whole(Request::from_parts(parts.clone(), body), app).await?;
    let line = format!("{} {}", parts.method, parts.uri.path());
    let body = match holds_a_password(&bytes) {
        true => app.passwords().digest(bytes.clone(), salt(&caller, &key)).await?.to_vec().into(),
        false => bytes.clone(),
    };
    let keyed = Keyed { key, digest: digest(&line, &meta, &body) };
    parts.extensions.insert(caller.clone());
    parts.extensions.insert(keyed.clone());
    Ok((Request::from_parts(parts, Body::from(bytes)), Some(Asked { caller, keyed })))
}

async fn lets_in(app: &App, parts: &mut Parts) -> Option<(Caller, Meta, String)> {
    let meta = Meta::from_request_parts(parts, app).await.ok().filter(|meta| !meta.dry_run)?;
    let key = meta.idempotency_key.clone()?;
    let caller = Caller::of(parts, app).await.ok()?;
    caller.barred(parts).await.is_none().then_some((caller, meta, key))
}

/// Method, path, body, `If-Match`, reason and ticket: what a retry must repeat to be the same request.
fn digest(line: &str, meta: &Meta, body: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    let if_match = meta.if_match.map(|position| position.to_string());
    let parts = [Some(line), if_match.as_deref(), meta.reason.as_deref(), meta.ticket.as_deref()];
    for text in parts.map(Option::unwrap_or_default) {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    }
    digest.update(body);
    digest.finalize().into()
}

/// What is remembered of such a body must not be a quicker way to guess the password than its own hash is.
fn holds_a_password(body: &[u8]) -> bool {
    let members: Result<Map<String, Value>, _> = serde_json::from_slice(body);
    members.is_ok_and(|members| ["password", "old", "new"].iter().any(|name| members.contains_key(*name)))
}

fn salt(caller: &Caller, key: &str) -> [u8; 32] {
    let actor = caller.actor.to_string();
    Sha256::new()
        .chain_update(caller.open.writer.id().uuid())
        .chain_update(actor)
        .chain_update(key)
        .finalize()
        .into()
}

impl Asked {
    /// The answer that the same request had, if it was carried out.
    async fn answer_of_then(&self, app: &App) -> Result<Option<Response>, Problem> {
        let Self { caller, keyed: Keyed { key, digest } } = self;
        let found = caller.open.writer.remembered(&caller.actor.to_string(), key, digest).await?;
        match found {
            Some(remembered) => answer(app, caller, &remembered).await.map(Some),
            None => Ok(None),
        }
    }
}

/// The answer to a request whose key another took while it was on its way: that one's, if it was the same request.
pub(super) async fn of_another(app: &App, caller: &Caller, meta: &Meta) -> Result<Response, Problem> {
    let keyed = meta.keyed.clone().ok_or_else(|| Problem::internal(&"a key was taken that was not given"))?;
    let asked = Asked { caller: caller.clone(), keyed };
    let answer = asked.answer_of_then(app).await?;
    answer.ok_or_else(|| Problem::internal(&"a key was taken, and nothing is remembered under it"))
}

/// What is to be remembered of a change so that its retry can be answered; nothing without a key.
pub(super) fn idempotency(caller: &Caller, meta: &Meta, shown: &Shown) -> Option<Idempotency> {
    meta.keyed.clone().map(|Keyed { key, digest }| Idempotency {
        actor: caller.actor.to_string(),
        key,
        digest,
        status: shown.status(false).as_u16(),
        headers: shown.remembered(),
    })
}

/// The answer that a change had, made again of the state that it left.
pub(super) async fn answer(app: &App, caller: &Caller, remembered: &Remembered) -> Result<Response, Problem> {
    metrics::counter!("rollbook_retries_answered_total").increment(1);
    let shown = Shown::recalled(&remembered.headers)?;
    if let Shown::Reports(count) = shown {
        // Its positions are those of the other ledger.
        return Ok(status_log::recorded(count, true));
    }
    let changed = remembered.first_position > 0;
    let status = if changed { StatusCode::from_u16(remembered.status).ok() } else { None };
    let position = match &shown {
        // A retry also finishes what was cut off.
        Shown::Erasure(person) => users::erased_at(app, caller, *person, remembered.last_position).await?,
        _ => remembered.last_position,
    };
    let organization = at(app, caller, position).await?;
    if let Shown::Password(user) | Shown::Link(user) = &shown {
        ending::sessions_before(app, caller, UserId(user.id), organization.at).await?;
    }
    let first = match changed {
        true => Some(first(app, caller, remembered.first_position).await?),
        false => None,
    };
    let status = status.unwrap_or_else(|| shown.status(!changed));
    Changed { organization, position, shown, first, status, replayed: true }.respond(caller)
}

/// The organization as it was at a position that this process may not have read yet.
pub(super) async fn at(app: &App, caller: &Caller, position: u64) -> Result<Organization, Problem> {
    let at = At::Position(position);
    let now = past::newest(caller, MinPosition(None), Some(at)).await?;
    Ok(past::state(app, &now, Some(at), "Idempotency-Key").await?.organization)
}

/// What a command's first event says of itself.
async fn first(app: &App, caller: &Caller, position: u64) -> Result<shown::First, Problem> {
    let ledger = ledger_of(caller.open.writer.id());
    let rows = app.deployment().store().read_positions(&ledger, &[position]).await?;
    let metadata = rows.first().map(|row| &row.entry.metadata);
    let member = |name: &str| metadata.and_then(|members| members.get(name)).map(String::as_str);
    let subject = member("subjects").and_then(|all| all.split(' ').next()?.parse().ok());
    let batch = member("batch").and_then(|id| id.parse().ok());
    let first = subject.zip(batch).map(|(subject, batch)| shown::First { subject, batch });
    first.ok_or_else(|| Problem::internal(&"an entry names neither its subject nor its batch"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_holds_a_password_is_known_however_it_is_written() {
        let holds =
            [r#"{"new":"a"}"#, r#"{"old":"a","new":"b"}"#, r#"{ "login":"zoe", "\u0070assword":"a" }"#];
        let does_not = ["", "[]", "{", r#"{"login":"new"}"#, r#"["password"]"#];
        assert!(holds.iter().all(|body| holds_a_password(body.as_bytes())));
        assert!(!does_not.iter().any(|body| holds_a_password(body.as_bytes())));
    }
}

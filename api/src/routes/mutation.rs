//! One way to change anything: dry run or writer, idempotency, `If-Match`, and the answer's headers.

use crate::app::App;
use crate::error::Problem;
use crate::extract::{Caller, Meta};
use crate::view;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rollbook_domain::event::Event;
use rollbook_domain::kernel::id::{OrganizationId, Subject};
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::decide::decide;
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::store::CredentialChange;
use rollbook_ledger::writer::{Answer, Idempotency, Submission, ledger_of};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A change about to be asked for.
pub(super) struct Mutation<'a> {
    app: &'a App,
    caller: &'a Caller,
    meta: &'a Meta,
    body: &'a [u8],
    about: Option<Subject>,
    credentials: Vec<CredentialChange>,
    creates: bool,
}

/// What became of it.
pub(super) enum Done {
    /// It is durable (or there was nothing to change).
    Changed(Box<Changed>),
    /// It was a dry run: what would be.
    Dry(Value),
}

/// A durable change.
pub(super) struct Changed {
    /// The organization after it.
    pub(super) organization: Organization,
    /// What it is about.
    pub(super) subject: Subject,
    /// The position after it.
    pub(super) position: u64,
    /// Its batch; none for a replayed answer.
    pub(super) batch: Option<uuid::Uuid>,
    /// Whether this answers a retry.
    pub(super) replayed: bool,
    creates: bool,
}

impl<'a> Mutation<'a> {
    pub(super) fn new(app: &'a App, caller: &'a Caller, meta: &'a Meta) -> Self {
        Self { app, caller, meta, body: &[], about: None, credentials: Vec::new(), creates: false }
    }

    /// The bytes of the body, part of what a retry must repeat.
    pub(super) fn body(self, body: &'a [u8]) -> Self {
        Self { body, ..self }
    }

    /// The entity it is about, against which `If-Match` is held.
    pub(super) fn about(self, subject: Subject) -> Self {
        Self { about: Some(subject), ..self }
    }

    /// Secrets to store or delete with it.
    pub(super) fn credentials(self, credentials: Vec<CredentialChange>) -> Self {
        Self { credentials, ..self }
    }

    /// It adds an entity: answered 201.
    pub(super) fn creates(self) -> Self {
        Self { creates: true, ..self }
    }

    /// Asks for it.
    pub(super) async fn run(self, command: Command) -> Result<Done, Problem> {
        let (app, caller) = (self.app, self.caller);
        match self.carry_out(command).await {
            Err(problem) if problem.status == StatusCode::FORBIDDEN.as_u16() => {
                Err(caller.denied(app, &caller.organization(), problem))
            }
            done => done,
        }
    }

    async fn carry_out(self, command: Command) -> Result<Done, Problem> {
        let mut context = self.caller.context(self.app, self.meta)?;
        context.expects = self.about.zip(self.meta.if_match);
        if self.meta.dry_run {
            let before = self.caller.organization();
            let accepted = decide(&before, &context, &command)?;
            return super::dry_run::preview(before, accepted).await.map(Done::Dry);
        }
        let status = if self.creates { StatusCode::CREATED } else { StatusCode::OK };
        let idempotency = self.meta.idempotency_key.as_ref().map(|key| Idempotency {
            actor: self.caller.actor.to_string(),
            key: key.clone(),
            digest: digest(self.meta, self.body),
            status: status.as_u16(),
        });
        let submission =
            Submission { context, command, idempotency, credentials: self.credentials, only_at: None };
        let answer = self.caller.open.writer.submit(submission).await?;
        if let Answer::Written(written) = &answer {
            end_sessions(self.app, &written.events, written.organization.id).await?;
        }
        let changed = answer_changed(self.app, answer, self.about, self.creates).await?;
        Ok(Done::Changed(Box::new(changed)))
    }
}

/// Ends the sessions of everybody whose access these events took away. Also where they gave it back: had the process
/// died in between, a session from before would live again.
async fn end_sessions(app: &App, events: &[Event], organization: OrganizationId) -> Result<(), Problem> {
    const ENDING: [&str; 4] = ["user.blocked", "user.unblocked", "user.archived", "user.restored"];
    for event in events.iter().filter(|event| ENDING.contains(&event.name())) {
        let user = event.subject().id.to_string();
        app.deployment().store().delete_sessions_of(&organization.to_string(), &user).await?;
    }
    Ok(())
}

async fn answer_changed(
    app: &App,
    answer: Answer,
    about: Option<Subject>,
    creates: bool,
) -> Result<Changed, Problem> {
    match answer {
        Answer::Written(written) => {
            let first = written.events.first().map(rollbook_domain::event::Event::subject);
            let subject = about.or(first).unwrap_or(written.organization.id.subject());
            Ok(Changed {
                subject,
                position: written.position,
                batch: Some(written.batch),
                organization: written.organization,
                replayed: false,
                creates,
            })
        }
        Answer::Replayed(replayed) => {
            let (remembered, organization) = *replayed;
            let (first, last) = (remembered.first_position, remembered.last_position);
            let subject = subject_of(app, &organization, about, first, last).await?;
            let position = last;
            Ok(Changed { subject, position, batch: None, organization, replayed: true, creates })
        }
    }
}

/// What a command that was carried out before was about: what its first or last event says. The path of the retry
/// may name something else by now, where a name went over to another entity.
async fn subject_of(
    app: &App,
    organization: &Organization,
    about: Option<Subject>,
    first: u64,
    last: u64,
) -> Result<Subject, Problem> {
    if first == 0 {
        return Ok(about.unwrap_or(organization.id.subject()));
    }
    let rows = app.deployment().store().read_positions(&ledger_of(organization.id), &[first, last]).await?;
    let subjects: Vec<Subject> = rows
        .iter()
        .filter_map(|row| row.entry.metadata.get("subjects")?.split(' ').next()?.parse().ok())
        .collect();
    let same = about.filter(|about| subjects.contains(about));
    Ok(same.or_else(|| subjects.first().copied()).unwrap_or(organization.id.subject()))
}

/// Method, path, body, `If-Match`, reason and ticket: what a retry must repeat to be the same request.
pub(super) fn digest(meta: &Meta, body: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    let if_match = meta.if_match.map(|position| position.to_string());
    let parts = [Some(&meta.line), if_match.as_ref(), meta.reason.as_ref(), meta.ticket.as_ref()];
    for part in parts {
        let text = part.map(String::as_str).unwrap_or_default();
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    }
    digest.update(body);
    digest.finalize().into()
}

impl Changed {
    /// The entity as JSON with `ETag` and `Rollbook-Position`.
    pub(super) fn entity(&self) -> Result<Response, Problem> {
        let entity = view::entity(&self.organization, self.subject);
        let entity = entity.ok_or_else(|| Problem::not_found(self.subject.kind.word()))?;
        Ok(self.with(&entity))
    }

    /// Any body with this change's status and headers.
    pub(super) fn with(&self, body: &Value) -> Response {
        let status = if self.creates { StatusCode::CREATED } else { StatusCode::OK };
        let mut response = (status, axum::Json(body)).into_response();
        tag(&mut response, &self.organization, self.subject);
        let headers = response.headers_mut();
        headers.insert("rollbook-position", HeaderValue::from(self.position));
        if self.replayed {
            headers.insert("rollbook-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}

impl Done {
    /// The usual answer: the entity, or the preview.
    pub(super) fn respond(self) -> Result<Response, Problem> {
        match self {
            Self::Changed(changed) => changed.entity(),
            Self::Dry(preview) => Ok(axum::Json(preview).into_response()),
        }
    }
}

/// Sets the strong `ETag`: the position of the entity's last event.
pub(super) fn tag(response: &mut Response, organization: &Organization, subject: Subject) {
    let Some((position, _)) = organization.changed(subject) else { return };
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{position}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
}

//! One way to change anything: dry run or writer, `If-Match`, what a retry is known by, and the answer's headers.

use super::ending;
use super::retry;
use super::shown::{First, Shown};
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Caller, Meta};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rollbook_domain::kernel::id::Subject;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::decide::decide;
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::store::CredentialChange;
use rollbook_ledger::writer::{Answer, Submission, Written};
use serde_json::Value;

/// A change about to be asked for.
pub(super) struct Mutation<'a> {
    app: &'a App,
    caller: &'a Caller,
    meta: &'a Meta,
    about: Option<Subject>,
    credentials: Vec<CredentialChange>,
    shown: Shown,
}

/// What became of it.
pub(super) enum Done {
    /// It is durable (or there was nothing to change).
    Changed(Box<Changed>),
    /// It was carried out before: the answer of then.
    Again(Response),
    /// It was a dry run: what would be.
    Dry(Value),
}

/// A durable change.
pub(super) struct Changed {
    /// The organization after it.
    pub(super) organization: Organization,
    /// The position after it.
    pub(super) position: u64,
    /// What its answer shows.
    pub(super) shown: Shown,
    /// Its first event, if it has any.
    pub(super) first: Option<First>,
    /// The status of its answer.
    pub(super) status: StatusCode,
    /// Whether this answers a retry.
    pub(super) replayed: bool,
}

impl<'a> Mutation<'a> {
    /// One that adds an entity, unless more is said.
    pub(super) fn new(app: &'a App, caller: &'a Caller, meta: &'a Meta) -> Self {
        Self { app, caller, meta, about: None, credentials: Vec::new(), shown: Shown::Created }
    }

    /// The entity it is about, against which `If-Match` is held, and which is shown.
    pub(super) fn about(self, subject: Subject) -> Self {
        Self { about: Some(subject), shown: Shown::Entity(subject), ..self }
    }

    /// Secrets to store or delete with it.
    pub(super) fn credentials(self, credentials: Vec<CredentialChange>) -> Self {
        Self { credentials, ..self }
    }

    /// What its answer shows instead of the entity.
    pub(super) fn shows(self, shown: Shown) -> Self {
        Self { shown, ..self }
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
        let Self { app, caller, meta, about, credentials, shown } = self;
        if about.is_none() {
            meta.matches_nothing()?;
        }
        let mut context = caller.context(app, meta)?;
        context.expects = about.zip(meta.if_match);
        if meta.dry_run {
            let before = caller.organization();
            let accepted = decide(&before, &context, &command)?;
            return super::dry_run::preview(caller, before, accepted).await.map(Done::Dry);
        }
        let idempotency = retry::idempotency(caller, meta, &shown);
        let submission = Submission { context, command, idempotency, credentials, only_at: None };
        match ending::to_the_end(submitted(app.clone(), caller.clone(), submission)).await? {
            Answer::Written(written) => Ok(Done::Changed(Box::new(Changed::new(*written, shown)))),
            Answer::Replayed(replayed) => retry::answer(app, caller, &replayed.0).await.map(Done::Again),
        }
    }
}

/// Submits it and lets what must follow follow.
async fn submitted(app: App, caller: Caller, submission: Submission) -> Result<Answer, Problem> {
    let answer = caller.open.writer.submit(submission).await?;
    if let Answer::Written(written) = &answer {
        ending::sessions(&app, &caller, &written.events).await?;
    }
    Ok(answer)
}

impl Changed {
    /// What was written, to be shown so.
    pub(super) fn new(written: Written, shown: Shown) -> Self {
        let first = written.events.first();
        let first = first.map(|event| First { subject: event.subject(), batch: written.batch });
        let status = shown.status(first.is_none());
        let (organization, position) = (written.organization, written.position);
        Self { organization, position, shown, first, status, replayed: false }
    }

    /// The answer with its `ETag` and `Rollbook-Position`.
    pub(super) fn respond(&self, caller: &Caller) -> Result<Response, Problem> {
        self.respond_with(caller, None)
    }

    /// The same with a secret that is shown once.
    pub(super) fn respond_with(&self, caller: &Caller, secret: Option<&str>) -> Result<Response, Problem> {
        let Self { organization, position, shown, first, .. } = self;
        let body = shown.body(caller, organization, (*position, *first), secret)?;
        let mut response = (self.status, axum::Json(body)).into_response();
        if let Some(subject) = shown.tagged(organization, *first) {
            tag(&mut response, organization, subject);
        }
        let headers = response.headers_mut();
        headers.insert("rollbook-position", HeaderValue::from(*position));
        if self.replayed {
            headers.insert("rollbook-replayed", HeaderValue::from_static("true"));
        }
        Ok(response)
    }
}

impl Done {
    /// The usual answer: what is shown, or the preview.
    pub(super) fn respond(self, caller: &Caller) -> Result<Response, Problem> {
        match self {
            Self::Changed(changed) => changed.respond(caller),
            Self::Again(response) => Ok(response),
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

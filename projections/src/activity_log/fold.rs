//! Entries to rows. Pure: the same entries make the same rows, whenever they are folded.
//!
//! Labels are those of then. A change sees the organization as folded up to it; an act, the labels at the change
//! position it was judged at.

use super::row::{About, Changed, Doer, Ledger, Outcome, Row, Status};
use super::sentence::{Saying, Told};
use crate::error::ProjectionError;
use imbl::HashMap;
use rollbook_domain::agent::event::AgentEvent;
use rollbook_domain::event::{Event, event_type};
use rollbook_domain::kernel::event_type::Shape;
use rollbook_domain::kernel::id::{AgentId, CredentialId, Kind, OrganizationId, Subject, UserId};
use rollbook_domain::kernel::personal::{ERASED, Personal};
use rollbook_domain::kernel::product::Product;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::event::UserEvent;
use rollbook_ledger::activity;
use rollbook_ledger::codec::{Decoded, Metadata, Revealed};
use serde::Deserialize as _;
use serde_json::Value;
use uuid::Uuid;

/// An organization as folded so far, and what things were called before. A clone costs nothing.
#[derive(Clone, Debug)]
pub struct Labels {
    /// The newest state.
    organization: Organization,
    /// Labels at earlier positions than this are not known.
    since: u64,
    /// Earlier labels of what was renamed, each with the position from which it no longer held, oldest first.
    past: HashMap<Subject, Vec<(u64, String)>>,
}

/// Whose personal data an event wants erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Whose.
    pub person: Uuid,
    /// Whether a user's or an agent's.
    pub kind: Kind,
    /// What they authored too.
    pub authored: bool,
}

impl Labels {
    /// Before the first event.
    #[must_use]
    pub fn empty(id: OrganizationId) -> Self {
        Self { organization: Organization::empty(id), since: 0, past: HashMap::new() }
    }

    /// From a state that somebody else folded; labels before it are not known.
    #[must_use]
    pub fn starting(organization: Organization) -> Self {
        Self { since: organization.position, organization, past: HashMap::new() }
    }

    /// The position of the last event folded in.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.organization.position
    }

    /// The position from which labels are known.
    #[must_use]
    pub fn since(&self) -> u64 {
        self.since
    }

    /// The state at that position.
    #[must_use]
    pub fn organization(&self) -> &Organization {
        &self.organization
    }

    /// Takes an equal state that others hold too, so that memory holds it once.
    pub fn share(&mut self, organization: &Organization) {
        if organization.position == self.organization.position {
            self.organization = organization.clone();
        }
    }

    /// Everybody whose erasure was asked for.
    #[must_use]
    pub fn erased(&self) -> Vec<Erasure> {
        let erased = self.organization.users.values().filter(|user| user.erased);
        let users = erased.map(|user| Erasure::of(user.id.subject(), user.erased_authored));
        let agents = self.organization.agents.values().filter(|agent| agent.is_erased());
        users.chain(agents.map(|agent| Erasure::of(agent.id.subject(), false))).collect()
    }

    fn label_at(&self, subject: Subject, position: u64) -> Option<String> {
        if subject.kind.is_person() && self.erasure(subject.id).is_some() {
            return Some(ERASED.to_owned());
        }
        let earlier =
            self.past.get(&subject).and_then(|past| past.iter().find(|(until, _)| *until > position));
        earlier.map(|(_, label)| label.clone()).or_else(|| self.organization.label(subject))
    }

    fn erasure(&self, person: Uuid) -> Option<bool> {
        let user = self.organization.user(UserId(person)).filter(|user| user.erased);
        let agent = || self.organization.agent(AgentId(person)).filter(|agent| agent.is_erased());
        user.map(|user| user.erased_authored).or_else(|| agent().map(|_| false))
    }

    /// Takes out of a new row what belongs to the erased.
    fn redact(&self, row: &mut Row) {
        let spoken = row.spans.iter().map(|span| span.person);
        let about = row.subject.as_ref().filter(|about| about.kind.is_person()).map(|about| about.id);
        let people: Vec<Uuid> = spoken.chain(about).chain(row.actor.user).collect();
        for person in people {
            if let Some(authored) = self.erasure(person) {
                row.redact(person, authored);
            }
        }
    }

    fn apply(&mut self, decoded: &Decoded, subject: Subject, before: Option<&String>) {
        self.organization.apply(decoded.by, decoded.at, &decoded.event);
        if let Some(before) = before
            && self.organization.label(subject).as_ref() != Some(before)
        {
            let mut past = self.past.get(&subject).cloned().unwrap_or_default();
            past.push((decoded.position, before.clone()));
            self.past.insert(subject, past);
        }
    }
}

/// Folds the next change in without making a row.
///
/// # Errors
/// [`ProjectionError::Order`] if it is not the next.
pub fn skip(labels: &mut Labels, decoded: &Decoded) -> Result<(), ProjectionError> {
    in_order(labels, decoded.position)?;
    let subject = decoded.event.subject();
    let before = may_rename(&decoded.event).then(|| labels.organization.label(subject)).flatten();
    labels.apply(decoded, subject, before.as_ref());
    Ok(())
}

/// Folds the next change in and says what its row is.
///
/// # Errors
/// [`ProjectionError::Order`] if it is not the next.
pub fn fold(labels: &mut Labels, decoded: Decoded) -> Result<Row, ProjectionError> {
    in_order(labels, decoded.position)?;
    let subject = decoded.event.subject();
    let before = labels.organization.label(subject);
    let kind = event_type(decoded.event.name());
    let (shape, template) = kind.map_or((Shape::Fact, ""), |kind| (kind.shape, kind.sentence));
    let payload = decoded.event.payload();
    // What is created has no name before; all else is called what it was called before the change.
    let is_new = shape == Shape::Created;
    let told_before = (!is_new).then(|| told(labels, subject, before.as_deref(), shape, template, &payload));
    let renamed_from = before.as_ref().filter(|_| may_rename(&decoded.event));
    let actor_label = decoded.metadata.user().and_then(|id| labels.organization.label(UserId(id).subject()));
    labels.apply(&decoded, subject, renamed_from);
    let label = before.filter(|_| !is_new).or_else(|| labels.organization.label(subject));
    let Told { text, spans } =
        told_before.unwrap_or_else(|| told(labels, subject, label.as_deref(), shape, template, &payload));
    let about = About { kind: subject.kind, id: subject.id, label };
    let mut row = row(Ledger::Organization, decoded.position, decoded.batch, &decoded.metadata);
    row.at = decoded.at;
    row.actor.label = actor_label;
    row.actor.token = token(&labels.organization, &row.actor);
    row.action = decoded.event.name().to_owned();
    row.sentence = text + &as_found(&decoded.metadata);
    row.spans = spans;
    row.subject = Some(about);
    row.changes = decoded.event.changes().into_iter().map(changed).collect();
    labels.redact(&mut row);
    Ok(row)
}

/// Says what the row of an entry of the activity ledger is, with the labels at the position it was judged at.
///
/// # Errors
/// [`ProjectionError::UnknownActivity`] if a later release wrote it.
pub fn act(labels: &Labels, revealed: Revealed) -> Result<Row, ProjectionError> {
    let kind = activity::CATALOGUE.iter().find(|kind| kind.name == revealed.event_type);
    let unknown = || ProjectionError::UnknownActivity {
        position: revealed.position,
        name: revealed.event_type.clone(),
    };
    let kind = kind.ok_or_else(unknown)?;
    let payload = &revealed.payload;
    let judged_at = judged_at(&revealed);
    let subject: Option<Subject> =
        payload.get("subject").and_then(Value::as_str).and_then(|subject| subject.parse().ok());
    let label = subject.and_then(|subject| labels.label_at(subject, judged_at));
    let saying = Saying {
        organization: &labels.organization,
        subject,
        subject_label: label.as_deref(),
        payload,
        element: None,
    };
    let Told { mut text, spans } = saying.told(kind.sentence);
    let count = payload.get("count").and_then(Value::as_u64).unwrap_or(1);
    if count > 1 && !kind.sentence.contains("{count}") {
        text.push_str(&format!(" ({count} times)"));
    }
    let mut row = row(Ledger::Activity, revealed.position, revealed.batch, &revealed.metadata);
    row.at = revealed.at;
    row.actor.label = row.actor.user.and_then(|id| labels.label_at(UserId(id).subject(), judged_at));
    row.actor.token = token(&labels.organization, &row.actor);
    row.action.clone_from(&revealed.event_type);
    row.sentence = text;
    row.spans = spans;
    let outcome = payload.get("outcome").and_then(Value::as_str);
    row.outcome = outcome.and_then(|word| word.parse().ok()).unwrap_or(Outcome::Failed);
    row.subject = subject.map(|Subject { kind, id }| About { kind, id, label });
    row.count = count;
    row.status = status(&row.action, payload);
    labels.redact(&mut row);
    Ok(row)
}

fn status(action: &str, payload: &Value) -> Option<Status> {
    let member = |name: &str| payload.get("detail")?.get(name)?.as_str();
    let word = member("status").filter(|_| action == activity::STATUS_REPORTED)?;
    Some(Status { word: word.to_owned(), since: member("since")?.parse().ok()? })
}

/// What an import wrote was decided elsewhere, and is here as it was found.
fn as_found(metadata: &Metadata) -> String {
    let product = metadata.get("found_in").and_then(|word| word.parse::<Product>().ok());
    product.map(|product| format!(", as found in {}", product.name())).unwrap_or_default()
}

/// The change position that an act names.
#[must_use]
pub fn judged_at(revealed: &Revealed) -> u64 {
    revealed.payload.get("judged_at").and_then(Value::as_u64).unwrap_or_default()
}

/// The erasure that an event asks for or confirms.
#[must_use]
pub fn erasure(event: &Event) -> Option<Erasure> {
    match event {
        Event::User(
            UserEvent::ErasureRequested { user, authored } | UserEvent::Erased { user, authored },
        ) => Some(Erasure::of(user.subject(), *authored)),
        Event::Agent(AgentEvent::ErasureRequested { agent } | AgentEvent::Erased { agent }) => {
            Some(Erasure::of(agent.subject(), false))
        }
        Event::User(_)
        | Event::Agent(_)
        | Event::Organization(_)
        | Event::Role(_)
        | Event::Profile(_)
        | Event::Key(_)
        | Event::Queue(_)
        | Event::Group(_)
        | Event::Object(_)
        | Event::Settings(_) => None,
    }
}

impl Erasure {
    fn of(subject: Subject, authored: bool) -> Self {
        Self { person: subject.id, kind: subject.kind, authored }
    }
}

fn in_order(labels: &Labels, found: u64) -> Result<(), ProjectionError> {
    let known = labels.position();
    if found == known + 1 { Ok(()) } else { Err(ProjectionError::Order { known, found }) }
}

/// Whether it may change what people call its subject.
fn may_rename(event: &Event) -> bool {
    matches!(event_type(event.name()).map(|kind| kind.shape), Some(Shape::Field("name" | "login" | "code")))
}

fn told(
    labels: &Labels,
    subject: Subject,
    subject_label: Option<&str>,
    shape: Shape,
    template: &str,
    payload: &Value,
) -> Told {
    let element = match shape {
        Shape::Element(_, member) => Some(member),
        Shape::Created | Shape::Field(_) | Shape::Passing(_) | Shape::Elements(_) | Shape::Fact => None,
    };
    let organization = &labels.organization;
    Saying { organization, subject: Some(subject), subject_label, payload, element }.told(template)
}

fn changed(change: rollbook_domain::kernel::change::Change) -> Changed {
    let personal = is_personal(&change.from) || is_personal(&change.to);
    let change = change.plain();
    let (subject, field, element) = (change.subject, change.field, change.element);
    Changed { subject, field, element, from: change.from, to: change.to, personal }
}

fn is_personal(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(is_personal),
        Value::Object(_) => Personal::deserialize(value).is_ok(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// What the token by which it was done is called. Tokens stay when they are revoked, and keep their names.
fn token(organization: &Organization, actor: &Doer) -> Option<String> {
    let (id, user) = actor.id.filter(|_| actor.kind == "token").zip(actor.user)?;
    organization.token_of(UserId(user), CredentialId(id)).map(|owned| owned.token.name.clone())
}

/// What both ledgers say alike.
fn row(ledger: Ledger, position: u64, batch: Uuid, metadata: &Metadata) -> Row {
    let text = |name: &str| metadata.get(name).map(str::to_owned);
    let (kind, id) = metadata.actor().split_once(':').unwrap_or((metadata.actor(), ""));
    let actor = Doer {
        kind: kind.to_owned(),
        id: id.parse().ok(),
        user: metadata.user(),
        label: None,
        role: text("actor_role"),
        token: None,
    };
    Row {
        ledger,
        position,
        at: rollbook_domain::kernel::moment::Moment(0),
        batch,
        actor,
        action: String::new(),
        sentence: String::new(),
        outcome: Outcome::Ok,
        subject: None,
        changes: Vec::new(),
        reason: text("reason"),
        ticket: text("ticket"),
        channel: text("channel"),
        ip: text("ip"),
        agent: text("agent"),
        session: text("session"),
        request: text("request"),
        authority: text("authority"),
        count: 1,
        status: None,
        spans: Vec::new(),
    }
}

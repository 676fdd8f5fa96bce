//! Rows to columns and back: the one place that knows their order.

use super::row::{About, Changed, Doer, Ledger, Row, Status};
use crate::error::ProjectionError;
use crate::sql::{Cell, Reading, Type};
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::kernel::moment::Moment;

/// Every column, in order. The key is the first three; `who` is the user's id, or the actor's kind where no user acts.
pub(crate) const COLUMNS: &[(&str, Type)] = &[
    ("organization", Type::Text),
    ("ledger", Type::Int),
    ("position", Type::Int),
    ("at", Type::Int),
    ("batch", Type::Text),
    ("who", Type::Text),
    ("actor_kind", Type::Text),
    ("actor_id", Type::Text),
    ("actor_label", Type::Text),
    ("actor_role", Type::Text),
    ("actor_token", Type::Text),
    ("action", Type::Text),
    ("outcome", Type::Text),
    ("sentence", Type::Text),
    ("spans", Type::Text),
    ("subject_kind", Type::Text),
    ("subject_id", Type::Text),
    ("subject_label", Type::Text),
    ("changes", Type::Text),
    ("reason", Type::Text),
    ("ticket", Type::Text),
    ("channel", Type::Text),
    ("ip", Type::Text),
    ("agent", Type::Text),
    ("session", Type::Text),
    ("request", Type::Text),
    ("authority", Type::Text),
    ("acts", Type::Int),
    ("status", Type::Text),
    ("status_since", Type::Int),
    ("people", Type::Text),
    ("search", Type::Text),
];

/// The columns that may not be null.
pub(crate) const NEEDED: [&str; 11] = [
    "organization",
    "ledger",
    "position",
    "at",
    "batch",
    "who",
    "actor_kind",
    "action",
    "outcome",
    "sentence",
    "acts",
];

/// A ledger as it is stored and sorted.
pub(crate) fn number(ledger: Ledger) -> i64 {
    match ledger {
        Ledger::Organization => 0,
        Ledger::Activity => 1,
    }
}

pub(crate) fn ledger(number: i64) -> Result<Ledger, ProjectionError> {
    [Ledger::Organization, Ledger::Activity]
        .into_iter()
        .find(|ledger| self::number(*ledger) == number)
        .ok_or(ProjectionError::Unreadable)
}

/// A row as it is stored.
pub(crate) fn to_cells(organization: OrganizationId, row: &Row) -> Vec<Cell> {
    let (people, search) = (row.people(), row.search());
    let id = |id: Option<uuid::Uuid>| Cell::from(id.map(|id| id.to_string()));
    let who = row.actor.user.map_or_else(|| row.actor.kind.clone(), |user| user.to_string());
    let subject = row.subject.as_ref();
    // Lists of text and numbers always serialize.
    let spans = (!row.spans.is_empty()).then(|| serde_json::to_string(&row.spans).unwrap_or_default());
    let changes = (!row.changes.is_empty()).then(|| serde_json::to_string(&row.changes).unwrap_or_default());
    vec![
        organization.to_string().into(),
        number(row.ledger).into(),
        row.position.into(),
        row.at.micros().into(),
        row.batch.to_string().into(),
        who.into(),
        row.actor.kind.clone().into(),
        id(row.actor.id),
        row.actor.label.clone().into(),
        row.actor.role.clone().into(),
        row.actor.token.clone().into(),
        row.action.clone().into(),
        row.outcome.word().into(),
        row.sentence.clone().into(),
        spans.into(),
        subject.map(|subject| subject.kind.word().to_owned()).into(),
        id(subject.map(|subject| subject.id)),
        subject.and_then(|subject| subject.label.clone()).into(),
        changes.into(),
        row.reason.clone().into(),
        row.ticket.clone().into(),
        row.channel.clone().into(),
        row.ip.clone().into(),
        row.agent.clone().into(),
        row.session.clone().into(),
        row.request.clone().into(),
        row.authority.clone().into(),
        row.count.into(),
        row.status.as_ref().map(|status| status.word.clone()).into(),
        row.status.as_ref().map_or(Cell::Null, |status| status.since.micros().into()),
        people.into(),
        search.into(),
    ]
}

/// A row as it is read; a cell more than it has columns is left for the caller.
pub(crate) fn from_cells(cells: Vec<Cell>) -> Result<Row, ProjectionError> {
    let mut cells = Reading::new(cells);
    let _organization = cells.text()?;
    let ledger = ledger(cells.int()?)?;
    let (position, at, batch) = (cells.count()?, Moment(cells.int()?), cells.parsed()?);
    let user = cells.text()?.parse().ok();
    let (kind, id) = (cells.text()?, cells.maybe().and_then(|id| id.parse().ok()));
    let actor = Doer { kind, id, user, label: cells.maybe(), role: cells.maybe(), token: cells.maybe() };
    let (action, outcome, sentence) = (cells.text()?, cells.parsed()?, cells.text()?);
    let spans = list(cells.maybe())?;
    let subject = match (cells.maybe(), cells.maybe(), cells.maybe()) {
        (Some(kind), Some(id), label) => Some(About {
            kind: kind.parse().map_err(|_| ProjectionError::Unreadable)?,
            id: id.parse().map_err(|_| ProjectionError::Unreadable)?,
            label,
        }),
        (_, _, _) => None,
    };
    let changes: Vec<Changed> = list(cells.maybe())?;
    let mut row = Row {
        ledger,
        position,
        at,
        batch,
        actor,
        action,
        sentence,
        outcome,
        subject,
        changes,
        reason: cells.maybe(),
        ticket: cells.maybe(),
        channel: cells.maybe(),
        ip: cells.maybe(),
        agent: cells.maybe(),
        session: cells.maybe(),
        request: cells.maybe(),
        authority: cells.maybe(),
        count: cells.count()?,
        status: None,
        spans,
    };
    let since = |cells: &mut Reading| cells.int().map(Moment);
    row.status = match cells.maybe() {
        Some(word) => Some(Status { word, since: since(&mut cells)? }),
        None => None,
    };
    Ok(row)
}

fn list<T: serde::de::DeserializeOwned>(json: Option<String>) -> Result<Vec<T>, ProjectionError> {
    json.map_or(Ok(Vec::new()), |json| serde_json::from_str(&json).map_err(|_| ProjectionError::Unreadable))
}

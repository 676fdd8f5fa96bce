//! Questions to the activity log: filters, pages by keyset, bounded counts, and all of it for an export.
//!
//! Whatever a caller types is a parameter, never SQL, and no character of it is a wildcard.

use super::columns::{from_cells, number};
use super::cursor::Cursor;
use super::redact::contains;
use super::row::{Outcome, Row};
use super::tables::{self, Names};
use super::write::column_names;
use crate::error::ProjectionError;
use crate::sql::{Cell, Reading, Statement, is_missing_table, select};
use rollbook_domain::kernel::id::{Kind, OrganizationId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::kernel::text::folded;
use rollbook_ledger::store::Store;
use uuid::Uuid;

/// The most rows of a page.
pub const LIMIT_MAX: u32 = 200;
/// The most rows that a count counts.
const COUNT_MAX: u64 = 10_000;
/// The most words of free text.
const WORDS_MAX: usize = 10;
/// The most characters of one filter.
const CHARS_MAX: usize = 200;
/// Rows that an export reads at a time.
const EXPORT_ROWS: u32 = 1_000;

/// Whose acts are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A user's, whether signed in or by an API key or token.
    User(Uuid),
    /// Those by this API key.
    ApiKey(Uuid),
    /// Those by this API token.
    Token(Uuid),
    /// The operator's.
    Operator,
    /// Rollbook's own.
    System,
}

/// What rows are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubjectFilter {
    /// The kind.
    pub kind: Kind,
    /// Which one; all of the kind if nothing.
    pub id: Option<Uuid>,
}

/// Which rows are wanted: those for which every member that is given holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// At this time or later.
    pub from: Option<Moment>,
    /// Before this time.
    pub until: Option<Moment>,
    /// By whom.
    pub actor: Option<Who>,
    /// The actor's role then, by its name.
    pub role: Option<String>,
    /// What the action begins with: `user.`, `user.role_assigned`.
    pub action: Option<String>,
    /// What it was about.
    pub subject: Option<SubjectFilter>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The ticket, whole.
    pub ticket: Option<String>,
    /// How it came in.
    pub channel: Option<String>,
    /// The address, whole.
    pub ip: Option<String>,
    /// The batch.
    pub batch: Option<Uuid>,
    /// Words that all occur somewhere in the row, whatever their case.
    pub text: Option<String>,
}

/// Which part of the answer is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// How many rows, 1 to [`LIMIT_MAX`].
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Whether to count all rows that match.
    pub count: bool,
}

/// Some rows, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The rows.
    pub items: Vec<Row>,
    /// Where the next page begins; nothing after the last.
    pub next: Option<String>,
    /// How many rows match, if that was asked.
    pub count: Option<Counted>,
}

/// A count with an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How many, at most 10,000.
    pub rows: u64,
    /// Whether there are more.
    pub more: bool,
}

/// The activity log of one organization.
#[derive(Clone, Debug)]
pub struct ActivityLog {
    store: Store,
    organization: OrganizationId,
}

impl ActivityLog {
    /// The log of an organization; creates the tables if there are none.
    ///
    /// # Errors
    /// [`ProjectionError::Shape`] if it must be rebuilt first.
    pub async fn open(store: Store, organization: OrganizationId) -> Result<Self, ProjectionError> {
        tables::open(&store).await?;
        Ok(Self { store, organization })
    }

    /// A page of the rows that match, newest first.
    ///
    /// # Errors
    /// [`ProjectionError::Filter`] for a bad filter, limit or cursor; else what the database says.
    pub async fn page(&self, filter: &Filter, paging: &Paging) -> Result<Page, ProjectionError> {
        if !(1..=LIMIT_MAX).contains(&paging.limit) {
            return Err(ProjectionError::Filter { field: "limit", detail: "is a number from 1 to 200" });
        }
        let cursor =
            paging.cursor.as_deref().map(|text| Cursor::decode(self.organization, text)).transpose()?;
        let mut items = self.rows(filter, cursor, paging.limit + 1).await?;
        let limit = paging.limit as usize;
        let is_last = items.len() <= limit;
        items.truncate(limit);
        let last = items.last().filter(|_| !is_last);
        let next = last.map(|row| Cursor::after(row).encode(self.organization));
        let count = if paging.count { Some(self.count(filter).await?) } else { None };
        Ok(Page { items, next, count })
    }

    /// How many rows match, up to 10,000.
    ///
    /// # Errors
    /// As [`page`](Self::page).
    pub async fn count(&self, filter: &Filter) -> Result<Counted, ProjectionError> {
        let conditions = Conditions::of(self, filter)?;
        let found = self.ask(|table| {
            let most = COUNT_MAX + 1;
            let sql = format!(
                "SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {} LIMIT {most}) AS found",
                conditions.sql
            );
            Statement::new(sql, conditions.params.clone())
        });
        let row = found.await?.into_iter().next().ok_or(ProjectionError::Unreadable)?;
        let rows = Reading::new(row).count()?;
        Ok(Counted { rows: rows.min(COUNT_MAX), more: rows > COUNT_MAX })
    }

    /// All rows that match, newest first, read as they are taken.
    #[must_use]
    pub fn everything(&self, filter: Filter) -> Everything {
        Everything { log: self.clone(), filter, cursor: None, is_done: false }
    }

    async fn rows(
        &self,
        filter: &Filter,
        cursor: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<Row>, ProjectionError> {
        let mut conditions = Conditions::of(self, filter)?;
        if let Some(Cursor { at, ledger, position }) = cursor {
            let marks = [Cell::Int(at.micros()), Cell::Int(number(ledger)), Cell::from(position)]
                .map(|cell| conditions.mark(cell));
            conditions.also(&format!("(at, ledger, position) < ({})", marks.join(", ")));
        }
        let columns = column_names();
        let found = self.ask(|table| {
            let sql = format!(
                "SELECT {columns} FROM {table} WHERE {}
                  ORDER BY at DESC, ledger DESC, position DESC LIMIT {limit}",
                conditions.sql
            );
            Statement::new(sql, conditions.params.clone())
        });
        found.await?.into_iter().map(from_cells).collect()
    }

    /// The store, and whose log it is.
    pub(super) fn place(&self) -> (&Store, OrganizationId) {
        (&self.store, self.organization)
    }

    /// Asks the live version; if it was replaced between looking and asking, the one that replaced it.
    pub(super) async fn ask(
        &self,
        statement: impl Fn(&str) -> Statement,
    ) -> Result<Vec<Vec<Cell>>, ProjectionError> {
        let names = Names::of(&self.store);
        let live = tables::open(&self.store).await?;
        match select(&self.store, statement(&names.table(live.version))).await {
            Err(error) if is_missing_table(&error) => {
                let live = tables::open(&self.store).await?;
                Ok(select(&self.store, statement(&names.table(live.version))).await?)
            }
            found => Ok(found?),
        }
    }
}

/// All rows that match, on their way.
#[derive(Debug)]
pub struct Everything {
    log: ActivityLog,
    filter: Filter,
    cursor: Option<Cursor>,
    is_done: bool,
}

impl Everything {
    /// The next rows, at least one; nothing after the last.
    ///
    /// # Errors
    /// As [`ActivityLog::page`].
    pub async fn next(&mut self) -> Result<Option<Vec<Row>>, ProjectionError> {
        if self.is_done {
            return Ok(None);
        }
        let rows = self.log.rows(&self.filter, self.cursor, EXPORT_ROWS).await?;
        self.cursor = rows.last().map(Cursor::after);
        self.is_done = rows.len() < EXPORT_ROWS as usize;
        Ok((!rows.is_empty()).then_some(rows))
    }
}

/// The WHERE of a filter, with its parameters.
struct Conditions {
    sql: String,
    params: Vec<Cell>,
}

impl Conditions {
    fn of(log: &ActivityLog, filter: &Filter) -> Result<Self, ProjectionError> {
        let mut conditions = Self { sql: String::new(), params: Vec::new() };
        conditions.is("organization = ", log.organization.to_string());
        if let Some(from) = filter.from {
            conditions.is("at >= ", from.micros());
        }
        if let Some(until) = filter.until {
            conditions.is("at < ", until.micros());
        }
        if let Some(actor) = filter.actor {
            conditions.actor(actor);
        }
        if let Some(SubjectFilter { kind, id }) = filter.subject {
            conditions.is("subject_kind = ", kind.word());
            if let Some(id) = id {
                conditions.is("subject_id = ", id.to_string());
            }
        }
        if let Some(outcome) = filter.outcome {
            conditions.is("outcome = ", outcome.word());
        }
        if let Some(batch) = filter.batch {
            conditions.is("batch = ", batch.to_string());
        }
        let exact = [
            ("role", "actor_role = ", &filter.role),
            ("ticket", "ticket = ", &filter.ticket),
            ("channel", "channel = ", &filter.channel),
            ("ip", "ip = ", &filter.ip),
        ];
        for (field, condition, value) in exact {
            if let Some(value) = value {
                conditions.is(condition, bounded(field, value)?);
            }
        }
        if let Some(prefix) = &filter.action {
            let prefix = bounded("action", prefix)?;
            conditions.is("action >= ", prefix);
            conditions.is("action < ", format!("{prefix}{}", char::MAX));
        }
        conditions.text(log, filter.text.as_deref())?;
        Ok(conditions)
    }

    fn actor(&mut self, actor: Who) {
        match actor {
            Who::User(id) => self.is("who = ", id.to_string()),
            Who::ApiKey(id) => self.program("api_key", id),
            Who::Token(id) => self.program("token", id),
            Who::Operator => self.is("who = ", "operator"),
            Who::System => self.is("who = ", "system"),
        }
    }

    fn program(&mut self, kind: &str, id: Uuid) {
        self.is("actor_kind = ", kind);
        self.is("actor_id = ", id.to_string());
    }

    fn text(&mut self, log: &ActivityLog, text: Option<&str>) -> Result<(), ProjectionError> {
        let Some(text) = text else { return Ok(()) };
        let text = folded(bounded("text", text)?);
        for (nth, word) in text.split_whitespace().enumerate() {
            if nth >= WORDS_MAX {
                return Err(ProjectionError::Filter { field: "text", detail: "has more than 10 words" });
            }
            self.params.push(word.into());
            let condition = contains(&log.store, "search", self.params.len());
            self.also(&condition);
        }
        Ok(())
    }

    fn is(&mut self, condition: &str, value: impl Into<Cell>) {
        let mark = self.mark(value.into());
        self.also(&format!("{condition}{mark}"));
    }

    fn mark(&mut self, value: Cell) -> String {
        self.params.push(value);
        format!("${}", self.params.len())
    }

    fn also(&mut self, condition: &str) {
        if !self.sql.is_empty() {
            self.sql.push_str(" AND ");
        }
        self.sql.push_str(condition);
    }
}

/// PostgreSQL has no U+0000 in text, and nothing that is stored has one.
fn bounded<'a>(field: &'static str, value: &'a str) -> Result<&'a str, ProjectionError> {
    if value.contains('\0') {
        return Err(ProjectionError::Filter { field, detail: "must not contain U+0000" });
    }
    if value.chars().count() > CHARS_MAX {
        return Err(ProjectionError::Filter { field, detail: "has more than 200 characters" });
    }
    Ok(value)
}

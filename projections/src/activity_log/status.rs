//! When users were in which status: the reports among the acts, in the order in which the statuses began.
//!
//! A report may come late or out of order; what is asked for is the time of the status, not that of the report.

use super::columns::from_cells;
use super::query::ActivityLog;
use super::row::Row;
use super::write::column_names;
use crate::error::ProjectionError;
use crate::sql::{Cell, Statement};
use rollbook_domain::kernel::moment::Moment;
use rollbook_ledger::store::Store;
use uuid::Uuid;

/// The most rows of one answer.
pub const STATUS_ROWS_MAX: u32 = 1_001;

/// Which reports are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statuses {
    /// Of statuses that began at this time or later.
    pub from: Option<Moment>,
    /// Of statuses that began before this time.
    pub until: Option<Moment>,
    /// Of these users; of everybody if nothing.
    pub users: Option<Vec<Uuid>>,
    /// After this place: the time that a status began at, and the report's position.
    pub after: Option<(Moment, u64)>,
}

impl ActivityLog {
    /// Reports of statuses, those that began last first, at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn statuses(&self, wanted: &Statuses, limit: u32) -> Result<Vec<Row>, ProjectionError> {
        let limit = limit.min(STATUS_ROWS_MAX);
        let (conditions, params) = conditions(self, wanted);
        let columns = column_names();
        let found = self.ask(|table| {
            let sql = format!(
                "SELECT {columns} FROM {table} WHERE {conditions}
                  ORDER BY status_since DESC, position DESC LIMIT {limit}"
            );
            Statement::new(sql, params.clone())
        });
        found.await?.into_iter().map(from_cells).collect()
    }
}

fn conditions(log: &ActivityLog, wanted: &Statuses) -> (String, Vec<Cell>) {
    let (store, organization) = log.place();
    let mut params = vec![Cell::from(organization.to_string())];
    let mut mark = |cell: Cell| {
        params.push(cell);
        format!("${}", params.len())
    };
    let mut all = vec!["organization = $1 AND status_since IS NOT NULL".to_owned()];
    if let Some(from) = wanted.from {
        all.push(format!("status_since >= {}", mark(from.micros().into())));
    }
    if let Some(until) = wanted.until {
        all.push(format!("status_since < {}", mark(until.micros().into())));
    }
    if let Some(users) = &wanted.users {
        let ids: Vec<_> = users.iter().map(Uuid::to_string).collect();
        // Texts always serialize.
        let ids = mark(serde_json::to_string(&ids).unwrap_or_default().into());
        all.push(match store {
            Store::Sqlite(_) => format!("subject_id IN (SELECT value FROM json_each({ids}))"),
            Store::Postgres(_) => {
                format!("subject_id IN (SELECT json_array_elements_text(CAST({ids} AS json)))")
            }
        });
    }
    if let Some((since, position)) = wanted.after {
        let (since, position) = (mark(since.micros().into()), mark(position.into()));
        all.push(format!("(status_since, position) < ({since}, {position})"));
    }
    (all.join(" AND "), params)
}

//! Taking an erased person out of the rows that are there.
//!
//! Rows are found by actor, by subject, and by what the ledger says names the person. Doing it again does nothing.

use super::columns::{COLUMNS, from_cells, number, to_cells};
use super::fold::Erasure;
use super::row::Row;
use super::tables::Names;
use super::write::column_names;
use crate::error::ProjectionError;
use crate::sql::{Cell, Statement, Step, cells, select, transact};
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_ledger::entry::LedgerId;
use rollbook_ledger::store::{Store, Subject};
use uuid::Uuid;

/// Rows that are redacted in one transaction.
const PAGE: u32 = 500;
/// Times that a page may begin with the same row, because other followers were at it too.
const SAME_MAX: u32 = 20;

/// Redacts every row of `erasure`'s person in a version's table; answers how many there were.
pub(crate) async fn redact(
    store: &Store,
    version: u32,
    organization: OrganizationId,
    ledger: &LedgerId,
    erasure: Erasure,
) -> Result<u64, ProjectionError> {
    let mut done = 0;
    let mut same = Progress::default();
    loop {
        let found = by_index(store, version, organization, erasure).await?;
        if found.is_empty() {
            break;
        }
        same.note(&found)?;
        done += one_page(store, version, organization, erasure, found).await?;
    }
    let subject = Subject { kind: erasure.kind.word().to_owned(), id: erasure.person.to_string() };
    let mut before = None;
    loop {
        let positions = store.positions_of(ledger, &subject, before, PAGE).await?;
        let Some(last) = positions.last() else { return Ok(done) };
        before = Some(*last);
        loop {
            let found = at_positions(store, version, organization, erasure, &positions).await?;
            if found.is_empty() {
                break;
            }
            same.note(&found)?;
            done += one_page(store, version, organization, erasure, found).await?;
        }
    }
}

/// A row that stays as it is however often it is redacted is not one that this release wrote.
#[derive(Default)]
struct Progress {
    first: Option<(i64, u64)>,
    times: u32,
}

impl Progress {
    fn note(&mut self, found: &[Row]) -> Result<(), ProjectionError> {
        let first = found.first().map(|row| (number(row.ledger), row.position));
        self.times = if first == self.first { self.times + 1 } else { 0 };
        self.first = first;
        if self.times > SAME_MAX { Err(ProjectionError::Unreadable) } else { Ok(()) }
    }
}

async fn one_page(
    store: &Store,
    version: u32,
    organization: OrganizationId,
    erasure: Erasure,
    found: Vec<Row>,
) -> Result<u64, ProjectionError> {
    let count = found.len() as u64;
    let steps = found.into_iter().map(|mut row| {
        // What was there then must still be there: another follower may be at it.
        let people = row.people();
        row.redact(erasure.person, erasure.authored);
        update(Names::of(store), version, organization, &row, people)
    });
    transact(store, steps.collect()).await?;
    Ok(count)
}

fn update(
    names: Names,
    version: u32,
    organization: OrganizationId,
    row: &Row,
    people: Option<String>,
) -> Step {
    let changed = ["actor_label", "sentence", "spans", "subject_label", "changes", "reason", "ip", "agent"];
    let changed = [changed.as_slice(), &["people", "search"]].concat();
    let new = COLUMNS.iter().zip(to_cells(organization, row)).filter(|((name, _), _)| changed.contains(name));
    let (set, mut params): (Vec<String>, Vec<Cell>) =
        new.zip(1..).map(|((of, cell), nth)| (format!("{} = ${nth}", of.0), cell)).unzip();
    let next = params.len() + 1;
    let sql = format!(
        "UPDATE {} SET {} WHERE organization = ${next} AND ledger = ${} AND position = ${} AND people = ${}",
        names.table(version),
        set.join(", "),
        next + 1,
        next + 2,
        next + 3
    );
    let id = organization.to_string();
    params.extend(cells![id, number(row.ledger), row.position, people]);
    Step::Runs(Statement::new(sql, params))
}

/// Whether a row still holds something of the person that this erasure takes away.
fn holds(erasure: Erasure) -> String {
    // Somebody who only authored something is marked, so that a search between spaces passes them by.
    if erasure.authored { erasure.person.to_string() } else { format!(" {} ", erasure.person) }
}

async fn by_index(
    store: &Store,
    version: u32,
    organization: OrganizationId,
    erasure: Erasure,
) -> Result<Vec<Row>, ProjectionError> {
    let (columns, table) = (column_names(), Names::of(store).table(version));
    let found = |by: &str| {
        format!(
            "SELECT {columns} FROM {table} WHERE organization = $1 AND {by} AND {} LIMIT {PAGE}",
            contains(store, "people", 3)
        )
    };
    let (id, person): (String, Uuid) = (organization.to_string(), erasure.person);
    for by in ["who = $2", "subject_kind = 'user' AND subject_id = $2"] {
        let params = cells![id.clone(), person.to_string(), holds(erasure)];
        let rows = select(store, Statement::new(found(by), params)).await?;
        if !rows.is_empty() {
            return rows.into_iter().map(from_cells).collect();
        }
    }
    Ok(Vec::new())
}

async fn at_positions(
    store: &Store,
    version: u32,
    organization: OrganizationId,
    erasure: Erasure,
    positions: &[u64],
) -> Result<Vec<Row>, ProjectionError> {
    let (columns, table) = (column_names(), Names::of(store).table(version));
    let listed: Vec<String> = positions.iter().map(u64::to_string).collect();
    let sql = format!(
        "SELECT {columns} FROM {table} WHERE organization = $1 AND ledger = 0 AND {} AND position IN ({})",
        contains(store, "people", 2),
        listed.join(", ")
    );
    let rows = select(store, Statement::new(sql, cells![organization.to_string(), holds(erasure)])).await?;
    rows.into_iter().map(from_cells).collect()
}

/// Whether a column contains a parameter, letter by letter: no character of it means anything else.
pub(crate) fn contains(store: &Store, column: &str, nth: usize) -> String {
    match store {
        Store::Sqlite(_) => format!("instr({column}, ${nth}) > 0"),
        Store::Postgres(_) => format!("strpos({column}, ${nth}) > 0"),
    }
}

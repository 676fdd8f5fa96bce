//! Statements on tables of this crate, the same for both engines.
//!
//! Parameters are written `$1`, `$2` … and first appear in that order (SQLite numbers them by appearance). A list of
//! [`Step`]s is a transaction whose steps are known before it begins, so that SQLite can run it on its writer thread
//! in one go. It knows no table.

use crate::error::ProjectionError;
use rollbook_ledger::store::{PostgresStore, Store, StoreError};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, TransactionBehavior, params_from_iter};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{Column, Connection as _, Postgres, Row as _, TypeInfo, ValueRef as _};

/// One value of a row or a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}
impl From<u64> for Cell {
    /// Positions and counts stay below 2^53; what does not fit matches nothing.
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}
impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

/// A list of parameters.
macro_rules! cells {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::Cell::from($value)),*] };
}
pub(crate) use cells;

/// A statement with its parameters.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) params: Vec<Cell>,
}

impl Statement {
    pub(crate) fn new(sql: impl Into<String>, params: Vec<Cell>) -> Self {
        Self { sql: sql.into(), params }
    }
}

/// A column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Int,
    Text,
}

/// Rows to insert, in bulk.
#[derive(Clone, Debug)]
pub(crate) struct Bulk {
    pub(crate) table: String,
    pub(crate) columns: &'static [(&'static str, Type)],
    /// What follows the values: what to do about rows that are there. Without it PostgreSQL copies, which is fastest.
    pub(crate) tail: Option<String>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// One step of a transaction.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Must answer a row, else the whole is rolled back.
    Holds(Statement),
    /// Must change a row, else the whole is rolled back.
    Changes(Statement),
    /// May change any number of rows.
    Runs(Statement),
    /// Inserts rows.
    Inserts(Bulk),
}

/// Runs the steps in one transaction. Answers whether it was committed: not if a condition did not hold.
pub(crate) async fn transact(store: &Store, steps: Vec<Step>) -> Result<bool, StoreError> {
    match store {
        Store::Sqlite(engine) => engine.write(move |connection| on_sqlite(connection, &steps)).await,
        Store::Postgres(engine) => {
            // To its end, also when nobody waits any more: a transaction that is let go of while it begins would leave
            // its connection in the middle of it to whoever is next.
            let run = tokio::spawn(on_a_connection(engine.clone(), steps));
            let ended = |_| StoreError::Unavailable("the process is about to end".to_owned());
            run.await.map_err(ended)?
        }
    }
}

async fn on_a_connection(engine: PostgresStore, steps: Vec<Step>) -> Result<bool, StoreError> {
    let sorted = |error: sqlx::Error| engine.sorted(&error);
    let mut connection = connection(&engine).await?;
    let mut transaction = connection.begin().await.map_err(sorted)?;
    for step in steps {
        if !on_postgres(&mut transaction, step).await.map_err(sorted)? {
            transaction.rollback().await.map_err(sorted)?;
            return Ok(false);
        }
    }
    transaction.commit().await.map_err(sorted)?;
    Ok(true)
}

/// A connection; should there be none, nothing was sent yet.
async fn connection(engine: &PostgresStore) -> Result<PoolConnection<Postgres>, StoreError> {
    engine.pool().acquire().await.map_err(|error| match engine.sorted(&error) {
        StoreError::InDoubt(what) => StoreError::Unavailable(what),
        known @ (StoreError::Unavailable(_)
        | StoreError::Refused(_)
        | StoreError::Guard(_)
        | StoreError::Unreadable { .. }
        | StoreError::Unsuitable(_)) => known,
    })
}

/// The rows that a statement answers.
pub(crate) async fn select(store: &Store, statement: Statement) -> Result<Vec<Vec<Cell>>, StoreError> {
    match store {
        Store::Sqlite(engine) => engine.query(move |connection| rows(connection, &statement)).await,
        Store::Postgres(engine) => {
            let mut connection = connection(engine).await?;
            let rows = bound(&statement.sql, statement.params).fetch_all(&mut *connection).await;
            rows.and_then(|rows| rows.iter().map(decoded).collect()).map_err(|error| engine.sorted(&error))
        }
    }
}

/// Whether a statement failed because a table is not there (any more).
pub(crate) fn is_missing_table(error: &StoreError) -> bool {
    matches!(error, StoreError::Refused(what) if what.contains("no such table") || what.contains("42P01"))
}

fn on_sqlite(connection: &mut Connection, steps: &[Step]) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in steps {
        let goes_on = match step {
            Step::Holds(statement) => !rows(&transaction, statement)?.is_empty(),
            Step::Changes(statement) => run(&transaction, statement)? > 0,
            Step::Runs(statement) => run(&transaction, statement).map(|_| true)?,
            Step::Inserts(bulk) => insert(&transaction, bulk).map(|()| true)?,
        };
        if !goes_on {
            return Ok(false);
        }
    }
    transaction.commit().map(|()| true)
}

fn run(connection: &Connection, statement: &Statement) -> rusqlite::Result<usize> {
    let params = params_from_iter(statement.params.iter().map(value));
    connection.prepare_cached(&statement.sql)?.execute(params)
}

fn insert(connection: &Connection, bulk: &Bulk) -> rusqlite::Result<()> {
    let marks: Vec<String> = (1..=bulk.columns.len()).map(|nth| format!("?{nth}")).collect();
    let (table, names, tail) = (&bulk.table, names(bulk.columns), bulk.tail.as_deref().unwrap_or_default());
    let sql = format!("INSERT INTO {table} ({names}) VALUES ({}) {tail}", marks.join(", "));
    let mut statement = connection.prepare_cached(&sql)?;
    bulk.rows.iter().try_for_each(|row| statement.execute(params_from_iter(row.iter().map(value))).map(drop))
}

fn rows(connection: &Connection, statement: &Statement) -> rusqlite::Result<Vec<Vec<Cell>>> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    let width = prepared.column_count();
    let found = prepared.query_map(params_from_iter(statement.params.iter().map(value)), |row| {
        (0..width).map(|column| row.get_ref(column).map(cell)).collect()
    })?;
    found.collect()
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(number) => Value::Integer(*number),
        Cell::Text(text) => Value::Text(text.clone()),
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Integer(number) => Cell::Int(number),
        ValueRef::Text(text) => String::from_utf8(text.to_vec()).map_or(Cell::Null, Cell::Text),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => Cell::Null,
    }
}

async fn on_postgres(connection: &mut PgConnection, step: Step) -> Result<bool, sqlx::Error> {
    match step {
        Step::Holds(Statement { sql, params }) => {
            Ok(bound(&sql, params).fetch_optional(connection).await?.is_some())
        }
        Step::Changes(Statement { sql, params }) => {
            Ok(bound(&sql, params).execute(connection).await?.rows_affected() > 0)
        }
        Step::Runs(Statement { sql, params }) => bound(&sql, params).execute(connection).await.map(|_| true),
        Step::Inserts(bulk) if bulk.rows.is_empty() => Ok(true),
        Step::Inserts(bulk) if bulk.tail.is_none() => copy(connection, &bulk).await.map(|()| true),
        Step::Inserts(bulk) => unnest(connection, bulk).await.map(|()| true),
    }
}

/// COPY in its text format: a tab between columns, a line a row, a backslash before what would be either.
async fn copy(connection: &mut PgConnection, bulk: &Bulk) -> Result<(), sqlx::Error> {
    let sql = format!("COPY {} ({}) FROM STDIN", bulk.table, names(bulk.columns));
    let mut text = String::new();
    for row in &bulk.rows {
        for (cell, nth) in row.iter().zip(0..) {
            if nth > 0 {
                text.push('\t');
            }
            copied(&mut text, cell);
        }
        text.push('\n');
    }
    let mut copying = connection.copy_in_raw(&sql).await?;
    copying.send(text.into_bytes()).await?;
    copying.finish().await.map(drop)
}

fn copied(text: &mut String, cell: &Cell) {
    match cell {
        Cell::Null => text.push_str("\\N"),
        Cell::Int(number) => text.push_str(&number.to_string()),
        Cell::Text(value) => {
            for c in value.chars() {
                match c {
                    '\\' => text.push_str("\\\\"),
                    '\t' => text.push_str("\\t"),
                    '\n' => text.push_str("\\n"),
                    '\r' => text.push_str("\\r"),
                    plain => text.push(plain),
                }
            }
        }
    }
}

/// One statement, one array a column.
async fn unnest(connection: &mut PgConnection, bulk: Bulk) -> Result<(), sqlx::Error> {
    let arrays = bulk.columns.iter().zip(1..).map(|((_, of), nth)| match of {
        Type::Int => format!("${nth}::bigint[]"),
        Type::Text => format!("${nth}::text[]"),
    });
    let arrays: Vec<String> = arrays.collect();
    let (table, names, tail) = (&bulk.table, names(bulk.columns), bulk.tail.as_deref().unwrap_or_default());
    let sql = format!("INSERT INTO {table} ({names}) SELECT * FROM unnest({}) {tail}", arrays.join(", "));
    let mut columns: Vec<Vec<Cell>> = bulk.columns.iter().map(|_| Vec::new()).collect();
    for row in bulk.rows {
        columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
    }
    let query =
        bulk.columns.iter().zip(columns).fold(sqlx::query(&sql), |query, ((_, of), cells)| match of {
            Type::Int => query.bind(cells.into_iter().map(number).collect::<Vec<_>>()),
            Type::Text => query.bind(cells.into_iter().map(text).collect::<Vec<_>>()),
        });
    query.execute(connection).await.map(drop)
}

pub(crate) fn names(columns: &[(&str, Type)]) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

fn number(cell: Cell) -> Option<i64> {
    match cell {
        Cell::Int(number) => Some(number),
        Cell::Null | Cell::Text(_) => None,
    }
}

fn text(cell: Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text),
        Cell::Null | Cell::Int(_) => None,
    }
}

fn bound(sql: &str, params: Vec<Cell>) -> Query<'_, Postgres, PgArguments> {
    params.into_iter().fold(sqlx::query(sql), |query, cell| match cell {
        Cell::Null => query.bind(None::<String>),
        Cell::Int(number) => query.bind(number),
        Cell::Text(text) => query.bind(text),
    })
}

fn decoded(row: &PgRow) -> Result<Vec<Cell>, sqlx::Error> {
    let cell = |column: usize| {
        if row.try_get_raw(column)?.is_null() {
            return Ok(Cell::Null);
        }
        match row.columns().get(column).map(|column| column.type_info().name()) {
            Some("INT8") => row.try_get(column).map(Cell::Int),
            _ => row.try_get(column).map(Cell::Text),
        }
    };
    (0..row.len()).map(cell).collect()
}

/// Reads cells of a row in order.
pub(crate) struct Reading(std::vec::IntoIter<Cell>);

impl Reading {
    pub(crate) fn new(row: Vec<Cell>) -> Self {
        Self(row.into_iter())
    }

    pub(crate) fn int(&mut self) -> Result<i64, ProjectionError> {
        self.0.next().and_then(number).ok_or(ProjectionError::Unreadable)
    }

    pub(crate) fn count(&mut self) -> Result<u64, ProjectionError> {
        u64::try_from(self.int()?).map_err(|_| ProjectionError::Unreadable)
    }

    pub(crate) fn maybe(&mut self) -> Option<String> {
        self.0.next().and_then(text)
    }

    pub(crate) fn text(&mut self) -> Result<String, ProjectionError> {
        self.maybe().ok_or(ProjectionError::Unreadable)
    }

    pub(crate) fn parsed<T: std::str::FromStr>(&mut self) -> Result<T, ProjectionError> {
        self.text()?.parse().map_err(|_| ProjectionError::Unreadable)
    }
}

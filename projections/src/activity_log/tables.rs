//! The tables: one a version, named by it, and the pointer that says which version is read.
//!
//! On PostgreSQL they lie in schema `projections`, on SQLite beside all others. They are created here, not by
//! `migrate`: derived data has no migrations, a new shape is a new table.

use super::columns::{COLUMNS, NEEDED};
use super::{NAME, SHAPE};
use crate::error::ProjectionError;
use crate::sql::{Reading, Statement, Step, Type, cells, select, transact};
use rollbook_ledger::store::{Store, StoreError};

/// Names of things as an engine spells them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    prefix: &'static str,
    is_postgres: bool,
}

impl Names {
    pub(crate) fn of(store: &Store) -> Self {
        match store {
            Store::Sqlite(_) => Self { prefix: "", is_postgres: false },
            Store::Postgres(_) => Self { prefix: "projections.", is_postgres: true },
        }
    }

    /// The table of a version.
    pub(crate) fn table(self, version: u32) -> String {
        format!("{}activity_log_{version}", self.prefix)
    }

    /// The pointer's table.
    pub(crate) fn live(self) -> String {
        format!("{}projections_live", self.prefix)
    }

    /// The followers' checkpoints, the ledger's table.
    pub(crate) fn checkpoints(self) -> &'static str {
        if self.is_postgres { "public.follower_checkpoints" } else { "follower_checkpoints" }
    }

    /// Keeps a row that was read as it is until the transaction ends; SQLite has one writer at a time anyhow.
    pub(crate) fn share(self) -> &'static str {
        if self.is_postgres { " FOR SHARE" } else { "" }
    }

    fn pointer_definition(self) -> String {
        let (int, key) = self.types();
        format!(
            "CREATE TABLE IF NOT EXISTS {} (name {key} PRIMARY KEY, version {int} NOT NULL, shape {int} NOT NULL,
            building {int})",
            self.live()
        )
    }

    fn definition(self, version: u32) -> String {
        let (int, key) = self.types();
        let columns = COLUMNS.iter().map(|(name, of)| {
            let of = if *of == Type::Int { int } else { key };
            let needed = if NEEDED.contains(name) { " NOT NULL" } else { "" };
            format!("{name} {of}{needed}")
        });
        let columns: Vec<String> = columns.collect();
        let table = self.table(version);
        format!("CREATE TABLE {table} ({}, PRIMARY KEY (organization, ledger, position))", columns.join(", "))
    }

    /// Bytes are compared, not letters: prefixes and pages need an order that is the same everywhere.
    fn types(self) -> (&'static str, &'static str) {
        if self.is_postgres { ("bigint", "text COLLATE \"C\"") } else { ("integer", "text") }
    }

    /// Newest first, by actor, by subject; statuses newest first, everybody's and one's. SQLite answers an actor's actions of a kind from the index alone.
    fn indexes(self, version: u32) -> [String; 5] {
        let table = self.table(version);
        let action = if self.is_postgres { "" } else { ", action" };
        let index = |name: &str, columns: String| {
            format!("CREATE INDEX IF NOT EXISTS activity_log_{version}_{name} ON {table} ({columns})")
        };
        let status = |name: &str, columns: &str| {
            format!("{} WHERE status_since IS NOT NULL", index(name, columns.to_owned()))
        };
        [
            index("at", "organization, at, ledger, position".to_owned()),
            index("actor", format!("organization, who, at, ledger, position{action}")),
            index("subject", "organization, subject_kind, subject_id, at, ledger, position".to_owned()),
            status("status", "organization, status_since, position"),
            status("status_of", "organization, subject_id, status_since, position"),
        ]
    }
}

/// Which version is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) version: u32,
    pub(crate) shape: i64,
    /// The version that a rebuild is making, or was making when it ended early.
    pub(crate) building: Option<u32>,
}

/// The pointer, if there is one.
pub(crate) async fn live(store: &Store) -> Result<Option<Live>, ProjectionError> {
    let sql = format!(
        "SELECT version, shape, coalesce(building, 0) FROM {} WHERE name = $1",
        Names::of(store).live()
    );
    let found = match select(store, Statement::new(sql, cells![NAME])).await {
        Err(error) if crate::sql::is_missing_table(&error) => return Ok(None),
        found => found?,
    };
    let Some(row) = found.into_iter().next() else { return Ok(None) };
    let mut row = Reading::new(row);
    let version = |number: i64| u32::try_from(number).map_err(|_| ProjectionError::Unreadable);
    let live = Live { version: version(row.int()?)?, shape: row.int()?, building: None };
    let building = version(row.int()?)?;
    Ok(Some(Live { building: (building > 0).then_some(building), ..live }))
}

/// The pointer; creates the first version if there is none. Two processes that start at once take turns.
///
/// # Errors
/// [`ProjectionError::Shape`] if the live table is of another release's shape.
pub(crate) async fn open(store: &Store) -> Result<Live, ProjectionError> {
    let found = match live(store).await? {
        Some(found) => found,
        None => {
            create_first(store).await?;
            live(store).await?.ok_or(ProjectionError::Unreadable)?
        }
    };
    if found.shape == SHAPE {
        return Ok(found);
    }
    Err(ProjectionError::Shape { found: found.shape, known: SHAPE })
}

async fn create_first(store: &Store) -> Result<(), ProjectionError> {
    let names = Names::of(store);
    let mut steps = turns(names);
    steps.push(run(names.pointer_definition()));
    transact(store, steps).await?;
    // The pointer's row is the lock: whoever inserts it creates the table in the same transaction.
    let insert = format!(
        "INSERT INTO {} (name, version, shape) VALUES ($1, 1, $2) ON CONFLICT DO NOTHING",
        names.live()
    );
    let mut steps = vec![Step::Changes(Statement::new(insert, cells![NAME, SHAPE]))];
    steps.push(run(names.definition(1)));
    steps.extend(names.indexes(1).map(run));
    transact(store, steps).await?;
    Ok(())
}

/// `CREATE TABLE IF NOT EXISTS` of two sessions at once can fail on PostgreSQL's own catalog.
fn turns(names: Names) -> Vec<Step> {
    let lock = || run("SELECT pg_advisory_xact_lock(7236834922)".to_owned());
    if names.is_postgres { vec![lock()] } else { Vec::new() }
}

fn run(sql: String) -> Step {
    Step::Runs(Statement::new(sql, Vec::new()))
}

/// Begins version `next` beside the live one, without indexes; what an earlier rebuild left is dropped.
pub(crate) async fn begin(store: &Store, live: Live, next: u32) -> Result<(), ProjectionError> {
    let names = Names::of(store);
    let mark = format!(
        "UPDATE {} SET building = $1 WHERE name = $2 AND version = $3 AND coalesce(building, 0) = $4",
        names.live()
    );
    let params =
        cells![i64::from(next), NAME, i64::from(live.version), i64::from(live.building.unwrap_or(0))];
    let mut steps = vec![Step::Changes(Statement::new(mark, params))];
    if let Some(left) = live.building {
        steps.extend(drops(names, left));
    }
    steps.extend(drops(names, next));
    steps.push(run(names.definition(next)));
    committed(transact(store, steps).await)
}

/// Adds the indexes of a loaded version.
pub(crate) async fn index(store: &Store, version: u32) -> Result<(), ProjectionError> {
    let names = Names::of(store);
    for index in names.indexes(version) {
        // An index of millions of rows takes longer than a statement of `serve` may.
        let patience = || run("SET LOCAL statement_timeout = 0".to_owned());
        let mut steps = if names.is_postgres { vec![patience()] } else { Vec::new() };
        steps.push(run(index));
        transact(store, steps).await?;
    }
    Ok(())
}

/// Points to `next` and drops what was live. Answers `false` if the live version was ahead of it somewhere.
pub(crate) async fn swap(store: &Store, live: Live, next: u32) -> Result<bool, ProjectionError> {
    let names = Names::of(store);
    let (table, checkpoints) = (names.live(), names.checkpoints());
    let mark = format!(
        "UPDATE {table} SET version = $1, shape = $2, building = NULL
          WHERE name = $3 AND version = $4 AND building = $1"
    );
    let params = cells![i64::from(next), SHAPE, NAME, i64::from(live.version)];
    let ahead = format!(
        "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {checkpoints} was
            LEFT JOIN {checkpoints} next ON next.aggregate_id = was.aggregate_id
                 AND next.aggregate_type = was.aggregate_type AND next.name = was.name AND next.version = $1
          WHERE was.name = $2 AND was.version = $3 AND was.position > coalesce(next.position, 0))"
    );
    let still = format!("SELECT name FROM {table} WHERE name = $1 AND building = $2 AND version = $3");
    let still_params = cells![NAME, i64::from(next), i64::from(live.version)];
    if select(store, Statement::new(still, still_params)).await?.is_empty() {
        return Err(ProjectionError::TakenOver);
    }
    let ahead_params = cells![i64::from(next), NAME, i64::from(live.version)];
    // Moving the pointer first waits for followers that are writing, and makes the next ones wait.
    let mut steps =
        vec![Step::Changes(Statement::new(mark, params)), Step::Holds(Statement::new(ahead, ahead_params))];
    steps.extend(drops(names, live.version));
    Ok(transact(store, steps).await?)
}

/// Drops a version that was not to be.
pub(crate) async fn abandon(store: &Store, next: u32) -> Result<(), ProjectionError> {
    let names = Names::of(store);
    let mark = format!("UPDATE {} SET building = NULL WHERE name = $1 AND building = $2", names.live());
    let mut steps = vec![Step::Changes(Statement::new(mark, cells![NAME, i64::from(next)]))];
    steps.extend(drops(names, next));
    transact(store, steps).await?;
    Ok(())
}

fn drops(names: Names, version: u32) -> [Step; 2] {
    let table = format!("DROP TABLE IF EXISTS {}", names.table(version));
    let checkpoints = format!("DELETE FROM {} WHERE name = $1 AND version = $2", names.checkpoints());
    [run(table), Step::Runs(Statement::new(checkpoints, cells![NAME, i64::from(version)]))]
}

fn committed(result: Result<bool, StoreError>) -> Result<(), ProjectionError> {
    if result? { Ok(()) } else { Err(ProjectionError::TakenOver) }
}

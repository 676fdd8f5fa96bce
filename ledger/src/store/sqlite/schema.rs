//! Creates and upgrades the tables.
//!
//! Here are only the statements that SQLite needs; which formats exist is [`crate::store::schema`]'s.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{SqliteStore, error};
use crate::store::schema::{SchemaState, to_apply};
use crate::store::{SchemaError, StoreError};

/// One script a format, oldest first.
pub(super) const SCRIPTS: [&str; 1] = [include_str!("schema.1.sql")];

impl SqliteStore {
    pub(in crate::store) async fn schema_state(&self) -> Result<SchemaState, StoreError> {
        self.read(|connection| version(connection).map_err(|error| error::store(&error)))
            .await
            .map(|version| SchemaState::of(version, SCRIPTS.len()))
    }

    pub(in crate::store) async fn migrate(&self) -> Result<(), SchemaError> {
        self.on_writer(migrate).await?
    }
}

fn version(connection: &Connection) -> rusqlite::Result<Option<u32>> {
    let table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'rollbook_schema'";
    if connection.query_row(table, [], |_| Ok(())).optional()?.is_none() {
        return Ok(None);
    }
    connection.query_row("SELECT max(version) FROM rollbook_schema", [], |row| row.get(0))
}

fn migrate(connection: &mut Connection) -> Result<(), SchemaError> {
    let failed = |error: rusqlite::Error| SchemaError::Store(error::store(&error));
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let state = SchemaState::of(version(&transaction).map_err(failed)?, SCRIPTS.len());
    for (format, script) in to_apply(state, &SCRIPTS)? {
        transaction.execute_batch(script).map_err(failed)?;
        transaction.execute("INSERT INTO rollbook_schema (version) VALUES (?1)", [format]).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

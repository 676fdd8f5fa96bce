//! Creates and upgrades the tables, and grants what `serve` needs.
//!
//! Run by the owner of the database. Which formats exist is [`crate::store::schema`]'s.

use sqlx::{Connection, PgConnection};

use super::{PostgresStore, error};
use crate::store::cells::Cells;
use crate::store::schema::{SchemaState, to_apply};
use crate::store::{SchemaError, StoreError};

/// One script a format, oldest first.
pub(super) const SCRIPTS: [&str; 1] = [include_str!("schema.1.sql")];
const GRANTS: &str = include_str!("grants.sql");
/// Two processes that migrate at once take turns.
const TAKE_TURNS: &str = "SELECT pg_advisory_xact_lock(7236834921)";
const TABLE: &str = "SELECT CAST(to_regclass('public.rollbook_schema') AS text)";
const VERSION: &str = "SELECT max(version) FROM public.rollbook_schema";

impl PostgresStore {
    pub(in crate::store) async fn schema_state(&self) -> Result<SchemaState, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(|error| error::connecting(&error))?;
        state(&mut connection).await
    }

    pub(in crate::store) async fn migrate(&self) -> Result<(), SchemaError> {
        let mut connection = self.pool.acquire().await.map_err(|error| error::connecting(&error))?;
        let mut transaction = connection.begin().await.map_err(failed)?;
        sqlx::query(TAKE_TURNS).execute(&mut *transaction).await.map_err(failed)?;
        for (format, script) in to_apply(state(&mut transaction).await?, &SCRIPTS)? {
            sqlx::raw_sql(script).execute(&mut *transaction).await.map_err(failed)?;
            let insert = sqlx::query("INSERT INTO public.rollbook_schema (version) VALUES ($1)");
            insert.bind(i64::from(format)).execute(&mut *transaction).await.map_err(failed)?;
        }
        Ok(transaction.commit().await.map_err(failed)?)
    }

    pub(in crate::store) async fn grant_serve(&self, role: &str) -> Result<(), SchemaError> {
        if !is_role_name(role) {
            return Err(SchemaError::RoleName);
        }
        let mut connection = self.pool.acquire().await.map_err(|error| error::connecting(&error))?;
        let mut transaction = connection.begin().await.map_err(failed)?;
        let script = GRANTS.replace("{role}", &format!("\"{role}\""));
        sqlx::raw_sql(&script).execute(&mut *transaction).await.map_err(failed)?;
        Ok(transaction.commit().await.map_err(failed)?)
    }
}

fn failed(error: sqlx::Error) -> StoreError {
    error::store(&error)
}

async fn state(connection: &mut PgConnection) -> Result<SchemaState, StoreError> {
    let table = sqlx::query(TABLE).fetch_one(&mut *connection).await.map_err(failed)?;
    if super::cells(&table)?.text(0).is_err() {
        return Ok(SchemaState::Missing);
    }
    let row: Cells = super::cells(&sqlx::query(VERSION).fetch_one(connection).await.map_err(failed)?)?;
    let version = row.maybe_int(0)?.map(|version| u32::try_from(version).unwrap_or(u32::MAX));
    Ok(SchemaState::of(version, SCRIPTS.len()))
}

/// Narrower than PostgreSQL's rule, so that nothing in it needs quoting.
fn is_role_name(role: &str) -> bool {
    role.len() <= 63
        && role.starts_with(|first: char| first.is_ascii_lowercase())
        && role.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

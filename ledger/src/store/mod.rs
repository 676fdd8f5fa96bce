//! Where ledgers lie: the same contract on SQLite and on PostgreSQL.
//!
//! A ledger's positions are 1, 2, 3 … with no gap; whoever sees a position has seen all before it; a batch is
//! there whole or not at all. Nothing above this module knows the engine, but for projections, which use its
//! connections for their own tables. Not here: deciding, batching, retrying, and what an event means.

mod attempts;
mod batch;
mod cells;
mod checkpoints;
mod commands;
mod counting;
mod credentials;
mod error;
mod heads;
mod held;
mod imports;
mod logons;
mod outbox;
mod pages;
mod personal;
mod pictures;
mod postgres;
mod read;
mod row;
mod schema;
mod select;
mod sessions;
mod snapshots;
mod sqlite;

use std::path::Path;
use std::sync::Arc;

pub use attempts::Attempts;
pub use batch::{
    Appended, Batch, Command, CredentialChange, PersonalRow, PersonalValue, Prune, ROWS_MAX, Row, Subject,
};
pub use counting::Counting;
pub use credentials::{Credential, OLD_PASSWORD, PASSWORD_LINK};
pub use error::{AppendError, ReadError, SchemaError, StoreError};
pub use held::{HOLD_MAX, Held};
pub use imports::{IMPORTS_KEPT, Import};
pub use logons::Logons;
pub use outbox::{Mail, Waiting};
pub use pages::{CheckedPages, Pages};
pub use pictures::{PICTURES_MAX, Picture};
pub use postgres::PostgresStore;
pub use read::READ_ROWS_MAX;
pub use row::{Checked, Head, HeadMark, RawRow, Stored};
pub use schema::SchemaState;
pub use sessions::Session;
pub use snapshots::Snapshot;
pub use sqlite::SqliteStore;

use crate::entry::LedgerId;
use cells::{Cells, Param};
use held::By;

/// The format of entries that this release writes into a ledger's head.
pub const FORMAT: u32 = 1;

/// A ledger store. Cloning it is cheap; the clones share connections.
#[derive(Clone, Debug)]
pub enum Store {
    /// One SQLite file on this machine.
    Sqlite(SqliteStore),
    /// A PostgreSQL database.
    Postgres(PostgresStore),
}

/// Calls the same method of whichever engine it is.
macro_rules! engine {
    ($store:expr, $engine:ident => $call:expr) => {
        match $store {
            $crate::store::Store::Sqlite($engine) => $call,
            $crate::store::Store::Postgres($engine) => $call,
        }
    };
}
use engine;

impl Store {
    /// Opens a SQLite file, creating it if it is missing. Creates no tables: see [`Self::migrate`].
    ///
    /// # Errors
    /// If the file cannot be opened or is no SQLite database.
    pub async fn sqlite(path: &Path) -> Result<Self, StoreError> {
        SqliteStore::open(path).await.map(Self::Sqlite)
    }

    /// Connects to PostgreSQL with at most `connections` connections. Creates no tables.
    ///
    /// # Errors
    /// `Unavailable` if it cannot be reached, `Unsuitable` if the URL is wrong or the encoding not UTF8.
    pub async fn postgres(url: &str, connections: u32) -> Result<Self, StoreError> {
        PostgresStore::connect(url, connections).await.map(Self::Postgres)
    }

    /// Whether [`Self::postgres`] can read this URL; whether anybody answers there is another question.
    #[must_use]
    pub fn is_postgres_url(url: &str) -> bool {
        (url.starts_with("postgres://") || url.starts_with("postgresql://")) && PostgresStore::reads(url)
    }

    /// Compares the database's tables with those that this release writes.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn schema_state(&self) -> Result<SchemaState, StoreError> {
        engine!(self, engine => engine.schema_state().await)
    }

    /// Creates or upgrades the tables in one transaction; does nothing if they are current. On PostgreSQL
    /// this needs the owner of the database.
    ///
    /// # Errors
    /// `Newer` if a newer release wrote the tables; else what the database says.
    pub async fn migrate(&self) -> Result<(), SchemaError> {
        engine!(self, engine => engine.migrate().await)
    }

    /// Grants the role `serve` runs as what it needs and takes all else from it. Run by the owner.
    ///
    /// # Errors
    /// `RoleName` for a name that is not a plain identifier, `NoRoles` on SQLite.
    pub async fn grant_serve(&self, role: &str) -> Result<(), SchemaError> {
        match self {
            Self::Sqlite(_) => Err(SchemaError::NoRoles),
            Self::Postgres(engine) => engine.grant_serve(role).await,
        }
    }

    /// Writes a batch in one transaction, durably, or not at all.
    ///
    /// # Errors
    /// Each [`AppendError`] says whether the batch may be written and what to do next.
    pub async fn append(&self, batch: impl Into<Arc<Batch>>) -> Result<Appended, AppendError> {
        let batch = batch.into();
        batch.check()?;
        match self {
            Self::Sqlite(engine) => engine.append(batch).await,
            Self::Postgres(engine) => engine.append(&batch).await,
        }
    }

    /// Holds the head of `ledger` once nobody else does: for a writer that lost it to others, and would again.
    ///
    /// # Errors
    /// If the head is not to be had in time.
    pub async fn hold(&self, ledger: &LedgerId) -> Result<Held, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.hold().await.map(By::Sqlite).map(Held),
            Self::Postgres(engine) => engine.hold(ledger).await.map(By::Postgres).map(Held),
        }
    }

    /// The database server's clock, microseconds since the Unix epoch (UTC). SQLite has no server: this
    /// machine's clock, in milliseconds.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn now_us(&self) -> Result<i64, StoreError> {
        let sql = match self {
            Self::Sqlite(_) => "SELECT CAST(round(unixepoch('subsec') * 1000) AS integer) * 1000",
            Self::Postgres(_) => "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
        };
        self.one(sql, Vec::new(), |row| row.int(0)).await?.ok_or(StoreError::Unreadable { column: 0 })
    }

    /// Closes what can be closed ahead of the last drop: PostgreSQL's connections.
    pub async fn close(&self) {
        if let Self::Postgres(engine) = self {
            engine.close().await;
        }
    }

    async fn select<T>(
        &self,
        sql: &'static str,
        params: Vec<Param>,
        decode: impl Fn(&Cells) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = engine!(self, engine => engine.select(sql, params).await)?;
        rows.iter().map(decode).collect()
    }

    async fn one<T>(
        &self,
        sql: &'static str,
        params: Vec<Param>,
        decode: impl Fn(&Cells) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.select(sql, params, decode).await?.pop())
    }

    /// Answers the number of rows written or deleted.
    async fn execute(&self, sql: &'static str, params: Vec<Param>) -> Result<u64, StoreError> {
        engine!(self, engine => engine.execute(sql, params).await)
    }
}

//! A fresh store for each test, on either engine, and a door around it for what the store does not allow.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::FutureExt;
use rollbook_ledger::store::Store;
use sqlx::{Connection, PgConnection};
use tokio::sync::OnceCell;

/// A store and a way to send its database any SQL.
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) place: Place,
}

pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Bench {
    /// Runs SQL as the owner of the database would.
    pub(crate) async fn run(&self, sql: &str) -> Result<(), String> {
        match &self.place {
            Place::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
                connection.execute_batch(sql).map_err(|error| error.to_string())
            }
            Place::Postgres(url) => on_server(url, sql).await,
        }
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self.place, Place::Postgres(_))
    }

    /// Another store on the same database, as another process would have it.
    pub(crate) async fn reopen(&self) -> Store {
        match &self.place {
            Place::Sqlite(path) => Store::sqlite(path).await.unwrap(),
            Place::Postgres(url) => Store::postgres(url, 2).await.unwrap(),
        }
    }

    /// Takes a guard away, as only the owner can.
    pub(crate) async fn drop_guard(&self, table: &str, trigger: &str) {
        let on = if self.is_postgres() { format!(" ON {table}") } else { String::new() };
        self.run(&format!("DROP TRIGGER {trigger}{on}")).await.unwrap();
    }
}

/// One test a function, on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($suite:ident)*) => {
        mod sqlite {
            $(#[tokio::test] async fn $suite() { $crate::bench::on_sqlite(super::$suite).await })*
        }
        mod postgres {
            $(#[tokio::test] async fn $suite() { $crate::bench::on_postgres(super::$suite).await })*
        }
    };
}
pub(crate) use on_both;

pub(crate) async fn on_sqlite(suite: impl AsyncFnOnce(&Bench)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rollbook.db");
    let store = Store::sqlite(&path).await.unwrap();
    store.migrate().await.unwrap();
    suite(&Bench { store, place: Place::Sqlite(path) }).await;
}

pub(crate) async fn on_postgres(suite: impl AsyncFnOnce(&Bench)) {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let template = TEMPLATE.get_or_init(template).await;
    let name = fresh("rb");
    on_server(&server(), &format!("CREATE DATABASE {name} TEMPLATE {template}")).await.unwrap();
    let store = Store::postgres(&database(&name), 8).await.unwrap();
    let bench = Bench { store, place: Place::Postgres(database(&name)) };
    let outcome = AssertUnwindSafe(suite(&bench)).catch_unwind().await;
    bench.store.close().await;
    on_server(&server(), &format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

async fn template() -> String {
    let name = fresh("rb_template");
    on_server(&server(), &format!("CREATE DATABASE {name}")).await.unwrap();
    let store = Store::postgres(&database(&name), 1).await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
    name
}

/// A name that no other test of this or another process uses.
pub(crate) fn fresh(prefix: &str) -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

#[expect(clippy::disallowed_methods, reason = "the one setting of the tests")]
pub(crate) fn server() -> String {
    std::env::var("ROLLBOOK_TEST_PG")
        .unwrap_or_else(|_| panic!("ROLLBOOK_TEST_PG is not set: run the tests with tests/run"))
}

/// The URL of another database of the server.
pub(crate) fn database(name: &str) -> String {
    let server = server();
    let (rest, _) = server.rsplit_once('/').unwrap();
    format!("{rest}/{name}")
}

pub(crate) async fn on_server(url: &str, sql: &str) -> Result<(), String> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let done = sqlx::raw_sql(sql).execute(&mut connection).await;
    connection.close().await.unwrap();
    done.map(drop)
        .map_err(|error| error.as_database_error().map_or(error.to_string(), |e| e.message().to_owned()))
}

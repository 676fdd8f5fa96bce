//! A PostgreSQL database of its own for each test, on the server that `tests/run` started.
//!
//! A test must not stop that server, for others are using it: one that needs a server to die starts a
//! [`PgServer`](crate::pg_server::PgServer).
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;
use std::thread;

use sqlx::{Connection, PgConnection};

use crate::setting;

/// An empty UTF8 database with a name that nobody else has; dropped with this value, as far as that succeeds.
#[derive(Debug)]
pub struct TestPg {
    server: String,
    name: String,
    url: String,
}

impl TestPg {
    /// Creates the database. Works inside and outside a tokio runtime, and blocks for about 0.1 s.
    ///
    /// # Panics
    /// If `ROLLBOOK_TEST_PG` is unset, or the server does not answer.
    pub fn create() -> Self {
        let server = server_url();
        let name = format!(
            "rollbook_test_{}_{:016x}",
            std::process::id(),
            RandomState::new().build_hasher().finish()
        );
        execute(&server, format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
            .expect("the server of ROLLBOOK_TEST_PG lets its user create a database");
        let url = with_database(&server, &name);
        Self { server, name, url }
    }

    /// `postgres://…` of this database, for its owner.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestPg {
    fn drop(&mut self) {
        // FORCE, because a test that fails leaves its connections open. An error is no news: the server goes soon.
        let _ = execute(&self.server, format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// The folder in which `tests/run` found `initdb`, `postgres` and the other programs.
///
/// # Panics
/// If `ROLLBOOK_TEST_PG_BIN` is unset.
pub fn programs() -> PathBuf {
    setting("ROLLBOOK_TEST_PG_BIN").map(PathBuf::from).unwrap_or_else(|| unprepared("ROLLBOOK_TEST_PG_BIN"))
}

fn server_url() -> String {
    setting("ROLLBOOK_TEST_PG").unwrap_or_else(|| unprepared("ROLLBOOK_TEST_PG"))
}

fn unprepared(variable: &str) -> ! {
    panic!(
        "this test needs PostgreSQL and {variable} is not set: run it by `tests/run NAME`, which starts a throw-away \
         server, or point {variable} at one of your own"
    )
}

/// The same server's URL with another database in its path.
fn with_database(server: &str, name: &str) -> String {
    let (address, options) =
        server.split_once('?').map_or((server, String::new()), |(a, o)| (a, format!("?{o}")));
    let host_end = address.find("://").map_or(0, |at| at + 3);
    let path =
        address.get(host_end..).and_then(|rest| rest.find('/')).map_or(address.len(), |at| host_end + at);
    format!("{}/{name}{options}", address.get(..path).unwrap_or(address))
}

/// Runs one statement on a connection, a runtime and a thread of its own: `Drop` is not async, and runtimes do not nest.
fn execute(url: &str, statement: String) -> Result<(), sqlx::Error> {
    let url = url.to_owned();
    let waiting = thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            let mut connection = PgConnection::connect(&url).await?;
            sqlx::raw_sql(&statement).execute(&mut connection).await?;
            connection.close().await
        })
    });
    waiting.join().expect("the statement's thread does not panic")
}

#[cfg(test)]
mod tests {
    //! The harness keeps its own promises.
    use sqlx::{Connection, PgConnection};

    use super::{TestPg, server_url, with_database};

    async fn databases_called(name: &str) -> i64 {
        let mut connection = PgConnection::connect(&server_url()).await.unwrap();
        sqlx::query_scalar("SELECT count(*) FROM pg_database WHERE datname = $1")
            .bind(name)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn each_test_database_is_its_own_and_goes_with_its_value() {
        let (one, other) = (TestPg::create(), TestPg::create());
        assert_ne!(one.name(), other.name());
        let mut left_open = PgConnection::connect(one.url()).await.unwrap();
        sqlx::raw_sql("CREATE TABLE mine ()").execute(&mut left_open).await.unwrap();
        let mut beside = PgConnection::connect(other.url()).await.unwrap();
        assert!(sqlx::raw_sql("SELECT FROM mine").execute(&mut beside).await.is_err());

        let name = one.name().to_owned();
        assert_eq!(databases_called(&name).await, 1);
        drop(one);
        assert_eq!(databases_called(&name).await, 0);
    }

    #[test]
    fn only_the_database_in_a_url_is_replaced() {
        for (server, expected) in [
            ("postgres://me@127.0.0.1:5999/postgres", "postgres://me@127.0.0.1:5999/mine"),
            ("postgres://me:a@h/postgres?sslmode=disable", "postgres://me:a@h/mine?sslmode=disable"),
            ("postgres://h", "postgres://h/mine"),
        ] {
            assert_eq!(with_database(server, "mine"), expected);
        }
    }
}

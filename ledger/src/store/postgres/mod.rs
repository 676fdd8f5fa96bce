//! The PostgreSQL engine: a pool, prepared statements, one round trip an append.
//!
//! Nothing here relies on LISTEN, on sequences, or on advisory locks that outlive a transaction. Whether it speaks TLS, and whom it then
//! trusts, the database's URL says (`sslmode`, `sslrootcert`).

mod append;
mod error;
mod lanes;
mod read;
mod schema;

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::{Column, ConnectOptions, Connection, Postgres, Row, TypeInfo, ValueRef};
use tokio::time::error::Elapsed;

pub(super) use self::append::Held;
use self::lanes::Lanes;
use super::StoreError;
use super::cells::{Cell, Cells, Param};

/// Most connections that only appends use.
const LANES_MAX: u32 = 8;
/// Waits, until this transaction ends, for those with the same text. Texts that collide wait for nothing, which is harmless.
const TAKE_TURN: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 7236834922))";
/// How long to wait for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait for an answer: longer than the server's own limit, so that it normally speaks first.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);
/// The same for a lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(8);
/// The server's own limits. A batch that waits longer for the head is better decided again.
const SERVER_SETTINGS: [(&str, &str); 4] = [
    ("search_path", "public"),
    ("lock_timeout", "5s"),
    ("statement_timeout", "30s"),
    ("idle_in_transaction_session_timeout", "15s"),
];

/// A ledger store on PostgreSQL. Cloning it is cheap and shares the pool.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pool: PgPool,
    lanes: Lanes,
    sessions: Sessions,
}

/// Which sessions may be used again: a session that was told to be read-only stays so when others may write again.
#[derive(Clone, Debug)]
struct Sessions {
    begun: Instant,
    /// Sessions older than this, in milliseconds since `begun`, are closed and not used.
    useless_before: Arc<AtomicU64>,
}

impl Sessions {
    fn new() -> Self {
        Self { begun: Instant::now(), useless_before: Arc::default() }
    }

    fn are_useless_until_now(&self) {
        self.useless_before.store(self.millis(Instant::now()).saturating_add(1), Ordering::Relaxed);
    }

    fn is_useful(&self, age: Duration) -> bool {
        let opened = Instant::now().checked_sub(age).map_or(0, |opened| self.millis(opened));
        opened >= self.useless_before.load(Ordering::Relaxed)
    }

    fn millis(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.begun).as_millis()).unwrap_or(u64::MAX)
    }
}

impl PostgresStore {
    /// Connects with at most `connections` connections (at least 2), up to half of which only append, and checks that
    /// the database can hold a ledger. Creates no tables.
    ///
    /// # Errors
    /// `Unavailable` if it cannot be reached, `Unsuitable` if its encoding is not UTF8 or the URL is wrong.
    pub async fn connect(url: &str, connections: u32) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| StoreError::Unsuitable("the database url cannot be read".to_owned()))?;
        let options = options.application_name("rollbook").options(SERVER_SETTINGS);
        reached(&options).await?;
        // A dead connection shows as a lost answer, which is resolved anyhow; asking first costs a round trip.
        let sessions = Sessions::new();
        let lanes = (connections / 2).clamp(1, LANES_MAX);
        let pooled = connections.saturating_sub(lanes).max(1);
        let lanes = Lanes::new(options.clone(), sessions.clone(), lanes);
        let kept = sessions.clone();
        let pool = PgPoolOptions::new()
            .max_connections(pooled)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(move |_, session| {
                let is_useful = kept.is_useful(session.age);
                Box::pin(async move { Ok(is_useful) })
            })
            .connect_with(options)
            .await
            .map_err(|error| error::connecting(&error))?;
        let store = Self { pool, lanes, sessions };
        store.check_encoding().await?;
        Ok(store)
    }

    /// Whether the URL can be read.
    pub(super) fn reads(url: &str) -> bool {
        PgConnectOptions::from_str(url).is_ok()
    }

    /// The pool, for what is written in transactions of its own: projections and their checkpoints.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// What PostgreSQL says of a statement on [`Self::pool`], sorted by what the caller must do, without values.
    #[must_use]
    pub fn sorted(&self, error: &sqlx::Error) -> StoreError {
        self.heed(error);
        error::store(error)
    }

    /// What a failure says of the sessions that are open.
    fn heed(&self, error: &sqlx::Error) {
        if error::is_of_an_old_session(error) {
            self.sessions.are_useless_until_now();
        }
    }

    /// Closes the connections.
    pub(super) async fn close(&self) {
        self.lanes.close().await;
        self.pool.close().await;
    }

    async fn check_encoding(&self) -> Result<(), StoreError> {
        let rows = self.select("SELECT current_setting('server_encoding')", Vec::new()).await?;
        match rows.first().map(|row| row.text(0)).transpose()? {
            Some("UTF8") => Ok(()),
            _ => Err(StoreError::Unsuitable("the database's encoding is not utf8".to_owned())),
        }
    }

    pub(super) async fn select(
        &self,
        sql: &'static str,
        params: Vec<Param>,
    ) -> Result<Vec<Cells>, StoreError> {
        let rows = self.fetch(bound(sql, params)).await?;
        rows.iter().map(cells).collect()
    }

    pub(super) async fn execute(&self, sql: &'static str, params: Vec<Param>) -> Result<u64, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(|error| error::connecting(&error))?;
        let run = bound(sql, params).execute(&mut *connection);
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, run).await;
        self.settle(connection, answer).map(|done| done.rows_affected())
    }

    /// Like [`Self::execute`], but of those with the same `turn`, whatever their process, one after another: each sees
    /// what the one before it wrote.
    pub(super) async fn execute_in_turn(
        &self,
        turn: &str,
        sql: &'static str,
        params: Vec<Param>,
    ) -> Result<u64, StoreError> {
        let (store, turn) = (self.clone(), turn.to_owned());
        // To its end, also when nobody waits any more: a transaction that is let go of while it begins would leave its
        // connection in the middle of it to whoever is next.
        let run = tokio::spawn(async move {
            let mut connection = store.pool.acquire().await.map_err(|error| error::connecting(&error))?;
            let run = async {
                let mut transaction = connection.begin().await?;
                sqlx::query(TAKE_TURN).bind(turn).execute(&mut *transaction).await?;
                let done = bound(sql, params).execute(&mut *transaction).await?;
                transaction.commit().await?;
                Ok(done.rows_affected())
            };
            let answer = tokio::time::timeout(ANSWER_TIMEOUT, run).await;
            store.settle(connection, answer)
        });
        run.await.map_err(|_| StoreError::Unavailable("the process is about to end".to_owned()))?
    }

    async fn fetch(&self, query: Query<'_, Postgres, PgArguments>) -> Result<Vec<PgRow>, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(|error| error::connecting(&error))?;
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, query.fetch_all(&mut *connection)).await;
        self.settle(connection, answer)
    }

    /// A connection whose answer did not come is not used again.
    fn settle<T>(
        &self,
        mut connection: PoolConnection<Postgres>,
        answer: Result<Result<T, sqlx::Error>, Elapsed>,
    ) -> Result<T, StoreError> {
        let Ok(answer) = answer else {
            connection.close_on_drop();
            return Err(StoreError::InDoubt("no answer in time".to_owned()));
        };
        answer.map_err(|error| self.sorted(&error))
    }
}

/// Tries once, because a pool tries until its time is over and then says no more than that.
async fn reached(options: &PgConnectOptions) -> Result<(), StoreError> {
    let (host, port) = (options.get_host(), options.get_port());
    let failed = |why: &str| StoreError::Unavailable(format!("at {host}, port {port}: {why}"));
    match tokio::time::timeout(ACQUIRE_TIMEOUT, options.connect()).await {
        // Not closing it in so many words is as good: the server sees that it is gone.
        Ok(Ok(connection)) => connection.close().await.or(Ok(())),
        Ok(Err(error)) => match error::connecting(&error) {
            StoreError::Unavailable(why) => Err(failed(&why)),
            other => Err(other),
        },
        Err(_) => Err(failed("no answer within 5 s")),
    }
}

fn bound(sql: &'static str, params: Vec<Param>) -> Query<'static, Postgres, PgArguments> {
    params.into_iter().fold(sqlx::query(sql), |query, param| match param {
        Param::Text(text) => query.bind(text),
        Param::Int(number) => query.bind(number),
        Param::MaybeInt(number) => query.bind(number),
        Param::Bytes(bytes) => query.bind(bytes),
    })
}

fn cells(row: &PgRow) -> Result<Cells, StoreError> {
    let cell = |column: usize| {
        let unreadable = |_| StoreError::Unreadable { column };
        if row.try_get_raw(column).map_err(unreadable)?.is_null() {
            return Ok(Cell::Null);
        }
        match row.columns().get(column).map(|column| column.type_info().name()) {
            Some("INT8") => row.try_get(column).map(Cell::Int).map_err(unreadable),
            Some("BYTEA") => row.try_get(column).map(Cell::Bytes).map_err(unreadable),
            _ => row.try_get(column).map(Cell::Text).map_err(unreadable),
        }
    };
    (0..row.len()).map(cell).collect::<Result<_, _>>().map(Cells)
}

//! The SQLite engine: one file, one writer connection on a thread of its own, a few readers.
//!
//! Every commit is on disk before it is answered (`synchronous=FULL`). Not for network file systems, where
//! SQLite's locks do not hold.

mod append;
mod error;
mod held;
mod read;
mod schema;

pub(super) use held::Held;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags, params_from_iter};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::StoreError;
use super::cells::{Cell, Cells, Param};

/// How often whoever waits for another process's write lock looks whether it is free. SQLite's own waiting looks ever more
/// seldom, and so comes last for as long as the other does not rest.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// How often it looks before it gives up: for 5 s or a little more.
const LOOKS_MAX: i32 = 5_000;
/// Reader connections, and so the most reads at once.
const READERS: usize = 4;
/// Jobs that may wait for the writer.
const QUEUE_MAX: usize = 256;
/// Statements kept prepared on each connection.
const STATEMENTS_CACHED: usize = 64;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A ledger store in one SQLite file. Cloning it is cheap and shares the connections.
#[derive(Clone)]
pub struct SqliteStore {
    writer: mpsc::Sender<Job>,
    readers: Arc<Readers>,
}

struct Readers {
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqliteStore")
    }
}

impl SqliteStore {
    /// Opens the file, creating it (readable by its owner only) if it is missing. Creates no tables.
    ///
    /// # Errors
    /// If the file cannot be opened or is not a SQLite database.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let path = path.to_owned();
        blocking(move || {
            create_private(&path)?;
            let writer = writer_connection(&path).map_err(|error| error::store(&error))?;
            let idle = (0..READERS).map(|_| reader_connection(&path)).collect::<Result<_, _>>();
            let idle = Mutex::new(idle.map_err(|error| error::store(&error))?);
            let readers = Readers { idle, permits: Arc::new(Semaphore::new(READERS)) };
            Ok(Self { writer: start_writer(writer)?, readers: Arc::new(readers) })
        })
        .await
    }

    /// Runs `job` on the writer connection, after the jobs before it. If the caller is dropped the job runs
    /// all the same; a job that panics is rolled back.
    ///
    /// # Errors
    /// `Unavailable` if the job was not started, `InDoubt` if it panicked; and whatever the job answers.
    pub async fn write<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    {
        self.on_writer(|connection| job(connection).map_err(|error| error::store(&error))).await?
    }

    async fn on_writer<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> T + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.enqueue(move |connection| drop(answer.send(job(connection)))).await?;
        answered.await.map_err(|_| StoreError::InDoubt("the writer's job did not end".to_owned()))
    }

    async fn enqueue(&self, job: impl FnOnce(&mut Connection) + Send + 'static) -> Result<(), StoreError> {
        let gone = |_| StoreError::Unavailable("the writer thread has ended".to_owned());
        self.writer.send(Box::new(job)).await.map_err(gone)
    }

    /// Runs `job` on a reader connection, off the async threads. It cannot write.
    ///
    /// # Errors
    /// `Unavailable` if the store is closing or the job panicked; and whatever the job answers.
    pub async fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    {
        let closing = |_| StoreError::Unavailable("the store is closing".to_owned());
        let permit = Arc::clone(&self.readers.permits).acquire_owned().await.map_err(closing)?;
        let readers = Arc::clone(&self.readers);
        blocking(move || {
            let _permit = permit;
            let mut lent = Lent::take(readers)?;
            job(lent.connection()?)
        })
        .await
    }

    /// Runs `job` on a reader connection like [`Self::read`], for jobs that fail as SQLite does: projections'.
    ///
    /// # Errors
    /// What SQLite says, sorted.
    pub async fn query<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.read(move |connection| job(connection).map_err(|error| error::store(&error))).await
    }

    pub(super) async fn select(
        &self,
        sql: &'static str,
        params: Vec<Param>,
    ) -> Result<Vec<Cells>, StoreError> {
        self.read(move |connection| select(connection, sql, params).map_err(|error| error::store(&error)))
            .await
    }

    pub(super) async fn execute(&self, sql: &'static str, params: Vec<Param>) -> Result<u64, StoreError> {
        self.write(move |connection| {
            let rows = connection.prepare_cached(sql)?.execute(values(params))?;
            Ok(rows as u64)
        })
        .await
    }

    /// Moves what was deleted out of the write-ahead log too. Best effort: a reader may hold it back.
    pub(super) async fn scrub(&self) -> Result<(), StoreError> {
        self.write(|connection| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))).await
    }
}

/// A reader on loan; it goes back even if the job panics.
struct Lent {
    connection: Option<Connection>,
    home: Arc<Readers>,
}

impl Lent {
    fn take(home: Arc<Readers>) -> Result<Self, StoreError> {
        let connection = home.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Ok(Self { connection, home })
    }

    fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        self.connection.as_mut().ok_or_else(|| StoreError::Unavailable("no reader is left".to_owned()))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        self.home.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

async fn blocking<T, E, F>(job: F) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: FnOnce() -> Result<T, E> + Send + 'static,
{
    let ended = tokio::task::spawn_blocking(job).await;
    ended.unwrap_or_else(|_| Err(StoreError::Unavailable("the reading thread ended".to_owned()).into()))
}

/// The file holds personal values and password hashes; SQLite gives its side files the same mode.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| StoreError::Unavailable(error.to_string()))
}

fn writer_connection(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    // 8 KiB pages hold typical entries without overflow; only a new file takes the setting.
    connection
        .execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")?;
    // Side tables are written all over: a page is changed many times before it is worth copying into the file (64 MiB
    // of log), and is better kept than read again (64 MiB of pages).
    connection.execute_batch("PRAGMA wal_autocheckpoint = 8192; PRAGMA cache_size = -65536")?;
    // Erased values are overwritten, not only unlinked.
    connection.execute_batch("PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON")?;
    Ok(connection)
}

fn reader_connection(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA foreign_keys = ON")?;
    Ok(connection)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_handler(Some(wait_for_the_lock))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    Ok(connection)
}

fn wait_for_the_lock(looks: i32) -> bool {
    std::thread::sleep(LOOK_EVERY);
    looks < LOOKS_MAX
}

/// The thread ends when the last clone of the store is dropped.
fn start_writer(mut connection: Connection) -> Result<mpsc::Sender<Job>, StoreError> {
    let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE_MAX);
    let run = move || {
        while let Some(job) = queue.blocking_recv() {
            // A panic costs its caller an answer, not everybody the writer; its transaction rolled back.
            if catch_unwind(AssertUnwindSafe(|| job(&mut connection))).is_err() {
                tracing::error!("a job of the sqlite writer panicked");
            }
        }
    };
    let thread = std::thread::Builder::new().name("rollbook-sqlite".to_owned()).spawn(run);
    thread.map(|_| jobs).map_err(|error| StoreError::Unavailable(error.to_string()))
}

fn select(connection: &Connection, sql: &str, params: Vec<Param>) -> rusqlite::Result<Vec<Cells>> {
    let mut statement = connection.prepare_cached(sql)?;
    let width = statement.column_count();
    let rows = statement.query_map(values(params), |row| {
        (0..width).map(|column| row.get_ref(column).map(cell)).collect::<Result<_, _>>().map(Cells)
    })?;
    rows.collect()
}

fn values(params: Vec<Param>) -> rusqlite::ParamsFromIter<impl Iterator<Item = Value>> {
    params_from_iter(params.into_iter().map(|param| match param {
        Param::Text(text) => Value::Text(text),
        Param::Int(number) => Value::Integer(number),
        Param::MaybeInt(number) => number.map_or(Value::Null, Value::Integer),
        Param::Bytes(bytes) => Value::Blob(bytes),
    }))
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Integer(number) => Cell::Int(number),
        ValueRef::Text(text) => String::from_utf8(text.to_vec()).map_or(Cell::Null, Cell::Text),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
        ValueRef::Null | ValueRef::Real(_) => Cell::Null,
    }
}

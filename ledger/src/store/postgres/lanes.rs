//! Connections that only appends use, each by one append at a time.
//!
//! A pool asks a connection whether it still lives whenever it is given back, and hands another one out next time. An
//! append is one round trip, so that costs as much again; and a session that has planned its statements is worth
//! keeping. What a lane was used for is known whole: one that failed in any way is not kept.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{ACQUIRE_TIMEOUT, Sessions, error};
use crate::store::StoreError;

/// How long a lane is used before its session is begun anew, as the pool's are.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// A lane that rested for so long is asked whether its server still lives: a change that is sent to one that does not
/// is in doubt.
const RESTED: Duration = Duration::from_millis(50);

/// The lanes of one store; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Lanes {
    options: Arc<PgConnectOptions>,
    sessions: Sessions,
    free: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Kept>>>,
}

#[derive(Debug)]
struct Kept {
    connection: PgConnection,
    begun: Instant,
    used: Instant,
}

/// A lane in use. Dropped without [`Lane::keep`] its connection is closed.
pub(super) struct Lane {
    kept: Kept,
    home: Arc<Mutex<Vec<Kept>>>,
    _permit: OwnedSemaphorePermit,
}

impl Lanes {
    /// At most `count` lanes; none is opened yet.
    pub(super) fn new(options: PgConnectOptions, sessions: Sessions, count: u32) -> Self {
        let free = Arc::new(Semaphore::new(count as usize));
        Self { options: Arc::new(options), sessions, free, idle: Arc::default() }
    }

    /// A lane, opened if none is idle.
    ///
    /// # Errors
    /// `Unavailable` if there is none in time.
    pub(super) async fn take(&self) -> Result<Lane, StoreError> {
        let late = || StoreError::Unavailable("no connection was free in time".to_owned());
        let waited = tokio::time::timeout(ACQUIRE_TIMEOUT, self.open()).await;
        waited.unwrap_or_else(|_| Err(late()))
    }

    async fn open(&self) -> Result<Lane, StoreError> {
        let closing = |_| StoreError::Unavailable("the store is closing".to_owned());
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(closing)?;
        let kept = match self.idle_and_alive().await {
            Some(kept) => kept,
            None => {
                let begun = Instant::now();
                let connection = self.options.connect().await.map_err(|error| error::connecting(&error))?;
                Kept { connection, begun, used: begun }
            }
        };
        Ok(Lane { kept, home: Arc::clone(&self.idle), _permit: permit })
    }

    async fn idle_and_alive(&self) -> Option<Kept> {
        while let Some(mut kept) = self.idle_and_good() {
            if kept.used.elapsed() < RESTED || kept.connection.ping().await.is_ok() {
                return Some(kept);
            }
        }
        None
    }

    /// The one used last; those that are too old are closed on the way.
    fn idle_and_good(&self) -> Option<Kept> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|kept| {
            let age = kept.begun.elapsed();
            age < LIFETIME && self.sessions.is_useful(age)
        });
        idle.pop()
    }

    /// Ends the sessions of idle lanes; those in use end with their append.
    pub(super) async fn close(&self) {
        self.free.close();
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for Kept { connection, .. } in idle {
            // A server that is gone has ended it.
            let _closed = connection.close().await;
        }
    }
}

impl Lane {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.kept.connection
    }

    /// Gives it back, after an answer that was read whole.
    pub(super) fn keep(mut self) {
        self.kept.used = Instant::now();
        self.home.lock().unwrap_or_else(PoisonError::into_inner).push(self.kept);
    }
}

//! Who is signed in. Ordinary rows: a session may be ended by deleting it.
//!
//! Only a hash of the token is kept. Seats (uContact: concurrent licences) are counted here, by the rows themselves, so that
//! none is held by somebody who is not signed in. That somebody signed in is an entry of the activity ledger, not this.

use super::cells::{Cells, params};
use super::{Store, StoreError};

const PUT: &str = "INSERT INTO sessions (token_hash, id, aggregate_id, user_id, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)";
/// A user who has a session already keeps the seat and takes no other.
const PUT_IF_SEATED: &str =
    "INSERT INTO sessions (token_hash, id, aggregate_id, user_id, created_at, expires_at)
    SELECT $1, $2, $3, $4, $5, $6
    WHERE (SELECT COUNT(DISTINCT user_id) FROM sessions
           WHERE aggregate_id = $3 AND user_id <> $4 AND expires_at > $5) < $7";
const SEATS: &str =
    "SELECT COUNT(DISTINCT user_id) FROM sessions WHERE aggregate_id = $1 AND expires_at > $2";
const BY_TOKEN: &str = "SELECT id, token_hash, aggregate_id, user_id, created_at, expires_at FROM sessions
    WHERE token_hash = $1 AND expires_at > $2";
const OF_USER: &str = "SELECT id, token_hash, aggregate_id, user_id, created_at, expires_at FROM sessions
    WHERE aggregate_id = $1 AND user_id = $2 ORDER BY created_at, id";
const DELETE: &str = "DELETE FROM sessions WHERE aggregate_id = $1 AND user_id = $2 AND id = $3";
const DELETE_OF_USER: &str = "DELETE FROM sessions WHERE aggregate_id = $1 AND user_id = $2";
const PURGE: &str = "DELETE FROM sessions WHERE expires_at <= $1";

/// One signed-in session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id, named by entries; unique for the user.
    pub id: String,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// The organization.
    pub aggregate_id: String,
    /// The user.
    pub user_id: String,
    /// When it began, microseconds since the Unix epoch (UTC).
    pub created_at_us: i64,
    /// From when it is over, likewise.
    pub expires_at_us: i64,
}

impl Store {
    /// Begins a session.
    ///
    /// # Errors
    /// `Refused` if the token or the id exists already.
    pub async fn put_session(&self, session: &Session) -> Result<(), StoreError> {
        let token = session.token_hash.as_slice();
        let (id, user) = (session.id.as_str(), session.user_id.as_str());
        let (from, to) = (session.created_at_us, session.expires_at_us);
        let params = params![token, id, session.aggregate_id.as_str(), user, from, to];
        self.execute(PUT, params).await.map(drop)
    }

    /// Begins a session if fewer than `seats` other users of the organization have one that is not over when it begins.
    /// Answers whether it began. Exact however many begin at once, also on other processes.
    ///
    /// # Errors
    /// `Refused` if the token or the id exists already; `InDoubt` if it may have begun.
    pub async fn put_session_if_seated(&self, session: &Session, seats: u64) -> Result<bool, StoreError> {
        let token = session.token_hash.as_slice();
        let (organization, user) = (session.aggregate_id.as_str(), session.user_id.as_str());
        let (from, to) = (session.created_at_us, session.expires_at_us);
        let params = params![token, session.id.as_str(), organization, user, from, to, seats];
        let done = match self {
            // One connection writes: a statement is alone.
            Self::Sqlite(engine) => engine.execute(PUT_IF_SEATED, params).await?,
            Self::Postgres(engine) => engine.execute_in_turn(organization, PUT_IF_SEATED, params).await?,
        };
        Ok(done > 0)
    }

    /// How many users of the organization have a session that is not over at `now_us`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn seats_taken(&self, aggregate_id: &str, now_us: i64) -> Result<u64, StoreError> {
        let taken = self.one(SEATS, params![aggregate_id, now_us], |row| row.count(0)).await?;
        Ok(taken.unwrap_or(0))
    }

    /// The session with this token, if it is not over at `now_us`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn session(&self, token_hash: &[u8; 32], now_us: i64) -> Result<Option<Session>, StoreError> {
        self.one(BY_TOKEN, params![token_hash.as_slice(), now_us], decode).await
    }

    /// The sessions of a user, oldest first, those that are over included until they are purged.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn sessions_of(&self, aggregate_id: &str, user_id: &str) -> Result<Vec<Session>, StoreError> {
        self.select(OF_USER, params![aggregate_id, user_id], decode).await
    }

    /// Ends a session. Answers whether there was one.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn delete_session(
        &self,
        aggregate_id: &str,
        user_id: &str,
        id: &str,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(DELETE, params![aggregate_id, user_id, id]).await? > 0)
    }

    /// Ends all sessions of a user. Answers how many.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn delete_sessions_of(&self, aggregate_id: &str, user_id: &str) -> Result<u64, StoreError> {
        self.execute(DELETE_OF_USER, params![aggregate_id, user_id]).await
    }

    /// Forgets the sessions that are over at `now_us`. Answers how many.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn purge_sessions(&self, now_us: i64) -> Result<u64, StoreError> {
        self.execute(PURGE, params![now_us]).await
    }
}

fn decode(row: &Cells) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.text(0)?.to_owned(),
        token_hash: row.hash(1)?,
        aggregate_id: row.text(2)?.to_owned(),
        user_id: row.text(3)?.to_owned(),
        created_at_us: row.int(4)?,
        expires_at_us: row.int(5)?,
    })
}

//! Mails that wait to be sent: ordinary rows, each gone once it was sent or came to nothing.
//!
//! A row holds the secret of a link, which the mail must say, and no address: that is looked up when it is sent, so it is
//! erased with its person. Whoever sends claims a row by the time at which it is due, so that two do not send one mail at
//! once. Not here: what a mail says, and when it is tried again.

use std::fmt;

use super::cells::{Cells, params};
use super::{Store, StoreError};

const PUT: &str =
    "INSERT INTO outbox (aggregate_id, id, user_id, kind, secret, created_at, expires_at, tries, due_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (aggregate_id, id) DO UPDATE SET user_id = excluded.user_id, kind = excluded.kind,
    secret = excluded.secret, created_at = excluded.created_at, expires_at = excluded.expires_at,
    tries = excluded.tries, due_at = excluded.due_at";
const ALL: &str = "SELECT aggregate_id, id, user_id, kind, secret, created_at, expires_at, tries, due_at
    FROM outbox WHERE due_at <= $1 ORDER BY due_at, aggregate_id, id LIMIT $2";
const COUNT: &str = "SELECT COUNT(*) FROM outbox WHERE due_at <= $1";
const CLAIM: &str = "UPDATE outbox SET tries = tries + 1, due_at = $1
    WHERE aggregate_id = $2 AND id = $3 AND due_at = $4";
const POSTPONE: &str = "UPDATE outbox SET due_at = $1 WHERE aggregate_id = $2 AND id = $3 AND due_at = $4";
const DELETE: &str = "DELETE FROM outbox WHERE aggregate_id = $1 AND id = $2 AND due_at = $3";
const DELETE_OF_USER: &str = "DELETE FROM outbox WHERE aggregate_id = $1 AND user_id = $2";

/// One mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The id of the credential whose secret it says; unique in the organization.
    pub id: String,
    /// To whom.
    pub user_id: String,
    /// What it is about, such as `forgotten`.
    pub kind: String,
    /// The secret that it says.
    pub secret: String,
    /// When it was written, microseconds since the Unix epoch (UTC).
    pub created_at_us: i64,
    /// From when it is too late to send it, likewise.
    pub expires_at_us: i64,
    /// How often it was tried.
    pub tries: u64,
    /// From when it may be tried next, likewise.
    pub due_at_us: i64,
}

impl fmt::Debug for Mail {
    /// Leaves the secret out, so that no log has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Mail");
        debug.field("id", &self.id).field("user_id", &self.user_id).field("kind", &self.kind);
        debug.finish_non_exhaustive()
    }
}

/// A mail and the organization that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The organization.
    pub aggregate_id: String,
    /// The mail.
    pub mail: Mail,
}

impl Store {
    /// Adds a mail, or replaces the one with the same id. For what is no event; else it comes with a batch.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn put_mail(&self, aggregate_id: &str, mail: &Mail) -> Result<(), StoreError> {
        let (id, user, kind) = (mail.id.as_str(), mail.user_id.as_str(), mail.kind.as_str());
        let (secret, from, to) = (mail.secret.as_str(), mail.created_at_us, mail.expires_at_us);
        let params = params![aggregate_id, id, user, kind, secret, from, to, mail.tries, mail.due_at_us];
        self.execute(PUT, params).await.map(drop)
    }

    /// Mails of every organization that are due at `due_us`, the longest due first, at most `limit`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn mails(&self, due_us: i64, limit: u64) -> Result<Vec<Waiting>, StoreError> {
        self.select(ALL, params![due_us, limit], decode).await
    }

    /// How many mails wait, due or not.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn mails_waiting(&self) -> Result<u64, StoreError> {
        Ok(self.one(COUNT, params![i64::MAX], |row| row.count(0)).await?.unwrap_or(0))
    }

    /// Claims a mail as it was read, until `until_us`, and counts the try. Answers it as it is now; nothing if another
    /// process was first or it is gone.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn claim_mail(&self, one: &Waiting, until_us: i64) -> Result<Option<Waiting>, StoreError> {
        let params = params![until_us, one.aggregate_id.as_str(), one.mail.id.as_str(), one.mail.due_at_us];
        let claimed = self.execute(CLAIM, params).await? > 0;
        let mail = Mail { tries: one.mail.tries + 1, due_at_us: until_us, ..one.mail.clone() };
        Ok(claimed.then(|| Waiting { mail, ..one.clone() }))
    }

    /// Puts a claimed mail off until `due_us`, unless another has taken its place.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn postpone_mail(&self, one: &Waiting, due_us: i64) -> Result<(), StoreError> {
        let params = params![due_us, one.aggregate_id.as_str(), one.mail.id.as_str(), one.mail.due_at_us];
        self.execute(POSTPONE, params).await.map(drop)
    }

    /// Deletes a claimed mail, unless another has taken its place.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn delete_mail(&self, one: &Waiting) -> Result<(), StoreError> {
        let params = params![one.aggregate_id.as_str(), one.mail.id.as_str(), one.mail.due_at_us];
        self.execute(DELETE, params).await.map(drop)
    }

    /// Deletes every mail to a user.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn delete_mails_of(&self, aggregate_id: &str, user_id: &str) -> Result<(), StoreError> {
        self.execute(DELETE_OF_USER, params![aggregate_id, user_id]).await.map(drop)
    }
}

fn decode(row: &Cells) -> Result<Waiting, StoreError> {
    let mail = Mail {
        id: row.text(1)?.to_owned(),
        user_id: row.text(2)?.to_owned(),
        kind: row.text(3)?.to_owned(),
        secret: row.text(4)?.to_owned(),
        created_at_us: row.int(5)?,
        expires_at_us: row.int(6)?,
        tries: row.count(7)?,
        due_at_us: row.int(8)?,
    };
    Ok(Waiting { aggregate_id: row.text(0)?.to_owned(), mail })
}

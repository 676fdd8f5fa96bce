//! Secrets' hashes: what a person or program proves itself with. They change with a batch of events.
//!
//! Ordinary rows, no history: they may be deleted. Not here: hashing and comparing.

use std::fmt;

use super::cells::{Cells, params};
use super::{Store, StoreError};

const OF_USER: &str = "SELECT id, user_id, kind, secret_hash, created_at, expires_at, meta FROM credentials
    WHERE aggregate_id = $1 AND user_id = $2 ORDER BY id";
const ONE: &str = "SELECT id, user_id, kind, secret_hash, created_at, expires_at, meta FROM credentials
    WHERE aggregate_id = $1 AND id = $2";
const PUT: &str =
    "INSERT INTO credentials (aggregate_id, id, user_id, kind, secret_hash, created_at, expires_at, meta)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (aggregate_id, id) DO UPDATE SET user_id = excluded.user_id, kind = excluded.kind,
    secret_hash = excluded.secret_hash, created_at = excluded.created_at, expires_at = excluded.expires_at,
    meta = excluded.meta";
const REPLACE_META: &str =
    "UPDATE credentials SET meta = $1 WHERE aggregate_id = $2 AND id = $3 AND meta = $4";
const DELETE: &str = "DELETE FROM credentials WHERE aggregate_id = $1 AND id = $2";

/// The kind of a credential that was a password: nobody signs in by it.
pub const OLD_PASSWORD: &str = "old_password";

/// The kind of a credential that is a link to set a password by.
pub const PASSWORD_LINK: &str = "password_link";

/// One credential of a user.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its id, named by events; unique in the organization.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// What it is, such as `password`, `api_key` or `api_token`.
    pub kind: String,
    /// The hash that a secret is checked against; of a second factor (`totp`) the seed itself, from which codes are made.
    pub secret_hash: String,
    /// When it was made, microseconds since the Unix epoch (UTC).
    pub created_at_us: i64,
    /// From when it is not valid any more, likewise, if ever.
    pub expires_at_us: Option<i64>,
    /// What else belongs to it, as JSON text.
    pub meta: String,
}

impl fmt::Debug for Credential {
    /// Leaves the hash out, so that no log has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Credential");
        debug.field("id", &self.id).field("user_id", &self.user_id).field("kind", &self.kind);
        debug.finish_non_exhaustive()
    }
}

impl Store {
    /// One credential of an organization.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn credential(&self, aggregate_id: &str, id: &str) -> Result<Option<Credential>, StoreError> {
        self.one(ONE, params![aggregate_id, id], decode).await
    }

    /// All credentials of a user, by id.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn credentials_of(
        &self,
        aggregate_id: &str,
        user_id: &str,
    ) -> Result<Vec<Credential>, StoreError> {
        self.select(OF_USER, params![aggregate_id, user_id], decode).await
    }

    /// Adds or replaces a credential outside a batch, for what is no event: a rehash, a used one-time code.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn put_credential(&self, aggregate_id: &str, one: &Credential) -> Result<(), StoreError> {
        let (id, user, kind) = (one.id.as_str(), one.user_id.as_str(), one.kind.as_str());
        let (hash, meta) = (one.secret_hash.as_str(), one.meta.as_str());
        let params = params![aggregate_id, id, user, kind, hash, one.created_at_us, one.expires_at_us, meta];
        self.execute(PUT, params).await.map(drop)
    }

    /// Replaces what belongs to a credential, if it still is what the caller saw. Answers whether it was: of several at
    /// once, also on other processes, one is answered so.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn replace_credential_meta(
        &self,
        aggregate_id: &str,
        id: &str,
        seen: &str,
        new: &str,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(REPLACE_META, params![new, aggregate_id, id, seen]).await? > 0)
    }

    /// Deletes a credential outside a batch. Answers whether there was one.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn delete_credential(&self, aggregate_id: &str, id: &str) -> Result<bool, StoreError> {
        Ok(self.execute(DELETE, params![aggregate_id, id]).await? > 0)
    }
}

fn decode(row: &Cells) -> Result<Credential, StoreError> {
    Ok(Credential {
        id: row.text(0)?.to_owned(),
        user_id: row.text(1)?.to_owned(),
        kind: row.text(2)?.to_owned(),
        secret_hash: row.text(3)?.to_owned(),
        created_at_us: row.int(4)?,
        expires_at_us: row.maybe_int(5)?,
        meta: row.text(6)?.to_owned(),
    })
}

//! Users' pictures, kept beside the ledger so that they can be erased. Events name them by their hash.
//!
//! Not here: whose picture is which now, and whether bytes are a picture.

use super::cells::{Cells, params};
use super::{Store, StoreError};

const PUT: &str = "INSERT INTO pictures (aggregate_id, user_id, sha256, media_type, picture, stored_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (aggregate_id, user_id, sha256) DO UPDATE SET stored_at = excluded.stored_at";
const ONE: &str = "SELECT media_type, picture FROM pictures
    WHERE aggregate_id = $1 AND user_id = $2 AND sha256 = $3";
const COUNT: &str = "SELECT COUNT(*) FROM pictures WHERE aggregate_id = $1 AND user_id = $2";
const DELETE: &str = "DELETE FROM pictures WHERE aggregate_id = $1 AND user_id = $2";
const DELETE_OLD: &str = "DELETE FROM pictures WHERE aggregate_id = $1 AND user_id = $2 AND sha256 NOT IN
    (SELECT sha256 FROM pictures WHERE aggregate_id = $1 AND user_id = $2
     ORDER BY stored_at DESC, sha256 LIMIT $3)";

/// Pictures kept of one user, the newest: what is undone shows an earlier one if it is still there.
pub const PICTURES_MAX: u64 = 10;

/// One picture of a user.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// Such as `image/png`.
    pub media_type: String,
    /// The picture itself.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    /// Leaves the picture out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("media_type", &self.media_type).finish_non_exhaustive()
    }
}

impl Store {
    /// Keeps a picture of a user, and of the others as many as are kept, the newest.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn put_picture(
        &self,
        aggregate_id: &str,
        user_id: &str,
        picture: &Picture,
        now_us: i64,
    ) -> Result<(), StoreError> {
        let (hash, bytes) = (picture.sha256.as_slice(), picture.bytes.as_slice());
        let media = picture.media_type.as_str();
        self.execute(PUT, params![aggregate_id, user_id, hash, media, bytes, now_us]).await?;
        self.execute(DELETE_OLD, params![aggregate_id, user_id, PICTURES_MAX]).await.map(drop)
    }

    /// The picture of a user with this hash, if it is kept.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn picture(
        &self,
        aggregate_id: &str,
        user_id: &str,
        sha256: &[u8; 32],
    ) -> Result<Option<Picture>, StoreError> {
        let decode = |row: &Cells| {
            let (media_type, bytes) = (row.text(0)?.to_owned(), row.bytes(1)?.to_vec());
            Ok(Picture { sha256: *sha256, media_type, bytes })
        };
        self.one(ONE, params![aggregate_id, user_id, sha256.as_slice()], decode).await
    }

    /// How many pictures of a user are kept.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn pictures_of(&self, aggregate_id: &str, user_id: &str) -> Result<u64, StoreError> {
        let count = self.one(COUNT, params![aggregate_id, user_id], |row| row.count(0)).await?;
        Ok(count.unwrap_or(0))
    }

    /// Deletes the pictures of a user. Answers how many there were.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn delete_pictures_of(&self, aggregate_id: &str, user_id: &str) -> Result<u64, StoreError> {
        self.execute(DELETE, params![aggregate_id, user_id]).await
    }
}

//! The commands that were carried out, by idempotency key. They are written by the append.
//!
//! Not here: what a digest covers and how an answer is made again.

use super::cells::params;
use super::{Command, Store, StoreError};

const GET: &str = "SELECT digest, status, headers, first_position, last_position, created_at FROM commands
    WHERE aggregate_id = $1 AND actor = $2 AND key = $3";
const PURGE: &str = "DELETE FROM commands WHERE created_at < $1";

impl Store {
    /// The command that `actor` gave with `key`, if it is still kept.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn command(
        &self,
        aggregate_id: &str,
        actor: &str,
        key: &str,
    ) -> Result<Option<Command>, StoreError> {
        self.one(GET, params![aggregate_id, actor, key], |row| {
            Ok(Command {
                actor: actor.to_owned(),
                key: key.to_owned(),
                digest: row.hash(0)?,
                status: row.count(1)?,
                headers: serde_json::from_str(row.text(2)?)
                    .map_err(|_| StoreError::Unreadable { column: 2 })?,
                first_position: row.count(3)?,
                last_position: row.count(4)?,
                created_at_us: row.int(5)?,
            })
        })
        .await
    }

    /// Forgets the commands created before `before_us` (microseconds since the Unix epoch): now less 7 days.
    /// Answers how many.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn purge_commands(&self, before_us: i64) -> Result<u64, StoreError> {
        self.execute(PURGE, params![before_us]).await
    }
}

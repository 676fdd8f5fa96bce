//! One batch in one transaction: a prepared statement a table, run for each row.
//!
//! Rows of one process cost no round trip, so there is nothing to gather into arrays as on PostgreSQL.

use std::sync::Arc;

use rusqlite::{Connection, ToSql, Transaction, TransactionBehavior, params};

use super::{SqliteStore, error};
use crate::store::batch::{Appended, Batch, Prune};
use crate::store::cells::stored_int;
use crate::store::row::personal_texts;
use crate::store::{AppendError, FORMAT, StoreError};

const HEAD_IS: &str = "SELECT 1 FROM heads WHERE aggregate_id = ?1 AND aggregate_type = ?2 AND position = ?3";
const HEAD_NEW: &str =
    "INSERT INTO heads (aggregate_id, aggregate_type, position, batch, frontier, at, format)
    SELECT ?1, ?2, ?4, ?5, ?6, ?7, ?8
     WHERE ?3 = 0 AND NOT EXISTS (SELECT 1 FROM heads WHERE aggregate_id = ?1 AND aggregate_type = ?2)";
const HEAD_MOVE: &str = "UPDATE heads SET position = ?4, batch = ?5, frontier = ?6, at = ?7
    WHERE aggregate_id = ?1 AND aggregate_type = ?2 AND position = ?3 AND format = ?8";
const EVENT: &str =
    "INSERT INTO events (aggregate_id, aggregate_type, sequence, event_type, event_version, payload,
    metadata, at, actor, batch, leaf) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const SUBJECT: &str =
    "INSERT INTO event_subjects (aggregate_id, aggregate_type, subject_kind, subject_id, sequence)
    VALUES (?1, ?2, ?3, ?4, ?5)";
const PERSONAL: &str =
    "INSERT INTO personal_values (aggregate_id, aggregate_type, sequence, person, ordinals, salts, vals)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const COMMAND: &str =
    "INSERT INTO commands (aggregate_id, actor, key, digest, status, headers, first_position,
    last_position, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const CREDENTIAL_PUT: &str =
    "INSERT INTO credentials (aggregate_id, id, user_id, kind, secret_hash, created_at,
    expires_at, meta) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (aggregate_id, id) DO UPDATE SET user_id = excluded.user_id, kind = excluded.kind,
    secret_hash = excluded.secret_hash, created_at = excluded.created_at, expires_at = excluded.expires_at,
    meta = excluded.meta";
const PRUNED: &str =
    "UPDATE heads SET pruned = ?4 WHERE aggregate_id = ?1 AND aggregate_type = ?2 AND pruned = ?3";
const PRUNE: [&str; 3] = [
    "DELETE FROM events WHERE aggregate_id = ?1 AND aggregate_type = ?2 AND sequence <= ?3",
    "DELETE FROM event_subjects WHERE aggregate_id = ?1 AND aggregate_type = ?2 AND sequence <= ?3",
    "DELETE FROM personal_values WHERE aggregate_id = ?1 AND aggregate_type = ?2 AND sequence <= ?3",
];
const CREDENTIAL_DELETE: &str = "DELETE FROM credentials WHERE aggregate_id = ?1 AND id = ?2";
const MAIL: &str =
    "INSERT INTO outbox (aggregate_id, id, user_id, kind, secret, created_at, expires_at, tries, due_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    ON CONFLICT (aggregate_id, id) DO UPDATE SET user_id = excluded.user_id, kind = excluded.kind,
    secret = excluded.secret, created_at = excluded.created_at, expires_at = excluded.expires_at,
    tries = excluded.tries, due_at = excluded.due_at";

impl SqliteStore {
    pub(in crate::store) async fn append(&self, batch: Arc<Batch>) -> Result<Appended, AppendError> {
        let outcome = self.on_writer(move |connection| append(connection, &batch)).await;
        outcome.unwrap_or_else(|error| {
            Err(match error {
                StoreError::Unavailable(message) => AppendError::Unavailable(message),
                other => AppendError::InDoubt(other.to_string()),
            })
        })
    }
}

fn append(connection: &mut Connection, batch: &Batch) -> Result<Appended, AppendError> {
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    write(begun.map_err(|error| error::append(&error))?, batch)
}

pub(super) fn write(transaction: Transaction<'_>, batch: &Batch) -> Result<Appended, AppendError> {
    move_head(&transaction, batch)?;
    events(&transaction, batch)?;
    personal(&transaction, batch)?;
    commands(&transaction, batch)?;
    credentials(&transaction, batch).map_err(|error| error::append(&error))?;
    mails(&transaction, batch).map_err(|error| error::append(&error))?;
    if let Some(one) = batch.prune {
        prune(&transaction, batch, one)?;
    }
    transaction.commit().map(|()| Appended::Done).map_err(|error| error::commit(&error))
}

fn move_head(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), AppendError> {
    let (id, kind, expected) = (&batch.ledger.id, batch.ledger.kind.as_str(), stored_int(batch.expected));
    let found = if batch.rows.is_empty() {
        transaction.prepare_cached(HEAD_IS).and_then(|mut head| head.exists(params![id, kind, expected]))
    } else {
        let sql = if batch.expected == 0 { HEAD_NEW } else { HEAD_MOVE };
        let (last, frontier) = (stored_int(batch.last()), batch.frontier.to_bytes());
        let batch_id = batch.batch.to_string();
        let values: [&dyn ToSql; 8] =
            [id, &kind, &expected, &last, &batch_id, &frontier, &batch.at_us, &FORMAT];
        transaction.prepare_cached(sql).and_then(|mut head| head.execute(values)).map(|rows| rows == 1)
    };
    match found {
        Ok(true) => Ok(()),
        Ok(false) => Err(AppendError::Conflict),
        Err(error) => Err(error::append(&error)),
    }
}

/// Rows and their subjects.
fn events(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), AppendError> {
    let failed = |error: rusqlite::Error| error::append(&error);
    let mut event = transaction.prepare_cached(EVENT).map_err(failed)?;
    let mut subject = transaction.prepare_cached(SUBJECT).map_err(failed)?;
    let (id, kind, batch_id) = (&batch.ledger.id, batch.ledger.kind.as_str(), batch.batch.to_string());
    for row in &batch.rows {
        let sealed = &row.sealed;
        let position = stored_int(sealed.position());
        let (event_type, version) = (sealed.event_type(), sealed.version());
        let (payload, metadata, leaf) = (sealed.payload(), sealed.metadata(), sealed.leaf().as_slice());
        let values: [&dyn ToSql; 11] = [
            id,
            &kind,
            &position,
            &event_type,
            &version,
            &payload,
            &metadata,
            &batch.at_us,
            &row.actor,
            &batch_id,
            &leaf,
        ];
        event.execute(values).map_err(|error| error::append_key(&error, || AppendError::Conflict))?;
        for of in &row.subjects {
            let done = subject.execute(params![id, kind, of.kind, of.id, position]);
            done.map_err(|error| error::append_key(&error, || AppendError::beyond("event_subjects")))?;
        }
    }
    Ok(())
}

fn personal(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), AppendError> {
    let failed = |error: rusqlite::Error| error::append(&error);
    let mut insert = transaction.prepare_cached(PERSONAL).map_err(failed)?;
    let (id, kind) = (&batch.ledger.id, batch.ledger.kind.as_str());
    for row in &batch.rows {
        let position = stored_int(row.sealed.position());
        for person in &row.personal {
            let [ordinals, salts, texts] = personal_texts(person).map_err(|_| unencodable())?;
            let values = params![id, kind, position, person.person, ordinals, salts, texts];
            insert.execute(values).map_err(failed)?;
        }
    }
    Ok(())
}

fn commands(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), AppendError> {
    let mut insert = transaction.prepare_cached(COMMAND).map_err(|error| error::append(&error))?;
    for command in &batch.commands {
        let headers = serde_json::to_string(&command.headers).map_err(|_| unencodable())?;
        let (first, last) = (stored_int(command.first_position), stored_int(command.last_position));
        let digest = command.digest.as_slice();
        let values: [&dyn ToSql; 9] = [
            &batch.ledger.id,
            &command.actor,
            &command.key,
            &digest,
            &command.status,
            &headers,
            &first,
            &last,
            &command.created_at_us,
        ];
        insert.execute(values).map_err(|error| error::append_key(&error, || command.duplicate()))?;
    }
    Ok(())
}

fn credentials(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    let (puts, deletes) = batch.credentials_last();
    let mut put = transaction.prepare_cached(CREDENTIAL_PUT)?;
    for one in puts {
        let values: [&dyn ToSql; 8] = [
            &batch.ledger.id,
            &one.id,
            &one.user_id,
            &one.kind,
            &one.secret_hash,
            &one.created_at_us,
            &one.expires_at_us,
            &one.meta,
        ];
        put.execute(values)?;
    }
    let mut delete = transaction.prepare_cached(CREDENTIAL_DELETE)?;
    deletes.into_iter().try_for_each(|id| delete.execute(params![batch.ledger.id, id]).map(drop))
}

fn mails(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    let mut put = transaction.prepare_cached(MAIL)?;
    for mail in batch.mails() {
        let tries = stored_int(mail.tries);
        let values: [&dyn ToSql; 9] = [
            &batch.ledger.id,
            &mail.id,
            &mail.user_id,
            &mail.kind,
            &mail.secret,
            &mail.created_at_us,
            &mail.expires_at_us,
            &tries,
            &mail.due_at_us,
        ];
        put.execute(values)?;
    }
    Ok(())
}

/// The head first: the guard lets go of nothing beyond what it says.
fn prune(transaction: &Transaction<'_>, batch: &Batch, prune: Prune) -> Result<(), AppendError> {
    let failed = |error: rusqlite::Error| error::append(&error);
    let (id, kind) = (&batch.ledger.id, batch.ledger.kind.as_str());
    let (from, to) = (stored_int(prune.from), stored_int(prune.to));
    if transaction.execute(PRUNED, params![id, kind, from, to]).map_err(failed)? != 1 {
        return Err(AppendError::Conflict);
    }
    PRUNE
        .into_iter()
        .try_for_each(|sql| transaction.execute(sql, params![id, kind, to]).map(drop).map_err(failed))
}

fn unencodable() -> AppendError {
    AppendError::Refused("a value cannot be encoded".to_owned())
}

//! One batch in one statement: a data-modifying CTE that moves the head first and writes only if it moved.
//!
//! In autocommit that is one round trip and one transaction. The lists come as arrays, so the number of rows
//! changes neither the statement nor the number of messages.

use std::sync::LazyLock;

use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::Query;
use sqlx::{Executor as _, Postgres, Row as _};

use super::error::{Failed, append};
use super::lanes::Lane;
use super::{ANSWER_TIMEOUT, LOCK_TIMEOUT, PostgresStore};
use crate::entry::LedgerId;
use crate::store::batch::{Appended, Batch};
use crate::store::cells::stored_int;
use crate::store::row::personal_texts;
use crate::store::{AppendError, FORMAT, StoreError};

/// How the head must be found; `$1` to `$8` are the same in each.
const HEAD_IS: &str = "SELECT position FROM heads
    WHERE aggregate_id = $1 AND aggregate_type = $2 AND position = $3
      AND $4::bigint = $3 AND $5::text IS NOT NULL AND $6::bytea IS NOT NULL AND $7::bigint IS NOT NULL
      AND format = $8
    FOR UPDATE";
const HEAD_NEW: &str =
    "INSERT INTO heads (aggregate_id, aggregate_type, position, batch, frontier, at, format)
    SELECT $1, $2, $4::bigint, $5::text, $6::bytea, $7::bigint, $8::bigint WHERE $3::bigint = 0
    ON CONFLICT DO NOTHING RETURNING position";
const HEAD_MOVE: &str = "UPDATE heads SET position = $4, batch = $5, frontier = $6, at = $7
    WHERE aggregate_id = $1 AND aggregate_type = $2 AND position = $3 AND format = $8 RETURNING position";

const HEAD_LOCK: &str = "SELECT FROM heads WHERE aggregate_id = $1 AND aggregate_type = $2 FOR UPDATE";

const LISTS: &str = "
, new_events AS (
    INSERT INTO events (aggregate_id, aggregate_type, sequence, event_type, event_version, payload, metadata,
                        at, actor, batch, leaf)
    SELECT $1, $2, $3 + e.n, e.event_type, e.event_version, e.payload::json, e.metadata::json, $7, e.actor, $5, e.leaf
      FROM unnest($9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::bytea[])
           WITH ORDINALITY AS e (event_type, event_version, payload, metadata, actor, leaf, n)
     WHERE EXISTS (SELECT FROM head))
, new_subjects AS (
    INSERT INTO event_subjects (aggregate_id, aggregate_type, sequence, subject_kind, subject_id)
    SELECT $1, $2, s.position, s.kind, s.id
      FROM unnest($15::bigint[], $16::text[], $17::text[]) AS s (position, kind, id)
     WHERE EXISTS (SELECT FROM head))
, new_values AS (
    INSERT INTO personal_values (aggregate_id, aggregate_type, sequence, person, ordinals, salts, vals)
    SELECT $1, $2, p.position, p.person, p.ordinals, p.salts, p.vals
      FROM unnest($18::bigint[], $19::text[], $20::text[], $21::text[], $22::text[])
           AS p (position, person, ordinals, salts, vals)
     WHERE EXISTS (SELECT FROM head))
, new_commands AS (
    INSERT INTO commands (aggregate_id, actor, key, digest, status, headers, first_position, last_position, created_at)
    SELECT $1, c.actor, c.key, c.digest, c.status, c.headers, c.first_position, c.last_position, c.created_at
      FROM unnest($23::text[], $24::text[], $25::bytea[], $26::bigint[], $27::text[], $28::bigint[], $29::bigint[],
                  $30::bigint[])
           AS c (actor, key, digest, status, headers, first_position, last_position, created_at)
     WHERE EXISTS (SELECT FROM head))";
const CREDENTIALS: &str = "
, put_credentials AS (
    INSERT INTO credentials (aggregate_id, id, user_id, kind, secret_hash, created_at, expires_at, meta)
    SELECT $1, c.id, c.user_id, c.kind, c.secret_hash, c.created_at, c.expires_at, c.meta
      FROM unnest($31::text[], $32::text[], $33::text[], $34::text[], $35::bigint[], $36::bigint[], $37::text[])
           AS c (id, user_id, kind, secret_hash, created_at, expires_at, meta)
     WHERE EXISTS (SELECT FROM head)
    ON CONFLICT (aggregate_id, id) DO UPDATE SET user_id = excluded.user_id, kind = excluded.kind,
        secret_hash = excluded.secret_hash, created_at = excluded.created_at, expires_at = excluded.expires_at,
        meta = excluded.meta)
, delete_credentials AS (
    DELETE FROM credentials WHERE aggregate_id = $1 AND id = ANY($38::text[]) AND EXISTS (SELECT FROM head))
, put_mails AS (
    INSERT INTO outbox (aggregate_id, id, user_id, kind, secret, created_at, expires_at, tries, due_at)
    SELECT $1, m.id, m.user_id, m.kind, m.secret, m.created_at, m.expires_at, m.tries, m.due_at
      FROM unnest($39::text[], $40::text[], $41::text[], $42::text[], $43::bigint[], $44::bigint[], $45::bigint[],
                  $46::bigint[])
           AS m (id, user_id, kind, secret, created_at, expires_at, tries, due_at)
     WHERE EXISTS (SELECT FROM head)
    ON CONFLICT (aggregate_id, id) DO UPDATE SET user_id = excluded.user_id, kind = excluded.kind,
        secret = excluded.secret, created_at = excluded.created_at, expires_at = excluded.expires_at,
        tries = excluded.tries, due_at = excluded.due_at)";
/// `serve` may not delete rows of `events`; the owner's function may, of what this guards.
const PRUNE: &str = "SELECT public.rollbook_prune($1, $2, $3)";
const ANSWER: &str = " SELECT count(*) FROM head";
const TAKEN: &str =
    "SELECT c.actor, c.key FROM commands c JOIN unnest($2::text[], $3::text[]) AS k (actor, key)
    ON c.actor = k.actor AND c.key = k.key WHERE c.aggregate_id = $1 LIMIT 1";

/// Without and with credentials, for each way to find the head.
struct Statements {
    is: [String; 2],
    new: [String; 2],
    moved: [String; 2],
}

static STATEMENTS: LazyLock<Statements> = LazyLock::new(|| {
    let both = |head: &str| {
        [
            format!("WITH head AS ({head}){LISTS}{ANSWER}"),
            format!("WITH head AS ({head}){LISTS}{CREDENTIALS}{ANSWER}"),
        ]
    };
    Statements { is: both(HEAD_IS), new: both(HEAD_NEW), moved: both(HEAD_MOVE) }
});

impl PostgresStore {
    pub(in crate::store) async fn append(&self, batch: &Batch) -> Result<Appended, AppendError> {
        if batch.prune.is_some() {
            // More than one statement, so a transaction.
            let held = self.hold(&batch.ledger).await;
            return held.map_err(|error| AppendError::Unavailable(error.to_string()))?.append(batch).await;
        }
        match self.send(batch).await {
            Ok(appended) => Ok(appended),
            Err(Failed::With(error)) => Err(error),
            Err(Failed::CommandKey) => Err(self.taken(batch).await),
        }
    }

    async fn send(&self, batch: &Batch) -> Result<Appended, Failed> {
        let mut lane = self.lanes.take().await.map_err(unavailable)?;
        let moved = self.move_head(&mut lane, batch).await?;
        lane.keep();
        if moved { Ok(Appended::Done) } else { Err(Failed::With(AppendError::Conflict)) }
    }

    /// Says whether the head was where it must be, and everything is written.
    async fn move_head(&self, lane: &mut Lane, batch: &Batch) -> Result<bool, Failed> {
        let query = statement(batch)?;
        let answer = self.answered(query.fetch_one(lane.connection())).await?;
        let moved: i64 = answer.try_get(0).map_err(|error| append(&error))?;
        Ok(moved == 1)
    }

    async fn answered<T>(&self, run: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, Failed> {
        let Ok(answer) = tokio::time::timeout(ANSWER_TIMEOUT, run).await else {
            return Err(Failed::With(AppendError::InDoubt("no answer in time".to_owned())));
        };
        answer.map_err(|error| {
            self.heed(&error);
            append(&error)
        })
    }

    /// Locks the head of `ledger` in a transaction.
    pub(in crate::store) async fn hold(&self, ledger: &LedgerId) -> Result<Held, StoreError> {
        let mut lane = self.lanes.take().await?;
        let locked = tokio::time::timeout(LOCK_TIMEOUT, lock(lane.connection(), ledger)).await;
        let late = |_| StoreError::Unavailable("the head could not be held in time".to_owned());
        locked.map_err(late)?.map_err(|error| self.sorted(&error))?;
        Ok(Held { store: self.clone(), lane })
    }

    /// Finds which of the batch's command keys is taken. The server says it only as text for people.
    async fn taken(&self, batch: &Batch) -> AppendError {
        let actors = list(&batch.commands, |command| command.actor.as_str());
        let keys = list(&batch.commands, |command| command.key.as_str());
        let found = self.fetch(sqlx::query(TAKEN).bind(&batch.ledger.id).bind(actors).bind(keys)).await;
        let row = found.ok().and_then(|rows| rows.into_iter().next());
        let pair = row.and_then(|row| Some((row.try_get(0).ok()?, row.try_get(1).ok()?)));
        match pair {
            Some((actor, key)) => AppendError::Duplicate { actor, key },
            // It was purged in between, or the read failed: deciding again finds out.
            None => AppendError::Conflict,
        }
    }
}

async fn lock(connection: &mut PgConnection, ledger: &LedgerId) -> Result<(), sqlx::Error> {
    (&mut *connection).execute("BEGIN").await?;
    let lock = sqlx::query(HEAD_LOCK).bind(&ledger.id).bind(ledger.kind.as_str());
    lock.fetch_optional(connection).await.map(drop)
}

/// A transaction that has locked a head. Dropped, its connection is closed and the lock is gone.
pub(in crate::store) struct Held {
    store: PostgresStore,
    lane: Lane,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Held")
    }
}

impl Held {
    pub(in crate::store) async fn append(self, batch: &Batch) -> Result<Appended, AppendError> {
        let store = self.store.clone();
        match self.write(batch).await {
            Ok(appended) => Ok(appended),
            Err(Failed::With(error)) => Err(error),
            Err(Failed::CommandKey) => Err(store.taken(batch).await),
        }
    }

    async fn write(self, batch: &Batch) -> Result<Appended, Failed> {
        let Self { store, mut lane } = self;
        if !store.move_head(&mut lane, batch).await? {
            return Err(Failed::With(AppendError::Conflict));
        }
        if let Some(prune) = batch.prune {
            let query = sqlx::query(PRUNE).bind(batch.ledger.id.as_str());
            let query = query.bind(stored_int(prune.from)).bind(stored_int(prune.to));
            let answer = store.answered(query.fetch_one(lane.connection())).await?;
            if !answer.try_get(0).map_err(|error| append(&error))? {
                return Err(Failed::With(AppendError::Conflict));
            }
        }
        store.answered(lane.connection().execute("COMMIT")).await?;
        lane.keep();
        Ok(Appended::Done)
    }
}

fn unavailable(error: StoreError) -> Failed {
    Failed::With(AppendError::Unavailable(error.to_string()))
}

fn statement(batch: &Batch) -> Result<Query<'_, Postgres, PgArguments>, Failed> {
    let [plain, with_credentials] = match (batch.rows.is_empty(), batch.expected) {
        (true, _) => &STATEMENTS.is,
        (false, 0) => &STATEMENTS.new,
        (false, _) => &STATEMENTS.moved,
    };
    let head = |sql| {
        sqlx::query(sql)
            .bind(batch.ledger.id.as_str())
            .bind(batch.ledger.kind.as_str())
            .bind(stored_int(batch.expected))
            .bind(stored_int(batch.last()))
            .bind(batch.batch.to_string())
            .bind(batch.frontier.to_bytes())
            .bind(batch.at_us)
            .bind(i64::from(FORMAT))
    };
    if batch.credentials.is_empty() {
        return lists(head(plain), batch);
    }
    Ok(mails(credentials(lists(head(with_credentials), batch)?, batch), batch))
}

type Bound<'a> = Query<'a, Postgres, PgArguments>;

fn lists<'a>(query: Bound<'a>, batch: &'a Batch) -> Result<Bound<'a>, Failed> {
    let query = commands(personal(subjects(events(query, batch), batch), batch)?, batch)?;
    Ok(query)
}

fn list<'a, I, T>(items: impl IntoIterator<Item = I>, of: impl Fn(I) -> T + 'a) -> Vec<T> {
    items.into_iter().map(of).collect()
}

fn events<'a>(query: Bound<'a>, batch: &'a Batch) -> Bound<'a> {
    let rows = &batch.rows;
    query
        .bind(list(rows, |row| row.sealed.event_type()))
        .bind(list(rows, |row| row.sealed.version()))
        .bind(list(rows, |row| row.sealed.payload()))
        .bind(list(rows, |row| row.sealed.metadata()))
        .bind(list(rows, |row| row.actor.as_str()))
        .bind(list(rows, |row| row.sealed.leaf().as_slice()))
}

fn subjects<'a>(query: Bound<'a>, batch: &'a Batch) -> Bound<'a> {
    let all = || {
        let of_row = |row: &'a crate::store::batch::Row| {
            row.subjects.iter().map(move |subject| (stored_int(row.sealed.position()), subject))
        };
        batch.rows.iter().flat_map(of_row)
    };
    query
        .bind(list(all(), |(position, _)| position))
        .bind(list(all(), |(_, subject)| subject.kind.as_str()))
        .bind(list(all(), |(_, subject)| subject.id.as_str()))
}

fn personal<'a>(query: Bound<'a>, batch: &'a Batch) -> Result<Bound<'a>, Failed> {
    let (mut positions, mut persons) = (Vec::new(), Vec::new());
    let (mut ordinals, mut salts, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for row in &batch.rows {
        for person in &row.personal {
            let [ordinal, salt, value] = personal_texts(person).map_err(|_| unencodable())?;
            positions.push(stored_int(row.sealed.position()));
            persons.push(person.person.as_str());
            ordinals.push(ordinal);
            salts.push(salt);
            values.push(value);
        }
    }
    Ok(query.bind(positions).bind(persons).bind(ordinals).bind(salts).bind(values))
}

fn commands<'a>(query: Bound<'a>, batch: &'a Batch) -> Result<Bound<'a>, Failed> {
    let all = &batch.commands;
    let headers: Result<Vec<String>, _> =
        all.iter().map(|command| serde_json::to_string(&command.headers)).collect();
    Ok(query
        .bind(list(all, |command| command.actor.as_str()))
        .bind(list(all, |command| command.key.as_str()))
        .bind(list(all, |command| command.digest.as_slice()))
        .bind(list(all, |command| i64::from(command.status)))
        .bind(headers.map_err(|_| unencodable())?)
        .bind(list(all, |command| stored_int(command.first_position)))
        .bind(list(all, |command| stored_int(command.last_position)))
        .bind(list(all, |command| command.created_at_us)))
}

fn credentials<'a>(query: Bound<'a>, batch: &'a Batch) -> Bound<'a> {
    let (puts, deletes) = batch.credentials_last();
    query
        .bind(list(&puts, |one| one.id.as_str()))
        .bind(list(&puts, |one| one.user_id.as_str()))
        .bind(list(&puts, |one| one.kind.as_str()))
        .bind(list(&puts, |one| one.secret_hash.as_str()))
        .bind(list(&puts, |one| one.created_at_us))
        .bind(list(&puts, |one| one.expires_at_us))
        .bind(list(&puts, |one| one.meta.as_str()))
        .bind(deletes)
}

fn mails<'a>(query: Bound<'a>, batch: &'a Batch) -> Bound<'a> {
    let mails = batch.mails();
    query
        .bind(list(&mails, |mail| mail.id.as_str()))
        .bind(list(&mails, |mail| mail.user_id.as_str()))
        .bind(list(&mails, |mail| mail.kind.as_str()))
        .bind(list(&mails, |mail| mail.secret.as_str()))
        .bind(list(&mails, |mail| mail.created_at_us))
        .bind(list(&mails, |mail| mail.expires_at_us))
        .bind(list(&mails, |mail| stored_int(mail.tries)))
        .bind(list(&mails, |mail| mail.due_at_us))
}

fn unencodable() -> Failed {
    Failed::With(AppendError::Refused("a value cannot be encoded".to_owned()))
}

//! Reading a ledger's rows: one statement, decoded off the async threads when there are many.
//!
//! Personal values are read after their rows, so a value that was there with its row can only have been
//! erased in between.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::PostgresStore;
use crate::entry::{Columns, LedgerId};
use crate::store::batch::PersonalRow;
use crate::store::cells::stored_int;
use crate::store::row::{EventRow, FromRow, personal_row};
use crate::store::select::{Personal, Selection};
use crate::store::{ReadError, StoreError};

const EVENTS_RANGE: &str =
    "SELECT sequence, event_type, event_version, payload::text, metadata::text, at, actor, batch, leaf FROM events
      WHERE aggregate_id = $1 AND aggregate_type = $2 AND sequence BETWEEN $3 AND $4 ORDER BY sequence LIMIT $5";
const EVENTS_LISTED: &str =
    "SELECT sequence, event_type, event_version, payload::text, metadata::text, at, actor, batch, leaf FROM events
      WHERE aggregate_id = $1 AND aggregate_type = $2 AND sequence = ANY($3) ORDER BY sequence";
const PERSONAL_RANGE: &str = "SELECT sequence, person, ordinals, salts, vals FROM personal_values
      WHERE aggregate_id = $1 AND aggregate_type = $2 AND sequence BETWEEN $3 AND $4 ORDER BY sequence LIMIT $5";
const PERSONAL_LISTED: &str = "SELECT sequence, person, ordinals, salts, vals FROM personal_values
      WHERE aggregate_id = $1 AND aggregate_type = $2 AND sequence = ANY($3) ORDER BY sequence";

/// Fewer rows than this are decoded on the spot: under a millisecond.
const ROWS_INLINE_MAX: usize = 200;

impl PostgresStore {
    pub(in crate::store) async fn rows<T: FromRow>(&self, selection: Selection) -> Result<Vec<T>, ReadError> {
        let rows = self.fetch_selected(EVENTS_RANGE, EVENTS_LISTED, &selection).await?;
        let ledger = selection.ledger().clone();
        off_the_async_threads(rows, move |rows| decode(rows, &ledger)).await
    }

    pub(in crate::store) async fn rows_and_personal<T: FromRow>(
        &self,
        selection: Selection,
    ) -> Result<(Vec<T>, Personal), ReadError> {
        let range = selection.without_limit();
        let rows = self.fetch_selected(EVENTS_RANGE, EVENTS_LISTED, &selection).await?;
        let (ledger, same) = (selection.ledger().clone(), range.ledger().clone());
        // The rows are here, so their values may be read while they are decoded.
        let rows = off_the_async_threads(rows, move |rows| decode(rows, &ledger));
        let personal = async {
            let personal = self.fetch_selected(PERSONAL_RANGE, PERSONAL_LISTED, &range).await?;
            let decode = move |rows: &[PgRow]| rows.iter().map(|row| personal_of(row, &same)).collect();
            off_the_async_threads(personal, decode).await
        };
        let (rows, personal) = tokio::join!(rows, personal);
        Ok((rows?, personal?))
    }

    async fn fetch_selected(
        &self,
        range: &'static str,
        listed: &'static str,
        selection: &Selection,
    ) -> Result<Vec<PgRow>, StoreError> {
        let ledger = selection.ledger();
        let bind = |sql| sqlx::query(sql).bind(ledger.id.as_str()).bind(ledger.kind.as_str());
        let query = match selection {
            Selection::Range { from, to, limit, .. } => {
                bind(range).bind(stored_int(*from)).bind(stored_int(*to)).bind(i64::from(*limit))
            }
            Selection::Listed { positions, .. } => {
                bind(listed).bind(positions.iter().map(|position| stored_int(*position)).collect::<Vec<_>>())
            }
        };
        self.fetch(query).await
    }
}

async fn off_the_async_threads<T: Send + 'static>(
    rows: Vec<PgRow>,
    decode: impl FnOnce(&[PgRow]) -> Result<T, ReadError> + Send + 'static,
) -> Result<T, ReadError> {
    if rows.len() < ROWS_INLINE_MAX {
        return decode(&rows);
    }
    let ended = |_| Err(StoreError::Unavailable("the decoding thread ended".to_owned()).into());
    tokio::task::spawn_blocking(move || decode(&rows)).await.unwrap_or_else(ended)
}

fn decode<T: FromRow>(rows: &[PgRow], ledger: &LedgerId) -> Result<Vec<T>, ReadError> {
    rows.iter().map(|row| T::from_row(&event_row(row, ledger)?)).collect()
}

fn event_row<'a>(row: &'a PgRow, ledger: &'a LedgerId) -> Result<EventRow<'a>, ReadError> {
    Ok(EventRow {
        columns: Columns {
            ledger,
            position: get::<i64>(row, 0)?.unsigned_abs(),
            event_type: get(row, 1)?,
            version: get(row, 2)?,
            payload: get(row, 3)?,
            metadata: get(row, 4)?,
            leaf: get(row, 8)?,
        },
        at_us: get(row, 5)?,
        actor: get(row, 6)?,
        batch: get(row, 7)?,
    })
}

fn get<'a, T>(row: &'a PgRow, column: usize) -> Result<T, StoreError>
where
    T: sqlx::Decode<'a, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    row.try_get(column).map_err(|_| StoreError::Unreadable { column })
}

fn personal_of(row: &PgRow, ledger: &LedgerId) -> Result<(u64, PersonalRow), ReadError> {
    let position = get::<i64>(row, 0)?.unsigned_abs();
    let texts = [get(row, 2)?, get(row, 3)?, get(row, 4)?];
    let decoded = personal_row(get(row, 1)?, texts);
    decoded.map(|person| (position, person)).map_err(|_| ReadError::Corrupt {
        ledger: ledger.clone(),
        position,
        what: "a row of personal values cannot be read".to_owned(),
    })
}

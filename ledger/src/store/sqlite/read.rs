//! Reading a ledger's rows, decoded while they are still in SQLite's memory.
//!
//! Rows and personal values are read in one transaction, so they belong together.

use rusqlite::{Connection, Params, Row};

use super::{SqliteStore, error};
use crate::entry::{Columns, LedgerId};
use crate::store::batch::PersonalRow;
use crate::store::cells::stored_int;
use crate::store::row::{EventRow, FromRow, personal_row};
use crate::store::select::{Personal, Selection};
use crate::store::{ReadError, StoreError};

const COLUMNS: &str =
    "SELECT sequence, event_type, event_version, payload, metadata, at, actor, batch, leaf FROM events";
const PERSONAL: &str = "SELECT sequence, person, ordinals, salts, vals FROM personal_values";
const LEDGER: &str = "WHERE aggregate_id = ?1 AND aggregate_type = ?2";
const RANGE: &str = "AND sequence BETWEEN ?3 AND ?4 ORDER BY sequence LIMIT ?5";
const LISTED: &str = "AND sequence IN (SELECT value FROM json_each(?3)) ORDER BY sequence";

impl SqliteStore {
    pub(in crate::store) async fn rows<T: FromRow>(&self, selection: Selection) -> Result<Vec<T>, ReadError> {
        self.read(move |connection| rows(connection, &selection)).await
    }

    pub(in crate::store) async fn rows_and_personal<T: FromRow>(
        &self,
        selection: Selection,
    ) -> Result<(Vec<T>, Personal), ReadError> {
        self.read(move |connection| {
            let transaction = connection.transaction().map_err(failed)?;
            let rows = rows(&transaction, &selection)?;
            let personal = personal(&transaction, &selection)?;
            transaction.commit().map_err(failed)?;
            Ok((rows, personal))
        })
        .await
    }
}

fn failed(error: rusqlite::Error) -> ReadError {
    ReadError::Store(error::store(&error))
}

fn rows<T: FromRow>(connection: &Connection, selection: &Selection) -> Result<Vec<T>, ReadError> {
    let ledger = selection.ledger();
    let decode = |row: &Row<'_>| with_row(row, ledger);
    each(connection, COLUMNS, selection, decode)
}

fn personal(connection: &Connection, selection: &Selection) -> Result<Personal, ReadError> {
    each(connection, PERSONAL, &selection.without_limit(), |row| personal_of(row, selection.ledger()))
}

fn each<T>(
    connection: &Connection,
    table: &str,
    selection: &Selection,
    decode: impl Fn(&Row<'_>) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    let (id, kind) = (&selection.ledger().id, selection.ledger().kind.as_str());
    match selection {
        Selection::Range { from, to, limit, .. } => {
            let sql = format!("{table} {LEDGER} {RANGE}");
            collect(
                connection,
                &sql,
                (id, kind, stored_int(*from), stored_int(*to), i64::from(*limit)),
                decode,
            )
        }
        Selection::Listed { positions, .. } => {
            let sql = format!("{table} {LEDGER} {LISTED}");
            collect(connection, &sql, (id, kind, format!("{positions:?}")), decode)
        }
    }
}

fn collect<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    decode: impl Fn(&Row<'_>) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let mut answer = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        answer.push(decode(row)?);
    }
    Ok(answer)
}

fn with_row<T: FromRow>(row: &Row<'_>, ledger: &LedgerId) -> Result<T, ReadError> {
    let unreadable = |column| move |_| ReadError::Store(StoreError::Unreadable { column });
    let text = |column| row.get_ref(column).map_err(failed)?.as_str().map_err(unreadable(column));
    T::from_row(&EventRow {
        columns: Columns {
            ledger,
            position: row.get_ref(0).map_err(failed)?.as_i64().map_err(unreadable(0))?.unsigned_abs(),
            event_type: text(1)?,
            version: text(2)?,
            payload: text(3)?,
            metadata: text(4)?,
            leaf: row.get_ref(8).map_err(failed)?.as_blob().map_err(unreadable(8))?,
        },
        at_us: row.get(5).map_err(failed)?,
        actor: text(6)?,
        batch: text(7)?,
    })
}

fn personal_of(row: &Row<'_>, ledger: &LedgerId) -> Result<(u64, PersonalRow), ReadError> {
    let text = |column| -> Result<&str, ReadError> {
        let value = row.get_ref(column).map_err(failed)?;
        value.as_str().map_err(|_| ReadError::Store(StoreError::Unreadable { column }))
    };
    let position = row.get::<_, i64>(0).map_err(failed)?.unsigned_abs();
    let decoded = personal_row(text(1)?, [text(2)?, text(3)?, text(4)?]);
    decoded.map(|person| (position, person)).map_err(|_| ReadError::Corrupt {
        ledger: ledger.clone(),
        position,
        what: "a row of personal values cannot be read".to_owned(),
    })
}

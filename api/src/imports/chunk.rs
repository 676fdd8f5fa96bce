//! The rows of a file in pieces, each of which can be planned on one state: what others depend on is a piece before them.

use super::run::Job;
use rollbook_replay::import::Row;

/// Most rows of a piece: few enough that one stops soon, many enough that the writer makes batches of them.
const ROWS_MAX: usize = 64;

/// Some rows of a job's file.
pub(super) struct Chunk<'a> {
    pub(super) job: &'a Job,
    pub(super) rows: Vec<Row>,
}

/// Cuts rows into pieces.
pub(super) fn chunks(rows: Vec<Row>) -> impl Iterator<Item = Vec<Row>> {
    let mut rows = rows.into_iter().peekable();
    std::iter::from_fn(move || {
        let first = rows.next()?;
        let stage = first.stage();
        let mut chunk = vec![first];
        while chunk.len() < ROWS_MAX
            && let Some(row) = rows.next_if(|row| row.stage() == stage)
        {
            chunk.push(row);
        }
        Some(chunk)
    })
}

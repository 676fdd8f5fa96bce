//! The activity log: one row an entry of an organization's two ledgers, readable alone.
//!
//! [`fold`] makes rows of entries and knows no database; the rest keeps them in tables and answers questions about
//! them. Who writes them is [`follower`](crate::follower)'s and [`rebuild`](crate::rebuild)'s.

pub(crate) mod columns;
mod cursor;
pub mod fold;
mod query;
pub(crate) mod redact;
mod row;
mod sentence;
mod status;
pub(crate) mod tables;
#[cfg(test)]
mod tests;
pub(crate) mod write;

pub use cursor::Cursor;
pub use query::{ActivityLog, Counted, Everything, Filter, LIMIT_MAX, Page, Paging, SubjectFilter, Who};
pub use row::{About, BadOutcome, Changed, Doer, Ledger, Outcome, Row, Span, Status};
pub use status::{STATUS_ROWS_MAX, Statuses};

/// The projection's name, in table names, checkpoints and status.
pub const NAME: &str = "activity_log";
/// Counts up whenever the table's columns or the meaning of a row change; then the log must be rebuilt.
pub const SHAPE: i64 = 3;

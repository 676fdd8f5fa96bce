//! How history is kept: entries sealed by a hash, appended to ledgers on SQLite or PostgreSQL.
//!
//! [`entry`] says what is hashed, [`store`] where it lies and who may touch it. This is the only crate that
//! names the table `events`. It decides nothing about users or permissions and knows no HTTP.

pub mod entry;
pub mod store;

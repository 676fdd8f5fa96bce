//! How history is kept: entries sealed by a hash, appended to ledgers on SQLite or PostgreSQL.
//!
//! [`entry`] says what is hashed, [`store`] where it lies and who may touch it, [`codec`] how events become
//! rows and rows events, [`writer`] how commands become history, [`activity`]
//! and [`system`] the two other kinds of ledger, [`follow`] what goes on beside them. This is the only crate that
//! names the table `events`. It decides nothing about users or permissions and knows no HTTP.

pub mod activity;
pub mod adapter;
pub mod clock;
pub mod codec;
pub mod deployment;
pub mod entry;
pub mod erase;
pub mod follow;
mod plain;
pub mod snapshot;
pub mod store;
pub mod system;
mod uses;
pub mod writer;

//! What can be asked: the current permission view and the user activity log.
//!
//! - [`permission_view`]: who may do what now, by the state that the writer publishes with each batch
//! - [`activity_log`]: one row an entry of an organization's two ledgers, readable alone, and its questions
//! - [`follower`]: keeps those rows up to the ledgers, each entry exactly once
//! - [`rebuild`]: makes them anew beside the live ones, compares, and swaps
//!
//! All of it is derived: it can be dropped and made again with nothing lost. Nothing here decides, and no statement
//! here touches a table of the ledger's but a follower's own checkpoint.
#![deny(clippy::wildcard_enum_match_arm)]

pub mod activity_log;
mod error;
pub mod follower;
pub mod permission_view;
pub mod rebuild;
mod sql;

pub use error::ProjectionError;

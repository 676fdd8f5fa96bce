//! The demonstration: organizations with three months of history, made by ordinary commands under a clock that is told
//! the time.
//!
//! [`folder`] says which folder it may use and what is remembered there, [`cast`] who appears, [`story`] what they
//! did, [`products`] one organization more for each product, [`guide`] what to try. Nothing else in Rollbook can write with a time that is not now, and the system
//! ledger says `demo.built`.

pub(crate) mod build;
mod cast;
mod folder;
pub(crate) mod guide;
mod products;
mod story;
mod times;

pub(crate) use folder::{Found, look};

//! The life of an agent, told as the list of its events in `event.rs`.
//!
//! An agent is a seat at the telephone system: code, extension, queues. It is no account and holds no rights; the user
//! whose login is its code signs in as it. That link is looked up, never stored: see `organization/lookup.rs`.

pub mod command;
pub(crate) mod decide;
pub mod event;
mod names;
pub(crate) mod place;
pub mod rejection;
pub(crate) mod rights;
pub mod state;
#[cfg(test)]
mod tests;
pub(crate) mod undo;

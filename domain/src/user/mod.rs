//! The life of a user, told as the list of its events in `event.rs`.

mod account;
pub mod avatar;
pub mod command;
pub(crate) mod decide;
pub mod detail;
pub(crate) mod elements;
mod erasure;
pub mod event;
pub(crate) mod extension;
mod guards;
pub mod link;
pub mod password;
pub mod rejection;
pub(crate) mod rights;
pub mod state;
#[cfg(test)]
mod tests;
pub mod token;
pub mod two_factor;
pub(crate) mod undo;
pub mod window;

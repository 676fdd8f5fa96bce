//! The life of a user, told as the list of its events in `event.rs`.

pub mod command;
pub(crate) mod decide;
pub(crate) mod elements;
mod erasure;
pub mod event;
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

//! The life of a profile, told as the list of its events in `event.rs`.

pub mod command;
pub(crate) mod decide;
pub mod event;
pub mod rejection;
pub(crate) mod rights;
pub mod sections;
pub mod state;
#[cfg(test)]
mod tests;
pub(crate) mod undo;

//! The life of the settings, told as the list of their events in `event.rs`.

mod addresses;
pub mod command;
pub(crate) mod decide;
pub mod effective;
pub mod event;
pub(crate) mod rights;
pub mod state;
#[cfg(test)]
mod tests;
pub(crate) mod undo;

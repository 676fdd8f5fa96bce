//! The aggregate: all of an organization, the dispatch of decide and apply, the rules that span entities.

mod asks;
pub mod authorize;
pub mod command;
pub mod decide;
pub mod event;
mod found;
pub(crate) mod gifts;
pub mod lookup;
pub mod rejection;
pub mod state;
#[cfg(test)]
mod tests;
pub(crate) mod undo;
pub mod visible;

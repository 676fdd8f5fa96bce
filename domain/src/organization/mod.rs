//! The aggregate: all of an organization, the dispatch of decide and apply, the rules that span entities.

mod agent_reach;
mod agents;
mod asks;
pub mod authorize;
mod caused;
pub mod command;
pub mod decide;
pub mod event;
mod found;
pub(crate) mod gifts;
mod group_settings;
mod held;
mod keeper;
pub mod lookup;
mod objects;
mod profile_gifts;
mod reach;
pub mod rejection;
mod sensitive;
mod size;
pub mod snapshot;
mod sound;
pub mod state;
#[cfg(test)]
mod tests;
pub mod tokens;
mod transfer;
pub mod undo;
mod users;
pub mod visible;

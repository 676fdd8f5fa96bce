//! The aggregate: all of an organization, the dispatch of decide and apply, the rules that span entities.

pub mod event;
pub mod lookup;
pub mod state;

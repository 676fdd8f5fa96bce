//! The words every entity speaks: ids, moments, text, personal values, actors, changes, events.
//!
//! Nothing here knows an entity; nothing here does input or output.

pub mod change;
pub mod context;
pub mod event_type;
pub mod fast_hash;
pub mod few;
pub mod id;
pub mod moment;
pub mod personal;
pub mod product;
pub mod record;
pub mod rejection;
pub mod shared;
pub mod text;

#[cfg(test)]
pub(crate) mod spec;

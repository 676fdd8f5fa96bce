//! The life of a group, told as the list of its events in `event.rs`.

pub mod event;
pub mod state;

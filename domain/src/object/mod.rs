//! Small things of the product (skills, tags, topic sets, reports …) by one mechanism: which kinds there are, what each
//! carries and which function opens it are rows of the catalog, told as the list of their events in `event.rs`.

pub mod command;
pub(crate) mod decide;
pub mod event;
pub mod rejection;
pub(crate) mod rights;
pub mod state;
#[cfg(test)]
mod tests;
pub(crate) mod undo;
pub(crate) mod usage;

//! What is true and what is allowed: the organization, its rules and its permissions.
//!
//! Pure: no async, no clock, no randomness, no SQL, no HTTP. Whatever a rule may know of the world comes in
//! through a [`Context`](kernel::context::Context). The words, in the order a newcomer needs them:
//!
//! - a **command** is what someone asks; **decide** holds the rules; an **event** is what happened;
//!   **apply** is what it changes.
//! - one organization is one aggregate: its rules span its people, so it is the consistency boundary.
#![deny(clippy::wildcard_enum_match_arm)]

pub mod agent;
pub mod event;
pub mod group;
pub mod kernel;
pub mod key;
pub mod object;
pub mod organization;
pub mod permission;
pub mod profile;
pub mod queue;
pub mod role;
pub mod settings;
pub mod user;

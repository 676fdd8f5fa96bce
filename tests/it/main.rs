//! The one integration test binary.
// All of it is test code, helper functions too: clippy then allows panics as .clippy.toml says.
#![cfg(test)]

mod replay_as_of;
mod replay_resolve;
mod replay_rollback;
mod replay_verify;
mod replay_world;
mod tidy;

//! The one integration test binary.
// All of it is test code, helper functions too: clippy then allows panics as .clippy.toml says.
#![cfg(test)]

mod replay_as_of;
mod replay_resolve;
mod replay_rollback;
mod replay_verify;
mod replay_world;
mod projections_follower;
mod projections_permission;
mod projections_query;
mod projections_rebuild;
mod projections_world;
mod tidy;

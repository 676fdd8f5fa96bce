//! The one integration test binary.
// All of it is test code, helper functions too: clippy then allows panics as .clippy.toml says.
#![cfg(test)]

mod api_audit;
mod api_denial;
mod api_description;
mod api_erase;
mod api_escalation;
mod api_examples;
mod api_idle;
mod api_input;
mod api_known;
mod api_lock_out;
mod api_outage;
mod api_retry;
mod api_secrets;
mod api_sign_in;
mod cli_commands;
mod demo_start;
mod docs_commands;
mod docs_tables;
mod ledger_adapter;
mod ledger_crash;
mod ledger_doubt;
mod ledger_erase;
mod ledger_follow;
mod ledger_idle;
mod ledger_keys;
mod ledger_races;
mod ledger_snapshots;
mod ledger_stops;
mod ledger_tls;
mod ledger_unknown;
mod ledger_world;
mod ledger_writer;
mod projections_follower;
mod projections_permission;
mod projections_query;
mod projections_rebuild;
mod projections_world;
mod replay_as_of;
mod replay_resolve;
mod replay_rollback;
mod replay_verify;
mod replay_verify_log;
mod replay_world;
mod tidy;

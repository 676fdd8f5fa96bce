//! `rollbook migrate`: create or upgrade the tables, and grant a role what serving needs.

use super::output::Output;
use super::{Failure, Global};
use clap::Args;
use serde_json::json;

/// Create or upgrade the tables. On PostgreSQL, run it as the database's owner.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// PostgreSQL: the role that `rollbook serve` runs as; it gets what serving needs and nothing more.
    #[arg(long, value_name = "ROLE")]
    serve_role: Option<String>,
}

pub(super) async fn run(global: &Global, command: Migrate, output: &Output) -> Result<(), Failure> {
    let store = global.store(true).await?;
    store.migrate().await?;
    if let Some(role) = &command.serve_role {
        store.grant_serve(role).await?;
    }
    output.answer("the tables are current", &json!({ "migrated": true, "serve_role": command.serve_role }));
    Ok(())
}

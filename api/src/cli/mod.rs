//! The command line: global flags, one file a command, exit codes, and what is printed where.
//!
//! Answers go to standard output (JSON with `--json`), logs and errors to standard error.

mod connect;
mod demo;
mod failure;
mod import;
mod init;
mod migrate;
mod openapi;
mod outbox;
mod output;
mod past;
mod progress;
mod prune;
mod rebuild;
mod recover;
mod rollback;
mod serve;
mod verify;

use clap::{Args, Parser, Subcommand};
pub(crate) use connect::{migrated, sqlite};
pub use failure::Failure;
pub(crate) use init::{Init, found, operator_context, stored_password};
use output::Output;
use std::path::PathBuf;
use std::process::ExitCode;

/// Rollbook: who may do what in a contact centre, and every change of it.
#[derive(Debug, Parser)]
#[command(name = "rollbook", version, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every command has.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Settings file; by default rollbook.toml in the working folder, if there is one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the embedded SQLite database: ./rollbook-data (ROLLBOOK_DATA) unless given, ./rollbook-demo for `demo`.
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "database_url")]
    data: Option<PathBuf>,
    /// PostgreSQL, for example postgres://rollbook@localhost/rollbook (ROLLBOOK_DATABASE_URL).
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Print answers as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Found an organization with its owner.
    Init(init::Init),
    /// Serve the API.
    Serve(serve::Serve),
    /// Create or upgrade the tables.
    Migrate(migrate::Migrate),
    /// Recompute every ledger and name what is wrong.
    Verify(verify::Verify),
    /// Make the activity log anew from the ledgers.
    Rebuild(rebuild::Rebuild),
    /// Delete the activity that organizations keep no longer.
    Prune(prune::Prune),
    /// What happened to an entity, newest first.
    History(past::History),
    /// An entity as it was at a position or a time.
    AsOf(past::AsOf),
    /// Bring an entity back to an earlier state: plan, then apply.
    #[command(subcommand)]
    Rollback(rollback::Rollback),
    /// Read another product's users into an organization.
    Import(import::Import),
    /// Let somebody in again who is locked out.
    Recover(recover::Recover),
    /// List the mails that wait to be sent, or show the link in one.
    Outbox(outbox::Outbox),
    /// Build a demonstration and serve it.
    Demo(demo::Demo),
    /// Print the API description.
    Openapi,
}

/// Runs the command line and gives the exit code: 0 ok, 1 something found wrong, 2 usage or configuration,
/// 3 refused, 4 unavailable.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _unprintable = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let output = Output::new(cli.global.json);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(cli, &output)),
        Err(error) => Err(Failure::Unavailable(format!("no threads: {error}"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit_code()
        }
    }
}

async fn dispatch(cli: Cli, output: &Output) -> Result<(), Failure> {
    match cli.command {
        Command::Init(command) => init::run(&cli.global, command, output).await,
        Command::Serve(command) => serve::run(&cli.global, command, output).await,
        Command::Migrate(command) => migrate::run(&cli.global, command, output).await,
        Command::Verify(command) => verify::run(&cli.global, command, output).await,
        Command::Rebuild(command) => rebuild::run(&cli.global, command, output).await,
        Command::Prune(command) => prune::run(&cli.global, command, output).await,
        Command::History(command) => past::history(&cli.global, command, output).await,
        Command::AsOf(command) => past::entity_as_of(&cli.global, command, output).await,
        Command::Rollback(command) => rollback::run(&cli.global, command, output).await,
        Command::Import(command) => import::run(&cli.global, command, output).await,
        Command::Recover(command) => recover::run(&cli.global, command, output).await,
        Command::Outbox(command) => outbox::run(&cli.global, command, output).await,
        Command::Demo(command) => demo::run(&cli.global, command, output).await,
        Command::Openapi => openapi::run(output),
    }
}

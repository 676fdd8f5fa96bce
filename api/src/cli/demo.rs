//! `rollbook demo`: build the demonstration, or find it again, say what to try, and serve it.

use super::output::Output;
use super::{Failure, Global};
use crate::app::ServeOptions;
use crate::config::LogFormat;
use crate::demo::{self, Found};
use crate::server::{self, Listening};
use clap::Args;
use indicatif::ProgressBar;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The demonstration's folder unless `--data` names another.
const FOLDER_DEFAULT: &str = "rollbook-demo";

/// Build a demonstration (an organization with three months of history) and serve it.
///
/// It reads no settings file and no `ROLLBOOK_…` variable, so that it never meets a database in earnest.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Build it and print what to try, but do not serve.
    #[arg(long)]
    build_only: bool,
}

pub(super) async fn run(global: &Global, command: Demo, output: &Output) -> Result<(), Failure> {
    if global.database_url.is_some() {
        let detail = "the demonstration is an SQLite folder; use --data, not --database-url";
        return Err(Failure::Usage(detail.to_owned()));
    }
    if global.config.is_some() {
        let detail = "the demonstration reads no settings file; leave --config out";
        return Err(Failure::Usage(detail.to_owned()));
    }
    let folder = global.data.clone().unwrap_or_else(|| PathBuf::from(FOLDER_DEFAULT));
    super::serve::log_to_stderr(LogFormat::Text, "warn");
    server::metrics::install();
    let found = demo::look(&folder)?;
    // Before building, so that a taken port costs nothing.
    let listening = if command.build_only { None } else { Some(bind(command.listen).await?) };
    let address = listening.as_ref().map_or(command.listen, Listening::address);
    let again = matches!(found, Found::Demo(_));
    let demo = match found {
        Found::Demo(demo) => demo,
        Found::Empty => demo::build::build(&folder, Clock::default().now(), bar()).await?,
    };
    let deployment = Deployment::new(super::connect::sqlite(&folder, false).await?, Clock::default());
    super::connect::migrated(deployment.store()).await?;
    let (_, open) = deployment.open_by_name(&demo.organization).await?;
    let now = open.writer.published().organization.clone();
    let address = format!("http://{address}");
    let guide = demo::guide::Guide { demo: &demo, folder: &folder, again, address: &address, now: &now };
    match listening {
        None => {
            output.answer(&guide.text(), &guide.json());
            Ok(())
        }
        Some(listening) => {
            let stop = super::serve::Stop::listen()?;
            output.plain(&format!("listening on {address}"));
            output.answer(&guide.text(), &guide.json());
            super::serve::until_told(stop, listening, deployment, ServeOptions::default()).await
        }
    }
}

async fn bind(listen: SocketAddr) -> Result<Listening, Failure> {
    let bound = Listening::bind(listen).await;
    bound.map_err(|error| Failure::Unavailable(format!("--listen {listen}: {error}")))
}

fn bar() -> ProgressBar {
    super::progress::bar("three months of changes")
}

//! `rollbook serve`: the API, until it is told to stop.

use super::output::Output;
use super::{Failure, Global};
use crate::app::{App, ServeOptions};
use crate::server::{self, Listening};
use clap::Args;
use rollbook_ledger::deployment::Deployment;
use std::net::SocketAddr;
use tracing_subscriber::EnvFilter;

/// Serve the API.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "ROLLBOOK_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Cookies only over TLS: set it where a proxy in front speaks TLS.
    #[arg(long, env = "ROLLBOOK_SECURE_COOKIES")]
    secure_cookies: bool,
    /// Believe `X-Forwarded-For` of the proxy in front.
    #[arg(long, env = "ROLLBOOK_BEHIND_PROXY")]
    behind_proxy: bool,
}

pub(super) async fn run(global: &Global, command: Serve, output: &Output) -> Result<(), Failure> {
    log_to_stderr();
    server::metrics::install();
    let deployment = global.deployment(false).await?;
    let Serve { listen, secure_cookies, behind_proxy } = command;
    serve(
        deployment,
        listen,
        ServeOptions { secure_cookies, behind_proxy, ..ServeOptions::default() },
        output,
    )
    .await
}

/// Serves until SIGINT or SIGTERM.
pub(super) async fn serve(
    deployment: Deployment,
    listen: SocketAddr,
    options: ServeOptions,
    output: &Output,
) -> Result<(), Failure> {
    let listening = Listening::bind(listen).await;
    let listening = listening.map_err(|error| Failure::Unavailable(format!("--listen {listen}: {error}")))?;
    output.plain(&format!("listening on http://{}", listening.address()));
    let app = App::new(deployment, options);
    server::serve(listening, app, told_to_stop())
        .await
        .map_err(|error| Failure::Unavailable(format!("the server ended: {error}")))
}

/// Logs as JSON lines to standard error; `RUST_LOG` says how much.
pub(super) fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = crate::server::logs::filter(filter);
    // A second subscriber (in tests) is refused, and the first goes on.
    let _second =
        tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

async fn told_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    let Ok(mut terminated) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        let _signalled = interrupted.await;
        return;
    };
    tokio::select! {
        _ = interrupted => {}
        _ = terminated.recv() => {}
    }
}

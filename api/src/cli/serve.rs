//! `rollbook serve`: the API, until it is told to stop.

use super::output::Output;
use super::{Failure, Global};
use crate::app::{App, ServeOptions};
use crate::config::{Flags, LogFormat, Settings};
use crate::mail::Mailer;
use crate::server::{self, Listening};
use clap::Args;
use rollbook_ledger::deployment::{Deployment, Memory};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Serve the API.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Address and port to listen on, by default 127.0.0.1:8080; port 0 takes a free one (ROLLBOOK_LISTEN).
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Cookies only over TLS: set it where a proxy in front speaks TLS (ROLLBOOK_SECURE_COOKIES).
    #[arg(long)]
    secure_cookies: bool,
    /// Believe `X-Forwarded-For` of the proxy in front (ROLLBOOK_BEHIND_PROXY).
    #[arg(long)]
    behind_proxy: bool,
    /// Log lines as `json` or as `text` for people (ROLLBOOK_LOG_FORMAT).
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// What is logged: error, warn, info, debug or trace (ROLLBOOK_LOG_LEVEL).
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
}

impl Serve {
    fn flags(self) -> Flags {
        let mut flags = Flags::new();
        flags.extend(self.listen.map(|listen| ("listen", listen)));
        flags.extend(self.secure_cookies.then(|| ("secure_cookies", "true".to_owned())));
        flags.extend(self.behind_proxy.then(|| ("behind_proxy", "true".to_owned())));
        flags.extend(self.log_format.map(|format| ("log_format", format)));
        flags.extend(self.log_level.map(|level| ("log_level", level)));
        flags
    }
}

pub(super) async fn run(global: &Global, command: Serve, output: &Output) -> Result<(), Failure> {
    let settings = global.settings(command.flags())?;
    log_to_stderr(settings.log_format, &settings.log_level);
    server::metrics::install();
    let options = options(&settings)?;
    let deployment = super::connect::deployment(&settings, false).await?;
    let listen = settings.listen;
    let listening = Listening::bind(listen).await;
    let listening = listening.map_err(|error| Failure::Unavailable(format!("listen {listen}: {error}")))?;
    let stop = Stop::listen()?;
    output.plain(&format!("listening on http://{}", listening.address()));
    until_told(stop, listening, deployment, options).await
}

fn options(settings: &Settings) -> Result<ServeOptions, Failure> {
    let mailer = settings.mail.as_ref().map(Mailer::new).transpose();
    Ok(ServeOptions {
        secure_cookies: settings.secure_cookies,
        behind_proxy: settings.behind_proxy,
        hashes_at_once: settings.hashes_at_once,
        memory: Memory { budget: settings.organizations_mib << 20, ..Memory::default() },
        mailer: mailer.map_err(Failure::Usage)?,
        public_url: settings.public_url.clone(),
    })
}

/// Serves until SIGINT or SIGTERM; what is under way then is finished.
pub(super) async fn until_told(
    stop: Stop,
    listening: Listening,
    deployment: Deployment,
    options: ServeOptions,
) -> Result<(), Failure> {
    let app = App::new(deployment, options);
    let served = server::serve(listening, app, stop.told()).await;
    served.map_err(|error| Failure::Unavailable(format!("the server ended: {error}")))
}

/// Logs to standard error.
pub(super) fn log_to_stderr(format: LogFormat, level: &str) {
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = server::logs::filter(filter);
    let logging = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second subscriber (in tests) is refused, and the first goes on.
    let _second = match format {
        LogFormat::Json => logging.json().try_init(),
        LogFormat::Text => logging.with_ansi(false).try_init(),
    };
}

/// SIGINT and SIGTERM, heard from the moment this is made.
#[derive(Debug)]
pub(super) struct Stop {
    interrupted: Signal,
    terminated: Signal,
}

impl Stop {
    /// Before anybody is told the address: whoever reads it may stop the process at once.
    pub(super) fn listen() -> Result<Self, Failure> {
        let heard = |kind| signal(kind).map_err(|error| Failure::Unavailable(format!("no signals: {error}")));
        Ok(Self { interrupted: heard(SignalKind::interrupt())?, terminated: heard(SignalKind::terminate())? })
    }

    async fn told(mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
        }
    }
}

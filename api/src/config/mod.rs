//! Settings of the process: what each is called, its default, unit and limit, and which layer said it.
//!
//! Layers from weak to strong: defaults, the file (`--config FILE`, else `rollbook.toml` in the working folder if
//! there is one), the environment (`ROLLBOOK_` and the key in capitals), flags. An error names the key and where
//! its value came from, and repeats no value of a secret. Settings of an organization are not here: they are history.

mod known;
mod layer;
mod mail;
mod read;
#[cfg(test)]
mod tests;

pub use known::{KNOWN, Known};
pub use layer::{Flags, Layers};
pub use mail::{MailSettings, MailTls, Redacted};

use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the ledgers lie.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// The folder of the embedded SQLite file.
    Folder(PathBuf),
    /// A PostgreSQL URL; it may hold a password, so it is never printed.
    Postgres(String),
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) => f.debug_tuple("Folder").field(folder).finish(),
            Self::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// All settings, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where the ledgers lie.
    pub database: Database,
    /// Most connections to PostgreSQL.
    pub connections: u32,
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Cookies are sent only over TLS.
    pub secure_cookies: bool,
    /// `X-Forwarded-For` of the proxy in front is believed.
    pub behind_proxy: bool,
    /// Password hashes that run at once, 19 MiB each.
    pub hashes_at_once: usize,
    /// Memory that open organizations may take together, in MiB.
    pub organizations_mib: u64,
    /// Where people reach this service, without a slash at the end.
    pub public_url: Option<String>,
    /// The mail server, if mails are to be sent.
    pub mail: Option<MailSettings>,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// What is logged, as `tracing_subscriber::EnvFilter` reads it.
    pub log_level: String,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value is not acceptable.
    #[error("setting `{key}` ({origin}): {detail}")]
    Value {
        /// Which setting.
        key: String,
        /// Which layer said it.
        origin: String,
        /// What is wrong, without the value where it may be a secret.
        detail: String,
    },
    /// A file names a setting that there is not.
    #[error("{origin} names `{key}`, which is no setting; there are {known}")]
    Unknown {
        /// What it names.
        key: String,
        /// Which file.
        origin: String,
        /// What there is.
        known: String,
    },
    /// The file cannot be read.
    #[error("--config {file}: {detail}")]
    File {
        /// Which file.
        file: String,
        /// Why.
        detail: String,
    },
}

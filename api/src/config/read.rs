//! Merged values to typed settings, each checked.

use super::known::find;
use super::{ConfigError, Database, LogFormat, Settings, mail};
use config::{Map, Value, ValueKind};
use rollbook_ledger::store::Store;
use std::net::SocketAddr;
use std::path::PathBuf;
use tracing_subscriber::EnvFilter;

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

pub(super) fn settings(merged: &Map<String, Value>) -> Result<Settings, ConfigError> {
    let reader = Reader(merged);
    Ok(Settings {
        database: reader.database()?,
        connections: u32::try_from(reader.count("connections", 2, 1_000)?).unwrap_or(u32::MAX),
        listen: reader.listen()?,
        secure_cookies: reader.flag("secure_cookies")?,
        behind_proxy: reader.flag("behind_proxy")?,
        hashes_at_once: usize::try_from(reader.count("hashes_at_once", 1, 64)?).unwrap_or(usize::MAX),
        organizations_mib: reader.count("organizations_mib", 0, 1 << 20)?,
        public_url: mail::public_url(&reader)?,
        mail: mail::settings(&reader)?,
        log_format: reader.log_format()?,
        log_level: reader.log_level()?,
    })
}

pub(super) struct Reader<'a>(&'a Map<String, Value>);

impl Reader<'_> {
    pub(super) fn text(&self, key: &str) -> Result<String, ConfigError> {
        match self.0.get(key).map(|value| &value.kind) {
            None | Some(ValueKind::Nil) => Ok(String::new()),
            Some(ValueKind::Table(_) | ValueKind::Array(_)) => Err(self.wrong(key, "is one value")),
            Some(kind) => Ok(kind.to_string()),
        }
    }

    pub(super) fn wrong(&self, key: &str, wanted: &str) -> ConfigError {
        let value = self.0.get(key);
        let secret = find(key).is_none_or(|known| known.secret);
        let said = value.filter(|_| !secret).map(|value| format!("; it is {:?}", value.kind.to_string()));
        ConfigError::Value {
            key: key.to_owned(),
            origin: value.and_then(Value::origin).unwrap_or("nowhere").to_owned(),
            detail: format!("{wanted}{}", said.unwrap_or_default()),
        }
    }

    fn database(&self) -> Result<Database, ConfigError> {
        let url = self.text("database_url")?;
        // Said, but empty: the weaker layers' databases are out already.
        if url.is_empty() && self.0.contains_key("database_url") {
            return Err(self.wrong("database_url", "is not empty; leave it out for a folder"));
        }
        if url.is_empty() {
            return match self.text("data")? {
                empty if empty.is_empty() => Err(self.wrong("data", "names a folder")),
                folder => Ok(Database::Folder(PathBuf::from(folder))),
            };
        }
        if Store::is_postgres_url(&url) {
            return Ok(Database::Postgres(url));
        }
        let wanted =
            "is a URL such as postgres://user@host/database?sslmode=verify-full, every parameter known";
        Err(self.wrong("database_url", wanted))
    }

    fn count(&self, key: &str, min: u64, max: u64) -> Result<u64, ConfigError> {
        let number = self.text(key)?.parse::<u64>().ok().filter(|number| (min..=max).contains(number));
        number.ok_or_else(|| self.wrong(key, &format!("is a whole number from {min} to {max}")))
    }

    fn flag(&self, key: &str) -> Result<bool, ConfigError> {
        self.text(key)?.parse().map_err(|_| self.wrong(key, "is true or false"))
    }

    fn listen(&self) -> Result<SocketAddr, ConfigError> {
        let wanted = "is an address and a port, as in 127.0.0.1:8080 or [::1]:8080";
        self.text("listen")?.parse().map_err(|_| self.wrong("listen", wanted))
    }

    fn log_format(&self) -> Result<LogFormat, ConfigError> {
        match self.text("log_format")?.as_str() {
            "json" => Ok(LogFormat::Json),
            "text" => Ok(LogFormat::Text),
            _ => Err(self.wrong("log_format", "is json or text")),
        }
    }

    fn log_level(&self) -> Result<String, ConfigError> {
        let level = self.text("log_level")?;
        // A bare word that is no level would be read as a target, and all else silenced.
        let is_meant = |part: &str| part.contains('=') || LEVELS.contains(&part.trim());
        match EnvFilter::try_new(&level) {
            Ok(_) if level.split(',').all(is_meant) => Ok(level),
            _ => {
                let levels = LEVELS.join(", ");
                Err(self.wrong("log_level", &format!("is one of {levels}, or a list as in info,sqlx=warn")))
            }
        }
    }
}

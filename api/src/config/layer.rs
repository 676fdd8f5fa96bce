//! The layers, each value with where it came from.

use super::known::{KNOWN, find};
use super::{ConfigError, Settings, read};
use config::{Config, File, FileFormat, Map, Source, Value, ValueKind};
use std::path::{Path, PathBuf};

/// Read where `--config` names no other; may be absent.
const FILE_DEFAULT: &str = "rollbook.toml";
/// Largest configuration file, in bytes (64 KiB).
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// What flags say: the key and the value as typed.
pub type Flags = Vec<(&'static str, String)>;

/// The layers before they are merged.
#[derive(Debug, Default)]
pub struct Layers {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// `ROLLBOOK_…`, keys as in a file.
    pub environment: Vec<(String, String)>,
    /// Flags.
    pub flags: Flags,
}

/// One layer as the config crate wants it.
#[derive(Clone, Debug)]
struct Layer(Map<String, Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}

impl Layers {
    /// The layers of this process: the file, the environment as it is, and these flags.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, flags: Flags) -> Self {
        Self { file, environment: environment(), flags }
    }

    /// Merges and checks.
    ///
    /// # Errors
    /// [`ConfigError`], naming the key and where it came from.
    pub fn settings(self) -> Result<Settings, ConfigError> {
        let from_file = file(self.file.as_deref())?;
        let environment = self.environment.into_iter().map(|(key, value)| {
            let origin = format!("environment ROLLBOOK_{}", key.to_uppercase());
            (key, origin, value)
        });
        let flags = self
            .flags
            .into_iter()
            .map(|(key, value)| (key.to_owned(), format!("flag --{}", key.replace('_', "-")), value));
        let defaults = KNOWN.iter().filter(|known| !known.default.is_empty());
        let defaults =
            defaults.map(|known| (known.key.to_owned(), "default".to_owned(), known.default.to_owned()));
        let mut layers = vec![texts(defaults), from_file, texts(environment), texts(flags)];
        one_database(&mut layers)?;
        let builder =
            layers.into_iter().fold(Config::builder(), |builder, layer| builder.add_source(Layer(layer)));
        let merged = builder.build().and_then(|config| config.cache.into_table());
        let merged = merged.map_err(|error| ConfigError::File {
            file: FILE_DEFAULT.to_owned(),
            detail: error.to_string(),
        })?;
        read::settings(&merged)
    }
}

/// A stronger layer's database replaces a weaker one's whichever kind it is; one layer may not name both.
fn one_database(layers: &mut [Map<String, Value>]) -> Result<(), ConfigError> {
    let mut seen = false;
    for layer in layers.iter_mut().rev() {
        if let (Some(url), Some(_)) = (layer.get("database_url"), layer.get("data")) {
            return Err(ConfigError::Value {
                key: "database_url".to_owned(),
                origin: url.origin().unwrap_or_default().to_owned(),
                detail: "excludes `data`, which is given beside it".to_owned(),
            });
        }
        if seen {
            layer.remove("database_url");
            layer.remove("data");
        }
        seen |= layer.contains_key("database_url") || layer.contains_key("data");
    }
    Ok(())
}

fn texts(values: impl Iterator<Item = (String, String, String)>) -> Map<String, Value> {
    values.map(|(key, origin, value)| (key, Value::new(Some(&origin), ValueKind::String(value)))).collect()
}

/// What the file says; every key must be known.
fn file(named: Option<&Path>) -> Result<Map<String, Value>, ConfigError> {
    let path = named.unwrap_or(Path::new(FILE_DEFAULT));
    if named.is_none() && !path.exists() {
        return Ok(Map::new());
    }
    let failed = |detail: String| ConfigError::File { file: path.display().to_string(), detail };
    let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if size > FILE_BYTES_MAX {
        return Err(failed(format!("has {size} bytes; at most {FILE_BYTES_MAX} are read")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let parsed = File::from_str(&text, FileFormat::Toml).collect();
    // The parser's message quotes the line, which may be the database's URL.
    let parsed =
        parsed.map_err(|_| failed("is not TOML: each line is `key = value`, text in quotes".to_owned()))?;
    let origin = format!("file {}", path.display());
    parsed.into_iter().map(|(key, value)| named_value(&origin, key, value)).collect()
}

fn named_value(origin: &str, key: String, value: Value) -> Result<(String, Value), ConfigError> {
    if find(&key).is_none() {
        let known = KNOWN.map(|known| known.key).join(", ");
        return Err(ConfigError::Unknown { key, origin: origin.to_owned(), known });
    }
    let origin = origin.to_owned();
    Ok((key, Value::new(Some(&origin), value.kind)))
}

/// The environment's values of known settings. Other `ROLLBOOK_…` names are left alone: Kubernetes makes some
/// up for a service of this name.
#[expect(clippy::disallowed_methods, reason = "this is the door that the lint points to")]
fn environment() -> Vec<(String, String)> {
    let value = |key: &str| std::env::var(format!("ROLLBOOK_{}", key.to_uppercase())).ok();
    KNOWN.iter().filter_map(|known| Some((known.key.to_owned(), value(known.key)?))).collect()
}

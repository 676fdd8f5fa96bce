//! The demonstration's folder: the database and `demo.json`, which keeps the passwords.
//!
//! They are kept because a second start must print them again and the database holds only hashes. The file is
//! readable by its owner alone, and a demonstration holds nothing worth a secret.

use crate::cli::Failure;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

const FILE: &str = "demo.json";

/// What a demonstration's folder says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Demo {
    /// The organization's name.
    pub(crate) organization: String,
    /// Those whose passwords are known.
    pub(crate) people: Vec<Login>,
    /// The name of the profile that gives too much since Tuesday.
    pub(crate) profile: String,
    /// The version it had before.
    pub(crate) version: u64,
    /// The organizations of the products' catalogs.
    pub(crate) products: Vec<Product>,
}

/// An organization of one product's catalog, which is called like the catalog.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Product {
    /// Its name.
    pub(crate) organization: String,
    /// Those whose passwords are known.
    pub(crate) people: Vec<Login>,
    /// What somebody should look at.
    pub(crate) look_at: String,
}

/// Somebody to sign in as.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// What they are.
    pub(crate) role: String,
    /// Their login.
    pub(crate) login: String,
    /// Their first password.
    pub(crate) password: String,
}

/// What a folder holds.
#[derive(Debug)]
pub(crate) enum Found {
    /// Nothing, or it is not there.
    Empty,
    /// A demonstration.
    Demo(Demo),
}

/// Looks whether a folder may be used.
///
/// # Errors
/// [`Failure::Refused`] if it holds anything but a demonstration.
pub(crate) fn look(folder: &Path) -> Result<Found, Failure> {
    let unreadable = |error: &std::io::Error| Failure::Usage(format!("--data {}: {error}", folder.display()));
    match std::fs::read(folder.join(FILE)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Found::Demo).map_err(|_| other(folder)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => match std::fs::read_dir(folder) {
            Ok(mut entries) => {
                if entries.next().is_none() {
                    Ok(Found::Empty)
                } else {
                    Err(other(folder))
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Found::Empty),
            Err(error) => Err(unreadable(&error)),
        },
        Err(error) => Err(unreadable(&error)),
    }
}

fn other(folder: &Path) -> Failure {
    let folder = folder.display();
    Failure::Refused(format!(
        "{folder} holds something other than a finished demonstration; name another folder with --data, or take it away"
    ))
}

impl Demo {
    /// Written last, so that a folder without it was not finished.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::Unavailable(format!("{FILE}: {error}"));
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(&error))?;
        let file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(FILE));
        let mut file = file.map_err(|error| failed(&error))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| failed(&error))
    }

    /// Whoever has this role.
    pub(super) fn login(&self, role: &str) -> Option<&Login> {
        self.people.iter().find(|person| person.role == role)
    }
}

//! Opening the database that the settings name.

use super::{Failure, Global};
use crate::config::{Database, Flags, Layers, Settings};
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::{Deployment, Open};
use rollbook_ledger::store::{SchemaState, Store};
use rollbook_ledger::system::Registered;
use std::path::Path;

impl Global {
    /// The settings of all layers; `flags` are the command's own.
    pub(super) fn settings(&self, flags: Flags) -> Result<Settings, Failure> {
        let mut all = flags;
        all.extend(self.data.as_ref().map(|folder| ("data", folder.display().to_string())));
        all.extend(self.database_url.clone().map(|url| ("database_url", url)));
        let settings = Layers::of_process(self.config.clone(), all).settings();
        settings.map_err(|error| Failure::Usage(error.to_string()))
    }

    /// Opens the store, creating an SQLite folder if `create`.
    pub(super) async fn store(&self, create: bool) -> Result<Store, Failure> {
        store(&self.settings(Flags::new())?, create).await
    }

    /// Opens and, where that needs nobody's leave, migrates: SQLite always, PostgreSQL as the owner.
    pub(super) async fn deployment(&self, create: bool) -> Result<Deployment, Failure> {
        deployment(&self.settings(Flags::new())?, create).await
    }

    /// The organization with this name, loaded.
    pub(super) async fn organization(&self, name: &str) -> Result<(Deployment, Registered, Open), Failure> {
        let deployment = self.deployment(false).await?;
        let (registered, open) = deployment.open_by_name(name).await.map_err(|error| match error {
            rollbook_ledger::writer::LoadError::Absent => {
                Failure::Refused(format!("there is no organization {name}"))
            }
            error => error.into(),
        })?;
        Ok((deployment, registered, open))
    }
}

async fn store(settings: &Settings, create: bool) -> Result<Store, Failure> {
    match &settings.database {
        Database::Postgres(url) => Ok(Store::postgres(url, settings.connections).await?),
        Database::Folder(folder) => sqlite(folder, create).await,
    }
}

pub(super) async fn deployment(settings: &Settings, create: bool) -> Result<Deployment, Failure> {
    let store = store(settings, create).await?;
    migrated(&store).await?;
    Ok(Deployment::new(store, Clock::default()))
}

/// Brings the tables up to date where that needs nobody's leave.
pub(crate) async fn migrated(store: &Store) -> Result<(), Failure> {
    match store.schema_state().await? {
        SchemaState::Current => Ok(()),
        SchemaState::Missing | SchemaState::Older(_) => store.migrate().await.map_err(by_owner),
        SchemaState::Newer(found) => {
            let detail = format!("the database has format {found}, which is newer than this release");
            Err(Failure::Usage(detail))
        }
    }
}

pub(crate) async fn sqlite(folder: &Path, create: bool) -> Result<Store, Failure> {
    let file = folder.join("rollbook.sqlite");
    if !create && !file.exists() {
        let folder = folder.display();
        let detail = format!("there is no Rollbook database in {folder}; found one with `rollbook init`");
        return Err(Failure::Usage(detail));
    }
    if folder.exists() && !folder.is_dir() {
        return Err(Failure::Usage(format!("--data {} is not a folder", folder.display())));
    }
    let made = std::fs::create_dir_all(folder);
    made.map_err(|error| Failure::Usage(format!("--data {}: {error}", folder.display())))?;
    Ok(Store::sqlite(&file).await?)
}

fn by_owner(error: rollbook_ledger::store::SchemaError) -> Failure {
    Failure::Usage(format!(
        "the tables are not current ({error}); run `rollbook migrate` as the database's owner"
    ))
}

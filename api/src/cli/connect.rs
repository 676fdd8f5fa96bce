//! Opening the database that the global flags name.

use super::{Failure, Global};
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::{SchemaState, Store};
use std::path::{Path, PathBuf};

/// Where the embedded database lies unless said otherwise.
const DATA_DEFAULT: &str = "rollbook-data";
/// Connections to PostgreSQL.
const CONNECTIONS: u32 = 16;

impl Global {
    /// Opens the store, creating an SQLite folder if `create`.
    pub(super) async fn store(&self, create: bool) -> Result<Store, Failure> {
        match &self.database_url {
            Some(url) => Ok(Store::postgres(url, CONNECTIONS).await?),
            None => sqlite(&self.data.clone().unwrap_or_else(|| PathBuf::from(DATA_DEFAULT)), create).await,
        }
    }

    /// Opens and, where that needs nobody's leave, migrates: SQLite always, PostgreSQL as the owner.
    pub(super) async fn deployment(&self, create: bool) -> Result<Deployment, Failure> {
        let store = self.store(create).await?;
        match store.schema_state().await? {
            SchemaState::Current => {}
            SchemaState::Missing | SchemaState::Older(_) => store.migrate().await.map_err(by_owner)?,
            SchemaState::Newer(found) => {
                let detail = format!("the database has format {found}, which is newer than this release");
                return Err(Failure::Usage(detail));
            }
        }
        Ok(Deployment::new(store, Clock::default()))
    }
}

async fn sqlite(folder: &Path, create: bool) -> Result<Store, Failure> {
    let file = folder.join("rollbook.sqlite");
    if !create && !file.exists() {
        let folder = folder.display();
        let detail = format!("there is no Rollbook database in {folder}; found one with `rollbook init`");
        return Err(Failure::Usage(detail));
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

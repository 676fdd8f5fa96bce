//! All ledgers of one database in one process: the organizations, their writers, their activity.

use crate::activity::Activity;
use crate::clock::Clock;
use crate::erase;
use crate::store::Store;
use crate::system::{Registered, System};
use crate::writer::{LoadError, Writer};
use rollbook_domain::kernel::id::OrganizationId;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A database with everything this process runs on it. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Deployment {
    store: Store,
    clock: Clock,
    system: System,
    open: Arc<Mutex<HashMap<OrganizationId, Open>>>,
}

/// An organization that this process serves.
#[derive(Clone, Debug)]
pub struct Open {
    /// Its writer.
    pub writer: Writer,
    /// Its activity ledger.
    pub activity: Activity,
}

impl Deployment {
    /// Starts on a migrated store.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        let system = System::new(store.clone());
        Self { store, clock, system, open: Arc::default() }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The system ledger.
    #[must_use]
    pub fn system(&self) -> &System {
        &self.system
    }

    /// The organization, loaded if this process does not serve it yet. A writer that stopped is started anew,
    /// which reads the ledger from its beginning and stops again if that cannot be done. Erasures that were cut
    /// off are finished first, and erased values that a restore brought back are erased again.
    ///
    /// # Errors
    /// [`LoadError`] if its ledger cannot be read to its end.
    pub async fn open(&self, id: OrganizationId) -> Result<Open, LoadError> {
        let mut open = self.open.lock().await;
        if let Some(found) = open.get(&id).filter(|found| !found.writer.has_stopped()) {
            return Ok(found.clone());
        }
        let writer = Writer::start(self.store.clone(), self.clock.clone(), id).await?;
        let activity = Activity::new(self.store.clone(), self.clock.clone(), id);
        let opened = Open { writer, activity };
        erase::resume(&self.store, &self.clock, &opened).await?;
        open.insert(id, opened.clone());
        Ok(opened)
    }

    /// The organization with this name.
    ///
    /// # Errors
    /// [`LoadError::Absent`] if there is none.
    pub async fn open_by_name(&self, name: &str) -> Result<(Registered, Open), LoadError> {
        let registered = self.system.find(name).await?.ok_or(LoadError::Absent)?;
        let open = self.open(registered.id).await?;
        Ok((registered, open))
    }

    /// Every organization that this process serves now.
    pub async fn opened(&self) -> Vec<Open> {
        self.open.lock().await.values().cloned().collect()
    }
}

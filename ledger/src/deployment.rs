//! All ledgers of one database in one process: the organizations, their writers, their activity.

use crate::activity::Activity;
use crate::clock::Clock;
use crate::erase;
use crate::follow::{Beside, Rhythm};
use crate::store::Store;
use crate::system::{Registered, System};
use crate::writer::{LoadError, Writer};
use rollbook_domain::kernel::id::OrganizationId;
use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use tokio::sync::Mutex;

/// A database with everything this process runs on it. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Deployment {
    store: Store,
    clock: Clock,
    system: System,
    slots: Arc<std::sync::Mutex<HashMap<OrganizationId, Slot>>>,
    beside: Arc<Mutex<Option<Beside>>>,
}

/// The place of one organization: one load at a time, which nobody who asks for another waits for.
type Slot = Arc<Mutex<Option<Open>>>;

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
        Self { store, clock, system, slots: Arc::default(), beside: Arc::default() }
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
    /// [`LoadError`] if its ledger cannot be read to its end, or ends before what was acknowledged here: then
    /// this process serves it no more.
    pub async fn open(&self, id: OrganizationId) -> Result<Open, LoadError> {
        let slot = Arc::clone(self.slots().entry(id).or_default());
        let mut place = slot.lock().await;
        if let Some(found) = place.as_ref().filter(|found| !found.writer.has_stopped()) {
            return Ok(found.clone());
        }
        let known = place.as_ref().map_or(0, |before| before.writer.published().organization.position);
        let writer = Writer::start(self.store.clone(), self.clock.clone(), id, known).await?;
        // What was counted and not yet written stays with the activity.
        let activity = place.as_ref().map_or_else(
            || Activity::new(self.store.clone(), self.clock.clone(), id),
            |before| before.activity.clone(),
        );
        let opened = Open { writer, activity };
        erase::resume(&self.store, &self.clock, &opened).await?;
        Ok(place.insert(opened).clone())
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

    /// Every organization that this process serves now, but for those being loaded.
    #[must_use]
    pub fn opened(&self) -> Vec<Open> {
        let slots: Vec<Slot> = self.slots().values().cloned().collect();
        slots.iter().filter_map(|slot| slot.try_lock().ok()?.clone()).collect()
    }

    /// Starts what goes on beside serving: following other processes, writing counted activity, forgetting. Does
    /// nothing if it was started before.
    pub async fn start(&self, rhythm: Rhythm) {
        let mut beside = self.beside.lock().await;
        if beside.is_none() {
            *beside = Some(Beside::start(self, rhythm));
        }
    }

    /// Ends what goes on beside serving, writes what was counted, and keeps snapshots. Serving goes on: stop taking requests
    /// first. Without this the tasks, and the deployment with them, live as long as the runtime.
    pub async fn stop(&self) {
        if let Some(beside) = self.beside.lock().await.take() {
            beside.stop().await;
        }
        for open in self.opened() {
            open.activity.flush().await;
            open.writer.keep_snapshot().await;
        }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<OrganizationId, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

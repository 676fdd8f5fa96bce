//! All ledgers of one database in one process: the organizations, their writers, their activity.

mod idle;

pub use idle::Memory;

use crate::activity::Activity;
use crate::clock::Clock;
use crate::erase;
use crate::follow::{Beside, Rhythm};
use crate::store::{Store, StoreError};
use crate::system::{Registered, System};
use crate::uses::{InUse, Uses};
use crate::writer::{LoadError, Writer, ledger_of};
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::kernel::moment::Moment;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, MutexGuard, OnceLock, PoisonError};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// A database with everything this process runs on it. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Deployment {
    store: Store,
    clock: Clock,
    system: System,
    slots: Arc<std::sync::Mutex<HashMap<OrganizationId, Slot>>>,
    beside: Arc<Mutex<Option<Beside>>>,
    closing: Arc<OnceLock<Closing>>,
}

/// The place of one organization: one load at a time, which nobody who asks for another waits for.
type Slot = Arc<Mutex<Place>>;

/// What this process has of an organization. It stays when the organization leaves memory: it is small, and a
/// database that lost what was acknowledged must be found out even then.
#[derive(Debug, Default)]
struct Place {
    served: Option<Served>,
    /// What was acknowledged when it left memory.
    acknowledged: Known,
}

/// The newest entry that this process knows to be durable: its position, and its time, by which it is told from another
/// that a database that lost it has there since.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    position: u64,
    at: Moment,
}

/// An organization in memory. These handles keep it from nothing: only those that are given out do.
#[derive(Clone, Debug)]
struct Served {
    writer: Writer,
    activity: Activity,
    uses: Arc<Uses>,
}

/// Asked of every writer that is about to end because its organization is idle.
struct Closing(Box<dyn Fn(&Writer) -> bool + Send + Sync>);

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closing(…)")
    }
}

/// An organization that this process serves. It stays in memory while anybody has this, a clone of it, or of one of
/// its parts.
#[derive(Clone, Debug)]
pub struct Open {
    /// Its writer.
    pub writer: Writer,
    /// Its activity ledger.
    pub activity: Activity,
}

impl Served {
    fn hold(&self) -> Open {
        let in_use = InUse::new(&self.uses);
        Open { writer: self.writer.in_use(in_use.clone()), activity: self.activity.in_use(in_use) }
    }
}

impl Place {
    /// Whether it was served here before and only left memory: then what a start does was done.
    fn is_back(&self) -> bool {
        self.served.is_none() && self.acknowledged.position > 0
    }

    fn known(&self) -> Known {
        let Some(served) = &self.served else { return self.acknowledged };
        let published = served.writer.published();
        Known { position: published.organization.position, at: published.organization.at }
    }
}

impl Known {
    /// Makes sure that the ledger has it, unless it ends before, which whoever loads it finds out.
    async fn is_there(self, store: &Store, id: OrganizationId) -> Result<(), LoadError> {
        let Self { position, at } = self;
        if position == 0 {
            return Ok(());
        }
        let rows = store.read(&ledger_of(id), position, position, 1).await?;
        let is_it = rows.first().is_none_or(|row| row.at_us == at.micros());
        if is_it { Ok(()) } else { Err(LoadError::Forked { position }) }
    }
}

impl Deployment {
    /// Starts on a migrated store.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        let system = System::new(store.clone());
        let (slots, beside, closing) = (Arc::default(), Arc::default(), Arc::default());
        Self { store, clock, system, slots, beside, closing }
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

    /// The organization, loaded if this process does not serve it yet or not any more. A writer that stopped is started
    /// anew, which reads the ledger from its beginning and stops again if that cannot be done. Before it
    /// is served for the first time and after it stopped, erasures that were cut off are finished, and erased values that
    /// a restore brought back are erased again.
    ///
    /// # Errors
    /// [`LoadError`] if its ledger cannot be read to its end, or does not hold what was acknowledged here: then this
    /// process serves it no more.
    pub async fn open(&self, id: OrganizationId) -> Result<Open, LoadError> {
        let slot = Arc::clone(self.slots().entry(id).or_default());
        let place = slot.lock_owned().await;
        if let Some(found) = place.served.as_ref().filter(|found| !found.writer.has_stopped()) {
            return Ok(found.hold());
        }
        // Goes on when who asked is gone: a ledger that takes longer than anybody waits is read to its end all the same.
        let this = self.clone();
        let loaded = tokio::spawn(async move { this.load(id, place).await }).await;
        let ended = |_| StoreError::Unavailable("the loading task ended".to_owned());
        loaded.map_err(|error| LoadError::Read(ended(error).into()))?
    }

    async fn load(&self, id: OrganizationId, mut place: OwnedMutexGuard<Place>) -> Result<Open, LoadError> {
        let known = place.known();
        known.is_there(&self.store, id).await?;
        let writer = Writer::start(self.store.clone(), self.clock.clone(), id, known.position).await?;
        // What was counted and not yet written stays with the activity, and who uses it uses this one too.
        let (activity, uses) = place.served.as_ref().map_or_else(
            || (Activity::new(self.store.clone(), self.clock.clone(), id), Uses::new()),
            |before| (before.activity.clone(), Arc::clone(&before.uses)),
        );
        let served = Served { writer, activity, uses };
        let opened = served.hold();
        if !place.is_back() {
            erase::resume(&self.store, &self.clock, &opened).await?;
        }
        place.served = Some(served);
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

    /// The writer of every organization that this process serves now, but for those being loaded. None of them keeps its
    /// organization in memory.
    #[must_use]
    pub fn opened(&self) -> Vec<Writer> {
        self.served().into_iter().map(|one| one.writer).collect()
    }

    fn served(&self) -> Vec<Served> {
        self.all_slots().iter().filter_map(|slot| slot.try_lock().ok()?.served.clone()).collect()
    }

    /// Writes what was counted of activity.
    pub(crate) async fn flush(&self) {
        for one in self.served() {
            one.activity.flush().await;
        }
    }

    /// Has `end` asked of every writer that is to end because its organization is idle, just before it does and while
    /// nobody can open the organization anew. It ends what works for that writer, or answers that the organization must
    /// stay. Only the first `end` is ever asked.
    pub fn before_closing(&self, end: impl Fn(&Writer) -> bool + Send + Sync + 'static) {
        let _another_is_asked = self.closing.set(Closing(Box::new(end)));
    }

    /// Starts what goes on beside serving: following other processes, writing counted activity, forgetting, closing what
    /// is idle. Does nothing if it was started before.
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
        for one in self.served() {
            one.activity.flush().await;
            one.writer.keep_snapshot().await;
        }
    }

    fn all_slots(&self) -> Vec<Slot> {
        self.slots().values().cloned().collect()
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<OrganizationId, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

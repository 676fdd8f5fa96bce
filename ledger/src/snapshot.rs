//! Snapshots of organizations: a cache of the fold that makes a start quick, dropped without loss.
//!
//! They are written off the writer's path, ignored on any mismatch, and deleted when an erasure is asked for, since
//! they hold personal values. What a state looks like in bytes is the domain's.

use crate::entry::Frontier;
use crate::store::{Snapshot, Store, StoreError};
use crate::writer::{Loaded, ledger_of};
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::organization::snapshot::SHAPE;
use rollbook_domain::organization::state::Organization;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Least entries between two snapshots.
const EVERY: u64 = 5_000;
/// In a long ledger snapshots lie a twentieth of it apart, so that their number stays small.
const PART: u64 = 20;
/// Tries to delete snapshots whose values must go.
const DELETE_TRIES: u32 = 20;

/// The shape of the state and of what is put before it.
fn fingerprint() -> String {
    format!("{SHAPE}/tree-1")
}

fn apart(position: u64) -> u64 {
    EVERY.max(position / PART)
}

/// The newest snapshot, if it can be used.
pub(crate) async fn newest(store: &Store, id: OrganizationId) -> Option<Loaded> {
    match store.snapshot_at(&ledger_of(id), &fingerprint(), u64::MAX).await {
        Ok(found) => found.and_then(|snapshot| {
            let read = decode(id, &snapshot);
            if read.is_none() {
                tracing::warn!(organization = %id, position = snapshot.position, "a snapshot cannot be used");
            }
            read
        }),
        Err(error) => {
            tracing::warn!(organization = %id, %error, "the newest snapshot could not be read");
            None
        }
    }
}

/// The newest snapshot and its position, for whoever compares it with a fold: no state where it cannot be used;
/// nothing if there is none.
///
/// # Errors
/// If the database cannot be read.
pub async fn kept(
    store: &Store,
    id: OrganizationId,
) -> Result<Option<(u64, Option<Organization>)>, StoreError> {
    let found = store.snapshot_at(&ledger_of(id), &fingerprint(), u64::MAX).await?;
    Ok(found.map(|snapshot| (snapshot.position, decode(id, &snapshot).map(|read| read.organization))))
}

/// The length of the frontier (4 bytes, big endian), the frontier, the state.
fn encode(loaded: &Loaded) -> Snapshot {
    let frontier = loaded.frontier.to_bytes();
    let mut state = u32::try_from(frontier.len()).unwrap_or_default().to_be_bytes().to_vec();
    state.extend(frontier);
    state.extend(loaded.organization.to_snapshot());
    let digest = Sha256::digest(&state).into();
    Snapshot { position: loaded.organization.position, fingerprint: fingerprint(), digest, state }
}

fn decode(id: OrganizationId, snapshot: &Snapshot) -> Option<Loaded> {
    let digest: [u8; 32] = Sha256::digest(&snapshot.state).into();
    if digest != snapshot.digest || snapshot.fingerprint != fingerprint() {
        return None;
    }
    let (length, rest) = snapshot.state.split_first_chunk::<4>()?;
    let (frontier, state) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    let frontier = Frontier::from_bytes(snapshot.position, frontier).ok()?;
    let organization = Organization::from_snapshot(state).ok()?;
    let fits = organization.id == id && organization.position == snapshot.position;
    fits.then_some(Loaded { organization, frontier, erasures: 0, snapshot: snapshot.position })
}

/// Writes and deletes the snapshots of one organization, one job after another, off the writer's path.
pub(crate) struct Keeper {
    store: Store,
    last: u64,
    erasures: u64,
    running: Option<JoinHandle<()>>,
}

impl Keeper {
    pub(crate) fn new(store: Store, loaded: &Loaded) -> Self {
        Self { store, last: loaded.snapshot, erasures: 0, running: None }
    }

    /// Looks at a newer state: whether snapshots must go, or one is due.
    pub(crate) fn look(&mut self, loaded: &Loaded) {
        if loaded.erasures > self.erasures {
            // Those from before hold what shall be erased.
            (self.erasures, self.last) = (loaded.erasures, 0);
            let (store, id) = (self.store.clone(), loaded.organization.id);
            self.after_the_one_before(delete(store, id));
        } else if loaded.organization.position >= self.last + apart(loaded.organization.position)
            && self.running.as_ref().is_none_or(JoinHandle::is_finished)
        {
            self.keep(loaded, oneshot::channel().0);
        }
    }

    /// Keeps a snapshot of this state if there is none; `kept` is dropped when that is done.
    pub(crate) fn keep(&mut self, loaded: &Loaded, kept: oneshot::Sender<()>) {
        let (store, loaded) = (self.store.clone(), loaded.clone());
        let is_new = loaded.organization.position > self.last;
        self.last = loaded.organization.position;
        self.after_the_one_before(async move {
            if is_new && let Err(error) = write(&store, loaded).await {
                tracing::warn!(%error, "a snapshot was not kept");
            }
            drop(kept);
        });
    }

    fn after_the_one_before(&mut self, job: impl Future<Output = ()> + Send + 'static) {
        let before = self.running.take();
        self.running = Some(tokio::spawn(async move {
            if let Some(before) = before
                && before.await.is_err()
            {
                tracing::error!("a task that keeps snapshots panicked");
            }
            job.await;
        }));
    }
}

async fn write(store: &Store, loaded: Loaded) -> Result<(), StoreError> {
    let ledger = ledger_of(loaded.organization.id);
    // A large state takes long to encode: not on a thread that serves.
    let encoded = tokio::task::spawn_blocking(move || encode(&loaded)).await;
    let snapshot = encoded.map_err(|_| StoreError::Refused("encoding the state panicked".to_owned()))?;
    store.put_snapshot(&ledger, &snapshot).await?;
    let position = snapshot.position;
    let after = position.saturating_sub(apart(position));
    store.delete_snapshots_between(&ledger, &snapshot.fingerprint, after, position).await?;
    store.delete_other_snapshots(&ledger, &snapshot.fingerprint).await.map(drop)
}

/// Until it is done: a later start finds the request in the tail of what is left, and deletes again.
async fn delete(store: Store, id: OrganizationId) {
    for attempt in 0..DELETE_TRIES {
        match store.delete_snapshots(&ledger_of(id)).await {
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(organization = %id, %error, "snapshots with erased values are still there");
                tokio::time::sleep(Duration::from_millis(250 * u64::from(attempt + 1))).await;
            }
        }
    }
    tracing::error!(organization = %id, "snapshots with erased values could not be deleted");
    metrics::counter!("rollbook_snapshots_left_total").increment(1);
}

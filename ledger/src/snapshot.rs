//! Snapshots of organizations: a cache of the fold that makes a start quick, dropped without loss.
//!
//! They are written off the writer's path, ignored on any mismatch, and deleted when an erasure is asked for, since
//! they hold personal values. Kept are the newest and ever fewer older ones, for the past: see `surplus`. What a
//! state looks like in bytes is the domain's.

use crate::entry::Frontier;
use crate::store::{Snapshot, Store, StoreError};
use crate::writer::{Loaded, ledger_of, to_head};
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::organization::snapshot::SHAPE;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::state::User;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Least entries between two snapshots.
const EVERY: u64 = 5_000;
/// In a long ledger snapshots lie a twentieth of it apart, so that their number stays small.
const PART: u64 = 20;
/// The most bytes that an organization's snapshots may have together; the newest is kept whatever its size.
const BYTES_MAX: u64 = 256 << 20;
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
    let snapshot = read(store, id, u64::MAX).await?;
    opened(id, snapshot).await
}

/// The nearest state kept at or before `position` that may be shown to whoever knows `now`: one that holds no value
/// of anybody whose erasure `now` knows of. Nothing if there is none. Whoever goes on from it makes sure that the
/// ledger has its last entry.
pub async fn nearest(store: &Store, now: &Organization, mut position: u64) -> Option<Organization> {
    while position > 0 {
        let snapshot = read(store, now.id, position).await?;
        position = snapshot.position.checked_sub(1)?;
        let loaded = opened(now.id, snapshot).await;
        if let Some(loaded) = loaded.filter(|loaded| shows_nothing_erased(&loaded.organization, now)) {
            return Some(loaded.organization);
        }
    }
    None
}

/// A snapshot in which they are whole is from before their erasure.
fn shows_nothing_erased(then: &Organization, now: &Organization) -> bool {
    let agents = now.agents.values().filter(|agent| agent.is_erased());
    let mut agents = agents.filter_map(|agent| then.agent(agent.id));
    let mut erased = now.users.values().filter(|user| user.erased).filter_map(|user| then.user(user.id));
    let clear = |user: &User| {
        [Some(&user.login), Some(&user.name), user.email.as_ref()]
            .into_iter()
            .flatten()
            .any(|value| value.clear().is_some())
    };
    !erased.any(clear) && !agents.any(|agent| agent.personal().any(|value| value.clear().is_some()))
}

/// The newest row at or before `position`. A database that does not answer is left to whoever folds instead.
async fn read(store: &Store, id: OrganizationId, position: u64) -> Option<Snapshot> {
    match store.snapshot_at(&ledger_of(id), &fingerprint(), position).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(organization = %id, %error, "a snapshot could not be read");
            None
        }
    }
}

/// Decoded off the async threads: a large state takes long.
async fn opened(id: OrganizationId, snapshot: Snapshot) -> Option<Loaded> {
    let position = snapshot.position;
    let read = tokio::task::spawn_blocking(move || decode(id, &snapshot)).await.ok().flatten();
    if read.is_none() {
        tracing::warn!(organization = %id, position, "a snapshot cannot be used");
    }
    read
}

/// Where snapshots are kept, oldest first.
///
/// # Errors
/// If the database cannot be read.
pub async fn positions(store: &Store, id: OrganizationId) -> Result<Vec<u64>, StoreError> {
    let kept = store.snapshots_of(&ledger_of(id), &fingerprint()).await?;
    Ok(kept.into_iter().rev().map(|(position, _)| position).collect())
}

/// The state kept at `position`, for whoever compares it with a fold. Nothing if it cannot be used or is gone.
///
/// # Errors
/// If the database cannot be read.
pub async fn kept(
    store: &Store,
    id: OrganizationId,
    position: u64,
) -> Result<Option<Organization>, StoreError> {
    let found = store.snapshot_at(&ledger_of(id), &fingerprint(), position).await?;
    let Some(snapshot) = found.filter(|snapshot| snapshot.position == position) else { return Ok(None) };
    Ok(opened(id, snapshot).await.map(|loaded| loaded.organization))
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
    let (id, ledger, state) = (loaded.organization.id, ledger_of(loaded.organization.id), loaded.clone());
    // A large state takes long to encode: not on a thread that serves.
    let encoded = tokio::task::spawn_blocking(move || encode(&state)).await;
    let snapshot = encoded.map_err(|_| StoreError::Refused("encoding the state panicked".to_owned()))?;
    store.put_snapshot(&ledger, &snapshot).await?;
    // Another process may have been asked to erase since this state, and have deleted the snapshots that there were before
    // this one; should this process end now, it never hears of it.
    let (erasures, mut now) = (loaded.erasures, loaded);
    let read = to_head(store, &mut now).await;
    if now.erasures > erasures {
        delete(store.clone(), id).await;
        return Ok(());
    }
    if let Err(error) = read {
        tracing::warn!(organization = %id, %error, "a snapshot goes: what was erased since is not known");
        return store.delete_snapshot(&ledger, &snapshot.fingerprint, snapshot.position).await.map(drop);
    }
    let kept = store.snapshots_of(&ledger, &snapshot.fingerprint).await?;
    for position in surplus(&kept) {
        store.delete_snapshot(&ledger, &snapshot.fingerprint, position).await?;
    }
    store.delete_other_snapshots(&ledger, &snapshot.fingerprint).await.map(drop)
}

/// Which of these positions and sizes, newest first, are not kept: of those nearer to the newest than two snapshots
/// lie [`apart`], of those up to twice, four times … as far, each time all but the oldest, so that it grows old itself;
/// and whatever is past [`BYTES_MAX`] counted from the newest. So at most two and the binary logarithm of the ledger's
/// length over that distance are kept: 9 of 500,000 entries or more.
fn surplus(kept: &[(u64, u64)]) -> Vec<u64> {
    let Some(((newest, bytes), older)) = kept.split_first() else { return Vec::new() };
    let ring = |position: u64| (newest.saturating_sub(position) / apart(*newest)).checked_ilog2();
    let mut together = *bytes;
    let mut surplus = Vec::new();
    for (nth, (position, bytes)) in older.iter().enumerate() {
        let older_in_ring = older.get(nth + 1).is_some_and(|(before, _)| ring(*before) == ring(*position));
        if older_in_ring || together + bytes > BYTES_MAX {
            surplus.push(*position);
        } else {
            together += bytes;
        }
    }
    surplus
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Positions kept after snapshots at each of these, each of `bytes` bytes.
    fn kept(positions: impl Iterator<Item = u64>, bytes: u64) -> Vec<u64> {
        let mut kept: Vec<(u64, u64)> = Vec::new();
        for position in positions {
            kept.insert(0, (position, bytes));
            let surplus = surplus(&kept);
            kept.retain(|(position, _)| !surplus.contains(position));
        }
        kept.into_iter().map(|(position, _)| position).collect()
    }

    #[test]
    fn older_snapshots_grow_few_and_their_number_stays_small() {
        assert!(kept(std::iter::empty(), 1).is_empty());
        assert_eq!(kept([5_000, 10_000, 15_000].into_iter(), 1), [15_000, 10_000, 5_000]);
        for length in [20, 100, 200, 1_000] {
            let kept = kept((1..=length).map(|nth| nth * 5_000), 1);
            assert!(kept.len() <= 9, "{kept:?}");
            assert_eq!(kept[0], length * 5_000);
            // The recent past is near a snapshot, and so is the middle of the ledger.
            assert!(kept[0] - kept[1] <= 2 * apart(kept[0]), "{kept:?}");
            assert!(kept.iter().any(|at| (length * 1_250..length * 3_750).contains(at)), "{kept:?}");
        }
    }

    #[test]
    fn starts_that_follow_each_other_closely_leave_an_older_one_too() {
        let kept = kept((1..=200).map(|nth| nth * 100), 1);
        assert_eq!(kept[0], 20_000);
        assert!((3..=6).contains(&kept.len()), "{kept:?}");
    }

    #[test]
    fn older_ones_go_where_they_are_too_large_together_and_the_newest_stays() {
        let large = kept((1..=100).map(|nth| nth * 5_000), BYTES_MAX / 3);
        assert_eq!((large.len(), large[0]), (3, 500_000));
        assert_eq!(kept([5_000, 10_000].into_iter(), BYTES_MAX + 1), [10_000]);
    }
}

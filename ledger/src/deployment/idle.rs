//! Idle organizations leave memory when all together take more than they may, those first that were used longest ago.
//!
//! Only what nobody holds a handle to leaves: a request in the middle, a live stream or an act on its way keep theirs.
//! What takes time (a snapshot, writing what was counted) is done while the organization still serves; then, if nobody
//! used it meanwhile, it goes at once, with nobody able to open it between. So a new writer starts only after the last
//! one has nothing left to do, and from the position that was acknowledged. How much memory there is, nobody looks.

use super::{Deployment, Served, Slot};
use crate::uses::Quiet;
use std::time::Duration;

/// Longest wait for the place of an organization that is being loaded; the next look sees it.
const LOOK_MAX: Duration = Duration::from_millis(50);

/// When organizations leave memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Bytes that all organizations may take together, as estimated by `Organization::estimated_bytes`.
    pub budget: u64,
    /// How long nobody must have used one before it may leave.
    pub idle_for: Duration,
    /// How often it is looked.
    pub every: Duration,
}

impl Default for Memory {
    /// 512 MiB, five minutes, looking every ten seconds.
    fn default() -> Self {
        Self { budget: 512 << 20, idle_for: Duration::from_secs(300), every: Duration::from_secs(10) }
    }
}

/// An organization in memory, and what is known of it.
struct Looked {
    slot: Slot,
    served: Served,
    bytes: u64,
    quiet: Option<Quiet>,
}

impl Deployment {
    /// Closes idle organizations until the others are within the budget, or none is idle. Says how many.
    ///
    /// One whose database does not answer stays, and so does one of whom a part stopped: that is an alarm.
    pub async fn close_idle(&self, memory: Memory) -> usize {
        let looked = self.look().await;
        let open = looked.len();
        let mut bytes = looked.iter().map(|one| one.bytes).sum::<u64>();
        let idle = |one: &Looked| one.quiet.is_some_and(|quiet| quiet.lasts(memory.idle_for));
        let mut idle: Vec<Looked> = looked.into_iter().filter(idle).collect();
        idle.sort_by_key(|one| one.quiet);
        let mut closed = 0;
        for one in idle {
            if bytes <= memory.budget {
                break;
            }
            if self.close(&one).await {
                closed += 1;
                bytes = bytes.saturating_sub(one.bytes);
            }
        }
        metrics::gauge!("rollbook_organizations_open").set((open - closed) as f64);
        metrics::gauge!("rollbook_organizations_bytes").set(bytes as f64);
        closed
    }

    async fn look(&self) -> Vec<Looked> {
        let mut looked = Vec::new();
        for slot in self.all_slots() {
            let Ok(place) = tokio::time::timeout(LOOK_MAX, slot.lock()).await else { continue };
            let Some(served) = place.served.clone() else { continue };
            drop(place);
            let bytes = served.writer.published().organization.estimated_bytes();
            let quiet = served.uses.quiet();
            looked.push(Looked { slot, served, bytes, quiet });
        }
        looked
    }

    /// Says whether it left memory.
    async fn close(&self, one: &Looked) -> bool {
        let (id, writer) = (one.served.writer.id(), &one.served.writer);
        // Also waits for what somebody asked for and did not wait for. A database that is away would lose the counts.
        if writer.has_stopped() || writer.catch_up().await.is_err() {
            return false;
        }
        one.served.activity.flush().await;
        writer.keep_snapshot().await;
        let mut place = one.slot.lock().await;
        let is_it = place.served.as_ref().is_some_and(|now| now.writer.is_same(writer));
        if !is_it || one.served.uses.quiet() != one.quiet || writer.has_stopped() {
            return false;
        }
        if self.closing.get().is_some_and(|closing| !(closing.0)(writer)) {
            return false;
        }
        place.acknowledged = place.known();
        place.served = None;
        tracing::info!(organization = %id, bytes = one.bytes, "an idle organization left memory");
        metrics::counter!("rollbook_organizations_closed_total").increment(1);
        true
    }
}

//! Counts that were lost with their process: found by the marks that it left, and recorded as unknown.
//!
//! A mark is put when a count begins and taken away when it is written. Whoever settles a count first, its own process
//! by writing it or another by recording it as unknown, does so under the mark's key, in the append's transaction: so
//! each is settled once.

use super::coalesce::Begun;
use super::{Act, Activity, ActivityOutcome, UNKNOWN, drafts, lost};
use crate::clock::Clock;
use crate::store::{Counting, Store, StoreError};
use crate::writer::{self, Idempotency, WriteError};
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::kernel::moment::Moment;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// How long after a count began its process is taken for ended: three times what it needs to write it.
pub const COUNT_LEASE: Duration = Duration::from_secs(180);

impl Activity {
    /// Marks that a count began. Without the mark only a crash before it is written would go unseen.
    pub(super) async fn mark(&self, begun: Begun) {
        let (mark, since_us) = (begun.mark, begun.since.micros());
        let counting = Counting { aggregate_id: self.id.to_string(), mark, since_us };
        if let Err(error) = self.store.put_counting(&counting).await {
            tracing::warn!(organization = %self.id, %error, "that activity is being counted was not marked");
        }
    }

    /// Writes a count and takes its mark away. If it cannot be written the mark stays, and it will be unknown.
    pub(super) async fn write_counted(&self, begun: Begun, acts: Vec<(Act, u64)>) {
        match self.ledger.append_once(&drafts(&acts), &key(begun.mark)).await {
            Ok(Some(_)) => {}
            // This process was taken for ended, yet it knows.
            Ok(None) => self.write(acts).await,
            Err(error) => return lost(&error, acts.len()),
        }
        self.settled(begun.mark).await;
    }

    async fn record_unknown(&self, counting: &Counting, lease: Duration) -> Result<bool, WriteError> {
        let head = self.store.head(&writer::ledger_of(self.id)).await;
        let judged_at = head.map_err(writer::reading)?.map_or(0, |head| head.position);
        let act = unknown(counting, lease, judged_at, self.clock.now());
        let recorded = self.ledger.append_once(&drafts(&[(act, 1)]), &key(counting.mark)).await?;
        self.settled(counting.mark).await;
        Ok(recorded.is_some())
    }

    /// A mark that is left finds its count settled the next time.
    async fn settled(&self, mark: Uuid) {
        if let Err(error) = self.store.delete_counting(&self.id.to_string(), mark).await {
            tracing::warn!(organization = %self.id, %error, "a mark of counted activity is left");
        }
    }
}

/// Records every count as unknown that began longer than `lease` ago and was never written, in every organization.
/// Answers how many.
///
/// # Errors
/// [`StoreError`] if the marks cannot be read; a count that cannot be recorded now is tried again the next time.
pub async fn record_unknown(store: &Store, clock: &Clock, lease: Duration) -> Result<u64, StoreError> {
    if !clock.is_real() {
        return Ok(0);
    }
    let lease_us = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
    let mut recorded = 0;
    for counting in store.counting_before(clock.now().micros().saturating_sub(lease_us)).await? {
        let Ok(id) = counting.aggregate_id.parse::<OrganizationId>() else { continue };
        let activity = Activity::new(store.clone(), clock.clone(), id);
        match activity.record_unknown(&counting, lease).await {
            Ok(is_new) => recorded += u64::from(is_new),
            Err(error) => {
                tracing::warn!(organization = %id, %error, "a lost count could not be recorded as unknown yet");
            }
        }
    }
    if recorded > 0 {
        tracing::warn!(recorded, "a process ended before it wrote what it had counted; recorded as unknown");
        metrics::counter!("rollbook_activity_unknown_total").increment(recorded);
    }
    Ok(recorded)
}

/// The key under which a count is settled.
fn key(mark: Uuid) -> Idempotency {
    Idempotency {
        actor: "system".to_owned(),
        key: format!("counted-activity/{mark}"),
        digest: [0; 32],
        status: 200,
        headers: BTreeMap::new(),
    }
}

fn unknown(counting: &Counting, lease: Duration, judged_at: u64, now: Moment) -> Act {
    let lease_us = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
    let (from, until) = (counting.since_us, counting.since_us.saturating_add(lease_us).min(now.micros()));
    let detail = [("from", Moment(from)), ("until", Moment(until))];
    // From the mark, so that there is no new randomness; nothing here is personal and needs a secret salt.
    let command = Uuid::from_u128(!counting.mark.as_u128());
    Act {
        context: Context {
            actor: Actor::System,
            at: now,
            seed: Sha256::digest(command.as_bytes()).into(),
            reason: None,
            ticket: None,
            channel: Channel::System,
            ip: None,
            agent: None,
            session: None,
            request: None,
            command,
            cause: None,
            expects: None,
        },
        actor_role: None,
        action: UNKNOWN,
        outcome: ActivityOutcome::Failed,
        subject: None,
        judged_at,
        detail: BTreeMap::from(detail.map(|(name, at)| (name.to_owned(), at.to_string()))),
    }
}

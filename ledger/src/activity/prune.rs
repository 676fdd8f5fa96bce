//! Deleting the activity from before a time: the front of the ledger, a part at a time, each in one transaction with the
//! entry that says so. The change ledger is never touched, and head and tree go on as if nothing were gone.

use super::{Act, Activity, ActivityOutcome, PRUNED, drafts, ledger_of};
use crate::store::Prune;
use crate::writer::{self, WriteError};
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::moment::Moment;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// Most entries that go in one transaction.
const PART: u64 = 5_000;
/// How often a part is tried again because others wrote meanwhile.
const TRIES: u32 = 60;

impl Activity {
    /// Deletes the entries from before `before`, on whose behalf it says; answers how many.
    ///
    /// # Errors
    /// [`WriteError`]; what went before it is gone and recorded.
    pub async fn prune(&self, before: Moment, actor: Actor) -> Result<u64, WriteError> {
        let (mut pruned, mut tries) = (0, 0);
        while let Some(part) = self.next_part(before).await? {
            let act = [(self.pruning(part, before, actor).await?, 1)];
            match self.ledger.append_pruning(&drafts(&act), part).await? {
                Some(_) => pruned += part.to - part.from,
                None if tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(5 * u64::from(tries))).await;
                }
                None => return Err(WriteError::Unavailable("other writers were always first".to_owned())),
            }
        }
        if pruned > 0 {
            tracing::info!(organization = %self.id, pruned, %before, "activity was pruned");
            metrics::counter!("rollbook_activity_pruned_total").increment(pruned);
        }
        Ok(pruned)
    }

    /// What is to go next, if anything is.
    async fn next_part(&self, before: Moment) -> Result<Option<Prune>, WriteError> {
        let ledger = ledger_of(self.id);
        let Some(head) = self.store.head(&ledger).await.map_err(writer::reading)? else { return Ok(None) };
        let last = self.store.position_at(&ledger, before.micros().saturating_sub(1)).await;
        let last = last.map_err(writer::reading)?;
        let part = Prune { from: head.pruned, to: last.min(head.pruned + PART) };
        Ok((part.from < part.to).then_some(part))
    }

    async fn pruning(&self, part: Prune, before: Moment, actor: Actor) -> Result<Act, WriteError> {
        let head = self.store.head(&writer::ledger_of(self.id)).await.map_err(writer::reading)?;
        let detail = [
            ("first", (part.from + 1).to_string()),
            ("last", part.to.to_string()),
            ("before", before.to_string()),
        ];
        // From what goes, so that there is no new randomness; nothing here is personal and needs a secret salt.
        let seed: [u8; 32] = Sha256::new()
            .chain_update(self.id.uuid())
            .chain_update(part.to.to_be_bytes())
            .chain_update(before.micros().to_be_bytes())
            .finalize()
            .into();
        let id = seed
            .first_chunk()
            .map_or(Uuid::nil(), |bytes| uuid::Builder::from_random_bytes(*bytes).into_uuid());
        let at = self.clock.now();
        Ok(Act {
            context: context(actor, at, seed, id),
            actor_role: None,
            action: PRUNED,
            outcome: ActivityOutcome::Ok,
            subject: None,
            judged_at: head.map_or(0, |head| head.position),
            detail: detail
                .map(|(name, text)| (name.to_owned(), text))
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
        })
    }
}

fn context(actor: Actor, at: Moment, seed: [u8; 32], command: Uuid) -> Context {
    let channel = if actor == Actor::Operator { Channel::Cli } else { Channel::System };
    Context {
        actor,
        at,
        seed,
        reason: None,
        ticket: None,
        channel,
        ip: None,
        agent: None,
        session: None,
        request: None,
        command,
        cause: None,
        expects: None,
    }
}

//! Deleting the activity from before a time: the front of the ledger, a part at a time, each in one transaction with the
//! entry that says so. The change ledger is never touched, and head and tree go on as if nothing were gone: the entry
//! keeps the tree over all that went, so that whoever verifies can begin there.

use super::{Act, Activity, ActivityOutcome, PRUNED, draft, ledger_of};
use crate::entry::{Frontier, LedgerId};
use crate::plain::Drafts;
use crate::store::{Head, Prune, ReadError, Store};
use crate::writer::{self, WriteError, Writer};
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::moment::Moment;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// Most entries that go in one transaction.
const PART: u32 = 5_000;
/// How often a part is tried again because others wrote meanwhile.
const TRIES: u32 = 60;
/// The member of the payload that keeps the tree, in hexadecimal.
const FRONTIER: &str = "frontier";

/// The pruned part of an activity ledger, as its newest entry that prunes says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrunedPart {
    /// The position of that entry.
    pub said_at: u64,
    /// The last position that went.
    pub last: u64,
    /// The tree over all that went.
    pub frontier: Frontier,
}

/// Why the pruned part is not known.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PrunedPartError {
    /// The entry cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The entry does not say it.
    #[error("the entry at {0} does not say up to where it prunes, with the tree over that")]
    Unsaid(u64),
}

/// What the newest entry that prunes says of the ledger; none if nothing ever did.
///
/// # Errors
/// [`PrunedPartError`]; `Gap` also where the entry itself was pruned meanwhile.
pub async fn pruned_part(store: &Store, ledger: &LedgerId) -> Result<Option<PrunedPart>, PrunedPartError> {
    let Some(said_at) = store.last_of(ledger, PRUNED).await.map_err(ReadError::from)? else {
        return Ok(None);
    };
    let rows = store.read(ledger, said_at, said_at, 1).await?;
    let part = rows.first().and_then(|row| said(said_at, &row.entry.payload));
    part.map(Some).ok_or(PrunedPartError::Unsaid(said_at))
}

fn said(said_at: u64, payload: &Value) -> Option<PrunedPart> {
    let last = payload.get("detail")?.get("last")?.as_str()?.parse().ok()?;
    let bytes = hex::decode(payload.get(FRONTIER)?.as_str()?).ok()?;
    Some(PrunedPart { said_at, last, frontier: Frontier::from_bytes(last, &bytes).ok()? })
}

impl Activity {
    /// Deletes what the organization's settings say is kept no longer, on whose behalf it says; answers how many entries.
    ///
    /// # Errors
    /// [`WriteError`]; what went before it is gone and recorded.
    pub async fn prune(&self, writer: &Writer, actor: Actor) -> Result<u64, WriteError> {
        let (mut pruned, mut tries) = (0, 0);
        loop {
            // Before each part: another process may have changed the settings.
            let _head = writer.catch_up().await?;
            let published = writer.published();
            let now = self.clock.now();
            let Some(before) = published.organization.settings.activity_kept_from(now) else { break };
            match self.prune_part(before, published.organization.position, actor).await? {
                None => break,
                Some(0) if tries == TRIES => {
                    return Err(WriteError::Unavailable("other writers were always first".to_owned()));
                }
                Some(0) => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(5 * u64::from(tries))).await;
                }
                Some(part) => pruned += part,
            }
        }
        if pruned > 0 {
            tracing::info!(organization = %self.id, pruned, "activity was pruned");
            metrics::counter!("rollbook_activity_pruned_total").increment(pruned);
        }
        Ok(pruned)
    }

    /// Deletes a part of the entries from before `before`, in one transaction, as was judged at a position of the
    /// organization; answers how many. None if there is nothing to delete, 0 if another writer was first.
    ///
    /// # Errors
    /// [`WriteError`]: nothing is gone. Nothing goes by a clock that differs from the database server's, nor from a ledger
    /// that is not whole.
    pub async fn prune_part(
        &self,
        before: Moment,
        judged_at: u64,
        actor: Actor,
    ) -> Result<Option<u64>, WriteError> {
        if self.clock.is_real() {
            writer::task::skew(&self.store, &self.clock).await?;
        }
        let Some((head, part)) = self.next_part(before).await? else { return Ok(None) };
        let frontier = match self.frontier_at(&head, part).await {
            Ok(frontier) => frontier,
            // The same part may have gone meanwhile, by another hand.
            Err(_) if self.is_pruned_beyond(head.pruned).await? => return Ok(Some(0)),
            Err(error) => return Err(error),
        };
        let act = self.pruning(part, before, judged_at, actor);
        let mut draft = draft(&act, 1);
        if let Value::Object(payload) = &mut draft.payload {
            payload.insert(FRONTIER.to_owned(), hex::encode(frontier.to_bytes()).into());
        }
        let drafts = [Drafts { context: &act.context, actor_role: None, drafts: vec![draft] }];
        let appended = self.ledger.append_pruning(&drafts, part).await?;
        Ok(Some(appended.map_or(0, |_| part.to - part.from)))
    }

    /// What is to go next, if anything is, and the head that says so.
    async fn next_part(&self, before: Moment) -> Result<Option<(Head, Prune)>, WriteError> {
        let ledger = ledger_of(self.id);
        let Some(head) = self.store.head(&ledger).await.map_err(writer::reading)? else { return Ok(None) };
        let last = self.store.position_at(&ledger, before.micros().saturating_sub(1)).await;
        let last = last.map_err(writer::reading)?;
        let part = Prune { from: head.pruned, to: last.min(head.pruned + u64::from(PART)) };
        Ok((part.from < part.to).then_some((head, part)))
    }

    /// The tree at the end of what goes: over what went before and over rows that each hash to their leaf.
    async fn frontier_at(&self, head: &Head, part: Prune) -> Result<Frontier, WriteError> {
        let mut frontier = self.frontier_before(head).await?;
        let rows = self.store.read(&head.ledger, part.from + 1, part.to, PART).await;
        rows.map_err(writer::reading)?.iter().for_each(|row| frontier.push(row.leaf));
        if frontier.size() == part.to { Ok(frontier) } else { Err(not_whole(head.pruned)) }
    }

    async fn frontier_before(&self, head: &Head) -> Result<Frontier, WriteError> {
        if head.pruned == 0 {
            return Ok(Frontier::new());
        }
        match pruned_part(&self.store, &head.ledger).await {
            Ok(Some(part)) if part.last == head.pruned => Ok(part.frontier),
            Ok(_) | Err(PrunedPartError::Unsaid(_)) => Err(not_whole(head.pruned)),
            Err(PrunedPartError::Read(error)) => Err(writer::reading(error)),
        }
    }

    async fn is_pruned_beyond(&self, position: u64) -> Result<bool, WriteError> {
        let head = self.store.head(&ledger_of(self.id)).await.map_err(writer::reading)?;
        Ok(head.is_some_and(|head| head.pruned > position))
    }

    fn pruning(&self, part: Prune, before: Moment, judged_at: u64, actor: Actor) -> Act {
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
        Act {
            context: context(actor, at, seed, id),
            actor_role: None,
            action: PRUNED,
            outcome: ActivityOutcome::Ok,
            subject: None,
            judged_at,
            detail: detail
                .map(|(name, text)| (name.to_owned(), text))
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
        }
    }
}

fn not_whole(pruned: u64) -> WriteError {
    let what =
        format!("no entry keeps the tree over the activity up to {pruned}, which is pruned: run `verify`");
    WriteError::Stopped(what)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::SIGNED_IN;
    use crate::clock::Clock;
    use rollbook_domain::kernel::id::OrganizationId;

    #[tokio::test]
    async fn nothing_goes_by_a_clock_that_is_not_the_servers() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::sqlite(&folder.path().join("rollbook.db")).await.unwrap();
        store.migrate().await.unwrap();
        let activity = |clock| Activity::new(store.clone(), clock, OrganizationId(Uuid::from_u128(7)));
        let right = activity(Clock::default());
        let act = Act {
            action: SIGNED_IN,
            context: context(Actor::System, Moment(0), [7; 32], Uuid::nil()),
            ..right.pruning(Prune { from: 0, to: 1 }, Moment(0), 0, Actor::System)
        };
        let _ = right.record(act).await.unwrap();
        for seconds in [3, -3] {
            let off = activity(Clock::off(seconds * 1_000_000));
            let error = off.prune_part(Moment(1), 0, Actor::System).await.unwrap_err();
            let WriteError::ClockSkew { millis } = error else { panic!("{error}") };
            assert!((millis + seconds * 1_000).abs() < 1_000, "{millis}");
        }
        assert_eq!(right.prune_part(Moment(1), 0, Actor::System).await.unwrap(), Some(1));
    }
}

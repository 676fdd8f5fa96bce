//! Appending to a ledger that has no rules: the activity and the system ledger.
//!
//! There is no state to decide on, so a lost race is simply tried again at the next position.

use crate::codec::{self, Draft, Origin};
use crate::entry::{Frontier, LedgerId};
use crate::store::{Batch, Command, Prune, Store};
use crate::writer::{Idempotency, Outcome, WriteError, commit};
use rollbook_domain::kernel::context::Context;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use uuid::Uuid;

/// Tries before a caller is told to try again later.
const TRIES: u32 = 60;

/// Appends to one ledger; clones share what is known of its head.
#[derive(Clone, Debug)]
pub(crate) struct PlainLedger {
    store: Store,
    ledger: LedgerId,
    known: Arc<Mutex<Option<Known>>>,
}

#[derive(Clone, Debug)]
struct Known {
    position: u64,
    frontier: Frontier,
    at_us: i64,
}

/// Entries of one context, to be appended together.
pub(crate) struct Drafts<'a> {
    pub(crate) context: &'a Context,
    pub(crate) actor_role: Option<&'a str>,
    pub(crate) drafts: Vec<Draft>,
}

impl PlainLedger {
    pub(crate) fn new(store: Store, ledger: LedgerId) -> Self {
        Self { store, ledger, known: Arc::default() }
    }

    /// Appends in one batch, durably; returns the position of the last entry.
    pub(crate) async fn append(&self, entries: &[Drafts<'_>]) -> Result<u64, WriteError> {
        let appended = self.append_unless(entries, None, None).await?;
        appended.ok_or_else(|| WriteError::Stopped("a key was taken that was not given".to_owned()))
    }

    /// The same, once for all that are given this key in this organization; nothing if another was first.
    pub(crate) async fn append_once(
        &self,
        entries: &[Drafts<'_>],
        key: &Idempotency,
    ) -> Result<Option<u64>, WriteError> {
        self.append_unless(entries, Some(key), None).await
    }

    /// The same, and deletes the front of the ledger with it; nothing if the ledger is not as it was.
    pub(crate) async fn append_pruning(
        &self,
        entries: &[Drafts<'_>],
        prune: Prune,
    ) -> Result<Option<u64>, WriteError> {
        self.append_unless(entries, None, Some(prune)).await
    }

    async fn append_unless(
        &self,
        entries: &[Drafts<'_>],
        key: Option<&Idempotency>,
        prune: Option<Prune>,
    ) -> Result<Option<u64>, WriteError> {
        let mut known = self.known.lock().await;
        for attempt in 0..TRIES {
            // Who was too late reads the head while nobody else can move it.
            let held = if attempt > 0 { self.store.hold(&self.ledger).await.ok() } else { None };
            let head = match known.take() {
                Some(head) => head,
                None => self.head().await?,
            };
            let mut batch = self.batch(&head, entries, attempt)?;
            batch.commands.extend(key.map(|key| remembered(&batch, key)));
            batch.prune = prune;
            let batch = Arc::new(batch);
            match commit(&self.store, &batch, held).await? {
                Outcome::Done => return Ok(Some(known.insert(known_after(&batch)).position)),
                Outcome::Duplicate if key.is_some() => return Ok(None),
                // What goes is to be looked at anew.
                Outcome::Conflict if prune.is_some() => return Ok(None),
                Outcome::Conflict | Outcome::Duplicate => {}
            }
            tokio::time::sleep(Duration::from_millis(5 * u64::from(attempt.min(40)))).await;
        }
        Err(WriteError::Unavailable("other writers were always first".to_owned()))
    }

    async fn head(&self) -> Result<Known, WriteError> {
        let head = self
            .store
            .head(&self.ledger)
            .await
            .map_err(|error| WriteError::Unavailable(error.to_string()))?;
        let new = Known { position: 0, frontier: Frontier::default(), at_us: 0 };
        Ok(head.map_or(new, |head| Known {
            position: head.position,
            frontier: head.frontier,
            at_us: head.at_us,
        }))
    }

    fn batch(&self, head: &Known, entries: &[Drafts<'_>], attempt: u32) -> Result<Batch, WriteError> {
        let first = entries.first().map_or(Uuid::nil(), |entry| entry.context.command);
        let batch = Uuid::from_u128(first.as_u128() ^ (u128::from(attempt) << 32));
        let mut rows = Vec::new();
        let mut frontier = head.frontier.clone();
        // One batch, one time, never before the last entry's.
        let at_us = entries.iter().map(|entry| entry.context.at.micros()).fold(head.at_us, i64::max);
        for entry in entries {
            let mut context = entry.context.clone();
            context.at.0 = at_us;
            let origin =
                Origin { ledger: &self.ledger, context: &context, batch, actor_role: entry.actor_role };
            for (nth, draft) in (0..).zip(&entry.drafts) {
                let position = head.position + 1 + rows.len() as u64;
                let row = codec::seal(&origin, nth, position, draft.clone());
                let row = row.map_err(|error| WriteError::NotStorable(error.to_string()))?;
                frontier.push(*row.sealed.leaf());
                rows.push(row);
            }
        }
        let ledger = self.ledger.clone();
        let (commands, credentials) = (Vec::new(), Vec::new());
        Ok(Batch {
            ledger,
            expected: head.position,
            batch,
            rows,
            frontier,
            at_us,
            commands,
            credentials,
            prune: None,
        })
    }
}

/// That this batch was written, in its own transaction.
fn remembered(batch: &Batch, key: &Idempotency) -> Command {
    let Idempotency { actor, key, digest, status, headers } = key.clone();
    Command {
        actor,
        key,
        digest,
        status,
        headers,
        first_position: batch.expected + 1,
        last_position: batch.last(),
        created_at_us: batch.at_us,
    }
}

fn known_after(batch: &Batch) -> Known {
    Known { position: batch.last(), frontier: batch.frontier.clone(), at_us: batch.at_us }
}

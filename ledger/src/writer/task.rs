//! The writer's loop: take what waits, decide it, append it, publish, answer.

use super::batch::{self, Plan};
use super::commit::{self, Outcome};
use super::load::{self, Loaded};
use super::{
    Answer, BATCH_COMMANDS_MAX, CLOCK_SKEW_MAX, Change, Decide, Decided, Job, Published, WriteError, Written,
};
use crate::clock::Clock;
use crate::snapshot::Keeper;
use crate::store::{Batch, Store};
use rollbook_domain::kernel::moment::Moment;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

/// A rejection decided on a state that was not confirmed for this long is decided again on a fresh one.
const REJECTION_STALE: Duration = Duration::from_millis(250);
/// How often the database server's clock is compared with this process's.
const CLOCK_CHECK: Duration = Duration::from_secs(30);
/// Times one batch is decided again after conflicts before its callers are told to retry.
const CONFLICTS_MAX: u32 = 50;

pub(super) struct Task {
    store: Store,
    clock: Clock,
    loaded: Loaded,
    publish: watch::Sender<Arc<Published>>,
    rules: Decide,
    stopped: Arc<AtomicBool>,
    confirmed: Instant,
    skew_checked: Option<Instant>,
    keeper: Keeper,
    /// So many of the next commands are decided one by one, because a batch of them could not be stored.
    singly: usize,
}

impl Task {
    pub(super) fn new(
        store: Store,
        clock: Clock,
        loaded: Loaded,
        publish: watch::Sender<Arc<Published>>,
        rules: Decide,
        stopped: Arc<AtomicBool>,
    ) -> Self {
        let confirmed = publish.borrow().confirmed;
        let mut keeper = Keeper::new(store.clone(), &loaded);
        keeper.look(&loaded);
        let (skew_checked, singly) = (None, 0);
        Self { store, clock, loaded, publish, rules, stopped, confirmed, skew_checked, keeper, singly }
    }

    /// Runs until every handle is dropped, or until going on could be wrong.
    pub(super) async fn run(mut self, mut mailbox: mpsc::Receiver<Job>) {
        let mut waiting = VecDeque::new();
        while let Some(first) = next(&mut waiting, &mut mailbox).await {
            let served = match first {
                Job::CatchUp(answer) => self.answer_catch_up(answer).await,
                Job::Seen(position, since) => {
                    let seen = self.seen(position, since).await;
                    self.stop_only(seen)
                }
                Job::Keep(kept) => {
                    self.keeper.keep(&self.loaded, kept);
                    Ok(())
                }
                Job::Change(first) => {
                    let most = if self.singly > 0 { 1 } else { BATCH_COMMANDS_MAX };
                    self.singly = self.singly.saturating_sub(1);
                    let changes = gather(*first, most, &mut waiting, &mut mailbox);
                    self.serve(changes, &mut waiting).await
                }
            };
            if let Err(error) = served {
                tracing::error!(organization = %self.loaded.organization.id, %error, "the writer stops");
                metrics::counter!("rollbook_writers_stopped_total").increment(1);
                return;
            }
        }
    }

    async fn answer_catch_up(
        &mut self,
        answer: oneshot::Sender<Result<u64, WriteError>>,
    ) -> Result<(), WriteError> {
        let caught = self.catch_up().await;
        let served = self.stop_only(caught.clone().map(drop));
        let _gone = answer.send(caught.map(|_| self.loaded.organization.position));
        served
    }

    /// What a follower saw: nothing newer, which confirms the state, or something that must be read.
    async fn seen(&mut self, position: u64, since: Instant) -> Result<(), WriteError> {
        if since <= self.confirmed {
            return Ok(());
        }
        if position == self.loaded.organization.position {
            self.publish(since);
            return Ok(());
        }
        self.catch_up().await.map(drop)
    }

    /// Only what makes going on wrong ends the writer; whoever is told so finds it ended.
    fn stop_only(&self, result: Result<(), WriteError>) -> Result<(), WriteError> {
        match result {
            Err(error @ WriteError::Stopped(_)) => {
                self.stopped.store(true, Ordering::Release);
                Err(error)
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Says whether there was anything new.
    async fn catch_up(&mut self) -> Result<bool, WriteError> {
        let since = Instant::now();
        let moved = load::to_head(&self.store, &mut self.loaded).await.map_err(load::at_work)?;
        self.publish(since);
        Ok(moved)
    }

    fn publish(&mut self, confirmed: Instant) {
        self.confirmed = confirmed;
        let organization = self.loaded.organization.clone();
        self.publish.send_replace(Arc::new(Published { organization, confirmed }));
        self.keeper.look(&self.loaded);
    }

    /// Serves a batch; changes that did not fit go back to the front of `waiting`.
    async fn serve(
        &mut self,
        mut changes: Vec<Change>,
        waiting: &mut VecDeque<Job>,
    ) -> Result<(), WriteError> {
        let served = match self.decide_and_append(&mut changes).await {
            // The guilty one must fail alone.
            Err(WriteError::NotStorable(_)) if changes.len() > 1 => {
                self.singly = changes.len();
                Ok(())
            }
            Err(error) => {
                let served = self.stop_only(Err(error.clone()));
                for change in changes.drain(..) {
                    let _gone = change.reply.send(Err(error.clone()));
                }
                served
            }
            Ok(()) => Ok(()),
        };
        for change in changes.into_iter().rev() {
            waiting.push_front(Job::Change(Box::new(change)));
        }
        served
    }

    /// Decides and appends until the batch's outcome is known; what is answered is taken out of `changes`.
    async fn decide_and_append(&mut self, changes: &mut Vec<Change>) -> Result<(), WriteError> {
        for attempt in 0..CONFLICTS_MAX {
            // One id a try: should an answer be lost, the rows say which try they are.
            let Some(id) = batch_id(changes, attempt) else { return Ok(()) };
            let at = self.time().await?;
            let submissions = changes.iter_mut().map(|change| &mut change.submission);
            let plan = batch::plan(&self.loaded, submissions, at, id, self.rules);
            if plan.is_empty() {
                if self.confirmed.elapsed() > REJECTION_STALE {
                    self.catch_up().await?;
                    continue;
                }
                answer(plan.outcomes, changes, id);
                return Ok(());
            }
            let Plan { outcomes, batch, after } = plan;
            let (batch, since) = (Arc::new(batch), Instant::now());
            match commit::commit(&self.store, &batch).await? {
                Outcome::Done => {
                    measure(&batch);
                    let erasures = outcomes.iter().flatten().flat_map(|decided| &decided.events);
                    let erasures = erasures.filter(|event| load::asks_to_erase(event)).count() as u64;
                    self.loaded.organization = after;
                    self.loaded.frontier = batch.frontier.clone();
                    self.loaded.erasures += erasures;
                    self.publish(since);
                    answer(outcomes, changes, id);
                    return Ok(());
                }
                Outcome::Conflict => self.after_conflict(id, attempt).await?,
                Outcome::Duplicate => self.answer_duplicates(changes).await?,
            }
        }
        Err(WriteError::Unavailable("other writers were always first".to_owned()))
    }

    /// Catches up with whoever was first. If nobody was, the ledger is not what it should be, or busy.
    async fn after_conflict(&mut self, id: Uuid, attempt: u32) -> Result<(), WriteError> {
        metrics::counter!("rollbook_conflicts_total").increment(1);
        tokio::time::sleep(jitter(id, attempt)).await;
        if !self.catch_up().await? {
            load::ends_at_head(&self.store, &self.loaded).await.map_err(load::at_work)?;
        }
        Ok(())
    }

    /// Keys were stored meanwhile, by this process or another: their commands get what was stored for answer.
    async fn answer_duplicates(&mut self, changes: &mut Vec<Change>) -> Result<(), WriteError> {
        self.catch_up().await?;
        let organization = &self.loaded.organization;
        for change in std::mem::take(changes) {
            let remembered = match &change.submission.idempotency {
                Some(key) => commit::remembered(&self.store, organization.id, key).await,
                None => Ok(None),
            };
            let answer = match remembered {
                Ok(None) => {
                    changes.push(change);
                    continue;
                }
                Ok(Some(remembered)) => Ok(Answer::Replayed(Box::new((remembered, organization.clone())))),
                Err(error) => Err(error),
            };
            let _gone = change.reply.send(answer);
        }
        Ok(())
    }

    /// The batch's time: never before the last entry's, and refused when the clock cannot be trusted.
    async fn time(&mut self) -> Result<Moment, WriteError> {
        let now = self.clock.now();
        let last = self.loaded.organization.at;
        if self.clock.is_real() {
            behind(last, now)?;
            self.compare_clocks().await?;
        }
        Ok(now.max(last))
    }

    async fn compare_clocks(&mut self) -> Result<(), WriteError> {
        if self.skew_checked.is_some_and(|checked| checked.elapsed() < CLOCK_CHECK) {
            return Ok(());
        }
        let before = self.clock.now();
        let server = self.store.now_us().await.map_err(|error| WriteError::Unavailable(error.to_string()))?;
        let after = self.clock.now();
        off_by(before, server, after).map_err(|millis| WriteError::ClockSkew { millis })?;
        self.skew_checked = Some(Instant::now());
        Ok(())
    }
}

/// By how many milliseconds the server's clock is too far from the middle of the asking.
pub(super) fn off_by(before: Moment, server_us: i64, after: Moment) -> Result<(), i64> {
    let off = server_us - (before.micros() / 2 + after.micros() / 2);
    if off.unsigned_abs() > CLOCK_SKEW_MAX.as_micros() as u64 { Err(off / 1_000) } else { Ok(()) }
}

fn behind(last: Moment, now: Moment) -> Result<(), WriteError> {
    let behind = last.micros() - now.micros();
    if behind > CLOCK_SKEW_MAX.as_micros() as i64 {
        return Err(WriteError::ClockSkew { millis: -behind / 1_000 });
    }
    Ok(())
}

fn written(decided: Decided, batch: Uuid) -> Written {
    Written {
        batch,
        first_position: decided.first,
        position: decided.after.position,
        events: decided.events,
        organization: decided.after,
    }
}

/// Answers the first of `changes`, as many as there are outcomes.
fn answer(outcomes: Vec<Result<Decided, WriteError>>, changes: &mut Vec<Change>, batch: Uuid) {
    let decided = outcomes.len().min(changes.len());
    for (outcome, change) in outcomes.into_iter().zip(changes.drain(..decided)) {
        let written = |decided| Answer::Written(Box::new(written(decided, batch)));
        let _gone = change.reply.send(outcome.map(written));
    }
}

/// The first command's id, changed by the attempt: unique, and no new randomness.
fn batch_id(changes: &[Change], attempt: u32) -> Option<Uuid> {
    let first = changes.first()?.submission.context.command;
    // In the high bits of what is random in an id: ids that were counted up do not meet.
    Some(Uuid::from_u128(first.as_u128() ^ (u128::from(attempt) << 32)))
}

fn jitter(id: Uuid, attempt: u32) -> Duration {
    let spread = id.as_u128().rotate_left(attempt % 128) as u64 % 5;
    Duration::from_millis(spread + u64::from(attempt.min(10)))
}

fn measure(batch: &Batch) {
    metrics::counter!("rollbook_entries_total").increment(batch.rows.len() as u64);
    metrics::histogram!("rollbook_batch_entries").record(batch.rows.len() as f64);
}

async fn next(waiting: &mut VecDeque<Job>, mailbox: &mut mpsc::Receiver<Job>) -> Option<Job> {
    match waiting.pop_front() {
        Some(job) => Some(job),
        None => mailbox.recv().await,
    }
}

/// What waits now goes into one batch: nobody waits for a batch to fill.
fn gather(
    first: Change,
    most: usize,
    waiting: &mut VecDeque<Job>,
    mailbox: &mut mpsc::Receiver<Job>,
) -> Vec<Change> {
    let mut changes = vec![first];
    while changes.len() < most {
        match waiting.pop_front().or_else(|| mailbox.try_recv().ok()) {
            Some(Job::Change(change)) => changes.push(*change),
            // What is no change waits for the changes before it; it is next.
            Some(other) => {
                waiting.push_front(other);
                break;
            }
            None => break,
        }
    }
    changes
}

//! The writer's loop: take what waits, decide it, append it, publish, answer.

use super::batch::{self, Plan};
use super::commit::{self, Outcome};
use super::load::Loaded;
use super::{
    Answer, BATCH_COMMANDS_MAX, CLOCK_SKEW_MAX, Decided, Job, Published, Submission, WriteError, Written,
    catch_up,
};
use crate::clock::Clock;
use crate::store::Store;
use rollbook_domain::kernel::moment::Moment;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

/// A rejection decided on a state that was not confirmed for this long is decided again on a fresh one.
const REJECTION_STALE: Duration = Duration::from_millis(250);
/// How often the database server's clock is compared with this process's.
const CLOCK_CHECK: Duration = Duration::from_secs(30);
/// Times one batch is decided again after conflicts before its callers are told to retry.
const CONFLICTS_MAX: u32 = 50;

type Reply = oneshot::Sender<Result<Answer, WriteError>>;

pub(super) struct Task {
    store: Store,
    clock: Clock,
    loaded: Loaded,
    publish: watch::Sender<Arc<Published>>,
    confirmed: Instant,
    skew_checked: Option<Instant>,
}

impl Task {
    pub(super) fn new(
        store: Store,
        clock: Clock,
        loaded: Loaded,
        publish: watch::Sender<Arc<Published>>,
    ) -> Self {
        Self { store, clock, loaded, publish, confirmed: Instant::now(), skew_checked: None }
    }

    /// Runs until every handle is dropped, or until going on could be wrong.
    pub(super) async fn run(mut self, mut mailbox: mpsc::Receiver<Job>) {
        let mut waiting = VecDeque::new();
        while let Some(first) = next(&mut waiting, &mut mailbox).await {
            let served = match first {
                Job::CatchUp(answer) => self.answer_catch_up(answer).await,
                first @ Job::Change(_) => {
                    let jobs = gather(first, &mut waiting, &mut mailbox);
                    self.serve(jobs, &mut waiting).await
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
        let _gone = answer.send(caught.clone().map(|()| self.loaded.organization.position));
        stop_only(caught)
    }

    async fn catch_up(&mut self) -> Result<(), WriteError> {
        catch_up::catch_up(&self.store, &mut self.loaded).await?;
        self.publish();
        Ok(())
    }

    fn publish(&mut self) {
        self.confirmed = Instant::now();
        let organization = self.loaded.organization.clone();
        self.publish.send_replace(Arc::new(Published { organization, confirmed: self.confirmed }));
    }

    /// Serves a batch; jobs that did not fit go back to the front of `waiting`.
    async fn serve(
        &mut self,
        jobs: Vec<(Submission, Reply)>,
        waiting: &mut VecDeque<Job>,
    ) -> Result<(), WriteError> {
        let (mut submissions, mut replies): (Vec<_>, VecDeque<_>) =
            jobs.into_iter().map(|(submission, reply)| (submission, Some(reply))).unzip();
        let result = self.decide_and_append(&mut submissions, &mut replies).await;
        let left = match result {
            Ok(left) => left,
            Err(error) => {
                for reply in replies.iter_mut().filter_map(Option::take) {
                    let _gone = reply.send(Err(error.clone()));
                }
                return stop_only(Err(error));
            }
        };
        let undone = submissions.into_iter().zip(replies).skip(left);
        for (submission, reply) in undone.collect::<Vec<_>>().into_iter().rev() {
            if let Some(reply) = reply {
                waiting.push_front(Job::Change(Box::new((submission, reply))));
            }
        }
        Ok(())
    }

    /// Decides and appends until the batch's outcome is known; returns how many jobs were answered.
    async fn decide_and_append(
        &mut self,
        submissions: &mut [Submission],
        replies: &mut VecDeque<Option<Reply>>,
    ) -> Result<usize, WriteError> {
        let mut most = submissions.len();
        for attempt in 0..CONFLICTS_MAX {
            let at = self.time().await?;
            // One id a try: should an answer be lost, the rows say which try they are.
            let id = batch_id(submissions, attempt);
            let Plan { outcomes, batch, after } =
                batch::plan(&self.loaded, submissions.get_mut(..most).unwrap_or_default(), at, id);
            if batch.rows.is_empty() && batch.commands.is_empty() && batch.credentials.is_empty() {
                if self.confirmed.elapsed() > REJECTION_STALE {
                    self.catch_up().await?;
                    continue;
                }
                return Ok(self.answer(outcomes, replies, id));
            }
            match commit::commit(&self.store, &batch).await {
                Ok(Outcome::Done) => {
                    measure(&batch);
                    self.loaded = Loaded { organization: after, frontier: batch.frontier };
                    self.publish();
                    return Ok(self.answer(outcomes, replies, id));
                }
                Ok(Outcome::Conflict) => {
                    metrics::counter!("rollbook_conflicts_total").increment(1);
                    tokio::time::sleep(jitter(id, attempt)).await;
                    self.catch_up().await?;
                }
                Ok(Outcome::Duplicate(key)) => self.answer_duplicate(&key, submissions, replies).await?,
                // The guilty one must fail alone: decide them again one by one.
                Err(WriteError::NotStorable(_)) if most > 1 => most = 1,
                Err(error) => return Err(error),
            }
        }
        Err(WriteError::Unavailable("other writers were always first".to_owned()))
    }

    /// A key was stored meanwhile, by this process or another: its command is answered with what was stored.
    async fn answer_duplicate(
        &mut self,
        key: &str,
        submissions: &mut [Submission],
        replies: &mut VecDeque<Option<Reply>>,
    ) -> Result<(), WriteError> {
        self.catch_up().await?;
        for (submission, reply) in submissions.iter_mut().zip(replies.iter_mut()) {
            let Some(idempotency) = submission.idempotency.as_ref().filter(|one| one.key == key) else {
                continue;
            };
            let found = commit::remembered(&self.store, self.loaded.organization.id, idempotency).await;
            let answer = match found {
                Ok(Some(remembered)) => {
                    Ok(Answer::Replayed(Box::new((remembered, self.loaded.organization.clone()))))
                }
                Ok(None) => continue,
                Err(error) => Err(error),
            };
            if let Some(reply) = reply.take() {
                let _gone = reply.send(answer);
            }
            // Answered: what is left of it must not be decided again.
            submission.command = rollbook_domain::organization::command::Command::Many(Vec::new());
            submission.idempotency = None;
            submission.credentials.clear();
        }
        Ok(())
    }

    fn answer(
        &self,
        outcomes: Vec<Result<Decided, WriteError>>,
        replies: &mut VecDeque<Option<Reply>>,
        batch: Uuid,
    ) -> usize {
        let decided = outcomes.len();
        for (outcome, reply) in outcomes.into_iter().zip(replies.iter_mut()) {
            let Some(reply) = reply.take() else { continue };
            let _gone = reply.send(outcome.map(|decided| Answer::Written(Box::new(written(decided, batch)))));
        }
        decided
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
        let middle = before.micros() / 2 + after.micros() / 2;
        let off = server - middle;
        if off.unsigned_abs() > CLOCK_SKEW_MAX.as_micros() as u64 {
            return Err(WriteError::ClockSkew { millis: off / 1_000 });
        }
        self.skew_checked = Some(Instant::now());
        Ok(())
    }
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

/// The first command's id, changed by the attempt: unique, and no new randomness.
fn batch_id(submissions: &[Submission], attempt: u32) -> Uuid {
    let first = submissions.first().map_or(Uuid::nil(), |submission| submission.context.command);
    Uuid::from_u128(first.as_u128() ^ u128::from(attempt))
}

fn jitter(id: Uuid, attempt: u32) -> Duration {
    let spread = id.as_u128().rotate_left(attempt % 128) as u64 % 5;
    Duration::from_millis(spread + u64::from(attempt.min(10)))
}

fn measure(batch: &crate::store::Batch) {
    metrics::counter!("rollbook_entries_total").increment(batch.rows.len() as u64);
    metrics::histogram!("rollbook_batch_entries").record(batch.rows.len() as f64);
}

/// Only what makes going on wrong ends the writer.
fn stop_only(result: Result<(), WriteError>) -> Result<(), WriteError> {
    match result {
        Err(error @ WriteError::Stopped(_)) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

async fn next(waiting: &mut VecDeque<Job>, mailbox: &mut mpsc::Receiver<Job>) -> Option<Job> {
    match waiting.pop_front() {
        Some(job) => Some(job),
        None => mailbox.recv().await,
    }
}

/// What waits now goes into one batch: nobody waits for a batch to fill.
fn gather(
    first: Job,
    waiting: &mut VecDeque<Job>,
    mailbox: &mut mpsc::Receiver<Job>,
) -> Vec<(Submission, Reply)> {
    let mut jobs = Vec::new();
    let mut job = Some(first);
    while let Some(Job::Change(change)) = job.take() {
        jobs.push(*change);
        if jobs.len() >= BATCH_COMMANDS_MAX {
            break;
        }
        job = waiting.pop_front().or_else(|| mailbox.try_recv().ok());
    }
    // A catch-up among the changes waits for them; it is answered next.
    waiting.extend(job);
    jobs
}

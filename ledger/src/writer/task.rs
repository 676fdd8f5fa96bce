//! The writer's task: its jobs one after another, its clock, and what it knows of the ledger.
//!
//! Not here: how changes become batches, which is the pipeline's.

use super::load::{self, Loaded};
use super::{CLOCK_SKEW_MAX, Decide, Job, Published, WriteError};
use crate::clock::Clock;
use crate::snapshot::Keeper;
use crate::store::Store;
use rollbook_domain::kernel::moment::Moment;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// How often the database server's clock is compared with this process's.
const CLOCK_CHECK: Duration = Duration::from_secs(30);
/// How long an attempt to compare them that failed stands for those who waited meanwhile: each on their own would wait as
/// long again.
const CLOCK_FAILED: Duration = Duration::from_millis(250);

pub(super) struct Task {
    pub(super) store: Store,
    pub(super) clock: Clock,
    /// What is durable.
    pub(super) loaded: Loaded,
    pub(super) rules: Decide,
    /// When there was nothing newer than `loaded`.
    pub(super) confirmed: Instant,
    /// Jobs that were taken out of the mailbox or given back, before those in it.
    pub(super) waiting: VecDeque<Job>,
    /// Batches in a row that did not land because something else had.
    pub(super) conflicts: u32,
    /// When others were last seen to write too.
    pub(super) contended: Option<Instant>,
    /// So many of the next commands are decided one by one, because a batch of them could not be stored.
    pub(super) singly: usize,
    publish: watch::Sender<Arc<Published>>,
    stopped: Arc<AtomicBool>,
    skew_checked: Option<Instant>,
    skew_failed: Option<(Instant, WriteError)>,
    keeper: Keeper,
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
        Self {
            store,
            clock,
            loaded,
            rules,
            confirmed,
            waiting: VecDeque::new(),
            conflicts: 0,
            contended: None,
            singly: 0,
            publish,
            stopped,
            skew_checked: None,
            skew_failed: None,
            keeper,
        }
    }

    /// Runs until every handle is dropped, or until going on could be wrong.
    pub(super) async fn run(mut self, mut mailbox: mpsc::Receiver<Job>) {
        while let Some(job) = self.next(&mut mailbox).await {
            let served = match job {
                Job::CatchUp(answer) => self.answer_catch_up(answer).await,
                Job::Seen(position, since) => {
                    let seen = self.seen(position, since).await;
                    self.stop_only(seen)
                }
                Job::Keep(kept) => {
                    self.keeper.keep(&self.loaded, kept);
                    Ok(())
                }
                Job::Change(change) => self.serve(*change, &mut mailbox).await,
            };
            if let Err(error) = served {
                tracing::error!(organization = %self.loaded.organization.id, %error, "the writer stops");
                metrics::counter!("rollbook_writers_stopped_total").increment(1);
                return;
            }
        }
    }

    async fn next(&mut self, mailbox: &mut mpsc::Receiver<Job>) -> Option<Job> {
        match self.waiting.pop_front() {
            Some(job) => Some(job),
            None => mailbox.recv().await,
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
    pub(super) fn stop_only(&self, result: Result<(), WriteError>) -> Result<(), WriteError> {
        match result {
            Err(error @ WriteError::Stopped(_)) => {
                self.stopped.store(true, Ordering::Release);
                Err(error)
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Says whether there was anything new.
    pub(super) async fn catch_up(&mut self) -> Result<bool, WriteError> {
        let since = Instant::now();
        let moved = load::to_head(&self.store, &mut self.loaded).await.map_err(load::at_work)?;
        self.publish(since);
        Ok(moved)
    }

    pub(super) fn publish(&mut self, confirmed: Instant) {
        self.confirmed = confirmed;
        let organization = self.loaded.organization.clone();
        self.publish.send_replace(Arc::new(Published { organization, confirmed }));
        self.keeper.look(&self.loaded);
    }

    /// A batch's time: never before `last`, the last entry's, and refused when the clock cannot be trusted.
    pub(super) async fn time(&mut self, last: Moment) -> Result<Moment, WriteError> {
        let now = self.clock.now();
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
        match &self.skew_failed {
            Some((failed, error)) if failed.elapsed() < CLOCK_FAILED => return Err(error.clone()),
            Some(_) | None => {}
        }
        let compared = skew(&self.store, &self.clock).await;
        let now = Instant::now();
        (self.skew_checked, self.skew_failed) = match &compared {
            Ok(()) => (Some(now), None),
            Err(error) => (None, Some((now, error.clone()))),
        };
        compared
    }
}

/// Compares this process's clock with the database server's.
pub(crate) async fn skew(store: &Store, clock: &Clock) -> Result<(), WriteError> {
    let before = clock.now();
    let server = store.now_us().await.map_err(|error| WriteError::Unavailable(error.to_string()))?;
    let after = clock.now();
    off_by(before, server, after).map_err(|millis| WriteError::ClockSkew { millis })
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

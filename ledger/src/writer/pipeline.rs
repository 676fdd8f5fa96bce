//! Batch after batch: while one is on its way to the disk, the next is decided on the state after it.
//!
//! Nothing that was decided on a state which is not durable yet is told to anybody. If a batch does not land, what
//! was decided on top of it is forgotten and decided again. Not here: what becomes of jobs that are no changes.

use super::batch::{Building, Plan};
use super::commit::{self, Outcome};
use super::flight::{self, Flight};
use super::load::ledger_of;
use super::task::Task;
use super::{Answer, BATCH_COMMANDS_MAX, Change, Job, WriteError, load};
use crate::entry::Frontier;
use crate::store::{Batch, HOLD_MAX, Held};
use rollbook_domain::organization::state::Organization;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use uuid::Uuid;

/// A rejection decided on a state that was not confirmed for this long is decided again on a fresh one.
const REJECTION_STALE: Duration = Duration::from_millis(250);
/// Conflicts in a row before the callers of a batch are told to retry.
const CONFLICTS_MAX: u32 = 50;
/// So long after others wrote too, batches hold the head: in turns, since whoever is late to read is late to write.
const CONTENDED_FOR: Duration = Duration::from_millis(100);

/// Changes with the batch that they were decided into.
struct Gathered {
    changes: Vec<Change>,
    building: Building,
    /// Most commands it takes.
    most: usize,
}

impl Gathered {
    fn takes_more(&self) -> bool {
        self.changes.len() < self.most
    }

    /// Decides a change into the batch; gives it back if it belongs into the next one, which ends this one.
    fn add(&mut self, mut change: Change) -> Option<Change> {
        if self.building.takes(&mut change.submission) {
            self.changes.push(change);
            return None;
        }
        self.most = self.changes.len();
        Some(change)
    }
}

impl Task {
    /// Serves changes, the first of them and what comes while they are served; returns when none waits, or
    /// something else does.
    pub(super) async fn serve(
        &mut self,
        first: Change,
        mailbox: &mut mpsc::Receiver<Job>,
    ) -> Result<(), WriteError> {
        let held = match self.hold().await {
            Ok(held) => held,
            Err(error) => return self.decide_again_or_fail(vec![first], Err(error)),
        };
        let (state, frontier) = (self.loaded.organization.clone(), self.loaded.frontier.clone());
        let mut gathered = None;
        self.decide(&state, &frontier, first, &mut gathered).await;
        while takes_more(gathered.as_ref())
            && let Some(change) = self.change_now(mailbox)
        {
            self.decide(&state, &frontier, change, &mut gathered).await;
        }
        let mut flight = self.send(gathered, held).await?;
        while let Some(now) = flight {
            flight = self.round(now, mailbox).await?;
        }
        Ok(())
    }

    /// While others write the organization too: holds the head, so that nobody is first again, and catches up with
    /// them. Nothing if the head is not to be had, or there was so much to read that they have waited long enough.
    async fn hold(&mut self) -> Result<Option<Held>, WriteError> {
        if !self.is_contended() {
            return Ok(None);
        }
        let Ok(held) = self.store.hold(&ledger_of(self.loaded.organization.id)).await else {
            return Ok(None);
        };
        let since = Instant::now();
        if self.catch_up().await? {
            self.contended = Some(since);
        }
        Ok(Some(held).filter(|_| since.elapsed() < HOLD_MAX))
    }

    fn is_contended(&self) -> bool {
        self.contended.is_some_and(|last| last.elapsed() < CONTENDED_FOR)
    }

    /// Decides the next batch while `flight` is on its way, and sends it as soon as that has landed.
    async fn round(
        &mut self,
        mut flight: Flight,
        mailbox: &mut mpsc::Receiver<Job>,
    ) -> Result<Option<Flight>, WriteError> {
        let (state, frontier) = (flight.after.clone(), flight.batch.frontier.clone());
        let mut next = None;
        // What is decided on top would not hold the head, and lose.
        let on_top = !self.is_contended();
        let landed = loop {
            while on_top
                && takes_more(next.as_ref())
                && let Some(change) = self.change_that_waits()
            {
                self.decide(&state, &frontier, change, &mut next).await;
            }
            let listens = on_top && self.waiting.is_empty() && takes_more(next.as_ref());
            tokio::select! {
                biased;
                landed = flight.landed() => break landed,
                Some(job) = mailbox.recv(), if listens => self.waiting.push_back(job),
            }
        };
        self.after_landing(landed, flight, next).await
    }

    async fn after_landing(
        &mut self,
        landed: Result<Outcome, WriteError>,
        flight: Flight,
        next: Option<Gathered>,
    ) -> Result<Option<Flight>, WriteError> {
        match landed {
            Ok(Outcome::Done) => {
                self.keep(&flight);
                // On its way before anybody is answered: so the disk need not wait for that.
                let sent = self.send(next, None).await;
                flight.answer();
                sent
            }
            Ok(Outcome::Conflict) => {
                let caught_up = self.after_conflict(flight.batch.batch).await;
                self.wait_again(next);
                self.decide_again_or_fail(flight.changes, caught_up).map(|()| None)
            }
            Ok(Outcome::Duplicate) => {
                self.wait_again(next);
                self.after_duplicate(flight.changes).await.map(|()| None)
            }
            // The guilty one must fail alone.
            Err(WriteError::NotStorable(_)) if flight.changes.len() > 1 => {
                self.wait_again(next);
                self.singly = flight.changes.len();
                self.wait_first(flight.changes);
                Ok(None)
            }
            Err(error) => {
                self.wait_again(next);
                self.decide_again_or_fail(flight.changes, Err(error)).map(|()| None)
            }
        }
    }

    /// Decides a change on `state`, into the batch that is being gathered or as the first of a new one.
    async fn decide(
        &mut self,
        state: &Organization,
        frontier: &Frontier,
        change: Change,
        gathered: &mut Option<Gathered>,
    ) {
        let gathered = match gathered {
            Some(gathered) => gathered,
            None => match self.time(state.at).await {
                Err(error) => {
                    let _gone = change.reply.send(Err(error));
                    return;
                }
                Ok(at) => {
                    let id = batch_id(&change, self.conflicts);
                    let building = Building::on(state, frontier, at, id, self.rules);
                    let most = if self.singly > 0 { 1 } else { BATCH_COMMANDS_MAX };
                    self.singly = self.singly.saturating_sub(1);
                    gathered.insert(Gathered { changes: Vec::new(), building, most })
                }
            },
        };
        if let Some(change) = gathered.add(change) {
            self.waiting.push_front(Job::Change(Box::new(change)));
        }
    }

    /// Sends a batch; one with nothing to append is answered at once, for what it was decided on is durable.
    async fn send(
        &mut self,
        gathered: Option<Gathered>,
        held: Option<Held>,
    ) -> Result<Option<Flight>, WriteError> {
        let Some(Gathered { changes, building, .. }) = gathered else { return Ok(None) };
        let plan = building.plan();
        if !plan.is_empty() {
            return Ok(Some(Flight::begin(&self.store, plan, changes, held).await));
        }
        let fresh =
            if self.confirmed.elapsed() > REJECTION_STALE { self.catch_up().await } else { Ok(false) };
        match fresh {
            Ok(false) => {
                let Plan { outcomes, batch, .. } = plan;
                flight::answer(outcomes, changes, batch.batch);
                Ok(None)
            }
            moved => self.decide_again_or_fail(changes, moved.map(drop)).map(|()| None),
        }
    }

    /// What has landed is what is known now.
    fn keep(&mut self, flight: &Flight) {
        measure(&flight.batch);
        self.conflicts = 0;
        self.loaded.organization = flight.after.clone();
        self.loaded.frontier = flight.batch.frontier.clone();
        self.loaded.erasures += flight.events().filter(|event| load::asks_to_erase(event)).count() as u64;
        self.publish(flight.since);
    }

    /// Catches up with whoever was first. If nobody was, the ledger is not what it should be, or busy.
    async fn after_conflict(&mut self, id: Uuid) -> Result<(), WriteError> {
        metrics::counter!("rollbook_conflicts_total").increment(1);
        self.another_conflict()?;
        // The next try holds the head; only where that did not help there is somebody to get out of the way of.
        if self.conflicts > 1 {
            tokio::time::sleep(jitter(id, self.conflicts)).await;
        }
        if !self.catch_up().await? {
            load::ends_at_head(&self.store, &self.loaded).await.map_err(load::at_work)?;
        }
        Ok(())
    }

    fn another_conflict(&mut self) -> Result<(), WriteError> {
        self.contended = Some(Instant::now());
        self.conflicts += 1;
        if self.conflicts < CONFLICTS_MAX {
            return Ok(());
        }
        self.conflicts = 0;
        Err(WriteError::Unavailable("other writers were always first".to_owned()))
    }

    /// Keys were stored meanwhile, by this process or another: their commands get what was stored for answer.
    async fn after_duplicate(&mut self, changes: Vec<Change>) -> Result<(), WriteError> {
        let caught_up = match self.another_conflict() {
            Ok(()) => self.catch_up().await.map(drop),
            error => error,
        };
        if caught_up.is_err() {
            return self.decide_again_or_fail(changes, caught_up);
        }
        let organization = self.loaded.organization.clone();
        let mut left = Vec::new();
        for change in changes {
            let remembered = match &change.submission.idempotency {
                Some(key) => commit::remembered(&self.store, organization.id, key).await,
                None => Ok(None),
            };
            let answer = match remembered {
                Ok(None) => {
                    left.push(change);
                    continue;
                }
                Ok(Some(remembered)) => Ok(Answer::Replayed(Box::new((remembered, organization.clone())))),
                Err(error) => Err(error),
            };
            let _gone = change.reply.send(answer);
        }
        self.wait_first(left);
        Ok(())
    }

    /// Lets changes be decided again, or tells them why not; only what makes going on wrong is an error here.
    fn decide_again_or_fail(
        &mut self,
        changes: Vec<Change>,
        result: Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let Err(error) = result else {
            self.wait_first(changes);
            return Ok(());
        };
        let served = self.stop_only(Err(error.clone()));
        for change in changes {
            let _gone = change.reply.send(Err(error.clone()));
        }
        served
    }

    fn wait_again(&mut self, gathered: Option<Gathered>) {
        self.wait_first(gathered.map(|gathered| gathered.changes).unwrap_or_default());
    }

    /// Before everything that waits.
    fn wait_first(&mut self, changes: Vec<Change>) {
        for change in changes.into_iter().rev() {
            self.waiting.push_front(Job::Change(Box::new(change)));
        }
    }

    fn change_that_waits(&mut self) -> Option<Change> {
        match self.waiting.pop_front() {
            Some(Job::Change(change)) => Some(*change),
            // What is no change waits for the changes before it; it is next.
            Some(other) => {
                self.waiting.push_front(other);
                None
            }
            None => None,
        }
    }

    /// A change that is there now: nobody waits for a batch to fill.
    fn change_now(&mut self, mailbox: &mut mpsc::Receiver<Job>) -> Option<Change> {
        if self.waiting.is_empty() {
            self.waiting.extend(mailbox.try_recv().ok());
        }
        self.change_that_waits()
    }
}

fn takes_more(gathered: Option<&Gathered>) -> bool {
    gathered.is_none_or(Gathered::takes_more)
}

/// The first command's id, changed by the conflicts in a row: should an answer be lost, the rows say which try
/// they are.
fn batch_id(first: &Change, conflicts: u32) -> Uuid {
    // In the high bits of what is random in an id: ids that were counted up do not meet.
    Uuid::from_u128(first.submission.context.command.as_u128() ^ (u128::from(conflicts) << 32))
}

fn jitter(id: Uuid, conflicts: u32) -> Duration {
    let spread = id.as_u128().rotate_left(conflicts % 128) as u64 % 5;
    Duration::from_millis(spread + u64::from(conflicts.min(10)))
}

fn measure(batch: &Batch) {
    metrics::counter!("rollbook_entries_total").increment(batch.rows.len() as u64);
    metrics::histogram!("rollbook_batch_entries").record(batch.rows.len() as f64);
}

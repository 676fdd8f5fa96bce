//! What goes on beside serving: following what other processes append, writing counted activity, forgetting what
//! is kept for a time only (old activity too), closing what is idle.
//!
//! It polls; nothing depends on being notified. It decides nothing, and the writers do the reading.

use crate::activity::{Activity, COUNT_LEASE, record_unknown};
use crate::deployment::{Deployment, Memory};
use crate::entry::LedgerKind;
use crate::store::StoreError;
use rollbook_domain::kernel::context::Actor;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// How long failed sign-ins are kept from when their count began, in microseconds (a day): no lock-out lasts longer.
const ATTEMPTS_KEPT_US: i64 = 86_400_000_000;

/// How often what is done.
#[derive(Clone, Copy, Debug)]
pub struct Rhythm {
    /// Looking at the heads of the organizations that are served.
    pub heads: Duration,
    /// Writing what was counted of activity.
    pub activity: Duration,
    /// Forgetting old idempotency keys and sessions.
    pub purge: Duration,
    /// How long an idempotency key is kept.
    pub commands_kept: Duration,
    /// When idle organizations leave memory.
    pub memory: Memory,
}

impl Default for Rhythm {
    /// Heads four times a second, activity every minute, purging every hour what is older than seven days; memory as
    /// its own default says.
    fn default() -> Self {
        Self {
            heads: Duration::from_millis(250),
            activity: Duration::from_secs(60),
            purge: Duration::from_secs(3_600),
            commands_kept: Duration::from_secs(7 * 24 * 3_600),
            memory: Memory::default(),
        }
    }
}

/// The running tasks, one each, so that a slow one keeps no other waiting.
#[derive(Debug)]
pub(crate) struct Beside {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Beside {
    pub(crate) fn start(deployment: &Deployment, rhythm: Rhythm) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (following, flushing) = (deployment.clone(), deployment.clone());
        let (purging, closing) = (deployment.clone(), deployment.clone());
        let tasks = vec![
            tokio::spawn(every(rhythm.heads, stopped.clone(), async move || heads(&following).await)),
            tokio::spawn(every(rhythm.activity, stopped.clone(), async move || activity(&flushing).await)),
            tokio::spawn(every(rhythm.purge, stopped.clone(), async move || {
                purge(&purging, rhythm.commands_kept).await;
            })),
            tokio::spawn(every(rhythm.memory.every, stopped, async move || {
                closing.close_idle(rhythm.memory).await;
            })),
        ];
        Self { stop, tasks }
    }

    /// Lets each task finish what it is at.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            if task.await.is_err() {
                tracing::error!("a task beside serving panicked");
            }
        }
    }
}

async fn every(pause: Duration, mut stopped: watch::Receiver<bool>, work: impl AsyncFn()) {
    let mut ticks = tokio::time::interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !*stopped.borrow() {
        tokio::select! {
            // Stopped, or nobody is left who could stop it.
            _ = stopped.changed() => return,
            _ = ticks.tick() => {}
        }
        work().await;
    }
}

/// Tells each writer where its head is.
async fn heads(deployment: &Deployment) {
    let opened = deployment.opened();
    if opened.is_empty() {
        return;
    }
    // What is seen was so at some time after this.
    let since = Instant::now();
    let ids: Vec<String> = opened.iter().map(|writer| writer.id().to_string()).collect();
    match deployment.store().heads_of(LedgerKind::Organization, &ids).await {
        Ok(marks) => {
            let positions: HashMap<_, _> =
                marks.into_iter().map(|mark| (mark.ledger.id, mark.position)).collect();
            for (writer, id) in opened.iter().zip(&ids) {
                writer.seen(positions.get(id).copied().unwrap_or(0), since);
            }
        }
        Err(error) => failed("following other processes", &error),
    }
}

async fn activity(deployment: &Deployment) {
    deployment.flush().await;
    let found = record_unknown(deployment.store(), deployment.clock(), COUNT_LEASE).await;
    if let Err(error) = found {
        failed("looking for activity that was lost with its process", &error);
    }
}

async fn purge(deployment: &Deployment, commands_kept: Duration) {
    // A clock that was told the time knows nothing of how long anything was kept.
    if !deployment.clock().is_real() {
        return;
    }
    let now = deployment.clock().now().micros();
    let kept = i64::try_from(commands_kept.as_micros()).unwrap_or(i64::MAX);
    if let Err(error) = deployment.store().purge_commands(now.saturating_sub(kept)).await {
        failed("forgetting old idempotency keys", &error);
    }
    prune(deployment).await;
    if let Err(error) = deployment.store().purge_sessions(now).await {
        failed("forgetting sessions that are over", &error);
    }
    if let Err(error) = deployment.store().purge_attempts(now.saturating_sub(ATTEMPTS_KEPT_US)).await {
        failed("forgetting failed sign-ins", &error);
    }
}

/// Deletes the activity that the organizations in memory keep no longer. Of one that nobody uses, `rollbook prune` does.
async fn prune(deployment: &Deployment) {
    for writer in deployment.opened() {
        let settings = writer.published().organization.settings.clone();
        let Some(before) = settings.activity_kept_from(deployment.clock().now()) else { continue };
        let activity = Activity::new(deployment.store().clone(), deployment.clock().clone(), writer.id());
        if let Err(error) = activity.prune(before, Actor::System).await {
            tracing::warn!(organization = %writer.id(), %error, "old activity could not be deleted; it is tried again");
            metrics::counter!("rollbook_beside_failures_total", "what" => "pruning activity").increment(1);
        }
    }
}

fn failed(what: &'static str, error: &StoreError) {
    tracing::warn!(%error, "{what} failed; it is tried again");
    metrics::counter!("rollbook_beside_failures_total", "what" => what).increment(1);
}

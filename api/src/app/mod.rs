//! What every handler shares: the ledgers, their followers, the password hasher, and how requests are served.

mod followers;

use crate::auth::password::Passwords;
use crate::error::Problem;
use crate::imports::Imports;
use crate::mail::Mailer;
use followers::Followers;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::deployment::{Deployment, Memory, Open};
use rollbook_ledger::writer::LoadError;
use rollbook_projections::follower::{Follower, Status};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// A check on a state that was not confirmed for this long is refused as stale.
pub const STALE_AFTER: Duration = Duration::from_secs(2);
/// Longest a read waits for `Rollbook-Min-Position`.
pub const MIN_POSITION_WAIT: Duration = Duration::from_secs(5);
/// Longest a check waits for the head to be confirmed.
const CONFIRM_WAIT: Duration = Duration::from_secs(2);
/// Most live streams that one process keeps open.
const STREAMS_MAX: usize = 256;
/// Most pasts that one process folds at once.
const FOLDS_MAX: usize = 8;
/// Most requests for links that one process works on after it answered them.
const LINKS_MAX: usize = 64;
/// How often [`App::measure`] looks.
const MEASURE_EVERY: Duration = Duration::from_secs(5);

/// How requests are served.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Cookies are sent only over TLS.
    pub secure_cookies: bool,
    /// A proxy in front names the client in `X-Forwarded-For`; believed only then.
    pub behind_proxy: bool,
    /// Password hashes that run at once, 19 MiB each.
    pub hashes_at_once: usize,
    /// When idle organizations leave memory.
    pub memory: Memory,
    /// Sends mails; without one they wait in the outbox.
    pub mailer: Option<Mailer>,
    /// Where people reach this service, without a slash at the end: what links in mails begin with.
    pub public_url: Option<String>,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            secure_cookies: false,
            behind_proxy: false,
            hashes_at_once: 4,
            memory: Memory::default(),
            mailer: None,
            public_url: None,
        }
    }
}

/// The application. Clones are cheap.
#[derive(Clone, Debug)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    deployment: Deployment,
    passwords: Passwords,
    options: ServeOptions,
    followers: Arc<Followers>,
    streams: Arc<Semaphore>,
    folds: Arc<Semaphore>,
    links: Arc<Semaphore>,
    mails: Notify,
    imports: Imports,
    is_closing: AtomicBool,
}

impl App {
    /// On a migrated store.
    #[must_use]
    pub fn new(deployment: Deployment, options: ServeOptions) -> Self {
        let passwords = Passwords::new(options.hashes_at_once);
        let followers = Arc::new(Followers::default());
        let ending = Arc::clone(&followers);
        deployment.before_closing(move |writer| ending.end(writer));
        let most = [STREAMS_MAX, FOLDS_MAX, LINKS_MAX];
        let [streams, folds, links] = most.map(|most| Arc::new(Semaphore::new(most)));
        let mails = Notify::new();
        let is_closing = AtomicBool::new(false);
        let imports = Imports::default();
        Self(Arc::new(Inner {
            deployment,
            passwords,
            options,
            followers,
            streams,
            folds,
            links,
            mails,
            imports,
            is_closing,
        }))
    }

    /// The ledgers.
    #[must_use]
    pub fn deployment(&self) -> &Deployment {
        &self.0.deployment
    }

    /// An organization, loaded and followed if this process does not serve it yet.
    ///
    /// # Errors
    /// [`LoadError`] if its ledger cannot be read to its end.
    pub async fn open(&self, id: OrganizationId) -> Result<Open, LoadError> {
        let open = self.deployment().open(id).await?;
        let _follower = self.follower(&open);
        Ok(open)
    }

    /// The follower that keeps an organization's activity log.
    #[must_use]
    pub fn follower(&self, open: &Open) -> Follower {
        self.0.followers.of(self.deployment().store(), open)
    }

    /// Where each follower of this process stands.
    #[must_use]
    pub fn followers(&self) -> Vec<(OrganizationId, Status)> {
        self.0.followers.status()
    }

    /// Ends the followers; those who are asked for later start again where these ended.
    pub fn stop_followers(&self) {
        self.0.followers.stop();
    }

    /// Leave to keep a live stream open, given back when it is dropped.
    ///
    /// # Errors
    /// 503 `busy` if there are too many.
    pub fn stream(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let permit = self.0.streams.clone().try_acquire_owned();
        permit.map_err(|_| Problem::unavailable("busy", "too many live streams are open; try again", 30))
    }

    /// Ends live streams, which would otherwise keep the process from ending.
    pub fn close(&self) {
        self.0.is_closing.store(true, Ordering::Relaxed);
    }

    /// Whether the process is about to end.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.0.is_closing.load(Ordering::Relaxed)
    }

    /// Leave to fold the past, which takes a thread's time and a state's memory; whoever is too many waits.
    ///
    /// # Errors
    /// 503 `busy` while the process ends.
    pub async fn fold(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let permit = self.0.folds.clone().acquire_owned().await;
        permit.map_err(|_| Problem::unavailable("busy", "this process is about to end", 1))
    }

    /// Leave to make a link after whoever asks for it was answered.
    ///
    /// # Errors
    /// 503 `busy` if too many are being made.
    pub fn link_turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let permit = self.0.links.clone().try_acquire_owned();
        permit.map_err(|_| Problem::unavailable("busy", "too many links are asked for; try again", 5))
    }

    /// Says that a mail waits to be sent.
    pub fn mail_waits(&self) {
        self.0.mails.notify_one();
    }

    /// Ready when somebody says so.
    pub async fn mail_comes(&self) {
        self.0.mails.notified().await;
    }

    /// How many imports this process takes.
    pub(crate) fn imports(&self) -> &Imports {
        &self.0.imports
    }

    /// Measures, as long as the process serves, how far the activity logs are behind and how many mails wait.
    pub async fn measure(self) {
        loop {
            tokio::time::sleep(MEASURE_EVERY).await;
            let status = self.followers();
            let behind = status.iter().map(|(_, status)| behind(status)).sum::<u64>();
            metrics::gauge!("rollbook_activity_log_behind").set(behind as f64);
            let stopped = status.iter().filter(|(_, status)| status.stopped.is_some()).count();
            metrics::gauge!("rollbook_activity_log_stopped").set(stopped as f64);
            // Without an answer the last one stands.
            if let Ok(waiting) = self.deployment().store().mails_waiting().await {
                metrics::gauge!("rollbook_mails_waiting").set(waiting as f64);
            }
        }
    }

    /// The password hasher.
    #[must_use]
    pub fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    /// How requests are served.
    #[must_use]
    pub fn options(&self) -> &ServeOptions {
        &self.0.options
    }
}

/// How many entries of both ledgers are not in the activity log yet.
fn behind(status: &Status) -> u64 {
    let changes = status.head.saturating_sub(status.position);
    changes + status.activity_head.saturating_sub(status.activity_position)
}

/// The organization at `min` or later, waiting at most five seconds.
///
/// # Errors
/// 503 `not_yet`.
pub async fn at_least(open: &Open, min: Option<u64>) -> Result<Organization, Problem> {
    let Some(min) = min else { return Ok(open.writer.published().organization.clone()) };
    let reached = open.writer.at_least(min, MIN_POSITION_WAIT).await;
    reached.map(|published| published.organization.clone()).map_err(|_| {
        let detail = format!("position {min} is not reached here yet; try again");
        Problem::unavailable("not_yet", detail, 1)
    })
}

/// The organization, known to be no older than two seconds.
///
/// # Errors
/// 503 `stale`.
pub async fn fresh(open: &Open, min: Option<u64>) -> Result<Organization, Problem> {
    let organization = at_least(open, min).await?;
    if open.writer.published().confirmed.elapsed() <= STALE_AFTER {
        return Ok(organization);
    }
    match tokio::time::timeout(CONFIRM_WAIT, open.writer.catch_up()).await {
        Ok(Ok(_)) => Ok(open.writer.published().organization.clone()),
        Ok(Err(_)) | Err(_) => {
            Err(Problem::unavailable("stale", "the ledger's head could not be confirmed; try again", 1))
        }
    }
}

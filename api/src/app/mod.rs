//! What every handler shares: the ledgers, the password hasher, and how requests are served.

use crate::auth::password::Passwords;
use crate::error::Problem;
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::deployment::{Deployment, Open};
use std::sync::Arc;
use std::time::Duration;

/// A check on a state that was not confirmed for this long is refused as stale.
pub const STALE_AFTER: Duration = Duration::from_secs(2);
/// Longest a read waits for `Rollbook-Min-Position`.
pub const MIN_POSITION_WAIT: Duration = Duration::from_secs(5);

/// How requests are served.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Cookies are sent only over TLS.
    pub secure_cookies: bool,
    /// A proxy in front names the client in `X-Forwarded-For`; believed only then.
    pub behind_proxy: bool,
    /// Password hashes that run at once, 19 MiB each.
    pub hashes_at_once: usize,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self { secure_cookies: false, behind_proxy: false, hashes_at_once: 4 }
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
}

impl App {
    /// On a migrated store.
    #[must_use]
    pub fn new(deployment: Deployment, options: ServeOptions) -> Self {
        let passwords = Passwords::new(options.hashes_at_once);
        Self(Arc::new(Inner { deployment, passwords, options }))
    }

    /// The ledgers.
    #[must_use]
    pub fn deployment(&self) -> &Deployment {
        &self.0.deployment
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
    match open.writer.catch_up().await {
        Ok(_) => Ok(open.writer.published().organization.clone()),
        Err(_) => {
            Err(Problem::unavailable("stale", "the ledger's head could not be confirmed; try again", 1))
        }
    }
}

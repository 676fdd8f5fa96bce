//! Who may do what now, for a process: the state that the writer publishes with each batch, and how fresh it is.
//!
//! A thin door to the domain's resolver: it holds no copy, and what was published is never changed, so an answer is
//! of one position. A process that has not confirmed the head for too long answers nothing rather than something old.

use crate::error::ProjectionError;
use rollbook_domain::kernel::id::UserId;
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::{Facts, Targets};
use rollbook_domain::permission::resolve::{self, Decision, Question};
use rollbook_domain::user::state::User;
use rollbook_ledger::writer::{Published, WriteError, Writer};
use std::sync::Arc;
use std::time::Duration;

/// How old the last confirmation of the head may be unless configured otherwise.
pub const STALE_AFTER: Duration = Duration::from_secs(2);

/// The permission view of one organization. Clones are cheap.
#[derive(Clone, Debug)]
pub struct PermissionView {
    writer: Writer,
    stale_after: Duration,
}

/// The view at one position. As long as it is held it does not change.
#[derive(Clone, Debug)]
pub struct Seen(Arc<Published>);

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoView {
    /// The head was not confirmed for longer than is allowed.
    #[error("what this process knows was confirmed {millis} ms ago, which is too long; try again")]
    Stale {
        /// Since when, in milliseconds.
        millis: u64,
    },
    /// A position that was waited for did not come.
    #[error("position {wanted} is not known here yet")]
    NotYet {
        /// The position.
        wanted: u64,
    },
    /// The organization is not served.
    #[error("{0}")]
    Stopped(String),
}

/// What is asked about one user.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Who would do it.
    pub who: UserId,
    /// `module.action`.
    pub permission: &'a str,
    /// What it would be done to.
    pub targets: &'a Targets,
    /// What is known of the case.
    pub facts: &'a Facts,
    /// When.
    pub at: Moment,
}

impl PermissionView {
    /// The view that `writer` publishes, good for `stale_after` after each confirmation.
    #[must_use]
    pub fn new(writer: Writer, stale_after: Duration) -> Self {
        Self { writer, stale_after }
    }

    /// The newest view. Waits for nothing: a follower in this process, or traffic, keeps it confirmed.
    ///
    /// # Errors
    /// [`NoView::Stale`].
    pub fn now(&self) -> Result<Seen, NoView> {
        fresh(self.writer.published(), self.stale_after)
    }

    /// The newest view; a stale one is confirmed first, which takes at most `bound`.
    ///
    /// # Errors
    /// [`NoView`].
    pub async fn confirmed(&self, bound: Duration) -> Result<Seen, NoView> {
        match self.now() {
            Err(NoView::Stale { .. }) => {
                // Late is stale; the next line says so.
                if let Ok(Err(WriteError::Stopped(why))) =
                    tokio::time::timeout(bound, self.writer.catch_up()).await
                {
                    return Err(NoView::Stopped(why));
                }
                self.now()
            }
            seen => seen,
        }
    }

    /// The view at `position` or later, waiting at most `bound`.
    ///
    /// # Errors
    /// [`NoView`].
    pub async fn at_least(&self, position: u64, bound: Duration) -> Result<Seen, NoView> {
        if self.writer.published().organization.position < position {
            let reached = async {
                // Another process may have written it: asking brings it here, and publishing ends the wait.
                self.writer.catch_up().await?;
                self.writer.at_least(position, bound).await
            };
            match tokio::time::timeout(bound, reached).await {
                Ok(Err(WriteError::Stopped(why))) => return Err(NoView::Stopped(why)),
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(_) => return Err(NoView::NotYet { wanted: position }),
            }
        }
        self.now()
    }
}

fn fresh(published: Arc<Published>, stale_after: Duration) -> Result<Seen, NoView> {
    let age = published.confirmed.elapsed();
    if age > stale_after {
        return Err(NoView::Stale { millis: u64::try_from(age.as_millis()).unwrap_or(u64::MAX) });
    }
    Ok(Seen(published))
}

impl Seen {
    /// The position that every answer is of.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.0.organization.position
    }

    /// How long ago there was nothing newer.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.0.confirmed.elapsed()
    }

    /// The organization at that position.
    #[must_use]
    pub fn organization(&self) -> &Organization {
        &self.0.organization
    }

    /// The answer alone. Whoever is not there is denied. Takes no lock and allocates nothing.
    #[must_use]
    pub fn allowed(&self, ask: &Ask<'_>) -> bool {
        let organization = self.organization();
        organization.user(ask.who).is_some_and(|who| resolve::allowed(organization, &question(who, ask)))
    }

    /// The answer with its reasons; nothing if the user is not there.
    #[must_use]
    pub fn explain(&self, ask: &Ask<'_>) -> Option<Decision> {
        let organization = self.organization();
        organization.user(ask.who).map(|who| resolve::explain(organization, &question(who, ask)))
    }
}

impl From<Arc<Published>> for Seen {
    /// Whatever was published, however old: for those who hold it anyhow.
    fn from(published: Arc<Published>) -> Self {
        Self(published)
    }
}

fn question<'a>(who: &'a User, ask: &Ask<'a>) -> Question<'a> {
    let Ask { permission, targets, facts, at, .. } = *ask;
    Question { who, permission, targets, facts, at, as_if_active: false }
}

impl From<NoView> for ProjectionError {
    fn from(error: NoView) -> Self {
        Self::Writer(error.to_string())
    }
}

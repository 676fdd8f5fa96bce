//! The organization as it was: at a position of its ledger, or at a moment.
//!
//! A moment selects whole batches, the last at or before it. Erased values stay erased whatever the position.
//! The past is folded from the nearest snapshot that fits, else from the ledger's beginning; what is answered is the
//! same.

mod at;

pub use at::{At, BadAt};

use crate::read;
use rollbook_domain::kernel::id::Subject;
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::snapshot;
use rollbook_ledger::store::Store;
use rollbook_ledger::writer::{LoadError, ledger_of};

/// Why the past cannot be shown.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AsOfError {
    /// The position is ahead of the head, or the moment is in the future.
    #[error("that position or time has not come yet")]
    AtInFuture,
    /// The entity did not exist then.
    #[error("there was no such entity then")]
    NotThere,
    /// The ledger cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// An organization as it was, and the time at which questions to it are judged.
#[derive(Clone, Debug)]
pub struct AsOf {
    /// Folded up to the position that was asked for; its `position` says which.
    pub organization: Organization,
    /// The moment that was asked for, or the time of the position.
    pub at: Moment,
}

impl AsOf {
    /// Makes sure that the entity existed.
    ///
    /// # Errors
    /// [`AsOfError::NotThere`].
    pub fn with(self, subject: Subject) -> Result<Self, AsOfError> {
        if self.organization.exists(subject) { Ok(self) } else { Err(AsOfError::NotThere) }
    }
}

/// The position that `at` stands for. `now` is the newest organization known, `clock` the present time.
///
/// # Errors
/// [`AsOfError::AtInFuture`], or `Load` if the ledger cannot be read.
pub async fn position(store: &Store, now: &Organization, clock: Moment, at: At) -> Result<u64, AsOfError> {
    match at {
        At::Position(position) if position > now.position => Err(AsOfError::AtInFuture),
        At::Position(position) => Ok(position),
        At::Moment(moment) if moment > clock.max(now.at) => Err(AsOfError::AtInFuture),
        At::Moment(moment) if moment >= now.at => Ok(now.position),
        At::Moment(moment) => {
            let found = store.position_at(&ledger_of(now.id), moment.micros()).await;
            Ok(found.map_err(LoadError::from)?)
        }
    }
}

/// The organization at `at`. `now` is the newest organization known, `clock` the present time.
///
/// # Errors
/// [`AsOfError::AtInFuture`], or `Load` if the ledger cannot be read.
pub async fn as_of(store: &Store, now: &Organization, clock: Moment, at: At) -> Result<AsOf, AsOfError> {
    let position = position(store, now, clock, at).await?;
    let organization = load_at(store, now, position).await?;
    let at = match at {
        At::Moment(moment) => moment,
        At::Position(_) => organization.at,
    };
    Ok(AsOf { organization, at })
}

/// The organization at `position`, which must not be ahead of `now`, the newest organization known.
///
/// # Errors
/// [`LoadError`] if the ledger cannot be read up to there.
pub async fn load_at(store: &Store, now: &Organization, position: u64) -> Result<Organization, LoadError> {
    if position == now.position {
        return Ok(now.clone());
    }
    if position == 0 {
        return Ok(Organization::empty(now.id));
    }
    if let Some(kept) = snapshot::nearest(store, now, position).await {
        let (at, from) = (kept.at, kept.position);
        if let Some(then) = fold(store, now, kept, position).await? {
            return Ok(then);
        }
        tracing::warn!(organization = %now.id, position = from, %at, "a snapshot does not fit its ledger and is ignored");
    }
    let folded = fold(store, now, Organization::empty(now.id), position).await?;
    folded.ok_or(LoadError::Forked { position })
}

/// Folds the entries after `then` in, up to `position`. Answers nothing if the ledger's entry at the position of
/// `then` is of another time: then it is of another history.
async fn fold(
    store: &Store,
    now: &Organization,
    mut then: Organization,
    position: u64,
) -> Result<Option<Organization>, LoadError> {
    let kept = then.position;
    let mut pages = store.stream_checked(&ledger_of(now.id), kept.max(1), position);
    while let Some(rows) = pages.next().await? {
        for row in rows {
            let entry = read::happened(now, row)?;
            if entry.position != kept {
                then.apply(entry.by, entry.at, &entry.event);
            } else if entry.at != then.at {
                return Ok(None);
            }
        }
        // A long fold must not keep others of this thread waiting.
        tokio::task::yield_now().await;
    }
    Ok(Some(then))
}

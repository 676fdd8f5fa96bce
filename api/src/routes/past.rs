//! `at`: the organization as it was, and whose access may be looked at.

use crate::app::{self, App};
use crate::error::Problem;
use crate::extract::{Caller, MinPosition};
use rollbook_domain::kernel::id::UserId;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::facts::Targets;
use rollbook_replay::as_of::{AsOf, At, as_of};

/// The newest organization, and surely the one at `at` if another process wrote that position.
pub(super) async fn newest(
    caller: &Caller,
    min: MinPosition,
    at: impl IntoIterator<Item = At>,
) -> Result<Organization, Problem> {
    let organization = app::at_least(&caller.open, min.0).await?;
    let ahead = |at: At| matches!(at, At::Position(position) if position > organization.position);
    if !at.into_iter().any(ahead) {
        return Ok(organization);
    }
    caller.open.writer.catch_up().await?;
    Ok(caller.organization())
}

/// `now` itself, or the organization as it was at `at`, with the time at which questions to it are judged.
/// Problems name `pointer`.
pub(super) async fn state(
    app: &App,
    now: &Organization,
    at: Option<At>,
    pointer: &str,
) -> Result<AsOf, Problem> {
    let clock = app.deployment().clock().now();
    match at {
        None => Ok(AsOf { organization: now.clone(), at: clock.max(now.at) }),
        Some(at) => {
            let _permit = app.fold().await?;
            as_of(app.deployment().store(), now, clock, at)
                .await
                .map_err(|error| Problem::as_of(pointer, error))
        }
    }
}

/// Whose access the caller may look at: their own; anybody's with `audit.view`; with `users.view` that of those
/// over whom it reaches.
///
/// # Errors
/// `missing` for whom there is not, told only to who may look at everybody's; else 403, the same for those who are
/// there and those who are not.
pub(super) fn whose(
    app: &App,
    caller: &Caller,
    now: &Organization,
    found: Option<UserId>,
    missing: impl FnOnce() -> Problem,
) -> Result<UserId, Problem> {
    let over =
        |user: &UserId| *user == caller.user || caller.may(now, "users.view", &Targets::of(user.subject()));
    if let Some(user) = found.filter(over) {
        return Ok(user);
    }
    caller.need(app, now, "audit.view", &Targets::default())?;
    found.ok_or_else(missing)
}

/// Runs what takes long off the threads that answer requests.
///
/// # Errors
/// 500 if it panicked.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))
}

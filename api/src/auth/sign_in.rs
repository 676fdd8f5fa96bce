//! Signing in: the same answer and the same time for every failure, a throttle and a lock-out.

use super::kept::Kept;
use super::session;
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Caller, Client, now_context};
use axum::http::StatusCode;
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::{OrganizationId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::settings::state::Setting;
use rollbook_domain::user::command::UserCommand;
use rollbook_domain::user::state::{Status, User};
use rollbook_ledger::activity::{Act, ActivityOutcome, PASSWORD_REFUSED, SIGN_IN_FAILED, SIGNED_IN};
use rollbook_ledger::deployment::Open;
use rollbook_ledger::store::{Attempts, Session};
use rollbook_ledger::writer::{Answer, Submission};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Failures of one address, whatever they named, before it must wait out the window.
const ADDRESS_FAILURES_MAX: u64 = 100;
/// The window in which failures are counted, in microseconds (15 minutes).
const WINDOW_US: i64 = 15 * 60 * 1_000_000;

/// Who signed in, and the token that says so.
#[derive(Debug)]
pub struct SignedIn {
    /// Shown once; only its hash is stored.
    pub token: String,
    /// From when it is over, microseconds since the Unix epoch.
    pub expires_at_us: i64,
    /// Who.
    pub user: UserId,
    /// The organization then.
    pub organization: Organization,
}

/// Checks a password and begins a session.
///
/// # Errors
/// 401 `sign_in_failed` whatever was wrong; 429 `too_many_attempts` with `Retry-After`.
pub async fn sign_in(
    app: &App,
    client: &Client,
    organization: &str,
    login: &str,
    password: String,
) -> Result<SignedIn, Problem> {
    let registered = app.deployment().system().find(organization).await?;
    let Some(registered) = registered else {
        throttle(app, "", client).await?;
        app.passwords().verify(password, None).await?;
        failed_address(app, "", client).await?;
        return Err(failed());
    };
    let open = app.open(registered.id).await?;
    throttle(app, &registered.id.to_string(), client).await?;
    let state = open.writer.published().organization.clone();
    let user = state.user_by_sign_in(login).cloned();
    let key = subject_key(registered.id, login, user.as_ref());
    locked(app, &state, &key, user.as_ref()).await?;
    let hash = password_hash(app, registered.id, user.as_ref()).await?;
    let right = app.passwords().verify(password, hash).await?;
    match user.filter(|user| right && user.status.value == Status::Active) {
        Some(user) => begin(app, client, &open, &state, &user).await,
        None => {
            count_failure(app, client, &open, &state, (&key, SIGN_IN_FAILED)).await?;
            Err(failed())
        }
    }
}

/// Whether `password` is the caller's own. A wrong one counts as a failed sign-in does, and while the account is locked
/// out none is checked: else a session that somebody left open would be a way to try out passwords.
///
/// # Errors
/// 429 `too_many_attempts` with `Retry-After`.
pub(crate) async fn knows_own(
    app: &App,
    caller: &Caller,
    kept: &Kept,
    password: String,
) -> Result<bool, Problem> {
    let state = caller.organization();
    let user = caller.me(&state)?;
    let key = user.id.to_string();
    locked(app, &state, &key, Some(user)).await?;
    let right = kept.is_current(app.passwords(), password).await?;
    if right {
        app.deployment().store().delete_attempts(&state.id.to_string(), &key).await?;
    } else {
        count_failure(app, &caller.client, &caller.open, &state, (&key, PASSWORD_REFUSED)).await?;
    }
    Ok(right)
}

fn failed() -> Problem {
    let detail = "organization, login and password do not fit together, or the account is not active";
    Problem::new(StatusCode::UNAUTHORIZED, "sign_in_failed", detail)
}

async fn password_hash(
    app: &App,
    organization: OrganizationId,
    user: Option<&User>,
) -> Result<Option<String>, Problem> {
    let Some(password) = user.and_then(|user| user.password) else { return Ok(None) };
    let credential = password.credential;
    let found =
        app.deployment().store().credential(&organization.to_string(), &credential.to_string()).await?;
    Ok(found.filter(|found| found.kind == "password").map(|found| found.secret_hash))
}

async fn begin(
    app: &App,
    client: &Client,
    open: &Open,
    state: &Organization,
    user: &User,
) -> Result<SignedIn, Problem> {
    let now = app.deployment().clock().now();
    let hours = i64::from(state.settings.number(Setting::SessionHours));
    let (token, token_hash) = session::new_token()?;
    let context = now_context(app, Actor::User(user.id), client)?;
    let stored = Session {
        id: context.command.to_string(),
        token_hash,
        aggregate_id: state.id.to_string(),
        user_id: user.id.to_string(),
        created_at_us: now.micros(),
        expires_at_us: now.plus_micros(hours * 3_600_000_000).micros(),
    };
    let expires_at_us = stored.expires_at_us;
    app.deployment().store().put_session(&stored).await?;
    let act = Act {
        context: Context { session: Some(context.command), ..context },
        actor_role: state.role_of(user).map(|role| role.name.clone()),
        action: SIGNED_IN,
        outcome: ActivityOutcome::Ok,
        subject: Some(user.id.subject()),
        judged_at: state.position,
        detail: BTreeMap::new(),
    };
    // Durable before the answer: without its entry the session must not be used.
    if let Err(error) = open.activity.record(act).await {
        app.deployment().store().delete_session(&stored.aggregate_id, &stored.user_id, &stored.id).await?;
        return Err(error.into());
    }
    app.deployment().store().delete_attempts(&stored.aggregate_id, &stored.user_id).await?;
    Ok(SignedIn { token, expires_at_us, user: user.id, organization: state.clone() })
}

/// Of a name that nobody has, nothing typed is kept but a hash keyed with the organization's id.
fn subject_key(organization: OrganizationId, login: &str, user: Option<&User>) -> String {
    match user {
        Some(user) => user.id.to_string(),
        None => {
            let keyed = Sha256::new()
                .chain_update(b"rollbook sign-in")
                .chain_update(organization.uuid().as_bytes())
                .chain_update(rollbook_domain::kernel::text::folded(login).as_bytes());
            format!("unknown:{}", hex::encode(keyed.finalize()))
        }
    }
}

/// A user's lock-out is a change, so it is looked up in the state; of a name that nobody has, it is a row. The row is read
/// either way, so that the time it takes tells nothing.
async fn locked(app: &App, state: &Organization, key: &str, user: Option<&User>) -> Result<(), Problem> {
    let now = app.deployment().clock().now();
    let row = app.deployment().store().attempts(&state.id.to_string(), key).await?;
    let until = match user {
        Some(user) => user.locked_until.map(Moment::micros),
        None => row.and_then(|row| row.locked_until_us),
    };
    match until.filter(|until| *until > now.micros()) {
        Some(until) => Err(too_many(until - now.micros())),
        None => Ok(()),
    }
}

fn too_many(left_us: i64) -> Problem {
    let seconds = u32::try_from(left_us / 1_000_000 + 1).unwrap_or(u32::MAX);
    let detail = "too many failed attempts; wait, or ask an administrator";
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", detail);
    Problem { retry_after: Some(seconds), ..problem }
}

async fn count_failure(
    app: &App,
    client: &Client,
    open: &Open,
    state: &Organization,
    (key, action): (&str, &'static str),
) -> Result<(), Problem> {
    let (store, now) = (app.deployment().store(), app.deployment().clock().now());
    let organization = state.id.to_string();
    let counted = store.count_failure(&organization, key, now.micros(), WINDOW_US).await?;
    let most = u64::from(state.settings.number(Setting::SignInAttemptsMax));
    let mut locks = most > 0 && counted.failures >= most;
    if locks {
        let minutes = i64::from(state.settings.number(Setting::LockOutMinutes));
        let until = now.plus_micros(minutes * 60_000_000);
        let mut locked_until_us = Some(until.micros());
        if let Some(user) = known(state, key) {
            locks = lock_out(app, client, open, user.id, until).await?;
            locked_until_us = None;
        }
        // Counted anew once it is over.
        let counter = Attempts { failures: 0, window_start_us: now.micros(), locked_until_us };
        store.put_attempts(&organization, key, counter).await?;
    }
    if locks {
        metrics::counter!("rollbook_lock_outs_total").increment(1);
    }
    note_failure(app, client, open, state, (key, action, locks))?;
    failed_address(app, &organization, client).await
}

/// The user whose failures are counted under `key`; none if it stands for a name that nobody has.
fn known<'a>(state: &'a Organization, key: &str) -> Option<&'a User> {
    key.parse().ok().map(UserId).and_then(|id| state.user(id))
}

/// Locks the account by a change, durably. Says whether this made it so: of several failures at once one does.
async fn lock_out(
    app: &App,
    client: &Client,
    open: &Open,
    user: UserId,
    until: Moment,
) -> Result<bool, Problem> {
    let context = Context {
        channel: Channel::System,
        cause: Some("failed_sign_ins".to_owned()),
        // Whose they are is not known; the failure that the activity ledger has under this request names them.
        ip: None,
        agent: None,
        ..now_context(app, Actor::System, client)?
    };
    let command = Command::User(UserCommand::LockOut { user, until });
    let (idempotency, credentials, only_at) = (None, Vec::new(), None);
    let submission = Submission { context, command, idempotency, credentials, only_at };
    match open.writer.submit(submission).await? {
        Answer::Written(written) => Ok(!written.events.is_empty()),
        Answer::Replayed(_) => Ok(false),
    }
}

fn note_failure(
    app: &App,
    client: &Client,
    open: &Open,
    state: &Organization,
    (key, action, locks): (&str, &'static str, bool),
) -> Result<(), Problem> {
    let user = known(state, key);
    let actor = user.map_or(Actor::System, |user| Actor::User(user.id));
    let mut detail =
        BTreeMap::from([("why".to_owned(), if locks { "locked out" } else { "refused" }.to_owned())]);
    if user.is_none() {
        detail.insert("login_hash".to_owned(), key.to_owned());
    }
    open.activity.note(Act {
        context: now_context(app, actor, client)?,
        actor_role: user.and_then(|user| state.role_of(user)).map(|role| role.name.clone()),
        action,
        outcome: ActivityOutcome::Refused,
        subject: user.map(|user| user.id.subject()),
        judged_at: state.position,
        detail,
    });
    Ok(())
}

/// An address that fails everywhere must wait, whatever it names.
async fn throttle(app: &App, organization: &str, client: &Client) -> Result<(), Problem> {
    let now = app.deployment().clock().now().micros();
    let attempts = app.deployment().store().attempts(organization, &address_key(client)).await?;
    let over = attempts.filter(|attempts| {
        attempts.failures >= ADDRESS_FAILURES_MAX && attempts.window_start_us + WINDOW_US > now
    });
    match over {
        Some(attempts) => Err(too_many(attempts.window_start_us + WINDOW_US - now)),
        None => Ok(()),
    }
}

async fn failed_address(app: &App, organization: &str, client: &Client) -> Result<(), Problem> {
    let now = app.deployment().clock().now().micros();
    app.deployment().store().count_failure(organization, &address_key(client), now, WINDOW_US).await?;
    Ok(())
}

fn address_key(client: &Client) -> String {
    let ip = client.ip.as_deref().unwrap_or_default();
    format!("address:{}", hex::encode(Sha256::digest(ip.as_bytes())))
}

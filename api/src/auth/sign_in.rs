//! Signing in: the same answer and the same time for every failure. How often it may be tried is in `guess`, and what is
//! asked beside the password in `second`.

use super::guess::Guess;
use super::second::Factor;
use super::session;
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Client, now_context};
use axum::http::StatusCode;
use rollbook_domain::kernel::context::{Actor, Context};
use rollbook_domain::kernel::id::UserId;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::settings::state::Setting;
use rollbook_domain::user::state::User;
use rollbook_ledger::activity::{Act, ActivityOutcome, SIGNED_IN};
use rollbook_ledger::deployment::Open;
use rollbook_ledger::store::{Session, StoreError};

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
/// 403 `address_not_allowed` before anything is tried; 401 `sign_in_failed` whatever was wrong,
/// `code_required` if only a code is missing; 409 `no_free_seat`; 429 `too_many_attempts` with `Retry-After`.
pub async fn sign_in(
    app: &App,
    client: &Client,
    organization: &str,
    login: &str,
    (password, code): (String, Option<&str>),
) -> Result<SignedIn, Problem> {
    let open = match app.deployment().system().find(organization).await? {
        Some(registered) => Some(app.open(registered.id).await?),
        None => None,
    };
    let state = open.as_ref().map(|open| open.writer.published().organization.clone());
    let user = state.as_ref().and_then(|state| state.user_by_sign_in(login));
    let guess = Guess::by_login(app, client, open.as_ref(), (organization, login), user.map(|user| user.id));
    if state.as_ref().is_some_and(|state| !state.settings.lets_in(client.address())) {
        // Nobody tries passwords, or locks anybody out, from there.
        metrics::counter!("rollbook_addresses_refused_total").increment(1);
        guess.note("address not allowed")?;
        return Err(Problem::address_not_allowed());
    }
    let now = app.deployment().clock().now();
    let stored = user.filter(|user| user.is_active_at(now)).and_then(|user| user.password);
    let stored = stored.map(|password| password.credential);
    let Some(turn) = guess.is_right(password, stored).await? else { return Err(failed()) };
    let Some(((open, state), user)) = open.as_ref().zip(state.as_ref()).zip(user) else {
        return Err(failed());
    };
    let factor = match (&user.two_factor, code) {
        (None, _) => None,
        (Some(_), None) => return Err(no_code(&guess)?),
        (Some(two_factor), Some(code)) => {
            Some(guess.code(two_factor, code, &turn).await?.ok_or_else(failed)?)
        }
    };
    drop(turn);
    begin(&guess, (app, client), open, (state, user), factor).await
}

/// What is said to somebody who knows the password; that they do is on record, and counts as no failure.
fn no_code(guess: &Guess<'_>) -> Result<Problem, Problem> {
    guess.note("no code")?;
    let detail = "give a `code` too: six digits of your app, or a recovery code";
    Ok(Problem::new(StatusCode::UNAUTHORIZED, "code_required", detail))
}

fn failed() -> Problem {
    let detail = "organization, login and password do not fit together, or the account is not active";
    Problem::new(StatusCode::UNAUTHORIZED, "sign_in_failed", detail)
}

async fn begin(
    guess: &Guess<'_>,
    (app, client): (&App, &Client),
    open: &Open,
    (state, user): (&Organization, &User),
    factor: Option<Factor>,
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
    if !seat(app, state, &stored).await? {
        return Err(no_seat(guess, state)?);
    }
    // Whoever changed the password since it was checked ended the sessions that they found; this may have come after.
    if guess.hash(user.password.map(|password| password.credential)).await?.is_none() {
        app.deployment().store().delete_session(&stored.aggregate_id, &stored.user_id, &stored.id).await?;
        return Err(failed());
    }
    let act = Act {
        context: Context { session: Some(context.command), ..context },
        actor_role: state.role_of(user).map(|role| role.name.clone()),
        action: SIGNED_IN,
        outcome: ActivityOutcome::Ok,
        subject: Some(user.id.subject()),
        judged_at: state.position,
        detail: factor.map(|factor| ("factor".to_owned(), factor.word().to_owned())).into_iter().collect(),
    };
    // Durable before the answer: without its entry the session must not be used.
    if let Err(error) = open.activity.record(act).await {
        app.deployment().store().delete_session(&stored.aggregate_id, &stored.user_id, &stored.id).await?;
        return Err(error.into());
    }
    guess.forgiven().await?;
    // For people to look at: nobody is kept out because it cannot be counted.
    let counted =
        app.deployment().store().count_logon(&stored.aggregate_id, &stored.user_id, now.micros()).await;
    if let Err(error) = counted {
        tracing::warn!(%error, "a sign-in could not be counted");
    }
    // A recovery code may have been used up since.
    let organization = open.writer.published().organization.clone();
    Ok(SignedIn { token, expires_at_us, user: user.id, organization })
}

/// Begins the session if a seat is free. Who is signed in already keeps the seat, and needs no other for a further device.
async fn seat(app: &App, state: &Organization, session: &Session) -> Result<bool, Problem> {
    let store = app.deployment().store();
    let licences = state.settings.number(Setting::Licences);
    if licences == 0 {
        store.put_session(session).await?;
        return Ok(true);
    }
    let begun = store.put_session_if_seated(session, licences.into()).await;
    if let Err(StoreError::InDoubt(_)) = begun {
        // Nobody knows its token: if it began, its seat would be taken in vain until it is over.
        store.delete_session(&session.aggregate_id, &session.user_id, &session.id).await?;
    }
    Ok(begun?)
}

/// What is said to somebody who knows the password but finds the house full; it is no failure of theirs and does not count.
fn no_seat(guess: &Guess<'_>, state: &Organization) -> Result<Problem, Problem> {
    metrics::counter!("rollbook_seats_refused_total").increment(1);
    guess.note("no free seat")?;
    let licences = state.settings.number(Setting::Licences);
    let detail = format!(
        "every licence is in use ({licences}); try again when somebody has signed out, or ask an administrator to raise `licences`"
    );
    Ok(Problem::new(StatusCode::CONFLICT, "no_free_seat", &detail))
}

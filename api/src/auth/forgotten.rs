//! A forgotten password: a link for whoever says so, if there is such a user, sent to the address that the user has.
//!
//! Whoever asks is answered before anything is looked up, and always alike, so that neither answer nor time tells who
//! there is. An address that asks too often must wait; a user who is asked for too often gets no further link.

use super::guess::{address_key, too_many};
use super::link::Drawn;
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Client, now_context};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::UserId;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::link;
use rollbook_ledger::activity::{Act, ActivityOutcome, LINK_ASKED};
use rollbook_ledger::deployment::Open;
use rollbook_ledger::writer::asked_link;
use std::collections::BTreeMap;

/// How often an address may ask in a window.
const ADDRESS_ASKS_MAX: u64 = 20;
/// Links that a user gets in a window.
const USER_LINKS_MAX: u64 = 5;
/// The window, in microseconds (one hour).
const WINDOW_US: i64 = 60 * 60 * 1_000_000;
/// Under which organization the counters of addresses lie.
const NOWHERE: &str = "";

/// Lets whoever is meant have a link, after this returned.
///
/// # Errors
/// 429 `too_many_attempts` if this address asked too often; 503 `busy`.
pub(crate) async fn asked(
    app: &App,
    client: Client,
    organization: String,
    login: String,
) -> Result<(), Problem> {
    let turn = app.link_turn()?;
    let now = app.deployment().clock().now().micros();
    let key = format!("links:{}", address_key(&client));
    let counted = app.deployment().store().count_failure(NOWHERE, &key, now, WINDOW_US).await?;
    if counted.failures > ADDRESS_ASKS_MAX {
        return Err(too_many(counted.window_start_us + WINDOW_US - now));
    }
    let app = app.clone();
    tokio::spawn(async move {
        let _turn = turn;
        if let Err(problem) = answered(&app, &client, &organization, &login).await {
            tracing::error!(code = problem.code, "a link to set a password could not be made");
        }
    });
    Ok(())
}

/// Why somebody gets a link or none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Nobody,
    Closed(UserId),
    TooOften(UserId),
    Link(UserId),
}

async fn answered(app: &App, client: &Client, organization: &str, login: &str) -> Result<(), Problem> {
    let Some(registered) = app.deployment().system().find(organization).await? else { return Ok(()) };
    let open = app.open(registered.id).await?;
    // Another process may have added, blocked or renamed somebody just now.
    open.writer.catch_up().await?;
    let state = open.writer.published().organization.clone();
    let found = found(app, &state, login).await?;
    if let Found::Link(user) = found {
        send(app, &open, &state, user).await?;
    }
    note(app, client, &open, &state, found)
}

async fn found(app: &App, state: &Organization, login: &str) -> Result<Found, Problem> {
    let Some(user) = state.user_by_sign_in(login) else { return Ok(Found::Nobody) };
    let now = app.deployment().clock().now();
    if !link::may_ask(state, user, now) {
        return Ok(Found::Closed(user.id));
    }
    let (place, key) = (state.id.to_string(), format!("links:{}", user.id));
    let store = app.deployment().store();
    let counted = store.count_failure(&place, &key, now.micros(), WINDOW_US).await?;
    Ok(if counted.failures > USER_LINKS_MAX { Found::TooOften(user.id) } else { Found::Link(user.id) })
}

async fn send(app: &App, open: &Open, state: &Organization, user: UserId) -> Result<(), Problem> {
    let (store, now) = (app.deployment().store(), app.deployment().clock().now());
    let until = link::asked_until(&state.settings, now);
    let drawn = Drawn::asked(state.id, user, (now, until))?;
    let place = state.id.to_string();
    // The link first: a mail whose link is not there is not sent.
    store.put_credential(&place, &drawn.credential).await?;
    store.put_mail(&place, &drawn.mail()).await?;
    // What ended the user's links while this one was written did not see it.
    open.writer.catch_up().await?;
    let after = open.writer.published().organization.clone();
    let password = |state: &Organization| state.user(user).and_then(|user| user.password);
    let still = after.user(user).is_some_and(|user| link::may_ask(&after, user, now));
    if !still || password(&after) != password(state) {
        store.delete_credential(&place, &asked_link(user)).await?;
    }
    app.mail_waits();
    Ok(())
}

fn note(app: &App, client: &Client, open: &Open, state: &Organization, found: Found) -> Result<(), Problem> {
    let (user, outcome, why) = match found {
        Found::Nobody => (None, ActivityOutcome::Refused, "nobody signs in as that"),
        Found::Closed(user) => (Some(user), ActivityOutcome::Refused, "they may have none now"),
        Found::TooOften(user) => (Some(user), ActivityOutcome::Refused, "too often"),
        Found::Link(user) => (Some(user), ActivityOutcome::Ok, "it is on its way"),
    };
    let role = user.and_then(|user| state.role_of(state.user(user)?));
    open.activity.note(Act {
        context: now_context(app, user.map_or(Actor::System, Actor::User), client)?,
        actor_role: role.map(|role| role.name.clone()),
        action: LINK_ASKED,
        outcome,
        subject: user.map(UserId::subject),
        judged_at: state.position,
        detail: BTreeMap::from([("why".to_owned(), why.to_owned())]),
    });
    Ok(())
}

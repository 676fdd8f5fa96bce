//! The task that empties the outbox.
//!
//! It claims a mail, looks up whether its link can be used still and where it is to go, sends it, and forgets it. What
//! fails is tried again, later each time, until the link has expired. Logs name mails by their id: no address, no secret, and
//! nothing that a mail server said, which may repeat both.

use super::Mailer;
use super::letter::Letter;
use crate::app::App;
use crate::auth::link::{self, Held, Purpose};
use crate::error::Problem;
use backon::{BackoffBuilder, ExponentialBuilder};
use lettre::AsyncTransport;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::kernel::moment::Moment;
use rollbook_ledger::store::Waiting;
use std::time::Duration;

/// How long a claimed mail is left alone: longer than one is sent, since another process would send it too.
const LEASE: Duration = Duration::from_secs(30);
/// Longest a mail takes.
const SEND_TIME_MAX: Duration = Duration::from_secs(20);
/// How often it is looked for mails that another process, or one that died, left.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often mails that nobody needs any more are cleared away where none are sent.
const CLEAR_EVERY: Duration = Duration::from_secs(60);
/// Mails that are looked at together.
const AT_ONCE: u64 = 20;
/// Between the first tries, and at most between later ones.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));

/// Sends what is due, for as long as the process serves.
pub async fn sending(app: App) {
    let every = if app.options().mailer.is_some() { LOOK_EVERY } else { CLEAR_EVERY };
    loop {
        let done = match app.options().mailer.clone() {
            Some(mailer) => send_due(&app, &mailer).await,
            None => clear(&app).await,
        };
        if let Err(problem) = done {
            tracing::error!(code = problem.code, "the outbox could not be worked on");
        }
        tokio::select! {
            () = app.mail_comes() => {}
            () = tokio::time::sleep(every) => {}
        }
    }
}

/// Sends what is due now.
///
/// # Errors
/// If the database does not answer.
async fn send_due(app: &App, mailer: &Mailer) -> Result<(), Problem> {
    let store = app.deployment().store();
    for waiting in store.mails(now_us(app), AT_ONCE).await? {
        let lease = now_us(app) + micros(LEASE);
        if let Some(claimed) = store.claim_mail(&waiting, lease).await? {
            one(app, mailer, &claimed).await?;
        }
    }
    Ok(())
}

/// Forgets what nobody needs any more: mails of links that were used, ended or have expired.
///
/// # Errors
/// If the database does not answer.
async fn clear(app: &App) -> Result<(), Problem> {
    for waiting in app.deployment().store().mails(i64::MAX, AT_ONCE * 10).await? {
        if ready(app, &waiting).await?.is_none() {
            drop_it(app, &waiting).await?;
        }
    }
    Ok(())
}

async fn one(app: &App, mailer: &Mailer, claimed: &Waiting) -> Result<(), Problem> {
    let store = app.deployment().store();
    let Some(ready) = ready(app, claimed).await? else { return drop_it(app, claimed).await };
    let sent = tokio::time::timeout(SEND_TIME_MAX, ready.send(app, mailer, claimed)).await;
    match sent.unwrap_or_else(|_| Err("it took too long".to_owned())) {
        Ok(()) => {
            metrics::counter!("rollbook_mails_sent_total").increment(1);
            store.delete_mail(claimed).await?;
        }
        Err(why) => {
            metrics::counter!("rollbook_mails_failed_total").increment(1);
            let (mail, tries) = (&claimed.mail.id, claimed.mail.tries);
            tracing::warn!(mail, tries, why, "a mail could not be sent; it is tried again");
            store.postpone_mail(claimed, now_us(app) + micros(wait(tries))).await?;
        }
    }
    Ok(())
}

async fn drop_it(app: &App, waiting: &Waiting) -> Result<(), Problem> {
    tracing::info!(mail = waiting.mail.id, tries = waiting.mail.tries, "a mail is of no use any more");
    metrics::counter!("rollbook_mails_dropped_total").increment(1);
    Ok(app.deployment().store().delete_mail(waiting).await?)
}

/// A mail whose link can be used still, and where it goes.
struct Ready {
    to: String,
    name: String,
    login: String,
    organization: String,
    purpose: Purpose,
    until: Moment,
}

async fn ready(app: &App, waiting: &Waiting) -> Result<Option<Ready>, Problem> {
    let Some(secret) = link::parse(&waiting.mail.secret) else { return Ok(None) };
    let held = Held::find(app.deployment().store(), &secret).await?;
    let Some(held) = held.filter(|held| held.until.micros() > now_us(app)) else { return Ok(None) };
    let id = waiting.aggregate_id.parse().map_err(|_| Problem::internal(&"a mail of no organization"))?;
    let open = app.open(OrganizationId(id)).await?;
    let organization = open.writer.published().organization.clone();
    let ready = organization.user(held.user).and_then(|user| {
        let to = user.email.as_ref()?.clear()?.to_owned();
        let (name, login) = (user.name.text().to_owned(), user.login.text().to_owned());
        let organization = organization.name.clone();
        Some(Ready { to, name, login, organization, purpose: held.purpose, until: held.until })
    });
    Ok(ready)
}

impl Ready {
    async fn send(&self, app: &App, mailer: &Mailer, waiting: &Waiting) -> Result<(), String> {
        let address = link::address(app.options().public_url.as_deref(), &waiting.mail.secret);
        let letter = Letter {
            name: &self.name,
            organization: &self.organization,
            login: &self.login,
            purpose: self.purpose,
            address: &address,
            until: self.until,
        };
        let message = letter.message(mailer.from.clone(), &self.to)?;
        mailer.transport.send(message).await.map(drop).map_err(|error| failure(&error))
    }
}

/// What went wrong, in words of our own.
fn failure(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None if error.is_timeout() => "the mail server did not answer in time".to_owned(),
        None if error.is_tls() => "no TLS with the mail server".to_owned(),
        None => "the mail server could not be reached".to_owned(),
    }
}

fn wait(tries: u64) -> Duration {
    let (first, most) = WAITS;
    let backoff = ExponentialBuilder::default().with_min_delay(first).with_max_delay(most).with_factor(2.0);
    let mut waits = backoff.with_jitter().without_max_times().build();
    waits.nth(usize::try_from(tries.saturating_sub(1).min(20)).unwrap_or(20)).unwrap_or(most)
}

fn now_us(app: &App) -> i64 {
    app.deployment().clock().now().micros()
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_longer_up_to_ten_minutes() {
        let seconds = |tries| wait(tries).as_secs();
        assert!((1..=2).contains(&seconds(1)), "{}", seconds(1));
        assert!((8..=16).contains(&seconds(4)), "{}", seconds(4));
        assert!((300..=600).contains(&seconds(1_000)), "{}", seconds(1_000));
    }
}

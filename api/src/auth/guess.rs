//! Trying a password: how often it may be tried. Too many failures lock an account out, by a change, and an address that
//! fails everywhere must wait.
//!
//! What is known of whoever tries, and what is not, is answered and counted alike. Sessions are begun in `sign_in`.

use super::password::Turn;
use super::second::{self, Checked, Factor};
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Caller, Client, now_context};
use axum::http::StatusCode;
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::{CredentialId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::kernel::text::folded;
use rollbook_domain::organization::command::Command;
use rollbook_domain::settings::state::{Setting, Settings};
use rollbook_domain::user::command::UserCommand;
use rollbook_domain::user::two_factor::TwoFactor;
use rollbook_ledger::activity::{Act, ActivityOutcome, SIGN_IN_FAILED};
use rollbook_ledger::deployment::Open;
use rollbook_ledger::store::Attempts;
use rollbook_ledger::writer::{Answer, Submission};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use uuid::Uuid;

/// Failures of one address, whatever they named, before it must wait out the window.
const ADDRESS_FAILURES_MAX: u64 = 100;
/// The window in which failures are counted, in microseconds (15 minutes).
const WINDOW_US: i64 = 15 * 60 * 1_000_000;
/// Where failures are counted that are no organization's: those of addresses, and of names that no organization has.
const NOWHERE: &str = "";

/// A password that somebody tries.
pub(crate) struct Guess<'a> {
    app: &'a App,
    client: &'a Client,
    /// None where no organization has the name that was given.
    open: Option<&'a Open>,
    user: Option<UserId>,
    /// The session in which it is tried, by one who is in already.
    session: Option<Uuid>,
    /// Whose failures they are: a user's id, or what stands for a name that nobody has.
    key: String,
}

impl<'a> Guess<'a> {
    /// Of one who signs in as `login`: `user`, if there is one.
    pub(crate) fn by_login(
        app: &'a App,
        client: &'a Client,
        open: Option<&'a Open>,
        (organization, login): (&str, &str),
        user: Option<UserId>,
    ) -> Self {
        let known = |open: &Open| open.writer.id().to_string();
        let salt = open.map_or_else(|| folded(organization), known);
        let key = user.map_or_else(|| unknown(&salt, login), |user| user.to_string());
        Self { app, client, open, user, session: None, key }
    }

    /// Of one who is in already, and says their password once more.
    pub(crate) fn by_caller(app: &'a App, caller: &'a Caller) -> Self {
        let (open, user, session) = (Some(&caller.open), Some(caller.user), caller.session);
        Self { app, client: &caller.client, open, user, session, key: caller.user.to_string() }
    }

    /// Whether it is the stored password; without one the same work is done, and it is not. A wrong one is counted and
    /// noted. The turn of a right one lasts until its caller has looked at all else that must be right.
    ///
    /// # Errors
    /// 429 `too_many_attempts` if none may be tried just now.
    pub(crate) async fn is_right(
        &self,
        password: String,
        stored: Option<CredentialId>,
    ) -> Result<Option<Turn>, Problem> {
        self.may_be_made().await?;
        let turn = self.app.passwords().turn().await?;
        // Whoever tries many at once must not get them all in before the first is counted, so the turn lasts until then.
        self.may_be_made().await?;
        if turn.verify(password, self.hash(stored).await?).await? {
            return Ok(Some(turn));
        }
        let why = match (self.failed().await?, self.session) {
            (true, _) => "locked out",
            (false, Some(_)) => "not the old password",
            (false, None) => "refused",
        };
        self.note(why)?;
        Ok(None)
    }

    /// Which factor a code is, used up by now. A wrong one, or one that was used before, is counted and noted like a wrong
    /// password; whoever tries it holds a turn.
    ///
    /// # Errors
    /// 429 `too_many_attempts` if none may be tried just now.
    pub(crate) async fn code(
        &self,
        two_factor: &TwoFactor,
        code: &str,
        _turn: &Turn,
    ) -> Result<Option<Factor>, Problem> {
        self.may_be_made().await?;
        let Some((open, user)) = self.open.zip(self.user) else { return Ok(None) };
        let why = match second::check(self.app, self.client, open, (user, two_factor), code).await? {
            Checked::Right(factor) => return Ok(Some(factor)),
            Checked::Wrong => "wrong code",
            Checked::Used => "a code that was used before",
        };
        let why = if self.failed().await? { "locked out" } else { why };
        self.note(why)?;
        Ok(None)
    }

    /// Forgets the failures, after a right one.
    pub(crate) async fn forgiven(&self) -> Result<(), Problem> {
        Ok(self.app.deployment().store().delete_attempts(&self.place(), &self.key).await?)
    }

    /// The hash of the stored password, which is gone once there is another. It is looked for also where there is none,
    /// so that the time it takes tells nothing.
    pub(crate) async fn hash(&self, stored: Option<CredentialId>) -> Result<Option<String>, Problem> {
        let id = stored.unwrap_or(CredentialId(Uuid::nil())).to_string();
        let found = self.app.deployment().store().credential(&self.place(), &id).await?;
        Ok(found.filter(|found| found.kind == "password").map(|found| found.secret_hash))
    }

    fn place(&self) -> String {
        self.open.map_or_else(|| NOWHERE.to_owned(), |open| open.writer.id().to_string())
    }

    fn settings(&self) -> Settings {
        let newest = |open: &Open| open.writer.published().organization.settings.clone();
        self.open.map(newest).unwrap_or_default()
    }

    async fn may_be_made(&self) -> Result<(), Problem> {
        self.address_waits().await?;
        self.is_locked().await
    }

    async fn address_waits(&self) -> Result<(), Problem> {
        let now = self.app.deployment().clock().now().micros();
        let attempts = self.app.deployment().store().attempts(NOWHERE, &address_key(self.client)).await?;
        let over = attempts.filter(|attempts| {
            attempts.failures >= ADDRESS_FAILURES_MAX && attempts.window_start_us + WINDOW_US > now
        });
        match over {
            Some(attempts) => Err(too_many(attempts.window_start_us + WINDOW_US - now)),
            None => Ok(()),
        }
    }

    /// A user's lock-out is a change, so it is looked up in the state; of a name that nobody has, it is a row. The row is
    /// read either way, so that the time it takes tells nothing.
    async fn is_locked(&self) -> Result<(), Problem> {
        let now = self.app.deployment().clock().now();
        let row = self.app.deployment().store().attempts(&self.place(), &self.key).await?;
        let until = match self.open.zip(self.user) {
            Some((open, user)) => {
                let published = open.writer.published();
                published.organization.user(user).and_then(|user| user.locked_until).map(Moment::micros)
            }
            None => row.and_then(|row| row.locked_until_us),
        };
        match until.filter(|until| *until > now.micros()) {
            Some(until) => Err(too_many(until - now.micros())),
            None => Ok(()),
        }
    }

    /// Counts a failure. Whether it was the one too many.
    async fn failed(&self) -> Result<bool, Problem> {
        let (store, now) = (self.app.deployment().store(), self.app.deployment().clock().now());
        let counted = store.count_failure(&self.place(), &self.key, now.micros(), WINDOW_US).await?;
        let settings = self.settings();
        let most = u64::from(settings.number(Setting::SignInAttemptsMax));
        let mut locks = most > 0 && counted.failures >= most;
        if locks {
            let minutes = i64::from(settings.number(Setting::LockOutMinutes));
            let until = now.plus_micros(minutes * 60_000_000);
            let mut locked_until_us = Some(until.micros());
            if let Some((open, user)) = self.open.zip(self.user) {
                locks = self.lock_out(open, user, until).await?;
                locked_until_us = None;
            }
            // Counted anew once it is over.
            let counter = Attempts { failures: 0, window_start_us: now.micros(), locked_until_us };
            store.put_attempts(&self.place(), &self.key, counter).await?;
        }
        if locks {
            metrics::counter!("rollbook_lock_outs_total").increment(1);
        }
        store.count_failure(NOWHERE, &address_key(self.client), now.micros(), WINDOW_US).await?;
        Ok(locks)
    }

    /// Notes that nobody was let in, and why. Nothing that was typed is kept.
    pub(super) fn note(&self, why: &str) -> Result<(), Problem> {
        let Some(open) = self.open else { return Ok(()) };
        let state = &open.writer.published().organization;
        let actor = self.user.map_or(Actor::System, Actor::User);
        let mut detail = BTreeMap::from([("why".to_owned(), why.to_owned())]);
        if self.user.is_none() {
            detail.insert("login_hash".to_owned(), self.key.clone());
        }
        let role = self.user.and_then(|user| state.role_of(state.user(user)?));
        open.activity.note(Act {
            context: Context { session: self.session, ..now_context(self.app, actor, self.client)? },
            actor_role: role.map(|role| role.name.clone()),
            action: SIGN_IN_FAILED,
            outcome: ActivityOutcome::Refused,
            subject: self.user.map(UserId::subject),
            judged_at: state.position,
            detail,
        });
        Ok(())
    }

    /// Locks the account by a change, durably. Says whether this made it so: of several failures at once one does.
    async fn lock_out(&self, open: &Open, user: UserId, until: Moment) -> Result<bool, Problem> {
        let context = Context {
            channel: Channel::System,
            cause: Some("failed_sign_ins".to_owned()),
            // Whose they are is not known; the failure that the activity ledger has under this request names them.
            ip: None,
            agent: None,
            ..now_context(self.app, Actor::System, self.client)?
        };
        let command = Command::User(UserCommand::LockOut { user, until });
        let (idempotency, credentials, only_at) = (None, Vec::new(), None);
        let submission = Submission { context, command, idempotency, credentials, only_at };
        match open.writer.submit(submission).await? {
            Answer::Written(written) => Ok(!written.events.is_empty()),
            Answer::Replayed(_) => Ok(false),
        }
    }
}

pub(super) fn too_many(left_us: i64) -> Problem {
    let seconds = u32::try_from(left_us / 1_000_000 + 1).unwrap_or(u32::MAX);
    let detail = "too many failed attempts; wait, or ask an administrator";
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", detail);
    Problem { retry_after: Some(seconds), ..problem }
}

/// Of a name that nobody has, nothing typed is kept but a keyed hash.
fn unknown(salt: &str, login: &str) -> String {
    let keyed = Sha256::new()
        .chain_update(b"rollbook sign-in")
        .chain_update((salt.len() as u64).to_be_bytes())
        .chain_update(salt.as_bytes())
        .chain_update(folded(login).as_bytes());
    format!("unknown:{}", hex::encode(keyed.finalize()))
}

pub(super) fn address_key(client: &Client) -> String {
    let ip = client.ip.as_deref().unwrap_or_default();
    let network = ip.parse().map_or_else(|_| ip.to_owned(), |ip| network(ip).to_string());
    format!("address:{}", hex::encode(Sha256::digest(network.as_bytes())))
}

/// Whose addresses count as one: a host has a whole IPv6 network of 64 bits to itself.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_counts_as_one_whichever_address_of_its_network_it_uses() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2::7"), network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(network("2001:db8:1:2::7"), network("2001:db8:1:3::7"));
        assert_eq!(network("::ffff:203.0.113.9"), "203.0.113.9");
        assert_ne!(network("203.0.113.9"), network("203.0.113.10"));
    }

    #[test]
    fn names_that_nobody_has_are_counted_apart_whatever_their_case() {
        assert_eq!(unknown("north", "Zoe"), unknown("north", "zoe"));
        assert_ne!(unknown("north", "zoe"), unknown("nort", "hzoe"));
        assert!(!unknown("north", "zoe").contains("zoe"));
    }
}

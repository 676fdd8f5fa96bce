//! Erasing a person's data (design §1.4): after *erasure requested* the values go, then *erased* is appended.
//!
//! What is to go is read from the ledger alone, never from a request, so a value is gone only where an erasure
//! request explains it. Every step may be done again: whoever was cut off in between finishes it by trying
//! again, and so does the next start, which also takes away what a restore brought back. However many finish
//! one erasure at once, one confirms it: each under the same key. A person is a user or an agent; who is erased as a
//! user is erased in the same command as the agent they signed in as, so finishing a user finishes agents too.

pub mod agents;

use crate::activity;
use crate::clock::Clock;
use crate::codec::Owner;
use crate::deployment::Open;
use crate::entry::LedgerId;
use crate::store::{ReadError, Store, StoreError, Stored, Subject};
use crate::writer::{Answer, Idempotency, Submission, WriteError, ledger_of, reading};
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::{OrganizationId, Subject as Entity, UserId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::UserCommand;
use rollbook_domain::user::state::User;
use std::collections::BTreeMap;

/// Events of one person that are read at once when the newest word on their erasure is looked for.
const EVENTS_AT_ONCE: u32 = 100;
/// How often more may be asked for while an erasure is being finished.
const ASKED_AGAIN_MAX: u32 = 5;

/// Finishes the erasure that the ledger holds a request for. Answers the position of the confirmation, or
/// nothing if it was confirmed before.
///
/// # Errors
/// [`WriteError`]; trying again, or starting again, goes on where it stopped.
pub async fn finish(
    store: &Store,
    clock: &Clock,
    open: &Open,
    user: UserId,
) -> Result<Option<u64>, WriteError> {
    // Counts that still wait would be written with the address that is about to go.
    open.activity.flush().await;
    agents::finish(store, clock, open).await?;
    for _ in 0..ASKED_AGAIN_MAX {
        open.writer.catch_up().await?;
        let organization = open.writer.published().organization.clone();
        let Some(user) = organization.user(user).filter(|user| user.erased) else { return Ok(None) };
        forget(store, organization.id, user).await.map_err(unavailable)?;
        let asked = Asked::newest(store, organization.id, user).await.map_err(reading)?;
        // If more was asked for meanwhile, more must go.
        if asked.at <= organization.position {
            return confirm(clock, open, user, asked).await;
        }
    }
    Err(WriteError::Busy)
}

/// At a start: finishes what was requested and not confirmed, and takes away what is there again.
///
/// # Errors
/// If values that must go cannot be deleted. A confirmation that cannot be appended is left to the next start.
pub(crate) async fn resume(store: &Store, clock: &Clock, open: &Open) -> Result<(), ReadError> {
    let organization = open.writer.published().organization.clone();
    for agent in organization.agents.values().filter(|agent| agent.is_erased()) {
        agents::resume(store, clock, open, agent).await?;
    }
    for user in organization.users.values().filter(|user| user.erased) {
        let asked = Asked::newest(store, organization.id, user).await?;
        if asked.is_confirmed
            && !is_back(store, organization.id, &keys(user)).await?
            && store.pictures_of(&organization.id.to_string(), &user.id.to_string()).await? == 0
        {
            continue;
        }
        tracing::warn!(user = %user.id, "erasing personal values that the ledger says are gone");
        forget(store, organization.id, user).await?;
        // Whoever asked for more meanwhile finishes it.
        if asked.at > organization.position {
            continue;
        }
        if let Err(error) = confirm(clock, open, user, asked).await {
            tracing::error!(user = %user.id, %error, "the erasure is done but could not be confirmed");
        }
    }
    Ok(())
}

fn ledgers(id: OrganizationId) -> [LedgerId; 2] {
    [ledger_of(id), activity::ledger_of(id)]
}

/// Under which keys lie the values that the ledger says are gone.
fn keys(user: &User) -> Vec<String> {
    let key = |authored| Owner { person: user.id.to_string(), authored }.key();
    std::iter::once(key(false)).chain(user.erased_authored.then(|| key(true))).collect()
}

/// Values, and snapshots that hold them.
async fn forget_values(store: &Store, id: OrganizationId, keys: &[String]) -> Result<(), StoreError> {
    for ledger in ledgers(id) {
        for key in keys {
            store.delete_personal(&ledger, key).await?;
        }
        store.delete_snapshots(&ledger).await?;
    }
    Ok(())
}

/// Values, secrets, mails, pictures, sessions and counters.
async fn forget(store: &Store, id: OrganizationId, user: &User) -> Result<(), StoreError> {
    forget_values(store, id, &keys(user)).await?;
    let (organization, person) = (id.to_string(), user.id.to_string());
    // A first password is stored before its user has an id, so it is known by its own id alone.
    let named = user.credentials().map(|id| id.to_string());
    let owned = store.credentials_of(&organization, &person).await?.into_iter().map(|one| one.id);
    for credential in named.chain(owned) {
        store.delete_credential(&organization, &credential).await?;
    }
    store.delete_mails_of(&organization, &person).await?;
    store.delete_pictures_of(&organization, &person).await?;
    store.delete_logons_of(&organization, &person).await?;
    store.delete_sessions_of(&organization, &person).await?;
    store.delete_attempts(&organization, &person).await
}

/// Whether a value is there that the ledger says is gone.
async fn is_back(store: &Store, id: OrganizationId, keys: &[String]) -> Result<bool, StoreError> {
    for ledger in ledgers(id) {
        for key in keys {
            if !store.personal_of(&ledger, key).await?.is_empty() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The newest request to erase a user.
#[derive(Clone, Copy)]
struct Asked {
    at: u64,
    /// Whether it was said since that all of it was done.
    is_confirmed: bool,
}

impl Asked {
    async fn newest(store: &Store, id: OrganizationId, user: &User) -> Result<Self, ReadError> {
        let mut asked = Self { at: 0, is_confirmed: false };
        let mut words = Words::of(id, user.id.subject());
        while let Some(word) = words.next(store).await? {
            if !word.is_confirmation {
                asked.at = word.at;
                break;
            }
            // Somebody may have asked for more between a request and its confirmation.
            asked.is_confirmed |= word.authored || !user.erased_authored;
        }
        Ok(asked)
    }
}

/// One word of the ledger on a person's erasure.
#[derive(Clone, Copy)]
struct Word {
    at: u64,
    is_confirmation: bool,
    authored: bool,
}

/// What the ledger says of a person's erasure, newest first.
struct Words {
    ledger: LedgerId,
    subject: Subject,
    before: Option<u64>,
    /// Oldest first.
    read: Vec<Word>,
}

impl Words {
    fn of(id: OrganizationId, subject: Entity) -> Self {
        let subject = Subject { kind: subject.kind.word().to_owned(), id: subject.id.to_string() };
        Self { ledger: ledger_of(id), subject, before: None, read: Vec::new() }
    }

    async fn next(&mut self, store: &Store) -> Result<Option<Word>, ReadError> {
        loop {
            if let Some(word) = self.read.pop() {
                return Ok(Some(word));
            }
            let positions =
                store.positions_of(&self.ledger, &self.subject, self.before, EVENTS_AT_ONCE).await?;
            let Some(oldest) = positions.last() else { return Ok(None) };
            self.before = Some(*oldest);
            let rows = store.read_positions(&self.ledger, &positions).await?;
            let word = |row: &Stored| {
                let is_confirmation = match row.entry.event_type.as_str() {
                    "user.erased" | "agent.erased" => true,
                    "user.erasure_requested" | "agent.erasure_requested" => false,
                    _ => return None,
                };
                let authored = row.entry.payload.get("authored").is_some_and(|value| *value == true);
                Some(Word { at: row.entry.position, is_confirmation, authored })
            };
            self.read = rows.iter().filter_map(word).collect();
        }
    }
}

/// Where the erasure that was asked for at or before `position` was confirmed: there already, or at the first
/// confirmation after it. Nothing if nobody confirmed it yet.
///
/// # Errors
/// If the ledger cannot be read.
pub async fn confirmed(
    store: &Store,
    id: OrganizationId,
    person: Entity,
    position: u64,
) -> Result<Option<u64>, ReadError> {
    let mut first = None;
    let mut words = Words::of(id, person);
    while let Some(Word { at, is_confirmation, .. }) = words.next(store).await? {
        if at <= position {
            return Ok(if is_confirmation { Some(position) } else { first });
        }
        first = is_confirmation.then_some(at).or(first);
    }
    Ok(first)
}

/// Says that it is done, if nobody said so yet. Rollbook itself says it: a person's reason would be a new
/// personal value of somebody who is to have none.
async fn confirm(clock: &Clock, open: &Open, user: &User, asked: Asked) -> Result<Option<u64>, WriteError> {
    if asked.is_confirmed {
        return Ok(None);
    }
    let command =
        Command::User(UserCommand::ConfirmErasure { user: user.id, authored: user.erased_authored });
    let (context, idempotency) = (context(clock)?, Some(once(user, asked)));
    let submission = Submission { context, command, idempotency, credentials: Vec::new(), only_at: None };
    match open.writer.submit(submission).await? {
        Answer::Written(written) => Ok(Some(written.position)),
        Answer::Replayed(_) => Ok(None),
    }
}

/// What whoever else finishes this erasure at the same time, in whichever process, confirms it under too.
fn once(user: &User, asked: Asked) -> Idempotency {
    Idempotency {
        actor: "system".to_owned(),
        key: format!("erasure/{}/{}", user.id, asked.at),
        digest: [0; 32],
        status: 200,
        headers: BTreeMap::new(),
    }
}

fn context(clock: &Clock) -> Result<Context, WriteError> {
    let (mut seed, mut command) = ([0; 32], [0; 16]);
    getrandom::fill(&mut seed)
        .and_then(|()| getrandom::fill(&mut command))
        .map_err(|error| WriteError::Unavailable(error.to_string()))?;
    Ok(Context {
        actor: Actor::System,
        at: clock.now(),
        seed,
        reason: None,
        ticket: None,
        channel: Channel::System,
        ip: None,
        agent: None,
        session: None,
        request: None,
        command: uuid::Builder::from_random_bytes(command).into_uuid(),
        cause: Some("erasure".to_owned()),
        expects: None,
    })
}

fn unavailable(error: StoreError) -> WriteError {
    WriteError::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests;

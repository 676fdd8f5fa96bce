//! The activity ledger: sign-ins, failures, denials and audited reads of one organization.
//!
//! Sign-ins, sign-outs and exports are entries of their own, durable before the answer. Failures, denials and
//! reads are coalesced: the first at once, then one with a count per actor or address, kind and minute. A count that
//! is lost with its process is recorded as unknown ([`record_unknown`]). It has
//! no state and decides nothing; what activity causes (a lock-out) is a change in the other ledger.

mod coalesce;
mod prune;
mod unknown;

use crate::clock::Clock;
use crate::codec::Draft;
use crate::entry::{LedgerId, LedgerKind};
use crate::plain::{Drafts, PlainLedger};
use crate::store::Store;
use crate::uses::InUse;
use crate::writer::{Idempotency, WriteError};
use coalesce::{Coalesced, Noted};
use rollbook_domain::kernel::context::Context;
use rollbook_domain::kernel::id::{OrganizationId, Subject};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// How often counts are written.
pub const COALESCE_FOR: Duration = Duration::from_secs(60);

pub use unknown::{COUNT_LEASE, record_unknown};

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivityOutcome {
    /// As asked.
    Ok,
    /// It was not allowed.
    Refused,
    /// It could not be done.
    Failed,
}

impl ActivityOutcome {
    /// The word in payloads and in the activity log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Something that somebody did without changing the organization.
#[derive(Clone, Debug)]
pub struct Act {
    /// Who, when, from where.
    pub context: Context,
    /// The name of the actor's role then.
    pub actor_role: Option<String>,
    /// What, as in the catalogue of activity: `session.started`, `request.denied` …
    pub action: &'static str,
    /// How it ended.
    pub outcome: ActivityOutcome,
    /// What it was about.
    pub subject: Option<Subject>,
    /// The change position it was judged at.
    pub judged_at: u64,
    /// More, none of it personal: names of permissions, route templates, counts.
    pub detail: BTreeMap<String, String>,
}

/// One kind of activity: its stored name and the sentence of console, CSV and report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActType {
    /// The stored name.
    pub name: &'static str,
    /// One line for people; `{subject}` and members of the detail are filled in, of `{one|another}` the first that says
    /// anything.
    pub sentence: &'static str,
}

/// Every kind of activity there is; each is version `1`.
pub const CATALOGUE: &[ActType] = &[
    ActType { name: SIGNED_IN, sentence: "signed in" },
    ActType { name: SIGNED_OUT, sentence: "signed out" },
    ActType { name: SIGN_IN_FAILED, sentence: "failed to sign in: {why}" },
    ActType { name: LINK_ASKED, sentence: "asked for a link to set a password: {why}" },
    ActType { name: LINK_USED, sentence: "set a password by a link ({purpose})" },
    ActType { name: LINK_REFUSED, sentence: "was refused a link to set a password: {code}" },
    ActType { name: DENIED, sentence: "was denied {permission|code} on {route}" },
    ActType { name: READ, sentence: "read {what}" },
    ActType { name: EXPORTED, sentence: "exported {what}" },
    ActType { name: STATUS_REPORTED, sentence: "reported that {subject} was {status} from {since} on" },
    ActType { name: DROPPED, sentence: "{count} acts were not recorded singly because there were too many" },
    ActType { name: PRUNED, sentence: "deleted the activity from {first} to {last}, from before {before}" },
    ActType {
        name: UNKNOWN,
        sentence: "what was counted from {from} until {until} at the latest is unknown",
    },
];

/// Somebody signed in.
pub const SIGNED_IN: &str = "session.started";
/// Somebody signed out.
pub const SIGNED_OUT: &str = "session.ended";
/// Somebody failed to sign in; nothing that was typed is kept.
pub const SIGN_IN_FAILED: &str = "session.failed";
/// Somebody asked for a link to set a password that was forgotten; nothing that was typed is kept.
pub const LINK_ASKED: &str = "password_link.asked";
/// Somebody set a password by a link.
pub const LINK_USED: &str = "password_link.used";
/// A link was used that was used before, had ended or expired, or never was.
pub const LINK_REFUSED: &str = "password_link.refused";
/// A request was denied.
pub const DENIED: &str = "request.denied";
/// History, activity, a past state, an access report or somebody's permissions were read.
pub const READ: &str = "audit.read";
/// Something was exported.
pub const EXPORTED: &str = "audit.exported";
/// The telephone system, most often, reported a user's change of status.
pub const STATUS_REPORTED: &str = "status.reported";
/// More happened in a minute than is kept apart.
pub const DROPPED: &str = "activity.dropped";
/// The first entries were deleted, as the organization's setting or the operator says.
pub const PRUNED: &str = "activity.pruned";

/// What a process had counted was lost, since it ended before it wrote it.
pub const UNKNOWN: &str = "activity.unknown";

/// The activity ledger of an organization.
#[must_use]
pub fn ledger_of(id: OrganizationId) -> LedgerId {
    LedgerId::new(LedgerKind::Activity, id.to_string())
}

/// A handle to an organization's activity ledger. Clones share what waits.
#[derive(Clone, Debug)]
pub struct Activity {
    ledger: PlainLedger,
    coalesced: Arc<Mutex<Coalesced>>,
    /// Acts on their way to the disk that nobody waits for.
    noted: Arc<Mutex<JoinSet<()>>>,
    /// Held while what waits is written.
    flushing: Arc<tokio::sync::Mutex<()>>,
    clock: Clock,
    store: Store,
    id: OrganizationId,
    /// Keeps the organization in memory, and what was counted with it.
    _in_use: Option<InUse>,
}

impl Activity {
    /// The activity ledger of an organization.
    #[must_use]
    pub fn new(store: Store, clock: Clock, id: OrganizationId) -> Self {
        let ledger = PlainLedger::new(store.clone(), ledger_of(id));
        let (coalesced, noted, flushing) = (Arc::default(), Arc::default(), Arc::default());
        Self { ledger, coalesced, noted, flushing, clock, store, id, _in_use: None }
    }

    /// A handle that keeps the organization in memory.
    pub(crate) fn in_use(&self, in_use: InUse) -> Self {
        Self { _in_use: Some(in_use), ..self.clone() }
    }

    /// Records an act of its own, durable when this returns.
    ///
    /// # Errors
    /// [`WriteError`]: sign-ins and exports fail when it cannot be written.
    pub async fn record(&self, act: Act) -> Result<u64, WriteError> {
        self.append(&[(act, 1)]).await
    }

    /// Records acts of one context in one batch, durable when this returns; answers the position of the last. Nothing if
    /// something was carried out under that key before.
    ///
    /// # Errors
    /// [`WriteError`], as [`record`](Self::record).
    pub async fn record_together(
        &self,
        acts: &[Act],
        key: Option<&Idempotency>,
    ) -> Result<Option<u64>, WriteError> {
        let Some(first) = acts.first() else { return Ok(Some(0)) };
        let drafts = acts.iter().map(|act| draft(act, 1)).collect();
        let together = [Drafts { context: &first.context, actor_role: first.actor_role.as_deref(), drafts }];
        match key {
            Some(key) => self.ledger.append_once(&together, key).await,
            None => self.ledger.append(&together).await.map(Some),
        }
    }

    /// Records an act that may come in masses: the first of its kind, actor and minute now, the rest as a count.
    ///
    /// Never fails and never waits for the disk: what cannot be written is alarmed and counted as a metric.
    pub fn note(&self, act: Act) {
        let noted = match self.coalesced.lock() {
            Ok(mut coalesced) => coalesced.note(act, self.clock.now()),
            Err(_) => return,
        };
        let this = self.clone();
        match noted {
            Noted::First(act) => self.spawn(async move { this.write(vec![(*act, 1)]).await }),
            // What was told its time has no leases.
            Noted::Begins(begun) if self.clock.is_real() => {
                self.spawn(async move { this.mark(begun).await });
            }
            Noted::Begins(_) | Noted::Counted => {}
        }
    }

    fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        while noted.try_join_next().is_some() {}
        noted.spawn(job);
    }

    /// Writes what was noted and counted; called every minute and before the process ends. What somebody else is writing
    /// is waited for too; and it is written to its end though nobody waits any more.
    pub async fn flush(&self) {
        let this = self.clone();
        if tokio::spawn(async move { this.write_what_waits().await }).await.is_err() {
            tracing::error!(organization = %self.id, "a task that writes activity panicked");
        }
    }

    async fn write_what_waits(&self) {
        let _one_at_a_time = self.flushing.lock().await;
        let mut noted = std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner));
        // Each alarms by itself if it fails.
        while noted.join_next().await.is_some() {}
        let (counted, begun) = match self.coalesced.lock() {
            Ok(mut coalesced) => coalesced.take(self.clock.now()),
            Err(_) => return,
        };
        match begun.filter(|_| self.clock.is_real()) {
            Some(begun) => self.write_counted(begun, counted).await,
            None if counted.is_empty() => {}
            None => self.write(counted).await,
        }
    }

    async fn write(&self, acts: Vec<(Act, u64)>) {
        let count = acts.len();
        if let Err(error) = self.append(&acts).await {
            lost(&error, count);
        }
    }

    async fn append(&self, acts: &[(Act, u64)]) -> Result<u64, WriteError> {
        self.ledger.append(&drafts(acts)).await
    }
}

fn drafts(acts: &[(Act, u64)]) -> Vec<Drafts<'_>> {
    let entries = acts.iter().map(|(act, count)| Drafts {
        context: &act.context,
        actor_role: act.actor_role.as_deref(),
        drafts: vec![draft(act, *count)],
    });
    entries.collect()
}

fn lost(error: &WriteError, count: usize) {
    tracing::error!(%error, count, "activity could not be recorded");
    metrics::counter!("rollbook_activity_lost_total").increment(count as u64);
}

fn draft(act: &Act, count: u64) -> Draft {
    let mut payload = Map::new();
    payload.insert("outcome".into(), act.outcome.word().into());
    payload.insert("judged_at".into(), act.judged_at.into());
    if count > 1 {
        payload.insert("count".into(), count.into());
    }
    if let Some(subject) = act.subject {
        payload.insert("subject".into(), subject.to_string().into());
    }
    if !act.detail.is_empty() {
        let detail = act.detail.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str())));
        payload.insert("detail".into(), Value::Object(detail.collect()));
    }
    Draft {
        event_type: act.action.to_owned(),
        version: "1".to_owned(),
        payload: Value::Object(payload),
        subjects: act.subject.into_iter().collect(),
        authority: "oneself".to_owned(),
    }
}

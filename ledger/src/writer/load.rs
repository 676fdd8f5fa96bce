//! Bringing an organization in memory up to the head of its ledger, each personal value and the tree checked.

use super::{LoadError, WriteError};
use crate::codec::{self, Missing};
use crate::entry::{Frontier, LedgerId, LedgerKind};
use crate::snapshot;
use crate::store::{Checked, FORMAT, ReadError, Store, StoreError};
use rollbook_domain::agent::event::AgentEvent;
use rollbook_domain::event::Event;
use rollbook_domain::kernel::id::{AgentId, OrganizationId, UserId};
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::event::UserEvent;

/// An organization in memory with the tree over its ledger.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) organization: Organization,
    pub(crate) frontier: Frontier,
    /// Erasures that were asked for in what this process folded: snapshots from before hold the values.
    pub(crate) erasures: u64,
    /// The position of the snapshot this was loaded from, 0 if from none.
    pub(crate) snapshot: u64,
}

impl Loaded {
    fn empty(id: OrganizationId) -> Self {
        let (organization, frontier) = (Organization::empty(id), Frontier::default());
        Self { organization, frontier, erasures: 0, snapshot: 0 }
    }
}

/// Whether the snapshots from before this event hold values that must go.
pub(crate) fn asks_to_erase(event: &Event) -> bool {
    matches!(
        event,
        Event::User(UserEvent::ErasureRequested { .. } | UserEvent::Erased { .. })
            | Event::Agent(AgentEvent::ErasureRequested { .. } | AgentEvent::Erased { .. })
    )
}

/// The ledger of an organization's changes.
#[must_use]
pub fn ledger_of(id: OrganizationId) -> LedgerId {
    LedgerId::new(LedgerKind::Organization, id.to_string())
}

/// The organization at the head of its ledger, which must not be before `known`.
///
/// # Errors
/// [`LoadError`] if the ledger cannot be read to its end or is not what this process knows of it.
pub(crate) async fn load(store: &Store, id: OrganizationId, known: u64) -> Result<Loaded, LoadError> {
    let loaded = match snapshot::newest(store, id).await {
        Some(cached) => match finished(store, cached).await {
            Err(error @ LoadError::Read(ReadError::Store(_))) => return Err(error),
            Err(error) => {
                tracing::warn!(organization = %id, %error, "a snapshot does not fit its ledger and is ignored");
                finished(store, Loaded::empty(id)).await?
            }
            Ok(loaded) => loaded,
        },
        None => finished(store, Loaded::empty(id)).await?,
    };
    let found = loaded.organization.position;
    if found < known { Err(LoadError::Behind { found, known }) } else { Ok(loaded) }
}

async fn finished(store: &Store, mut loaded: Loaded) -> Result<Loaded, LoadError> {
    to_head(store, &mut loaded).await?;
    ends_at_head(store, &loaded).await?;
    Ok(loaded)
}

/// Folds in everything up to the head. Says whether there was anything.
///
/// What was read halfway is not kept: `loaded` stays as it was after an error.
///
/// # Errors
/// As [`load`].
pub(crate) async fn to_head(store: &Store, loaded: &mut Loaded) -> Result<bool, LoadError> {
    let start = loaded.organization.position;
    let mut next = loaded.clone();
    let mut missing = Vec::new();
    let mut lost = None;
    loop {
        let before = next.organization.position;
        read_to_head(store, &mut next, &mut missing).await?;
        let moved = next.organization.position > before;
        match (unexplained(&next.organization, &missing), lost) {
            (None, _) => break,
            // Values go after their erasure was asked for; whoever read in between finds the request by now.
            (Some(one), Some(_)) if !moved => return Err(LoadError::Lost(one)),
            (found, _) => lost = found,
        }
    }
    let moved = next.organization.position > start;
    *loaded = next;
    Ok(moved)
}

async fn read_to_head(
    store: &Store,
    loaded: &mut Loaded,
    missing: &mut Vec<Missing>,
) -> Result<(), LoadError> {
    let ledger = ledger_of(loaded.organization.id);
    let known = loaded.organization.position;
    let Some(head) = store.head(&ledger).await? else {
        return if known == 0 { Ok(()) } else { Err(LoadError::Behind { found: 0, known }) };
    };
    if head.format > FORMAT {
        return Err(LoadError::Newer { found: head.format });
    }
    if head.position < known {
        return Err(LoadError::Behind { found: head.position, known });
    }
    let mut pages = store.stream_checked(&ledger, known + 1, head.position);
    while let Some(rows) = pages.next().await? {
        for row in rows {
            missing.extend(fold(loaded, &row)?);
        }
    }
    // The head keeps the tree that was sealed: whoever changed a row and its leaf did not change all of it.
    if loaded.frontier == head.frontier { Ok(()) } else { Err(LoadError::Forked { position: head.position }) }
}

fn fold(loaded: &mut Loaded, row: &Checked) -> Result<Vec<Missing>, LoadError> {
    let happened = codec::happened(row)?;
    loaded.organization.apply(happened.by, happened.at, &happened.event);
    loaded.frontier.push(row.leaf);
    loaded.erasures += u64::from(asks_to_erase(&happened.event));
    Ok(happened.missing)
}

/// Checks that the rows, and what lies beside them, end where the head is; only a hand that put the guards aside can have
/// changed that.
///
/// # Errors
/// [`LoadError::Beyond`] or a gap, and what reading says.
pub(crate) async fn ends_at_head(store: &Store, loaded: &Loaded) -> Result<(), LoadError> {
    let ledger = ledger_of(loaded.organization.id);
    let last = loaded.organization.position;
    let is_there = async |position| store.batch_at(&ledger, position).await.map_err(ReadError::from);
    if last > 0 && is_there(last).await?.is_none() {
        return Err(ReadError::Gap { ledger, position: last }.into());
    }
    if is_there(last + 1).await?.is_some() {
        // Unless another process appended since the head was read.
        let head = store.head(&ledger).await?.map_or(0, |head| head.position);
        return if head > last { Ok(()) } else { Err(LoadError::Beyond { position: last + 1 }) };
    }
    let subject = store.stray_subjects(&ledger, last, 1).await.map_err(ReadError::from)?;
    let value = store.stray_values(&ledger, last, 1).await.map_err(ReadError::from)?;
    let first = subject.into_iter().map(|(at, _)| at).chain(value.into_iter().map(|(at, _)| at)).min();
    first.map_or(Ok(()), |position| Err(LoadError::Beyond { position }))
}

/// A value may be gone only if its owner's erasure was asked for in the same ledger.
fn unexplained(organization: &Organization, missing: &[Missing]) -> Option<Missing> {
    missing.iter().find(|one| !is_erased(organization, one)).cloned()
}

/// Whether the ledger explains why a personal value is not there.
#[must_use]
pub fn is_erased(organization: &Organization, missing: &Missing) -> bool {
    let Ok(person) = missing.owner.person.parse() else { return false };
    let authored = missing.owner.authored;
    let user = organization.user(UserId(person));
    let agent = organization.agent(AgentId(person));
    user.is_some_and(|user| user.erased && (!authored || user.erased_authored))
        || agent.is_some_and(|agent| agent.is_erased() && !authored)
}

/// What a failure to load means to a writer at work: an outage passes, anything else ends it.
pub(super) fn at_work(error: LoadError) -> WriteError {
    match error {
        LoadError::Read(error) => reading(error),
        error => WriteError::Stopped(error.to_string()),
    }
}

/// The same of a failure to read.
pub(crate) fn reading(error: ReadError) -> WriteError {
    match error {
        ReadError::Store(StoreError::Unavailable(what) | StoreError::InDoubt(what)) => {
            WriteError::Unavailable(what)
        }
        error => WriteError::Stopped(error.to_string()),
    }
}

//! Recomputes everything from the database and names what it finds. It changes nothing.
//!
//! Of every ledger: each row against its leaf, positions without a hole, side columns against the sealed entry,
//! personal values against their commitments (a missing one must be explained by an erasure), the tree and the rest
//! of the head against the rows, time never going back; then snapshots against the fold, credentials against
//! the events that made them, and whatever is derived against a replay. It streams, never stops at the first finding, and leaves the exit code to
//! its caller. Of a pruned activity ledger the tree begins with that over the pruned part, which the entry that prunes keeps. A
//! ledger whose head is gone is known by its rows, or by the system ledger's list of organizations.

mod activity_log;
mod credentials;
mod derived;
mod entries;
mod finding;
mod head;
mod ledger;
mod personal;
mod pruned;
mod side;
mod snapshot;

pub use activity_log::ActivityLog;
pub use derived::{Checked, Derived, Difference, Named};
pub use finding::{FINDINGS_MAX, Finding, Kind, Report, Verified};

use finding::Findings;
use personal::Erasures;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_ledger::entry::{LedgerId, LedgerKind};
use rollbook_ledger::store::{Store, StoreError};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::slice;

/// How far the verification is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The ledger at hand.
    pub ledger: LedgerId,
    /// The last position looked at.
    pub position: u64,
    /// The position of its head.
    pub of: u64,
}

/// Verifies every ledger of `store`, or only the one organization's two. `progress` is told after every page;
/// each of `derived` is compared with the organization that the events make.
///
/// # Errors
/// [`StoreError`] only if the database cannot be read at all; what is wrong in it is in the report.
pub async fn verify(
    store: &Store,
    only: Option<OrganizationId>,
    derived: &[&dyn Derived],
    mut progress: impl FnMut(&Progress),
) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let mut findings = Findings::default();
    let mut erasures: HashMap<String, Erasures> = HashMap::new();
    let mut registered = Vec::new();
    // System first, since it says which organizations there must be; activity last, since what is missing there is
    // explained in the organization's own ledger.
    for kind in [LedgerKind::System, LedgerKind::Organization, LedgerKind::Activity] {
        let marks = store.heads(kind, None).await?;
        let wanted = |id: &str| only.is_none_or(|only| only.to_string() == id) || kind == LedgerKind::System;
        for mark in marks.into_iter().filter(|mark| wanted(&mark.ledger.id)) {
            let of_ledger = erasures.entry(mark.ledger.id.clone()).or_default();
            let mut run = ledger::Run::new(store, mark, of_ledger, &mut findings);
            run.entries(&mut progress).await?;
            run.derived(derived).await?;
            let (verified, organizations) = run.end();
            registered.extend(organizations);
            report.ledgers.push(verified);
        }
    }
    if only.is_none() {
        strangers(store, derived, &mut findings).await?;
    }
    headless(store, only, registered, &report.ledgers, &mut findings).await?;
    (report.findings, report.more) = findings.take();
    Ok(report)
}

/// What is derived from organizations that there are not.
async fn strangers(
    store: &Store,
    derived: &[&dyn Derived],
    findings: &mut Findings,
) -> Result<(), StoreError> {
    for one in derived {
        let ids = one.organizations(store).await?;
        // Afterwards: one that was founded meanwhile has a head before anything is derived from it.
        let heads = store.heads_of(LedgerKind::Organization, &ids).await?;
        let known: BTreeSet<String> = heads.into_iter().map(|mark| mark.ledger.id).collect();
        for id in ids.into_iter().filter(|id| !known.contains(id)) {
            let ledger = LedgerId::new(LedgerKind::Organization, id);
            let what = "something of it is there, but there is no such organization".to_owned();
            findings.derived(one.name(), Difference { ledger, position: None, what });
        }
    }
    Ok(())
}

/// Ledgers without a head: those that the system ledger names, and those whose rows lie there.
async fn headless(
    store: &Store,
    only: Option<OrganizationId>,
    registered: Vec<String>,
    verified: &[Verified],
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let mut signs: BTreeMap<LedgerId, Vec<String>> = BTreeMap::new();
    for (ledger, table) in store.headless().await? {
        signs.entry(ledger).or_default().push(format!("rows of it lie in `{table}`"));
    }
    for id in registered {
        let ledger = LedgerId::new(LedgerKind::Organization, id);
        let was_read = verified.iter().any(|one| one.ledger == ledger);
        if !was_read && store.heads_of(ledger.kind, slice::from_ref(&ledger.id)).await?.is_empty() {
            signs.entry(ledger).or_default().push("the system ledger names it".to_owned());
        }
    }
    let is_wanted = |ledger: &LedgerId| {
        ledger.kind == LedgerKind::System || only.is_none_or(|only| only.to_string() == ledger.id)
    };
    for (ledger, signs) in signs.into_iter().filter(|(ledger, _)| is_wanted(ledger)) {
        let what = format!("it has no head, but {}", signs.join(", and "));
        findings.add(&ledger, None, Kind::HeadMissing, what);
    }
    Ok(())
}

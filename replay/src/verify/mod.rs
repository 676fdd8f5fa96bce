//! Recomputes everything from the database and names what it finds. It changes nothing.
//!
//! Of every ledger: each row against its leaf, positions without a hole, side columns against the sealed entry,
//! personal values against their commitments (a missing one must be explained by an erasure), the tree and the rest
//! of the head against the rows, time never going back; then snapshots against the fold, credentials against
//! the events that made them, and whatever is derived against a replay. It streams, never stops at the first finding, and leaves the exit code to
//! its caller. What it takes for granted is the list of heads and the system ledger's list of organizations.

mod credentials;
mod derived;
mod entries;
mod finding;
mod head;
mod ledger;
mod personal;
mod side;
mod snapshot;

pub use derived::{Checked, Derived};
pub use finding::{FINDINGS_MAX, Finding, Kind, Report, Verified};

use finding::Findings;
use personal::Erasures;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_ledger::entry::{LedgerId, LedgerKind};
use rollbook_ledger::store::{Store, StoreError};
use std::collections::HashMap;

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
    let has_changes = |id: &String| {
        report.ledgers.iter().any(|one| one.ledger.kind == LedgerKind::Organization && one.ledger.id == *id)
    };
    let wanted = |id: &String| only.is_none_or(|only| only.to_string() == *id);
    for id in registered.into_iter().filter(|id| wanted(id) && !has_changes(id)) {
        let ledger = LedgerId::new(LedgerKind::Organization, id);
        findings.add(
            &ledger,
            None,
            Kind::HeadMissing,
            "the system ledger names it, but it has no head".into(),
        );
    }
    (report.findings, report.more) = findings.take();
    Ok(report)
}

//! A ledger's head against its rows and against what lies beside them, and what head and rows together say about rows
//! that do not hash to their leaf.

use super::finding::{FINDINGS_MAX, Findings, Kind};
use rollbook_domain::kernel::moment::Moment;
use rollbook_ledger::entry::Frontier;
use rollbook_ledger::store::{FORMAT, Head, HeadMark, ReadError, Store, StoreError};

/// What the rows say that the head must say too.
#[derive(Default)]
pub(super) struct Tail {
    /// The last row's position; the pruned part's where there is none.
    pub(super) position: u64,
    /// As sealed.
    pub(super) batch: Option<String>,
    /// As sealed.
    pub(super) at: Option<Moment>,
}

/// The trees over the rows: of the leaves as stored and as recomputed.
#[derive(Default)]
pub(super) struct Trees {
    pub(super) stored: Frontier,
    pub(super) recomputed: Frontier,
    /// Rows are missing, so neither tree means anything.
    pub(super) broken: bool,
}

impl Trees {
    /// Both go on from this one.
    pub(super) fn after(frontier: Frontier) -> Self {
        Self { stored: frontier.clone(), recomputed: frontier, broken: false }
    }
}

/// What the head's tree says of rows whose leaf is not their hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The stored leaves are those of the tree: contents were altered.
    Contents,
    /// The contents are those of the tree: leaves were altered.
    Leaves,
}

/// The head; none where its tree cannot be read, which [`compare`] tells.
pub(super) async fn read(store: &Store, mark: &HeadMark) -> Result<Option<Head>, StoreError> {
    match store.head(&mark.ledger).await {
        Ok(head) => Ok(head),
        Err(ReadError::Store(error)) => Err(error),
        Err(ReadError::Corrupt { .. } | ReadError::Gap { .. }) => Ok(None),
    }
}

/// Compares; `head` is none where its tree cannot be read.
pub(super) fn compare(
    mark: &HeadMark,
    head: Option<&Head>,
    tail: &Tail,
    trees: &Trees,
    findings: &mut Findings,
) -> Verdict {
    let ledger = &mark.ledger;
    if mark.position > tail.position {
        let what = format!("the head is at {}, but the last row is {}", mark.position, tail.position);
        findings.add(ledger, None, Kind::HeadAhead, what);
        return Verdict::Contents;
    }
    last_row(mark, head, tail, findings);
    if trees.broken {
        return Verdict::Contents;
    }
    match head.map(|head| &head.frontier) {
        Some(frontier) if *frontier == trees.stored => Verdict::Contents,
        Some(frontier) if *frontier == trees.recomputed => Verdict::Leaves,
        Some(_) | None => {
            let what = format!(
                "the tree over the rows has the root {}, the head says otherwise",
                hex::encode(trees.stored.root())
            );
            findings.add(ledger, None, Kind::Tree, what);
            Verdict::Contents
        }
    }
}

fn last_row(mark: &HeadMark, head: Option<&Head>, tail: &Tail, findings: &mut Findings) {
    let ledger = &mark.ledger;
    if tail.batch.as_ref().is_some_and(|batch| *batch != mark.batch.to_string()) {
        let what = format!("the head names the batch {}, which is not the last row's", mark.batch);
        findings.add(ledger, None, Kind::Head, what);
    }
    if tail.at.is_some_and(|at| at.micros() != mark.at_us) {
        findings.add(ledger, None, Kind::Head, "the head's time is not the last row's".to_owned());
    }
    if head.is_some_and(|head| head.format != FORMAT) {
        findings.add(ledger, None, Kind::Head, format!("the head's format is not {FORMAT}"));
    }
}

/// Rows that lie after the head as it is now: others may be appending, and head and rows move together.
pub(super) async fn beyond(
    store: &Store,
    mark: &HeadMark,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let ledger = &mark.ledger;
    let rows = match store.read_raw(ledger, mark.position + 1, u64::MAX).await {
        Ok(rows) => rows,
        Err(ReadError::Store(error)) => return Err(error),
        Err(ReadError::Gap { .. } | ReadError::Corrupt { .. }) => Vec::new(),
    };
    if rows.is_empty() {
        return Ok(());
    }
    let position = read(store, mark).await?.map_or(mark.position, |head| head.position);
    let mut beyond = rows.iter().map(|row| row.position).filter(|row| *row > position);
    if let Some(first) = beyond.next() {
        let last = beyond.next_back().unwrap_or(first);
        let what = format!("the head is at {position}, but there are rows from {first} to {last}");
        findings.add(ledger, Some(first), Kind::HeadBehind, what);
    }
    Ok(())
}

/// Histories of entities and personal values that go on after the head, where there is no row.
pub(super) async fn beside_beyond(
    store: &Store,
    mark: &HeadMark,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let most = u32::try_from(FINDINGS_MAX).unwrap_or(u32::MAX);
    for (position, subject) in store.stray_subjects(&mark.ledger, mark.position, most).await? {
        let what =
            format!("the history of {}:{} has this position, which no row is at", subject.kind, subject.id);
        findings.add(&mark.ledger, Some(position), Kind::Subjects, what);
    }
    for (position, person) in store.stray_values(&mark.ledger, mark.position, most).await? {
        let what = format!("personal values of {person} lie at this position, which no row is at");
        findings.add(&mark.ledger, Some(position), Kind::Commitment, what);
    }
    Ok(())
}

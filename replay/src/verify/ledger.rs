//! One ledger from its first row to its last.

use super::derived::Derived;
use super::entries::{self, Meaning};
use super::finding::{Findings, Kind, Verified};
use super::head::{self, Tail, Trees, Verdict};
use super::personal::{self, Erasures, Gone};
use super::side::{self, Sealed};
use super::snapshot::Snapshots;
use super::{Progress, credentials};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::entry::{LedgerId, LedgerKind};
use rollbook_ledger::store::{Head, HeadMark, RawRow, ReadError, Store, StoreError, Stored};
use std::collections::HashMap;

/// Rows of one page.
const PAGE: u64 = 2_000;
/// Rows with a wrong hash that are remembered until the tree says what is wrong with them.
const WRONG_MAX: usize = 10_000;

/// The verification of one ledger.
pub(super) struct Run<'a> {
    store: &'a Store,
    mark: HeadMark,
    erasures: &'a mut Erasures,
    findings: &'a mut Findings,
    trees: Trees,
    tail: Tail,
    last_at: Moment,
    gone: Gone,
    wrong: Vec<Wrong>,
    organization: Option<Organization>,
    snapshots: Snapshots,
    registered: Vec<String>,
    entries: u64,
    pruned: u64,
}

/// A row that does not hash to its leaf, with what else is wrong with it.
struct Wrong {
    position: u64,
    beside: Vec<(Kind, String)>,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        store: &'a Store,
        mark: HeadMark,
        erasures: &'a mut Erasures,
        findings: &'a mut Findings,
    ) -> Self {
        let id = (mark.ledger.kind == LedgerKind::Organization).then(|| mark.ledger.id.parse().ok());
        Self {
            store,
            mark,
            erasures,
            findings,
            trees: Trees::default(),
            tail: Tail::default(),
            last_at: Moment(i64::MIN),
            gone: Gone::default(),
            wrong: Vec::new(),
            organization: id.flatten().map(Organization::empty),
            snapshots: Snapshots::default(),
            registered: Vec::new(),
            entries: 0,
            pruned: 0,
        }
    }

    fn ledger(&self) -> &LedgerId {
        &self.mark.ledger
    }

    fn add(&mut self, position: Option<u64>, kind: Kind, what: String) {
        self.findings.add(&self.mark.ledger, position, kind, what);
    }

    /// Looks at every row, then at the head.
    pub(super) async fn entries(&mut self, progress: &mut impl FnMut(&Progress)) -> Result<(), StoreError> {
        // Before the head, which may move on.
        if let Some(organization) = &self.organization {
            self.snapshots = Snapshots::of(self.store, organization.id).await?;
        }
        let head = head::read(self.store, &self.mark).await?;
        if let Some(head) = &head {
            // It may have moved on since it was listed.
            let (ledger, position) = (head.ledger.clone(), head.position);
            self.mark = HeadMark { ledger, position, batch: head.batch, at_us: head.at_us };
        }
        self.pruned = head.as_ref().map_or(0, |head| head.pruned);
        // What was pruned cannot be hashed again.
        self.trees.broken = self.pruned > 0;
        self.tail.position = self.pruned;
        let mut from = self.pruned + 1;
        while from <= self.mark.position {
            let to = (from + PAGE - 1).min(self.mark.position);
            self.page(from, to).await?;
            progress(&Progress { ledger: self.ledger().clone(), position: to, of: self.mark.position });
            from = to + 1;
        }
        self.end_of_rows(head.as_ref()).await
    }

    async fn page(&mut self, from: u64, to: u64) -> Result<(), StoreError> {
        let rows = match self.store.read_raw(self.ledger(), from, to).await {
            Ok(rows) => rows,
            Err(ReadError::Store(error)) => return Err(error),
            Err(error @ (ReadError::Gap { .. } | ReadError::Corrupt { .. })) => {
                self.add(Some(from), Kind::Undecodable, error.to_string());
                Vec::new()
            }
        };
        let first = rows.first().map_or(to + 1, |row| row.position);
        if first > from && self.ledger().kind == LedgerKind::Activity {
            self.pruned_meanwhile().await?;
        }
        if let Some(organization) = &self.organization {
            self.snapshots.read(self.store, organization.id, from, to).await?;
        }
        let hashes: Vec<_> = rows.iter().map(entries::recomputed).collect();
        let sound = rows.iter().zip(&hashes).filter(|(row, hash)| is_sound(row, hash.as_ref()));
        let sound: Vec<u64> = sound.map(|(row, _)| row.position).collect();
        let mut stored = entries::stored(self.store, self.ledger(), from, to, &sound).await?;
        for (row, hash) in rows.iter().zip(hashes) {
            self.row(row, hash, &mut stored);
        }
        // So that whoever shares this thread is not kept waiting.
        tokio::task::yield_now().await;
        Ok(())
    }

    fn row(&mut self, row: &RawRow, hash: Option<[u8; 32]>, stored: &mut HashMap<u64, Stored>) {
        self.gap(row.position);
        self.entries += 1;
        let leaf: Option<[u8; 32]> = row.leaf.as_slice().try_into().ok();
        self.trees.stored.push(leaf.unwrap_or_default());
        self.trees.recomputed.push(hash.unwrap_or_default());
        let sealed = Sealed::of(row).unwrap_or_default();
        let sound = is_sound(row, hash.as_ref());
        let subjects = self.meaning(row, sound, stored);
        let beside = side::differences(row, &sealed, subjects.as_deref());
        if sound {
            self.time(row.position, sealed.at);
            beside.into_iter().for_each(|(kind, what)| self.add(Some(row.position), kind, what));
        } else if self.wrong.len() < WRONG_MAX {
            self.wrong.push(Wrong { position: row.position, beside });
        } else {
            self.add(Some(row.position), Kind::Content, "the row does not hash to its leaf".to_owned());
        }
        self.tail = Tail { position: row.position, batch: sealed.batch, at: sealed.at };
    }

    /// The front of the ledger may go while its rows are looked at.
    async fn pruned_meanwhile(&mut self) -> Result<(), StoreError> {
        let Some(head) = head::read(self.store, &self.mark).await? else { return Ok(()) };
        if head.pruned > self.tail.position {
            self.trees.broken = true;
            (self.pruned, self.tail.position) = (head.pruned, head.pruned);
        }
        Ok(())
    }

    fn gap(&mut self, position: u64) {
        let expected = self.tail.position + 1;
        if position == expected {
            return;
        }
        let last = position - 1;
        let what = format!("the rows from {expected} to {last} are missing");
        self.add(Some(expected), Kind::Gap, what);
        self.trees.broken = true;
        self.organization = None;
    }

    /// Reads the row as an event, if it is sound; its subjects where they are known.
    fn meaning(
        &mut self,
        row: &RawRow,
        sound: bool,
        stored: &mut HashMap<u64, Stored>,
    ) -> Option<Vec<rollbook_ledger::store::Subject>> {
        let position = Some(row.position);
        if !sound {
            self.organization = None;
            return None;
        }
        let Some(stored) = stored.remove(&row.position) else {
            self.organization = None;
            self.add(position, Kind::Undecodable, "the row cannot be read as an entry".to_owned());
            return None;
        };
        match entries::meaning(self.ledger(), stored) {
            Meaning::Change { by, at, event, missing } => {
                self.erasures.note(row.position, &event);
                self.gone.note(missing);
                if let Some(organization) = &mut self.organization {
                    organization.apply(by, at, &event);
                    self.snapshots.meet(organization);
                }
                Some(entries::subjects(&event))
            }
            Meaning::Plain { registers, missing } => {
                self.registered.extend(registers);
                self.gone.note(missing);
                None
            }
            Meaning::Broken(what) => {
                self.organization = None;
                self.add(position, Kind::Commitment, what);
                None
            }
            Meaning::Unknown(what) => {
                self.organization = None;
                self.add(position, Kind::Undecodable, what);
                None
            }
        }
    }

    fn time(&mut self, position: u64, at: Option<Moment>) {
        let Some(at) = at else { return };
        if at < self.last_at {
            self.add(Some(position), Kind::Time, "its time is before that of an earlier row".to_owned());
        }
        self.last_at = self.last_at.max(at);
    }

    async fn end_of_rows(&mut self, head: Option<&Head>) -> Result<(), StoreError> {
        let verdict = head::compare(&self.mark, head, &self.tail, &self.trees, self.findings);
        for wrong in std::mem::take(&mut self.wrong) {
            self.wrong(verdict, wrong);
        }
        let snapshots = std::mem::take(&mut self.snapshots);
        snapshots.end(self.store, &self.mark.ledger, self.tail.position, self.findings).await?;
        head::beyond(self.store, &self.mark, self.findings).await?;
        head::beside_beyond(self.store, &self.mark, self.findings).await?;
        let gone = std::mem::take(&mut self.gone);
        gone.judge(self.store, &self.mark.ledger, self.erasures, self.findings).await?;
        personal::left(self.store, &self.mark.ledger, self.erasures, self.findings).await?;
        if let Some(organization) = &self.organization {
            credentials::check(self.store, &self.mark.ledger, organization, self.findings).await?;
        }
        Ok(())
    }

    /// Side columns are judged by the entry, so not where the entry itself was altered.
    fn wrong(&mut self, verdict: Verdict, wrong: Wrong) {
        let position = Some(wrong.position);
        match verdict {
            Verdict::Contents => {
                let what = "payload, metadata, type or version is not what was sealed".to_owned();
                self.add(position, Kind::Content, what);
            }
            Verdict::Leaves => {
                self.add(position, Kind::Leaf, "the leaf is not the hash of the entry".to_owned());
                wrong.beside.into_iter().for_each(|(kind, what)| self.add(position, kind, what));
            }
        }
    }

    /// Compares what is derived from the organization, if this is one's ledger and it could be read.
    pub(super) async fn derived(&mut self, derived: &[&dyn Derived]) -> Result<(), StoreError> {
        let Some(organization) = &self.organization else { return Ok(()) };
        for one in derived {
            for found in one.check(self.store, organization).await? {
                self.findings.derived(one.name(), found);
            }
        }
        Ok(())
    }

    /// What was covered, and which organizations the ledger registers.
    pub(super) fn end(self) -> (Verified, Vec<String>) {
        let root = (!self.trees.broken).then(|| self.trees.stored.root());
        let (position, entries, pruned) = (self.tail.position, self.entries, self.pruned);
        (Verified { ledger: self.mark.ledger, position, entries, pruned, root }, self.registered)
    }
}

fn is_sound(row: &RawRow, hash: Option<&[u8; 32]>) -> bool {
    hash.is_some_and(|hash| row.leaf.as_slice() == hash.as_slice())
}

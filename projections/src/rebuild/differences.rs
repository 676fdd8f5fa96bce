//! Whether the live rows are those that a replay makes, row by row and without writing anything.
//!
//! Rows that the follower has not made yet are no difference, nor is what an erasure that it has not come to will
//! take away. Every sentence names places and columns, never a value.

use crate::activity_log::columns::{COLUMNS, from_cells, to_cells};
use crate::activity_log::fold::{Erasure, Labels};
use crate::activity_log::tables::{self, Names};
use crate::activity_log::write::column_names;
use crate::activity_log::{NAME, Row, SHAPE};
use crate::error::ProjectionError;
use crate::follower::batch;
use crate::sql::{Cell, Reading, Statement, cells, select};
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::organization::state::Organization;
use rollbook_ledger::activity;
use rollbook_ledger::entry::LedgerId;
use rollbook_ledger::store::{ReadError, Store};
use rollbook_ledger::writer::ledger_of;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Rows compared at a time.
const PAGE: u64 = 2_000;
/// Times that a page with a difference is looked at: an erasure or pruning may have been under way.
const LOOKS: u32 = 3;
/// Differences of one organization after which looking for more is pointless.
const DIFFERENCES_MAX: usize = 1_000;

/// A row, or several in sequence, that are not what the ledger makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The ledger whose entries the rows are of.
    pub ledger: LedgerId,
    /// The position of the (first) row; none where it is about all of them.
    pub position: Option<u64>,
    /// What is different, for a person.
    pub what: String,
}

/// Compares the live rows of both ledgers of an organization with those that its entries make. `organization` is the
/// state as far as it was read; entries after it are not looked at.
///
/// # Errors
/// If the database or an entry cannot be read; a difference is no error.
pub async fn differences(
    store: &Store,
    organization: &Organization,
) -> Result<Vec<Difference>, ProjectionError> {
    let changes = ledger_of(organization.id);
    let Some(live) = tables::live(store).await? else { return Ok(Vec::new()) };
    if live.shape != SHAPE {
        let what = format!("its table has shape {}, this release writes {SHAPE}: rebuild it", live.shape);
        return Ok(vec![Difference { ledger: changes, position: None, what }]);
    }
    let newest = Labels::starting(organization.clone());
    let mut comparing = Comparing {
        store,
        version: live.version,
        id: organization.id,
        labels: Labels::empty(organization.id),
        erased: newest.erased(),
        newest,
        is_behind: false,
        found: Vec::new(),
    };
    comparing.all(&changes, organization.position).await?;
    Ok(comparing.found)
}

/// The ids of the organizations that live rows name, in order.
///
/// # Errors
/// If the database cannot be read.
pub async fn organizations(store: &Store) -> Result<Vec<String>, ProjectionError> {
    let Some(live) = tables::live(store).await? else { return Ok(Vec::new()) };
    let table = Names::of(store).table(live.version);
    // From one organization to the next by the index, not over all their rows.
    let sql = format!(
        "WITH RECURSIVE named (id) AS (
            SELECT min(organization) FROM {table}
            UNION ALL
            SELECT (SELECT min(t.organization) FROM {table} t WHERE t.organization > named.id)
              FROM named WHERE named.id IS NOT NULL)
        SELECT id FROM named WHERE id IS NOT NULL"
    );
    let rows = select(store, Statement::new(sql, Vec::new())).await?;
    rows.into_iter().map(|row| Reading::new(row).text()).collect()
}

/// Stored rows by position.
type Found = BTreeMap<u64, Vec<Cell>>;

struct Comparing<'a> {
    store: &'a Store,
    version: u32,
    id: OrganizationId,
    labels: Labels,
    /// The newest state that was read, which says who is erased.
    newest: Labels,
    /// Everybody whose erasure was asked for until then.
    erased: Vec<Erasure>,
    /// The log has not followed all changes, and so perhaps not all erasures.
    is_behind: bool,
    found: Vec<Difference>,
}

/// Which rows: the ledger and its number in the table.
#[derive(Clone, Copy)]
struct Of<'a> {
    ledger: &'a LedgerId,
    number: i64,
}

impl Comparing<'_> {
    async fn all(&mut self, changes: &LedgerId, last: u64) -> Result<(), ProjectionError> {
        let acts = activity::ledger_of(self.id);
        let followed = self.checkpoint(changes).await?;
        let acts_followed = self.checkpoint(&acts).await?;
        self.is_behind = followed < last;
        let of = Of { ledger: changes, number: 0 };
        while self.labels.position() < followed.min(last) && !self.is_enough() {
            let to = followed.min(last).min(self.labels.position() + PAGE);
            self.labels = self.page(of, self.labels.position() + 1..=to).await?;
        }
        // The changes that the acts were judged at were durable before them.
        self.know_newer_erasures().await?;
        let newest = self.newest.position();
        self.labels = batch::advance(self.store, changes, self.labels.clone(), newest).await?;
        let head = self.store.head(&acts).await?.map_or((0, 0), |head| (head.position, head.pruned));
        let of = Of { ledger: &acts, number: 1 };
        let (acts_last, mut from) = (acts_followed.min(head.0), head.1);
        while from < acts_last && !self.is_enough() {
            let to = acts_last.min(from + PAGE);
            self.page(of, from + 1..=to).await?;
            from = to;
        }
        self.beyond((changes, followed), (&acts, acts_followed)).await?;
        if self.is_enough() {
            let what = format!("more than {DIFFERENCES_MAX} differences: the rest was not compared");
            self.found.push(Difference { ledger: changes.clone(), position: None, what });
        }
        Ok(())
    }

    fn is_enough(&self) -> bool {
        self.found.len() >= DIFFERENCES_MAX
    }

    async fn checkpoint(&self, ledger: &LedgerId) -> Result<u64, ProjectionError> {
        Ok(self.store.checkpoint(NAME, self.version, ledger).await?)
    }

    /// Compares the rows at `positions`; answers the labels after them.
    async fn page(&mut self, of: Of<'_>, positions: RangeInclusive<u64>) -> Result<Labels, ProjectionError> {
        for look in 1.. {
            let (labels, made) = self.made(of, &positions).await?;
            let stored = self.stored(of, &positions).await?;
            let found = self.compare(of, made, stored);
            if found.is_empty() || look >= LOOKS {
                self.found.extend(found);
                return Ok(labels);
            }
            self.know_newer_erasures().await?;
        }
        Ok(self.labels.clone())
    }

    /// The rows that the entries make now, with what is erased by now taken away.
    async fn made(
        &self,
        of: Of<'_>,
        positions: &RangeInclusive<u64>,
    ) -> Result<(Labels, Vec<Row>), ProjectionError> {
        let (from, to) = (*positions.start(), *positions.end());
        let limit = u32::try_from(to - from + 1).unwrap_or(u32::MAX);
        let stored = self.store.read(of.ledger, from, to, limit).await?;
        if (stored.len() as u64) < to - from + 1 {
            let position = from + stored.len() as u64;
            return Err(ReadError::Gap { ledger: of.ledger.clone(), position }.into());
        }
        let folded = if of.number == 0 {
            batch::changes(self.labels.clone(), stored).await?
        } else {
            batch::acts(self.labels.clone(), stored).await?.ok_or(ProjectionError::Unreadable)?
        };
        let mut rows = folded.rows;
        rows.iter_mut().for_each(|row| self.redact(row));
        Ok((folded.labels, rows))
    }

    fn redact(&self, row: &mut Row) {
        self.erased.iter().for_each(|erasure| row.redact(erasure.person, erasure.authored));
    }

    async fn stored(&self, of: Of<'_>, positions: &RangeInclusive<u64>) -> Result<Found, ProjectionError> {
        let sql = format!(
            "SELECT {} FROM {} WHERE organization = $1 AND ledger = $2 AND position >= $3 AND position <= $4",
            column_names(),
            Names::of(self.store).table(self.version)
        );
        let params = cells![self.id.to_string(), of.number, *positions.start(), *positions.end()];
        let rows = select(self.store, Statement::new(sql, params)).await?;
        let keyed = rows.into_iter().map(|mut row| {
            row.truncate(COLUMNS.len());
            let position = Reading::new(row.iter().skip(2).take(1).cloned().collect()).count()?;
            Ok((position, row))
        });
        keyed.collect()
    }

    fn compare(&self, of: Of<'_>, made: Vec<Row>, mut stored: Found) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut missing: Option<(u64, u64)> = None;
        for row in made {
            let position = row.position;
            match stored.remove(&position) {
                None => missing = Some((missing.map_or(position, |(first, _)| first), position)),
                Some(cells) => {
                    found.extend(missing.take().map(|range| gone(of, range)));
                    found.extend(self.differs(&row, cells).map(|what| difference(of, position, what)));
                }
            }
        }
        found.extend(missing.map(|range| gone(of, range)));
        found
    }

    /// In what a stored row differs from the one that was made.
    fn differs(&self, made: &Row, stored: Vec<Cell>) -> Option<String> {
        let wanted = to_cells(self.id, made);
        if wanted == stored {
            return None;
        }
        let other = COLUMNS.iter().zip(wanted.iter().zip(&stored)).filter(|(_, (wanted, is))| wanted != is);
        let names: Vec<&str> = other.map(|((name, _), _)| *name).collect();
        let mut redacted = from_cells(stored).ok();
        redacted.iter_mut().for_each(|row| self.redact(row));
        match redacted.map(|row| to_cells(self.id, &row) == wanted) {
            Some(true) if self.is_behind => None,
            Some(true) => Some("the row still holds personal values that were erased".to_owned()),
            Some(false) | None => Some(format!("the row is not what the entry makes: {}", names.join(", "))),
        }
    }

    /// Rows where no entry is, or where none was followed. `changes` and `acts` say how far each was when this began.
    async fn beyond(
        &mut self,
        changes: (&LedgerId, u64),
        acts: (&LedgerId, u64),
    ) -> Result<(), ProjectionError> {
        let sql = format!(
            "SELECT ledger, position FROM {} WHERE organization = $1 AND (ledger < 0 OR ledger > 1 OR position < 1
                OR (ledger = 0 AND position > $2) OR (ledger = 1 AND position > $3))
              ORDER BY ledger, position LIMIT {DIFFERENCES_MAX}",
            Names::of(self.store).table(self.version)
        );
        let rows =
            select(self.store, Statement::new(sql, cells![self.id.to_string(), changes.1, acts.1])).await?;
        // After the rows: the log may have grown meanwhile.
        let (change_end, act_end) = (self.end(changes.0).await?, self.end(acts.0).await?);
        for row in rows {
            let mut row = Reading::new(row);
            let (number, position) = (row.int()?, row.int()?);
            let (ledger, end) = if number == 0 { (changes.0, change_end) } else { (acts.0, act_end) };
            let is_known = (0..=1).contains(&number);
            let at = u64::try_from(position).ok();
            if !is_known || at.is_none_or(|at| at < 1 || at > end) {
                let what = "there is a row, but no entry that it could be made of".to_owned();
                self.found.push(Difference { ledger: ledger.clone(), position: at, what });
            }
        }
        Ok(())
    }

    /// How far rows may be there now. A log that followed more than there is says so.
    async fn end(&mut self, ledger: &LedgerId) -> Result<u64, ProjectionError> {
        let followed = self.checkpoint(ledger).await?;
        let head = self.store.head(ledger).await?.map_or(0, |head| head.position);
        if followed > head {
            let what = format!("it followed to position {followed}, where the ledger ends at {head}");
            self.found.push(Difference { ledger: ledger.clone(), position: None, what });
        }
        Ok(followed.min(head))
    }

    /// What was asked to be erased since.
    async fn know_newer_erasures(&mut self) -> Result<(), ProjectionError> {
        let changes = ledger_of(self.id);
        let head = self.store.head(&changes).await?.map_or(0, |head| head.position);
        self.newest = batch::advance(self.store, &changes, self.newest.clone(), head).await?;
        self.erased = self.newest.erased();
        self.is_behind = self.checkpoint(&changes).await? < head;
        Ok(())
    }
}

fn gone(of: Of<'_>, (first, last): (u64, u64)) -> Difference {
    let what = if first == last {
        "the row is missing".to_owned()
    } else {
        format!("the rows from {first} to {last} are missing")
    };
    difference(of, first, what)
}

fn difference(of: Of<'_>, position: u64, what: String) -> Difference {
    Difference { ledger: of.ledger.clone(), position: Some(position), what }
}

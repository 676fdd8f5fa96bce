//! What must be read of the ledger to plan an undoing: the selected events and all that touched the same since.

use super::plan::PlanError;
use super::selection::{EVENTS_MAX, Selection, To};
use crate::as_of::{At, position};
use crate::read;
use rollbook_domain::event::Event;
use rollbook_domain::kernel::id::{Kind, Subject};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::queue::event::QueueEvent;
use rollbook_ledger::codec::Decoded;
use rollbook_ledger::store::Store;
use rollbook_ledger::writer::{LoadError, ledger_of};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Most entries that one plan may need.
pub const ENTRIES_MAX: usize = 200_000;

/// The part of a ledger that a plan is made from.
#[derive(Clone, Debug, Default)]
pub struct Material {
    /// By position.
    pub(super) entries: BTreeMap<u64, Decoded>,
    /// What shall be undone.
    pub(super) selected: BTreeSet<u64>,
    /// Only what concerns this entity counts.
    pub(super) scope: Option<Subject>,
    /// Entities whose history has been read as far back as needed.
    pub(super) known: BTreeSet<Subject>,
}

/// Reads what `selection` needs, up to the position of `now`. `clock` is the present time.
///
/// # Errors
/// [`PlanError`]: nothing there, in the future, ambiguous, or too large.
pub async fn gather(
    store: &Store,
    now: &Organization,
    clock: Moment,
    selection: &Selection,
) -> Result<Material, PlanError> {
    let mut gathering = Gathering { store, now, material: Material::default() };
    match selection {
        Selection::Entity { subject, to } => gathering.entity(*subject, *to, clock).await?,
        Selection::Events { events } => gathering.events(events).await?,
        Selection::Actor { actor, from, until } => gathering.actor(actor, *from, *until).await?,
        Selection::Batch { batch } => gathering.batch(*batch).await?,
    }
    Ok(gathering.material)
}

/// Reads the histories of `subjects` too.
pub(super) async fn extend(
    store: &Store,
    now: &Organization,
    material: &mut Material,
    subjects: &BTreeSet<Subject>,
) -> Result<(), PlanError> {
    let mut gathering = Gathering { store, now, material: std::mem::take(material) };
    for subject in subjects {
        gathering.history(*subject, 0).await?;
    }
    *material = gathering.material;
    Ok(())
}

struct Gathering<'a> {
    store: &'a Store,
    now: &'a Organization,
    material: Material,
}

impl Gathering<'_> {
    /// Everything of an entity after a point belongs to the selection.
    async fn entity(&mut self, subject: Subject, to: To, clock: Moment) -> Result<(), PlanError> {
        if !self.now.exists(subject) {
            return Err(PlanError::NotThere);
        }
        self.material.scope = Some(subject);
        self.history(subject, 0).await?;
        let after = match to {
            To::Version(version) => self.position_of_version(subject, version)?,
            To::Position(at) => position(self.store, self.now, clock, At::Position(at)).await?,
            To::Moment(at) => position(self.store, self.now, clock, At::Moment(at)).await?,
        };
        let later = self.material.entries.range(after + 1..).map(|(position, _)| *position);
        self.material.selected = later.collect();
        self.histories_of_what_refers(subject, after).await?;
        self.removed_from_wholes(subject).await
    }

    fn position_of_version(&self, subject: Subject, version: u64) -> Result<u64, PlanError> {
        let own = self.material.entries.values().filter(|entry| entry.event.subject() == subject);
        let mut positions = own.map(|entry| entry.position);
        let found = match version.checked_sub(1) {
            None => positions.next().map(|first| first.saturating_sub(1)),
            Some(nth) => positions.nth(usize::try_from(nth).unwrap_or(usize::MAX)),
        };
        found.ok_or(PlanError::NoSuchVersion)
    }

    /// What else touched the fields that were set to the entity, or from it, since: those events need not name it.
    async fn histories_of_what_refers(&mut self, subject: Subject, after: u64) -> Result<(), PlanError> {
        let selected = self.material.selected.iter().filter_map(|at| self.material.entries.get(at));
        let referring = selected.filter(|entry| refers(entry, subject));
        let referring: BTreeSet<_> = referring.map(|entry| entry.event.subject()).collect();
        for other in referring {
            self.history(other, after).await?;
        }
        Ok(())
    }

    /// Archiving a queue takes it out of those composed of it; these events do not name it as their subject.
    async fn removed_from_wholes(&mut self, queue: Subject) -> Result<(), PlanError> {
        let is_archiving = |entry: &&Decoded| {
            matches!(entry.event, Event::Queue(QueueEvent::Archived { .. })) && entry.event.subject() == queue
        };
        let selected = self.material.selected.iter().filter_map(|at| self.material.entries.get(at));
        let archivings: Vec<_> = selected.filter(is_archiving).cloned().collect();
        for archiving in archivings {
            let mut wholes = BTreeSet::new();
            for entry in self.same_command_before(&archiving).await? {
                if matches!(&entry.event, Event::Queue(QueueEvent::PartsChanged { removed, .. })
                    if removed.iter().any(|part| part.subject() == queue))
                {
                    wholes.insert(entry.event.subject());
                    self.material.selected.insert(entry.position);
                    self.add(vec![entry])?;
                }
            }
            for whole in wholes {
                self.history(whole, archiving.position.saturating_sub(EVENTS_MAX as u64)).await?;
            }
        }
        Ok(())
    }

    /// The entries just before `last` that belong to the same command, at most as many as one command makes.
    async fn same_command_before(&self, last: &Decoded) -> Result<Vec<Decoded>, PlanError> {
        const STEP: u64 = 200;
        let command = last.metadata.get("command");
        let mut found = Vec::new();
        let mut to = last.position - 1;
        while to > 0 && found.len() < EVENTS_MAX {
            let from = to.saturating_sub(STEP - 1).max(1);
            let positions: Vec<u64> = (from..=to).collect();
            let mut entries = read::at_positions(self.store, self.now, &positions).await?;
            let count = entries.len();
            entries.retain(|entry| entry.metadata.get("command") == command);
            let whole = entries.len() == count;
            found.extend(entries);
            if !whole {
                break;
            }
            to = from - 1;
        }
        Ok(found)
    }

    async fn events(&mut self, positions: &[u64]) -> Result<(), PlanError> {
        if positions.len() > EVENTS_MAX {
            return Err(PlanError::TooLarge { what: "events", max: EVENTS_MAX });
        }
        if positions.iter().any(|position| *position > self.now.position) {
            return Err(PlanError::AtInFuture);
        }
        if positions.is_empty() || positions.contains(&0) {
            return Err(PlanError::NotThere);
        }
        let entries = read::at_positions(self.store, self.now, positions).await?;
        self.select(entries).await
    }

    async fn actor(&mut self, actor: &str, from: Moment, until: Moment) -> Result<(), PlanError> {
        let first = self.until(from.plus_micros(-1)).await? + 1;
        let last = self.until(until).await?.min(self.now.position);
        let mut found = Vec::new();
        if first <= last {
            let mut pages = self.store.stream(&ledger_of(self.now.id), first, last);
            while let Some(rows) = pages.next().await.map_err(LoadError::from)? {
                for row in rows.into_iter().filter(|row| row.actor == actor) {
                    found.push(read::decoded(self.now, row)?);
                }
                if found.len() > EVENTS_MAX {
                    return Err(PlanError::TooLarge { what: "events", max: EVENTS_MAX });
                }
            }
        }
        if found.is_empty() { Err(PlanError::NotThere) } else { self.select(found).await }
    }

    /// The last position at or before `moment`.
    async fn until(&self, moment: Moment) -> Result<u64, LoadError> {
        Ok(self.store.position_at(&ledger_of(self.now.id), moment.micros()).await?)
    }

    /// By import, command or batch id, newest first. Commands that shared a batch are not undone with each other.
    async fn batch(&mut self, id: Uuid) -> Result<(), PlanError> {
        const STEP: u64 = 2_000;
        let text = id.to_string();
        let (mut by_cause, mut by_command, mut by_batch) = (Vec::new(), Vec::new(), Vec::new());
        let mut to = self.now.position;
        while to > 0 {
            let from = to.saturating_sub(STEP - 1).max(1);
            let rows = self.store.read(&ledger_of(self.now.id), from, to, STEP as u32).await;
            let before = by_cause.len() + by_command.len() + by_batch.len();
            for row in rows.map_err(LoadError::from)? {
                let named = |name: &str| row.entry.metadata.get(name) == Some(&text);
                let place = if named("cause") {
                    &mut by_cause
                } else if named("command") {
                    &mut by_command
                } else if named("batch") {
                    &mut by_batch
                } else {
                    continue;
                };
                place.push(read::decoded(self.now, row)?);
            }
            let found = by_cause.len() + by_command.len() + by_batch.len();
            if found > EVENTS_MAX {
                return Err(PlanError::TooLarge { what: "events", max: EVENTS_MAX });
            }
            // An import is many batches, so only a command or batch ends the search.
            if found > 0 && found == before && by_cause.is_empty() {
                break;
            }
            to = from - 1;
        }
        let chosen = [by_cause, by_command].into_iter().find(|entries| !entries.is_empty());
        let chosen = match chosen {
            Some(chosen) => chosen,
            None => one_command(by_batch)?,
        };
        self.select(chosen).await
    }

    /// Selects `entries` and reads what touched the same entities since the oldest of them.
    async fn select(&mut self, entries: Vec<Decoded>) -> Result<(), PlanError> {
        let oldest = entries.iter().map(|entry| entry.position).min().unwrap_or_default();
        let subjects: BTreeSet<_> = entries.iter().map(|entry| entry.event.subject()).collect();
        self.material.selected = entries.iter().map(|entry| entry.position).collect();
        self.add(entries)?;
        for subject in subjects {
            self.history(subject, oldest.saturating_sub(1)).await?;
        }
        Ok(())
    }

    /// Reads the entity's history after the position `after`.
    async fn history(&mut self, subject: Subject, after: u64) -> Result<(), PlanError> {
        const STEP: u32 = 1_000;
        let (ledger, named) = (ledger_of(self.now.id), read::stored(subject));
        let mut before = self.now.position + 1;
        loop {
            let found = self.store.positions_of(&ledger, &named, Some(before), STEP).await;
            let found = found.map_err(|error| LoadError::Read(error.into()))?;
            let wanted = found.iter().copied().filter(|position| *position > after);
            let unread: Vec<u64> =
                wanted.filter(|position| !self.material.entries.contains_key(position)).collect();
            self.add(read::at_positions(self.store, self.now, &unread).await?)?;
            match found.last() {
                Some(last) if *last > after && found.len() == STEP as usize => before = *last,
                Some(_) | None => break,
            }
        }
        self.material.known.insert(subject);
        Ok(())
    }

    fn add(&mut self, entries: Vec<Decoded>) -> Result<(), PlanError> {
        self.material.entries.extend(entries.into_iter().map(|entry| (entry.position, entry)));
        if self.material.entries.len() > ENTRIES_MAX {
            return Err(PlanError::TooLarge { what: "entries", max: ENTRIES_MAX });
        }
        Ok(())
    }
}

/// Whether an entry sets a field of something else to `subject`, or from it.
fn refers(entry: &Decoded, subject: Subject) -> bool {
    let changes = || entry.event.changes().into_iter();
    entry.event.subject() != subject && changes().any(|change| change.refers_to(subject.id))
}

/// The entries of a batch, if they are one command's.
fn one_command(entries: Vec<Decoded>) -> Result<Vec<Decoded>, PlanError> {
    let commands: BTreeSet<_> = entries.iter().map(|entry| entry.metadata.get("command")).collect();
    match commands.len() {
        0 => Err(PlanError::NotThere),
        1 => Ok(entries),
        _ => Err(PlanError::Ambiguous),
    }
}

/// Whether an entity has a status that an undo can bring back.
pub(super) fn has_status(kind: Kind) -> bool {
    match kind {
        Kind::User
        | Kind::Role
        | Kind::Profile
        | Kind::Key
        | Kind::Queue
        | Kind::Group
        | Kind::Agent
        | Kind::Object => true,
        Kind::Organization | Kind::Settings | Kind::Conversation | Kind::Setting | Kind::Element => false,
    }
}

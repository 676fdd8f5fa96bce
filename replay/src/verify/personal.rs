//! Personal values that are gone, and the erasures that explain it.

use super::finding::{Findings, Kind};
use rollbook_domain::agent::event::AgentEvent;
use rollbook_domain::event::Event;
use rollbook_domain::user::event::UserEvent;
use rollbook_ledger::codec::{self, Missing, Owner};
use rollbook_ledger::entry::{LedgerId, LedgerKind};
use rollbook_ledger::store::{ReadError, Store, StoreError};
use std::collections::BTreeMap;
use std::slice;

/// Positions remembered of one person's missing values.
const POSITIONS_MAX: usize = 20;

/// Whose personal values an organization was asked to erase.
#[derive(Clone, Debug, Default)]
pub(super) struct Erasures {
    /// By user or agent: whether also what they authored, and whether it was confirmed.
    by_person: BTreeMap<String, Erasure>,
    /// The last change that was looked at.
    position: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Erasure {
    authored: bool,
    confirmed: bool,
}

impl Erasures {
    /// Notes what a change asks for.
    pub(super) fn note(&mut self, position: u64, event: &Event) {
        self.position = self.position.max(position);
        let (authored, confirmed) = match event {
            Event::User(UserEvent::ErasureRequested { authored, .. }) => (*authored, false),
            Event::User(UserEvent::Erased { authored, .. }) => (*authored, true),
            Event::Agent(AgentEvent::ErasureRequested { .. }) => (false, false),
            Event::Agent(AgentEvent::Erased { .. }) => (false, true),
            Event::User(_)
            | Event::Agent(_)
            | Event::Organization(_)
            | Event::Role(_)
            | Event::Profile(_)
            | Event::Key(_)
            | Event::Queue(_)
            | Event::Group(_)
            | Event::Object(_)
            | Event::Settings(_) => return,
        };
        let erasure = self.by_person.entry(event.subject().id.to_string()).or_default();
        erasure.authored |= authored;
        erasure.confirmed |= confirmed;
    }

    /// Reads the changes that were appended since: values may be gone on a request that was not there before.
    async fn know_newer(&mut self, store: &Store, changes: &LedgerId) -> Result<(), StoreError> {
        let head = store.heads_of(changes.kind, slice::from_ref(&changes.id)).await?;
        let last = head.first().map_or(0, |mark| mark.position);
        let mut pages = store.stream(changes, self.position + 1, last);
        loop {
            let rows = match pages.next().await {
                Ok(Some(rows)) => rows,
                // What is wrong with rows is told where the ledger itself is looked at.
                Ok(None) | Err(ReadError::Gap { .. } | ReadError::Corrupt { .. }) => return Ok(()),
                Err(ReadError::Store(error)) => return Err(error),
            };
            for decoded in rows.into_iter().filter_map(|stored| codec::decode(stored).ok()) {
                self.note(decoded.position, &decoded.event);
            }
        }
    }

    fn explains(&self, person: &str, authored: bool) -> bool {
        self.by_person.get(person).is_some_and(|erasure| erasure.authored || !authored)
    }
}

/// Values that are gone, until the ledger's end shows whether somebody asked for it.
#[derive(Default)]
pub(super) struct Gone(BTreeMap<(String, bool), (Vec<u64>, u64)>);

impl Gone {
    pub(super) fn note(&mut self, missing: Vec<Missing>) {
        for Missing { owner, position } in missing {
            let (positions, count) = self.0.entry((owner.person, owner.authored)).or_default();
            *count += 1;
            if positions.len() < POSITIONS_MAX && positions.last() != Some(&position) {
                positions.push(position);
            }
        }
    }

    pub(super) async fn judge(
        self,
        store: &Store,
        ledger: &LedgerId,
        erasures: &mut Erasures,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        if !self.0.keys().all(|(person, authored)| erasures.explains(person, *authored)) {
            let changes = LedgerId::new(LedgerKind::Organization, ledger.id.as_str());
            erasures.know_newer(store, &changes).await?;
        }
        for ((person, authored), (positions, count)) in self.0 {
            if erasures.explains(&person, authored) {
                continue;
            }
            for position in positions {
                let what = format!(
                    "a personal value of {person} is gone that nobody asked to erase ({count} in this ledger)"
                );
                findings.add(ledger, Some(position), Kind::PersonalMissing, what);
            }
        }
        Ok(())
    }
}

/// Values that are there although their erasure was confirmed.
pub(super) async fn left(
    store: &Store,
    ledger: &LedgerId,
    erasures: &Erasures,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let confirmed = erasures.by_person.iter().filter(|(_, erasure)| erasure.confirmed);
    for (person, erasure) in confirmed {
        let own = Owner { person: person.clone(), authored: false };
        let authored = erasure.authored.then(|| Owner { authored: true, ..own.clone() });
        for owner in [Some(own), authored].into_iter().flatten() {
            for (position, row) in store.personal_of(ledger, &owner.key()).await? {
                if !row.values.is_empty() {
                    let what = format!("a personal value of {person} is there although it was erased");
                    findings.add(ledger, Some(position), Kind::PersonalLeft, what);
                }
            }
        }
    }
    Ok(())
}

//! The followers of this process: one for each organization that it serves, started when it is first opened.
//!
//! A follower that stopped by itself stays stopped and is named by `/readyz`; only a writer that was started anew
//! gets a new one. None keeps an idle organization in memory: it ends just before its writer does.

use rollbook_domain::kernel::id::OrganizationId;
use rollbook_ledger::deployment::Open;
use rollbook_ledger::store::Store;
use rollbook_ledger::writer::Writer;
use rollbook_projections::follower::{Follower, Options, Status};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Followers by organization.
#[derive(Debug, Default)]
pub(super) struct Followers(Mutex<HashMap<OrganizationId, Kept>>);

#[derive(Debug)]
struct Kept {
    writer: Writer,
    follower: Follower,
}

impl Followers {
    /// The follower of an organization, started if there is none.
    pub(super) fn of(&self, store: &Store, open: &Open) -> Follower {
        let mut all = self.all();
        if let Some(kept) = all.get(&open.writer.id()).filter(|kept| kept.writer.is_same(&open.writer)) {
            return kept.follower.clone();
        }
        let writer = open.writer.beside();
        let follower = Follower::start(store.clone(), writer.clone(), Options::default());
        all.insert(writer.id(), Kept { writer, follower: follower.clone() });
        follower
    }

    /// Ends the one of this writer, which is about to end. Answers `false`, and ends nothing, if it stopped by itself:
    /// an alarm does not go away because nobody asks.
    pub(super) fn end(&self, writer: &Writer) -> bool {
        let mut all = self.all();
        let Some(kept) = all.get(&writer.id()).filter(|kept| kept.writer.is_same(writer)) else {
            return true;
        };
        if kept.follower.status().stopped.is_some() {
            return false;
        }
        all.remove(&writer.id());
        true
    }

    /// Where each stands.
    pub(super) fn status(&self) -> Vec<(OrganizationId, Status)> {
        self.all().iter().map(|(id, kept)| (*id, kept.follower.status())).collect()
    }

    /// Ends all of them. What one was about to write is written whole or not at all.
    pub(super) fn stop(&self) {
        self.all().clear();
    }

    /// The map is whole whatever panicked beside it: no change of it can be left half done.
    fn all(&self) -> MutexGuard<'_, HashMap<OrganizationId, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

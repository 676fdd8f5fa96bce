//! Imports as jobs: one row after the other through the same door as everybody's changes, in batches under one id.
//!
//! A job keeps its file in memory and nowhere else; how far it has come is a row that every process can read. It is never
//! taken up again: whoever imports the same file once more adds nothing twice, since rows name their things. What is in a
//! file is read by `rollbook-replay`, and who may ask for an import is said by its route.

mod chunk;
mod run;
mod state;
mod step;

pub(crate) use run::{Job, run};
pub(crate) use state::{State, View, view};

use crate::error::Problem;
use crate::extract::Caller;
use crate::routes::refer::Names;
use rollbook_domain::kernel::id::{Kind, RoleId};
use rollbook_domain::kernel::shared::Standing;
use rollbook_domain::organization::state::Organization;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// Imports that one process carries out at once.
const AT_ONCE: usize = 2;
/// Imports that one process has in memory, those that wait included.
const HELD_MAX: usize = 8;

/// How many imports this process takes.
#[derive(Debug)]
pub(crate) struct Imports {
    held: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Default for Imports {
    fn default() -> Self {
        let [held, turns] = [HELD_MAX, AT_ONCE].map(|most| Arc::new(Semaphore::new(most)));
        Self { held, turns }
    }
}

impl Imports {
    /// Leave to have a file in memory, given back when it is dropped.
    ///
    /// # Errors
    /// 503 `busy` if there are too many.
    pub(crate) fn hold(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let held = self.held.clone().try_acquire_owned();
        held.map_err(|_| Problem::unavailable("busy", "too many imports are waiting; try again later", 60))
    }

    /// One's turn.
    ///
    /// # Errors
    /// 503 `busy` while the process ends.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = self.turns.clone().acquire_owned().await;
        turn.map_err(|_| Problem::unavailable("busy", "this process is about to end", 1))
    }
}

/// Whose eyes look for what the rows name.
#[derive(Clone, Debug)]
pub(crate) enum Importer {
    /// A user, who may not see everything.
    Caller(Box<Caller>),
    /// The operator, who sees it all.
    Operator,
}

impl Importer {
    /// Calls `with` with what finds things by their names.
    ///
    /// # Errors
    /// 401 if the caller is gone.
    pub(crate) fn looking<T>(
        &self,
        organization: &Organization,
        with: impl FnOnce(&dyn Fn(Kind, &str) -> Option<Uuid>) -> T,
    ) -> Result<T, Problem> {
        match self {
            Self::Operator => Ok(with(&|kind, text| organization.find(kind, text))),
            Self::Caller(caller) => {
                let names = Names::of(caller, organization)?;
                Ok(with(&|kind, text| names.find(kind, text)))
            }
        }
    }

    /// The role that new users get whose rows name none: the one that is asked for, else the lowest there is.
    ///
    /// # Errors
    /// 422 if there is no such role.
    pub(crate) fn role(
        &self,
        organization: &Organization,
        asked: Option<&str>,
    ) -> Result<Option<RoleId>, Problem> {
        let Some(name) = asked else {
            let roles = organization.roles.values().filter(|role| role.status == Standing::Active);
            return Ok(roles.min_by_key(|role| role.rank.value).map(|role| role.id));
        };
        let found = self.looking(organization, |find| find(Kind::Role, name))?;
        let missing = || Problem::field("role", "no_such_role", "there is no such role");
        found.map(|id| Some(RoleId(id))).ok_or_else(missing)
    }
}

//! The system ledger: which organizations there are, and what operators did to them.
//!
//! Its state is a small directory, read to the head whenever a name is not known. It holds no user.

use crate::codec::{self, Draft};
use crate::entry::{LedgerId, LedgerKind};
use crate::plain::{Drafts, PlainLedger};
use crate::store::Store;
use crate::writer::{LoadError, WriteError};
use rollbook_domain::kernel::context::Context;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::kernel::text::folded;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The stored names of the system ledger's entries; each is version `1`.
pub mod entries {
    /// An organization was given a name and an id: `{"organization","name"}`.
    pub const REGISTERED: &str = "organization.registered";
    /// An operator let the owner in again: `{"organization"}`.
    pub const RECOVERED: &str = "organization.recovered";
    /// The demonstration built an organization with a clock that it told the time: `{"organization"}`.
    pub const DEMONSTRATED: &str = "demo.built";
    /// An operator ran something that concerns the whole deployment: `{"operation"}`.
    pub const OPERATED: &str = "operator.ran";
}

/// The organizations of a deployment.
#[derive(Clone, Debug)]
pub struct System {
    store: Store,
    ledger: PlainLedger,
    directory: Arc<Mutex<Directory>>,
}

#[derive(Debug, Default)]
struct Directory {
    position: u64,
    by_name: BTreeMap<String, Registered>,
}

/// One organization as the system ledger knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its id.
    pub id: OrganizationId,
    /// Its name as it was registered.
    pub name: String,
}

/// The one system ledger.
#[must_use]
pub fn ledger() -> LedgerId {
    LedgerId::new(LedgerKind::System, "system")
}

impl System {
    /// The system ledger of a store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        let ledger = PlainLedger::new(store.clone(), ledger());
        Self { store, ledger, directory: Arc::default() }
    }

    /// The organization with this name, whatever its case.
    ///
    /// # Errors
    /// [`LoadError`] if the system ledger cannot be read.
    pub async fn find(&self, name: &str) -> Result<Option<Registered>, LoadError> {
        let mut directory = self.directory.lock().await;
        if let Some(found) = directory.by_name.get(&folded(name)) {
            return Ok(Some(found.clone()));
        }
        self.refresh(&mut directory).await?;
        Ok(directory.by_name.get(&folded(name)).cloned())
    }

    /// Every organization, by name.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub async fn all(&self) -> Result<Vec<Registered>, LoadError> {
        let mut directory = self.directory.lock().await;
        self.refresh(&mut directory).await?;
        Ok(directory.by_name.values().cloned().collect())
    }

    /// Gives an organization its name, if it is free; else says whose it is.
    ///
    /// Two processes may register the same name at once: the first entry wins, and the second reads its id.
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn register(
        &self,
        context: &Context,
        id: OrganizationId,
        name: &str,
    ) -> Result<Registered, WriteError> {
        let unread = |error: LoadError| WriteError::Stopped(error.to_string());
        if let Some(found) = self.find(name).await.map_err(unread)? {
            return Ok(found);
        }
        self.append(context, entries::REGISTERED, json!({ "organization": id, "name": name })).await?;
        let found = self.find(name).await.map_err(unread)?;
        found.ok_or_else(|| {
            WriteError::Stopped("the system ledger does not show what was appended".to_owned())
        })
    }

    /// Appends one entry, durably.
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn append(
        &self,
        context: &Context,
        event_type: &str,
        payload: Value,
    ) -> Result<u64, WriteError> {
        let organization = payload.get("organization").and_then(Value::as_str).and_then(|id| id.parse().ok());
        let draft = Draft {
            event_type: event_type.to_owned(),
            version: "1".to_owned(),
            payload,
            subjects: organization.map(|id: OrganizationId| id.subject()).into_iter().collect(),
            authority: "operator".to_owned(),
        };
        self.ledger.append(&[Drafts { context, actor_role: None, drafts: vec![draft] }]).await
    }

    async fn refresh(&self, directory: &mut Directory) -> Result<(), LoadError> {
        let head = self.store.head(&ledger()).await?.map_or(0, |head| head.position);
        let pages = self.store.stream(&ledger(), directory.position + 1, head);
        let folded = pages.for_each(|rows| {
            for stored in rows {
                fold(directory, codec::reveal(stored)?);
            }
            Ok(())
        });
        folded.await.map_err(|error: LoadError| error)
    }
}

fn fold(directory: &mut Directory, entry: codec::Revealed) {
    directory.position = entry.position;
    let text = |name: &str| entry.payload.get(name).and_then(Value::as_str);
    if entry.event_type == entries::REGISTERED
        && let (Some(Ok(id)), Some(name)) = (text("organization").map(str::parse), text("name"))
    {
        let registered = Registered { id, name: name.to_owned() };
        directory.by_name.entry(folded(name)).or_insert(registered);
    }
}

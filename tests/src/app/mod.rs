//! The API in process on a SQLite database of its own: organizations `north` and `south`, with people of every
//! standard role, one of each kind of thing, and one of each that is archived.
//!
//! What a test needs at the start is put there through the writers, not through routes. Everybody has the same
//! password, hashed once a process, since hashing is slow on purpose.

use crate::client::Client;
use axum::Router;
use rollbook_api::app::{App, ServeOptions};
use rollbook_api::server;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_ledger::activity;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::codec;
use rollbook_ledger::deployment::{Deployment, Open};
use rollbook_ledger::entry::LedgerId;
use rollbook_ledger::store::{RawRow, Store};
use rollbook_ledger::writer;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use tempfile::TempDir;
use tokio::sync::OnceCell;

mod place;
mod scene;

pub use scene::picture;

/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery staple";
/// How long the sessions put here live, in microseconds (one hour).
const SESSION_US: i64 = 3_600_000_000;
/// The logins of north's active people: each standard role by name, and `ann`, an agent whom tests change.
pub const PEOPLE: [&str; 7] = ["owner", "administrator", "auditor", "manager", "supervisor", "agent", "ann"];

static HASH: OnceCell<String> = OnceCell::const_new();
static TEMPLATE: OnceCell<Template> = OnceCell::const_new();
static DRAWN: AtomicU64 = AtomicU64::new(1);

/// A running application with its two organizations.
#[derive(Debug)]
pub struct World {
    /// The application.
    pub app: App,
    /// The first organization.
    pub north: Place,
    /// The second organization.
    pub south: Place,
    router: Router,
    folder: TempDir,
}

/// One organization, and how its people are let in.
#[derive(Debug)]
pub struct Place {
    /// Its name.
    pub name: &'static str,
    /// Its id.
    pub id: OrganizationId,
    /// Its writer and activity.
    pub open: Open,
    /// Session tokens by login.
    pub tokens: BTreeMap<String, String>,
    /// The owner's API key.
    pub api_key: String,
}

/// One entry of a ledger with its personal values in clear.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its position.
    pub position: u64,
    /// Its event's stored name.
    pub event_type: String,
    /// Its payload.
    pub payload: serde_json::Value,
    /// Its metadata.
    pub metadata: BTreeMap<String, String>,
}

impl World {
    /// A new one.
    ///
    /// # Panics
    /// If it cannot be set up.
    pub async fn new() -> Self {
        Self::with(ServeOptions::default()).await
    }

    /// A new one that is served differently.
    ///
    /// # Panics
    /// If it cannot be set up.
    pub async fn with(options: ServeOptions) -> Self {
        Self::served(options, Clock::default()).await
    }

    /// A new one whose clock says what the test tells it. Sessions that it begins with are soon over by that clock.
    ///
    /// # Panics
    /// If it cannot be set up.
    pub async fn at_time(clock: Clock) -> Self {
        Self::served(ServeOptions::default(), clock).await
    }

    async fn served(options: ServeOptions, clock: Clock) -> Self {
        let template = TEMPLATE.get_or_init(Template::make).await;
        let folder = temporary();
        for file in std::fs::read_dir(template.folder.path()).expect("the template can be listed").flatten() {
            std::fs::copy(file.path(), folder.path().join(file.file_name()))
                .expect("the template can be copied");
        }
        let app = app(&folder, options, clock).await;
        let router = server::router(app.clone());
        let [north, south] = &template.places;
        let (north, south) = (north.open(&app).await, south.open(&app).await);
        Self { app, north, south, router, folder }
    }

    /// A new one in an empty database, such as one of PostgreSQL's.
    ///
    /// # Panics
    /// If it cannot be set up.
    pub async fn at(store: Store) -> Self {
        Self::at_with(store, ServeOptions::default()).await
    }

    /// The same, served differently.
    ///
    /// # Panics
    /// If it cannot be set up.
    pub async fn at_with(store: Store, options: ServeOptions) -> Self {
        store.migrate().await.expect("the tables are created");
        let app = App::new(Deployment::new(store, Clock::default()), options);
        let router = server::router(app.clone());
        let (north, south) = (Place::found(&app, "north").await, Place::found(&app, "south").await);
        Self { app, north, south, router, folder: temporary() }
    }

    /// The folder of its database, empty if that is none of SQLite's.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A caller without credentials.
    #[must_use]
    pub fn anonymous(&self) -> Client {
        Client::new(self.router.clone())
    }

    /// Somebody of north by login, signed in.
    ///
    /// # Panics
    /// If nobody has this login.
    #[must_use]
    pub fn user(&self, login: &str) -> Client {
        self.anonymous().bearer(self.north.tokens.get(login).expect("somebody of north"))
    }

    /// North's owner.
    #[must_use]
    pub fn owner(&self) -> Client {
        self.user("owner")
    }

    /// North's owner by API key.
    #[must_use]
    pub fn api_key(&self) -> Client {
        self.anonymous().bearer(&self.north.api_key)
    }

    /// South's owner.
    ///
    /// # Panics
    /// If south has none.
    #[must_use]
    pub fn foreigner(&self) -> Client {
        self.anonymous().bearer(self.south.tokens.get("owner").expect("south's owner"))
    }

    /// How far north's change ledger is, read from the database.
    ///
    /// # Panics
    /// If it cannot be read.
    pub async fn head(&self) -> u64 {
        self.position(&writer::ledger_of(self.north.id)).await
    }

    /// How far a ledger is, read from the database.
    ///
    /// # Panics
    /// If it cannot be read.
    pub async fn position(&self, ledger: &LedgerId) -> u64 {
        let head = self.app.deployment().store().head(ledger).await.expect("the head can be read");
        head.map_or(0, |head| head.position)
    }

    /// The entries of north's change ledger after a position, in clear.
    ///
    /// # Panics
    /// If they cannot be read.
    pub async fn changes_after(&self, position: u64) -> Vec<Entry> {
        self.entries(&writer::ledger_of(self.north.id), position).await
    }

    /// The entries of north's activity ledger after a position, in clear, what was counted included.
    ///
    /// # Panics
    /// If they cannot be read.
    pub async fn activity_after(&self, position: u64) -> Vec<Entry> {
        self.settle().await;
        self.entries(&activity::ledger_of(self.north.id), position).await
    }

    /// How far north's activity is, what was counted included.
    ///
    /// # Panics
    /// If it cannot be read.
    pub async fn activity(&self) -> u64 {
        self.settle().await;
        self.position(&activity::ledger_of(self.north.id)).await
    }

    /// Waits for acts that are being written and writes what was counted.
    async fn settle(&self) {
        self.north.open.activity.flush().await;
        // A noted act is written by a task of its own; the ledger's lock is taken in order.
        tokio::time::sleep(std::time::Duration::from_millis(15)).await;
    }

    async fn entries(&self, ledger: &LedgerId, after: u64) -> Vec<Entry> {
        let store = self.app.deployment().store();
        let stored = store.read(ledger, after + 1, u64::MAX >> 1, 10_000).await.expect("entries can be read");
        let revealed = stored.into_iter().map(|stored| {
            let entry = codec::reveal(stored).expect("an entry can be revealed");
            Entry {
                position: entry.position,
                event_type: entry.event_type.clone(),
                payload: entry.payload.clone(),
                metadata: entry
                    .metadata
                    .iter()
                    .map(|(name, text)| (name.to_owned(), text.to_owned()))
                    .collect(),
            }
        });
        revealed.collect()
    }

    /// Every row of every ledger as it lies in the database.
    ///
    /// # Panics
    /// If they cannot be read.
    pub async fn raw(&self) -> Vec<RawRow> {
        let ledgers =
            [self.north.id, self.south.id].map(|id| [writer::ledger_of(id), activity::ledger_of(id)]);
        let mut rows = Vec::new();
        for ledger in ledgers.iter().flatten().chain([&rollbook_ledger::system::ledger()]) {
            let head = self.position(ledger).await;
            rows.extend(
                self.app.deployment().store().read_raw(ledger, 1, head).await.expect("rows can be read"),
            );
        }
        rows
    }
}

/// A database with both organizations, made once a process and copied for each world.
struct Template {
    folder: TempDir,
    places: [Known; 2],
}

/// What is to be known of an organization to serve it from a copy.
struct Known {
    name: &'static str,
    id: OrganizationId,
    tokens: BTreeMap<String, String>,
    api_key: String,
}

impl Template {
    async fn make() -> Self {
        let folder = temporary();
        let app = app(&folder, ServeOptions::default(), Clock::default()).await;
        let mut places = Vec::new();
        for name in ["north", "south"] {
            let Place { name, id, tokens, api_key, .. } = Place::found(&app, name).await;
            places.push(Known { name, id, tokens, api_key });
        }
        let places = places.try_into().unwrap_or_else(|_| panic!("two were founded"));
        Self { folder, places }
    }
}

impl Known {
    async fn open(&self, app: &App) -> Place {
        let open = app.deployment().open(self.id).await.expect("it can be served");
        let (tokens, api_key) = (self.tokens.clone(), self.api_key.clone());
        Place { name: self.name, id: self.id, open, tokens, api_key }
    }
}

async fn app(folder: &TempDir, options: ServeOptions, clock: Clock) -> App {
    let store = Store::sqlite(&folder.path().join("rollbook.db")).await.expect("SQLite opens");
    store.migrate().await.expect("the tables are created");
    App::new(Deployment::new(store, clock), options)
}

/// In memory where there is such a file system: these tests are not about durability.
fn temporary() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

//! The API in process on a SQLite database of its own: organizations `north` and `south`, with people of every
//! standard role, one of each kind of thing, and one of each that is archived.
//!
//! What a test needs at the start is put there through the writers, not through routes. Everybody has the same
//! password, hashed once a process, since hashing is slow on purpose.

use crate::client::Client;
use axum::Router;
use rollbook_api::app::{App, ServeOptions};
use rollbook_api::auth::{api_key, password::Passwords, session};
use rollbook_api::server;
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::{CredentialId, Kind, OrganizationId, ProfileId, RoleId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::{Command, OrganizationCommand};
use rollbook_domain::user::command::{NewUser, UserCommand};
use rollbook_domain::user::state::Status;
use rollbook_ledger::activity;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::codec;
use rollbook_ledger::deployment::{Deployment, Open};
use rollbook_ledger::entry::LedgerId;
use rollbook_ledger::store::{Credential, CredentialChange, RawRow, Session, Store};
use rollbook_ledger::writer::{self, Submission};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uuid::Uuid;

mod scene;

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
        let template = TEMPLATE.get_or_init(Template::make).await;
        let folder = temporary();
        for file in std::fs::read_dir(template.folder.path()).expect("the template can be listed").flatten() {
            std::fs::copy(file.path(), folder.path().join(file.file_name()))
                .expect("the template can be copied");
        }
        let app = app(&folder, options).await;
        let router = server::router(app.clone());
        let [north, south] = &template.places;
        let (north, south) = (north.open(&app).await, south.open(&app).await);
        Self { app, north, south, router, folder }
    }

    /// The folder of its database.
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
        let app = app(&folder, ServeOptions::default()).await;
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

async fn app(folder: &TempDir, options: ServeOptions) -> App {
    let store = Store::sqlite(&folder.path().join("rollbook.db")).await.expect("SQLite opens");
    store.migrate().await.expect("the tables are created");
    App::new(Deployment::new(store, Clock::default()), options)
}

/// In memory where there is such a file system: these tests are not about durability.
fn temporary() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

impl Place {
    async fn found(app: &App, name: &'static str) -> Self {
        let deployment = app.deployment();
        let (context, fresh) = (context(deployment, Actor::Operator), OrganizationId(fresh()));
        let registered = deployment.system().register(&context, fresh, name).await.expect("it is registered");
        let open = deployment.open(registered.id).await.expect("it can be served");
        let mut place =
            Self { name, id: registered.id, open, tokens: BTreeMap::new(), api_key: String::new() };
        let (password, put) = place.password(deployment).await;
        let found = OrganizationCommand::Found {
            name: name.to_owned(),
            catalog: "standard".to_owned(),
            owner_login: "owner".to_owned(),
            owner_name: "Olga Owner".to_owned(),
            owner_email: Some(format!("owner@{name}.example")),
            password: Some(password),
        };
        place.submit(deployment, Actor::Operator, Command::Organization(found), vec![put]).await;
        place.people(deployment).await;
        scene::furnish(&place, deployment).await;
        for login in PEOPLE.iter().chain(&["blocked"]) {
            let token = place.session(deployment, place.id(Kind::User, login), SESSION_US).await;
            place.tokens.insert((*login).to_owned(), token);
        }
        place.api_key = place.key(deployment, place.owner()).await;
        place
    }

    async fn people(&self, deployment: &Deployment) {
        let mut commands = Vec::new();
        let mut credentials = Vec::new();
        for login in PEOPLE.iter().skip(1).chain(&["invited", "blocked", "archived", "victim"]) {
            let role = if PEOPLE[..6].contains(login) { *login } else { "agent" };
            let (password, put) = self.password(deployment).await;
            credentials.push(put);
            commands.push(Command::User(UserCommand::Create(NewUser {
                login: (*login).to_owned(),
                name: format!("Person {login}"),
                email: Some(format!("{login}@{}.example", self.name)),
                role: RoleId(self.id(Kind::Role, role)),
                profile: None::<ProfileId>,
                status: if *login == "invited" { Status::Invited } else { Status::Active },
                password: Some(password),
            })));
        }
        self.submit(deployment, Actor::Operator, Command::Many(commands), credentials).await;
    }

    /// The owner.
    #[must_use]
    pub fn owner(&self) -> UserId {
        UserId(self.id(Kind::User, "owner"))
    }

    /// The id of what has this login or name.
    ///
    /// # Panics
    /// If there is no such thing.
    #[must_use]
    pub fn id(&self, kind: Kind, name: &str) -> Uuid {
        let published = self.open.writer.published();
        published.organization.find(kind, name).unwrap_or_else(|| panic!("no {} named {name}", kind.word()))
    }

    /// Carries out a command beside the routes.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn submit(
        &self,
        deployment: &Deployment,
        actor: Actor,
        command: Command,
        credentials: Vec<CredentialChange>,
    ) {
        let context = context(deployment, actor);
        let submission = Submission { context, command, idempotency: None, credentials, only_at: None };
        self.open.writer.submit(submission).await.expect("the scene can be set");
    }

    /// A session of a user that is over after `lives_us` microseconds; its token.
    ///
    /// # Panics
    /// If it cannot be stored.
    pub async fn session(&self, deployment: &Deployment, user: Uuid, lives_us: i64) -> String {
        let (token, token_hash) = session::new_token().expect("a token");
        let now = deployment.clock().now().micros();
        let session = Session {
            id: fresh().to_string(),
            token_hash,
            aggregate_id: self.id.to_string(),
            user_id: user.to_string(),
            created_at_us: now - SESSION_US,
            expires_at_us: now + lives_us,
        };
        deployment.store().put_session(&session).await.expect("a session is stored");
        token
    }

    async fn key(&self, deployment: &Deployment, user: UserId) -> String {
        let id = CredentialId(fresh());
        let (text, secret_hash) = api_key::new_key(self.id, id).expect("an API key");
        let put = credential(deployment, id, "api_key", user.to_string(), secret_hash);
        let command = Command::User(UserCommand::CreateApiKey(user, id));
        self.submit(deployment, Actor::User(self.owner()), command, vec![put]).await;
        text
    }

    async fn password(&self, deployment: &Deployment) -> (CredentialId, CredentialChange) {
        let hash = HASH.get_or_init(|| async {
            Passwords::new(1).hash(PASSWORD.to_owned()).await.expect("a password can be hashed")
        });
        let id = CredentialId(fresh());
        (id, credential(deployment, id, "password", String::new(), hash.await.clone()))
    }
}

fn credential(
    deployment: &Deployment,
    id: CredentialId,
    kind: &str,
    user_id: String,
    secret_hash: String,
) -> CredentialChange {
    CredentialChange::Put(Credential {
        id: id.to_string(),
        user_id,
        kind: kind.to_owned(),
        secret_hash,
        created_at_us: deployment.clock().now().micros(),
        expires_at_us: None,
        meta: "{\"by_oneself\":true}".to_owned(),
    })
}

/// An id that this process has not used yet; a seed likewise.
fn fresh() -> Uuid {
    let drawn = u128::from(DRAWN.fetch_add(1, Ordering::Relaxed));
    uuid::Builder::from_random_bytes((0x5eed_0000_0000_0000_0000_0000_u128 + drawn).to_be_bytes()).into_uuid()
}

fn context(deployment: &Deployment, actor: Actor) -> Context {
    let at: Moment = deployment.clock().now();
    let mut seed = [7; 32];
    seed.iter_mut().zip(fresh().as_bytes()).for_each(|(byte, drawn)| *byte = *drawn);
    Context {
        actor,
        at,
        seed,
        reason: None,
        ticket: None,
        channel: Channel::System,
        ip: None,
        agent: None,
        session: None,
        request: None,
        command: fresh(),
        cause: None,
        expects: None,
    }
}

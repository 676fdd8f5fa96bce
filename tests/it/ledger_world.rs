//! Where the ledger's tests take place: a database of their own on either engine, and people to ask things.
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::{OrganizationId, RoleId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::{Command, OrganizationCommand};
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::command::{NewUser, UserCommand};
use rollbook_domain::user::state::Status;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::codec::{self, Decoded};
use rollbook_ledger::deployment::{Deployment, Open};
use rollbook_ledger::store::{Head, Store};
use rollbook_ledger::writer::{Answer, Idempotency, Submission, WriteError, Written, ledger_of};
use rollbook_tests::pg::TestPg;
use sqlx::Connection;
use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use tempfile::TempDir;
use uuid::Uuid;

/// Runs an async test of one world on each engine.
macro_rules! on_both_engines {
    ($($name:ident)*) => { $(
        mod $name {
            use $crate::ledger_world::World;

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                super::$name(World::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgresql() {
                super::$name(World::postgres()).await;
            }
        }
    )* };
}
pub(crate) use on_both_engines;

pub(crate) enum World {
    Sqlite(TempDir),
    Postgres(TestPg),
}

impl World {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub(crate) fn postgres() -> Self {
        Self::Postgres(TestPg::create())
    }

    pub(crate) fn file(&self) -> std::path::PathBuf {
        match self {
            Self::Sqlite(folder) => folder.path().join("rollbook.db"),
            Self::Postgres(_) => panic!("PostgreSQL has no file"),
        }
    }

    /// How a child process finds this world.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Sqlite(_) => self.file().to_str().unwrap().to_owned(),
            Self::Postgres(pg) => pg.url().to_owned(),
        }
    }

    /// Connections of its own, as another process would have.
    pub(crate) async fn store(&self) -> Store {
        store_at(&self.address()).await
    }

    /// What another process would run.
    pub(crate) async fn deployment(&self) -> Deployment {
        Deployment::new(self.store().await, Clock::default())
    }

    /// Every row of the named table, as text.
    pub(crate) async fn rows(&self, table: &str) -> Vec<String> {
        match self {
            Self::Sqlite(_) => {
                let connection = rusqlite::Connection::open(self.file()).unwrap();
                let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
                let width = statement.column_count();
                let rows = statement.query_map([], |row| {
                    Ok((0..width).map(|n| text_of(row.get_ref(n).unwrap())).collect::<Vec<_>>().join("|"))
                });
                rows.unwrap().map(Result::unwrap).collect()
            }
            Self::Postgres(pg) => {
                let mut connection = sqlx::PgConnection::connect(pg.url()).await.unwrap();
                let sql = format!("SELECT t::text FROM {table} t");
                sqlx::query_scalar(&sql).fetch_all(&mut connection).await.unwrap()
            }
        }
    }

    /// What no product code may do: statements by a hand that puts the guards aside and back again.
    pub(crate) async fn tamper(&self, sql: &str) {
        match self {
            Self::Sqlite(_) => {
                let connection = rusqlite::Connection::open(self.file()).unwrap();
                connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
                let select = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'";
                let triggers: Vec<(String, String)> = connection
                    .prepare(select)
                    .unwrap()
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
                    .unwrap()
                    .map(Result::unwrap)
                    .collect();
                let drop: String = triggers.iter().map(|(name, _)| format!("DROP TRIGGER {name};")).collect();
                let create: String = triggers.iter().map(|(_, sql)| format!("{sql};")).collect();
                connection.execute_batch(&format!("BEGIN IMMEDIATE; {drop} {sql}; {create} COMMIT")).unwrap();
            }
            Self::Postgres(pg) => {
                let mut connection = sqlx::PgConnection::connect(pg.url()).await.unwrap();
                let guards = |verb: &str| {
                    let alter = |table| format!("ALTER TABLE {table} {verb} TRIGGER USER;");
                    ["events", "heads", "personal_values"].map(alter).concat()
                };
                let sql = format!("BEGIN; {} {sql}; {} COMMIT", guards("DISABLE"), guards("ENABLE"));
                sqlx::raw_sql(&sql).execute(&mut connection).await.unwrap();
            }
        }
    }

    /// What a restore of an older copy does, in a database with one organization.
    pub(crate) async fn back_to(&self, head: &Head) {
        let bytes = head.frontier.to_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let frontier = match self {
            Self::Sqlite(_) => format!("x'{hex}'"),
            Self::Postgres(_) => format!("'\\x{hex}'::bytea"),
        };
        let (position, batch) = (head.position, &head.batch);
        self.tamper(&format!(
            "DELETE FROM state_snapshots WHERE position > {position};
             DELETE FROM personal_values WHERE sequence > {position}; DELETE FROM events WHERE sequence > {position};
             DELETE FROM event_subjects WHERE sequence > {position};
             UPDATE heads SET position = {position}, batch = '{batch}', frontier = {frontier};"
        ))
        .await;
    }

    /// Keeps every writer waiting until the answer is dropped or `release`d.
    pub(crate) async fn hold(&self) -> Held {
        match self {
            Self::Sqlite(_) => {
                let connection = rusqlite::Connection::open(self.file()).unwrap();
                connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                Held::Sqlite(connection)
            }
            Self::Postgres(pg) => {
                let mut connection = sqlx::PgConnection::connect(pg.url()).await.unwrap();
                sqlx::raw_sql("BEGIN; SELECT FROM heads FOR UPDATE").execute(&mut connection).await.unwrap();
                Held::Postgres(connection)
            }
        }
    }
}

/// A lock on every ledger.
pub(crate) enum Held {
    Sqlite(rusqlite::Connection),
    Postgres(sqlx::PgConnection),
}

impl Held {
    pub(crate) async fn release(self) {
        match self {
            Self::Sqlite(connection) => connection.execute_batch("ROLLBACK").unwrap(),
            Self::Postgres(mut connection) => {
                sqlx::raw_sql("ROLLBACK").execute(&mut connection).await.unwrap();
            }
        }
    }
}

pub(crate) async fn store_at(address: &str) -> Store {
    let store = if address.starts_with("postgres:") {
        Store::postgres(address, 4).await.unwrap()
    } else {
        Store::sqlite(std::path::Path::new(address)).await.unwrap()
    };
    store.migrate().await.unwrap();
    store
}

fn text_of(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => format!("{other:?}"),
    }
}

/// Numbers that nobody else has.
pub(crate) fn random() -> u128 {
    let half = || u128::from(RandomState::new().build_hasher().finish());
    half() << 64 | half()
}

pub(crate) fn context(actor: Actor) -> Context {
    let [a, b] = [random().to_be_bytes(), random().to_be_bytes()];
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(&a);
    seed[16..].copy_from_slice(&b);
    Context {
        actor,
        at: Moment(0),
        seed,
        reason: None,
        ticket: None,
        channel: Channel::Api,
        ip: None,
        agent: None,
        session: None,
        request: None,
        command: Uuid::from_u128(random()),
        cause: None,
        expects: None,
    }
}

pub(crate) fn submission(actor: Actor, command: Command) -> Submission {
    Submission { context: context(actor), command, idempotency: None, credentials: Vec::new(), only_at: None }
}

pub(crate) fn keyed(actor: Actor, command: Command, key: &str, digest: u8) -> Submission {
    let idempotency = Idempotency {
        actor: actor.to_string(),
        key: key.to_owned(),
        digest: [digest; 32],
        status: 201,
        headers: BTreeMap::new(),
    };
    Submission { idempotency: Some(idempotency), ..submission(actor, command) }
}

pub(crate) fn new_id() -> OrganizationId {
    OrganizationId(Uuid::from_u128(random()))
}

pub(crate) fn found_command() -> Command {
    Command::Organization(OrganizationCommand::Found {
        name: "North".to_owned(),
        catalog: "standard".to_owned(),
        owner_login: "owner".to_owned(),
        owner_name: "Olga Owner".to_owned(),
        owner_email: Some("olga@north.example".to_owned()),
        password: None,
    })
}

/// A founded organization and its owner.
pub(crate) async fn founded(deployment: &Deployment, id: OrganizationId) -> (Open, Actor) {
    let open = deployment.open(id).await.unwrap();
    let written = write(&open, Actor::Operator, found_command()).await.unwrap();
    let owner = written.organization.user_by_login("owner").unwrap().id;
    (open, Actor::User(owner))
}

pub(crate) async fn write(open: &Open, actor: Actor, command: Command) -> Result<Written, WriteError> {
    open.writer.submit(submission(actor, command)).await.map(written)
}

pub(crate) fn written(answer: Answer) -> Written {
    match answer {
        Answer::Written(written) => *written,
        Answer::Replayed(_) => panic!("the answer is a replay"),
    }
}

pub(crate) fn role(organization: &Organization, lowest: bool) -> RoleId {
    let rank = |id: &RoleId| organization.roles[id].rank.value;
    let ids = organization.roles.keys().copied();
    if lowest { ids.min_by_key(rank).unwrap() } else { ids.max_by_key(rank).unwrap() }
}

pub(crate) fn create_user(login: &str, role: RoleId) -> Command {
    Command::User(UserCommand::Create(NewUser {
        login: login.to_owned(),
        name: format!("Name of {login}"),
        email: Some(format!("{login}@north.example")),
        role,
        profile: None,
        status: Status::Active,
        password: None,
        details: rollbook_domain::user::detail::Details::new(),
    }))
}

pub(crate) fn user_called(organization: &Organization, login: &str) -> UserId {
    organization.user_by_login(login).unwrap_or_else(|| panic!("nobody is called {login}")).id
}

/// The whole ledger as another process reads it.
pub(crate) async fn history(store: &Store, id: OrganizationId) -> Vec<Decoded> {
    let head = store.head(&ledger_of(id)).await.unwrap().map_or(0, |head| head.position);
    let mut all = Vec::new();
    let mut pages = store.stream(&ledger_of(id), 1, head);
    while let Some(rows) = pages.next().await.unwrap() {
        all.extend(rows.into_iter().map(|stored| codec::decode(stored).unwrap()));
    }
    assert_eq!(all.len() as u64, head, "positions are 1 to head with no gap");
    all
}

/// Two states are the same, whatever way each was come by.
pub(crate) fn assert_same(one: &Organization, other: &Organization) {
    assert_eq!((one.id, &one.name, one.position, one.at), (other.id, &other.name, other.position, other.at));
    assert_eq!((&one.catalog.name, one.catalog.version), (&other.catalog.name, other.catalog.version));
    assert_eq!(one.users, other.users);
    assert_eq!(one.roles, other.roles);
    assert_eq!(one.profiles, other.profiles);
    assert_eq!(one.keys, other.keys);
    assert_eq!(one.queues, other.queues);
    assert_eq!(one.groups, other.groups);
    assert_eq!(one.settings, other.settings);
    let logins = |state: &Organization| state.users_after(None).map(|user| user.id).collect::<Vec<_>>();
    assert_eq!(logins(one), logins(other));
}

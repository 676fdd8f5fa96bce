//! An organization with people in it, on either engine, for the tests of replay: whoever tests rollback, as-of or
//! verification says who does what, and nothing else.
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::{GroupId, Kind, OrganizationId, ProfileId, QueueId, RoleId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::{Command, OrganizationCommand};
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::grant::{Grant, Grants, Scope};
use rollbook_domain::profile::command::{ProfileCommand, ProfileEdit};
use rollbook_domain::user::command::{NewUser, UserCommand};
use rollbook_domain::user::state::Status;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::store::Store;
use rollbook_ledger::writer::{Answer, Submission, WriteError, Writer, Written};
use rollbook_replay::rollback::{
    Applied, Apply, ApplyError, Plan, PlanError, Request, Resolutions, Selection,
};
use rollbook_replay::{as_of, rollback};
use rollbook_tests::pg::TestPg;
use sqlx::Connection as _;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use uuid::Uuid;

/// 2026-01-01T00:00:00Z.
pub(crate) const START: Moment = Moment(1_767_225_600_000_000);

/// Runs each named test on SQLite and on PostgreSQL.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $( #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::World::sqlite().await).await; } )*
        }
        mod postgres {
            $( #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::World::postgres().await).await; } )*
        }
    };
}
pub(crate) use on_both_engines;

enum Database {
    Sqlite(TempDir),
    Postgres(TestPg),
}

pub(crate) struct World {
    database: Database,
    pub(crate) store: Store,
    pub(crate) writer: Writer,
    pub(crate) clock: Clock,
    pub(crate) owner: UserId,
    count: AtomicU64,
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::sqlite(&folder.path().join("rollbook.db")).await.unwrap();
        Self::found(Database::Sqlite(folder), store).await
    }

    pub(crate) async fn postgres() -> Self {
        let database = TestPg::create();
        let store = Store::postgres(database.url(), 5).await.unwrap();
        Self::found(Database::Postgres(database), store).await
    }

    async fn found(database: Database, store: Store) -> Self {
        store.migrate().await.unwrap();
        let clock = Clock::told(START);
        let id = OrganizationId(Uuid::from_u128(0xa));
        let writer = Writer::start(store.clone(), clock.clone(), id, 0).await.unwrap();
        let owner = UserId(Uuid::nil());
        let mut world = Self { database, store, writer, clock, owner, count: AtomicU64::new(1) };
        let found = OrganizationCommand::Found {
            name: "Acme".into(),
            catalog: "standard".into(),
            owner_login: "olga".into(),
            owner_name: "Olga Owner".into(),
            owner_email: None,
            password: None,
        };
        world.submit(Actor::Operator, Command::Organization(found)).await.unwrap();
        world.owner = world.now().user_by_login("olga").unwrap().id;
        world
    }

    pub(crate) fn now(&self) -> Organization {
        self.writer.published().organization.clone()
    }

    /// A context one second after the last one.
    pub(crate) fn context(&self, actor: Actor) -> Context {
        let count = self.count.fetch_add(1, Ordering::SeqCst);
        self.clock.tell(Moment(START.0 + count as i64 * 1_000_000));
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&count.to_be_bytes());
        Context {
            actor,
            at: self.clock.now(),
            seed,
            reason: Some("because".into()),
            ticket: None,
            channel: Channel::Api,
            ip: Some("192.0.2.7".into()),
            agent: None,
            session: None,
            request: None,
            command: Uuid::from_u128(0xc000_0000 + (u128::from(count) << 8)),
            cause: None,
            expects: None,
        }
    }

    pub(crate) async fn submit(&self, actor: Actor, command: Command) -> Result<Written, WriteError> {
        let context = self.context(actor);
        let (idempotency, credentials, only_at) = (None, Vec::new(), None);
        let submission = Submission { context, command, idempotency, credentials, only_at };
        match self.writer.submit(submission).await? {
            Answer::Written(written) => Ok(*written),
            Answer::Replayed(_) => panic!("no key was given"),
        }
    }

    /// The owner does something that must work.
    pub(crate) async fn owner_does(&self, command: Command) -> Written {
        self.submit(Actor::User(self.owner), command).await.unwrap()
    }

    pub(crate) fn role(&self, name: &str) -> RoleId {
        RoleId(self.now().by_name(Kind::Role, name).unwrap())
    }

    pub(crate) fn queue(&self, name: &str) -> QueueId {
        QueueId(self.now().by_name(Kind::Queue, name).unwrap())
    }

    pub(crate) fn group(&self, name: &str) -> GroupId {
        GroupId(self.now().by_name(Kind::Group, name).unwrap())
    }

    pub(crate) async fn user(&self, login: &str, role: &str, profile: Option<ProfileId>) -> UserId {
        let new = NewUser {
            login: login.into(),
            name: format!("{login} of Acme"),
            email: None,
            role: self.role(role),
            profile,
            status: Status::Active,
            password: None,
            details: rollbook_domain::user::detail::Details::new(),
        };
        self.owner_does(Command::User(UserCommand::Create(new))).await;
        self.now().user_by_login(login).unwrap().id
    }

    pub(crate) async fn profile(&self, name: &str, grants: Grants) -> ProfileId {
        let edit = ProfileEdit { name: Some(name.into()), grants: Some(grants), ..ProfileEdit::default() };
        self.owner_does(Command::Profile(ProfileCommand::Create(edit))).await;
        ProfileId(self.now().by_name(Kind::Profile, name).unwrap())
    }

    pub(crate) async fn set_grants(&self, profile: ProfileId, grants: Grants) -> Written {
        let edit = ProfileEdit { grants: Some(grants), ..ProfileEdit::default() };
        self.owner_does(Command::Profile(ProfileCommand::Edit(profile, edit))).await
    }

    pub(crate) async fn plan_as(
        &self,
        actor: Actor,
        selection: &Selection,
        resolve: &Resolutions,
    ) -> Result<Plan, PlanError> {
        let context = self.context(actor);
        let request = Request { selection, resolve, context: &context };
        rollback::preview(&self.store, &self.now(), &request).await
    }

    /// The owner's plan, which must be possible.
    pub(crate) async fn plan(&self, selection: &Selection, resolve: &Resolutions) -> Plan {
        self.plan_as(Actor::User(self.owner), selection, resolve).await.unwrap()
    }

    pub(crate) async fn apply_as(
        &self,
        actor: Actor,
        plan: &str,
        selection: &Selection,
        resolve: &Resolutions,
    ) -> Result<Applied, ApplyError> {
        let apply = Apply {
            plan: plan.to_owned(),
            selection: selection.clone(),
            resolve: resolve.clone(),
            idempotency: None,
        };
        rollback::apply(&self.store, &self.writer, &self.context(actor), &apply).await
    }

    /// The owner plans and applies, and both must work.
    pub(crate) async fn roll_back(&self, selection: &Selection, resolve: &Resolutions) -> Written {
        let plan = self.plan(selection, resolve).await;
        let owner = Actor::User(self.owner);
        written(self.apply_as(owner, &plan.id, selection, resolve).await.unwrap())
    }

    pub(crate) async fn at(&self, position: u64) -> Organization {
        as_of::load_at(&self.store, &self.now(), position).await.unwrap()
    }

    /// Changes the database behind the ledger's back.
    pub(crate) async fn tamper(&self, sqlite: &str, postgres: &str) {
        match &self.database {
            Database::Sqlite(folder) => {
                let connection = rusqlite::Connection::open(folder.path().join("rollbook.db")).unwrap();
                connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
                let names: Vec<String> = connection
                    .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                    .unwrap()
                    .query_map([], |row| row.get(0))
                    .unwrap()
                    .map(Result::unwrap)
                    .collect();
                for name in names {
                    connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
                }
                connection.execute_batch(sqlite).unwrap();
            }
            Database::Postgres(database) => {
                let mut connection = sqlx::PgConnection::connect(database.url()).await.unwrap();
                let guards = "ALTER TABLE events DISABLE TRIGGER ALL; ALTER TABLE heads DISABLE TRIGGER ALL;
                    ALTER TABLE personal_values DISABLE TRIGGER ALL;";
                sqlx::raw_sql(&format!("{guards} {postgres}")).execute(&mut connection).await.unwrap();
            }
        }
    }
}

/// What an applied rollback wrote.
pub(crate) fn written(applied: Applied) -> Written {
    match applied.answer {
        Answer::Written(written) => {
            assert_eq!(applied.id, written.batch, "alone in its batch, a rollback is called as the batch is");
            *written
        }
        Answer::Replayed(_) => panic!("no key was given"),
    }
}

pub(crate) fn grants(permissions: &[&str]) -> Grants {
    permissions.iter().map(|permission| Grant::new(permission, Scope::All)).collect()
}

pub(crate) fn none() -> Resolutions {
    Resolutions::new()
}

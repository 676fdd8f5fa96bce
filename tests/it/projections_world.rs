//! An organization on either engine, to be changed and followed.
//!
//! It writes through the writer, as `serve` does, with contexts that are the same in every run.
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rollbook_domain::agent::command::{AgentCommand, AgentEdit};
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::{AgentId, OrganizationId, RoleId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::{Command, OrganizationCommand};
use rollbook_domain::user::command::{NewUser, UserCommand, UserEdit};
use rollbook_domain::user::state::Status;
use rollbook_ledger::activity::{Act, ActivityOutcome};
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::{Deployment, Open};
use rollbook_ledger::erase;
use rollbook_ledger::store::Store;
use rollbook_ledger::writer::{Answer, Submission, Written, ledger_of};
use rollbook_projections::activity_log::{ActivityLog, Filter, Row};
use rollbook_projections::follower::{Follower, Options};
use rollbook_tests::pg::TestPg;
use uuid::Uuid;

pub(crate) const BOUND: Duration = Duration::from_secs(20);

/// Where the database lies; it goes with the value.
enum Home {
    Folder { _folder: tempfile::TempDir },
    Server { _database: TestPg },
}

pub(crate) struct World {
    pub(crate) deployment: Deployment,
    pub(crate) open: Open,
    pub(crate) id: OrganizationId,
    pub(crate) owner: UserId,
    _home: Home,
}

/// Runs a test on SQLite and on PostgreSQL.
macro_rules! on_both_engines {
    ($($name:ident)*) => { $(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$name($crate::projections_world::World::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$name($crate::projections_world::World::postgres().await).await;
            }
        }
    )* };
}
pub(crate) use on_both_engines;

impl World {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::sqlite(&folder.path().join("rollbook.db")).await.unwrap();
        Self::found(store, Home::Folder { _folder: folder }).await
    }

    pub(crate) async fn postgres() -> Self {
        let database = TestPg::create();
        let store = Store::postgres(database.url(), 8).await.unwrap();
        Self::found(store, Home::Server { _database: database }).await
    }

    async fn found(store: Store, home: Home) -> Self {
        store.migrate().await.unwrap();
        let id = OrganizationId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
        let deployment = Deployment::new(store, Clock::default());
        let open = deployment.open(id).await.unwrap();
        let found = OrganizationCommand::Found {
            name: "North".to_owned(),
            catalog: "standard".to_owned(),
            owner_login: "olga".to_owned(),
            owner_name: "Olga Owner".to_owned(),
            owner_email: None,
            password: None,
        };
        let owner = UserId(Uuid::nil());
        let mut world = Self { deployment, open, id, owner, _home: home };
        let written = world.submit(context(Actor::Operator), Command::Organization(found)).await;
        world.owner = written.organization.user_by_login("olga").unwrap().id;
        world
    }

    pub(crate) fn store(&self) -> Store {
        self.deployment.store().clone()
    }

    pub(crate) async fn log(&self) -> ActivityLog {
        ActivityLog::open(self.store(), self.id).await.unwrap()
    }

    pub(crate) async fn submit(&self, context: Context, command: Command) -> Written {
        let submission =
            Submission { context, command, idempotency: None, credentials: Vec::new(), only_at: None };
        match self.open.writer.submit(submission).await.unwrap() {
            Answer::Written(written) => *written,
            Answer::Replayed(_) => panic!("nothing is sent twice"),
        }
    }

    pub(crate) async fn by_owner(&self, command: UserCommand) -> Written {
        self.submit(context(Actor::User(self.owner)), Command::User(command)).await
    }

    /// The role that outranks nobody.
    pub(crate) fn lowest_role(&self) -> RoleId {
        let published = self.open.writer.published();
        published.organization.roles.values().min_by_key(|role| role.rank.value).unwrap().id
    }

    pub(crate) async fn add(&self, login: &str) -> UserId {
        let new = NewUser {
            login: login.to_owned(),
            name: format!("{login} North"),
            email: None,
            role: self.lowest_role(),
            profile: None,
            status: Status::Active,
            password: None,
            details: rollbook_domain::user::detail::Details::new(),
        };
        let written = self.by_owner(UserCommand::Create(new)).await;
        written.organization.user_by_login(login).unwrap().id
    }

    pub(crate) async fn rename(&self, user: UserId, name: &str) -> Written {
        let edit = UserEdit { name: Some(name.to_owned()), ..UserEdit::default() };
        self.by_owner(UserCommand::Edit(user, edit)).await
    }

    /// Adds an agent.
    pub(crate) async fn seat(&self, code: &str) -> AgentId {
        let (code, description) = (Some(code.to_owned()), Some(format!("{code} North")));
        let aliases = Some(vec![format!("{}.alias", code.as_deref().unwrap_or_default())]);
        let edit = AgentEdit { code: code.clone(), description, aliases, ..AgentEdit::default() };
        let command = Command::Agent(AgentCommand::Create(edit));
        let written = self.submit(context(Actor::User(self.owner)), command).await;
        written.organization.agent_called(&code.unwrap_or_default()).unwrap().id
    }

    /// Erases all there is of an agent, as the API does.
    pub(crate) async fn unseat(&self, agent: AgentId) {
        for command in [AgentCommand::Archive(agent), AgentCommand::RequestErasure(agent)] {
            self.submit(context(Actor::User(self.owner)), Command::Agent(command)).await;
        }
        let (store, clock) = (self.deployment.store(), self.deployment.clock());
        erase::agents::finish(store, clock, &self.open).await.unwrap();
    }

    /// Erases all there is of a user, as the API does.
    pub(crate) async fn erase(&self, user: UserId, authored: bool) {
        self.by_owner(UserCommand::Archive(user)).await;
        self.by_owner(UserCommand::RequestErasure { user, authored }).await;
        self.deployment.store().delete_personal(&ledger_of(self.id), &user.to_string()).await.unwrap();
        self.by_owner(UserCommand::ConfirmErasure { user, authored }).await;
    }

    pub(crate) fn position(&self) -> u64 {
        self.open.writer.published().organization.position
    }

    /// Records that a user signed in; answers the position in the activity ledger.
    pub(crate) async fn sign_in(&self, user: UserId) -> u64 {
        self.open.activity.record(self.act(user)).await.unwrap()
    }

    pub(crate) fn act(&self, user: UserId) -> Act {
        Act {
            context: context(Actor::User(user)),
            actor_role: Some("Agent".to_owned()),
            action: rollbook_ledger::activity::SIGNED_IN,
            outcome: ActivityOutcome::Ok,
            subject: Some(user.subject()),
            judged_at: self.position(),
            detail: [].into(),
        }
    }

    pub(crate) fn follow(&self, batch_rows: u32) -> Follower {
        let options = Options { poll: Duration::from_millis(100), batch_rows };
        Follower::start(self.store(), self.open.writer.clone(), options)
    }

    /// Follows to the heads and stops.
    pub(crate) async fn followed(&self) {
        let follower = self.follow(2_000);
        follower.caught_up(self.position(), BOUND).await.unwrap();
        let acts = self.act_head().await;
        follower.acts_caught_up(acts, BOUND).await.unwrap();
    }

    pub(crate) async fn act_head(&self) -> u64 {
        let ledger = rollbook_ledger::activity::ledger_of(self.id);
        self.deployment.store().head(&ledger).await.unwrap().map_or(0, |head| head.position)
    }

    /// Every row there is, newest first.
    pub(crate) async fn rows(&self) -> Vec<Row> {
        self.matching(Filter::default()).await
    }

    pub(crate) async fn matching(&self, filter: Filter) -> Vec<Row> {
        let mut everything = self.log().await.everything(filter);
        let mut rows = Vec::new();
        while let Some(more) = everything.next().await.unwrap() {
            rows.extend(more);
        }
        rows
    }
}

/// A context with ids and salts of its own.
pub(crate) fn context(actor: Actor) -> Context {
    static DRAWN: AtomicU64 = AtomicU64::new(1);
    let drawn = DRAWN.fetch_add(1, Ordering::Relaxed);
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&drawn.to_be_bytes());
    Context {
        actor,
        at: Moment(0),
        seed,
        reason: None,
        ticket: None,
        channel: Channel::Api,
        ip: Some("10.0.0.1".to_owned()),
        agent: Some("tests".to_owned()),
        session: None,
        request: None,
        command: Uuid::from_u128(u128::from(drawn) << 64),
        cause: None,
        expects: None,
    }
}

/// What only some tests need.
impl World {
    pub(crate) fn owner_role(&self) -> Option<String> {
        let published = self.open.writer.published();
        let owner = published.organization.user(self.owner)?;
        published.organization.role_of(owner).map(|role| role.name.clone())
    }

    pub(crate) async fn login(&self, user: UserId, login: &str) -> Written {
        let edit = UserEdit { login: Some(login.to_owned()), ..UserEdit::default() };
        self.by_owner(UserCommand::Edit(user, edit)).await
    }

    pub(crate) async fn group(&self, name: &str, members: &[UserId]) -> Written {
        use rollbook_domain::group::command::{GroupCommand, GroupEdit};
        let (name, members) = (Some(name.to_owned()), Some(members.to_vec()));
        let edit = GroupEdit { name, members, ..GroupEdit::default() };
        self.submit(context(Actor::User(self.owner)), Command::Group(GroupCommand::Create(edit))).await
    }

    pub(crate) async fn matching_text(&self, text: &str) -> usize {
        self.matching(Filter { text: Some(text.to_owned()), ..Filter::default() }).await.len()
    }

    /// Meddles with a table; `{}` is the schema where the engine has one.
    pub(crate) async fn sql(&self, sql: &str) {
        match self.deployment.store() {
            Store::Sqlite(engine) => {
                let sql = sql.replace("{}", "");
                engine.write(move |connection| connection.execute(&sql, [])).await.unwrap();
            }
            Store::Postgres(engine) => {
                let sql = sql.replace("{}", "projections.");
                sqlx::raw_sql(&sql).execute(engine.pool()).await.unwrap();
            }
        }
    }
}

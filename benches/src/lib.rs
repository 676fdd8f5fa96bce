//! What the benchmarks share: a founded organization, contexts, and medians of ratios.
//!
//! Method (docs/PERFORMANCE.md): everything that is compared runs in one process, interleaved round by round,
//! and only ratios within a round are kept, since the machine's absolute speed changes from minute to minute.

use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::{Kind, OrganizationId, RoleId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::{Command, OrganizationCommand};
use rollbook_domain::user::command::{NewUser, UserCommand};
use rollbook_domain::user::state::Status;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::Store;
use rollbook_ledger::writer::{Answer, Submission, Writer};
use uuid::Uuid;

/// A context of `actor` with fresh ids.
#[must_use]
pub fn context(actor: Actor) -> Context {
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(a.as_bytes());
    seed[16..].copy_from_slice(b.as_bytes());
    Context {
        actor,
        at: Moment(0),
        seed,
        reason: None,
        ticket: None,
        channel: Channel::Api,
        ip: Some("192.0.2.7".into()),
        agent: Some("bench/1.0".into()),
        session: Some(a),
        request: Some(b),
        command: Uuid::new_v4(),
        cause: None,
        expects: None,
    }
}

/// An organization with an owner and `users` agents, served by one writer.
///
/// # Panics
/// If the store does not do what it is told.
pub async fn organization(store: Store, users: usize) -> (Writer, UserId, Vec<UserId>) {
    let deployment = Deployment::new(store, Clock::default());
    let writer = deployment.open(OrganizationId(Uuid::new_v4())).await.unwrap().writer;
    let found = OrganizationCommand::Found {
        name: "bench".into(),
        catalog: "standard".into(),
        owner_login: "owner".into(),
        owner_name: "Owner".into(),
        owner_email: None,
        password: None,
    };
    submit(&writer, Actor::Operator, Command::Organization(found)).await;
    let organization = writer.published().organization.clone();
    let owner = organization.user_by_login("owner").unwrap().id;
    let agent = RoleId(organization.find(Kind::Role, "Agent").unwrap());
    let all: Vec<usize> = (0..users).collect();
    for some in all.chunks(1_000) {
        let commands = some.iter().map(|n| Command::User(UserCommand::Create(user(*n, agent)))).collect();
        submit(&writer, Actor::User(owner), Command::Many(commands)).await;
    }
    let organization = writer.published().organization.clone();
    let ids = organization.users_after(None).map(|user| user.id).filter(|id| *id != owner).collect();
    (writer, owner, ids)
}

fn user(n: usize, role: RoleId) -> NewUser {
    NewUser {
        login: format!("agent{n:06}"),
        name: format!("Agent number {n}"),
        email: Some(format!("agent{n}@north.example")),
        role,
        profile: None,
        status: Status::Active,
        password: None,
        details: rollbook_domain::user::detail::Details::new(),
    }
}

/// Carries one command out.
///
/// # Panics
/// If it is refused.
pub async fn submit(writer: &Writer, actor: Actor, command: Command) -> Answer {
    let submission =
        Submission {
        context: context(actor),
        command,
        idempotency: None,
        credentials: Vec::new(),
        only_at: None,
    };
    writer.submit(submission).await.unwrap()
}

/// A whole number from the environment, for trying out with less.
///
/// # Panics
/// If it is set to anything else.
#[must_use]
pub fn setting(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Median, least and most.
#[must_use]
pub fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2], values[0], values[values.len() - 1])
}

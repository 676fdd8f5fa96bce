//! A founded organization with people of every role, for tests that begin in the middle of things.

use crate::agent::command::{AgentCommand, AgentEdit};
use crate::group::command::{GroupCommand, GroupEdit};
use crate::kernel::context::{Actor, Channel, Context};
use crate::kernel::id::{
    AgentId, CredentialId, GroupId, KeyId, Kind, ObjectId, OrganizationId, ProfileId, QueueId, RoleId,
    Subject, UserId,
};
use crate::kernel::moment::Moment;
use crate::key::command::{KeyCommand, KeyEdit};
use crate::object::command::{ObjectCommand, ObjectEdit};
use crate::organization::command::{Command, OrganizationCommand};
use crate::organization::decide::decide;
use crate::organization::state::Organization;
use crate::permission::grant::{Grant, Grants, Scope};
use crate::profile::command::{ProfileCommand, ProfileEdit};
use crate::queue::command::{QueueCommand, QueueEdit};
use crate::queue::state::Supervision;
use crate::role::command::{RoleCommand, RoleEdit};
use crate::user::command::{NewUser, UserCommand};
use crate::user::detail::Details;
use crate::user::state::Status;
use sha2::{Digest as _, Sha256};
use std::ops::Deref;
use std::sync::LazyLock;
use uuid::Uuid;

/// A context of 2026-01-01T00:00:00Z and `position` seconds; each position has a seed of its own.
#[must_use]
pub(crate) fn context(actor: Actor, position: u64) -> Context {
    let seconds = i64::try_from(position).expect("a small number");
    Context {
        actor,
        at: Moment(1_767_225_600_000_000 + seconds * 1_000_000),
        seed: Sha256::digest(position.to_be_bytes()).into(),
        reason: None,
        ticket: None,
        channel: Channel::Api,
        ip: None,
        agent: None,
        session: None,
        request: None,
        command: Uuid::from_u128(1),
        cause: None,
        expects: None,
    }
}

/// An organization that grows by commands of the operator.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) organization: Organization,
}

impl Deref for World {
    type Target = Organization;

    fn deref(&self) -> &Organization {
        &self.organization
    }
}

static STANDARD: LazyLock<World> = LazyLock::new(standard);

/// The standard organization: olga owns it, adam administers, aude audits, mona manages, sven and sara supervise,
/// anna and amir are agents. Group `Night` has anna, supervised by sven; queue `Sales` is served by anna and
/// viewed by sven. Profile `Exporters` gives reports.export, profile `Watchers` audit.view; key `GATE` opens nothing yet.
pub(crate) fn world() -> World {
    STANDARD.clone()
}

fn standard() -> World {
    let mut world = World::founded("standard");
    for (login, role) in [
        ("adam", "Administrator"),
        ("aude", "Auditor"),
        ("mona", "Manager"),
        ("sven", "Supervisor"),
        ("sara", "Supervisor"),
        ("anna", "Agent"),
        ("amir", "Agent"),
    ] {
        world.add_user(login, world.role(role));
    }
    let (anna, sven) = (world.user_id("anna"), world.user_id("sven"));
    world.add_group("Night", &[anna], &[sven]);
    world.add_queue("Sales", &[anna], &[(sven, Supervision::Viewer)]);
    world.add_profile("Exporters", [Grant::new("reports.export", Scope::All)]);
    world.add_profile("Watchers", [Grant::new("audit.view", Scope::All)]);
    world.add_key("GATE");
    world
}

impl World {
    pub(crate) fn founded(catalog: &str) -> Self {
        let id = OrganizationId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
        let mut world = Self { organization: Organization::empty(id) };
        world.act(OrganizationCommand::Found {
            name: "North".into(),
            catalog: catalog.into(),
            owner_login: "olga".into(),
            owner_name: "Olga".into(),
            owner_email: Some("olga@north.example".into()),
            password: None,
        });
        world
    }

    /// Does what the operator asks.
    pub(crate) fn act(&mut self, command: impl Into<Command>) {
        self.act_by(Actor::Operator, command);
    }

    pub(crate) fn act_by(&mut self, actor: Actor, command: impl Into<Command>) {
        let context = context(actor, self.organization.position);
        let accepted = decide(&self.organization, &context, &command.into()).expect("accepted");
        self.organization = accepted.after;
    }

    pub(crate) fn user_id(&self, login: &str) -> UserId {
        self.organization.user_by_login(login).unwrap_or_else(|| panic!("no user {login}")).id
    }

    fn named(&self, kind: Kind, name: &str) -> Uuid {
        self.organization.by_name(kind, name).unwrap_or_else(|| panic!("no {kind} {name}"))
    }

    pub(crate) fn role(&self, name: &str) -> RoleId {
        RoleId(self.named(Kind::Role, name))
    }

    pub(crate) fn profile(&self, name: &str) -> ProfileId {
        ProfileId(self.named(Kind::Profile, name))
    }

    pub(crate) fn key(&self, name: &str) -> KeyId {
        KeyId(self.named(Kind::Key, name))
    }

    pub(crate) fn queue(&self, name: &str) -> QueueId {
        QueueId(self.named(Kind::Queue, name))
    }

    pub(crate) fn group(&self, name: &str) -> GroupId {
        GroupId(self.named(Kind::Group, name))
    }

    pub(crate) fn agent(&self, code: &str) -> AgentId {
        AgentId(self.named(Kind::Agent, code))
    }

    pub(crate) fn object_id(&self, called: &str) -> ObjectId {
        ObjectId(self.named(Kind::Object, called))
    }

    /// The position of the last event about a thing.
    pub(crate) fn last(&self, subject: Subject) -> u64 {
        self.organization.changed(subject).expect("there").0
    }

    pub(crate) fn add_user(&mut self, login: &str, role: RoleId) -> UserId {
        self.act(UserCommand::Create(new_user(login, role)));
        self.user_id(login)
    }

    /// A role of this rank that holds `grants`, and a user with it.
    pub(crate) fn add_user_with(&mut self, login: &str, rank: u16, grants: &[Grant]) -> UserId {
        let role = self.add_role(&format!("role of {login}"), rank, grants.iter().cloned());
        self.add_user(login, role)
    }

    pub(crate) fn add_role(
        &mut self,
        name: &str,
        rank: u16,
        grants: impl IntoIterator<Item = Grant>,
    ) -> RoleId {
        let grants = Some(grants.into_iter().collect());
        let (name, rank) = (Some(name.to_owned()), Some(rank));
        let role = RoleEdit { name: name.clone(), rank, grants, ..RoleEdit::default() };
        self.act(RoleCommand::Create(role));
        self.role(&name.unwrap_or_default())
    }

    pub(crate) fn add_profile(&mut self, name: &str, grants: impl IntoIterator<Item = Grant>) -> ProfileId {
        let grants: Option<Grants> = Some(grants.into_iter().collect());
        let profile = ProfileEdit { name: Some(name.into()), grants, ..ProfileEdit::default() };
        self.act(ProfileCommand::Create(profile));
        self.profile(name)
    }

    pub(crate) fn add_key(&mut self, name: &str) -> KeyId {
        self.act(KeyCommand::Create(KeyEdit { name: Some(name.into()), ..KeyEdit::default() }));
        self.key(name)
    }

    pub(crate) fn add_group(&mut self, name: &str, members: &[UserId], supervisors: &[UserId]) -> GroupId {
        self.act(GroupCommand::Create(GroupEdit {
            name: Some(name.into()),
            members: Some(members.to_vec()),
            supervisors: Some(supervisors.to_vec()),
            ..GroupEdit::default()
        }));
        self.group(name)
    }

    pub(crate) fn add_agent(&mut self, code: &str, edit: AgentEdit) -> AgentId {
        self.act(AgentCommand::Create(AgentEdit { code: Some(code.into()), ..edit }));
        self.agent(code)
    }

    /// An object called `kind:name`.
    pub(crate) fn add_object(&mut self, called: &str, edit: ObjectEdit) -> ObjectId {
        let (kind, name) = called.split_once(':').expect("kind:name");
        let (kind, name) = (Some(kind.into()), Some(name.into()));
        self.act(ObjectCommand::Create(ObjectEdit { kind, name, ..edit }));
        self.object_id(called)
    }

    pub(crate) fn add_queue(
        &mut self,
        name: &str,
        agents: &[UserId],
        supervisors: &[(UserId, Supervision)],
    ) -> QueueId {
        self.act(QueueCommand::Create(QueueEdit {
            name: Some(name.into()),
            agents: Some(agents.to_vec()),
            supervisors: Some(supervisors.iter().copied().collect()),
            ..QueueEdit::default()
        }));
        self.queue(name)
    }
}

pub(crate) fn new_user(login: &str, role: RoleId) -> NewUser {
    NewUser {
        login: login.into(),
        name: login.into(),
        email: None,
        role,
        profile: None,
        status: Status::Active,
        password: None,
        details: Details::new(),
    }
}

/// What a user who asks themselves sets up.
pub(crate) fn second_factor(user: UserId, id: u128) -> UserCommand {
    let [seed, one, other] = [id, id + 1, id + 2].map(|id| CredentialId(Uuid::from_u128(id)));
    UserCommand::SetTwoFactor { user, seed, recovery_codes: vec![one, other] }
}

pub(crate) fn new_token(user: UserId, id: u128, name: &str) -> UserCommand {
    UserCommand::CreateToken { user, credential: CredentialId(Uuid::from_u128(id)), name: name.into() }
}

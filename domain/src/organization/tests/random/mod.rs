//! Random organizations and random commands, drawn from numbers so that a failure can be replayed and shrunk.

mod places;

use crate::agent::command::AgentEdit;
use crate::event::Event;
use crate::kernel::context::Actor;
use crate::kernel::id::{
    AgentId, CredentialId, GroupId, KeyId, ObjectId, ProfileId, QueueId, RoleId, UserId,
};
use crate::kernel::moment::Moment;
use crate::kernel::spec::{self, World};
use crate::key::command::{KeyCommand, KeyEdit};
use crate::object::command::ObjectEdit;
use crate::organization::command::{Command, OrganizationCommand};
use crate::organization::decide::{Accepted, decide};
use crate::organization::rejection::Rejection;
use crate::organization::state::Organization;
use crate::organization::undo::compensations;
use crate::permission::catalog::Offer;
use crate::permission::grant::{Grant, Scope};
use crate::profile::command::{ProfileCommand, ProfileEdit};
use crate::role::command::{RoleCommand, RoleEdit};
use crate::settings::command::SettingsCommand;
use crate::settings::state::{Setting, SettingValue};
use crate::user::avatar::{Avatar, Media};
use crate::user::command::{NewUser, UserCommand, UserEdit};
use crate::user::link::Link;
use crate::user::password::NewPassword;
use crate::user::state::{KeyEntry, Status};
use crate::user::window::LoginWindow;
use places::{agent, agent_edit, details, group, object, object_edit, queue, supervision};
use std::sync::Arc;

/// Permissions worth having, with what they are about.
pub(super) const PERMISSIONS: [&str; 34] = [
    "users.view",
    "users.edit",
    "users.role",
    "users.block",
    "users.archive",
    "users.profile",
    "users.keys",
    "users.password",
    "users.api_key",
    "users.create",
    "groups.view",
    "groups.edit",
    "groups.create",
    "groups.archive",
    "queues.view",
    "queues.edit",
    "queues.create",
    "queues.archive",
    "agents.view",
    "agents.edit",
    "agents.create",
    "agents.archive",
    "objects.view",
    "objects.edit",
    "objects.create",
    "objects.archive",
    "roles.edit",
    "roles.create",
    "profiles.edit",
    "profiles.create",
    "calls.listen",
    "reports.queues",
    "monitoring.agents",
    "rollback.apply",
];

const SCOPES: [Scope; 8] = [
    Scope::All,
    Scope::All,
    Scope::Lower,
    Scope::Managed,
    Scope::Assigned,
    Scope::AssignedEditor,
    Scope::Group,
    Scope::Own,
];

/// A stream of numbers (splitmix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
    }

    pub(super) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())].clone()
    }

    fn some<T: Clone>(&mut self, of: &[T]) -> Vec<T> {
        of.iter().filter(|_| self.roll(3) == 0).cloned().collect()
    }

    fn coin(&mut self) -> bool {
        self.roll(2) == 0
    }

    fn name(&mut self) -> String {
        format!("n{}", self.roll(1 << 40))
    }

    fn grants(&mut self, most: usize) -> Vec<Grant> {
        (0..self.roll(most + 1)).map(|_| Grant::new(self.one(&PERMISSIONS), self.one(&SCOPES))).collect()
    }
}

/// What there is to choose from.
struct Ids {
    users: Vec<UserId>,
    roles: Vec<RoleId>,
    profiles: Vec<ProfileId>,
    keys: Vec<KeyId>,
    queues: Vec<QueueId>,
    groups: Vec<GroupId>,
    agents: Vec<AgentId>,
    objects: Vec<ObjectId>,
    /// The kinds of objects that the catalog has.
    kinds: Vec<Arc<str>>,
}

impl Ids {
    fn of(organization: &Organization) -> Self {
        let mut users: Vec<_> = organization.users.keys().copied().collect();
        users.sort();
        Self {
            users,
            roles: organization.roles.keys().copied().collect(),
            profiles: organization.profiles.keys().copied().collect(),
            keys: organization.keys.keys().copied().collect(),
            queues: organization.queues.keys().copied().collect(),
            groups: organization.groups.keys().copied().collect(),
            agents: organization.agents.keys().copied().collect(),
            objects: organization.objects.keys().copied().collect(),
            kinds: organization.catalog.objects.iter().map(|row| row.kind.clone()).collect(),
        }
    }
}

/// An organization with roles of random ranks and grants and people at random places.
pub(super) fn organization(dice: &mut Dice) -> World {
    let mut world = spec::world();
    for number in 0..4_u16 {
        let rank = 12 + 11 * number;
        let login = format!("user{number}");
        let grants = powers(dice);
        world.add_user_with(&login, rank, &grants);
        let role = world.role(&format!("role of {login}"));
        if dice.coin() {
            world.add_user(&format!("{login}b"), role);
        }
    }
    for number in 0..3 {
        let ids = Ids::of(&world);
        let (some, others) = (dice.some(&ids.users), dice.some(&ids.users));
        world.add_group(&format!("g{number}"), &some, &others);
        let supervisors: Vec<_> =
            dice.some(&ids.users).into_iter().map(|user| (user, supervision(dice))).collect();
        world.add_queue(&format!("q{number}"), &dice.some(&ids.users), &supervisors);
        world.add_profile(&format!("p{number}"), dice.grants(3));
        let ids = Ids::of(&world);
        let places = AgentEdit { visibility_key: None, ..agent_edit(&ids, dice) };
        world.add_agent(&format!("a{number}"), places);
        if !ids.kinds.is_empty() {
            let called = format!("{}:o{number}", dice.one(&ids.kinds));
            let fields = ObjectEdit { contents: None, visibility_key: None, ..object_edit(&ids, dice) };
            world.add_object(&called, ObjectEdit { reports_key: None, ..fields });
        }
    }
    for _ in 0..12 {
        let command = command(&world, dice);
        attempt(&mut world, &command);
    }
    world
}

/// An organization of a product: of each of its roles two people, whose profiles, keys and masterkey are random.
pub(super) fn of_product(catalog: &str, dice: &mut Dice) -> World {
    let mut world = World::founded(catalog);
    // The founder holds what one user holds.
    let is_single = |name: &str| world.catalog.protected_role(name).is_some_and(|role| role.single);
    let shared = world.roles.values().filter(|role| !is_single(&role.name));
    let roles: Vec<_> = shared.map(|role| role.id).collect();
    let known = |world: &World, mut grants: Vec<Grant>| {
        grants.retain(|grant| world.catalog.permission(&grant.permission).is_some());
        grants
    };
    for (number, role) in roles.into_iter().cycle().take(8).enumerate() {
        let grants = if dice.coin() { powers(dice) } else { dice.grants(5) };
        let grants = known(&world, grants);
        let profile = world.add_profile(&format!("p{number}"), grants);
        let profile = world.catalog.offers(Offer::Profile).then_some(profile);
        let user = NewUser { profile, ..spec::new_user(&format!("user{number}"), role) };
        world.act(UserCommand::Create(user));
        let user = world.user_id(&format!("user{number}"));
        world.add_key(&format!("k{number}"));
        let keys = dice.some(&Ids::of(&world).keys).into_iter();
        let keys = keys.map(|key| KeyEntry { key, minus: dice.roll(8) == 0 }).collect();
        attempt(&mut world, &UserCommand::SetMasterkey(user, dice.coin()).into());
        attempt(&mut world, &UserCommand::SetKeys(user, keys).into());
    }
    for number in 0..3 {
        let ids = Ids::of(&world);
        world.add_group(&format!("g{number}"), &dice.some(&ids.users), &dice.some(&ids.users));
        world.add_queue(&format!("q{number}"), &dice.some(&ids.users), &[]);
        let ids = Ids::of(&world);
        let places = AgentEdit { visibility_key: None, ..agent_edit(&ids, dice) };
        world.add_agent(&format!("a{number}"), places);
        if !ids.kinds.is_empty() {
            let called = format!("{}:o{number}", dice.one(&ids.kinds));
            let fields = ObjectEdit { contents: None, visibility_key: None, ..object_edit(&ids, dice) };
            world.add_object(&called, ObjectEdit { reports_key: None, ..fields });
        }
    }
    for _ in 0..12 {
        let command = command(&world, dice);
        attempt(&mut world, &command);
    }
    world
}

fn attempt(world: &mut World, command: &Command) {
    let context = spec::context(Actor::Operator, world.position);
    if let Ok(accepted) = decide(&world.organization, &context, command) {
        world.organization = accepted.after;
    }
}

/// Sees everything, manages much of it, and holds product functions here and there: an attacker worth having.
fn powers(dice: &mut Dice) -> Vec<Grant> {
    let sees = [
        "users.view",
        "groups.view",
        "queues.view",
        "agents.view",
        "objects.view",
        "roles.view",
        "profiles.view",
        "keys.view",
    ];
    let mut grants: Vec<_> = sees.map(|permission| Grant::new(permission, Scope::All)).into();
    for permission in PERMISSIONS {
        match dice.roll(4) {
            0 => grants.push(Grant::new(permission, Scope::All)),
            1 => grants.push(Grant::new(permission, Scope::Lower)),
            2 => grants.push(Grant::new(permission, dice.one(&SCOPES))),
            _ => {}
        }
    }
    grants
}

/// Decides; an accepted command moves the state on, proven.
pub(super) fn step(
    organization: &mut Organization,
    actor: Actor,
    command: &Command,
) -> Result<Accepted, Rejection> {
    let context = spec::context(actor, organization.position);
    let accepted = decide(organization, &context, command)?;
    spec::prove(organization, &context, &accepted);
    *organization = accepted.after.clone();
    Ok(accepted)
}

/// A command that may well be refused.
pub(super) fn command(organization: &Organization, dice: &mut Dice) -> Command {
    let ids = Ids::of(organization);
    match dice.roll(24) {
        0..=7 => user(&ids, dice).into(),
        8..=10 => role(&ids, dice).into(),
        11..=12 => profile(&ids, dice).into(),
        13 => key(&ids, dice).into(),
        14..=15 => queue(&ids, dice).into(),
        16..=17 => group(&ids, dice).into(),
        18..=19 => agent(&ids, dice).into(),
        20 => object(&ids, dice).map_or_else(|| agent(&ids, dice).into(), Command::from),
        21 => SettingsCommand::Set(
            [(Setting::SessionHours, SettingValue::Number(1 + dice.roll(9) as u32))].into(),
        )
        .into(),
        22 => OrganizationCommand::Transfer { to: dice.one(&ids.users) }.into(),
        _ => Command::Many((0..2).map(|_| command(organization, dice)).collect()),
    }
}

/// The undoing of a random stretch of `history`.
pub(super) fn undoing(history: &[Event], dice: &mut Dice) -> Command {
    let from = dice.roll(history.len() + 1);
    let to = from + dice.roll(history.len() + 1 - from);
    Command::Undo(compensations(&history[from..to]))
}

fn user(ids: &Ids, dice: &mut Dice) -> UserCommand {
    let user = dice.one(&ids.users);
    match dice.roll(19) {
        18 => {
            let avatar = Avatar { media: Media::Jpeg, bytes: 9, sha256: [dice.roll(3) as u8; 32] };
            UserCommand::SetAvatar(user, dice.coin().then_some(avatar))
        }
        0 => UserCommand::Create(NewUser {
            profile: dice.coin().then(|| dice.one(&ids.profiles)),
            status: if dice.coin() { Status::Active } else { Status::Invited },
            ..spec::new_user(&dice.name(), dice.one(&ids.roles))
        }),
        1 => UserCommand::Edit(
            user,
            UserEdit {
                login: dice.coin().then(|| dice.name()),
                name: dice.coin().then(|| dice.name()),
                email: dice.coin().then(|| dice.coin().then(|| format!("{}@x.example", dice.name()))),
                details: details(dice),
            },
        ),
        2 | 3 => UserCommand::AssignRole(user, dice.one(&ids.roles)),
        4 => UserCommand::AssignProfile(user, dice.coin().then(|| dice.one(&ids.profiles))),
        5 => UserCommand::SetCustomProfile(user, dice.coin().then(|| dice.grants(3).into())),
        6 => {
            let keys = dice.some(&ids.keys);
            let entries = keys.into_iter().map(|key| KeyEntry { key, minus: dice.coin() });
            UserCommand::SetKeys(user, entries.collect())
        }
        7 => UserCommand::SetMasterkey(user, dice.coin()),
        12 => UserCommand::SetLoginWindow(user, dice.coin().then(|| window(dice))),
        8 => dice.one(&[UserCommand::Block(user), UserCommand::Unblock(user), UserCommand::Activate(user)]),
        9 => UserCommand::Archive(user),
        10 => UserCommand::Restore(user),
        11 => {
            let credential = CredentialId(user.uuid());
            let link = Link { credential, until: Moment(4_000_000_000_000_000) };
            let set = UserCommand::SetPassword(user, NewPassword::unknown(credential));
            dice.one(&[set, UserCommand::MakePasswordLink(user, link)])
        }
        13 => spec::new_token(user, dice.roll(9) as u128, &dice.name()),
        15 => dice.one(&[spec::second_factor(user, 1), UserCommand::RemoveTwoFactor(user)]),
        14 => UserCommand::RevokeToken(user, CredentialId(uuid::Uuid::from_u128(dice.roll(9) as u128))),
        _ => UserCommand::CreateApiKey(user, CredentialId(user.uuid())),
    }
}

fn window(dice: &mut Dice) -> LoginWindow {
    let until = crate::kernel::moment::Moment(1_000_000 * dice.roll(9) as i64);
    LoginWindow { until: Some(until), ..LoginWindow::default() }
}

fn role(ids: &Ids, dice: &mut Dice) -> RoleCommand {
    let role = dice.one(&ids.roles);
    let edit = RoleEdit {
        name: dice.coin().then(|| dice.name()),
        rank: dice.coin().then(|| 5 + 10 * dice.roll(6) as u16),
        grants: dice.coin().then(|| dice.grants(5).into()),
        keys: dice.coin().then(|| dice.some(&ids.keys)),
        ..RoleEdit::default()
    };
    match dice.roll(6) {
        0 => RoleCommand::Create(RoleEdit { name: Some(dice.name()), ..edit }),
        1 => RoleCommand::Archive(role),
        2 => RoleCommand::Restore(role),
        _ => RoleCommand::Edit(role, edit),
    }
}

fn profile(ids: &Ids, dice: &mut Dice) -> ProfileCommand {
    let profile = dice.one(&ids.profiles);
    let edit = ProfileEdit { grants: Some(dice.grants(3).into()), ..ProfileEdit::default() };
    match dice.roll(5) {
        0 => ProfileCommand::Create(ProfileEdit { name: Some(dice.name()), ..edit }),
        1 => ProfileCommand::Archive(profile),
        2 => ProfileCommand::Restore(profile),
        _ => ProfileCommand::Edit(profile, edit),
    }
}

fn key(ids: &Ids, dice: &mut Dice) -> KeyCommand {
    let key = dice.one(&ids.keys);
    let edit = KeyEdit { name: Some(dice.name()), ..KeyEdit::default() };
    let (create, change) = (KeyCommand::Create(edit.clone()), KeyCommand::Edit(key, edit));
    dice.one(&[create, change, KeyCommand::Archive(key), KeyCommand::Restore(key)])
}

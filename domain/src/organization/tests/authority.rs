//! Who may not: each way of giving more than one holds, told one by one. The random attacks are in `escalation`.

use crate::group::command::{GroupCommand, GroupEdit};
use crate::kernel::context::Actor;
use crate::kernel::id::{CredentialId, Kind, UserId};
use crate::kernel::moment::Moment;
use crate::kernel::spec::{World, given, new_token, new_user, second_factor, world};
use crate::organization::command::Command;
use crate::organization::rejection::{Forbidden, Rejection};
use crate::organization::undo::compensations;
use crate::permission::grant::{Grant, Scope};
use crate::profile::command::{ProfileCommand, ProfileEdit};
use crate::queue::command::{QueueCommand, QueueEdit};
use crate::queue::state::Supervision;
use crate::role::command::{RoleCommand, RoleEdit};
use crate::user::command::{NewUser, UserCommand};
use crate::user::link::Link;
use crate::user::password::NewPassword;
use crate::user::state::{KeyEntry, Status};
use uuid::Uuid;

/// Everything that a user administrator may do, over people of lower rank and all else; never `audit.view`.
fn hr_grants() -> Vec<Grant> {
    let all = [
        "users.view",
        "users.create",
        "users.edit",
        "users.role",
        "users.profile",
        "users.keys",
        "users.block",
        "users.archive",
        "users.password",
        "users.api_key",
        "roles.view",
        "roles.create",
        "roles.edit",
        "roles.archive",
        "profiles.view",
        "profiles.create",
        "profiles.edit",
        "groups.view",
        "groups.create",
        "groups.edit",
        "queues.view",
        "queues.create",
        "queues.edit",
        "rollback.apply",
    ];
    all.map(|permission| Grant::new(permission, Scope::All)).into()
}

fn hr() -> World {
    let mut world = world();
    world.add_user_with("hr", 45, &hr_grants());
    world
}

fn audit() -> Grant {
    Grant::new("audit.view", Scope::All)
}

fn more(what: &str) -> Rejection {
    Forbidden::GivesMore { what: what.into() }.into()
}

/// The command of hr is refused alone, in a bulk, and by API key.
#[track_caller]
fn refused(world: &World, command: impl Into<Command>, rejection: impl Into<Rejection>) {
    let (command, rejection) = (command.into(), rejection.into());
    given(world).as_user("hr").when(command.clone()).then_refused(rejection.clone());
    given(world).as_api_key_of("hr").when(command.clone()).then_refused(rejection.clone());
    given(world).as_user("hr").when(Command::Many(vec![command])).then_refused(rejection);
}

fn granting(grants: Vec<Grant>) -> RoleEdit {
    RoleEdit { grants: Some(grants.into()), ..RoleEdit::default() }
}

#[test]
fn no_role_profile_or_grant_is_given_that_holds_more() {
    let mut world = hr();
    let reader = world.add_role("Reader", 5, [audit()]);
    let (anna, watchers) = (world.user_id("anna"), world.profile("Watchers"));
    refused(&world, UserCommand::AssignRole(anna, reader), more("audit.view"));
    refused(&world, UserCommand::AssignProfile(anna, Some(watchers)), more("audit.view"));
    refused(&world, UserCommand::SetCustomProfile(anna, Some(vec![audit()].into())), more("audit.view"));
    refused(&world, UserCommand::Create(new_user("zoe", reader)), more("audit.view"));
    let empty = world.add_role("Empty", 5, []);
    let with_profile = NewUser { profile: Some(watchers), ..new_user("zoe", empty) };
    refused(&world, UserCommand::Create(with_profile), more("audit.view"));
}

#[test]
fn no_role_or_profile_is_made_or_changed_to_hold_more() {
    let mut world = hr();
    let empty = world.add_role("Empty", 5, []);
    let wide = vec![audit()];
    refused(&world, RoleCommand::Edit(empty, granting(wide.clone())), more("audit.view"));
    let new = RoleEdit { name: Some("New".into()), ..granting(wide.clone()) };
    refused(&world, RoleCommand::Create(new), more("audit.view"));
    let profile = ProfileEdit { grants: Some(wide.into()), ..ProfileEdit::default() };
    refused(&world, ProfileCommand::Edit(world.profile("Exporters"), profile.clone()), more("audit.view"));
    let new = ProfileEdit { name: Some("New".into()), ..profile };
    refused(&world, ProfileCommand::Create(new), more("audit.view"));
}

#[test]
fn nobody_of_equal_or_higher_rank_is_touched_nor_such_a_role_given() {
    let mut world = hr();
    let equal = world.add_user_with("equal", 45, &[]);
    let low = || Forbidden::RankTooLow;
    for user in [equal, world.user_id("adam"), world.user_id("olga")] {
        for command in [
            UserCommand::AssignRole(user, world.role("Agent")),
            UserCommand::Block(user),
            UserCommand::Archive(user),
            UserCommand::SetKeys(user, vec![KeyEntry { key: world.key("GATE"), minus: true }]),
            UserCommand::SetCustomProfile(user, Some(Default::default())),
            UserCommand::SetPassword(user, NewPassword::unknown(CredentialId(Uuid::nil()))),
            UserCommand::MakePasswordLink(
                user,
                Link { credential: CredentialId(Uuid::nil()), until: Moment(4_000_000_000_000_000) },
            ),
            UserCommand::CreateApiKey(user, CredentialId(Uuid::nil())),
            new_token(user, 1, "CI"),
        ] {
            refused(&world, command, low());
        }
    }
    let anna = world.user_id("anna");
    refused(&world, UserCommand::AssignRole(anna, world.role("role of equal")), low());
    refused(&world, UserCommand::Create(new_user("zoe", world.role("Administrator"))), low());
    refused(&world, RoleCommand::Edit(world.role("Administrator"), granting(Vec::new())), low());
    let rank = |rank| RoleEdit { rank: Some(rank), name: Some("R".into()), ..RoleEdit::default() };
    refused(&world, RoleCommand::Create(rank(45)), low());
    let empty = world.add_role("Empty", 5, []);
    refused(&world, RoleCommand::Edit(empty, rank(45)), low());
}

#[test]
fn nobody_changes_their_own_access() {
    let mut world = hr();
    let (hr, exporters) = (world.user_id("hr"), world.profile("Exporters"));
    world.act(UserCommand::AssignProfile(hr, Some(exporters)));
    let own = || Forbidden::OwnAccess;
    refused(&world, UserCommand::AssignRole(hr, world.role("Agent")), own());
    refused(&world, UserCommand::AssignProfile(hr, None), own());
    refused(
        &world,
        UserCommand::SetKeys(hr, Vec::from([KeyEntry { key: world.key("GATE"), minus: false }])),
        own(),
    );
    refused(&world, UserCommand::SetMasterkey(hr, true), own());
    refused(&world, UserCommand::SetSuperuser(hr, true), own());
    refused(&world, RoleCommand::Edit(world.role("role of hr"), granting(Vec::new())), own());
    let profile = ProfileEdit { grants: Some(Default::default()), ..ProfileEdit::default() };
    refused(&world, ProfileCommand::Edit(exporters, profile), own());
}

#[test]
fn a_profile_that_a_higher_rank_has_is_not_changed_even_to_hold_less() {
    let mut world = hr();
    let exporters = world.profile("Exporters");
    world.act(UserCommand::AssignProfile(world.user_id("adam"), Some(exporters)));
    let none = ProfileEdit { grants: Some(Default::default()), ..ProfileEdit::default() };
    refused(&world, ProfileCommand::Edit(exporters, none), Forbidden::RankTooLow);
}

#[test]
fn no_key_is_given_minus_removed_or_restriction_lifted_that_one_is_not_free_to() {
    let mut world = hr();
    let (anna, gate, dial) = (world.user_id("anna"), world.key("GATE"), world.key("NODIALOUT"));
    let set = |keys: &[(crate::kernel::id::KeyId, bool)]| {
        UserCommand::SetKeys(
            anna,
            keys.iter().map(|(key, minus)| KeyEntry { key: *key, minus: *minus }).collect(),
        )
    };
    refused(&world, set(&[(gate, false)]), more("GATE"));
    let empty = world.add_role("Empty", 5, []);
    let keys = |keys| RoleEdit { keys: Some(keys), ..RoleEdit::default() };
    refused(&world, RoleCommand::Edit(empty, keys(vec![gate])), more("GATE"));
    world.act(set(&[(gate, true), (dial, false)]));
    refused(&world, set(&[(dial, false)]), more("GATE"));
    // hr is under the restriction too, so lifting it from another would be giving what hr lacks.
    let hr = world.user_id("hr");
    world.act(UserCommand::SetKeys(hr, vec![KeyEntry { key: dial, minus: false }]));
    refused(&world, set(&[(gate, true)]), more("NODIALOUT"));
    refused(&world, set(&[(gate, true), (dial, false), (dial, true)]), more("NODIALOUT"));
}

#[test]
fn a_queue_is_opened_only_by_who_holds_its_key() {
    let mut world = hr();
    let (sales, gate) = (world.queue("Sales"), world.key("GATE"));
    let lock = QueueEdit { visibility_key: Some(Some(gate)), ..QueueEdit::default() };
    world.act(QueueCommand::Edit(sales, lock));
    let open = QueueEdit { visibility_key: Some(None), ..QueueEdit::default() };
    // A locked queue is not there for who lacks the key.
    refused(&world, QueueCommand::Edit(sales, open), Rejection::Missing(Kind::Queue));
    let whole = world.add_queue("Whole", &[], &[]);
    let parts = QueueEdit { parts: Some(vec![sales]), ..QueueEdit::default() };
    refused(&world, QueueCommand::Edit(whole, parts), Rejection::Missing(Kind::Queue));
}

#[test]
fn joining_or_supervising_gives_what_scopes_reach() {
    let mut world = hr();
    let listen = |scope| Grant::new("calls.listen", scope);
    let lead = world.add_user_with(
        "lead",
        15,
        &[listen(Scope::Managed), listen(Scope::Assigned), listen(Scope::Group)],
    );
    let (night, sales) = (world.group("Night"), world.queue("Sales"));
    let members = |users: &[UserId]| GroupEdit { members: Some(users.to_vec()), ..GroupEdit::default() };
    let supervisors = GroupEdit { supervisors: Some(vec![lead]), ..GroupEdit::default() };
    refused(&world, GroupCommand::Edit(night, supervisors.clone()), more("calls.listen"));
    refused(&world, GroupCommand::Edit(night, members(&[lead])), more("calls.listen"));
    let agents = QueueEdit { agents: Some(vec![lead]), ..QueueEdit::default() };
    refused(&world, QueueCommand::Edit(sales, agents), more("calls.listen"));
    let viewers =
        QueueEdit { supervisors: Some([(lead, Supervision::Viewer)].into()), ..QueueEdit::default() };
    refused(&world, QueueCommand::Edit(sales, viewers), more("calls.listen"));
    // sven supervises Night and listens there: a newcomer comes into his reach.
    refused(&world, GroupCommand::Edit(night, members(&[world.user_id("amir")])), more("calls.barge"));
}

#[test]
fn a_password_or_api_key_of_who_holds_more_is_theirs() {
    let mut world = hr();
    let reader = world.add_user_with("reader", 5, &[audit()]);
    let new = NewPassword::unknown(CredentialId(Uuid::nil()));
    refused(&world, UserCommand::SetPassword(reader, new), more("audit.view"));
    let link = Link { credential: CredentialId(Uuid::nil()), until: Moment(4_000_000_000_000_000) };
    refused(&world, UserCommand::MakePasswordLink(reader, link), more("audit.view"));
    refused(&world, UserCommand::CreateApiKey(reader, CredentialId(Uuid::nil())), more("audit.view"));
    refused(&world, new_token(reader, 1, "CI"), more("audit.view"));
    world.act_by(Actor::User(reader), second_factor(reader, 1));
    refused(&world, UserCommand::RemoveTwoFactor(reader), more("audit.view"));
}

#[test]
fn an_undo_gives_no_more_than_its_change_would() {
    let mut world = hr();
    let reader = world.add_role("Reader", 5, [audit()]);
    let rita = world.add_user("rita", reader);
    let take =
        given(&world).as_operator().when(UserCommand::AssignRole(rita, world.role("Agent"))).accepted();
    world.organization = take.after;
    refused(&world, Command::Undo(compensations(&take.events)), more("audit.view"));
}

#[test]
fn a_wider_rank_widens_what_is_held_over_lower_ranks() {
    let mut world = hr();
    world.add_user_with("scout", 5, &[Grant::new("reports.agents", Scope::Lower)]);
    let rank = RoleEdit { rank: Some(40), ..RoleEdit::default() };
    refused(&world, RoleCommand::Edit(world.role("role of scout"), rank), more("reports.agents"));
}

#[test]
fn who_is_not_active_may_nothing() {
    let mut world = hr();
    world.act(UserCommand::Block(world.user_id("hr")));
    refused(&world, UserCommand::Block(world.user_id("anna")), Forbidden::Inactive);
    assert_eq!(world.user(world.user_id("hr")).unwrap().status.value, Status::Blocked);
}

#[test]
fn everybody_gives_whom_their_product_lets_them_give() {
    for (catalog, givers) in
        [("standard", ["Manager", "Administrator"]), ("voximplant", ["Manager", "Administrator"])]
    {
        for giver in givers {
            let mut world = World::founded(catalog);
            world.add_user("giver", world.role(giver));
            let mine = world.roles[&world.role(giver)].rank.value;
            let lower: Vec<_> = world.roles.values().filter(|role| role.rank.value < mine).cloned().collect();
            assert!(!lower.is_empty());
            for role in lower {
                let create = UserCommand::Create(new_user("zoe", role.id));
                given(&world).as_user("giver").when(create).then_names(&["user.created"]);
            }
        }
    }
}

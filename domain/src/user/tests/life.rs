//! Invited, active, blocked, archived.

use crate::group::command::GroupCommand;
use crate::kernel::context::Actor;
use crate::kernel::id::{Kind, UserId};
use crate::kernel::moment::Moment;
use crate::kernel::spec::{Outcome, World, context, given, new_user, world};
use crate::organization::command::{Command, Undo};
use crate::organization::rejection::{Forbidden, Rejection};
use crate::organization::state::Organization;
use crate::organization::undo::compensations;
use crate::permission::grant::{Grant, Scope};
use crate::queue::command::QueueCommand;
use crate::role::command::RoleCommand;
use crate::user::command::{NewUser, UserCommand};
use crate::user::rejection::UserRejection;
use crate::user::state::Status;
use serde_json::Value;

fn invited() -> (World, UserCommand) {
    let mut world = world();
    let new = NewUser { status: Status::Invited, ..new_user("ivan", world.role("Agent")) };
    world.act(UserCommand::Create(new));
    let activate = UserCommand::Activate(world.user_id("ivan"));
    (world, activate)
}

fn after(world: &Organization, command: UserCommand) -> Organization {
    given(world).as_user("adam").when(command).accepted().after
}

#[test]
fn the_invited_are_activated_once() {
    let (world, activate) = invited();
    let active = given(&world).as_user("mona").when(activate.clone());
    let active = active.then(&["user.activated ivan: status invited -> active"]);
    given(&active).as_user("mona").when(activate.clone()).then_nothing();
    let blocked = after(&active, UserCommand::Block(world.user_id("ivan")));
    let forbids = UserRejection::StatusForbids(Status::Blocked);
    given(&blocked).as_user("mona").when(activate).then_refused(forbids);
}

#[test]
fn blocking_and_unblocking_go_to_and_fro() {
    let world = world();
    let anna = world.user_id("anna");
    let blocked = given(&world).as_user("mona").when(UserCommand::Block(anna));
    let blocked = blocked.then(&["user.blocked anna: status active -> blocked"]);
    given(&blocked).as_user("mona").when(UserCommand::Block(anna)).then_nothing();
    let back = given(&blocked).as_user("mona").when(UserCommand::Unblock(anna));
    let back = back.then(&["user.unblocked anna: status blocked -> active"]);
    given(&back).as_user("mona").when(UserCommand::Unblock(anna)).then_nothing();
}

#[test]
fn what_a_status_forbids_is_refused() {
    let (world, _) = invited();
    let (ivan, anna) = (world.user_id("ivan"), world.user_id("anna"));
    let asker = |world: &Organization| given(world).as_user("adam");
    let forbids = UserRejection::StatusForbids;
    asker(&world).when(UserCommand::Unblock(ivan)).then_refused(forbids(Status::Invited));
    asker(&world).when(UserCommand::Restore(ivan)).then_refused(forbids(Status::Invited));
    asker(&world).when(UserCommand::Restore(anna)).then_nothing();
    let archived = after(&world, UserCommand::Archive(anna));
    for command in [
        UserCommand::Block(anna),
        UserCommand::Unblock(anna),
        UserCommand::Activate(anna),
        UserCommand::AssignRole(anna, world.role("Supervisor")),
        UserCommand::SetKeys(anna, Vec::new()),
        UserCommand::SetMasterkey(anna, false),
    ] {
        asker(&archived).when(command).then_refused(forbids(Status::Archived));
    }
}

#[test]
fn archiving_leaves_every_group_and_queue_before_it() {
    let world = world();
    let sven = world.user_id("sven");
    let archived = given(&world).as_user("mona").when(UserCommand::Archive(sven)).then(&[
        "group.supervisors_changed Night: supervisors[sven] sven -> -",
        "queue.supervisor_set Sales: supervisors[sven] viewer -> -",
        "user.archived sven: status active -> archived",
    ]);
    let user = archived.user(sven).unwrap();
    assert!(user.supervises.is_empty() && user.posts.is_empty());
    given(&archived).as_user("mona").when(UserCommand::Archive(sven)).then_nothing();
    let back = given(&archived).as_user("mona").when(UserCommand::Restore(sven));
    back.then(&["user.restored sven: status archived -> active"]);
}

#[test]
fn who_may_archive_people_needs_no_right_over_their_groups_and_queues() {
    let mut world = world();
    let lower = |permission| Grant::new(permission, Scope::Lower);
    world.add_user_with("hr", 45, &[Grant::new("users.view", Scope::All), lower("users.archive")]);
    let archive = UserCommand::Archive(world.user_id("anna"));
    given(&world).as_user("hr").when(archive).then_names(&[
        "group.members_changed",
        "queue.agents_changed",
        "user.archived",
    ]);
}

#[test]
fn restoring_brings_back_to_the_status_before_since_unblocking_is_another_right() {
    let world = world();
    let anna = world.user_id("anna");
    let blocked = after(&world, UserCommand::Block(anna));
    let archived = after(&blocked, UserCommand::Archive(anna));
    let back = given(&archived).as_user("adam").when(UserCommand::Restore(anna));
    back.then(&["user.restored anna: status archived -> blocked"]);
}

#[test]
fn nobody_comes_back_to_a_role_that_was_archived_meanwhile() {
    let mut world = world();
    let role = world.add_role("Summer help", 5, []);
    let summer = world.add_user("summer", role);
    world.act(UserCommand::Archive(summer));
    world.act(RoleCommand::Archive(role));
    given(&world).as_user("olga").when(UserCommand::Restore(summer)).then_invalid("/role", "no_such_role");
    world.act(RoleCommand::Restore(role));
    given(&world).as_user("olga").when(UserCommand::Restore(summer)).then_names(&["user.restored"]);
}

#[test]
fn the_archived_are_posted_nowhere() {
    let mut world = world();
    let amir = world.user_id("amir");
    world.act(UserCommand::Archive(amir));
    let group = crate::group::command::GroupEdit { members: Some(vec![amir]), ..Default::default() };
    let queue = crate::queue::command::QueueEdit { agents: Some(vec![amir]), ..Default::default() };
    let asker = || given(&world).as_user("olga");
    asker().when(GroupCommand::Edit(world.group("Night"), group)).then_invalid("/members", "no_such_user");
    asker().when(QueueCommand::Edit(world.queue("Sales"), queue)).then_invalid("/agents", "no_such_user");
}

#[test]
fn the_last_who_may_grant_anything_stays() {
    let world = world();
    let olga = world.user_id("olga");
    for command in [
        UserCommand::Block(olga),
        UserCommand::Archive(olga),
        UserCommand::AssignRole(olga, world.role("Agent")),
    ] {
        given(&world).as_user("olga").when(command.clone()).then_refused(UserRejection::LastOwner);
        given(&world).as_operator().when(command).then_refused(UserRejection::LastOwner);
    }
    let mut two = world.clone();
    two.add_user("oleg", two.role("Owner"));
    given(&two).as_user("oleg").when(UserCommand::Block(olga)).then_names(&["user.blocked"]);
}

#[test]
fn the_owners_role_keeps_the_power_while_one_owner_is_left() {
    use crate::role::command::RoleEdit;
    let world = world();
    let edit = RoleEdit { grants: Some(Default::default()), ..RoleEdit::default() };
    let command = RoleCommand::Edit(world.role("Owner"), edit);
    given(&world).as_user("olga").when(command).then_refused(UserRejection::LastOwner);
}

fn lock_out(organization: &Organization, user: UserId, until: Moment) -> Outcome {
    given(organization).as_system().when(UserCommand::LockOut { user, until })
}

/// So many seconds after the world's last event.
fn later(organization: &Organization, seconds: i64) -> Moment {
    context(Actor::System, organization.position).at.plus_micros(seconds * 1_000_000)
}

#[test]
fn an_account_is_locked_out_once_a_period_and_by_nobody_but_rollbook() {
    let world = world();
    let (anna, until) = (world.user_id("anna"), later(&world, 900));
    let locked = lock_out(&world, anna, until);
    let locked = locked.then(&[format!("user.locked_out anna: locked_until - -> {until}").as_str()]);
    assert!(locked.user(anna).unwrap().is_locked(later(&locked, 0)));
    assert!(!locked.user(anna).unwrap().is_locked(until));
    lock_out(&locked, anna, until.plus_micros(60_000_000)).then_nothing();
    lock_out(&world, anna, later(&world, 0)).then_nothing();
    let forbidden = Forbidden::Permission { permission: "organization.edit" };
    for asker in [given(&world).as_user("olga"), given(&world).as_operator()] {
        asker.when(UserCommand::LockOut { user: anna, until }).then_refused(forbidden.clone());
    }
}

#[test]
fn after_a_lock_out_is_over_there_may_be_another() {
    let world = world();
    let (anna, first) = (world.user_id("anna"), later(&world, 1));
    let locked = lock_out(&world, anna, first).accepted().after;
    let second = later(&locked, 900);
    let told = format!("user.locked_out anna: locked_until {first} -> {second}");
    lock_out(&locked, anna, second).then(&[told.as_str()]);
}

#[test]
fn unblocking_lifts_a_lock_out_that_is_not_over_and_a_block_with_it() {
    let world = world();
    let (anna, until) = (world.user_id("anna"), later(&world, 900));
    let locked = lock_out(&world, anna, until).accepted().after;
    let lifted = format!("user.unlocked anna: locked_until {until} -> -");
    let unblock = UserCommand::Unblock(anna);
    given(&locked).as_user("mona").when(unblock.clone()).then(&[lifted.as_str()]);
    given(&locked).as_user("amir").when(unblock.clone()).then_refused(Rejection::Missing(Kind::User));
    let blocked = after(&locked, UserCommand::Block(anna));
    let both = ["user.unblocked anna: status blocked -> active", lifted.as_str()];
    given(&blocked).as_user("mona").when(unblock.clone()).then(&both);
    let over = lock_out(&world, anna, later(&world, 1)).accepted().after;
    given(&over).as_user("mona").when(unblock).then_nothing();
}

#[test]
fn a_lock_out_keeps_nobody_from_what_they_may_and_is_never_undone() {
    let world = world();
    let (anna, until) = (world.user_id("anna"), later(&world, 900));
    let accepted = lock_out(&world, anna, until).accepted();
    assert!(accepted.after.user(anna).unwrap().is_active());
    assert_eq!(compensations(&accepted.events), []);
    let undo = Undo { subject: anna.subject(), field: "locked_until".into(), element: None, to: Value::Null };
    let asked = given(&accepted.after).as_user("olga").when(Command::Undo(vec![undo]));
    asked.then_invalid("/locked_until", "cannot_be_undone");
}

#[test]
fn who_is_erased_is_not_locked_out() {
    let mut world = world();
    let (anna, until) = (world.user_id("anna"), later(&world, 900));
    world.act(UserCommand::Archive(anna));
    lock_out(&world, anna, later(&world, 900)).then_names(&["user.locked_out"]);
    world.act(UserCommand::RequestErasure { user: anna, authored: false });
    lock_out(&world, anna, until).then_nothing();
}

//! Passing the organization on.

use crate::kernel::spec::{World, given, world};
use crate::organization::command::{Command, OrganizationCommand};
use crate::organization::rejection::Forbidden;
use crate::organization::undo::compensations;
use crate::permission::grant::{Grant, Scope};
use crate::user::command::UserCommand;
use crate::user::rejection::UserRejection;
use crate::user::state::Status;

fn pass_to(world: &World, login: &str) -> Command {
    OrganizationCommand::Transfer { to: world.user_id(login) }.into()
}

fn lacks() -> Forbidden {
    Forbidden::Permission { permission: "organization.transfer" }
}

#[test]
fn the_owner_and_the_heir_exchange_their_roles_in_one_command() {
    let world = world();
    let after = given(&world).as_user("olga").when(pass_to(&world, "adam"));
    let after = after.then(&[
        "user.role_assigned adam: role Administrator -> Owner",
        "user.role_assigned olga: role Owner -> Administrator",
    ]);
    // The one who passed it on cannot take it back.
    given(&after).as_user("olga").when(pass_to(&world, "adam")).then_refused(lacks());
}

#[test]
fn an_exchange_that_is_undone_by_the_new_owner_is_a_transfer_back() {
    let world = world();
    let done = given(&world).as_user("olga").when(pass_to(&world, "adam")).accepted();
    let undo = Command::Undo(compensations(&done.events));
    let back = given(&done.after).as_user("adam").when(undo.clone()).accepted().after;
    for login in ["olga", "adam"] {
        let role = |organization: &crate::organization::state::Organization| {
            organization.user(world.user_id(login)).unwrap().role.value
        };
        assert_eq!(role(&back), role(&world), "{login}");
    }
    given(&done.after).as_user("olga").when(undo).then_refused(Forbidden::OwnAccess);
}

#[test]
fn nobody_takes_a_higher_role_by_passing_on_their_own() {
    let mut world = world();
    let transfer = Grant::new("organization.transfer", Scope::All);
    let view = Grant::new("users.view", Scope::All);
    let role = Grant::new("users.role", Scope::All);
    let climber = world.add_user_with("climber", 45, &[transfer, view, role]);
    given(&world).as_user("climber").when(pass_to(&world, "olga")).then_refused(Forbidden::RankTooLow);
    // Nor by saying the same in two changes.
    let [owner, own] = [world.role("Owner"), world.user(climber).unwrap().role.value];
    let exchange = Command::Many(vec![
        UserCommand::AssignRole(climber, owner).into(),
        UserCommand::AssignRole(world.user_id("olga"), own).into(),
    ]);
    given(&world).as_user("climber").when(exchange).then_refused(Forbidden::OwnAccess);
}

#[test]
fn only_who_may_passes_it_on_and_only_to_somebody_active() {
    let mut world = world();
    given(&world).as_user("adam").when(pass_to(&world, "anna")).then_refused(lacks());
    given(&world).as_operator().when(pass_to(&world, "anna")).then_refused(lacks());
    given(&world).as_user("olga").when(pass_to(&world, "olga")).then_nothing();
    world.act(UserCommand::Block(world.user_id("anna")));
    let blocked = UserRejection::StatusForbids(Status::Blocked);
    given(&world).as_user("olga").when(pass_to(&world, "anna")).then_refused(blocked);
}

#[test]
fn voximplant_3_ownership_goes_to_an_administrator_alone_and_there_is_one_owner() {
    let mut world = World::founded("voximplant");
    let [administrator, manager] = ["Administrator", "Manager"].map(|name| world.role(name));
    let (ada, max) = (world.add_user("ada", administrator), world.add_user("max", manager));
    given(&world).as_user("olga").when(pass_to(&world, "max")).then_refused(lacks());
    let second = UserCommand::AssignRole(ada, world.role("Owner"));
    given(&world).as_user("olga").when(second.clone()).then_refused(UserRejection::RoleIsSingle);
    given(&world).as_operator().when(second).then_refused(UserRejection::RoleIsSingle);
    let after = given(&world).as_user("olga").when(pass_to(&world, "ada"));
    let after = after.then_names(&["user.role_assigned", "user.role_assigned"]);
    assert_eq!(after.user(ada).unwrap().role.value, world.role("Owner"));
    assert_eq!(after.user(world.user_id("olga")).unwrap().role.value, administrator);
    assert_eq!(after.user(max).unwrap().role.value, manager);
}

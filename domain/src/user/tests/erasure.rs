//! Erasing personal data.

use crate::kernel::id::UserId;
use crate::kernel::spec::{World, given, world};
use crate::organization::state::Organization;
use crate::role::command::RoleCommand;
use crate::user::command::{UserCommand, UserEdit};
use crate::user::rejection::UserRejection;

fn request(user: UserId, authored: bool) -> UserCommand {
    UserCommand::RequestErasure { user, authored }
}

fn confirm(user: UserId, authored: bool) -> UserCommand {
    UserCommand::ConfirmErasure { user, authored }
}

/// Anna, archived and her erasure asked for.
fn erased(authored: bool) -> (World, UserId, Organization) {
    let mut world = world();
    let anna = world.user_id("anna");
    world.act(UserCommand::Archive(anna));
    let after = given(&world).as_user("adam").when(request(anna, authored));
    let after = after.then(&["user.erasure_requested [erased]"]);
    (world, anna, after)
}

#[test]
fn only_the_archived_are_erased_and_only_on_request() {
    let world = world();
    let anna = world.user_id("anna");
    let asker = || given(&world).as_user("adam");
    asker().when(request(anna, false)).then_refused(UserRejection::NotArchived);
    asker().when(confirm(anna, false)).then_refused(UserRejection::ErasureNotRequested);
}

#[test]
fn the_erased_read_erased_and_their_login_is_free() {
    let (_, anna, after) = erased(false);
    let user = after.user(anna).unwrap();
    assert_eq!((user.login.text(), user.name.text(), user.erased), ("[erased]", "[erased]", true));
    assert!(after.user_by_login("anna").is_none());
    let role = user.role.value;
    let again = UserCommand::Create(crate::kernel::spec::new_user("anna", role));
    given(&after).as_user("adam").when(again).then_names(&["user.created"]);
}

#[test]
fn asking_twice_changes_nothing_but_asking_for_more_does() {
    let (_, anna, after) = erased(false);
    given(&after).as_user("adam").when(request(anna, false)).then_nothing();
    given(&after).as_user("adam").when(confirm(anna, true)).then_refused(UserRejection::ErasureNotRequested);
    let more = given(&after).as_user("adam").when(request(anna, true));
    let more = more.then_names(&["user.erasure_requested"]);
    given(&more).as_user("adam").when(request(anna, false)).then_nothing();
    given(&more).as_user("adam").when(confirm(anna, true)).then_names(&["user.erased"]);
}

#[test]
fn nothing_more_changes_of_the_erased() {
    let (world, anna, after) = erased(true);
    let edit = UserEdit { name: Some("Ann".into()), ..UserEdit::default() };
    for command in [
        UserCommand::Restore(anna),
        UserCommand::Block(anna),
        UserCommand::Edit(anna, edit),
        UserCommand::AssignRole(anna, world.role("Supervisor")),
    ] {
        given(&after).as_user("adam").when(command).then_refused(UserRejection::Erased);
    }
}

#[test]
fn the_erased_keep_no_role_from_being_archived() {
    let mut world = world();
    let role = world.add_role("Summer help", 5, []);
    let summer = world.add_user("summer", role);
    world.act(UserCommand::Archive(summer));
    world.act(request(summer, false));
    given(&world).as_user("olga").when(RoleCommand::Archive(role)).then_names(&["role.archived"]);
}

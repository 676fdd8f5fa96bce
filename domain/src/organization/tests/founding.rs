//! Founding, renaming, and the limits of one command.

use crate::kernel::context::Actor;
use crate::kernel::id::{Kind, OrganizationId};
use crate::kernel::spec::{context, given, new_user, world};
use crate::organization::command::{Command, OrganizationCommand};
use crate::organization::decide::{EVENTS_MAX, VISITS_MAX, decide};
use crate::organization::rejection::{Forbidden, Rejection};
use crate::organization::state::Organization;
use crate::user::command::UserCommand;
use uuid::Uuid;

fn found(catalog: &str) -> OrganizationCommand {
    OrganizationCommand::Found {
        name: "South".into(),
        catalog: catalog.into(),
        owner_login: "otto".into(),
        owner_name: "Otto".into(),
        owner_email: None,
        password: None,
    }
}

#[test]
fn founding_makes_the_catalogs_keys_and_roles_and_an_owner() {
    let empty = Organization::empty(OrganizationId(Uuid::from_u128(5)));
    let accepted = given(&empty).as_operator().when(found("standard")).accepted();
    let names: Vec<_> = accepted.events.iter().map(crate::event::Event::name).collect();
    let expected =
        [vec!["organization.created"], vec!["key.created"; 2], vec!["role.created"; 6], vec!["user.created"]];
    assert_eq!(names, expected.concat());
    let otto = accepted.after.user_by_login("otto").unwrap();
    assert_eq!(accepted.after.role_of(otto).unwrap().name, "Owner");
}

#[test]
fn an_organization_is_founded_once_from_a_catalog_that_is_there() {
    let empty = Organization::empty(OrganizationId(Uuid::from_u128(5)));
    given(&empty).as_operator().when(found("nowhere")).then_refused(Rejection::NoSuchCatalog);
    given(&world()).as_operator().when(found("standard")).then_refused(Rejection::Founded);
    let needs = Forbidden::Permission { permission: "organization.edit" };
    given(&world()).as_user("olga").when(found("standard")).then_refused(needs);
}

#[test]
fn before_it_is_founded_nothing_else_happens() {
    let empty = Organization::empty(OrganizationId(Uuid::from_u128(5)));
    let rename = OrganizationCommand::Rename { name: "South".into() };
    given(&empty).as_operator().when(rename).then_refused(Rejection::Missing(Kind::Organization));
}

#[test]
fn it_is_renamed_once_and_knows_when() {
    let world = world();
    let rename = OrganizationCommand::Rename { name: "South".into() };
    let after = given(&world).as_user("adam").when(rename.clone());
    let after = after.then(&["organization.renamed South: name North -> South"]);
    assert_eq!(after.changed(after.id.subject()), Some((after.position, 2)));
    given(&after).as_user("adam").when(rename.clone()).then_nothing();
    let needs = Forbidden::Permission { permission: "organization.edit" };
    given(&world).as_user("mona").when(rename).then_refused(needs);
}

#[test]
fn a_bulk_command_is_all_or_nothing() {
    let world = world();
    let block = Command::User(UserCommand::Block(world.user_id("anna")));
    let create = Command::User(UserCommand::Create(new_user("amir", world.role("Agent"))));
    let taken = crate::user::rejection::UserRejection::LoginTaken;
    given(&world).as_user("mona").when(Command::Many(vec![block, create])).then_refused(taken);
}

#[test]
fn one_command_makes_at_most_ten_thousand_events() {
    let world = world();
    let anna = world.user_id("anna");
    let turn = [UserCommand::Block(anna), UserCommand::Unblock(anna)];
    let many =
        |count: usize| Command::Many(turn.iter().cycle().take(count).cloned().map(Command::User).collect());
    let context = context(Actor::Operator, world.position);
    assert_eq!(decide(&world, &context, &many(EVENTS_MAX)).unwrap().events.len(), EVENTS_MAX);
    let refused = Rejection::TooLarge { what: "events", count: 10_001, max: 10_000 };
    assert_eq!(decide(&world, &context, &many(EVENTS_MAX + 1)).unwrap_err(), refused);
}

#[test]
fn one_command_visits_at_most_two_million_entities() {
    let world = world();
    let same = Command::User(UserCommand::Unblock(world.user_id("anna")));
    let many = Command::Many(vec![same; 2_000_001]);
    let refused = Rejection::TooLarge { what: "entity visits", count: 2_000_001, max: VISITS_MAX };
    let context = context(Actor::Operator, world.position);
    assert_eq!(decide(&world, &context, &many).unwrap_err(), refused);
}

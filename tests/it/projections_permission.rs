//! The permission view: what a change did is seen at once, and what is old is not answered.
use std::time::Duration;

use rollbook_domain::kernel::id::UserId;
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::permission::facts::{Facts, Targets};
use rollbook_domain::user::command::UserCommand;
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Deployment;
use rollbook_projections::permission_view::{Ask, NoView, PermissionView, STALE_AFTER, Seen};
use uuid::Uuid;

use crate::projections_world::{BOUND, World, on_both_engines};

on_both_engines! {
    a_change_is_seen_by_the_next_check_and_explained
    a_view_that_was_not_confirmed_is_stale_until_it_is
    another_process_waits_for_a_position_it_does_not_know
}

fn may_view_users(seen: &Seen, who: UserId) -> bool {
    let (targets, facts) = (Targets::default(), Facts::default());
    let ask = Ask { who, permission: "users.view", targets: &targets, facts: &facts, at: Moment(0) };
    let explained = seen.explain(&ask).map(|decision| decision.allowed);
    assert_eq!(explained.unwrap_or(false), seen.allowed(&ask));
    seen.allowed(&ask)
}

async fn a_change_is_seen_by_the_next_check_and_explained(world: World) {
    let view = PermissionView::new(world.open.writer.clone(), STALE_AFTER);
    let before = view.now().unwrap();
    let zoe = world.add("zoe").await;
    let role = world.open.writer.published().organization.user(world.owner).unwrap().role.value;
    world.by_owner(UserCommand::AssignRole(zoe, role)).await;
    let now = view.now().unwrap();
    assert!(may_view_users(&now, zoe));
    assert_eq!(now.position(), world.position());
    // What is held does not change under whoever holds it.
    assert!(!may_view_users(&before, zoe));
    world.by_owner(UserCommand::Block(zoe)).await;
    assert!(!may_view_users(&view.now().unwrap(), zoe));
    assert!(!may_view_users(&view.now().unwrap(), UserId(Uuid::nil())));
}

async fn a_view_that_was_not_confirmed_is_stale_until_it_is(world: World) {
    let view = PermissionView::new(world.open.writer.clone(), Duration::from_millis(500));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(matches!(view.now(), Err(NoView::Stale { millis }) if millis >= 500));
    assert_eq!(view.confirmed(BOUND).await.unwrap().position(), world.position());
    let follower = world.follow(100);
    follower.caught_up(world.position(), BOUND).await.unwrap();
    let followed = PermissionView::new(world.open.writer.clone(), STALE_AFTER);
    for _ in 0..25 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(followed.now().is_ok(), "a follower keeps the view confirmed");
    }
}

async fn another_process_waits_for_a_position_it_does_not_know(world: World) {
    let other = Deployment::new(world.store(), Clock::default());
    let open = other.open(world.id).await.unwrap();
    let view = PermissionView::new(open.writer, STALE_AFTER);
    let zoe = world.add("zoe").await;
    let wanted = world.position();
    let seen = view.at_least(wanted, BOUND).await.unwrap();
    assert_eq!(seen.position(), wanted);
    assert!(seen.organization().user(zoe).is_some());
    let late = view.at_least(wanted + 1, Duration::from_millis(50)).await;
    assert_eq!(late.unwrap_err(), NoView::NotYet { wanted: wanted + 1 });
}

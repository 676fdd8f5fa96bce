//! As-of and difference: what was true at a position or a moment, and what has changed since.
use crate::replay_world::{START, World, grants, on_both_engines};
use rollbook_domain::kernel::id::UserId;
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::command::{UserCommand, UserEdit};
use rollbook_ledger::codec;
use rollbook_ledger::writer::ledger_of;
use rollbook_replay::as_of::{AsOfError, At, as_of, position};
use rollbook_replay::diff;
use rollbook_replay::diff::affected::everybody;

on_both_engines!(
    at_every_position_the_organization_is_the_fold,
    a_moment_picks_whole_batches,
    what_has_not_come_or_was_not_yet_there_is_told_apart,
    what_was_erased_since_stays_erased,
    two_positions_differ_by_what_happened_between,
);

async fn at_every_position_the_organization_is_the_fold(world: World) {
    let profile = world.profile("Desk", grants(&["users.view"])).await;
    world.user("ann", "Agent", Some(profile)).await;
    let now = world.now();
    let mut fold = Organization::empty(now.id);
    assert_eq!(world.at(0).await.position, 0);
    for row in world.store.read(&ledger_of(now.id), 1, now.position, 1_000).await.unwrap() {
        let entry = codec::decode(row).unwrap();
        fold.apply(entry.at, &entry.event);
        let then = world.at(entry.position).await;
        assert_eq!((then.position, then.at), (fold.position, fold.at));
        assert_eq!(then.users, fold.users);
        assert_eq!(then.roles, fold.roles);
        assert_eq!(then.profiles, fold.profiles);
        assert_eq!(then.keys, fold.keys);
    }
    assert_eq!(fold.users, now.users);
}

async fn a_moment_picks_whole_batches(world: World) {
    let now = world.now();
    let founded = now.position;
    assert!(founded > 3);
    world.user("ann", "Agent", None).await;
    let now = world.now();
    let at = |moment: Moment| {
        let (store, now, clock) = (world.store.clone(), now.clone(), world.clock.now());
        async move { position(&store, &now, clock, At::Moment(moment)).await }
    };
    let first = world.at(1).await.at;
    assert_eq!(at(first.plus_micros(-1)).await.unwrap(), 0);
    assert_eq!(at(first).await.unwrap(), founded);
    assert_eq!(at(now.at.plus_micros(-1)).await.unwrap(), founded);
    assert_eq!(at(now.at).await.unwrap(), founded + 1);
    let then = as_of(&world.store, &now, world.clock.now(), At::Moment(first.plus_micros(5))).await.unwrap();
    assert_eq!((then.organization.position, then.at), (founded, first.plus_micros(5)));
}

async fn what_has_not_come_or_was_not_yet_there_is_told_apart(world: World) {
    let ann = world.user("ann", "Agent", None).await;
    let now = world.now();
    for at in [At::Position(now.position + 1), At::Moment(world.clock.now().plus_micros(1))] {
        let refused = as_of(&world.store, &now, world.clock.now(), at).await;
        assert!(matches!(refused, Err(AsOfError::AtInFuture)), "{at}");
    }
    let then = as_of(&world.store, &now, world.clock.now(), At::Position(now.position - 1)).await.unwrap();
    assert!(matches!(then.with(ann.subject()), Err(AsOfError::NotThere)));
    let then = as_of(&world.store, &now, world.clock.now(), At::Position(now.position)).await.unwrap();
    assert!(then.with(ann.subject()).is_ok());
    assert!(START < now.at);
}

async fn what_was_erased_since_stays_erased(world: World) {
    let ann = world.user("ann", "Agent", None).await;
    let there = world.now().position;
    let name =
        |organization: &Organization, id: UserId| organization.user(id).unwrap().name.text().to_owned();
    assert_eq!(name(&world.at(there).await, ann), "ann of Acme");
    world.owner_does(Command::User(UserCommand::Archive(ann))).await;
    world.owner_does(Command::User(UserCommand::RequestErasure { user: ann, authored: true })).await;
    // Asked for but not carried out yet; and afterwards.
    assert_eq!(name(&world.at(there).await, ann), "[erased]");
    world.store.delete_personal(&ledger_of(world.now().id), &ann.to_string()).await.unwrap();
    assert_eq!(name(&world.at(there).await, ann), "[erased]");
    assert_eq!(world.at(there).await.user(world.owner).unwrap().name.text(), "Olga Owner");
}

async fn two_positions_differ_by_what_happened_between(world: World) {
    let profile = world.profile("Desk", grants(&["users.view"])).await;
    let ann = world.user("ann", "Agent", Some(profile)).await;
    let before = world.now();
    let edit = UserEdit { name: Some("Ann Other".into()), ..UserEdit::default() };
    world.owner_does(Command::User(UserCommand::Edit(ann, edit))).await;
    world.set_grants(profile, grants(&["groups.view"])).await;
    let (old, new) = (world.at(before.position).await, world.now());
    let changes = diff::entity(&old, &new, ann.subject());
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].from.as_str(), changes[0].to.as_str()), (Some("ann of Acme"), Some("Ann Other")));
    assert_eq!(diff::entity(&old, &new, profile.subject()).len(), 2);
    let delta = diff::access::of_user(&old, &new, ann);
    assert_eq!((delta.gained.len(), delta.lost.len()), (1, 1));
    let all = everybody(&old, &new);
    assert_eq!((all.count, all.users[0].user.id), (1, ann));
    assert_eq!(everybody(&old, &old).count, 0);
    assert_eq!(diff::entity(&world.at(0).await, &old, ann.subject()).len(), 7);
}

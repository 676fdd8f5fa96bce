//! Two processes write the same organization at once: here two deployments, each with connections of its own.
use crate::ledger_world::{
    World, assert_same, create_user, on_both_engines, role, submission, user_called, write,
};
use crate::ledger_writer::{ask, assert_history_is, founding, oracle};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{RoleId, UserId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::UserCommand;
use rollbook_ledger::writer::{BATCH_COMMANDS_MAX, MAILBOX_MAX, WriteError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

on_both_engines! {
    two_processes_write_one_gapless_history_and_come_to_the_same_state
    of_two_owners_who_demote_each_other_exactly_one_is_left
    two_processes_that_never_rest_take_turns
    a_full_mailbox_refuses_at_once_and_what_it_took_is_carried_out
}

async fn two_processes_write_one_gapless_history_and_come_to_the_same_state(world: World) {
    let (one, other) = (world.deployment().await, world.deployment().await);
    let ((open, founded), owner) = founding(&one).await;
    let beside = other.open(open.writer.id()).await.unwrap();
    let elsewhere = world.store().await;
    let mut tasks = tokio::task::JoinSet::new();
    for asker in 0..32 {
        let process = if asker % 2 == 0 { &open } else { &beside };
        tasks.spawn(ask(process.clone(), elsewhere.clone(), owner, asker, 12));
    }
    let mut accepted = vec![founded];
    while let Some(done) = tasks.join_next().await {
        accepted.extend(done.unwrap());
    }
    open.writer.catch_up().await.unwrap();
    beside.writer.catch_up().await.unwrap();
    assert_history_is(&world, &accepted).await;
    assert_same(&oracle(&accepted), &open.writer.published().organization);
    assert_same(&oracle(&accepted), &beside.writer.published().organization);
}

async fn two_processes_that_never_rest_take_turns(world: World) {
    const LEAST: usize = 40;
    let (one, other) = (world.deployment().await, world.deployment().await);
    let ((open, _), owner) = founding(&one).await;
    let beside = other.open(open.writer.id()).await.unwrap();
    let agent = role(&open.writer.published().organization, true);
    let written = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let tasks = [open, beside].into_iter().zip(&written).enumerate().flat_map(|(process, (open, mine))| {
        (0..4).map(move |asker| (process, asker, open.clone(), mine.clone()))
    });
    // Each goes on until both have written enough: whoever always lost would be told that others were always first.
    let tasks = tasks.map(|(process, asker, open, mine)| {
        let written = written.clone();
        tokio::spawn(async move {
            let mut nth = 0;
            while written.iter().any(|count| count.load(Ordering::Relaxed) < LEAST) {
                let login = format!("user{process}-{asker}-{nth}");
                write(&open, owner, create_user(&login, agent)).await.unwrap();
                mine.fetch_add(1, Ordering::Relaxed);
                nth += 1;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let counts = written.map(|count| count.load(Ordering::Relaxed));
    assert!(counts.iter().all(|count| *count < 10 * LEAST), "{counts:?}");
}

fn assign(user: UserId, role: RoleId) -> Command {
    Command::User(UserCommand::AssignRole(user, role))
}

async fn of_two_owners_who_demote_each_other_exactly_one_is_left(world: World) {
    let (one, other) = (world.deployment().await, world.deployment().await);
    let ((open, _), _) = founding(&one).await;
    let beside = other.open(open.writer.id()).await.unwrap();
    let state = open.writer.published().organization.clone();
    let (highest, lowest) = (role(&state, false), role(&state, true));
    let first = user_called(&state, "owner");
    let created = write(&open, Actor::Operator, create_user("equal", highest)).await.unwrap();
    let second = user_called(&created.organization, "equal");
    for _ in 0..20 {
        let (a, b) = tokio::join!(
            write(&open, Actor::User(first), assign(second, lowest)),
            write(&beside, Actor::User(second), assign(first, lowest)),
        );
        let refused = |answer: &Result<_, WriteError>| matches!(answer, Err(WriteError::Rejected(_)));
        assert_eq!((a.is_ok(), b.is_ok()), (refused(&b), refused(&a)), "{:?} {:?}", a.err(), b.err());
        assert_ne!(a.is_ok(), b.is_ok());
        open.writer.catch_up().await.unwrap();
        let state = open.writer.published().organization.clone();
        let owners = [first, second].map(|id| state.user(id).unwrap().role.value == highest);
        assert_eq!(owners, [a.is_ok(), b.is_ok()]);
        for user in [first, second] {
            write(&open, Actor::Operator, assign(user, highest)).await.unwrap();
        }
        beside.writer.catch_up().await.unwrap();
    }
}

async fn a_full_mailbox_refuses_at_once_and_what_it_took_is_carried_out(world: World) {
    let deployment = world.deployment().await;
    let ((open, _), owner) = founding(&deployment).await;
    let state = open.writer.published().organization.clone();
    let agent = role(&state, true);
    let held = world.hold().await;
    let submit = |n: usize| {
        let writer = open.writer.clone();
        let command = create_user(&format!("user{n}"), agent);
        tokio::spawn(async move { writer.submit(submission(owner, command)).await })
    };
    let mut tasks = vec![submit(0)];
    // The writer takes the first one alone and waits with it for the database; meanwhile it decides a batch more.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let taken = BATCH_COMMANDS_MAX + MAILBOX_MAX;
    tasks.extend((1..=BATCH_COMMANDS_MAX).map(submit));
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    tasks.extend((BATCH_COMMANDS_MAX + 1..=taken + 10).map(submit));
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    held.release().await;
    let (mut written, mut busy) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => written += 1,
            Err(WriteError::Busy) => busy += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((written, busy), (1 + taken, 10));
    assert_eq!(open.writer.published().organization.users.len(), 1 + 1 + taken);
}

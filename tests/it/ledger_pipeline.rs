//! While a batch is on its way to the disk the next is decided on top of it: nobody is told too early, and what was
//! decided on a batch that lost is decided again.
use crate::ledger_world::{
    World, assert_same, create_user, founded, history, new_id, on_both_engines, role, submission,
};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::rejection::Refusal;
use rollbook_domain::organization::command::Command;
use rollbook_ledger::deployment::Open;
use rollbook_ledger::writer::{Answer, WriteError};
use std::time::Duration;
use tokio::task::JoinHandle;

on_both_engines! {
    nobody_is_told_of_a_change_or_a_refusal_before_what_it_was_decided_on_is_durable
    what_was_decided_on_a_batch_that_lost_is_decided_again
}

type Asked = JoinHandle<Result<Answer, WriteError>>;

/// Asks, and waits until the writer has decided it.
async fn ask(open: &Open, actor: Actor, command: Command) -> Asked {
    let writer = open.writer.clone();
    let asked = tokio::spawn(async move { writer.submit(submission(actor, command)).await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    asked
}

/// The position it was written at, or the code by which it was refused.
async fn told(asked: Asked) -> Result<u64, &'static str> {
    match asked.await.unwrap() {
        Ok(Answer::Written(written)) => Ok(written.position),
        Ok(Answer::Replayed(_)) => panic!("no key was given"),
        Err(WriteError::Rejected(rejection)) => Err(rejection.code()),
        Err(error) => panic!("{error}"),
    }
}

async fn nobody_is_told_of_a_change_or_a_refusal_before_what_it_was_decided_on_is_durable(world: World) {
    let deployment = world.deployment().await;
    let (open, owner) = founded(&deployment, new_id()).await;
    let now = open.writer.published().organization.clone();
    let agent = role(&now, true);
    let held = world.hold().await;
    let first = ask(&open, owner, create_user("ada", agent)).await;
    let refused = ask(&open, owner, create_user("ADA", agent)).await;
    let second = ask(&open, owner, create_user("bob", agent)).await;
    assert!(!first.is_finished() && !refused.is_finished() && !second.is_finished());
    assert_eq!(open.writer.published().organization.position, now.position);

    held.release().await;
    assert_eq!(told(first).await, Ok(now.position + 1));
    assert_eq!(told(refused).await, Err("login_taken"));
    assert_eq!(told(second).await, Ok(now.position + 2));
}

async fn what_was_decided_on_a_batch_that_lost_is_decided_again(world: World) {
    let (one, other) = (world.deployment().await, world.deployment().await);
    let id = new_id();
    let (open, owner) = founded(&one, id).await;
    let beside = other.open(id).await.unwrap();
    let before = open.writer.published().organization.position;
    let agent = role(&open.writer.published().organization, true);
    let held = world.hold().await;
    let theirs = ask(&beside, owner, create_user("ada", agent)).await;
    let ours = ask(&open, owner, create_user("ada", agent)).await;
    let on_top = ask(&open, owner, create_user("bob", agent)).await;
    held.release().await;

    let (theirs, ours, on_top) = (told(theirs).await, told(ours).await, told(on_top).await);
    assert!(matches!((theirs, ours), (Ok(_), Err("login_taken")) | (Err("login_taken"), Ok(_))));
    // One process wrote `ada` and one `bob`, in whatever order.
    let mut positions = [theirs.or(ours).unwrap(), on_top.unwrap()];
    positions.sort_unstable();
    assert_eq!(positions, [before + 1, before + 2]);
    assert_eq!(history(one.store(), id).await.len() as u64, before + 2);
    for open in [&open, &beside] {
        open.writer.catch_up().await.unwrap();
    }
    assert_same(&open.writer.published().organization, &beside.writer.published().organization);
}

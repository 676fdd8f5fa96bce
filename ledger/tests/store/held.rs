//! A head that is held: its holder's one append is not too late, everybody else waits.

use std::time::Duration;

use rollbook_ledger::entry::Frontier;
use rollbook_ledger::store::{AppendError, Appended, HOLD_MAX};

use crate::bench::{Bench, on_both};
use crate::rows::{activity, append_one, batch_after, command, fill, organization};

on_both! {
    who_holds_the_head_appends_and_who_came_meanwhile_is_too_late
    who_is_late_with_the_batch_appends_if_nobody_was_first
    a_head_that_is_let_go_is_moved_by_others
    a_head_that_nobody_has_moved_yet_can_be_held
    what_fails_while_the_head_is_held_writes_nothing_and_lets_it_go
}

async fn who_holds_the_head_appends_and_who_came_meanwhile_is_too_late(bench: &Bench) {
    let before = fill(&bench.store, &organization(), &[2]).await.pop().unwrap();
    let other = bench.reopen().await;
    let late = batch_after(&organization(), &before.frontier, 1, 9_000);
    let held = bench.store.hold(&organization()).await.unwrap();
    let waits = tokio::spawn({
        let other = other.clone();
        async move { other.append(late).await }
    });
    tokio::time::sleep(HOLD_MAX / 5).await;
    assert!(!waits.is_finished());
    let batch = batch_after(&organization(), &before.frontier, 3, 9_000);
    assert_eq!(held.append(batch.clone().into()).await, Ok(Appended::Done));
    assert_eq!(waits.await.unwrap(), Err(AppendError::Conflict));
    let head = bench.store.head(&organization()).await.unwrap().unwrap();
    assert_eq!((head.position, head.batch, head.frontier), (5, batch.batch, batch.frontier));
    assert_eq!(bench.store.read_raw(&organization(), 1, 99).await.unwrap().len(), 5);
    other.close().await;
}

async fn who_is_late_with_the_batch_appends_if_nobody_was_first(bench: &Bench) {
    let before = fill(&bench.store, &organization(), &[1]).await.pop().unwrap();
    let held = bench.store.hold(&organization()).await.unwrap();
    // As long as a large batch takes to be decided.
    tokio::time::sleep(HOLD_MAX * 2).await;
    let batch = batch_after(&organization(), &before.frontier, 2, 9_000);
    assert_eq!(held.append(batch.clone().into()).await, Ok(Appended::Done));
    assert_eq!(bench.store.head(&organization()).await.unwrap().unwrap().batch, batch.batch);
}

async fn a_head_that_is_let_go_is_moved_by_others(bench: &Bench) {
    fill(&bench.store, &organization(), &[1]).await;
    let other = bench.reopen().await;
    drop(bench.store.hold(&organization()).await.unwrap());
    append_one(&other, &organization()).await;
    // Holding once more, and after the others, works too.
    drop(other.hold(&organization()).await.unwrap());
    append_one(&bench.store, &organization()).await;
    assert_eq!(bench.store.head(&organization()).await.unwrap().unwrap().position, 3);
    other.close().await;
}

async fn a_head_that_nobody_has_moved_yet_can_be_held(bench: &Bench) {
    let held = bench.store.hold(&activity()).await.unwrap();
    let first = batch_after(&activity(), &Frontier::new(), 1, 1_000);
    assert_eq!(held.append(first.into()).await, Ok(Appended::Done));
    assert_eq!(bench.store.head(&activity()).await.unwrap().unwrap().position, 1);
}

async fn what_fails_while_the_head_is_held_writes_nothing_and_lets_it_go(bench: &Bench) {
    let before = fill(&bench.store, &organization(), &[1]).await.pop().unwrap();
    let mut first = batch_after(&organization(), &before.frontier, 1, 2_000);
    first.commands = vec![command("taken")];
    assert_eq!(bench.store.append(first.clone()).await, Ok(Appended::Done));

    let held = bench.store.hold(&organization()).await.unwrap();
    let stale = batch_after(&organization(), &before.frontier, 1, 3_000);
    assert_eq!(held.append(stale.into()).await, Err(AppendError::Conflict));

    let held = bench.store.hold(&organization()).await.unwrap();
    let mut again = batch_after(&organization(), &first.frontier, 1, 3_000);
    again.commands = vec![command("taken")];
    assert!(matches!(held.append(again.into()).await, Err(AppendError::Duplicate { .. })));

    let held = bench.store.hold(&organization()).await.unwrap();
    let mut malformed = batch_after(&organization(), &first.frontier, 1, 3_000);
    malformed.expected = 7;
    assert!(matches!(held.append(malformed.into()).await, Err(AppendError::Refused(_))));

    let ledger = organization();
    let append = append_one(&bench.store, &ledger);
    tokio::time::timeout(Duration::from_secs(5), append).await.unwrap();
    assert_eq!(bench.store.read_raw(&organization(), 1, 99).await.unwrap().len(), 3);
}

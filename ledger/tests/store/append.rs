//! Appending: whole or not at all, gapless, and every way it can fail has its own answer.

use std::collections::HashSet;

use rollbook_ledger::entry::{Frontier, Sealed};
use rollbook_ledger::store::{AppendError, Appended, Credential, CredentialChange};

use sqlx::{Connection, PgConnection};

use crate::bench::{Bench, Place, on_both};
use crate::rows::{append_one, batch_after, command, fill, organization, user};

on_both! {
    what_was_appended_is_read_back_byte_for_byte
    an_append_at_another_position_is_a_conflict_and_writes_nothing
    a_second_start_of_the_same_ledger_is_a_conflict
    writers_that_race_leave_no_gap
    a_repeated_batch_is_told_from_anothers_by_its_id
    a_key_that_was_used_is_a_duplicate_and_nothing_is_written
    a_command_without_events_is_remembered_and_leaves_the_head
    credentials_change_with_their_batch_or_not_at_all
    a_malformed_batch_is_refused_before_it_is_sent
}

async fn what_was_appended_is_read_back_byte_for_byte(bench: &Bench) {
    let batches = fill(&bench.store, &organization(), &[2, 1]).await;
    let rows: Vec<_> =
        batches.iter().flat_map(|batch| batch.rows.iter().map(move |row| (batch, row))).collect();
    let raw = bench.store.read_raw(&organization(), 1, 10).await.unwrap();
    let read = bench.store.read(&organization(), 1, 10, 10).await.unwrap();
    assert_eq!((raw.len(), read.len()), (3, 3));
    for (((batch, row), raw), stored) in rows.into_iter().zip(&raw).zip(&read) {
        assert_eq!(raw.payload, row.sealed.payload());
        assert_eq!(raw.metadata, row.sealed.metadata());
        assert_eq!(raw.columns().canonical(), row.sealed.canonical());
        assert_eq!(raw.leaf, row.sealed.leaf());
        assert_eq!((raw.at_us, &raw.batch), (batch.at_us, &batch.batch.to_string()));
        assert_eq!(raw.subjects.iter().collect::<HashSet<_>>(), row.subjects.iter().collect());
        assert_eq!(Ok(&stored.entry), Sealed::open(&row.sealed.columns()).as_ref());
        assert_eq!(stored.personal, row.personal);
        assert_eq!((&stored.actor, stored.batch, stored.at_us), (&row.actor, batch.batch, batch.at_us));
    }
    let head = bench.store.head(&organization()).await.unwrap().unwrap();
    assert_eq!((head.position, head.batch, &head.frontier), (3, batches[1].batch, &batches[1].frontier));
    assert_eq!((head.at_us, head.format, head.pruned), (2_000, 1, 0));
}

async fn an_append_at_another_position_is_a_conflict_and_writes_nothing(bench: &Bench) {
    let batches = fill(&bench.store, &organization(), &[2, 2]).await;
    for frontier in [&batches[0].frontier, &fill_frontier(9)] {
        let mut stale = batch_after(&organization(), frontier, 1, 9_000);
        stale.commands = vec![command("stale")];
        assert_eq!(bench.store.append(stale).await, Err(AppendError::Conflict));
    }
    assert_eq!(bench.store.head(&organization()).await.unwrap().unwrap().batch, batches[1].batch);
    assert_eq!(bench.store.read_raw(&organization(), 1, 99).await.unwrap().len(), 4);
    assert_eq!(bench.store.command(&organization().id, "user:ann", "stale").await, Ok(None));
}

fn fill_frontier(size: u8) -> Frontier {
    (0..size).fold(Frontier::new(), |mut frontier, n| {
        frontier.push([n; 32]);
        frontier
    })
}

async fn a_second_start_of_the_same_ledger_is_a_conflict(bench: &Bench) {
    fill(&bench.store, &organization(), &[1]).await;
    let again = batch_after(&organization(), &Frontier::new(), 1, 1_000);
    assert_eq!(bench.store.append(again).await, Err(AppendError::Conflict));
}

async fn writers_that_race_leave_no_gap(bench: &Bench) {
    let other = bench.reopen().await;
    let stores = [bench.store.clone(), other.clone(), bench.store.clone(), other.clone()];
    let writers = stores.into_iter().map(|store| {
        tokio::spawn(async move {
            for _ in 0..15 {
                append_one(&store, &organization()).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    other.close().await;
    let rows = bench.store.read_raw(&organization(), 1, 100).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.position).collect::<Vec<_>>(), (1..=60).collect::<Vec<_>>());
    let mut frontier = Frontier::new();
    rows.iter().for_each(|row| frontier.push(row.leaf.clone().try_into().unwrap()));
    assert_eq!(bench.store.head(&organization()).await.unwrap().unwrap().frontier, frontier);
}

async fn a_repeated_batch_is_told_from_anothers_by_its_id(bench: &Bench) {
    let batch = fill(&bench.store, &organization(), &[2, 3]).await.pop().unwrap();
    assert_eq!(bench.store.append(batch.clone()).await, Err(AppendError::Conflict));
    let first = batch.expected + 1;
    assert_eq!(bench.store.batch_at(&organization(), first).await, Ok(Some(batch.batch)));
    assert_ne!(bench.store.batch_at(&organization(), 1).await, Ok(Some(batch.batch)));
    assert_eq!(bench.store.batch_at(&organization(), 6).await, Ok(None));
}

async fn a_key_that_was_used_is_a_duplicate_and_nothing_is_written(bench: &Bench) {
    let mut first = batch_after(&organization(), &Frontier::new(), 1, 1_000);
    first.commands = vec![command("other"), command("k, \"1\"")];
    assert_eq!(bench.store.append(first.clone()).await, Ok(Appended::Done));
    let stored = bench.store.command(&organization().id, "user:ann", "k, \"1\"").await.unwrap();
    assert_eq!(stored, Some(command("k, \"1\"")));
    let mut second = batch_after(&organization(), &first.frontier, 1, 2_000);
    second.commands = vec![command("new"), command("k, \"1\"")];
    let duplicate = AppendError::Duplicate { actor: "user:ann".to_owned(), key: "k, \"1\"".to_owned() };
    assert_eq!(bench.store.append(second.clone()).await, Err(duplicate));
    assert_eq!(bench.store.head(&organization()).await.unwrap().unwrap().position, 1);
    assert_eq!(bench.store.command(&organization().id, "user:ann", "new").await, Ok(None));
    second.commands = vec![command("twice"), command("twice")];
    let twice = AppendError::Duplicate { actor: "user:ann".to_owned(), key: "twice".to_owned() };
    assert_eq!(bench.store.append(second).await, Err(twice));
}

async fn a_command_without_events_is_remembered_and_leaves_the_head(bench: &Bench) {
    let filled = fill(&bench.store, &organization(), &[2]).await.pop().unwrap();
    let mut nothing = batch_after(&organization(), &filled.frontier, 0, 2_000);
    nothing.commands = vec![command("nothing")];
    assert_eq!(bench.store.append(nothing.clone()).await, Ok(Appended::Done));
    let head = bench.store.head(&organization()).await.unwrap().unwrap();
    assert_eq!((head.position, head.batch, head.at_us), (2, filled.batch, 1_000));
    assert!(bench.store.command(&organization().id, "user:ann", "nothing").await.unwrap().is_some());
    let stale = fill_frontier(1);
    let stale = batch_after(&organization(), &stale, 0, 2_000);
    assert_eq!(bench.store.append(stale).await, Err(AppendError::Conflict));
}

async fn credentials_change_with_their_batch_or_not_at_all(bench: &Bench) {
    let credential = |id: &str, hash: &str| Credential {
        id: id.to_owned(),
        user_id: "bob".to_owned(),
        kind: "password".to_owned(),
        secret_hash: hash.to_owned(),
        created_at_us: 5,
        expires_at_us: (id == "b").then_some(6),
        meta: "{}".to_owned(),
    };
    let put = |id: &str, hash: &str| CredentialChange::Put(credential(id, hash));
    let mut first = batch_after(&organization(), &Frontier::new(), 1, 1_000);
    first.credentials =
        vec![put("a", "1"), put("b", "1"), put("c", "1"), CredentialChange::Delete("c".to_owned())];
    assert_eq!(bench.store.append(first.clone()).await, Ok(Appended::Done));
    let of_bob = || bench.store.credentials_of(&first.ledger.id, "bob");
    assert_eq!(of_bob().await, Ok(vec![credential("a", "1"), credential("b", "1")]));
    let mut stale = batch_after(&organization(), &Frontier::new(), 1, 1_000);
    stale.credentials = vec![put("a", "2"), CredentialChange::Delete("b".to_owned())];
    assert_eq!(bench.store.append(stale.clone()).await, Err(AppendError::Conflict));
    assert_eq!(of_bob().await, Ok(vec![credential("a", "1"), credential("b", "1")]));
    let mut next = batch_after(&organization(), &first.frontier, 1, 2_000);
    next.credentials = stale.credentials;
    assert_eq!(bench.store.append(next).await, Ok(Appended::Done));
    assert_eq!(of_bob().await, Ok(vec![credential("a", "2")]));
}

async fn a_malformed_batch_is_refused_before_it_is_sent(bench: &Bench) {
    let good = batch_after(&organization(), &Frontier::new(), 2, 1_000);
    let mut frontier = good.clone();
    frontier.frontier = Frontier::new();
    let mut order = good.clone();
    order.rows.swap(0, 1);
    let mut empty = good.clone();
    empty.rows.clear();
    empty.frontier = Frontier::new();
    for bad in [frontier, order, empty] {
        assert!(matches!(bench.store.append(bad).await, Err(AppendError::Refused(_))));
    }
    let mut twice = good;
    twice.rows[0].subjects = vec![user("bob"), user("bob")];
    assert!(matches!(bench.store.append(twice).await, Err(AppendError::Refused(_))));
    assert_eq!(bench.store.head(&organization()).await, Ok(None));
}

#[tokio::test]
async fn a_server_that_goes_away_during_an_append_leaves_it_in_doubt() {
    crate::bench::on_postgres(lost_answer).await;
}

/// 1. Another session holds the head. 2. The append waits for it. 3. Its connection is killed by the server.
/// 4. The writer appends the same batch again, and it turns out not to have landed.
async fn lost_answer(bench: &Bench) {
    let filled = fill(&bench.store, &organization(), &[1]).await.pop().unwrap();
    let batch = batch_after(&organization(), &filled.frontier, 2, 2_000);
    let Place::Postgres(url) = &bench.place else { return };
    let mut holder = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT FROM heads FOR UPDATE").execute(&mut holder).await.unwrap();
    let waiting = {
        let (store, batch) = (bench.store.clone(), batch.clone());
        tokio::spawn(async move { store.append(batch).await })
    };
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::raw_sql(kill).fetch_all(&mut holder).await.unwrap().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(matches!(waiting.await.unwrap(), Err(AppendError::InDoubt(_))));
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    holder.close().await.unwrap();
    assert_eq!(bench.store.batch_at(&organization(), 2).await, Ok(None));
    assert_eq!(bench.store.append(batch).await, Ok(Appended::Done));
}

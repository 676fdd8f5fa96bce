//! History cannot be changed: every way round the store is stopped by the schema itself.

use rollbook_ledger::entry::{Frontier, LedgerId};
use rollbook_ledger::store::{AppendError, Appended, Batch, Prune, ReadError};

use crate::bench::{Bench, on_both};
use crate::rows::{activity, append_one, batch_after, fill, organization};

on_both! {
    rows_and_heads_are_not_changed_deleted_or_replaced
    a_row_that_does_not_continue_the_head_is_refused
    a_pruned_prefix_of_an_activity_ledger_may_go_and_nothing_else
    a_batch_takes_the_front_of_an_activity_ledger_with_it_or_is_not_there
    a_guard_that_speaks_up_in_an_append_stops_the_writer
    a_forged_row_needs_a_dropped_guard_and_shows_when_it_is_read
}

const ORG: &str = "0190a1b2-0000-7000-8000-000000000001";

/// A forged row, correct but for its hash.
fn insert(bench: &Bench, verb: &str, kind: &str, position: u64) -> String {
    let leaf = if bench.is_postgres() { "decode(repeat('00', 32), 'hex')" } else { "zeroblob(32)" };
    format!(
        "{verb} INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, \
         at, actor, batch, leaf) VALUES ('{kind}', '{ORG}', {position}, 'x', '1', '{{}}', '{{}}', 1, 'x', 'x', {leaf})"
    )
}

async fn refused(bench: &Bench, sql: &str) {
    let message = bench.run(sql).await.expect_err(sql);
    assert!(message.contains("rollbook:"), "{sql}: {message}");
}

async fn rows_and_heads_are_not_changed_deleted_or_replaced(bench: &Bench) {
    fill(&bench.store, &organization(), &[2, 2]).await;
    let before = bench.store.read_raw(&organization(), 1, 9).await.unwrap();
    refused(bench, "UPDATE events SET actor = 'x'").await;
    refused(bench, "UPDATE events SET actor = 'x' WHERE sequence = 4").await;
    refused(bench, "DELETE FROM events").await;
    refused(bench, "DELETE FROM events WHERE sequence = 4").await;
    refused(bench, "DELETE FROM heads").await;
    refused(bench, "UPDATE heads SET position = 3").await;
    refused(bench, "UPDATE heads SET aggregate_id = 'other'").await;
    refused(bench, "UPDATE personal_values SET vals = '[]'").await;
    if bench.is_postgres() {
        refused(bench, "TRUNCATE events").await;
        refused(bench, "TRUNCATE heads").await;
        refused(bench, "SET session_replication_role = replica; DELETE FROM events").await;
        refused(bench, "SET session_replication_role = replica; UPDATE events SET actor = 'x'").await;
    } else {
        refused(bench, &insert(bench, "INSERT OR REPLACE", "organization", 4)).await;
        refused(bench, &insert(bench, "INSERT OR IGNORE", "organization", 4)).await;
        refused(bench, "UPDATE OR REPLACE events SET sequence = 3 WHERE sequence = 4").await;
        refused(bench, "INSERT OR REPLACE INTO heads SELECT aggregate_type, aggregate_id, 1, batch, frontier, at, format, 0 FROM heads").await;
        refused(bench, "INSERT OR REPLACE INTO personal_values SELECT aggregate_id, aggregate_type, sequence, person, '[]', '[]', '[]' FROM personal_values").await;
        assert!(bench.run("SELECT rowid FROM events").await.is_err(), "a rowid would be a way to replace");
    }
    assert_eq!(bench.store.read_raw(&organization(), 1, 9).await.unwrap(), before);
}

async fn a_row_that_does_not_continue_the_head_is_refused(bench: &Bench) {
    fill(&bench.store, &organization(), &[2]).await;
    for position in [1, 2, 3, 4] {
        let message = bench.run(&insert(bench, "INSERT", "organization", position)).await.unwrap_err();
        assert!(message.contains("rollbook:") || message.contains("duplicate key"), "{position}: {message}");
    }
    refused(bench, &insert(bench, "INSERT", "activity", 1)).await;
    let moved = "UPDATE heads SET position = 5;";
    refused(bench, &format!("BEGIN; {moved} {}; COMMIT", insert(bench, "INSERT", "organization", 5))).await;
    refused(bench, &format!("BEGIN; {moved} {}; COMMIT", insert(bench, "INSERT", "organization", 6))).await;
    let second_head =
        "INSERT INTO heads SELECT aggregate_type, aggregate_id, 9, batch, frontier, at, format, 0 FROM heads";
    assert!(bench.run(second_head).await.is_err());
    assert_eq!(bench.store.head(&organization()).await.unwrap().unwrap().position, 2);
    assert_eq!(append_one(&bench.store, &organization()).await, 0);
}

async fn a_pruned_prefix_of_an_activity_ledger_may_go_and_nothing_else(bench: &Bench) {
    fill(&bench.store, &organization(), &[3]).await;
    fill(&bench.store, &activity(), &[3, 2]).await;
    refused(bench, "DELETE FROM events WHERE aggregate_type = 'activity'").await;
    assert!(bench.run("UPDATE heads SET pruned = 2").await.is_err(), "an organization is never pruned");
    let prune = "UPDATE heads SET pruned = 2 WHERE aggregate_type = 'activity'; \
                 DELETE FROM events WHERE aggregate_type = 'activity' AND sequence <= 2";
    bench.run(&format!("BEGIN; {prune}; COMMIT")).await.unwrap();
    refused(bench, "DELETE FROM events WHERE aggregate_type = 'activity' AND sequence <= 3").await;
    refused(bench, "UPDATE heads SET pruned = 1 WHERE aggregate_type = 'activity'").await;
    let gap = ReadError::Gap { ledger: activity(), position: 1 };
    assert_eq!(bench.store.read(&activity(), 1, 5, 9).await, Err(gap));
    assert_eq!(bench.store.read(&activity(), 3, 5, 9).await.unwrap().len(), 3);
    assert_eq!(bench.store.position_at(&activity(), 1_500).await, Ok(3));
    let all = "UPDATE heads SET pruned = 5 WHERE aggregate_type = 'activity'; \
               DELETE FROM events WHERE aggregate_type = 'activity'";
    bench.run(&format!("BEGIN; {all}; COMMIT")).await.unwrap();
    assert_eq!(append_one(&bench.store, &activity()).await, 0);
    assert_eq!(bench.store.read(&activity(), 6, 6, 9).await.unwrap().len(), 1);
}

async fn a_batch_takes_the_front_of_an_activity_ledger_with_it_or_is_not_there(bench: &Bench) {
    let frontier = fill(&bench.store, &activity(), &[3, 2]).await.pop().unwrap().frontier;
    let changes = fill(&bench.store, &organization(), &[3]).await.pop().unwrap().frontier;
    let pruning = |ledger: &LedgerId, frontier: &Frontier, from, to| {
        let batch = batch_after(ledger, frontier, 1, 9_000);
        Batch { prune: Some(Prune { from, to }), ..batch }
    };
    let refused = |answer| matches!(answer, Err(AppendError::Refused(_)));
    assert!(refused(bench.store.append(pruning(&organization(), &changes, 0, 2)).await));
    assert!(refused(bench.store.append(pruning(&activity(), &frontier, 0, 6)).await));
    assert!(refused(bench.store.append(pruning(&activity(), &frontier, 2, 2)).await));
    // Another was first: nothing of it is there.
    let late = bench.store.append(pruning(&activity(), &frontier, 1, 2)).await;
    assert_eq!(late, Err(AppendError::Conflict));
    let head = bench.store.head(&activity()).await.unwrap().unwrap();
    assert_eq!((head.position, head.pruned), (5, 0));
    let batch = pruning(&activity(), &frontier, 0, 4);
    let after = batch.frontier.clone();
    assert_eq!(bench.store.append(batch).await, Ok(Appended::Done));
    let head = bench.store.head(&activity()).await.unwrap().unwrap();
    assert_eq!((head.position, head.pruned, head.frontier == after), (6, 4, true));
    assert_eq!(bench.store.read(&activity(), 5, 6, 9).await.unwrap().len(), 2);
    assert_eq!(bench.store.read(&organization(), 1, 3, 9).await.unwrap().len(), 3);
    assert_eq!(bench.store.stray_values(&activity(), 0, 99).await, Ok(Vec::new()));
    assert_eq!(bench.store.stray_subjects(&activity(), 0, 99).await, Ok(Vec::new()));
}

async fn a_guard_that_speaks_up_in_an_append_stops_the_writer(bench: &Bench) {
    let sql = if bench.is_postgres() {
        "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'rollbook: stop'; END $$; \
         CREATE TRIGGER stop BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION stop()"
    } else {
        "CREATE TRIGGER stop BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'rollbook: stop'); END"
    };
    bench.run(sql).await.unwrap();
    let batch = batch_after(&organization(), &Frontier::new(), 1, 1_000);
    assert_eq!(bench.store.append(batch.clone()).await, Err(AppendError::Guard("rollbook: stop".to_owned())));
    bench.drop_guard("events", "stop").await;
    assert_eq!(bench.store.append(batch).await, Ok(Appended::Done));
}

async fn a_forged_row_needs_a_dropped_guard_and_shows_when_it_is_read(bench: &Bench) {
    fill(&bench.store, &organization(), &[3]).await;
    bench.drop_guard("events", "events_no_update").await;
    bench.run("UPDATE events SET event_type = 'user.other' WHERE sequence = 2").await.unwrap();
    let corrupt = bench.store.read(&organization(), 1, 3, 9).await.unwrap_err();
    assert_eq!(
        corrupt.to_string(),
        format!("ledger organization/{ORG} is corrupt at position 2: the row does not hash to its leaf")
    );
    assert_eq!(bench.store.read(&organization(), 3, 3, 1).await.unwrap().len(), 1);
}

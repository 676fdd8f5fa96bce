//! Reading: complete, in order, or an error that names the position.

use rollbook_ledger::entry::LedgerKind;
use rollbook_ledger::store::{PersonalRow, ReadError};

use crate::bench::{Bench, Place, on_both};
use crate::rows::{activity, fill, organization, user};

on_both! {
    a_stream_gives_every_row_once_in_order
    a_stream_that_misses_a_row_says_which
    a_read_of_part_of_a_ledger_is_what_was_asked_for
    an_entitys_history_is_newest_first
    a_moment_selects_whole_batches
    followers_see_every_head_of_a_kind
    erased_values_are_gone_and_their_rows_stay
}

async fn positions(bench: &Bench, from: u64, to: u64) -> Result<Vec<u64>, ReadError> {
    let mut seen = Vec::new();
    let pages = bench.store.stream(&organization(), from, to);
    let each = |rows: Vec<_>| {
        seen.extend(rows.iter().map(|row: &rollbook_ledger::store::Stored| row.entry.position));
        Ok::<(), ReadError>(())
    };
    pages.for_each(each).await?;
    Ok(seen)
}

async fn a_stream_gives_every_row_once_in_order(bench: &Bench) {
    fill(&bench.store, &organization(), &[4_000, 4_000, 3_000]).await;
    assert_eq!(positions(bench, 1, 11_000).await.unwrap(), (1..=11_000).collect::<Vec<_>>());
    assert_eq!(positions(bench, 4_999, 5_002).await.unwrap(), [4_999, 5_000, 5_001, 5_002]);
    assert_eq!(positions(bench, 7, 6).await.unwrap(), [0_u64; 0]);
    let mut pages = bench.store.stream(&organization(), 10_999, 11_000);
    let rows = pages.next().await.unwrap().unwrap();
    assert_eq!(rows[1].personal.len(), 2);
    assert_eq!(rows[1].personal[1].values[1].text, "Bob 11000");
    assert_eq!(pages.next().await, Ok(None));
}

async fn a_stream_that_misses_a_row_says_which(bench: &Bench) {
    fill(&bench.store, &organization(), &[9]).await;
    let gap = |position| ReadError::Gap { ledger: organization(), position };
    assert_eq!(positions(bench, 1, 10).await, Err(gap(10)));
    assert_eq!(positions(bench, 20, 21).await, Err(gap(20)));
    bench.drop_guard("events", "events_delete").await;
    bench.run("DELETE FROM events WHERE sequence = 5").await.unwrap();
    assert_eq!(positions(bench, 1, 9).await, Err(gap(5)));
    assert_eq!(positions(bench, 5, 9).await, Err(gap(5)));
    assert_eq!(positions(bench, 6, 9).await.unwrap(), [6, 7, 8, 9]);
    assert_eq!(bench.store.position_at(&organization(), 1_000).await, Err(gap(5)));
}

async fn a_read_of_part_of_a_ledger_is_what_was_asked_for(bench: &Bench) {
    fill(&bench.store, &organization(), &[6]).await;
    fill(&bench.store, &activity(), &[2]).await;
    let read = async |from, to, limit| -> Vec<u64> {
        let rows = bench.store.read(&organization(), from, to, limit).await.unwrap();
        rows.iter().map(|row| row.entry.position).collect()
    };
    assert_eq!(read(2, 4, 9).await, [2, 3, 4]);
    assert_eq!(read(2, u64::MAX, 2).await, [2, 3]);
    assert_eq!(read(7, 9, 9).await, [0_u64; 0]);
    let rows = bench.store.read_positions(&organization(), &[5, 2, 5]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.entry.position).collect::<Vec<_>>(), [2, 5]);
    assert_eq!(rows[1].personal.len(), 2);
    let gap = ReadError::Gap { ledger: organization(), position: 7 };
    assert_eq!(bench.store.read_positions(&organization(), &[1, 7]).await, Err(gap));
}

async fn an_entitys_history_is_newest_first(bench: &Bench) {
    fill(&bench.store, &organization(), &[3, 3]).await;
    let of = async |id: &str, before, limit| {
        bench.store.positions_of(&organization(), &user(id), before, limit).await.unwrap()
    };
    assert_eq!(of("bob", None, 4).await, [6, 5, 4, 3]);
    assert_eq!(of("bob", Some(3), 9).await, [2, 1]);
    assert_eq!(of("nobody", None, 9).await, [0_u64; 0]);
}

async fn a_moment_selects_whole_batches(bench: &Bench) {
    fill(&bench.store, &organization(), &[3, 4, 1, 5]).await;
    for (at_us, position) in
        [(999, 0), (1_000, 3), (1_999, 3), (2_000, 7), (3_000, 8), (4_000, 13), (9_999, 13)]
    {
        assert_eq!(bench.store.position_at(&organization(), at_us).await, Ok(position), "at {at_us}");
    }
    assert_eq!(bench.store.position_at(&activity(), 1_000).await, Ok(0));
}

async fn followers_see_every_head_of_a_kind(bench: &Bench) {
    fill(&bench.store, &organization(), &[2, 1]).await;
    fill(&bench.store, &activity(), &[4]).await;
    let marks = async |kind, since| {
        let marks = bench.store.heads(kind, since).await.unwrap();
        marks.into_iter().map(|mark| (mark.ledger, mark.position, mark.at_us)).collect::<Vec<_>>()
    };
    assert_eq!(marks(LedgerKind::Organization, None).await, [(organization(), 3, 2_000)]);
    assert_eq!(marks(LedgerKind::Activity, Some(1_000)).await, [(activity(), 4, 1_000)]);
    assert_eq!(marks(LedgerKind::Activity, Some(1_001)).await, []);
    assert_eq!(marks(LedgerKind::System, None).await, []);
}

async fn erased_values_are_gone_and_their_rows_stay(bench: &Bench) {
    fill(&bench.store, &organization(), &[2, 1]).await;
    let persons = async |position: u64| -> Vec<String> {
        let row = bench.store.read(&organization(), position, position, 1).await.unwrap().pop().unwrap();
        row.personal.into_iter().map(|row: PersonalRow| row.person).collect()
    };
    assert_eq!(bench.store.personal_of(&organization(), "bob").await.unwrap().len(), 3);
    assert_eq!(holds(bench, "Bob 3"), !bench.is_postgres());
    assert_eq!(bench.store.delete_personal_at(&organization(), "ann", 2).await, Ok(1));
    assert_eq!(
        (persons(1).await, persons(2).await),
        (vec!["ann".to_owned(), "bob".to_owned()], vec!["bob".to_owned()])
    );
    assert_eq!(bench.store.delete_personal(&organization(), "bob").await, Ok(3));
    assert_eq!(bench.store.delete_personal(&organization(), "bob").await, Ok(0));
    assert_eq!((persons(1).await, persons(2).await), (vec!["ann".to_owned()], vec![]));
    assert!(!holds(bench, "Bob 3"), "the file or its log still holds an erased value");
}

/// Whether the bytes of a SQLite file or its log hold `text`.
fn holds(bench: &Bench, text: &str) -> bool {
    let Place::Sqlite(path) = &bench.place else { return false };
    ["rollbook.db", "rollbook.db-wal"].iter().any(|name| {
        let bytes = std::fs::read(path.with_file_name(name)).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

//! Batches to append: small, with every kind of thing that is written beside a row.

use std::sync::atomic::{AtomicU64, Ordering};

use rollbook_ledger::entry::{Entry, Frontier, LedgerId, LedgerKind, Sealed};
use rollbook_ledger::store::{
    AppendError, Appended, Batch, Command, PersonalRow, PersonalValue, Row, Store, Subject,
};
use serde_json::json;
use uuid::Uuid;

pub(crate) fn organization() -> LedgerId {
    LedgerId::new(LedgerKind::Organization, "0190a1b2-0000-7000-8000-000000000001")
}

pub(crate) fn activity() -> LedgerId {
    LedgerId::new(LedgerKind::Activity, "0190a1b2-0000-7000-8000-000000000001")
}

pub(crate) fn user(id: &str) -> Subject {
    Subject { kind: "user".to_owned(), id: id.to_owned() }
}

fn row(ledger: &LedgerId, position: u64, at_us: i64) -> Row {
    let metadata =
        [("actor", "user:ann".to_owned()), ("at", at_us.to_string()), ("note", "Zoë \"€\" \\ 𝄞".to_owned())];
    let entry = Entry {
        ledger: ledger.clone(),
        position,
        event_type: "user.renamed".to_owned(),
        version: "1".to_owned(),
        payload: json!({"user": "bob", "name": {"from": "commit:x", "to": "commit:y"}, "n": position}),
        metadata: metadata.map(|(key, value)| (key.to_owned(), value)).into(),
    };
    let value = |ordinal, text: String| PersonalValue { ordinal, salt: [7; 16], text };
    Row {
        sealed: Sealed::seal(entry).unwrap(),
        actor: "user:ann".to_owned(),
        subjects: vec![user("bob"), Subject { kind: "queue".to_owned(), id: format!("q{position}") }],
        personal: vec![
            PersonalRow { person: "ann".to_owned(), values: vec![value(2, "10.0.0.1".to_owned())] },
            PersonalRow {
                person: "bob".to_owned(),
                values: vec![value(0, "Bob \"B\"".to_owned()), value(1, format!("Bob {position}"))],
            },
        ],
    }
}

/// `rows` rows after the given frontier.
pub(crate) fn batch_after(ledger: &LedgerId, frontier: &Frontier, rows: u64, at_us: i64) -> Batch {
    static IDS: AtomicU64 = AtomicU64::new(1);
    let expected = frontier.size();
    let rows: Vec<Row> =
        (expected + 1..=expected + rows).map(|position| row(ledger, position, at_us)).collect();
    let mut frontier = frontier.clone();
    rows.iter().for_each(|row| frontier.push(*row.sealed.leaf()));
    let batch = Uuid::from_u128(u128::from(IDS.fetch_add(1, Ordering::Relaxed)));
    let (commands, credentials) = (Vec::new(), Vec::new());
    Batch {
        ledger: ledger.clone(),
        expected,
        batch,
        rows,
        frontier,
        at_us,
        commands,
        credentials,
        prune: None,
    }
}

pub(crate) fn command(key: &str) -> Command {
    Command {
        actor: "user:ann".to_owned(),
        key: key.to_owned(),
        digest: [9; 32],
        status: 201,
        headers: [("ETag".to_owned(), "\"17\"".to_owned())].into(),
        first_position: 1,
        last_position: 2,
        created_at_us: 1_000,
    }
}

/// Appends batches of the given numbers of rows to a new ledger, at times 1,000, 2,000 …
pub(crate) async fn fill(store: &Store, ledger: &LedgerId, batches: &[u64]) -> Vec<Batch> {
    let (mut frontier, mut done) = (Frontier::new(), Vec::new());
    for (at, rows) in (1_i64..).zip(batches) {
        let batch = batch_after(ledger, &frontier, *rows, at * 1_000);
        assert_eq!(store.append(batch.clone()).await, Ok(Appended::Done));
        frontier = batch.frontier.clone();
        done.push(batch);
    }
    done
}

/// Appends one row after whatever is there, until it succeeds. Answers how often it was not the first.
pub(crate) async fn append_one(store: &Store, ledger: &LedgerId) -> u32 {
    for conflicts in 0..1_000 {
        let frontier = store.head(ledger).await.unwrap().map_or_else(Frontier::new, |head| head.frontier);
        match store.append(batch_after(ledger, &frontier, 1, 1_000)).await {
            Ok(Appended::Done) => return conflicts,
            Err(AppendError::Conflict) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    }
    panic!("starved");
}

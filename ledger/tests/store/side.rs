//! The ordinary rows beside the ledgers: credentials, sessions, counters, snapshots, checkpoints.

use rollbook_ledger::entry::Frontier;
use rollbook_ledger::store::{
    Attempts, Credential, CredentialChange, IMPORTS_KEPT, Import, Mail, Session, Snapshot, Waiting,
};

use crate::bench::{Bench, on_both};
use crate::rows::{activity, batch_after, command, organization};

on_both! {
    credentials_are_put_replaced_and_deleted
    a_session_is_found_by_its_token_until_it_is_over
    failures_at_the_same_time_all_count
    a_mail_is_claimed_by_one_and_a_newer_one_takes_its_place
    a_mail_comes_with_its_batch_or_not_at_all
    a_snapshot_is_stored_only_if_it_is_newer
    a_checkpoint_moves_only_from_where_it_is
    commands_are_forgotten_by_age
    an_import_is_listed_newest_first_and_tells_how_far_it_has_come
    the_databases_clock_is_in_microseconds
}

const ORG: &str = "0190a1b2-0000-7000-8000-000000000001";

/// An import that began at that time and is running.
pub(crate) fn import(id: &str, created_at_us: i64) -> Import {
    Import {
        id: id.to_owned(),
        actor: "user:ann".to_owned(),
        product: "ucontact".to_owned(),
        dry_run: false,
        state: "running".to_owned(),
        created_at_us,
        beat_at_us: created_at_us,
        ended_at_us: None,
        report: "{}".to_owned(),
    }
}

async fn an_import_is_listed_newest_first_and_tells_how_far_it_has_come(bench: &Bench) {
    let store = &bench.store;
    let mut first = import("a", 5);
    for one in [&first, &import("b", 5), &import("c", 4)] {
        store.put_import(ORG, one).await.unwrap();
    }
    store.put_import("other", &import("z", 9)).await.unwrap();
    let ids = async |before: Option<(i64, &str)>, limit| {
        let found = store.imports(ORG, before, limit).await.unwrap();
        found.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, 9).await, ["b", "a", "c"]);
    assert_eq!(ids(None, 2).await, ["b", "a"]);
    assert_eq!(ids(Some((5, "a")), 9).await, ["c"]);
    assert_eq!(ids(Some((5, "b")), 1).await, ["a"]);
    store.beat_import(ORG, "a", 77).await.unwrap();
    first.beat_at_us = 77;
    assert_eq!(store.import(ORG, "a").await, Ok(Some(first.clone())));
    first = Import { state: "done".to_owned(), ended_at_us: Some(80), report: "[1]".to_owned(), ..first };
    store.put_import(ORG, &first).await.unwrap();
    assert_eq!(store.import(ORG, "a").await, Ok(Some(first)));
    assert_eq!(store.import("other", "a").await, Ok(None));
    for nth in 0..IMPORTS_KEPT {
        store.put_import(ORG, &import(&format!("n{nth}"), 100)).await.unwrap();
    }
    assert_eq!(store.forget_imports(ORG).await, Ok(3), "the oldest");
    assert_eq!(store.import("other", "z").await.unwrap().map(|one| one.id), Some("z".to_owned()));
}

async fn credentials_are_put_replaced_and_deleted(bench: &Bench) {
    let mut one = Credential {
        id: "c1".to_owned(),
        user_id: "bob".to_owned(),
        kind: "api_key".to_owned(),
        secret_hash: "hash".to_owned(),
        created_at_us: 1,
        expires_at_us: None,
        meta: "{\"label\":\"x\"}".to_owned(),
    };
    bench.store.put_credential(ORG, &one).await.unwrap();
    assert_eq!(bench.store.credential(ORG, "c1").await, Ok(Some(one.clone())));
    assert_eq!(bench.store.credential("other", "c1").await, Ok(None));
    one.expires_at_us = Some(9);
    bench.store.put_credential(ORG, &one).await.unwrap();
    assert_eq!(bench.store.credentials_of(ORG, "bob").await, Ok(vec![one.clone()]));
    assert!(!format!("{one:?}").contains("hash\""));
    let step =
        |seen: &'static str, new: &'static str| bench.store.replace_credential_meta(ORG, "c1", seen, new);
    assert_eq!(step("{\"label\":\"x\"}", "{\"step\":1}").await, Ok(true));
    assert_eq!(step("{\"label\":\"x\"}", "{\"step\":2}").await, Ok(false), "somebody was first");
    one.meta = "{\"step\":1}".to_owned();
    assert_eq!(bench.store.credential(ORG, "c1").await, Ok(Some(one.clone())));
    assert_eq!(bench.store.delete_credential(ORG, "c1").await, Ok(true));
    assert_eq!(bench.store.delete_credential(ORG, "c1").await, Ok(false));
}

async fn a_session_is_found_by_its_token_until_it_is_over(bench: &Bench) {
    let session = |id: &str, token: u8, expires_at_us| Session {
        id: id.to_owned(),
        token_hash: [token; 32],
        aggregate_id: ORG.to_owned(),
        user_id: "bob".to_owned(),
        created_at_us: i64::from(token),
        expires_at_us,
    };
    let all = [session("a", 1, 100), session("b", 2, 200), session("c", 3, 300)];
    for one in &all {
        bench.store.put_session(one).await.unwrap();
    }
    assert!(bench.store.put_session(&session("d", 1, 1)).await.is_err(), "a token is used once");
    assert_eq!(bench.store.session(&[2; 32], 199).await, Ok(Some(all[1].clone())));
    assert_eq!(bench.store.session(&[2; 32], 200).await, Ok(None));
    assert_eq!(bench.store.sessions_of(ORG, "bob").await, Ok(all.to_vec()));
    assert_eq!(bench.store.purge_sessions(100).await, Ok(1));
    assert_eq!(bench.store.delete_session(ORG, "bob", "b").await, Ok(true));
    assert_eq!(bench.store.delete_session(ORG, "ann", "c").await, Ok(false));
    assert_eq!(bench.store.delete_sessions_of(ORG, "bob").await, Ok(1));
}

fn mail(id: &str, due_at_us: i64) -> Mail {
    Mail {
        id: id.to_owned(),
        user_id: "bob".to_owned(),
        kind: "forgotten_password".to_owned(),
        secret: "rbl_planted".to_owned(),
        created_at_us: 1,
        expires_at_us: 1_000,
        tries: 0,
        due_at_us,
    }
}

async fn a_mail_is_claimed_by_one_and_a_newer_one_takes_its_place(bench: &Bench) {
    let store = &bench.store;
    for (id, due) in [("b", 20), ("a", 10), ("c", 30)] {
        store.put_mail(ORG, &mail(id, due)).await.unwrap();
    }
    assert_eq!(store.mails_waiting().await, Ok(3));
    let due = store.mails(20, 9).await.unwrap();
    let one = |mail| Waiting { aggregate_id: ORG.to_owned(), mail };
    assert_eq!(due, [one(mail("a", 10)), one(mail("b", 20))]);
    assert!(!format!("{due:?}").contains("planted"));
    let claims = (0..4).map(|_| store.claim_mail(&due[0], 50));
    let claimed = futures::future::join_all(claims).await.into_iter().filter_map(|one| one.unwrap());
    let claimed: Vec<_> = claimed.collect();
    assert_eq!(claimed, [one(Mail { tries: 1, ..mail("a", 50) })]);
    assert_eq!(store.mails(20, 9).await.unwrap(), [due[1].clone()], "a claimed one is left alone");
    store.postpone_mail(&claimed[0], 60).await.unwrap();
    assert_eq!(store.mails(60, 1).await.unwrap(), [due[1].clone()]);
    assert_eq!(store.claim_mail(&claimed[0], 70).await, Ok(None), "it is due at another time now");
    let again = store.mails(60, 9).await.unwrap().pop().unwrap();
    store.put_mail(ORG, &mail("a", 15)).await.unwrap();
    store.delete_mail(&again).await.unwrap();
    assert_eq!(store.mails(15, 9).await.unwrap(), [one(mail("a", 15))], "the newer one stays");
    store.delete_mails_of(ORG, "bob").await.unwrap();
    assert_eq!(store.mails_waiting().await, Ok(0));
}

async fn a_mail_comes_with_its_batch_or_not_at_all(bench: &Bench) {
    let mut batch = batch_after(&organization(), &Frontier::new(), 1, 1_000);
    batch.credentials = vec![CredentialChange::Mail(mail("a", 1)), CredentialChange::Mail(mail("a", 2))];
    bench.store.append(batch.clone()).await.unwrap();
    assert_eq!(bench.store.mails(9, 9).await.unwrap().pop().map(|one| one.mail), Some(mail("a", 2)));
    batch.credentials = vec![CredentialChange::Mail(mail("b", 1))];
    assert!(bench.store.append(batch).await.is_err(), "the head has moved");
    assert_eq!(bench.store.mails_waiting().await, Ok(1));
}

async fn failures_at_the_same_time_all_count(bench: &Bench) {
    let counts = (0..8).map(|_| bench.store.count_failure(ORG, "bob", 1_000, 500));
    assert!(futures::future::join_all(counts).await.into_iter().all(|counted| counted.is_ok()));
    let counter =
        |failures, window_start_us, locked_until_us| Attempts { failures, window_start_us, locked_until_us };
    assert_eq!(bench.store.attempts(ORG, "bob").await, Ok(Some(counter(8, 1_000, None))));
    assert_eq!(bench.store.count_failure(ORG, "bob", 1_499, 500).await, Ok(counter(9, 1_000, None)));
    assert_eq!(bench.store.count_failure(ORG, "bob", 1_500, 500).await, Ok(counter(1, 1_500, None)));
    bench.store.put_attempts(ORG, "bob", counter(5, 1_500, Some(9_000))).await.unwrap();
    assert_eq!(bench.store.attempts(ORG, "bob").await, Ok(Some(counter(5, 1_500, Some(9_000)))));
    bench.store.delete_attempts(ORG, "bob").await.unwrap();
    assert_eq!(bench.store.attempts(ORG, "bob").await, Ok(None));
    for (subject, start, locked) in
        [("old", 1_000, None), ("locked", 1_000, Some(9_000)), ("new", 5_000, None)]
    {
        bench.store.put_attempts(ORG, subject, counter(1, start, locked)).await.unwrap();
    }
    assert_eq!(bench.store.purge_attempts(5_000).await, Ok(1));
    assert_eq!(bench.store.attempts(ORG, "old").await, Ok(None));
    assert_eq!(bench.store.purge_attempts(9_001).await, Ok(2));
}

async fn a_snapshot_is_stored_only_if_it_is_newer(bench: &Bench) {
    let snapshot = |position, fingerprint: &str| Snapshot {
        position,
        fingerprint: fingerprint.to_owned(),
        digest: [3; 32],
        state: vec![0, 159, 146, 150],
    };
    let put = async |one: Snapshot| bench.store.put_snapshot(&organization(), &one).await.unwrap();
    assert!(put(snapshot(10, "f1")).await);
    assert!(!put(snapshot(10, "f1")).await);
    assert!(!put(snapshot(9, "f1")).await);
    assert!(put(snapshot(20, "f1")).await);
    assert!(put(snapshot(10, "f2")).await, "another shape starts anew");
    let at = async |fingerprint, position| {
        bench.store.snapshot_at(&organization(), fingerprint, position).await.unwrap()
    };
    assert_eq!(at("f1", u64::MAX).await, Some(snapshot(20, "f1")));
    assert_eq!(at("f1", 19).await, Some(snapshot(10, "f1")));
    assert_eq!(at("f1", 9).await, None);
    assert_eq!(bench.store.snapshot_at(&activity(), "f1", 99).await, Ok(None));
    assert_eq!(bench.store.snapshots_of(&organization(), "f1").await, Ok(vec![(20, 4), (10, 4)]));
    assert!(put(snapshot(30, "f1")).await);
    assert_eq!(bench.store.delete_snapshot(&organization(), "f1", 30).await, Ok(1));
    assert_eq!(bench.store.delete_snapshot(&organization(), "f1", 30).await, Ok(0));
    assert_eq!(bench.store.delete_other_snapshots(&organization(), "f2").await, Ok(2));
    assert_eq!(bench.store.delete_snapshots(&organization()).await, Ok(1));
}

async fn a_checkpoint_moves_only_from_where_it_is(bench: &Bench) {
    let moved =
        async |from, to| bench.store.move_checkpoint("log", 1, &organization(), from, to).await.unwrap();
    let at = async |version| bench.store.checkpoint("log", version, &organization()).await.unwrap();
    assert_eq!(at(1).await, 0);
    assert!(!moved(3, 4).await);
    assert!(moved(0, 5).await);
    assert!(!moved(0, 6).await);
    assert!(moved(5, 9).await);
    assert_eq!((at(1).await, at(2).await), (9, 0));
}

async fn commands_are_forgotten_by_age(bench: &Bench) {
    let mut batch = batch_after(&organization(), &rollbook_ledger::entry::Frontier::new(), 1, 1_000);
    let mut young = command("young");
    young.created_at_us = 2_000;
    batch.commands = vec![command("old"), young.clone()];
    bench.store.append(batch).await.unwrap();
    assert_eq!(bench.store.purge_commands(2_000).await, Ok(1));
    assert_eq!(bench.store.command(ORG, "user:ann", "old").await, Ok(None));
    assert_eq!(bench.store.command(ORG, "user:ann", "young").await, Ok(Some(young)));
}

#[expect(clippy::disallowed_methods, reason = "the test compares with this machine's clock")]
async fn the_databases_clock_is_in_microseconds(bench: &Bench) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
    let off = bench.store.now_us().await.unwrap() - i64::try_from(now).unwrap();
    assert!(off.abs() < 10_000_000, "off by {off} us");
}

//! Idempotency keys: a request that comes again is answered, and carried out once.
use crate::ledger_world::{
    World, create_user, history, keyed, on_both_engines, role, submission, user_called, write,
};
use crate::ledger_writer::founding;
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{CredentialId, UserId};
use rollbook_domain::organization::command::{Command, OrganizationCommand};
use rollbook_domain::organization::rejection::Rejection;
use rollbook_domain::user::command::{UserCommand, UserEdit};
use rollbook_domain::user::password::NewPassword;
use rollbook_domain::user::rejection::UserRejection;
use rollbook_ledger::deployment::Open;
use rollbook_ledger::store::{Credential, CredentialChange};
use rollbook_ledger::writer::{Answer, WriteError};
use std::collections::BTreeMap;
use uuid::Uuid;

on_both_engines! {
    the_same_key_and_request_gets_the_same_positions_and_another_request_is_refused
    requests_at_once_with_one_key_are_carried_out_once
    a_key_of_a_change_that_changed_nothing_is_kept_too
    what_an_answer_is_made_of_is_kept_for_its_actor_alone
    a_rejection_is_not_remembered
    a_command_that_cannot_be_stored_fails_alone
    credentials_are_stored_with_the_accepted_and_not_with_the_refused
}

fn positions(answer: &Answer) -> (bool, u64, u64) {
    match answer {
        Answer::Written(written) => (true, written.first_position, written.position),
        Answer::Replayed(replayed) => (false, replayed.0.first_position, replayed.0.last_position),
    }
}

async fn the_same_key_and_request_gets_the_same_positions_and_another_request_is_refused(world: World) {
    let deployment = world.deployment().await;
    let ((open, _), owner) = founding(&deployment).await;
    let agent = role(&open.writer.published().organization, true);
    let ask = |open: &Open, digest| {
        let writer = open.writer.clone();
        async move { writer.submit(keyed(owner, create_user("zoe", agent), "key-1", digest)).await }
    };
    let first = ask(&open, 1).await.unwrap();
    let (written, from, to) = positions(&first);
    assert!(written && from == to && from > 0);
    write(&open, owner, create_user("yan", agent)).await.unwrap();
    let again = ask(&open, 1).await.unwrap();
    assert_eq!(positions(&again), (false, from, to));
    let Answer::Replayed(replayed) = again else { panic!("it is a replay") };
    assert_eq!((replayed.0.status, replayed.0.digest), (201, [1; 32]));
    assert!(matches!(ask(&open, 2).await, Err(WriteError::KeyReused)));
    // Another process knows it too.
    let elsewhere = world.deployment().await.open(open.writer.id()).await.unwrap();
    assert_eq!(positions(&ask(&elsewhere, 1).await.unwrap()), (false, from, to));
    assert_eq!(open.writer.published().organization.users.len(), 3);
}

async fn requests_at_once_with_one_key_are_carried_out_once(world: World) {
    let (one, other) = (world.deployment().await, world.deployment().await);
    let ((open, _), owner) = founding(&one).await;
    let beside = other.open(open.writer.id()).await.unwrap();
    let agent = role(&open.writer.published().organization, true);
    let rename = |n| Command::Organization(OrganizationCommand::Rename { name: format!("North {n}") });
    for n in 0..10 {
        // One that would be refused the second time, and one that would be carried out again.
        for (key, command) in [("create", create_user(&format!("user{n}"), agent)), ("rename", rename(n))] {
            let tasks: Vec<_> = (0..6)
                .map(|task| {
                    let writer = if task % 2 == 0 { &open.writer } else { &beside.writer }.clone();
                    let submission = keyed(owner, command.clone(), &format!("{key}-{n}"), 1);
                    tokio::spawn(async move { writer.submit(submission).await })
                })
                .collect();
            let mut answers = Vec::new();
            for task in tasks {
                answers.push(positions(&task.await.unwrap().unwrap()));
            }
            let (_, from, to) = answers[0];
            assert!(answers.iter().all(|(_, first, last)| (*first, *last) == (from, to)), "{answers:?}");
            assert_eq!(answers.iter().filter(|(written, ..)| *written).count(), 1, "{answers:?}");
        }
    }
    let rows = history(one.store(), open.writer.id()).await;
    let renames = rows.iter().filter(|row| row.event.name() == "organization.renamed").count();
    assert_eq!(renames, 10);
}

async fn a_key_of_a_change_that_changed_nothing_is_kept_too(world: World) {
    let deployment = world.deployment().await;
    let ((open, (_, founded)), owner) = founding(&deployment).await;
    let rename = || Command::Organization(OrganizationCommand::Rename { name: "North".to_owned() });
    let first = open.writer.submit(keyed(owner, rename(), "same", 1)).await.unwrap();
    assert_eq!(positions(&first), (true, 0, founded.position));
    let again = open.writer.submit(keyed(owner, rename(), "same", 1)).await.unwrap();
    assert_eq!(positions(&again), (false, 0, founded.position));
    let other = open.writer.submit(keyed(owner, rename(), "same", 2)).await;
    assert!(matches!(other, Err(WriteError::KeyReused)));
}

async fn what_an_answer_is_made_of_is_kept_for_its_actor_alone(world: World) {
    let deployment = world.deployment().await;
    let ((open, _), owner) = founding(&deployment).await;
    let agent = role(&open.writer.published().organization, true);
    let mut submission = keyed(owner, create_user("zoe", agent), "key", 1);
    let headers = BTreeMap::from([("shown".to_owned(), "\"Zoë\" & 'others'".to_owned())]);
    submission.idempotency.as_mut().unwrap().headers.clone_from(&headers);
    let (_, first, last) = positions(&open.writer.submit(submission).await.unwrap());
    let elsewhere = world.deployment().await.open(open.writer.id()).await.unwrap();
    for writer in [&open.writer, &elsewhere.writer] {
        let kept = writer.remembered(&owner.to_string(), "key", &[1; 32]).await.unwrap().unwrap();
        assert_eq!((kept.headers, kept.first_position, kept.last_position), (headers.clone(), first, last));
        let other = writer.remembered(&owner.to_string(), "key", &[2; 32]).await;
        assert!(matches!(other, Err(WriteError::KeyReused)));
        assert_eq!(writer.remembered("user:another", "key", &[1; 32]).await.unwrap(), None);
        assert_eq!(writer.remembered(&owner.to_string(), "KEY", &[1; 32]).await.unwrap(), None);
    }
}

async fn a_rejection_is_not_remembered(world: World) {
    let deployment = world.deployment().await;
    let ((open, _), owner) = founding(&deployment).await;
    let agent = role(&open.writer.published().organization, true);
    let zoe = write(&open, owner, create_user("zoe", agent)).await.unwrap();
    let ask = || open.writer.submit(keyed(owner, create_user("zoe", agent), "key", 1));
    let taken = WriteError::Rejected(Rejection::User(UserRejection::LoginTaken));
    assert_eq!(ask().await.unwrap_err().to_string(), taken.to_string());
    let zoe = user_called(&zoe.organization, "zoe");
    let edit = UserEdit { login: Some("zo".to_owned()), email: Some(None), ..UserEdit::default() };
    write(&open, owner, Command::User(UserCommand::Edit(zoe, edit))).await.unwrap();
    assert!(matches!(ask().await.unwrap(), Answer::Written(_)));
}

async fn a_command_that_cannot_be_stored_fails_alone(world: World) {
    let deployment = world.deployment().await;
    let ((open, _), owner) = founding(&deployment).await;
    world.tamper("CREATE UNIQUE INDEX poison ON credentials (secret_hash);").await;
    let agent = role(&open.writer.published().organization, true);
    let held = world.hold().await;
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let mut submission = submission(owner, create_user(&format!("user{n}"), agent));
            // Refused by the database, which does not say whose it was.
            let hash = if n == 13 { "hash-12".to_owned() } else { format!("hash-{n}") };
            submission.credentials.push(CredentialChange::Put(credential(n, &hash)));
            if n == 7 {
                submission.context.agent = Some("bad\0agent".to_owned());
            }
            let writer = open.writer.clone();
            tokio::spawn(async move { writer.submit(submission).await })
        })
        .collect();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    held.release().await;
    let mut failed = Vec::new();
    for (n, task) in tasks.into_iter().enumerate() {
        match task.await.unwrap() {
            Ok(_) => {}
            Err(WriteError::NotStorable(what)) => failed.push((n, what)),
            Err(error) => panic!("{n}: {error}"),
        }
    }
    assert_eq!(failed.iter().map(|(n, _)| *n).filter(|n| *n == 7).count(), 1, "{failed:?}");
    // Of the two that share a hash, whoever came second.
    assert_eq!(failed.iter().map(|(n, _)| *n).filter(|n| [12, 13].contains(n)).count(), 1, "{failed:?}");
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert_eq!(open.writer.published().organization.users.len(), 1 + 18);
    assert!(!open.writer.has_stopped());
}

fn credential(id: u128, hash: &str) -> Credential {
    Credential {
        id: CredentialId(Uuid::from_u128(id)).to_string(),
        user_id: Uuid::from_u128(7).to_string(),
        kind: "password".to_owned(),
        secret_hash: hash.to_owned(),
        created_at_us: 1,
        expires_at_us: None,
        meta: "{}".to_owned(),
    }
}

async fn credentials_are_stored_with_the_accepted_and_not_with_the_refused(world: World) {
    let deployment = world.deployment().await;
    let ((open, _), owner) = founding(&deployment).await;
    let user = user_called(&open.writer.published().organization, "owner");
    let id = |id: u128| CredentialId(Uuid::from_u128(id));
    let submit = |actor: Actor, n: u128| {
        let command = Command::User(UserCommand::SetPassword(user, NewPassword::unknown(id(n))));
        let mut submission = submission(actor, command);
        submission.credentials.push(CredentialChange::Put(credential(n, &format!("hash-{n}"))));
        open.writer.submit(submission)
    };
    submit(owner, 1).await.unwrap();
    let stranger = Actor::User(UserId(Uuid::from_u128(99)));
    assert!(matches!(submit(stranger, 2).await, Err(WriteError::Rejected(_))));
    let rows = world.rows("credentials").await.join("\n");
    assert!(rows.contains("hash-1") && !rows.contains("hash-2"), "{rows}");
    let events = world.rows("events").await.join("\n");
    assert!(!events.contains("hash-1") && events.contains(&id(1).to_string()));
}

//! What is left of a person once their data is erased, and that it is finished when it was cut off.

use super::*;
use crate::deployment::Deployment;
use crate::store::{Credential, CredentialChange};
use rollbook_domain::kernel::id::CredentialId;
use rollbook_domain::organization::command::OrganizationCommand;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::command::NewUser;
use rollbook_domain::user::password::NewPassword;
use rollbook_domain::user::state::Status;
use std::path::Path;
use uuid::Uuid;

const ORGANIZATION: OrganizationId = OrganizationId(Uuid::from_u128(7));

async fn start(folder: &Path) -> Deployment {
    let store = Store::sqlite(&folder.join("rollbook.sqlite")).await.unwrap();
    store.migrate().await.unwrap();
    Deployment::new(store, Clock::default())
}

async fn submit(open: &Open, command: Command) -> Organization {
    let context = Context {
        reason: Some("because Zoe asked".to_owned()),
        ip: Some("192.0.2.7".to_owned()),
        ..context(&Clock::default()).unwrap()
    };
    let password = Credential {
        id: CredentialId(Uuid::from_u128(9)).to_string(),
        user_id: String::new(),
        kind: "password".to_owned(),
        secret_hash: "hash".to_owned(),
        created_at_us: 1,
        expires_at_us: None,
        meta: "{}".to_owned(),
    };
    let creates = matches!(&command, Command::User(UserCommand::Create(_)));
    let credentials = creates.then_some(CredentialChange::Put(password)).into_iter().collect();
    let submission = Submission { context, command, idempotency: None, credentials, only_at: None };
    match open.writer.submit(submission).await.unwrap() {
        Answer::Written(written) => written.organization,
        Answer::Replayed(_) => panic!("there was no key"),
    }
}

/// An organization with an archived user whose erasure was asked for, and nothing done about it yet.
async fn requested(deployment: &Deployment, authored: bool) -> UserId {
    let open = deployment.open(ORGANIZATION).await.unwrap();
    let found = OrganizationCommand::Found {
        name: "North".into(),
        catalog: "standard".into(),
        owner_login: "ann".into(),
        owner_name: "Ann".into(),
        owner_email: None,
        password: None,
    };
    let organization = submit(&open, Command::Organization(found)).await;
    let role = *organization.roles.keys().next().unwrap();
    let new = NewUser {
        login: "zoe".into(),
        name: "Zoe".into(),
        email: Some("zoe@north.example".into()),
        role,
        profile: None,
        status: Status::Active,
        password: Some(NewPassword::unknown(CredentialId(Uuid::from_u128(9)))),
        details: rollbook_domain::user::detail::Details::new(),
    };
    let organization = submit(&open, Command::User(UserCommand::Create(new))).await;
    let user = organization.user_by_login("zoe").unwrap().id;
    submit(&open, Command::User(UserCommand::Archive(user))).await;
    submit(&open, Command::User(UserCommand::RequestErasure { user, authored })).await;
    user
}

async fn values(deployment: &Deployment, user: UserId) -> usize {
    let all = deployment.store().personal_of(&ledger_of(ORGANIZATION), &user.to_string()).await;
    all.unwrap().len()
}

#[tokio::test]
async fn an_erasure_is_finished_once_however_often_it_is_tried() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = start(folder.path()).await;
    let user = requested(&deployment, true).await;
    assert!(values(&deployment, user).await > 0);
    let open = deployment.open(ORGANIZATION).await.unwrap();
    let (store, clock) = (deployment.store(), deployment.clock());
    assert!(finish(store, clock, &open, user).await.unwrap().is_some());
    assert_eq!(finish(store, clock, &open, user).await.unwrap(), None);
    assert_eq!(values(&deployment, user).await, 0);
    let credential = CredentialId(Uuid::from_u128(9)).to_string();
    assert_eq!(store.credential(&ORGANIZATION.to_string(), &credential).await, Ok(None));
    let organization = open.writer.published().organization.clone();
    assert_eq!(organization.user(user).unwrap().login.text(), "[erased]");
}

#[tokio::test]
async fn a_start_finishes_what_was_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let user = requested(&start(folder.path()).await, false).await;
    let again = start(folder.path()).await;
    assert!(values(&again, user).await > 0);
    again.open(ORGANIZATION).await.unwrap();
    assert_eq!(values(&again, user).await, 0);
    let organization = again.open(ORGANIZATION).await.unwrap().writer.published().organization.clone();
    let asked = Asked::newest(again.store(), ORGANIZATION, organization.user(user).unwrap());
    assert!(asked.await.unwrap().is_confirmed);
}

#[tokio::test]
async fn a_start_erases_again_what_came_back_and_says_nothing_new() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = start(folder.path()).await;
    let user = requested(&deployment, false).await;
    // Confirmed while the values are there: as after the values came back from a copy.
    let open = deployment.open(ORGANIZATION).await.unwrap();
    let confirm = UserCommand::ConfirmErasure { user, authored: false };
    let before = submit(&open, Command::User(confirm)).await.position;
    let again = start(folder.path()).await;
    let open = again.open(ORGANIZATION).await.unwrap();
    assert_eq!(values(&again, user).await, 0);
    assert_eq!(open.writer.published().organization.position, before);
}

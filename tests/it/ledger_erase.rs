//! Erasures at once, in one process and in two: each is confirmed once, and everybody is answered where.
use crate::ledger_world::{World, context, create_user, founded, new_id, on_both_engines, role, write};
use rollbook_domain::agent::command::{AgentCommand, AgentEdit};
use rollbook_domain::agent::state::Erasure;
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{OrganizationId, UserId};
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::UserCommand;
use rollbook_ledger::activity::{self, Act, ActivityOutcome, DENIED};
use rollbook_ledger::deployment::{Deployment, Open};
use rollbook_ledger::erase;
use rollbook_ledger::writer::ledger_of;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::JoinSet;

on_both_engines! {
    erasures_at_once_are_confirmed_once
    an_erasure_of_more_is_confirmed_of_its_own
    starts_at_once_finish_what_was_cut_off_once
    starts_at_once_finish_the_erasure_of_an_agent_once
    an_erasure_waits_for_what_is_being_written_of_the_person
}

/// How many try at once.
const AT_ONCE: usize = 8;

/// An archived user whose erasure was asked for, and where.
async fn requested(open: &Open, login: &str) -> (UserId, u64) {
    let agent = role(&open.writer.published().organization, true);
    let created = write(open, Actor::Operator, create_user(login, agent)).await.unwrap();
    let user = created.organization.user_by_login(login).unwrap().id;
    write(open, Actor::Operator, Command::User(UserCommand::Archive(user))).await.unwrap();
    (user, request(open, user, false).await)
}

async fn request(open: &Open, user: UserId, authored: bool) -> u64 {
    let request = Command::User(UserCommand::RequestErasure { user, authored });
    write(open, Actor::Operator, request).await.unwrap().position
}

/// Where the ledger says of anybody that they were erased, and whether with what they authored.
async fn erased(deployment: &Deployment, id: OrganizationId) -> Vec<(u64, bool)> {
    let ledger = ledger_of(id);
    let head = deployment.store().head(&ledger).await.unwrap().unwrap();
    let rows = deployment.store().read(&ledger, 1, head.position, 1_000).await.unwrap();
    let rows = rows.iter().map(|row| &row.entry).filter(|entry| entry.event_type == "user.erased");
    rows.map(|entry| (entry.position, entry.payload["authored"].as_bool().unwrap())).collect()
}

async fn values(deployment: &Deployment, id: OrganizationId, owner: &str) -> usize {
    deployment.store().personal_of(&ledger_of(id), owner).await.unwrap().len()
}

async fn erasures_at_once_are_confirmed_once(world: World) {
    let processes = [world.deployment().await, world.deployment().await];
    let (open, _) = founded(&processes[0], new_id()).await;
    let id = open.writer.id();
    // A start would finish what it finds.
    let _beside = processes[1].open(id).await.unwrap();
    for round in 0..10 {
        let (user, asked) = requested(&open, &format!("zoe{round}")).await;
        let mut tasks = JoinSet::new();
        for nth in 0..AT_ONCE {
            let process = processes[nth % 2].clone();
            tasks.spawn(async move {
                let open = process.open(id).await.unwrap();
                let (store, clock) = (process.store(), process.clock());
                let finished = erase::finish(store, clock, &open, user).await.unwrap();
                (finished, erase::confirmed(store, id, user.subject(), asked).await.unwrap())
            });
        }
        let answers: Vec<_> = tasks.join_all().await;
        let confirmed = erased(&processes[0], id).await;
        assert_eq!(confirmed.len(), round + 1, "{confirmed:?}");
        let at = confirmed.last().map(|(position, _)| *position);
        assert!(answers.iter().all(|(_, confirmed)| *confirmed == at), "{answers:?}");
        assert_eq!(answers.iter().filter(|(finished, _)| *finished == at).count(), 1, "{answers:?}");
        assert_eq!(values(&processes[0], id, &user.to_string()).await, 0);
    }
}

async fn an_erasure_of_more_is_confirmed_of_its_own(world: World) {
    let deployment = world.deployment().await;
    let (open, _) = founded(&deployment, new_id()).await;
    let (store, clock) = (deployment.store(), deployment.clock());
    let (user, _) = requested(&open, "zoe").await;
    let first = erase::finish(store, clock, &open, user).await.unwrap().unwrap();
    assert_eq!(erase::finish(store, clock, &open, user).await.unwrap(), None);
    request(&open, user, true).await;
    let second = erase::finish(store, clock, &open, user).await.unwrap().unwrap();
    assert_eq!(erased(&deployment, open.writer.id()).await, [(first, false), (second, true)]);
}

async fn starts_at_once_finish_what_was_cut_off_once(world: World) {
    let first = world.deployment().await;
    let (open, _) = founded(&first, new_id()).await;
    let id = open.writer.id();
    let (user, _) = requested(&open, "zoe").await;
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let process = world.deployment().await;
        tasks.spawn(async move { process.open(id).await.unwrap().writer.published().organization.position });
    }
    let _positions = tasks.join_all().await;
    assert_eq!(erased(&first, id).await.len(), 1);
    assert_eq!(values(&first, id, &user.to_string()).await, 0);
}

async fn starts_at_once_finish_the_erasure_of_an_agent_once(world: World) {
    let first = world.deployment().await;
    let (open, _) = founded(&first, new_id()).await;
    let id = open.writer.id();
    let seat = AgentEdit { code: Some("Agent/7".to_owned()), ..AgentEdit::default() };
    let created = write(&open, Actor::Operator, Command::Agent(AgentCommand::Create(seat))).await.unwrap();
    let agent = created.organization.agent_called("Agent/7").unwrap().id;
    for command in [AgentCommand::Archive(agent), AgentCommand::RequestErasure(agent)] {
        write(&open, Actor::Operator, Command::Agent(command)).await.unwrap();
    }
    assert!(values(&first, id, &agent.to_string()).await > 0);
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let process = world.deployment().await;
        tasks.spawn(async move { process.open(id).await.unwrap().writer.published().organization.clone() });
    }
    for organization in tasks.join_all().await {
        assert_eq!(organization.agent(agent).map(|agent| agent.erasure), Some(Erasure::Done));
    }
    assert_eq!(values(&first, id, &agent.to_string()).await, 0);
    open.writer.catch_up().await.unwrap();
    assert_eq!(open.writer.published().organization.agent(agent).map(|agent| agent.record.version), Some(4));
}

async fn an_erasure_waits_for_what_is_being_written_of_the_person(world: World) {
    let deployment = world.deployment().await;
    let (open, _) = founded(&deployment, new_id()).await;
    let agent = role(&open.writer.published().organization, true);
    let created = write(&open, Actor::Operator, create_user("zoe", agent)).await.unwrap();
    let zoe = created.organization.user_by_login("zoe").unwrap().id;
    let mut context = context(Actor::User(zoe));
    (context.at, context.ip) = (deployment.clock().now(), Some("203.0.113.77".to_owned()));
    let act = Act {
        context,
        actor_role: None,
        action: DENIED,
        outcome: ActivityOutcome::Refused,
        subject: None,
        judged_at: created.position,
        detail: BTreeMap::new(),
    };
    // One is written at once, and so the ledger has a head; the other is counted.
    open.activity.note(act.clone());
    open.activity.flush().await;
    open.activity.note(act);
    write(&open, Actor::Operator, Command::User(UserCommand::Archive(zoe))).await.unwrap();
    request(&open, zoe, true).await;
    let held = world.hold().await;
    let writing = tokio::spawn({
        let activity = open.activity.clone();
        async move { activity.flush().await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let erasing = tokio::spawn({
        let (deployment, open) = (deployment.clone(), open.clone());
        async move { erase::finish(deployment.store(), deployment.clock(), &open, zoe).await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    held.release().await;
    writing.await.unwrap();
    assert!(erasing.await.unwrap().unwrap().is_some());
    let acts = activity::ledger_of(open.writer.id());
    assert_eq!(deployment.store().head(&acts).await.unwrap().unwrap().position, 2);
    let left = deployment.store().personal_of(&acts, &format!("{zoe}/authored")).await.unwrap();
    assert_eq!(left, []);
}

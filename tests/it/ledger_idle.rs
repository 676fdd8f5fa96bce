//! Idle organizations leave memory: nothing acknowledged is lost by it, nobody who uses one is hurt, and what this
//! process knows of the ledger it still knows.
use crate::ledger_world::{
    World, assert_same, context, create_user, founded, new_id, on_both_engines, role, user_called, write,
};
use crate::ledger_writer::{ask, assert_history_is, founding, oracle};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::organization::command::Command;
use rollbook_ledger::activity::{self, Act, ActivityOutcome, DENIED};
use rollbook_ledger::codec;
use rollbook_ledger::deployment::{Deployment, Memory, Open};
use rollbook_ledger::follow::Rhythm;
use rollbook_ledger::writer::{LoadError, Writer, Written, ledger_of};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

on_both_engines! {
    requests_that_race_the_closing_lose_nothing_and_see_no_error
    whoever_holds_a_handle_keeps_the_organization
    whoever_comes_during_the_closing_does_not_wait_and_keeps_it_open
    what_nobody_waits_for_any_more_is_carried_out_before_the_closing
    what_is_loaded_is_loaded_to_its_end_though_nobody_waits_so_long
    the_longest_idle_leave_first_and_no_more_than_need_be
    what_was_counted_is_written_and_a_snapshot_kept
    a_database_behind_what_was_acknowledged_is_found_out_after_the_closing_too
    what_works_beside_the_writer_may_keep_it
    a_writer_that_stopped_stays_an_alarm
    idle_organizations_leave_by_themselves
}

/// Everything that nobody uses leaves, however short a time that is.
const AT_ONCE: Memory = Memory { budget: 0, idle_for: Duration::ZERO, every: Duration::from_millis(1) };
/// Closings in the midst of requests before the race has seen enough.
const CLOSINGS: usize = 8;

fn ids(deployment: &Deployment) -> Vec<OrganizationId> {
    deployment.opened().iter().map(Writer::id).collect()
}

/// An organization that nobody holds.
async fn idle(deployment: &Deployment) -> OrganizationId {
    let id = new_id();
    let _dropped = founded(deployment, id).await;
    id
}

async fn another(deployment: &Deployment, id: OrganizationId, login: &str) -> u64 {
    let open = deployment.open(id).await.unwrap();
    let agent = role(&open.writer.published().organization, true);
    write(&open, Actor::Operator, create_user(login, agent)).await.unwrap().position
}

/// Asks again and again until there were enough closings; no state may be older than what anybody was answered before.
async fn press(process: Process, id: OrganizationId, asker: usize) -> Vec<(Uuid, Written)> {
    let Process { deployment, closed, acknowledged, .. } = process;
    let elsewhere = deployment.store().clone();
    let (mut accepted, began, mut round) = (Vec::new(), Instant::now(), 0);
    while closed.load(Ordering::SeqCst) < CLOSINGS || round < 10 {
        assert!(began.elapsed() < Duration::from_secs(120), "there was hardly a closing");
        let known = acknowledged.load(Ordering::SeqCst);
        let open = deployment.open(id).await.unwrap();
        let seen = open.writer.published().organization.position;
        assert!(seen >= known, "a state at {seen} after {known} was acknowledged");
        let asked = ask(open, elsewhere.clone(), Actor::Operator, asker + round * 5, 1).await;
        for (_, written) in &asked {
            acknowledged.fetch_max(written.position, Ordering::SeqCst);
        }
        accepted.extend(asked);
        round += 1;
        tokio::time::sleep(Duration::from_millis(((asker + round) * 7 % 40) as u64)).await;
    }
    accepted
}

/// One process whose organizations leave again and again.
#[derive(Clone)]
struct Process {
    deployment: Deployment,
    closed: Arc<AtomicUsize>,
    acknowledged: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Process {
    async fn start(world: &World, is_over: &Arc<AtomicBool>) -> Self {
        let (closed, acknowledged, is_over) = (Arc::default(), Arc::default(), is_over.clone());
        Self { deployment: world.deployment().await, closed, acknowledged, is_over }
    }

    async fn close(self) {
        while !self.is_over.load(Ordering::SeqCst) {
            self.closed.fetch_add(self.deployment.close_idle(AT_ONCE).await, Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    }
}

async fn requests_that_race_the_closing_lose_nothing_and_see_no_error(world: World) {
    let is_over = Arc::new(AtomicBool::new(false));
    let processes = [Process::start(&world, &is_over).await, Process::start(&world, &is_over).await];
    let ((open, founded), _) = founding(&processes[0].deployment).await;
    let id = open.writer.id();
    drop(open);
    let closers = processes.clone().map(|process| tokio::spawn(process.close()));
    let mut asked = tokio::task::JoinSet::new();
    for asker in 0..4 {
        asked.spawn(press(processes[asker % 2].clone(), id, asker));
    }
    let mut accepted = vec![founded];
    while let Some(asked) = asked.join_next().await {
        accepted.extend(asked.unwrap());
    }
    is_over.store(true, Ordering::SeqCst);
    for closer in closers {
        closer.await.unwrap();
    }
    assert_history_is(&world, &accepted).await;
    for process in processes {
        let open = process.deployment.open(id).await.unwrap();
        open.writer.catch_up().await.unwrap();
        assert_same(&oracle(&accepted), &open.writer.published().organization);
        assert!(process.closed.load(Ordering::SeqCst) >= CLOSINGS);
    }
}

async fn whoever_holds_a_handle_keeps_the_organization(world: World) {
    let deployment = world.deployment().await;
    let id = idle(&deployment).await;
    let open = deployment.open(id).await.unwrap();
    let (writer, activity) = (open.writer.clone(), open.activity.clone());
    assert_eq!(deployment.close_idle(AT_ONCE).await, 0);
    drop(open);
    assert_eq!(deployment.close_idle(AT_ONCE).await, 0, "a part is as good as the whole");
    drop(writer);
    assert_eq!(deployment.close_idle(AT_ONCE).await, 0);
    drop(activity);
    // What works beside the writer keeps nothing.
    let beside = deployment.opened();
    assert_eq!(deployment.close_idle(AT_ONCE).await, 1);
    assert_eq!((ids(&deployment).len(), beside.len()), (0, 1));
    let again = deployment.open(id).await.unwrap();
    assert!(!again.writer.is_same(&beside[0]));
}

async fn whoever_comes_during_the_closing_does_not_wait_and_keeps_it_open(world: World) {
    let deployment = world.deployment().await;
    let id = idle(&deployment).await;
    for lets_go in [false, true] {
        let open = deployment.open(id).await.unwrap();
        // One is written at once, and so the ledger has a head; the other is counted and to be written at the closing.
        let act = denied(&deployment, &open);
        open.activity.note(act.clone());
        open.activity.flush().await;
        open.activity.note(act);
        drop(open);
        let began = Instant::now();
        while world.rows("counting").await.is_empty() {
            assert!(began.elapsed() < Duration::from_secs(20), "that it is counted is marked");
        }
        let held = world.hold().await;
        let closing = deployment.clone();
        let closing = tokio::spawn(async move { closing.close_idle(AT_ONCE).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!closing.is_finished(), "it waits for the database");
        let open = tokio::time::timeout(Duration::from_millis(100), deployment.open(id));
        let open = open.await.expect("it does not wait").unwrap();
        let writer = open.writer.beside();
        let kept = (!lets_go).then_some(open);
        held.release().await;
        assert_eq!(closing.await.unwrap(), 0, "it was used meanwhile");
        assert!(deployment.open(id).await.unwrap().writer.is_same(&writer));
        drop(kept);
    }
    assert_eq!(deployment.close_idle(AT_ONCE).await, 1);
}

async fn what_nobody_waits_for_any_more_is_carried_out_before_the_closing(world: World) {
    let deployment = world.deployment().await;
    let id = idle(&deployment).await;
    let open = deployment.open(id).await.unwrap();
    let (agent, before) = {
        let state = open.writer.published().organization.clone();
        (role(&state, true), state.position)
    };
    let held = world.hold().await;
    for login in ["xia", "yan", "zoe"] {
        let asked = write(&open, Actor::Operator, create_user(login, agent));
        let answered = tokio::time::timeout(Duration::from_millis(50), asked).await;
        assert!(answered.is_err(), "it waits for the database");
    }
    drop(open);
    let closing = deployment.clone();
    let closing = tokio::spawn(async move { closing.close_idle(AT_ONCE).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    held.release().await;
    assert_eq!(closing.await.unwrap(), 1);
    let head = deployment.store().head(&ledger_of(id)).await.unwrap().unwrap().position;
    assert!(head >= before + 3, "{head}");
    let again = deployment.open(id).await.unwrap().writer.published().organization.clone();
    assert_eq!(again.position, head);
    assert!(["xia", "yan", "zoe"].iter().all(|login| again.user_by_login(login).is_some()));
}

async fn what_is_loaded_is_loaded_to_its_end_though_nobody_waits_so_long(world: World) {
    let deployment = world.deployment().await;
    let (open, owner) = founded(&deployment, new_id()).await;
    let id = open.writer.id();
    let agent = role(&open.writer.published().organization, true);
    for part in 0..3 {
        let users = (0..1_000).map(|n| create_user(&format!("user{part}x{n}"), agent)).collect();
        write(&open, owner, Command::Many(users)).await.unwrap();
    }
    let (patient, elsewhere) = (world.deployment().await, world.deployment().await);
    let began = Instant::now();
    patient.open(id).await.unwrap();
    let patience = began.elapsed() / 20;
    let mut tries = 0;
    while tokio::time::timeout(patience, elsewhere.open(id)).await.is_err() {
        tries += 1;
        assert!(tries < 300, "every try began from the first entry");
    }
    assert!(tries > 0, "one waited long enough");
}

async fn the_longest_idle_leave_first_and_no_more_than_need_be(world: World) {
    let deployment = world.deployment().await;
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(idle(&deployment).await);
    }
    // The first is used again, and is now the one used last.
    drop(deployment.open(made[0]).await.unwrap());
    let bytes = deployment.open(made[0]).await.unwrap().writer.published().organization.estimated_bytes();
    let long_idle = Memory { idle_for: Duration::from_secs(60), ..AT_ONCE };
    assert_eq!(deployment.close_idle(long_idle).await, 0, "none is idle for a minute");
    let all_fit = Memory { budget: 4 * bytes, ..AT_ONCE };
    assert_eq!(deployment.close_idle(all_fit).await, 0, "they are within the budget");
    let two_fit = Memory { budget: 2 * bytes + bytes / 2, ..AT_ONCE };
    assert_eq!(deployment.close_idle(two_fit).await, 2);
    let mut left = ids(&deployment);
    left.sort();
    let mut expected = vec![made[0], made[3]];
    expected.sort();
    assert_eq!(left, expected);
}

fn denied(deployment: &Deployment, open: &Open) -> Act {
    let owner = user_called(&open.writer.published().organization, "owner");
    let mut context = context(Actor::User(owner));
    context.at = deployment.clock().now();
    Act {
        context,
        actor_role: None,
        action: DENIED,
        outcome: ActivityOutcome::Refused,
        subject: None,
        judged_at: 1,
        detail: BTreeMap::new(),
    }
}

async fn what_was_counted_is_written_and_a_snapshot_kept(world: World) {
    let deployment = world.deployment().await;
    let id = idle(&deployment).await;
    let open = deployment.open(id).await.unwrap();
    let act = denied(&deployment, &open);
    for _ in 0..5 {
        open.activity.note(act.clone());
    }
    let position = open.writer.published().organization.position;
    drop(open);
    let began = Instant::now();
    while deployment.close_idle(AT_ONCE).await == 0 {
        // An act on its way keeps its organization.
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rows = deployment.store().read(&activity::ledger_of(id), 1, 100, 100).await.unwrap();
    let count = |row: codec::Revealed| row.payload.get("count").map_or(1, |count| count.as_u64().unwrap());
    let counts: Vec<u64> = rows.into_iter().map(|row| count(codec::reveal(row).unwrap())).collect();
    assert_eq!(counts.iter().sum::<u64>(), 5, "{counts:?}");
    assert!(world.rows("counting").await.is_empty());
    assert_eq!(rollbook_ledger::snapshot::positions(deployment.store(), id).await, Ok(vec![position]));
}

async fn a_database_behind_what_was_acknowledged_is_found_out_after_the_closing_too(world: World) {
    let deployment = world.deployment().await;
    let id = idle(&deployment).await;
    let earlier = deployment.store().head(&ledger_of(id)).await.unwrap().unwrap();
    let last = another(&deployment, id, "xia").await;
    assert_eq!(deployment.close_idle(AT_ONCE).await, 1);
    let position = earlier.position;
    world.back_to(&earlier).await;
    for _ in 0..2 {
        let opened = deployment.open(id).await;
        assert!(
            matches!(opened, Err(LoadError::Behind { found, known }) if (found, known) == (position, last))
        );
    }
}

async fn what_works_beside_the_writer_may_keep_it(world: World) {
    let deployment = world.deployment().await;
    let id = idle(&deployment).await;
    let may_go = Arc::new(AtomicBool::new(false));
    let asked = may_go.clone();
    deployment.before_closing(move |writer| writer.id() == id && asked.load(Ordering::SeqCst));
    assert_eq!(deployment.close_idle(AT_ONCE).await, 0);
    assert_eq!(ids(&deployment), [id]);
    may_go.store(true, Ordering::SeqCst);
    assert_eq!(deployment.close_idle(AT_ONCE).await, 1);
}

async fn a_writer_that_stopped_stays_an_alarm(world: World) {
    let deployment = world.deployment().await;
    let id = idle(&deployment).await;
    world.tamper("UPDATE heads SET format = 2;").await;
    let writer = deployment.opened().remove(0);
    assert!(writer.catch_up().await.is_err());
    assert!(writer.has_stopped());
    assert_eq!(deployment.close_idle(AT_ONCE).await, 0);
    assert_eq!(ids(&deployment), [id]);
}

async fn idle_organizations_leave_by_themselves(world: World) {
    let deployment = world.deployment().await;
    let id = idle(&deployment).await;
    let rhythm = Rhythm { memory: AT_ONCE, ..Rhythm::default() };
    deployment.start(rhythm).await;
    let began = Instant::now();
    while !ids(&deployment).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    another(&deployment, id, "xia").await;
    deployment.stop().await;
}

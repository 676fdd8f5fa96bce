//! What goes on beside serving: a change by one process reaches the others, and what is kept for a time goes.
use crate::ledger_world::{World, assert_same, context, create_user, keyed, on_both_engines, role, write};
use crate::ledger_writer::founding;
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::moment::Moment;
use rollbook_ledger::activity::{self, Act, ActivityOutcome, DENIED};
use rollbook_ledger::clock::Clock;
use rollbook_ledger::codec;
use rollbook_ledger::deployment::{Deployment, Open};
use rollbook_ledger::follow::Rhythm;
use rollbook_ledger::store::Session;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

on_both_engines! {
    a_change_by_one_process_is_seen_by_the_other_within_two_seconds
    a_state_that_nobody_changes_is_confirmed_again_and_again
    what_was_counted_is_written_when_the_process_ends
    old_keys_and_sessions_that_are_over_are_forgotten
}

async fn a_change_by_one_process_is_seen_by_the_other_within_two_seconds(world: World) {
    let (one, other) = (world.deployment().await, world.deployment().await);
    let ((open, _), owner) = founding(&one).await;
    let beside = other.open(open.writer.id()).await.unwrap();
    other.start(Rhythm::default()).await;
    let agent = role(&open.writer.published().organization, true);
    for n in 0..5 {
        let written = write(&open, owner, create_user(&format!("user{n}"), agent)).await.unwrap();
        let seen = beside.writer.at_least(written.position, Duration::from_secs(2)).await.unwrap();
        assert_same(&seen.organization, &written.organization);
    }
    other.stop().await;
}

async fn a_state_that_nobody_changes_is_confirmed_again_and_again(world: World) {
    let deployment = world.deployment().await;
    let ((open, _), _) = founding(&deployment).await;
    deployment.start(Rhythm::default()).await;
    for _ in 0..3 {
        let before = Instant::now();
        tokio::time::sleep(Duration::from_millis(900)).await;
        assert!(open.writer.published().confirmed > before);
    }
    deployment.stop().await;
    let stopped = Instant::now();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(open.writer.published().confirmed < stopped, "nothing goes on after the stop");
}

fn denied(owner: Actor, at: Moment) -> Act {
    let mut context = context(owner);
    context.at = at;
    context.ip = Some("203.0.113.9".to_owned());
    Act {
        context,
        actor_role: Some("Owner".to_owned()),
        action: DENIED,
        outcome: ActivityOutcome::Refused,
        subject: None,
        judged_at: 3,
        detail: BTreeMap::from([("permission".to_owned(), "users.edit".to_owned())]),
    }
}

async fn counts(deployment: &Deployment, open: &Open) -> Vec<u64> {
    let ledger = activity::ledger_of(open.writer.id());
    let rows = deployment.store().read(&ledger, 1, 1_000, 1_000).await.unwrap();
    let rows = rows.into_iter().map(|stored| codec::reveal(stored).unwrap());
    rows.map(|row| row.payload.get("count").map_or(1, |count| count.as_u64().unwrap())).collect()
}

async fn what_was_counted_is_written_when_the_process_ends(world: World) {
    let deployment = world.deployment().await;
    let ((open, _), owner) = founding(&deployment).await;
    deployment.start(Rhythm::default()).await;
    for _ in 0..7 {
        open.activity.note(denied(owner, deployment.clock().now()));
    }
    let sign_in = Act { action: activity::SIGNED_IN, ..denied(owner, deployment.clock().now()) };
    open.activity.record(sign_in).await.unwrap();
    deployment.stop().await;
    let mut counts = counts(&deployment, &open).await;
    counts.sort_unstable();
    assert_eq!(counts, [1, 1, 6]);
    let events = world.rows("events").await.join("\n");
    assert!(!events.contains("203.0.113.9"));
}

async fn old_keys_and_sessions_that_are_over_are_forgotten(world: World) {
    let now = Clock::default().now();
    let nine_days_ago = now.plus_micros(-9 * 24 * 3_600_000_000);
    let past = Deployment::new(world.store().await, Clock::told(nine_days_ago));
    let ((open, _), owner) = founding(&past).await;
    let agent = role(&open.writer.published().organization, true);
    open.writer.submit(keyed(owner, create_user("old", agent), "old-key", 1)).await.unwrap();
    let deployment = world.deployment().await;
    let open = deployment.open(open.writer.id()).await.unwrap();
    open.writer.submit(keyed(owner, create_user("new", agent), "new-key", 1)).await.unwrap();
    for (id, until) in [("over", now.micros() - 1), ("on", now.micros() + 3_600_000_000)] {
        let mut token_hash = [0; 32];
        token_hash[0] = id.as_bytes()[1];
        let session = Session {
            id: id.to_owned(),
            token_hash,
            aggregate_id: open.writer.id().to_string(),
            user_id: "u".to_owned(),
            created_at_us: 1,
            expires_at_us: until,
        };
        deployment.store().put_session(&session).await.unwrap();
    }
    deployment.start(Rhythm { purge: Duration::from_millis(20), ..Rhythm::default() }).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    deployment.stop().await;
    let keys = world.rows("commands").await.join("\n");
    assert!(keys.contains("new-key") && !keys.contains("old-key"), "{keys}");
    assert_eq!(world.rows("sessions").await.len(), 1);
}

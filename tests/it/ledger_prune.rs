//! Old activity goes, whole and recorded; nothing else does, and what is left is as sound as before.

use crate::projections_world::{World, context, on_both_engines};
use rollbook_domain::kernel::context::{Actor, Context};
use rollbook_domain::kernel::id::UserId;
use rollbook_domain::kernel::moment::Moment;
use rollbook_ledger::activity::{Act, Activity, ledger_of};
use rollbook_projections::activity_log::Ledger;
use rollbook_replay::verify::{ActivityLog, Verified, verify};
use serde_json::json;

on_both_engines! {
    queuemetrics_14_old_activity_goes_with_an_entry_that_says_so_and_the_rest_verifies
    two_who_prune_at_once_prune_each_entry_once
    more_goes_in_parts_while_others_write
}

const DAY_US: i64 = 86_400_000_000;

/// Zoe signs in on each of the first `days` days of 1970.
async fn days(world: &World, days: i64) -> UserId {
    let zoe = world.add("zoe").await;
    for day in 0..days {
        let at = Moment(day * DAY_US);
        let act = Act { context: Context { at, ..context(Actor::User(zoe)) }, ..world.act(zoe) };
        let _ = world.open.activity.record(act).await.unwrap();
    }
    zoe
}

fn activity(world: &World) -> Activity {
    Activity::new(world.store(), world.deployment.clock().clone(), world.id)
}

/// The activity ledger, in which nothing is wrong, as nowhere else.
async fn verified(world: &World) -> Verified {
    let report = verify(&world.store(), None, &[&ActivityLog], |_| ()).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    report.ledgers.into_iter().find(|one| one.ledger == ledger_of(world.id)).unwrap()
}

/// The positions of acts in the activity log.
async fn acts(world: &World) -> Vec<u64> {
    let rows = world.rows().await;
    let acts = rows.iter().filter(|row| row.ledger == Ledger::Activity);
    let mut positions: Vec<u64> = acts.map(|row| row.position).collect();
    positions.sort_unstable();
    positions
}

async fn queuemetrics_14_old_activity_goes_with_an_entry_that_says_so_and_the_rest_verifies(world: World) {
    let _ = days(&world, 6).await;
    world.followed().await;
    let (changes, frontier) = (world.position(), head(&world).await.frontier);
    assert_eq!(activity(&world).prune(Moment(3 * DAY_US), Actor::System).await.unwrap(), 3);
    let ledger = ledger_of(world.id);
    let after = head(&world).await;
    assert_eq!((after.pruned, after.position, frontier.size()), (3, 7, 6));
    let recorded = world.store().read(&ledger, 7, 7, 1).await.unwrap().pop().unwrap().entry;
    assert_eq!(recorded.event_type, "activity.pruned");
    let detail = json!({ "first": "1", "last": "3", "before": "1970-01-04T00:00:00.000000Z" });
    assert_eq!(recorded.payload["detail"], detail);
    assert_eq!(recorded.metadata["actor"], "system");
    // Nothing is left of what lay beside the entries that went.
    assert_eq!(world.store().stray_subjects(&ledger, 0, 100).await, Ok(Vec::new()));
    assert_eq!(world.store().stray_values(&ledger, 0, 100).await, Ok(Vec::new()));
    assert_eq!(world.position(), changes);
    world.followed().await;
    assert_eq!(acts(&world).await, [4, 5, 6, 7]);
    let found = verified(&world).await;
    assert_eq!((found.pruned, found.entries, found.position, found.root), (3, 4, 7, None));
    // Again there is nothing to do, and nothing is recorded.
    assert_eq!(activity(&world).prune(Moment(3 * DAY_US), Actor::Operator).await.unwrap(), 0);
    assert_eq!(head(&world).await.position, 7);
    // All that is older than now may go; what says so stays.
    let now = world.deployment.clock().now();
    assert_eq!(activity(&world).prune(now, Actor::Operator).await.unwrap(), 4);
    world.followed().await;
    assert_eq!(acts(&world).await, [8]);
    let row = world.rows().await.into_iter().find(|row| row.ledger == Ledger::Activity).unwrap();
    assert_eq!(row.actor.kind, "operator");
    assert!(row.sentence.starts_with("deleted the activity from 4 to 7, from before "), "{}", row.sentence);
    assert_eq!(verified(&world).await.pruned, 7);
}

async fn head(world: &World) -> rollbook_ledger::store::Head {
    world.store().head(&ledger_of(world.id)).await.unwrap().unwrap()
}

async fn two_who_prune_at_once_prune_each_entry_once(world: World) {
    let _ = days(&world, 5).await;
    let (one, other) = (activity(&world), activity(&world));
    let before = Moment(4 * DAY_US);
    let (one, other) = tokio::join!(one.prune(before, Actor::System), other.prune(before, Actor::Operator));
    assert_eq!(one.unwrap() + other.unwrap(), 4);
    assert_eq!((head(&world).await.pruned, head(&world).await.position), (4, 6));
    world.followed().await;
    assert_eq!(verified(&world).await.entries, 2);
}

async fn more_goes_in_parts_while_others_write(world: World) {
    let zoe = days(&world, 1).await;
    // Three parts of 5,000.
    for _ in 0..6 {
        let many: Vec<Act> = (0..2_000).map(|_| world.act(zoe)).collect();
        let _ = world.open.activity.record_together(&many, None).await.unwrap();
    }
    world.followed().await;
    let follower = world.follow(500);
    let writes = async {
        for _ in 0..20 {
            let now = world.deployment.clock().now();
            let act = Act { context: Context { at: now, ..context(Actor::User(zoe)) }, ..world.act(zoe) };
            let _ = world.open.activity.record(act).await.unwrap();
        }
    };
    let pruner = activity(&world);
    let (pruned, ()) = tokio::join!(pruner.prune(Moment(DAY_US), Actor::System), writes);
    assert_eq!(pruned.unwrap(), 12_001);
    let head = head(&world).await;
    assert_eq!((head.pruned, head.position), (12_001, 12_001 + 20 + 3));
    follower.acts_caught_up(head.position, crate::projections_world::BOUND).await.unwrap();
    assert_eq!(acts(&world).await.len(), 23);
    assert_eq!(verified(&world).await.entries, 23);
}

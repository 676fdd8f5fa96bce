//! A rebuild equals what is live, also while it is written to; and what is derived can be dropped.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rollbook_projections::ProjectionError;
use rollbook_projections::activity_log::Row;
use rollbook_projections::rebuild::{OnDifference, Rebuilt, rebuild};

use crate::projections_world::{BOUND, World, on_both_engines};

on_both_engines! {
    a_rebuild_equals_what_is_live
    a_rebuild_equals_what_is_live_while_it_grows
    a_rebuild_that_differs_is_not_swapped_unless_that_is_asked_for
    a_rebuild_that_ended_early_is_made_again
}

async fn lived(world: &World) {
    let (zoe, bob) = (world.add("zoe").await, world.add("bob").await);
    world.group("Night", &[zoe, bob]).await;
    world.login(bob, "bobby").await;
    world.sign_in(zoe).await;
    world.sign_in(bob).await;
    world.erase(zoe, false).await;
    let seven = world.seat("Agent/7").await;
    world.seat("Agent/8").await;
    world.unseat(seven).await;
    world.sign_in(bob).await;
}

fn all(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| format!("{row:?}")).collect()
}

async fn a_rebuild_equals_what_is_live(world: World) {
    lived(&world).await;
    world.followed().await;
    let before = world.rows().await;
    let mut told = Vec::new();
    let rebuilt = rebuild(&world.store(), OnDifference::Keep, |done, total| told.push((done, total))).await;
    let rebuilt = rebuilt.unwrap();
    assert_eq!((rebuilt.version, rebuilt.differs), (2, None));
    assert_eq!((rebuilt.rows, rebuilt.compared), (before.len() as u64, before.len() as u64));
    assert_eq!(told.last(), Some(&(before.len() as u64, before.len() as u64)));
    assert_eq!(all(&world.rows().await), all(&before));
    // A new follower goes on where the rebuild ended.
    world.add("last").await;
    world.followed().await;
    assert_eq!(world.rows().await.len(), before.len() + 1);
}

async fn a_rebuild_equals_what_is_live_while_it_grows(world: World) {
    lived(&world).await;
    let world = Arc::new(world);
    let follower = world.follow(7);
    let is_over = Arc::new(AtomicBool::new(false));
    let (writing, over) = (Arc::clone(&world), Arc::clone(&is_over));
    let load = tokio::spawn(async move {
        let mut nth = 0;
        while !over.load(Ordering::Relaxed) {
            let user = writing.add(&format!("w{nth}")).await;
            writing.sign_in(user).await;
            nth += 1;
        }
        nth
    });
    for round in 2..=3 {
        let rebuilt = rebuild(&world.store(), OnDifference::Keep, |_, _| ()).await.unwrap();
        assert_eq!((rebuilt.version, rebuilt.differs), (round, None));
    }
    is_over.store(true, Ordering::Relaxed);
    assert!(load.await.unwrap() > 0);
    follower.caught_up(world.position(), BOUND).await.unwrap();
    follower.acts_caught_up(world.act_head().await, BOUND).await.unwrap();
    assert_eq!(follower.status().version, 3);
    let followed = world.rows().await;
    assert_eq!(followed.len() as u64, world.position() + world.act_head().await);
    drop(follower);
    rebuild(&world.store(), OnDifference::Keep, |_, _| ()).await.unwrap();
    assert_eq!(all(&world.rows().await), all(&followed));
}

async fn a_rebuild_that_differs_is_not_swapped_unless_that_is_asked_for(world: World) {
    lived(&world).await;
    world.followed().await;
    let good = all(&world.rows().await);
    world.sql("UPDATE {}activity_log_1 SET sentence = 'nothing happened' WHERE position = 2").await;
    let bad = all(&world.rows().await);
    assert_ne!(good, bad);
    let error = rebuild(&world.store(), OnDifference::Keep, |_, _| ()).await.unwrap_err();
    assert!(matches!(error, ProjectionError::Differs(_)), "{error}");
    assert_eq!(all(&world.rows().await), bad);
    let rebuilt = rebuild(&world.store(), OnDifference::Replace, |_, _| ()).await.unwrap();
    assert!(rebuilt.differs.is_some());
    assert_eq!(all(&world.rows().await), good);
}

async fn a_rebuild_that_ended_early_is_made_again(world: World) {
    lived(&world).await;
    world.followed().await;
    let before = all(&world.rows().await);
    let store = world.store();
    let slow = rebuild(&store, OnDifference::Keep, |_, _| std::thread::sleep(BOUND / 400));
    let cut = tokio::time::timeout(std::time::Duration::from_millis(30), slow);
    let _cut = cut.await;
    assert_eq!(all(&world.rows().await), before);
    let rebuilt = rebuilt_anew(&world).await;
    assert_eq!(rebuilt.differs, None);
    assert_eq!(all(&world.rows().await), before);
}

/// What the one that was cut had asked of PostgreSQL may be carried out after it: then the next says so and is run again.
async fn rebuilt_anew(world: &World) -> Rebuilt {
    for _ in 0..20 {
        match rebuild(&world.store(), OnDifference::Keep, |_, _| ()).await {
            Err(ProjectionError::TakenOver) => tokio::time::sleep(BOUND / 400).await,
            rebuilt => return rebuilt.unwrap(),
        }
    }
    panic!("nobody else rebuilds");
}

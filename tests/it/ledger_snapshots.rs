//! Snapshots are a cache: they make a start quick, and nothing depends on them.
use crate::ledger_world::{World, assert_same, create_user, on_both_engines, role, user_called, write};
use crate::ledger_writer::founding;
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::UserCommand;
use rollbook_ledger::deployment::{Deployment, Open};
use std::time::Duration;

on_both_engines! {
    a_start_after_a_graceful_stop_reads_the_snapshot_and_the_tail
    a_snapshot_that_does_not_fit_is_ignored
    asking_for_an_erasure_deletes_the_snapshots
    a_long_ledger_is_kept_every_five_thousand_entries
}

async fn stage(world: &World) -> (Deployment, Open) {
    let deployment = world.deployment().await;
    let ((open, _), owner) = founding(&deployment).await;
    let agent = role(&open.writer.published().organization, true);
    for login in ["zoe", "yan"] {
        write(&open, owner, create_user(login, agent)).await.unwrap();
    }
    (deployment, open)
}

async fn a_start_after_a_graceful_stop_reads_the_snapshot_and_the_tail(world: World) {
    let (deployment, open) = stage(&world).await;
    deployment.stop().await;
    assert_eq!(world.rows("state_snapshots").await.len(), 1);
    let agent = role(&open.writer.published().organization, true);
    write(&open, Actor::Operator, create_user("tail", agent)).await.unwrap();
    let published = open.writer.published().organization.clone();
    let elsewhere = world.deployment().await.open(open.writer.id()).await.unwrap();
    assert_same(&elsewhere.writer.published().organization, &published);
    // A fold from the beginning would stumble over this row.
    world.tamper("UPDATE events SET actor = 'somebody' WHERE sequence = 2;").await;
    let again = world.deployment().await.open(open.writer.id()).await.unwrap();
    assert_same(&again.writer.published().organization, &published);
    // Stopping again leaves the newer and, for the past, the oldest; where nothing changed it keeps nothing.
    deployment.stop().await;
    deployment.stop().await;
    assert_eq!(world.rows("state_snapshots").await.len(), 2);
    write(&open, Actor::Operator, create_user("more", agent)).await.unwrap();
    deployment.stop().await;
    assert_eq!(world.rows("state_snapshots").await.len(), 2);
}

async fn a_snapshot_that_does_not_fit_is_ignored(world: World) {
    let (deployment, open) = stage(&world).await;
    let published = open.writer.published().organization.clone();
    let blob = |hex: &str| match world {
        World::Sqlite(_) => format!("x'{hex}'"),
        World::Postgres(_) => format!("'\\x{hex}'::bytea"),
    };
    let zeroes = blob(&"00".repeat(32));
    for spoil in [
        format!("UPDATE state_snapshots SET state = {};", blob("00000000")),
        format!("UPDATE state_snapshots SET digest = {zeroes};"),
        "UPDATE state_snapshots SET position = position - 1;".to_owned(),
        "UPDATE state_snapshots SET fingerprint = 'organization-0/tree-1';".to_owned(),
    ] {
        open.writer.keep_snapshot().await;
        deployment.stop().await;
        world.tamper(&spoil).await;
        let elsewhere = world.deployment().await.open(open.writer.id()).await.unwrap();
        assert_same(&elsewhere.writer.published().organization, &published);
        world.tamper("DELETE FROM state_snapshots;").await;
        let fresh = world.deployment().await;
        fresh.open(open.writer.id()).await.unwrap();
        fresh.stop().await;
        assert_eq!(world.rows("state_snapshots").await.len(), 1);
    }
}

async fn asking_for_an_erasure_deletes_the_snapshots(world: World) {
    let (deployment, open) = stage(&world).await;
    let beside = world.deployment().await;
    let other = beside.open(open.writer.id()).await.unwrap();
    deployment.stop().await;
    assert_eq!(world.rows("state_snapshots").await.len(), 1);
    let zoe = user_called(&open.writer.published().organization, "zoe");
    for command in [UserCommand::Archive(zoe), UserCommand::RequestErasure { user: zoe, authored: false }] {
        write(&open, Actor::Operator, Command::User(command)).await.unwrap();
    }
    gone(&world).await;
    // A process that has not heard of it when it ends leaves no older state behind.
    assert!(!other.writer.published().organization.user(zoe).unwrap().erased);
    beside.stop().await;
    assert_eq!(world.rows("state_snapshots").await.len(), 0);
    // What is kept from then on holds nothing of hers.
    deployment.stop().await;
    let kept = deployment.store();
    let ledger = rollbook_ledger::writer::ledger_of(open.writer.id());
    let fingerprint = format!("{}/tree-1", rollbook_domain::organization::snapshot::SHAPE);
    let snapshot = kept.snapshot_at(&ledger, &fingerprint, u64::MAX).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&snapshot.state).into_owned();
    assert!(text.contains("yan@north.example") && !text.contains("zoe"), "{text}");
}

async fn gone(world: &World) {
    for _ in 0..100 {
        if world.rows("state_snapshots").await.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the snapshots are still there");
}

async fn a_long_ledger_is_kept_every_five_thousand_entries(world: World) {
    let (_deployment, open) = stage(&world).await;
    let agent = role(&open.writer.published().organization, true);
    for part in 0..11 {
        let users = (0..1_000).map(|n| create_user(&format!("user{part}x{n}"), agent)).collect();
        write(&open, Actor::Operator, Command::Many(users)).await.unwrap();
    }
    let mut kept = 0;
    for _ in 0..1_200 {
        kept = world.rows("state_snapshots").await.len();
        if kept == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(kept, 2);
    let elsewhere = world.deployment().await.open(open.writer.id()).await.unwrap();
    assert_same(&elsewhere.writer.published().organization, &open.writer.published().organization);
}

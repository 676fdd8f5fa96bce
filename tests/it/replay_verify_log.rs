//! Verification compares the activity log with a replay: forged rows are found and named, and nothing else is.
use crate::projections_world::{BOUND, World, on_both_engines};
use rollbook_domain::kernel::id::{OrganizationId, UserId};
use rollbook_domain::user::command::UserCommand;
use rollbook_ledger::activity;
use rollbook_ledger::erase;
use rollbook_ledger::writer::ledger_of;
use rollbook_projections::activity_log::SHAPE;
use rollbook_replay::verify::{ActivityLog, Finding, Kind, verify};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

on_both_engines! {
    a_log_that_was_followed_rebuilt_and_erased_from_is_clean
    a_log_that_nobody_made_yet_is_no_finding
    a_log_that_is_behind_is_clean_as_far_as_it_is
    a_changed_row_is_found_with_its_columns
    missing_rows_are_found_as_a_range
    rows_of_no_entry_are_found
    a_row_that_kept_what_was_erased_is_found
    rows_of_an_organization_that_there_is_not_are_found
    a_log_of_another_shape_is_to_be_rebuilt
    a_log_that_says_it_followed_more_than_there_is_is_found
    nothing_is_found_while_the_log_grows_and_is_erased_from
}

async fn lived(world: &World) {
    let (zoe, bob) = (world.add("zoe").await, world.add("bob").await);
    world.group("Night", &[zoe, bob]).await;
    world.login(bob, "bobby").await;
    world.sign_in(zoe).await;
    world.sign_in(bob).await;
    world.followed().await;
    erase(world, zoe, true).await;
    world.sign_in(bob).await;
    world.rename(bob, "Robert").await;
    let seven = world.seat("Agent/7").await;
    world.seat("Agent/8").await;
    world.followed().await;
    world.unseat(seven).await;
    world.followed().await;
}

/// All there is of a user, what they authored too if that is asked for, as the API erases it.
async fn erase(world: &World, user: UserId, authored: bool) {
    world.by_owner(UserCommand::Archive(user)).await;
    world.by_owner(UserCommand::RequestErasure { user, authored }).await;
    erase::finish(world.deployment.store(), world.deployment.clock(), &world.open, user).await.unwrap();
}

async fn findings(world: &World) -> Vec<Finding> {
    verify(&world.store(), None, &[&ActivityLog], |_| ()).await.unwrap().findings
}

/// Exactly these findings about the log: whether of acts, the position, what.
async fn finds(world: &World, expected: &[(bool, Option<u64>, &str)]) {
    let (changes, acts) = (ledger_of(world.id), activity::ledger_of(world.id));
    let found = findings(world).await;
    let told: Vec<_> = found
        .iter()
        .map(|it| {
            assert_eq!(it.kind, Kind::Derived);
            assert!(it.ledger == changes || it.ledger == acts, "{it:?}");
            (it.ledger == acts, it.position, it.what.strip_prefix("activity log: ").unwrap())
        })
        .collect();
    assert_eq!(told, expected);
}

async fn a_log_that_was_followed_rebuilt_and_erased_from_is_clean(world: World) {
    lived(&world).await;
    finds(&world, &[]).await;
    let keep = rollbook_projections::rebuild::OnDifference::Keep;
    rollbook_projections::rebuild::rebuild(&world.store(), keep, |_, _| ()).await.unwrap();
    finds(&world, &[]).await;
}

async fn a_log_that_nobody_made_yet_is_no_finding(world: World) {
    finds(&world, &[]).await;
}

async fn a_log_that_is_behind_is_clean_as_far_as_it_is(world: World) {
    lived(&world).await;
    let cara = world.add("cara").await;
    world.sign_in(cara).await;
    world.followed().await;
    // What it holds of her goes when it comes to the erasure.
    erase(&world, cara, true).await;
    world.sign_in(world.owner).await;
    finds(&world, &[]).await;
}

async fn a_changed_row_is_found_with_its_columns(world: World) {
    lived(&world).await;
    let set = "SET sentence = 'nothing happened', actor_label = 'mallory'";
    world.sql(&format!("UPDATE {{}}activity_log_1 {set} WHERE ledger = 0 AND position = 2")).await;
    world.sql("UPDATE {}activity_log_1 SET outcome = 'refused' WHERE ledger = 1 AND position = 2").await;
    world.sql("UPDATE {}activity_log_1 SET changes = '{' WHERE ledger = 0 AND position = 3").await;
    let differs = "the row is not what the entry makes:";
    finds(
        &world,
        &[
            (false, Some(2), &format!("{differs} actor_label, sentence")),
            (false, Some(3), &format!("{differs} changes")),
            (true, Some(2), &format!("{differs} outcome")),
        ],
    )
    .await;
}

async fn missing_rows_are_found_as_a_range(world: World) {
    lived(&world).await;
    world.sql("DELETE FROM {}activity_log_1 WHERE ledger = 0 AND position IN (2, 3, 5)").await;
    world.sql("DELETE FROM {}activity_log_1 WHERE ledger = 1").await;
    finds(
        &world,
        &[
            (false, Some(2), "the rows from 2 to 3 are missing"),
            (false, Some(5), "the row is missing"),
            (true, Some(1), "the rows from 1 to 3 are missing"),
        ],
    )
    .await;
}

const COLUMNS: &str = "organization, at, batch, who, actor_kind, action, outcome, sentence, acts, search";

async fn forge(world: &World, ledger: &str, position: &str) {
    world
        .sql(&format!(
            "INSERT INTO {{}}activity_log_1 (ledger, position, {COLUMNS})
             SELECT {ledger}, {position}, {COLUMNS} FROM {{}}activity_log_1 WHERE ledger = 0 AND position = 2"
        ))
        .await;
}

async fn rows_of_no_entry_are_found(world: World) {
    lived(&world).await;
    let (last, acts) = (world.position(), world.act_head().await);
    for (ledger, position) in [("0", last + 1), ("1", acts + 7), ("2", 1), ("0", 0)] {
        forge(&world, ledger, &position.to_string()).await;
    }
    let what = "there is a row, but no entry that it could be made of";
    finds(
        &world,
        &[
            (false, Some(0), what),
            (false, Some(last + 1), what),
            (true, Some(acts + 7), what),
            (true, Some(1), what),
        ],
    )
    .await;
}

async fn a_row_that_kept_what_was_erased_is_found(world: World) {
    let zoe = world.add("zoe").await;
    let created = world.position();
    world.followed().await;
    world.sql("CREATE TABLE {}kept AS SELECT * FROM {}activity_log_1").await;
    erase(&world, zoe, true).await;
    world.followed().await;
    finds(&world, &[]).await;
    world.sql(&format!("DELETE FROM {{}}activity_log_1 WHERE position = {created}")).await;
    world
        .sql(&format!("INSERT INTO {{}}activity_log_1 SELECT * FROM {{}}kept WHERE position = {created}"))
        .await;
    let what = "the row still holds personal values that were erased";
    finds(&world, &[(false, Some(created), what)]).await;
}

async fn rows_of_an_organization_that_there_is_not_are_found(world: World) {
    lived(&world).await;
    let columns = COLUMNS.replace("organization, ", "");
    world
        .sql(&format!(
            "INSERT INTO {{}}activity_log_1 (organization, ledger, position, {columns})
             SELECT 'ffff', ledger, position, {columns} FROM {{}}activity_log_1 WHERE ledger = 0"
        ))
        .await;
    let found = findings(&world).await;
    let told: Vec<_> = found.iter().map(|it| (it.ledger.id.as_str(), it.kind, it.what.as_str())).collect();
    let what = "activity log: something of it is there, but there is no such organization";
    assert_eq!(told, [("ffff", Kind::Derived, what)]);
    // Who asks about one organization is told of that one.
    let one: OrganizationId = world.id;
    let report = verify(&world.store(), Some(one), &[&ActivityLog], |_| ()).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
}

async fn a_log_of_another_shape_is_to_be_rebuilt(world: World) {
    lived(&world).await;
    world.sql("UPDATE {}projections_live SET shape = 0").await;
    let told = format!("its table has shape 0, this release writes {SHAPE}: rebuild it");
    finds(&world, &[(false, None, &told)]).await;
}

async fn a_log_that_says_it_followed_more_than_there_is_is_found(world: World) {
    lived(&world).await;
    let last = world.position();
    let table = "follower_checkpoints SET position = position + 5 WHERE aggregate_type = 'organization'";
    world.sql(&format!("UPDATE {table}")).await;
    let what = format!("it followed to position {}, where the ledger ends at {last}", last + 5);
    finds(&world, &[(false, None, &what)]).await;
}

async fn nothing_is_found_while_the_log_grows_and_is_erased_from(world: World) {
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
            erase(&writing, user, nth % 2 == 0).await;
            nth += 1;
        }
        nth
    });
    for _ in 0..6 {
        finds(&world, &[]).await;
    }
    is_over.store(true, Ordering::Relaxed);
    assert!(load.await.unwrap() > 0);
    follower.caught_up(world.position(), BOUND).await.unwrap();
    follower.acts_caught_up(world.act_head().await, BOUND).await.unwrap();
    finds(&world, &[]).await;
}

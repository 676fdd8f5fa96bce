//! Of a ledger whose front was pruned verification still names what was forged, and a front that nobody pruned.
use crate::replay_world::{World, on_both_engines};
use rollbook_domain::kernel::context::Actor;
use rollbook_ledger::activity::{Act, Activity, ActivityOutcome, SIGNED_IN, ledger_of};
use rollbook_ledger::entry::leaf_hash;
use rollbook_ledger::store::Head;
use rollbook_replay::verify::{Kind, Report, verify};

on_both_engines!(
    what_is_left_of_a_pruned_ledger_has_the_root_of_all_of_it,
    a_row_that_was_forged_with_its_leaf_after_a_pruning,
    the_tree_in_the_entry_that_prunes_is_as_sealed_as_all,
    a_front_that_went_without_an_entry,
    a_head_that_says_that_more_was_pruned_than_was,
    a_row_that_lies_in_the_pruned_part,
);

/// Seven acts, the first three of them pruned in two parts: what is left is at 4 to 9.
async fn pruned(world: &World) {
    let activity = activity(world);
    let mut at = Vec::new();
    for _ in 0..7 {
        let context = world.context(Actor::User(world.owner));
        at.push(context.at);
        let act = Act {
            context,
            actor_role: Some("Owner".into()),
            action: SIGNED_IN,
            outcome: ActivityOutcome::Ok,
            subject: Some(world.owner.subject()),
            judged_at: world.now().position,
            detail: [].into(),
        };
        let _ = activity.record(act).await.unwrap();
    }
    for (before, went) in [(at[2], 2), (at[3], 1)] {
        assert_eq!(activity.prune_part(before, 1, Actor::System).await.unwrap(), Some(went));
        assert_eq!(activity.prune_part(before, 1, Actor::System).await.unwrap(), None);
    }
}

fn activity(world: &World) -> Activity {
    Activity::new(world.store.clone(), world.clock.clone(), world.now().id)
}

async fn head(world: &World) -> Head {
    world.store.head(&ledger_of(world.now().id)).await.unwrap().unwrap()
}

async fn verified(world: &World) -> Report {
    verify(&world.store, None, &[], |_| ()).await.unwrap()
}

async fn finds(world: &World, expected: &[(Kind, Option<u64>)]) -> Report {
    let report = verified(world).await;
    let found: Vec<_> = report.findings.iter().map(|it| (it.kind, it.position)).collect();
    assert_eq!(found, expected, "{:#?}", report.findings);
    report
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Changes the payload of a row and its leaf with it.
async fn forge(world: &World, position: u64, change: impl FnOnce(&str) -> String) {
    let row = world.store.read_raw(&ledger_of(world.now().id), position, position).await.unwrap().remove(0);
    let mut forged = row.clone();
    forged.payload = change(&row.payload);
    assert_ne!(forged.payload, row.payload);
    let leaf = hex(&leaf_hash(forged.columns().canonical().unwrap().as_bytes()));
    let set = |cast: &str, bytes: &str| {
        format!(
            "UPDATE events SET payload = '{}'{cast}, leaf = {bytes}
              WHERE sequence = {position} AND aggregate_type = 'activity'",
            forged.payload
        )
    };
    let (sqlite, postgres) = (format!("x'{leaf}'"), format!("decode('{leaf}', 'hex')"));
    world.tamper(&set("", &sqlite), &set("::json", &postgres)).await;
}

async fn tamper(world: &World, sql: &str) {
    world.tamper(sql, sql).await;
}

async fn what_is_left_of_a_pruned_ledger_has_the_root_of_all_of_it(world: World) {
    pruned(&world).await;
    let report = finds(&world, &[]).await;
    let found = report.ledgers.iter().find(|one| one.ledger == ledger_of(world.now().id)).unwrap();
    assert_eq!((found.pruned, found.entries, found.position), (3, 6, 9));
    assert_eq!(found.root, Some(head(&world).await.frontier.root()));
}

async fn a_row_that_was_forged_with_its_leaf_after_a_pruning(world: World) {
    pruned(&world).await;
    forge(&world, 5, |payload| payload.replace("ok", "failed")).await;
    let _ = finds(&world, &[(Kind::Tree, None)]).await;
}

async fn the_tree_in_the_entry_that_prunes_is_as_sealed_as_all(world: World) {
    pruned(&world).await;
    let zeros = |payload: &str| {
        let mut payload: serde_json::Value = serde_json::from_str(payload).unwrap();
        payload["frontier"] = "00".repeat(64).into();
        payload.to_string()
    };
    forge(&world, 9, zeros).await;
    let _ = finds(&world, &[(Kind::Tree, None)]).await;
}

async fn a_front_that_went_without_an_entry(world: World) {
    pruned(&world).await;
    let sql = "UPDATE heads SET pruned = 5 WHERE aggregate_type = 'activity';
        DELETE FROM events WHERE aggregate_type = 'activity' AND sequence <= 5;
        DELETE FROM event_subjects WHERE aggregate_type = 'activity' AND sequence <= 5;
        DELETE FROM personal_values WHERE aggregate_type = 'activity' AND sequence <= 5";
    tamper(&world, sql).await;
    let report = finds(&world, &[(Kind::Pruned, None), (Kind::Gap, Some(1))]).await;
    let what = &report.findings[0].what;
    assert_eq!(what, "the head says that all up to 5 is pruned, the entry at 9 says up to 3");
    // Nothing more goes from a ledger that is not whole.
    let refused = activity(&world).prune_part(world.clock.now(), 1, Actor::System).await;
    assert!(refused.unwrap_err().to_string().contains("run `verify`"));
}

/// Neither the head of an activity ledger nor any other's.
async fn a_head_that_says_that_more_was_pruned_than_was(world: World) {
    pruned(&world).await;
    let set = "UPDATE heads SET pruned = position WHERE aggregate_type = ";
    let both = format!("{set}'activity'; {set}'organization';");
    let sqlite = format!("PRAGMA ignore_check_constraints = ON; {both}");
    let postgres = format!("ALTER TABLE heads DROP CONSTRAINT heads_check1; {both}");
    world.tamper(&sqlite, &postgres).await;
    let organization = world.now().position;
    let report = finds(&world, &[(Kind::Pruned, None), (Kind::Pruned, None), (Kind::Gap, Some(1))]).await;
    let [changes, acts, _] = report.findings.as_slice() else { panic!("three findings") };
    assert_eq!(
        changes.what,
        format!("only activity is pruned, but the head says that all up to {organization} is")
    );
    assert_eq!(acts.what, "the head is at 9, but says that all up to 9 is pruned");
    // Every row of the changes was read and is in the tree.
    let found = report.ledgers.iter().find(|one| one.ledger.kind.as_str() == "organization").unwrap();
    assert_eq!((found.entries, found.pruned, found.root.is_some()), (organization, 0, true));
}

async fn a_row_that_lies_in_the_pruned_part(world: World) {
    pruned(&world).await;
    let sql = "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
            at, actor, batch, leaf)
        SELECT aggregate_type, aggregate_id, 2, event_type, event_version, payload, metadata, at, actor, batch, leaf
          FROM events WHERE aggregate_type = 'activity' AND sequence = 4";
    tamper(&world, sql).await;
    let _ = finds(&world, &[(Kind::Pruned, Some(2))]).await;
}

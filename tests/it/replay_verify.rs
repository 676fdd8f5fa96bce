//! Verification finds every kind of tampering that a database administrator can think of, and names just that.
use crate::replay_world::{World, grants, none, on_both_engines};
use rollbook_domain::agent::command::{AgentCommand, AgentEdit};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::snapshot::SHAPE;
use rollbook_domain::user::command::UserCommand;
use rollbook_ledger::activity::{Act, Activity, ActivityOutcome, SIGNED_IN};
use rollbook_ledger::entry::leaf_hash;
use rollbook_ledger::store::Credential;
use rollbook_ledger::system::System;
use rollbook_ledger::writer::ledger_of;
use rollbook_replay::rollback::{Selection, To};
use rollbook_replay::verify::{Kind, Report, verify};
use sha2::Digest as _;

on_both_engines!(
    a_good_deployment_is_clean_in_all_three_kinds_of_ledger,
    a_payload_that_was_changed,
    metadata_that_was_changed,
    a_leaf_that_was_changed,
    a_time_an_actor_and_a_batch_that_were_changed,
    a_subject_that_was_added_or_removed,
    a_history_that_goes_on_after_the_head,
    personal_values_that_lie_after_the_head,
    a_row_that_was_deleted,
    a_head_that_was_moved_without_rows,
    rows_that_lie_after_the_head,
    a_personal_value_that_was_changed,
    a_personal_value_that_was_removed,
    a_personal_value_that_was_left_or_was_erased_rightly,
    a_value_of_an_agent_that_is_gone_or_was_left,
    a_row_that_was_forged_with_its_leaf,
    a_password_that_no_event_made,
    a_snapshot_that_is_not_the_fold,
    an_older_snapshot_that_was_forged,
    an_organization_without_a_head,
    rows_of_a_ledger_without_a_head,
    every_finding_of_many_is_named,
);

async fn peopled(world: &World) {
    let profile = world.profile("Desk", grants(&["users.view"])).await;
    world.user("ann", "Agent", Some(profile)).await;
    world.set_grants(profile, grants(&["queues.view"])).await;
    let to = To::Version(1);
    world.roll_back(&Selection::Entity { subject: profile.subject(), to }, &none()).await;
}

async fn verified(world: &World) -> Report {
    let mut told = Vec::new();
    let report = verify(&world.store, None, &[], |progress| told.push(progress.clone())).await.unwrap();
    assert!(told.iter().all(|progress| progress.position <= progress.of));
    report
}

/// Exactly these findings, by kind and position in the organization's ledger.
async fn finds(world: &World, expected: &[(Kind, Option<u64>)]) {
    let report = verified(world).await;
    let found: Vec<_> = report.findings.iter().map(|it| (it.kind, it.position)).collect();
    assert_eq!(found, expected, "{:#?}", report.findings);
}

/// The same statement on both engines.
async fn tamper(world: &World, sql: &str) {
    world.tamper(sql, sql).await;
}

async fn a_good_deployment_is_clean_in_all_three_kinds_of_ledger(world: World) {
    peopled(&world).await;
    let id = world.now().id;
    let system = System::new(world.store.clone());
    system.register(&world.context(Actor::Operator), id, "Acme").await.unwrap();
    let activity = Activity::new(world.store.clone(), world.clock.clone(), id);
    let act = Act {
        context: world.context(Actor::User(world.owner)),
        actor_role: Some("Owner".into()),
        action: SIGNED_IN,
        outcome: ActivityOutcome::Ok,
        subject: Some(world.owner.subject()),
        judged_at: world.now().position,
        detail: std::collections::BTreeMap::new(),
    };
    activity.record(act).await.unwrap();
    let report = verified(&world).await;
    assert!(report.is_clean(), "{:#?}", report.findings);
    let rows: Vec<_> = report.ledgers.iter().map(|it| (it.ledger.kind.as_str(), it.entries)).collect();
    assert_eq!(rows, [("system", 1), ("organization", world.now().position), ("activity", 1)]);
    let head = world.store.head(&ledger_of(id)).await.unwrap().unwrap();
    assert_eq!(report.ledgers[1].root, Some(head.frontier.root()));
}

async fn a_payload_that_was_changed(world: World) {
    peopled(&world).await;
    world
        .tamper(
            "UPDATE events SET payload = replace(payload, 'Acme', 'Evil') WHERE sequence = 1",
            "UPDATE events SET payload = replace(payload::text, 'Acme', 'Evil')::json WHERE sequence = 1",
        )
        .await;
    finds(&world, &[(Kind::Content, Some(1))]).await;
}

async fn metadata_that_was_changed(world: World) {
    peopled(&world).await;
    world
        .tamper(
            "UPDATE events SET metadata = replace(metadata, 'operator', 'intruder') WHERE sequence = 2",
            "UPDATE events SET metadata = replace(metadata::text, 'operator', 'intruder')::json
             WHERE sequence = 2",
        )
        .await;
    finds(&world, &[(Kind::Content, Some(2))]).await;
}

async fn a_leaf_that_was_changed(world: World) {
    peopled(&world).await;
    let set = |value: &str| format!("UPDATE events SET leaf = {value} WHERE sequence = 3");
    world.tamper(&set("zeroblob(32)"), &set("decode(repeat('00', 32), 'hex')")).await;
    finds(&world, &[(Kind::Leaf, Some(3))]).await;
}

async fn a_time_an_actor_and_a_batch_that_were_changed(world: World) {
    peopled(&world).await;
    tamper(&world, "UPDATE events SET at = at - 7200000000 WHERE sequence = 4").await;
    finds(&world, &[(Kind::At, Some(4))]).await;
    tamper(&world, "UPDATE events SET actor = 'system' WHERE sequence = 5").await;
    let last = world.now().position;
    let batch = "00000000-0000-0000-0000-000000000000";
    tamper(&world, &format!("UPDATE events SET batch = '{batch}' WHERE sequence = {last}")).await;
    let expected = [(Kind::At, Some(4)), (Kind::Actor, Some(5)), (Kind::Batch, Some(last))];
    finds(&world, &expected).await;
}

async fn a_subject_that_was_added_or_removed(world: World) {
    peopled(&world).await;
    tamper(&world, "DELETE FROM event_subjects WHERE sequence = 2").await;
    finds(&world, &[(Kind::Subjects, Some(2))]).await;
    let id = world.now().id;
    let row = format!("('{id}', 'organization', 'user', '{}', 3)", world.owner);
    let insert = "INSERT INTO event_subjects
        (aggregate_id, aggregate_type, subject_kind, subject_id, sequence) VALUES";
    tamper(&world, &format!("{insert} {row}")).await;
    finds(&world, &[(Kind::Subjects, Some(2)), (Kind::Subjects, Some(3))]).await;
}

async fn a_history_that_goes_on_after_the_head(world: World) {
    peopled(&world).await;
    let (id, last) = (world.now().id, world.now().position);
    let named = [
        ("organization", "user", last + 1),
        ("organization", "role", last + 1),
        ("organization", "user", last + 7),
    ];
    let row = |(ledger, kind, at): (&str, &str, u64)| {
        format!("('{id}', '{ledger}', '{kind}', '{}', {at})", world.owner)
    };
    let rows: Vec<_> = named.into_iter().map(row).collect();
    let insert = "INSERT INTO event_subjects
        (aggregate_id, aggregate_type, subject_kind, subject_id, sequence) VALUES";
    tamper(&world, &format!("{insert} {}", rows.join(", "))).await;
    let expected = [last + 1, last + 1, last + 7].map(|at| (Kind::Subjects, Some(at)));
    finds(&world, &expected).await;
    let found = verified(&world).await.findings.remove(0).what;
    let owner = world.owner;
    assert_eq!(found, format!("the history of role:{owner} has this position, which no row is at"));
}

async fn personal_values_that_lie_after_the_head(world: World) {
    peopled(&world).await;
    let (id, last) = (world.now().id, world.now().position);
    let insert = "INSERT INTO personal_values
        (aggregate_id, aggregate_type, sequence, person, ordinals, salts, vals) VALUES";
    let row = |at: u64| format!("('{id}', 'organization', {at}, '{}', '[]', '[]', '[]')", world.owner);
    tamper(&world, &format!("{insert} {}, {}", row(last + 1), row(last + 9))).await;
    finds(&world, &[last + 1, last + 9].map(|at| (Kind::Commitment, Some(at)))).await;
    let found = verified(&world).await.findings.remove(0).what;
    let owner = world.owner;
    assert_eq!(found, format!("personal values of {owner} lie at this position, which no row is at"));
}

async fn a_row_that_was_deleted(world: World) {
    peopled(&world).await;
    tamper(&world, "DELETE FROM events WHERE sequence = 4").await;
    finds(&world, &[(Kind::Gap, Some(4))]).await;
}

async fn a_head_that_was_moved_without_rows(world: World) {
    peopled(&world).await;
    tamper(&world, "UPDATE heads SET position = position + 2").await;
    finds(&world, &[(Kind::HeadAhead, None)]).await;
}

async fn rows_that_lie_after_the_head(world: World) {
    peopled(&world).await;
    let before = world.store.head(&ledger_of(world.now().id)).await.unwrap().unwrap();
    world.user("ben", "Agent", None).await;
    let (position, batch, at) = (before.position, before.batch, before.at_us);
    let frontier = hex(&before.frontier.to_bytes());
    let set = |bytes: &str| {
        format!("UPDATE heads SET position = {position}, batch = '{batch}', at = {at}, frontier = {bytes}")
    };
    world.tamper(&set(&format!("x'{frontier}'")), &set(&format!("decode('{frontier}', 'hex')"))).await;
    finds(&world, &[(Kind::HeadBehind, Some(position + 1))]).await;
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn a_personal_value_that_was_changed(world: World) {
    peopled(&world).await;
    let position = world.now().user_by_login("ann").unwrap().role.position;
    tamper(&world, "UPDATE personal_values SET vals = replace(vals, 'ann of Acme', 'Eve of Acme')").await;
    finds(&world, &[(Kind::Commitment, Some(position))]).await;
}

async fn a_personal_value_that_was_removed(world: World) {
    peopled(&world).await;
    let ann = world.now().user_by_login("ann").unwrap().clone();
    tamper(&world, &format!("DELETE FROM personal_values WHERE person = '{}'", ann.id)).await;
    finds(&world, &[(Kind::PersonalMissing, Some(ann.role.position))]).await;
}

async fn a_personal_value_that_was_left_or_was_erased_rightly(world: World) {
    peopled(&world).await;
    let ann = world.now().user_by_login("ann").unwrap().id;
    let (user, authored) = (ann, false);
    world.owner_does(Command::User(UserCommand::Archive(ann))).await;
    world.owner_does(Command::User(UserCommand::RequestErasure { user, authored })).await;
    finds(&world, &[]).await;
    world.owner_does(Command::User(UserCommand::ConfirmErasure { user, authored })).await;
    let left = verified(&world).await.findings;
    assert!(left.len() > 1 && left.iter().all(|it| it.kind == Kind::PersonalLeft), "{left:#?}");
    world.store.delete_personal(&ledger_of(world.now().id), &ann.to_string()).await.unwrap();
    finds(&world, &[]).await;
}

async fn a_value_of_an_agent_that_is_gone_or_was_left(world: World) {
    peopled(&world).await;
    let seat = AgentEdit { code: Some("Agent/7".into()), ..AgentEdit::default() };
    let created = world.owner_does(Command::Agent(AgentCommand::Create(seat))).await.position;
    let agent = world.now().agent_called("Agent/7").unwrap().id;
    let does = async |command| world.owner_does(Command::Agent(command)).await;
    does(AgentCommand::Archive(agent)).await;
    does(AgentCommand::RequestErasure(agent)).await;
    finds(&world, &[]).await;
    does(AgentCommand::ConfirmErasure(agent)).await;
    let left = verified(&world).await.findings;
    let first = left.first().map(|it| it.position);
    assert!(first == Some(Some(created)) && left.iter().all(|it| it.kind == Kind::PersonalLeft), "{left:#?}");
    world.store.delete_personal(&ledger_of(world.now().id), &agent.to_string()).await.unwrap();
    finds(&world, &[]).await;
    let seat = AgentEdit { code: Some("Agent/8".into()), ..AgentEdit::default() };
    let created = does(AgentCommand::Create(seat)).await.position;
    let agent = world.now().agent_called("Agent/8").unwrap().id;
    tamper(&world, &format!("DELETE FROM personal_values WHERE person = '{agent}'")).await;
    finds(&world, &[(Kind::PersonalMissing, Some(created))]).await;
}

async fn a_row_that_was_forged_with_its_leaf(world: World) {
    peopled(&world).await;
    let row = world.store.read_raw(&ledger_of(world.now().id), 1, 1).await.unwrap().remove(0);
    let mut forged = row.clone();
    forged.payload = row.payload.replace("Acme", "Evil");
    let leaf = hex(&leaf_hash(forged.columns().canonical().unwrap().as_bytes()));
    let set = |cast: &str, bytes: &str| {
        format!("UPDATE events SET payload = '{}'{cast}, leaf = {bytes} WHERE sequence = 1", forged.payload)
    };
    let (sqlite, postgres) = (format!("x'{leaf}'"), format!("decode('{leaf}', 'hex')"));
    world.tamper(&set("", &sqlite), &set("::json", &postgres)).await;
    finds(&world, &[(Kind::Tree, None)]).await;
}

async fn a_password_that_no_event_made(world: World) {
    peopled(&world).await;
    let planted = Credential {
        id: "planted".into(),
        user_id: world.owner.to_string(),
        kind: "password".into(),
        secret_hash: "x".into(),
        created_at_us: 0,
        expires_at_us: None,
        meta: "{}".into(),
    };
    world.store.put_credential(&world.now().id.to_string(), &planted).await.unwrap();
    finds(&world, &[(Kind::Credential, None)]).await;
}

async fn a_snapshot_that_is_not_the_fold(world: World) {
    peopled(&world).await;
    let position = world.now().position;
    world.writer.keep_snapshot().await;
    world.user("ben", "Agent", None).await;
    finds(&world, &[]).await;
    tamper(&world, "UPDATE state_snapshots SET position = position - 1").await;
    finds(&world, &[(Kind::Snapshot, Some(position - 1))]).await;
}

async fn an_older_snapshot_that_was_forged(world: World) {
    peopled(&world).await;
    let (ledger, position) = (ledger_of(world.now().id), world.now().position);
    world.writer.keep_snapshot().await;
    world.user("ben", "Agent", None).await;
    world.writer.keep_snapshot().await;
    finds(&world, &[]).await;
    // A state that could be one, sealed as whoever can write it can seal it: the past would be answered from it.
    let fingerprint = format!("{SHAPE}/tree-1");
    let snapshot = |at| world.store.snapshot_at(&ledger, &fingerprint, at);
    let (newest, older) = (snapshot(u64::MAX).await.unwrap(), snapshot(position).await.unwrap());
    let (newest, mut older) = (newest.unwrap(), older.unwrap());
    let ann = older.state.windows(11).position(|part| part == b"ann of Acme").unwrap();
    older.state[ann..ann + 3].copy_from_slice(b"Eve");
    older.digest = sha2::Sha256::digest(&older.state).into();
    world.store.delete_snapshots(&ledger).await.unwrap();
    for one in [&older, &newest] {
        assert!(world.store.put_snapshot(&ledger, one).await.unwrap());
    }
    finds(&world, &[(Kind::Snapshot, Some(position))]).await;
}

async fn an_organization_without_a_head(world: World) {
    let system = System::new(world.store.clone());
    system.register(&world.context(Actor::Operator), world.now().id, "Acme").await.unwrap();
    finds(&world, &[]).await;
    tamper(&world, "DELETE FROM heads WHERE aggregate_type = 'organization'").await;
    finds(&world, &[(Kind::HeadMissing, None)]).await;
}

/// The findings, each with its ledger's kind and its sentence.
async fn told(world: &World) -> Vec<(Kind, &'static str, String)> {
    let told = |it: rollbook_replay::verify::Finding| (it.kind, it.ledger.kind.as_str(), it.what);
    verified(world).await.findings.into_iter().map(told).collect()
}

async fn rows_of_a_ledger_without_a_head(world: World) {
    peopled(&world).await;
    let (headless, id) = (Kind::HeadMissing, world.now().id);
    let forged = "INSERT INTO personal_values
        (aggregate_id, aggregate_type, sequence, person, ordinals, salts, vals)";
    tamper(&world, &format!("{forged} VALUES ('{id}', 'activity', 1, 'p', '[]', '[]', '[]')")).await;
    let forged =
        "INSERT INTO event_subjects (aggregate_id, aggregate_type, subject_kind, subject_id, sequence)";
    tamper(&world, &format!("{forged} VALUES ('zzz', 'system', 'user', 'u', 1)")).await;
    let expected = [
        (headless, "activity", "it has no head, but rows of it lie in `personal_values`".to_owned()),
        (headless, "system", "it has no head, but rows of it lie in `event_subjects`".to_owned()),
    ];
    assert_eq!(told(&world).await, expected);

    // Nobody registered it: only its rows tell of it.
    tamper(&world, "DELETE FROM heads WHERE aggregate_type = 'organization'").await;
    let everywhere =
        ["events", "event_subjects", "personal_values"].map(|it| format!("rows of it lie in `{it}`"));
    let what = format!("it has no head, but {}", everywhere.join(", and "));
    let [activity, system] = expected;
    assert_eq!(told(&world).await, [(headless, "organization", what), activity, system]);
}

async fn every_finding_of_many_is_named(world: World) {
    peopled(&world).await;
    tamper(&world, "DELETE FROM events WHERE sequence IN (4, 5)").await;
    tamper(&world, "UPDATE events SET actor = 'system' WHERE sequence = 3").await;
    tamper(&world, "UPDATE events SET event_version = '2' WHERE sequence = 6").await;
    finds(&world, &[(Kind::Actor, Some(3)), (Kind::Gap, Some(4)), (Kind::Content, Some(6))]).await;
}

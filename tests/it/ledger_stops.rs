//! When going on could be wrong the writer stops, and whoever opens the organization again is told why.
use crate::ledger_world::{
    World, create_user, founded, history, new_id, on_both_engines, role, submission, user_called, write,
};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::UserId;
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::Command;
use rollbook_domain::user::command::{UserCommand, UserEdit};
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::{Deployment, Open};
use rollbook_ledger::writer::{LoadError, WriteError, ledger_of};

on_both_engines! {
    a_row_beyond_the_head_stops_the_writer
    what_lies_beside_no_row_beyond_the_head_stops_the_writer
    a_rewritten_row_is_not_read
    a_column_that_contradicts_its_entry_is_not_read
    a_lost_row_stops_the_writer
    a_database_behind_what_was_acknowledged_is_not_served
    a_database_that_went_another_way_since_is_not_served
    a_ledger_of_a_newer_release_is_not_served
    a_clock_behind_the_last_entry_writes_nothing
    a_value_that_is_gone_without_a_request_is_a_loss_and_with_one_it_is_erased
    a_ticket_that_looks_like_a_commitment_is_refused
}

/// An organization with one user more than its owner.
async fn stage(world: &World) -> (Deployment, Open, Actor) {
    let deployment = world.deployment().await;
    let (open, owner) = founded(&deployment, new_id()).await;
    another(&open, "zoe").await.unwrap();
    (deployment, open, owner)
}

async fn another(open: &Open, login: &str) -> Result<u64, WriteError> {
    let agent = role(&open.writer.published().organization, true);
    write(open, Actor::Operator, create_user(login, agent)).await.map(|written| written.position)
}

/// The next change is answered with why the writer stopped; what opening says then.
async fn stopped(deployment: &Deployment, open: &Open) -> (String, Result<Open, LoadError>) {
    let error = another(open, "yan").await.unwrap_err();
    assert!(matches!(error, WriteError::Stopped(_)), "{error}");
    assert!(matches!(another(open, "yan").await, Err(WriteError::Stopped(_))));
    assert!(open.writer.has_stopped());
    (error.to_string(), deployment.open(open.writer.id()).await)
}

const COLUMNS: &str =
    "aggregate_type, aggregate_id, event_type, event_version, payload, metadata, at, actor, batch, leaf";

async fn a_row_beyond_the_head_stops_the_writer(world: World) {
    let (deployment, open, _) = stage(&world).await;
    let last = open.writer.published().organization.position;
    world
        .tamper(&format!(
            "INSERT INTO events (sequence, {COLUMNS}) SELECT sequence + 1, {COLUMNS} FROM events WHERE sequence = {last};"
        ))
        .await;
    let (why, opened) = stopped(&deployment, &open).await;
    assert!(why.contains(&format!("a row lies at position {}, beyond the head", last + 1)), "{why}");
    assert!(matches!(opened, Err(LoadError::Beyond { position }) if position == last + 1));
}

async fn what_lies_beside_no_row_beyond_the_head_stops_the_writer(world: World) {
    let (_deployment, open, _) = stage(&world).await;
    let (id, state) = (open.writer.id(), open.writer.published().organization.clone());
    let (zoe, next) = (user_called(&state, "zoe"), state.position + 1);
    let beside = [
        (
            "event_subjects",
            "(aggregate_id, aggregate_type, sequence, subject_kind, subject_id)",
            format!("'user', '{zoe}'"),
        ),
        (
            "personal_values",
            "(aggregate_id, aggregate_type, sequence, person, ordinals, salts, vals)",
            format!("'{zoe}', '[]', '[]', '[]'"),
        ),
    ];
    for (table, columns, values) in beside {
        let deployment = world.deployment().await;
        let open = deployment.open(id).await.unwrap();
        let row = format!("('{id}', 'organization', {next}, {values})");
        world.tamper(&format!("INSERT INTO {table} {columns} VALUES {row};")).await;
        let edit = UserEdit { name: Some("Zoe Other".to_owned()), ..UserEdit::default() };
        let error =
            write(&open, Actor::Operator, Command::User(UserCommand::Edit(zoe, edit))).await.unwrap_err();
        let told = format!("the database is damaged: rows of `{table}` lie beyond the head");
        assert!(matches!(&error, WriteError::Stopped(why) if why.starts_with(&told)), "{error}");
        assert!(open.writer.has_stopped());
        let opened = deployment.open(id).await;
        assert!(matches!(opened, Err(LoadError::Beyond { position }) if position == next));
        world.tamper(&format!("DELETE FROM {table} WHERE sequence = {next};")).await;
    }
    another(&open, "yan").await.unwrap();
}

async fn a_rewritten_row_is_not_read(world: World) {
    let (deployment, open, _) = stage(&world).await;
    let last = open.writer.published().organization.position;
    world.tamper(&format!("UPDATE events SET actor = 'system' WHERE sequence = {last};")).await;
    let elsewhere = world.deployment().await;
    let found = elsewhere.open(open.writer.id()).await.unwrap_err();
    assert!(found.to_string().contains("the column `actor` is not what the entry says"), "{found}");
    // Put back, but with a row of the past exchanged for another sealed entry: the leaf fits, the tree does not.
    let restored = format!(
        "UPDATE events SET actor = 'operator' WHERE sequence = {last}; UPDATE heads SET frontier = {};",
        match world {
            World::Sqlite(_) => "zeroblob(length(frontier))".to_owned(),
            World::Postgres(_) => "decode(repeat('00', octet_length(frontier)), 'hex')".to_owned(),
        }
    );
    world.tamper(&restored).await;
    let found = world.deployment().await.open(open.writer.id()).await.unwrap_err();
    assert!(matches!(found, LoadError::Forked { position } if position == last), "{found}");
    // The writer that holds the true tree notices as soon as it looks.
    assert!(matches!(open.writer.catch_up().await, Err(WriteError::Stopped(_))));
    assert!(deployment.open(open.writer.id()).await.is_err());
}

async fn a_column_that_contradicts_its_entry_is_not_read(world: World) {
    let (_deployment, open, _) = stage(&world).await;
    let last = open.writer.published().organization.position;
    world.tamper(&format!("UPDATE events SET at = at + 1 WHERE sequence = {last};")).await;
    let found = world.deployment().await.open(open.writer.id()).await.unwrap_err();
    assert_eq!(found.to_string(), format!("at position {last}: the column `at` is not what the entry says"));
}

async fn a_lost_row_stops_the_writer(world: World) {
    let (deployment, open, _) = stage(&world).await;
    let last = open.writer.published().organization.position;
    world.tamper(&format!("DELETE FROM events WHERE sequence = {last};")).await;
    let (why, opened) = stopped(&deployment, &open).await;
    assert!(why.contains("not served"), "{why}");
    let why = opened.unwrap_err().to_string();
    assert!(why.contains(&format!("no row at position {last}")), "{why}");
}

async fn a_database_behind_what_was_acknowledged_is_not_served(world: World) {
    let (deployment, open, _) = stage(&world).await;
    let id = open.writer.id();
    let earlier = deployment.store().head(&ledger_of(id)).await.unwrap().unwrap();
    let last = another(&open, "xia").await.unwrap();
    let position = earlier.position;
    world.back_to(&earlier).await;
    let (why, opened) = stopped(&deployment, &open).await;
    assert!(why.contains(&format!("at position {position}, behind {last}")), "{why}");
    assert!(matches!(opened, Err(LoadError::Behind { found, known }) if (found, known) == (position, last)));
    // A process that acknowledged nothing beyond it has nothing to compare with.
    let other = world.deployment().await.open(id).await.unwrap();
    assert_eq!(other.writer.published().organization.position, position);
}

async fn a_database_that_went_another_way_since_is_not_served(world: World) {
    let (deployment, open, _) = stage(&world).await;
    let id = open.writer.id();
    let earlier = deployment.store().head(&ledger_of(id)).await.unwrap().unwrap();
    let last = another(&open, "xia").await.unwrap();
    world.back_to(&earlier).await;
    let elsewhere = world.deployment().await;
    let other = elsewhere.open(id).await.unwrap();
    for login in ["ugo", "vic"] {
        another(&other, login).await.unwrap();
    }
    let (why, opened) = stopped(&deployment, &open).await;
    assert!(why.contains("or that are known here"), "{why}");
    // Not now nor later, though the ledger is as long as what was acknowledged, and longer.
    assert!(matches!(opened, Err(LoadError::Forked { position }) if position == last));
    other.writer.keep_snapshot().await;
    assert!(matches!(deployment.open(id).await, Err(LoadError::Forked { position }) if position == last));
}

async fn a_ledger_of_a_newer_release_is_not_served(world: World) {
    let (deployment, open, _) = stage(&world).await;
    world.tamper("UPDATE heads SET format = 2;").await;
    let (why, opened) = stopped(&deployment, &open).await;
    assert!(why.contains("the ledger has format 2, which this release does not know"), "{why}");
    assert!(matches!(opened, Err(LoadError::Newer { found: 2 })));
}

async fn a_clock_behind_the_last_entry_writes_nothing(world: World) {
    let (deployment, open, _) = stage(&world).await;
    let id = open.writer.id();
    let ahead = Moment(deployment.clock().now().micros() + 3_600_000_000);
    // A told clock is exempt: the demonstration builds months of history in seconds.
    let told = Deployment::new(world.store().await, Clock::told(ahead));
    let position =
        another(&told.open(id).await.unwrap(), "from ahead".replace(' ', "-").as_str()).await.unwrap();
    open.writer.catch_up().await.unwrap();
    let error = another(&open, "yan").await.unwrap_err();
    let WriteError::ClockSkew { millis } = error else { panic!("{error}") };
    assert!((-3_600_000..-3_590_000).contains(&millis), "{millis}");
    assert_eq!(history(deployment.store(), id).await.len() as u64, position);
    assert!(!open.writer.has_stopped());
}

async fn a_value_that_is_gone_without_a_request_is_a_loss_and_with_one_it_is_erased(world: World) {
    let (_deployment, open, _) = stage(&world).await;
    let id = open.writer.id();
    let state = open.writer.published().organization.clone();
    let zoe = state.user_by_login("zoe").unwrap().id;
    let position = state.position;
    world.tamper(&format!("DELETE FROM personal_values WHERE person = '{zoe}';")).await;
    let found = world.deployment().await.open(id).await.unwrap_err();
    assert!(matches!(&found, LoadError::Lost(missing) if missing.position == position), "{found}");
    for command in [UserCommand::Archive(zoe), UserCommand::RequestErasure { user: zoe, authored: false }] {
        write(&open, Actor::Operator, Command::User(command)).await.unwrap();
    }
    let again = world.deployment().await.open(id).await.unwrap().writer.published().organization.clone();
    assert_eq!(again.user(UserId(zoe.uuid())).unwrap().login.text(), "[erased]");
    assert_eq!(again.user_by_login("zoe").map(|user| user.id), None);
}

async fn a_ticket_that_looks_like_a_commitment_is_refused(world: World) {
    let (_deployment, open, owner) = stage(&world).await;
    let agent = role(&open.writer.published().organization, true);
    let mut submission = submission(owner, create_user("yan", agent));
    submission.context.ticket = Some("commit:abc".to_owned());
    let error = open.writer.submit(submission).await.unwrap_err();
    assert!(matches!(error, WriteError::NotStorable(_)), "{error}");
    assert!(world.deployment().await.open(open.writer.id()).await.is_ok());
}

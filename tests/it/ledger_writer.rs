//! One writer: what it answers is durable, complete and what another process reads.
use crate::ledger_world::{
    World, assert_same, context, create_user, found_command, founded, history, new_id, on_both_engines, role,
    submission, user_called, write, written,
};
use rollbook_domain::group::command::{GroupCommand, GroupEdit};
use rollbook_domain::kernel::context::{Actor, Channel};
use rollbook_domain::kernel::rejection::Refusal;
use rollbook_domain::organization::command::{Command, OrganizationCommand};
use rollbook_domain::organization::rejection::Rejection;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::command::{UserCommand, UserEdit};
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::{Deployment, Open};
use rollbook_ledger::writer::{Submission, WriteError, Written, ledger_of};
use std::collections::BTreeMap;
use uuid::Uuid;

on_both_engines! {
    a_founded_organization_is_read_back_as_it_was_published
    metadata_says_who_when_why_from_where_and_by_what_right
    personal_values_lie_in_their_own_table_and_nowhere_else
    a_command_that_changes_nothing_is_answered_and_writes_nothing
    sixty_four_askers_leave_one_gapless_history_of_what_was_accepted
}

async fn a_founded_organization_is_read_back_as_it_was_published(world: World) {
    let deployment = world.deployment().await;
    let id = new_id();
    let (open, owner) = founded(&deployment, id).await;
    let agent = role(&open.writer.published().organization, true);
    for login in ["zoe", "yan", "xia"] {
        write(&open, owner, create_user(login, agent)).await.unwrap();
    }
    let now = open.writer.published().organization.clone();
    let edit = UserEdit { name: Some("Zoë".to_owned()), ..UserEdit::default() };
    let command = Command::User(UserCommand::Edit(user_called(&now, "zoe"), edit));
    let last = write(&open, owner, command).await.unwrap();
    assert_eq!(last.first_position, last.position);
    assert!(matches!(
        write(&open, Actor::Operator, found_command()).await,
        Err(WriteError::Rejected(Rejection::Founded))
    ));

    let published = open.writer.published().organization.clone();
    assert_same(&last.organization, &published);
    let elsewhere = Deployment::new(world.store().await, Clock::default());
    let reloaded = elsewhere.open(id).await.unwrap().writer.published().organization.clone();
    assert_same(&reloaded, &published);
    assert_eq!(published.position, history(elsewhere.store(), id).await.len() as u64);
}

/// A submission by `actor` with everything about it filled in.
fn told(actor: Actor, command: Command) -> Submission {
    let mut submission = submission(actor, command);
    submission.context.reason = Some("planted reason".to_owned());
    submission.context.ticket = Some("T-17".to_owned());
    submission.context.channel = Channel::Console;
    submission.context.ip = Some("203.0.113.77".to_owned());
    submission.context.agent = Some("PlantedAgent/1.0".to_owned());
    submission.context.session = Some(Uuid::from_u128(5));
    submission.context.request = Some(Uuid::from_u128(6));
    submission.context.cause = Some("import:7".to_owned());
    submission
}

async fn metadata_says_who_when_why_from_where_and_by_what_right(world: World) {
    let deployment = world.deployment().await;
    let id = new_id();
    let (open, owner) = founded(&deployment, id).await;
    let agent = role(&open.writer.published().organization, true);
    let submission = told(owner, create_user("zoe", agent));
    let command = submission.context.command;
    let answer = written(open.writer.submit(submission).await.unwrap());

    let rows = history(&world.store().await, id).await;
    let row = rows.last().unwrap();
    assert_eq!(row.position, answer.position);
    let zoe = user_called(&answer.organization, "zoe");
    let me = owner.user().unwrap();
    let owners_role = &answer.organization.role_of(answer.organization.user(me).unwrap()).unwrap().name;
    for (name, expected) in [
        ("actor", format!("user:{me}")),
        ("user", me.to_string()),
        ("actor_role", owners_role.clone()),
        ("at", answer.organization.at.to_string()),
        ("batch", answer.batch.to_string()),
        ("command", command.to_string()),
        ("channel", "console".to_owned()),
        ("cause", "import:7".to_owned()),
        ("ticket", "T-17".to_owned()),
        ("reason", "planted reason".to_owned()),
        ("ip", "203.0.113.77".to_owned()),
        ("agent", "PlantedAgent/1.0".to_owned()),
        ("session", Uuid::from_u128(5).to_string()),
        ("request", Uuid::from_u128(6).to_string()),
        ("subjects", format!("user:{zoe}")),
    ] {
        assert_eq!(row.metadata.get(name), Some(expected.as_str()), "{name}");
    }
    let authority = row.metadata.get("authority").unwrap();
    assert!(authority.starts_with(&format!("users.create by role {owners_role} since ")), "{authority}");
    assert_eq!((row.at, row.batch), (answer.organization.at, answer.batch));
    assert_eq!(rows[0].metadata.get("authority"), Some("operator"));
    assert_eq!(rows[0].metadata.get("actor"), Some("operator"));
    assert_eq!(rows[0].metadata.get("reason"), None);
}

async fn personal_values_lie_in_their_own_table_and_nowhere_else(world: World) {
    let deployment = world.deployment().await;
    let (open, owner) = founded(&deployment, new_id()).await;
    let agent = role(&open.writer.published().organization, true);
    let created = written(open.writer.submit(told(owner, create_user("plantedlogin", agent))).await.unwrap());
    let user = user_called(&created.organization, "plantedlogin");
    let edit = UserEdit { login: Some("replanted".to_owned()), ..UserEdit::default() };
    open.writer.submit(told(owner, Command::User(UserCommand::Edit(user, edit)))).await.unwrap();

    let planted = [
        "plantedlogin",
        "replanted",
        "Name of plantedlogin",
        "plantedlogin@north.example",
        "planted reason",
        "203.0.113.77",
        "PlantedAgent/1.0",
        "Olga Owner",
        "olga@north.example",
    ];
    let kept = world.rows("personal_values").await.join("\n");
    for value in planted {
        assert!(kept.contains(value), "{value} is kept");
    }
    for table in ["events", "event_subjects", "heads", "commands", "credentials", "state_snapshots"] {
        let rows = world.rows(table).await.join("\n");
        for value in planted {
            assert!(!rows.contains(value), "`{value}` lies in {table}");
        }
    }
}

async fn a_command_that_changes_nothing_is_answered_and_writes_nothing(world: World) {
    let deployment = world.deployment().await;
    let id = new_id();
    let (open, owner) = founded(&deployment, id).await;
    let before = open.writer.published().organization.position;
    let rename = Command::Organization(OrganizationCommand::Rename { name: "North".to_owned() });
    let answer = write(&open, owner, rename).await.unwrap();
    assert_eq!((answer.first_position, answer.position, answer.events.len()), (0, before, 0));
    assert_eq!(history(deployment.store(), id).await.len() as u64, before);
}

/// The accepted commands folded in the order of their positions, and nothing else.
pub(crate) fn oracle(accepted: &[(Uuid, Written)]) -> Organization {
    let mut in_order: BTreeMap<u64, &Written> = BTreeMap::new();
    for (_, written) in accepted.iter().filter(|(_, written)| !written.events.is_empty()) {
        assert!(in_order.insert(written.first_position, written).is_none(), "no position is given twice");
    }
    let id = accepted[0].1.organization.id;
    let mut state = Organization::empty(id);
    for (first, written) in in_order {
        assert_eq!(first, state.position + 1, "positions follow one another");
        for event in &written.events {
            let by = written.organization.record(event.subject()).map(|record| record.updated.by);
            state.apply(by.unwrap_or(Actor::System), written.organization.at, event);
        }
        assert_eq!(state.position, written.position);
    }
    state
}

/// The ledger holds each accepted command once, at its positions, and no other.
pub(crate) async fn assert_history_is(world: &World, accepted: &[(Uuid, Written)]) {
    let id = accepted[0].1.organization.id;
    let mut expected: BTreeMap<u64, String> = BTreeMap::new();
    for (command, written) in accepted.iter().filter(|(_, written)| !written.events.is_empty()) {
        expected.extend((written.first_position..=written.position).map(|at| (at, command.to_string())));
    }
    let found = history(&world.store().await, id).await;
    let found: BTreeMap<u64, String> = found
        .into_iter()
        .map(|row| (row.position, row.metadata.get("command").unwrap().to_owned()))
        .collect();
    assert_eq!(found, expected);
}

/// What the `n`-th asker asks next; about a third of it is refused.
pub(crate) fn mixed(organization: &Organization, asker: usize, round: usize) -> Command {
    let agent = role(organization, true);
    let users: Vec<_> = organization.users_after(None).map(|user| user.id).collect();
    let user = users[(asker * 7 + round * 13) % users.len()];
    match (asker + round) % 6 {
        0 => create_user(&format!("user{}", (asker * 5 + round) % 40), agent),
        1 => {
            let edit = UserEdit { name: Some(format!("Name {asker} {round}")), ..UserEdit::default() };
            Command::User(UserCommand::Edit(user, edit))
        }
        2 => Command::User(UserCommand::Block(user)),
        3 => Command::User(UserCommand::Unblock(user)),
        4 => {
            let name = Some(format!("group {}", (asker + round) % 9));
            let members = Some(users.iter().copied().filter(|one| *one != user).take(3).collect());
            Command::Group(GroupCommand::Create(GroupEdit { name, members, ..GroupEdit::default() }))
        }
        _ => {
            let login = Some(format!("login{}", (asker * round) % 30));
            Command::User(UserCommand::Edit(user, UserEdit { login, ..UserEdit::default() }))
        }
    }
}

/// Asks `rounds` times; each answer must be readable elsewhere at once.
pub(crate) async fn ask(
    open: Open,
    elsewhere: rollbook_ledger::store::Store,
    actor: Actor,
    asker: usize,
    rounds: usize,
) -> Vec<(Uuid, Written)> {
    let mut accepted = Vec::new();
    for round in 0..rounds {
        let command = mixed(&open.writer.published().organization, asker, round);
        // Every fifth asks as the owner's equal, the rest as the operator, so that authority refuses too.
        let actor = if asker.is_multiple_of(5) { actor } else { Actor::Operator };
        let submission = submission(actor, command);
        let id = submission.context.command;
        match open.writer.submit(submission).await {
            Ok(answer) => {
                let written = written(answer);
                if !written.events.is_empty() {
                    let ledger = ledger_of(written.organization.id);
                    let (first, last) = (written.first_position, written.position);
                    let rows = elsewhere.read(&ledger, first, last, 10_000).await.unwrap();
                    assert_eq!(rows.len(), written.events.len(), "what was answered is durable");
                }
                accepted.push((id, written));
            }
            Err(WriteError::Rejected(rejection)) => assert_ne!(rejection.code(), ""),
            Err(error) => panic!("{error}"),
        }
    }
    accepted
}

async fn sixty_four_askers_leave_one_gapless_history_of_what_was_accepted(world: World) {
    let deployment = world.deployment().await;
    let (open, owner) = founding(&deployment).await;
    let elsewhere = world.store().await;
    let mut tasks = tokio::task::JoinSet::new();
    for asker in 0..64 {
        tasks.spawn(ask(open.0.clone(), elsewhere.clone(), owner, asker, 12));
    }
    let mut accepted = vec![open.1];
    while let Some(done) = tasks.join_next().await {
        accepted.extend(done.unwrap());
    }
    assert!(accepted.len() > 200, "{} of 768 were accepted", accepted.len());
    assert!(accepted.len() < 700, "{} of 768 were accepted", accepted.len());
    assert_same(&oracle(&accepted), &open.0.writer.published().organization);
    assert_history_is(&world, &accepted).await;
}

/// A new organization, and its founding as the first accepted command.
pub(crate) async fn founding(deployment: &Deployment) -> ((Open, (Uuid, Written)), Actor) {
    let open = deployment.open(new_id()).await.unwrap();
    let context = context(Actor::Operator);
    let command = context.command;
    let submission = Submission { context, ..submission(Actor::Operator, found_command()) };
    let founded = written(open.writer.submit(submission).await.unwrap());
    let owner = user_called(&founded.organization, "owner");
    ((open, (command, founded)), Actor::User(owner))
}

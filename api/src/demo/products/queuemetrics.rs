//! QueueMetrics: classes and keys, queues behind visibility keys, agents apart from users.

use super::tale::Tale;
use crate::cli::Failure;
use crate::demo::cast::Person;
use crate::demo::folder::Login;
use rollbook_domain::agent::command::{AgentCommand, AgentEdit};
use rollbook_domain::agent::state::Level;
use rollbook_domain::group::command::GroupEdit;
use rollbook_domain::key::command::{KeyCommand, KeyEdit};
use rollbook_domain::organization::command::Command;
use rollbook_domain::queue::command::{QueueCommand, QueueEdit};
use rollbook_domain::role::command::{RoleCommand, RoleEdit};
use rollbook_domain::user::command::UserCommand;
use std::collections::BTreeMap;

pub(super) const ADMIN: Person = ("demoadmin", "Greta Holm");
const SUPERVISORS: [Person; 2] = [("s.keller", "Sabine Keller"), ("o.marsh", "Oliver Marsh")];
const VISITOR: Person = ("auditor", "Irene Stavros");
/// Each signs in as the agent whose code is the login.
const AGENTS: [Person; 5] = [
    ("Agent/101", "Piotr Lewandowski"),
    ("Agent/102", "Mariana Duarte"),
    ("Agent/103", "Samuel Adeyemi"),
    ("Agent/104", "Chloé Girard"),
    ("Agent/105", "Henrik Dahl"),
];
const QUEUES: [(&str, Option<&str>); 4] = [
    ("Sales EN", Some("SALES")),
    ("Sales DE", Some("SALES")),
    ("Premium", Some("PREMIUM")),
    ("Support", None),
];

pub(super) async fn play(tale: &Tale<'_>) -> Result<(Vec<Login>, &'static str), Failure> {
    let [first, second] = SUPERVISORS;
    let supervisor = people(tale).await?;
    queues(tale).await?;
    agents(tale).await?;
    tale.days_ago(60);
    let trained = "Grades calls from this month on";
    tale.keys(ADMIN, trained, first, "SALES PREMIUM MON_AUDIO QA_TRACK QA_GRADER").await?;
    tale.keys(ADMIN, "A customer complained of a call that was broken into", second, "SALES -MON_BARGE")
        .await?;
    tale.days_ago(41);
    let migration = "Moves the configuration to the new server";
    let master = |is| Ok::<_, Failure>(Command::User(UserCommand::SetMasterkey(tale.user(first)?, is)));
    tale.act(ADMIN, migration, master(true)?).await?;
    tale.days_ago(39);
    tale.act(ADMIN, "The move is done", master(false)?).await?;
    tale.days_ago(25);
    for person in [AGENTS[0], AGENTS[3]] {
        tale.keys(ADMIN, "Works from home", person, "HIDENUMBERS").await?;
    }
    let left = tale.user(AGENTS[4])?;
    tale.days_ago(18);
    tale.act(ADMIN, "Left the company", Command::User(UserCommand::Block(left))).await?;
    let kept = QueueEdit { delete_protected: Some(true), ..QueueEdit::default() };
    let premium = tale.queue("Premium")?;
    tale.act(ADMIN, "Kept for the yearly report", Command::Queue(QueueCommand::Edit(premium, kept))).await?;
    tale.last_tuesday();
    let keys = ["USER", "AGENT", "MON_AUDIO"].map(|name| tale.key(name));
    let keys = keys.into_iter().collect::<Result<Vec<_>, _>>()?;
    let edit = RoleEdit { keys: Some(keys), ..RoleEdit::default() };
    let class = Command::Role(RoleCommand::Edit(tale.role("User")?, edit));
    tale.act(ADMIN, "For the new supervisor", class).await?;
    Ok((
        vec![supervisor],
        "the class User has the key MON_AUDIO since Tuesday: every agent may listen to every call",
    ))
}

async fn people(tale: &Tale<'_>) -> Result<Login, Failure> {
    for (name, about) in [("SALES", "Sees the sales queues"), ("PREMIUM", "Sees the premium line")] {
        let edit = KeyEdit { name: Some(name.to_owned()), description: Some(about.to_owned()) };
        tale.act(ADMIN, "", Command::Key(KeyCommand::Create(edit))).await?;
    }
    // Without the key of a queue an administrator does not see it either.
    tale.keys(ADMIN, "", ADMIN, "SALES PREMIUM").await?;
    let [first, second] = SUPERVISORS;
    let supervisor = tale.hire_known(ADMIN, first, "Supervisor", None).await?;
    tale.hire(ADMIN, second, "Supervisor", None).await?;
    for person in SUPERVISORS {
        tale.keys(ADMIN, "", person, "SALES MON_AUDIO").await?;
    }
    tale.hire(ADMIN, VISITOR, "Visitor", None).await?;
    for person in AGENTS {
        tale.hire(ADMIN, person, "User", None).await?;
    }
    for (login, name, class) in
        [("robot", "Reports", "Robot"), ("webqloader", "Loads the queue log", "Webqloader")]
    {
        tale.hire(ADMIN, (login, name), class, None).await?;
    }
    Ok(supervisor)
}

async fn queues(tale: &Tale<'_>) -> Result<(), Failure> {
    for (name, lock) in QUEUES {
        let lock = lock.map(|name| tale.key(name)).transpose()?;
        tale.add_queue(ADMIN, name, QueueEdit { visibility_key: Some(lock), ..QueueEdit::default() }).await?;
    }
    // Only its own key is asked for, and it has none.
    let parts = tale.queues(&["Sales EN", "Sales DE", "Premium"])?;
    tale.add_queue(ADMIN, "All sales", QueueEdit { parts: Some(parts), ..QueueEdit::default() }).await?;
    tale.add_group(ADMIN, "First floor", GroupEdit::default()).await
}

async fn agents(tale: &Tale<'_>) -> Result<(), Failure> {
    let queues = tale.queues(&["Sales EN", "Support"])?;
    let levels = [Level::Main, Level::Spill];
    for (nth, person) in (101..).zip(AGENTS) {
        let edit = AgentEdit {
            code: Some(person.0.to_owned()),
            description: Some(person.1.to_owned()),
            aliases: Some(vec![format!("SIP/{nth}")]),
            extension: Some(Some(nth.to_string())),
            group: Some(Some(tale.group("First floor")?)),
            supervisor: Some(Some(tale.user(SUPERVISORS[0])?)),
            queues: Some(queues.iter().copied().zip(levels).collect::<BTreeMap<_, _>>()),
            ..AgentEdit::default()
        };
        tale.act(ADMIN, "", Command::Agent(AgentCommand::Create(edit))).await?;
    }
    Ok(())
}

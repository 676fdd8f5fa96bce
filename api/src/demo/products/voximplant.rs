//! Voximplant Kit: five roles, groups with supervisors, editors of queues, a campaign, ownership passed on.

use super::tale::Tale;
use crate::cli::Failure;
use crate::demo::cast::Person;
use crate::demo::folder::Login;
use rollbook_domain::group::command::{GroupCommand, GroupEdit};
use rollbook_domain::organization::command::{Command, OrganizationCommand};
use rollbook_domain::queue::command::{QueueCommand, QueueEdit};
use rollbook_domain::queue::state::{QueueKind, Supervision};
use rollbook_domain::settings::state::{Setting, SettingValue};
use rollbook_domain::user::command::UserCommand;
use std::collections::BTreeMap;

/// Who founded it, and is an administrator by now.
pub(super) const OWNER: Person = ("l.bianchi", "Lorenzo Bianchi");
const ADMINISTRATOR: Person = ("k.oduya", "Kemi Oduya");
const MANAGER: Person = ("f.weber", "Franziska Weber");
const SUPERVISORS: [Person; 2] = [("a.silva", "Artur Silva"), ("y.tan", "Tan Yi Ling")];
const AGENTS: [Person; 6] = [
    ("b.novak", "Blanka Nováková"),
    ("c.diallo", "Cheikh Diallo"),
    ("d.popescu", "Doina Popescu"),
    ("e.larsen", "Espen Larsen"),
    ("g.moreau", "Gaël Moreau"),
    ("h.sato", "Hina Sato"),
];

pub(super) async fn play(tale: &Tale<'_>) -> Result<(Vec<Login>, &'static str), Failure> {
    tale.hire(OWNER, ADMINISTRATOR, "Administrator", None).await?;
    let manager = tale.hire_known(OWNER, MANAGER, "Manager", None).await?;
    for person in SUPERVISORS {
        tale.hire(MANAGER, person, "Supervisor", None).await?;
    }
    for person in AGENTS {
        tale.hire(MANAGER, person, "Agent", None).await?;
    }
    places(tale).await?;
    months(tale).await?;
    tale.last_tuesday();
    let everybody = GroupEdit { members: Some(tale.users(&AGENTS[..5])?), ..GroupEdit::default() };
    let billing = Command::Group(GroupCommand::Edit(tale.group("Billing")?, everybody));
    tale.act(MANAGER, "", billing).await?;
    Ok((
        vec![manager],
        "since Tuesday all agents are in the group Billing, so its supervisor reaches them all",
    ))
}

async fn places(tale: &Tale<'_>) -> Result<(), Failure> {
    let [first, second] = SUPERVISORS;
    for (name, lead, members) in [("Billing", first, &AGENTS[..3]), ("Support", second, &AGENTS[3..])] {
        let edit = GroupEdit {
            members: Some(tale.users(members)?),
            supervisors: Some(tale.users(&[lead])?),
            ..GroupEdit::default()
        };
        tale.add_group(MANAGER, name, edit).await?;
    }
    for (name, lead, how) in [
        ("Invoices", first, Supervision::Editor),
        ("Chat", second, Supervision::Editor),
        ("Night", second, Supervision::Viewer),
    ] {
        let edit = QueueEdit {
            agents: Some(tale.users(&AGENTS[..4])?),
            supervisors: Some(BTreeMap::from([(tale.user(lead)?, how)])),
            ..QueueEdit::default()
        };
        tale.add_queue(MANAGER, name, edit).await?;
    }
    Ok(())
}

async fn months(tale: &Tale<'_>) -> Result<(), Failure> {
    tale.days_ago(70);
    let campaign = QueueEdit {
        kind: Some(QueueKind::Campaign),
        agents: Some(tale.users(&AGENTS[4..])?),
        ..QueueEdit::default()
    };
    tale.add_queue(ADMINISTRATOR, "Win back", campaign).await?;
    let silent = BTreeMap::from([(Setting::OutboundCalls, SettingValue::Flag(false))]);
    let edit = GroupEdit { settings: Some(silent), ..GroupEdit::default() };
    let billing = Command::Group(GroupCommand::Edit(tale.group("Billing")?, edit));
    tale.act(ADMINISTRATOR, "Billing answers, it does not call", billing).await?;
    tale.days_ago(52);
    let moved = QueueEdit { agents: Some(tale.users(&AGENTS[1..5])?), ..QueueEdit::default() };
    let queue = Command::Queue(QueueCommand::Edit(tale.queue("Invoices")?, moved));
    tale.act(MANAGER, "Month-end", queue).await?;
    tale.days_ago(33);
    let promoted = UserCommand::AssignRole(tale.user(AGENTS[2])?, tale.role("Supervisor")?);
    tale.act(MANAGER, "Leads the night shift", Command::User(promoted)).await?;
    tale.days_ago(20);
    let to = tale.user(ADMINISTRATOR)?;
    let transfer = Command::Organization(OrganizationCommand::Transfer { to });
    tale.act(OWNER, "Hands over the account", transfer).await?;
    tale.days_ago(11);
    tale.leaves(MANAGER, AGENTS[5]).await
}

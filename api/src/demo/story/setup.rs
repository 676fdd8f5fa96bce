//! The first three days: staff, profiles, keys, queues, groups.

use super::{GROUPS, TEAM_LEAD, administrator, manager, people, scene, why};
use crate::cli::Failure;
use crate::demo::build::Stage;
use crate::demo::cast;
use crate::demo::folder::Login;
use crate::demo::times::Times;
use rollbook_domain::group::command::{GroupCommand, GroupEdit};
use rollbook_domain::kernel::id::{KeyId, Kind, QueueId};
use rollbook_domain::key::command::{KeyCommand, KeyEdit};
use rollbook_domain::organization::command::Command;
use rollbook_domain::permission::grant::{Grant, Scope};
use rollbook_domain::profile::command::{ProfileCommand, ProfileEdit};
use rollbook_domain::queue::command::{QueueCommand, QueueEdit};
use rollbook_domain::queue::state::QueueKind;

/// Owner, administrators, auditor and managers; three of them with passwords of their own.
pub(super) async fn staff(stage: &Stage, times: Times, people: &mut Vec<Login>) -> Result<(), Failure> {
    let owner = |minute| scene(cast::OWNER, times.ago(92, 9, minute));
    for (minute, person) in (0..).zip(cast::ADMINISTRATORS) {
        people::hire(stage, owner(minute), person, "Administrator").await?;
    }
    people::hire(stage, owner(10), cast::AUDITOR, "Auditor").await?;
    people.push(stage.password(owner(20), "administrator", administrator()).await?);
    people.push(stage.password(owner(21), "auditor", cast::AUDITOR).await?);
    for (minute, person) in (30..).zip(cast::MANAGERS) {
        people::hire(stage, scene(administrator(), times.ago(92, 10, minute)), person, "Manager").await?;
    }
    for (minute, person) in (0..).zip(cast::SUPERVISORS) {
        let hired = scene(manager(0), times.ago(92, 13, minute));
        people::hire(stage, hired, person, "Supervisor").await?;
    }
    let first = cast::SUPERVISORS.first().copied().unwrap_or(cast::OWNER);
    people.push(stage.password(scene(administrator(), times.ago(92, 13, 30)), "supervisor", first).await?);
    Ok(())
}

/// A profile: its name, what it is for, what it grants.
type NewProfile = (&'static str, &'static str, &'static [(&'static str, Scope)]);

/// Profiles on top of roles, and two keys.
pub(super) async fn profiles_and_keys(stage: &Stage, times: Times) -> Result<(), Failure> {
    let profiles: [NewProfile; 3] = [
        (
            TEAM_LEAD,
            "What a supervisor needs to lead a team day by day",
            &[
                ("calls.recordings", Scope::Managed),
                ("monitoring.live", Scope::Assigned),
                ("wallboards.edit", Scope::All),
            ],
        ),
        (
            "Quality analyst",
            "Listens to recordings to score them",
            &[("calls.history", Scope::Group), ("calls.recordings", Scope::Group)],
        ),
        ("Outbound agent", "Works campaigns", &[("contacts.edit", Scope::All)]),
    ];
    for (minute, (name, about, grants)) in (0..).zip(profiles) {
        let grants = grants.iter().map(|(permission, scope)| Grant::new(permission, *scope)).collect();
        let edit = ProfileEdit {
            name: Some(name.into()),
            description: Some(about.into()),
            grants: Some(grants),
            ..ProfileEdit::default()
        };
        let at = times.ago(91, 9, minute);
        stage.act(scene(administrator(), at), Command::Profile(ProfileCommand::Create(edit))).await?;
    }
    for (minute, (name, about)) in
        (30..).zip([("VIP", "Opens the line for key accounts"), ("PAYMENTS", "May take card payments")])
    {
        let edit = KeyEdit { name: Some(name.into()), description: Some(about.into()) };
        let at = times.ago(91, 9, minute);
        stage.act(scene(administrator(), at), Command::Key(KeyCommand::Create(edit))).await?;
    }
    Ok(())
}

/// Queues, one of them locked and one made of others, and the groups.
pub(super) async fn queues_and_groups(stage: &Stage, times: Times) -> Result<(), Failure> {
    let queues = [
        ("Billing", "Invoices and payments"),
        ("Sales", "New customers"),
        ("Support", "Questions about the product"),
        ("Technical support", "Faults"),
        ("Complaints", "Whoever is not content"),
    ];
    for (minute, (name, about)) in (0..).zip(queues) {
        let edit =
            QueueEdit { name: Some(name.into()), description: Some(about.into()), ..QueueEdit::default() };
        create_queue(stage, times, minute, edit).await?;
    }
    let vip = KeyId(stage.find(Kind::Key, "VIP")?);
    let locked =
        QueueEdit { name: Some("VIP line".into()), visibility_key: Some(Some(vip)), ..QueueEdit::default() };
    create_queue(stage, times, 6, locked).await?;
    let parts = [
        QueueId(stage.find(Kind::Queue, "Support")?),
        QueueId(stage.find(Kind::Queue, "Technical support")?),
    ];
    let aggregate =
        QueueEdit { name: Some("All support".into()), parts: Some(parts.to_vec()), ..QueueEdit::default() };
    create_queue(stage, times, 7, aggregate).await?;
    for (minute, name) in (0..).zip(GROUPS) {
        let edit = GroupEdit { name: Some(name.into()), ..GroupEdit::default() };
        let at = times.ago(91, 14, minute);
        stage.act(scene(manager(1), at), Command::Group(GroupCommand::Create(edit))).await?;
    }
    Ok(())
}

async fn create_queue(stage: &Stage, times: Times, minute: i64, edit: QueueEdit) -> Result<(), Failure> {
    let scene = why(administrator(), times.ago(91, 11, minute), "Opening of the centre", "OPS-2101");
    let edit = QueueEdit { kind: edit.kind.or(Some(QueueKind::Queue)), ..edit };
    stage.act(scene, Command::Queue(QueueCommand::Create(edit))).await
}

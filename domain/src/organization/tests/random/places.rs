//! Random commands about queues, groups, agents and objects, and the details of users.

use super::{Dice, Ids};
use crate::agent::command::{AgentCommand, AgentEdit};
use crate::agent::state::Level;
use crate::group::command::{GroupCommand, GroupEdit};
use crate::object::command::{ObjectCommand, ObjectEdit, Use};
use crate::queue::command::{QueueCommand, QueueEdit};
use crate::queue::state::Supervision;
use crate::settings::state::{Setting, SettingValue};
use crate::user::detail::{Detail, Details, Plain};

pub(super) fn supervision(dice: &mut Dice) -> Supervision {
    if dice.coin() { Supervision::Editor } else { Supervision::Viewer }
}

pub(super) fn queue(ids: &Ids, dice: &mut Dice) -> QueueCommand {
    let queue = dice.one(&ids.queues);
    let edit = QueueEdit {
        visibility_key: dice.coin().then(|| dice.coin().then(|| dice.one(&ids.keys))),
        parts: dice.coin().then(|| dice.some(&ids.queues)),
        agents: dice.coin().then(|| dice.some(&ids.users)),
        supervisors: dice
            .coin()
            .then(|| dice.some(&ids.users).into_iter().map(|user| (user, supervision(dice))).collect()),
        ..QueueEdit::default()
    };
    match dice.roll(7) {
        3 => {
            let (update_protected, delete_protected) = (Some(dice.coin()), Some(dice.coin()));
            QueueCommand::Edit(
                queue,
                QueueEdit { update_protected, delete_protected, ..QueueEdit::default() },
            )
        }
        0 => QueueCommand::Create(QueueEdit { name: Some(dice.name()), ..edit }),
        1 => QueueCommand::Archive(queue),
        2 => QueueCommand::Restore(queue),
        _ => QueueCommand::Edit(queue, edit),
    }
}

pub(super) fn group(ids: &Ids, dice: &mut Dice) -> GroupCommand {
    let group = dice.one(&ids.groups);
    let outbound = SettingValue::Flag(dice.coin());
    let edit = GroupEdit {
        members: dice.coin().then(|| dice.some(&ids.users)),
        supervisors: dice.coin().then(|| dice.some(&ids.users)),
        settings: dice.coin().then(|| [(Setting::OutboundCalls, outbound)].into()),
        ..GroupEdit::default()
    };
    match dice.roll(6) {
        0 => GroupCommand::Create(GroupEdit { name: Some(dice.name()), ..edit }),
        1 => GroupCommand::Archive(group),
        2 => GroupCommand::Restore(group),
        _ => GroupCommand::Edit(group, edit),
    }
}

pub(super) fn agent(ids: &Ids, dice: &mut Dice) -> AgentCommand {
    let agent = dice.one(&ids.agents);
    let edit = agent_edit(ids, dice);
    match dice.roll(10) {
        0 => AgentCommand::Create(AgentEdit { code: Some(dice.name()), ..edit }),
        1 => AgentCommand::Archive(agent),
        2 => AgentCommand::Restore(agent),
        3 => {
            let (update_protected, delete_protected) = (Some(dice.coin()), Some(dice.coin()));
            AgentCommand::Edit(
                agent,
                AgentEdit { update_protected, delete_protected, ..AgentEdit::default() },
            )
        }
        4..=7 => {
            // By itself, so that nothing else of it is refused.
            let (group, queues) = if dice.coin() { (edit.group, None) } else { (None, edit.queues) };
            AgentCommand::Edit(agent, AgentEdit { group, queues, ..AgentEdit::default() })
        }
        _ => AgentCommand::Edit(agent, edit),
    }
}

pub(super) fn agent_edit(ids: &Ids, dice: &mut Dice) -> AgentEdit {
    let levels = [Level::Main, Level::Wrap, Level::Spill];
    let maybe = |dice: &mut Dice| dice.coin().then(|| dice.coin().then(|| dice.name()));
    AgentEdit {
        code: dice.coin().then(|| dice.name()),
        description: dice.coin().then(|| dice.name()),
        aliases: dice.coin().then(|| (0..dice.roll(3)).map(|_| dice.name()).collect()),
        location: maybe(dice),
        payroll_code: maybe(dice),
        extension: maybe(dice),
        visibility_key: dice.coin().then(|| dice.coin().then(|| dice.one(&ids.keys))),
        group: dice.coin().then(|| dice.coin().then(|| dice.one(&ids.groups))),
        supervisor: dice.coin().then(|| dice.coin().then(|| dice.one(&ids.users))),
        queues: dice
            .coin()
            .then(|| dice.some(&ids.queues).into_iter().map(|queue| (queue, dice.one(&levels))).collect()),
        update_protected: (dice.roll(4) == 0).then(|| dice.coin()),
        delete_protected: (dice.roll(4) == 0).then(|| dice.coin()),
    }
}

/// None where the catalog has no kinds.
pub(super) fn object(ids: &Ids, dice: &mut Dice) -> Option<ObjectCommand> {
    if ids.kinds.is_empty() {
        return None;
    }
    if ids.objects.is_empty() || dice.roll(6) == 0 {
        let (kind, name) = (Some(dice.one(&ids.kinds).to_string()), Some(dice.name()));
        return Some(ObjectCommand::Create(ObjectEdit { kind, name, ..object_edit(ids, dice) }));
    }
    let object = dice.one(&ids.objects);
    let by = match dice.roll(3) {
        0 => Use::User(dice.one(&ids.users)),
        1 => Use::Queue(dice.one(&ids.queues)),
        _ => Use::Object(dice.one(&ids.objects)),
    };
    Some(match dice.roll(8) {
        0 => ObjectCommand::Archive(object),
        1 => ObjectCommand::Restore(object),
        2..=5 => ObjectCommand::SetUse(object, by, dice.coin()),
        _ => ObjectCommand::Edit(object, object_edit(ids, dice)),
    })
}

pub(super) fn object_edit(ids: &Ids, dice: &mut Dice) -> ObjectEdit {
    let key = |dice: &mut Dice| dice.coin().then(|| dice.coin().then(|| dice.one(&ids.keys)));
    ObjectEdit {
        kind: None,
        name: dice.coin().then(|| dice.name()),
        description: dice.coin().then(|| dice.name()),
        visibility_key: key(dice),
        reports_key: (dice.roll(4) == 0).then(|| dice.one(&ids.keys)).map(Some),
        contents: (dice.roll(3) == 0).then(|| (0..dice.roll(3)).map(|_| dice.name()).collect()),
    }
}

/// Extensions are few, so that they are taken.
pub(super) fn details(dice: &mut Dice) -> Details {
    let all = [
        (Detail::Extension, Plain::Text(dice.roll(9).to_string())),
        (Detail::Comment, Plain::Text(dice.name())),
        (Detail::Language, Plain::Text("es".into())),
    ];
    dice.some(&all).into_iter().map(|(detail, to)| (detail, dice.coin().then_some(to))).collect()
}

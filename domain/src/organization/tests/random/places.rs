//! Random commands about queues, groups and agents.

use super::{Dice, Ids};
use crate::agent::command::{AgentCommand, AgentEdit};
use crate::agent::state::Level;
use crate::group::command::{GroupCommand, GroupEdit};
use crate::queue::command::{QueueCommand, QueueEdit};
use crate::queue::state::Supervision;
use crate::settings::state::{Setting, SettingValue};

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

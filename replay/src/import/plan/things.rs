//! What rows about keys, roles, queues, groups and agents ask for.
//!
//! Of what is there the command names all that the file says; the rules find what differs.

use super::{Eyes, Step};
use crate::import::record::{AgentRecord, Columns, GroupRecord, KeyRecord, QueueRecord, RoleRecord};
use crate::import::report::RowError;
use rollbook_domain::agent::command::{AgentCommand, AgentEdit};
use rollbook_domain::agent::state::Level;
use rollbook_domain::group::command::{GroupCommand, GroupEdit};
use rollbook_domain::kernel::id::{AgentId, GroupId, KeyId, Kind, QueueId, RoleId, UserId};
use rollbook_domain::key::command::{KeyCommand, KeyEdit};
use rollbook_domain::organization::command::Command;
use rollbook_domain::queue::command::{QueueCommand, QueueEdit};
use rollbook_domain::role::command::{RoleCommand, RoleEdit};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Looks for what a row names.
pub(super) struct Naming<'a> {
    pub(super) eyes: &'a Eyes<'a>,
    pub(super) row: u32,
    pub(super) columns: Columns,
}

impl Naming<'_> {
    fn error(&self, field: &str, code: &str, detail: &str) -> RowError {
        RowError::new(self.row, &self.columns.of(field), code, detail)
    }

    fn there(&self, kind: Kind, name: &str) -> Option<Uuid> {
        (self.eyes.find)(kind, name)
    }

    pub(super) fn named(&self, kind: Kind, field: &str, name: &str) -> Result<Uuid, RowError> {
        self.there(kind, name).ok_or_else(|| {
            let word = kind.word();
            self.error(field, &format!("no_such_{word}"), &format!("there is no such {word}; add it first"))
        })
    }

    fn maybe(&self, kind: Kind, field: &str, name: Option<&str>) -> Result<Option<Uuid>, RowError> {
        name.map(|name| self.named(kind, field, name)).transpose()
    }

    fn all(&self, kind: Kind, field: &str, names: &[String]) -> Result<Vec<Uuid>, RowError> {
        names.iter().map(|name| self.named(kind, field, name)).collect()
    }

    pub(super) fn key(&self, key: &KeyRecord) -> Step {
        let edit = KeyEdit { name: Some(key.name.clone()), ..KeyEdit::default() };
        let is_new = self.there(Kind::Key, &key.name).is_none();
        let command = is_new.then_some(Command::Key(KeyCommand::Create(edit)));
        Step { command, is_new, password: None }
    }

    /// A new role gets the lowest rank there is, and no grants but what its keys open.
    pub(super) fn role(&self, role: &RoleRecord) -> Result<Step, RowError> {
        let keys = role.keys.as_ref().map(|keys| self.all(Kind::Key, "keys", keys)).transpose()?;
        let edit = RoleEdit {
            description: role.description.clone(),
            keys: keys.map(|keys| keys.into_iter().map(KeyId).collect()),
            ..RoleEdit::default()
        };
        Ok(match self.there(Kind::Role, &role.name) {
            Some(id) => Step::change(Command::Role(RoleCommand::Edit(RoleId(id), edit))),
            None => {
                let ranks = self.eyes.organization.roles.values().map(|role| role.rank.value);
                let (name, rank) = (Some(role.name.clone()), Some(ranks.min().unwrap_or(1)));
                Step::new(Command::Role(RoleCommand::Create(RoleEdit { name, rank, ..edit })))
            }
        })
    }

    pub(super) fn queue(&self, queue: &QueueRecord) -> Result<Step, RowError> {
        let key = self.maybe(Kind::Key, "visibility_key", queue.key.as_deref())?;
        let parts = queue.parts.as_ref().map(|parts| self.all(Kind::Queue, "parts", parts)).transpose()?;
        let edit = QueueEdit {
            visibility_key: key.map(|key| Some(KeyId(key))),
            parts: parts.map(|parts| parts.into_iter().map(QueueId).collect()),
            ..QueueEdit::default()
        };
        Ok(match self.there(Kind::Queue, &queue.name) {
            Some(id) => Step::change(Command::Queue(QueueCommand::Edit(QueueId(id), edit))),
            None => {
                let edit = QueueEdit { name: Some(queue.name.clone()), ..edit };
                Step::new(Command::Queue(QueueCommand::Create(edit)))
            }
        })
    }

    /// Those who are in it stay.
    pub(super) fn group(&self, group: &GroupRecord) -> Result<Step, RowError> {
        let named = self.all(Kind::User, "groups", &group.members)?.into_iter().map(UserId);
        let Some(id) = self.there(Kind::Group, &group.name).map(GroupId) else {
            let (name, members) = (Some(group.name.clone()), Some(named.collect()));
            let edit = GroupEdit { name, members, ..GroupEdit::default() };
            return Ok(Step::new(Command::Group(GroupCommand::Create(edit))));
        };
        let there = self.eyes.organization.groups.get(&id);
        let there = there.into_iter().flat_map(|group| group.members.iter().copied());
        let members: std::collections::BTreeSet<_> = there.chain(named).collect();
        let edit = GroupEdit { members: Some(members.into_iter().collect()), ..GroupEdit::default() };
        Ok(Step::change(Command::Group(GroupCommand::Edit(id, edit))))
    }

    pub(super) fn agent(&self, agent: &AgentRecord) -> Result<Step, RowError> {
        let AgentRecord { code, description, aliases, location, payroll_code, .. } = agent;
        let key = self.maybe(Kind::Key, "visibility_key", agent.key.as_deref())?;
        let group = self.maybe(Kind::Group, "group", agent.group.as_deref())?;
        let supervisor = self.maybe(Kind::User, "supervisor", agent.supervisor.as_deref())?;
        let edit = AgentEdit {
            description: description.clone(),
            aliases: aliases.clone(),
            location: location.clone().map(Some),
            payroll_code: payroll_code.clone().map(Some),
            visibility_key: key.map(|key| Some(KeyId(key))),
            group: group.map(|group| Some(GroupId(group))),
            supervisor: supervisor.map(|user| Some(UserId(user))),
            queues: agent.queues.as_ref().map(|queues| self.levels(queues)).transpose()?,
            ..AgentEdit::default()
        };
        // An alias of another agent is no agent of that code.
        let found = self.there(Kind::Agent, code).map(AgentId);
        Ok(match found {
            Some(id) => Step::change(Command::Agent(AgentCommand::Edit(id, edit))),
            None => {
                let edit = AgentEdit { code: Some(code.clone()), ..edit };
                Step::new(Command::Agent(AgentCommand::Create(edit)))
            }
        })
    }

    fn levels(&self, queues: &[(String, String)]) -> Result<BTreeMap<QueueId, Level>, RowError> {
        let level = |word: &str| match word.to_ascii_lowercase().as_str() {
            "main" => Ok(Level::Main),
            "wrap" => Ok(Level::Wrap),
            "spill" => Ok(Level::Spill),
            _ => Err(self.error("queues", "unknown_word", "a level is Main, Wrap or Spill")),
        };
        let one = |(queue, word): &(String, String)| {
            Ok((QueueId(self.named(Kind::Queue, "queues", queue)?), level(word)?))
        };
        queues.iter().map(one).collect()
    }
}

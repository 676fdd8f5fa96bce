//! An organization as a dump of a QueueMetrics configuration, which [`queuemetrics`](super::queuemetrics) reads again.
//!
//! Classes, users, agent groups, queues and agents, those that whoever asks may see, the archived left out. There is no
//! password in it, nor what QueueMetrics does not have: profiles, login windows, grants.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rollbook_domain::agent::state::{Agent, Level};
use rollbook_domain::kernel::id::{GroupId, KeyId, Subject};
use rollbook_domain::kernel::shared::Standing;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::queue::state::Queue;
use rollbook_domain::role::state::Role;
use rollbook_domain::user::state::{Status, User};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The dump of what `sees` says may be seen.
#[must_use]
pub fn dump(organization: &Organization, sees: &dyn Fn(Subject) -> bool) -> String {
    let dumping = Dumping { organization, sees };
    let Organization { roles, queues, groups, agents, .. } = organization;
    let is_used = |status: Standing| status == Standing::Active;
    let roles = roles.values().filter(|role| is_used(role.status) && sees(role.id.subject()));
    let mut lines: Vec<_> = roles.map(|role| line("class", dumping.role(role))).collect();
    let users = organization.users_after(None).filter(|user| user.status.value != Status::Archived);
    lines.extend(users.filter(|user| sees(user.id.subject())).map(|user| line("user", dumping.user(user))));
    let agents: Vec<_> =
        agents.values().filter(|agent| is_used(agent.status) && sees(agent.id.subject())).collect();
    let named: BTreeSet<GroupId> = agents.iter().filter_map(|agent| agent.group).collect();
    let named = named.iter().filter_map(|id| groups.get(id)).filter(|group| sees(group.id.subject()));
    lines.extend(named.map(|group| line("agentGroup", json!({ "name": group.name }))));
    let queues = queues.values().filter(|queue| is_used(queue.status) && sees(queue.id.subject()));
    lines.extend(queues.map(|queue| line("queue", dumping.queue(queue))));
    lines.extend(agents.into_iter().map(|agent| line("agent", dumping.agent(agent))));
    lines.concat()
}

fn line(editor: &str, record: Value) -> String {
    format!("{editor}\t{}\n", STANDARD.encode(record.to_string()))
}

/// In an order that is the same wherever they have other ids.
fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

struct Dumping<'a> {
    organization: &'a Organization,
    sees: &'a dyn Fn(Subject) -> bool,
}

impl Dumping<'_> {
    /// A name, for whoever may see what is called so.
    fn name(&self, subject: Subject) -> Option<String> {
        self.organization.label(subject).filter(|_| (self.sees)(subject))
    }

    /// Keys are told by name to whoever sees what they are on.
    fn key(&self, key: KeyId) -> Option<String> {
        self.organization.label(key.subject())
    }

    fn role(&self, role: &Role) -> Value {
        let keys = sorted(role.keys.iter().filter_map(|key| self.key(*key)));
        json!({ "name": role.name, "description": role.description, "keys": keys.join(" ") })
    }

    fn user(&self, user: &User) -> Value {
        let key =
            |minus: bool, key| self.key(key).map(|name| format!("{}{name}", if minus { "-" } else { "" }));
        let keys = sorted(user.keys.iter().filter_map(|entry| key(entry.minus, entry.key)));
        let class = self.organization.label(user.role.value.subject());
        json!({
            "login": user.login.text(),
            "real_name": user.name.text(),
            "email": user.email.as_ref().map(|email| email.text()),
            "class": class,
            "keys": keys.join(" "),
            "masterkey": user.masterkey.value,
            "enabled": user.status.value != Status::Blocked,
        })
    }

    fn queue(&self, queue: &Queue) -> Value {
        let parts = sorted(queue.parts.iter().filter_map(|part| self.name(part.subject())));
        let key = queue.visibility_key.value.and_then(|key| self.key(key));
        json!({ "name": queue.name, "composition": parts.join("|"), "visibility_key": key })
    }

    fn agent(&self, agent: &Agent) -> Value {
        let aliases: Vec<_> = agent.aliases.iter().map(|alias| alias.text()).collect();
        let queues = agent.queues.iter().filter_map(|(queue, level)| {
            let level = match level {
                Level::Main => "Main",
                Level::Wrap => "Wrap",
                Level::Spill => "Spill",
            };
            Some(json!(["inbound", self.name(queue.subject())?, level]))
        });
        json!({
            "nome_agente": agent.code.text(),
            "descr_agente": agent.description.text(),
            "aliases": aliases.join("|"),
            "loc_name": agent.location,
            "group_name": agent.group.and_then(|group| self.name(group.subject())),
            "supervised_by": agent.supervisor.and_then(|user| self.name(user.subject())),
            "chiave_agente": agent.visibility_key.value.and_then(|key| self.key(key)),
            "payroll_code": agent.payroll_code.as_ref().map(|code| code.text()),
            "ltCodeAssociate": queues.collect::<Vec<_>>(),
        })
    }
}

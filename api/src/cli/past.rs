//! `rollbook history` and `rollbook as-of`: what happened to an entity, and how it was.

use super::output::Output;
use super::{Failure, Global};
use crate::view::Eyes;
use clap::Args;
use rollbook_domain::kernel::id::{Kind, Subject};
use rollbook_domain::organization::state::Organization;
use rollbook_projections::activity_log::Row;
use rollbook_projections::activity_log::fold::{Labels, fold};
use rollbook_replay::as_of::{AsOfError, At, as_of};
use rollbook_replay::diff::change_json;
use rollbook_replay::history::{self, HistoryError, Item, PAGE_MAX};
use serde_json::{Value, json};

/// What happened to an entity, newest first.
#[derive(Debug, Args)]
pub(super) struct History {
    /// user, role, profile, key, queue, group, agent, object, settings or organization.
    kind: String,
    /// Id, login, code or name; not for settings and organization.
    id: Option<String>,
    /// The organization's name.
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// Most events to show, 1 to 200.
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(PAGE_MAX)))]
    limit: u32,
}

/// An entity as it was at a position or a time.
#[derive(Debug, Args)]
pub(super) struct AsOf {
    /// user, role, profile, key, queue, group, agent, object, settings or organization.
    kind: String,
    /// Id, login, code or name as it is now; not for settings and organization.
    id: Option<String>,
    /// The organization's name.
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// A position, or a time such as 2026-05-03T09:30:00Z.
    #[arg(long, value_name = "POSITION|TIME")]
    at: String,
}

pub(super) async fn history(global: &Global, command: History, output: &Output) -> Result<(), Failure> {
    let (deployment, _, open) = global.organization(&command.organization).await?;
    let now = open.writer.published().organization.clone();
    let subject = subject(&now, &command.kind, command.id.as_deref())?;
    let page = history::page(deployment.store(), &now, subject, None, command.limit).await;
    let page = page.map_err(|error| match error {
        HistoryError::NotThere => Failure::Refused(error.to_string()),
        HistoryError::Load(error) => error.into(),
    })?;
    let more = page.next.is_some();
    let items = page.items.into_iter().map(|item| told(&now, item)).collect::<Result<Vec<_>, _>>()?;
    let mut lines: Vec<_> = items.iter().map(|(text, _)| text.clone()).collect();
    if more {
        lines.push("… and more; raise --limit".to_owned());
    }
    let json: Vec<_> = items.into_iter().map(|(_, json)| json).collect();
    if lines.is_empty() {
        lines.push("nothing has happened to it yet".to_owned());
    }
    output.answer(&lines.join("\n"), &json!({ "items": json, "more": more }));
    Ok(())
}

/// An event for people and for programs. Names are those of now.
fn told(now: &Organization, item: Item) -> Result<(String, Value), Failure> {
    let Item { entry, version, changes } = item;
    let mut before = now.clone();
    before.position = entry.position.saturating_sub(1);
    let row = fold(&mut Labels::starting(before), entry);
    let row = row.map_err(|error| Failure::Found(error.to_string()))?;
    let changes: Vec<_> = changes.iter().map(change_json).collect();
    let text = lines(&row, version);
    let json = json!({
        "position": row.position, "version": version, "at": row.at,
        "actor": {
            "kind": row.actor.kind, "id": row.actor.id, "label": row.actor.label, "role": row.actor.role,
        },
        "action": row.action, "sentence": row.sentence, "changes": changes, "reason": row.reason,
        "ticket": row.ticket, "channel": row.channel, "authority": row.authority, "batch": row.batch,
    });
    Ok((text, json))
}

fn lines(row: &Row, version: u64) -> String {
    let actor = row.actor.label.clone().unwrap_or_else(|| row.actor.kind.to_string());
    let role = row.actor.role.as_ref().map_or_else(String::new, |role| format!(" ({role})"));
    let mut text = format!(
        "{:>6}  version {version:<4} {}  {actor}{role}\n        {} · {}",
        row.position, row.at, row.action, row.sentence
    );
    for (name, value) in [("why", &row.reason), ("ticket", &row.ticket), ("by right of", &row.authority)] {
        if let Some(value) = value {
            text += &format!("\n        {name}: {value}");
        }
    }
    text
}

pub(super) async fn entity_as_of(global: &Global, command: AsOf, output: &Output) -> Result<(), Failure> {
    let at: At = command.at.parse().map_err(|error| Failure::Usage(format!("--at: {error}")))?;
    let (deployment, _, open) = global.organization(&command.organization).await?;
    let now = open.writer.published().organization.clone();
    let subject = subject(&now, &command.kind, command.id.as_deref())?;
    let then = as_of(deployment.store(), &now, deployment.clock().now(), at).await;
    let then = then.and_then(|then| then.with(subject)).map_err(|error| match error {
        AsOfError::AtInFuture | AsOfError::NotThere => Failure::Refused(error.to_string()),
        AsOfError::Load(error) => error.into(),
    })?;
    let position = then.organization.position;
    let entity =
        crate::view::entity(&then.organization, subject, Eyes::operator(&now)).unwrap_or(Value::Null);
    let text = format!(
        "at position {position}, {}:\n{}",
        then.organization.at,
        serde_json::to_string_pretty(&entity).unwrap_or_default()
    );
    output.answer(&text, &json!({ "position": position, "at": then.organization.at, "entity": entity }));
    Ok(())
}

/// What a kind and a reference mean now.
pub(super) fn subject(now: &Organization, kind: &str, id: Option<&str>) -> Result<Subject, Failure> {
    let kind: Kind = kind.parse().map_err(|error| Failure::Usage(format!("{kind}: {error}")))?;
    let id = match (kind, id) {
        (Kind::Conversation | Kind::Setting | Kind::Element, _) => {
            return Err(Failure::Usage(format!("Rollbook keeps no history of a {kind}")));
        }
        (Kind::Organization | Kind::Settings, _) => now.id.uuid(),
        (_, None) => return Err(Failure::Usage(format!("say which {kind}: id, login, code or name"))),
        (_, Some(text)) => {
            now.find(kind, text).ok_or_else(|| Failure::Refused(format!("there is no {kind} {text}")))?
        }
    };
    Ok(Subject { kind, id })
}

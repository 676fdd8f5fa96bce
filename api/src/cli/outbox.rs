//! `rollbook outbox`: what waits to be sent, and, where no mail server is set, the link that a user asked for.
//!
//! A list says nothing secret. Showing a link does, so the activity ledger says that an operator did, before it is shown.

use super::init::operator_context;
use super::output::Output;
use super::{Failure, Global};
use crate::auth::link;
use crate::config::Flags;
use clap::Args;
use rollbook_domain::kernel::id::{OrganizationId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::user::state::User;
use rollbook_ledger::activity::{Act, ActivityOutcome, READ};
use rollbook_ledger::deployment::{Deployment, Open};
use rollbook_ledger::store::Waiting;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Most mails that are listed.
const LISTED_MAX: u64 = 1_000;

/// List the mails that wait to be sent; or show the link in one of them, which the ledger then says.
#[derive(Debug, Args)]
pub(super) struct Outbox {
    /// Show the link in the mail with this id, for its user alone.
    #[arg(long, value_name = "ID")]
    show: Option<String>,
}

pub(super) async fn run(global: &Global, command: Outbox, output: &Output) -> Result<(), Failure> {
    let settings = global.settings(Flags::new())?;
    let deployment = super::connect::deployment(&settings, false).await?;
    let all = deployment.store().mails(i64::MAX, LISTED_MAX).await?;
    let Some(id) = command.show else { return list(&deployment, &all, output).await };
    let found = all.into_iter().find(|waiting| waiting.mail.id == id);
    let found = found.ok_or_else(|| {
        Failure::Refused("no mail with this id waits; `rollbook outbox` lists those that do".to_owned())
    })?;
    show(&deployment, settings.public_url.as_deref(), &found, output).await
}

async fn list(deployment: &Deployment, all: &[Waiting], output: &Output) -> Result<(), Failure> {
    let mut lines = Vec::new();
    let mut items = Vec::new();
    for waiting in all {
        let open = opened(deployment, waiting).await?;
        let organization = open.writer.published().organization.clone();
        let login = user_of(waiting).and_then(|id| organization.user(id)).map(|user| user.login.text());
        let (mail, name) = (&waiting.mail, &organization.name);
        let (login, until) = (login.unwrap_or("nobody"), Moment(mail.expires_at_us));
        let line =
            format!("{}  {}  {login} of {name}, until {until}, tried {}", mail.id, mail.kind, mail.tries);
        lines.push(line);
        items.push(json!({
            "id": mail.id, "kind": mail.kind, "organization": name, "login": login, "tries": mail.tries,
            "created_at": Moment(mail.created_at_us).to_string(), "expires_at": until.to_string(),
        }));
    }
    if lines.is_empty() {
        lines.push("no mail waits".to_owned());
    }
    output.answer(&lines.join("\n"), &json!({ "items": items }));
    Ok(())
}

async fn show(
    deployment: &Deployment,
    public_url: Option<&str>,
    waiting: &Waiting,
    output: &Output,
) -> Result<(), Failure> {
    let open = opened(deployment, waiting).await?;
    let organization = open.writer.published().organization.clone();
    let user = user_of(waiting).and_then(|id| organization.user(id));
    let user =
        user.ok_or_else(|| Failure::Refused("the user of this mail is not there any more".to_owned()))?;
    looked(deployment, &open, user).await?;
    let link = link::address(public_url, &waiting.mail.secret);
    let (login, until) = (user.login.text(), Moment(waiting.mail.expires_at_us).to_string());
    let text = format!("for {login} of {} alone, once, until {until}:\n{link}", organization.name);
    let json: Value = json!({
        "id": waiting.mail.id, "organization": organization.name, "login": login, "expires_at": until, "link": link,
    });
    output.answer(&text, &json);
    Ok(())
}

/// Says in the activity ledger that an operator looked; only then is anything shown.
async fn looked(deployment: &Deployment, open: &Open, user: &User) -> Result<(), Failure> {
    let act = Act {
        context: operator_context(deployment.clock().now())?,
        actor_role: None,
        action: READ,
        outcome: ActivityOutcome::Ok,
        subject: Some(user.id.subject()),
        judged_at: open.writer.published().organization.position,
        detail: BTreeMap::from([("what".to_owned(), "a link to set a password".to_owned())]),
    };
    open.activity.record(act).await?;
    Ok(())
}

async fn opened(deployment: &Deployment, waiting: &Waiting) -> Result<Open, Failure> {
    let id = waiting.aggregate_id.parse();
    let id = id.map_err(|_| Failure::Found("a mail in the outbox is of no organization".to_owned()))?;
    Ok(deployment.open(OrganizationId(id)).await?)
}

fn user_of(waiting: &Waiting) -> Option<UserId> {
    waiting.mail.user_id.parse().ok().map(UserId)
}

//! `rollbook recover`: let somebody in again who is locked out, usually the owner.
//!
//! Whoever can run it can read the database anyway; both ledgers say that it was run.

use super::init::{operator_context, stored_password};
use super::output::Output;
use super::{Failure, Global};
use crate::auth::kept::Kept;
use crate::auth::password;
use clap::Args;
use rollbook_domain::organization::command::Command;
use rollbook_domain::settings::command::SettingsCommand;
use rollbook_domain::settings::state::{Setting, SettingValue};
use rollbook_domain::user::command::UserCommand;
use rollbook_domain::user::password::NewPassword;
use rollbook_domain::user::state::Status;
use rollbook_ledger::system::entries;
use rollbook_ledger::writer::Submission;
use serde_json::json;

/// Let somebody in again: a fresh password shown once, no second factor, unblocked, no lock-out, all sessions ended.
#[derive(Debug, Args)]
pub(super) struct Recover {
    /// The organization's name.
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// The login (or e-mail address) of whoever is locked out.
    #[arg(long, value_name = "LOGIN")]
    login: String,
    /// Also let everybody in from any address again (the setting `addresses_allowed`).
    #[arg(long)]
    any_address: bool,
    /// Why; kept in the ledger.
    #[arg(long, value_name = "TEXT", default_value = "recovered at the command line")]
    reason: String,
}

pub(super) async fn run(global: &Global, command: Recover, output: &Output) -> Result<(), Failure> {
    if command.reason.trim().is_empty() {
        return Err(Failure::Usage("--reason: say why, or leave it out".to_owned()));
    }
    let (deployment, registered, open) = global.organization(&command.organization).await?;
    let state = open.writer.published().organization.clone();
    let user = state.user_by_sign_in(&command.login).cloned();
    let user =
        user.ok_or_else(|| Failure::Refused(format!("{} has nobody who signs in as that", registered.name)))?;
    let mut context = operator_context(deployment.clock().now())?;
    context.reason = Some(command.reason);
    let password = password::drawn()?;
    let (stored, put) = stored_password(Some(user.id), &password, context.at).await?;
    let kept = Kept::of(deployment.store(), &state, user.id).await?;
    let stored = NewPassword { compared: Some(kept.unlike()), ..stored };
    let old = kept.replaced();
    let is_archived = user.status.value == Status::Archived;
    let returns_as = if is_archived { user.before_archive } else { user.status.value };
    let restore = is_archived.then_some(UserCommand::Restore(user.id));
    // It lifts a lock-out too, and changes nothing where there is nothing to lift.
    let unblock = (returns_as != Status::Invited).then_some(UserCommand::Unblock(user.id));
    let none = [(Setting::AddressesAllowed, SettingValue::List(Vec::new()))];
    let open_to_all = command.any_address.then(|| Command::Settings(SettingsCommand::Set(none.into())));
    let reset = user.two_factor.is_some().then_some(UserCommand::RemoveTwoFactor(user.id));
    let steps =
        restore.into_iter().chain(unblock).chain(reset).chain([UserCommand::SetPassword(user.id, stored)]);
    let submission = Submission {
        context: context.clone(),
        command: Command::Many(steps.map(Command::User).chain(open_to_all).collect()),
        idempotency: None,
        credentials: old.into_iter().chain([put]).collect(),
        only_at: None,
    };
    open.writer.submit(submission).await?;
    let (organization, id) = (registered.id.to_string(), user.id.to_string());
    deployment.store().delete_attempts(&organization, &id).await?;
    deployment.store().delete_sessions_of(&organization, &id).await?;
    deployment
        .system()
        .append(&context, entries::RECOVERED, json!({ "organization": registered.id }))
        .await?;
    let login = user.login.text();
    let text = format!("{login} of {} may sign in again\npassword (shown once): {password}", registered.name);
    output.answer(&text, &json!({ "organization": registered.name, "login": login, "password": password }));
    Ok(())
}

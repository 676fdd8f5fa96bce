//! `rollbook init`: found an organization with its catalog's roles and its owner.

use super::output::Output;
use super::{Failure, Global};
use crate::auth::password::{self, Passwords};
use crate::auth::random;
use crate::error::Problem;
use clap::Args;
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::{OrganizationId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::{Command, OrganizationCommand};
use rollbook_domain::user::password::{NewPassword, is_strong};
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::CredentialChange;
use rollbook_ledger::writer::Submission;
use serde_json::json;

/// Found an organization. What is missing is created: the folder, the tables, the organization, its owner.
#[derive(Debug, Clone, Args)]
pub(crate) struct Init {
    /// The organization's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) organization: String,
    /// The catalog it starts from: standard, queuemetrics, voximplant, xcally or ucontact.
    #[arg(long, default_value = "standard")]
    pub(crate) catalog: String,
    /// The owner's login.
    #[arg(long, value_name = "LOGIN")]
    pub(crate) owner: String,
    /// The owner's name; the login if not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) owner_name: Option<String>,
    /// The owner's e-mail address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) owner_email: Option<String>,
}

pub(super) async fn run(global: &Global, command: Init, output: &Output) -> Result<(), Failure> {
    let deployment = global.deployment(true).await?;
    let (_, password) = found(&deployment, &command).await?;
    let (organization, login) = (&command.organization, &command.owner);
    let text = format!(
        "founded organization {organization} with owner {login}\npassword (shown once): {password}\nnext: rollbook serve"
    );
    let owner = json!({ "login": login, "password": password });
    output.answer(&text, &json!({ "organization": organization, "owner": owner }));
    Ok(())
}

/// Founds the organization and gives its id and the owner's first password.
///
/// Run again after it was cut off between naming the organization and founding it, it finishes.
///
/// # Errors
/// [`Failure::Refused`] if the organization exists.
pub(crate) async fn found(deployment: &Deployment, init: &Init) -> Result<(OrganizationId, String), Failure> {
    let context = operator_context(deployment.clock().now())?;
    rollbook_domain::kernel::text::name("--organization", &init.organization)
        .map_err(|error| Failure::Usage(format!("{}: {}", error.pointer, error.detail)))?;
    if rollbook_domain::permission::catalog::Catalog::newest(&init.catalog).is_none() {
        let known = rollbook_domain::permission::catalog::Catalog::names().join(", ");
        return Err(Failure::Usage(format!("--catalog: there is no such catalog; there are {known}")));
    }
    let fresh = OrganizationId(uuid::Builder::from_random_bytes(random()?).into_uuid());
    let registered = deployment.system().register(&context, fresh, &init.organization).await?;
    let open = deployment.open(registered.id).await?;
    if open.writer.published().organization.position > 0 {
        return Err(Failure::Refused(format!("organization {} exists already", registered.name)));
    }
    let password = password::drawn()?;
    let (stored, put) = stored_password(None, &password, context.at).await?;
    let command = Command::Organization(OrganizationCommand::Found {
        name: registered.name,
        catalog: init.catalog.clone(),
        owner_login: init.owner.clone(),
        owner_name: init.owner_name.clone().unwrap_or_else(|| init.owner.clone()),
        owner_email: init.owner_email.clone(),
        password: Some(stored),
    });
    let submission =
        Submission { context, command, idempotency: None, credentials: vec![put], only_at: None };
    open.writer.submit(submission).await?;
    Ok((registered.id, password))
}

/// A password's credential as an operator sets it: the owner is advised to change it.
pub(crate) async fn stored_password(
    owner: Option<UserId>,
    plain: &str,
    at: Moment,
) -> Result<(NewPassword, CredentialChange), Problem> {
    let secret_hash = Passwords::new(1).hash(plain.to_owned()).await?;
    let (credential, put) = password::credential(owner, secret_hash, false, at)?;
    Ok((NewPassword { is_strong: is_strong(plain), ..NewPassword::unknown(credential) }, put))
}

/// The context of an operator at the command line.
pub(crate) fn operator_context(at: Moment) -> Result<Context, Problem> {
    Ok(Context {
        actor: Actor::Operator,
        at,
        seed: random()?,
        reason: None,
        ticket: None,
        channel: Channel::Cli,
        ip: None,
        agent: None,
        session: None,
        request: None,
        command: uuid::Builder::from_random_bytes(random()?).into_uuid(),
        cause: None,
        expects: None,
    })
}

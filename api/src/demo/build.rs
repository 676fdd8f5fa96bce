//! Building: the stage, who acts when, and what is remembered of it.

use super::cast::{self, Person};
use super::folder::{Demo, Login};
use super::products;
use super::story;
use super::times::Times;
use crate::auth::password;
use crate::cli::{Failure, Init, found, migrated, operator_context, sqlite, stored_password};
use indicatif::ProgressBar;
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::{Kind, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::user::command::{NewUser, UserCommand};
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::{Deployment, Open};
use rollbook_ledger::store::CredentialChange;
use rollbook_ledger::system::entries;
use rollbook_ledger::writer::Submission;
use serde_json::json;
use std::path::Path;
use uuid::Uuid;

/// The demonstration's organization.
pub(crate) const ORGANIZATION: &str = "north";
/// Changes the story makes, about, for the progress bar.
const CHANGES: u64 = 350;

/// Who acts, when, and why they say they do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'a> {
    pub(super) by: Person,
    pub(super) at: Moment,
    pub(super) reason: &'a str,
    pub(super) ticket: Option<&'a str>,
}

/// Where a story is played: one organization whose clock is told the time.
pub(super) struct Stage {
    deployment: Deployment,
    open: Open,
    bar: ProgressBar,
}

/// Builds the demonstration in an empty folder and remembers it there.
///
/// # Errors
/// [`Failure`]; the folder is then no demonstration.
pub(crate) async fn build(folder: &Path, now: Moment, bar: ProgressBar) -> Result<Demo, Failure> {
    let times = Times::until(now);
    let store = sqlite(folder, true).await?;
    migrated(&store).await?;
    let clock = Clock::told(times.ago(story::DAYS, 8, 0));
    let deployment = Deployment::new(store, clock);
    bar.set_length(CHANGES);
    // All of them on the first day: each story then goes through the months anew, and only in its own ledger.
    let (north, owner) = stage(&deployment, &bar, (ORGANIZATION, "standard"), ("owner", cast::OWNER)).await?;
    let mut stages = Vec::new();
    for (catalog, owner) in products::PRODUCTS {
        stages.push((catalog, stage(&deployment, &bar, (catalog, catalog), ("founder", owner)).await?));
    }
    let mut people = vec![owner];
    let (profile, version) = story::play(&north, times, &mut people).await?;
    let mut products = Vec::new();
    for (catalog, (stage, owner)) in stages {
        products.push(products::play(&stage, times, catalog, owner).await?);
    }
    deployment.clock().tell(now);
    let context = operator_context(now)?;
    let payload = json!({ "organization": north.now().id });
    deployment.system().append(&context, entries::DEMONSTRATED, payload).await?;
    bar.finish_and_clear();
    let demo = Demo { organization: ORGANIZATION.to_owned(), people, profile, version, products };
    demo.write(folder)?;
    Ok(demo)
}

/// An organization is founded, and its stage and owner are ready.
async fn stage(
    deployment: &Deployment,
    bar: &ProgressBar,
    (organization, catalog): (&str, &str),
    (role, owner): (&str, Person),
) -> Result<(Stage, Login), Failure> {
    let init = Init {
        organization: organization.to_owned(),
        catalog: catalog.to_owned(),
        owner: owner.0.to_owned(),
        owner_name: Some(owner.1.to_owned()),
        owner_email: Some(email(owner, organization)),
    };
    let (id, password) = found(deployment, &init).await?;
    let stage = Stage { deployment: deployment.clone(), open: deployment.open(id).await?, bar: bar.clone() };
    Ok((stage, login(role, owner, password)))
}

pub(super) fn email(person: Person, organization: &str) -> String {
    format!("{}@{organization}.example", person.0)
}

fn login(role: &str, person: Person, password: String) -> Login {
    Login { role: role.to_owned(), login: person.0.to_owned(), password }
}

impl Stage {
    fn clock(&self) -> &Clock {
        self.deployment.clock()
    }

    /// How things stand.
    pub(super) fn now(&self) -> Organization {
        self.open.writer.published().organization.clone()
    }

    /// The id of somebody who is there.
    pub(super) fn user(&self, person: Person) -> Result<UserId, Failure> {
        self.now().user_by_login(person.0).map(|user| user.id).ok_or_else(|| missing(person.0))
    }

    /// The id of something that is there.
    pub(super) fn find(&self, kind: Kind, name: &str) -> Result<Uuid, Failure> {
        self.now().by_name(kind, name).ok_or_else(|| missing(name))
    }

    /// Somebody changes something.
    pub(super) async fn act(&self, scene: Scene<'_>, command: Command) -> Result<(), Failure> {
        self.submit(scene, command, Vec::new()).await
    }

    /// The owner sets a password for somebody, which is remembered.
    pub(super) async fn password(
        &self,
        scene: Scene<'_>,
        role: &str,
        person: Person,
    ) -> Result<Login, Failure> {
        let (user, password) = (self.user(person)?, password::drawn()?);
        let (stored, put) = stored_password(Some(user), &password, scene.at).await?;
        self.submit(scene, Command::User(UserCommand::SetPassword(user, stored)), vec![put]).await?;
        Ok(login(role, person, password))
    }

    /// Somebody is added with a password, which is remembered: in some products nobody sets another's later.
    pub(super) async fn add(
        &self,
        scene: Scene<'_>,
        role: &str,
        person: Person,
        new: NewUser,
    ) -> Result<Login, Failure> {
        let password = password::drawn()?;
        let (stored, put) = stored_password(None, &password, scene.at).await?;
        let new = NewUser { password: Some(stored), ..new };
        self.submit(scene, Command::User(UserCommand::Create(new)), vec![put]).await?;
        Ok(login(role, person, password))
    }

    async fn submit(
        &self,
        scene: Scene<'_>,
        command: Command,
        credentials: Vec<CredentialChange>,
    ) -> Result<(), Failure> {
        self.clock().tell(scene.at);
        let context = Context {
            actor: Actor::User(self.user(scene.by)?),
            reason: Some(scene.reason.to_owned()).filter(|reason| !reason.is_empty()),
            ticket: scene.ticket.map(str::to_owned),
            channel: Channel::Api,
            // An address of RFC 5737, which is nobody's.
            ip: Some("198.51.100.7".to_owned()),
            agent: Some("rollbook demo".to_owned()),
            ..operator_context(scene.at)?
        };
        let submission = Submission { context, command, idempotency: None, credentials, only_at: None };
        let answer = self.open.writer.submit(submission).await;
        self.bar.inc(1);
        answer.map(drop).map_err(|error| {
            Failure::Found(format!("the demonstration's story does not hold at {}: {error}", scene.at))
        })
    }
}

fn missing(name: &str) -> Failure {
    Failure::Found(format!("the demonstration's story misses {name}"))
}

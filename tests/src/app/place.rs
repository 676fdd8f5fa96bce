//! Founding an organization and letting its people in, beside the routes.

use super::{DRAWN, HASH, PASSWORD, PEOPLE, Place, SESSION_US, scene};
use rollbook_api::app::App;
use rollbook_api::auth::{api_key, password::Passwords, session};
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::{CredentialId, Kind, OrganizationId, ProfileId, RoleId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::{Command, OrganizationCommand};
use rollbook_domain::user::command::{NewUser, UserCommand};
use rollbook_domain::user::password::NewPassword;
use rollbook_domain::user::state::Status;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::{Credential, CredentialChange, Session};
use rollbook_ledger::writer::Submission;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use uuid::Uuid;

impl Place {
    pub(super) async fn found(app: &App, name: &'static str) -> Self {
        let deployment = app.deployment();
        let (context, fresh) = (context(deployment, Actor::Operator), OrganizationId(fresh()));
        let registered = deployment.system().register(&context, fresh, name).await.expect("it is registered");
        let open = deployment.open(registered.id).await.expect("it can be served");
        let mut place =
            Self { name, id: registered.id, open, tokens: BTreeMap::new(), api_key: String::new() };
        let (password, put) = place.password(deployment).await;
        let found = OrganizationCommand::Found {
            name: name.to_owned(),
            catalog: "standard".to_owned(),
            owner_login: "owner".to_owned(),
            owner_name: "Olga Owner".to_owned(),
            owner_email: Some(format!("owner@{name}.example")),
            password: Some(NewPassword::unknown(password)),
        };
        place.submit(deployment, Actor::Operator, Command::Organization(found), vec![put]).await;
        place.people(deployment).await;
        place.two_factor(deployment, "blocked").await;
        scene::furnish(&place, deployment).await;
        for login in PEOPLE.iter().chain(&["blocked"]) {
            let token = place.session(deployment, place.id(Kind::User, login), SESSION_US).await;
            place.tokens.insert((*login).to_owned(), token);
        }
        place.api_key = place.key(deployment, place.owner()).await;
        place.api_token(deployment, place.owner(), "CI").await;
        place
    }

    pub(super) async fn people(&self, deployment: &Deployment) {
        let mut commands = Vec::new();
        let mut credentials = Vec::new();
        for login in PEOPLE.iter().skip(1).chain(&["invited", "blocked", "archived", "victim"]) {
            let role = if PEOPLE[..6].contains(login) { *login } else { "agent" };
            let (password, put) = self.password(deployment).await;
            credentials.push(put);
            commands.push(Command::User(UserCommand::Create(NewUser {
                login: (*login).to_owned(),
                name: format!("Person {login}"),
                email: Some(format!("{login}@{}.example", self.name)),
                role: RoleId(self.id(Kind::Role, role)),
                profile: None::<ProfileId>,
                status: if *login == "invited" { Status::Invited } else { Status::Active },
                password: Some(NewPassword::unknown(password)),
                details: rollbook_domain::user::detail::Details::new(),
            })));
        }
        self.submit(deployment, Actor::Operator, Command::Many(commands), credentials).await;
    }

    /// The owner.
    #[must_use]
    pub fn owner(&self) -> UserId {
        UserId(self.id(Kind::User, "owner"))
    }

    /// The id of what has this login or name.
    ///
    /// # Panics
    /// If there is no such thing.
    #[must_use]
    pub fn id(&self, kind: Kind, name: &str) -> Uuid {
        let published = self.open.writer.published();
        published.organization.find(kind, name).unwrap_or_else(|| panic!("no {} named {name}", kind.word()))
    }

    /// Carries out a command beside the routes.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn submit(
        &self,
        deployment: &Deployment,
        actor: Actor,
        command: Command,
        credentials: Vec<CredentialChange>,
    ) {
        let context = context(deployment, actor);
        let submission = Submission { context, command, idempotency: None, credentials, only_at: None };
        self.open.writer.submit(submission).await.expect("the scene can be set");
    }

    /// A session of a user that is over after `lives_us` microseconds; its token.
    ///
    /// # Panics
    /// If it cannot be stored.
    pub async fn session(&self, deployment: &Deployment, user: Uuid, lives_us: i64) -> String {
        let (token, token_hash) = session::new_token().expect("a token");
        let now = deployment.clock().now().micros();
        let session = Session {
            id: fresh().to_string(),
            token_hash,
            aggregate_id: self.id.to_string(),
            user_id: user.to_string(),
            created_at_us: now - SESSION_US,
            expires_at_us: now + lives_us,
        };
        deployment.store().put_session(&session).await.expect("a session is stored");
        token
    }

    pub(super) async fn key(&self, deployment: &Deployment, user: UserId) -> String {
        let id = CredentialId(fresh());
        let (text, secret_hash) = api_key::new_key(self.id, id).expect("an API key");
        let put = credential(deployment, id, "api_key", user.to_string(), secret_hash);
        let command = Command::User(UserCommand::CreateApiKey(user, id));
        self.submit(deployment, Actor::User(self.owner()), command, vec![put]).await;
        text
    }

    /// The text of a new API token.
    async fn api_token(&self, deployment: &Deployment, user: UserId, name: &str) -> String {
        let credential = CredentialId(fresh());
        let (text, secret_hash) = api_key::new_key(self.id, credential).expect("an API token");
        let put = self::credential(deployment, credential, "api_token", user.to_string(), secret_hash);
        let command = UserCommand::CreateToken { user, credential, name: name.to_owned() };
        self.submit(deployment, Actor::User(self.owner()), Command::User(command), vec![put]).await;
        text
    }

    /// A second factor of somebody, without recovery codes.
    async fn two_factor(&self, deployment: &Deployment, login: &str) {
        let (user, seed) = (UserId(self.id(Kind::User, login)), CredentialId(fresh()));
        let put = credential(
            deployment,
            seed,
            "totp",
            user.to_string(),
            "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U".to_owned(),
        );
        let command = UserCommand::SetTwoFactor { user, seed, recovery_codes: Vec::new() };
        self.submit(deployment, Actor::User(user), Command::User(command), vec![put]).await;
    }

    pub(super) async fn password(&self, deployment: &Deployment) -> (CredentialId, CredentialChange) {
        let hash = HASH.get_or_init(|| async {
            Passwords::new(1).hash(PASSWORD.to_owned()).await.expect("a password can be hashed")
        });
        let id = CredentialId(fresh());
        (id, credential(deployment, id, "password", String::new(), hash.await.clone()))
    }
}

fn credential(
    deployment: &Deployment,
    id: CredentialId,
    kind: &str,
    user_id: String,
    secret_hash: String,
) -> CredentialChange {
    CredentialChange::Put(Credential {
        id: id.to_string(),
        user_id,
        kind: kind.to_owned(),
        secret_hash,
        created_at_us: deployment.clock().now().micros(),
        expires_at_us: None,
        meta: "{\"by_oneself\":true}".to_owned(),
    })
}

/// An id that this process has not used yet; a seed likewise.
fn fresh() -> Uuid {
    let drawn = u128::from(DRAWN.fetch_add(1, Ordering::Relaxed));
    uuid::Builder::from_random_bytes((0x5eed_0000_0000_0000_0000_0000_u128 + drawn).to_be_bytes()).into_uuid()
}

fn context(deployment: &Deployment, actor: Actor) -> Context {
    let at: Moment = deployment.clock().now();
    let mut seed = [7; 32];
    seed.iter_mut().zip(fresh().as_bytes()).for_each(|(byte, drawn)| *byte = *drawn);
    Context {
        actor,
        at,
        seed,
        reason: None,
        ticket: None,
        channel: Channel::System,
        ip: None,
        agent: None,
        session: None,
        request: None,
        command: fresh(),
        cause: None,
        expects: None,
    }
}

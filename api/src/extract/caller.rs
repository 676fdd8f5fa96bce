//! Who asks: a session, an API key or an API token, of one active user of one organization.

use crate::app::App;
use crate::auth::secret::Secret;
use crate::auth::{api_key, random, session};
use crate::error::Problem;
use crate::view::Eyes;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum_extra::extract::cookie::CookieJar;
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::{OrganizationId, Subject, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::organization::visible;
use rollbook_domain::permission::facts::{Facts, Targets};
use rollbook_domain::permission::resolve::{self, Question};
use rollbook_domain::user::state::User;
use rollbook_ledger::activity::{Act, ActivityOutcome};
use rollbook_ledger::clock::Clock;
use rollbook_ledger::deployment::Open;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use uuid::Uuid;

use super::Meta;

/// Longest user agent that is kept, in characters.
const AGENT_CHARS_MAX: usize = 300;

/// Where a request comes from.
#[derive(Clone, Debug)]
pub struct Client {
    /// The network address.
    pub ip: Option<String>,
    /// The user agent.
    pub agent: Option<String>,
    /// This request.
    pub request: Uuid,
    /// The route template, never the path: a path may name a login.
    pub route: String,
}

/// The user who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Their organization.
    pub open: Open,
    /// Who.
    pub user: UserId,
    /// Who, and with which key or token.
    pub actor: Actor,
    /// The session, if it is one.
    pub session: Option<Uuid>,
    /// When the session began.
    pub began: Option<Moment>,
    /// Where from.
    pub client: Client,
    clock: Clock,
}

impl Client {
    /// The network address, where it is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.ip.as_deref().and_then(|ip| ip.parse().ok())
    }
}

impl FromRequestParts<App> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_string());
        let forwarded = app.options().behind_proxy.then(|| forwarded(&parts.headers)).flatten();
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let agent =
            agent.map(|agent| agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARS_MAX).collect());
        let route = parts.extensions.get::<axum::extract::MatchedPath>().map(|path| path.as_str().to_owned());
        let method = parts.method.as_str();
        Ok(Self {
            ip: forwarded.or(peer),
            agent,
            request: uuid::Builder::from_random_bytes(random()?).into_uuid(),
            route: format!("{method} {}", route.unwrap_or_default()),
        })
    }
}

/// The last hop that the proxy in front saw. A proxy may add a line of its own after those that the client sent.
fn forwarded(headers: &HeaderMap) -> Option<String> {
    let list = headers.get_all("X-Forwarded-For").iter().next_back()?.to_str().ok()?;
    list.rsplit(',').next()?.trim().parse::<std::net::IpAddr>().ok().map(|ip| ip.to_string())
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // `routes::retry` asks before the handler does.
        let caller = match parts.extensions.remove::<Self>() {
            Some(caller) => caller,
            None => Self::of(parts, app).await?,
        };
        match caller.barred(parts).await {
            Some(problem) => Err(caller.denied(app, &caller.organization(), problem)),
            None => Ok(caller),
        }
    }
}

/// `Authorization: Bearer …`, else the cookie.
fn token(headers: &HeaderMap, cookie: &str) -> Option<String> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let is_bearer = |scheme: &str| scheme.eq_ignore_ascii_case("Bearer");
    let bearer = bearer.map(|value| match value.split_once(' ') {
        Some((scheme, token)) if is_bearer(scheme) => token.trim().to_owned(),
        Some(_) | None => String::new(),
    });
    bearer.or_else(|| CookieJar::from_headers(headers).get(cookie).map(|cookie| cookie.value().to_owned()))
}

async fn by_session(app: &App, token: &str, client: Client) -> Result<Caller, Problem> {
    let hash = session::hash_of(token).ok_or_else(Problem::unauthenticated)?;
    let now = app.deployment().clock().now().micros();
    let found = app.deployment().store().session(&hash, now).await?;
    let found = found.ok_or_else(Problem::unauthenticated)?;
    let parse = |text: &str| text.parse::<Uuid>().map_err(|error| Problem::internal(&error));
    let user = UserId(parse(&found.user_id)?);
    let open = app.open(OrganizationId(parse(&found.aggregate_id)?)).await?;
    let session = Some(parse(&found.id)?);
    let clock = app.deployment().clock().clone();
    let began = Some(Moment(found.created_at_us));
    Ok(Caller { open, user, actor: Actor::User(user), session, began, client, clock })
}

async fn by_api_key(app: &App, key: &Secret, client: Client) -> Result<Caller, Problem> {
    let organization = key.organization.to_string();
    let found = app.deployment().store().credential(&organization, &key.credential.to_string()).await?;
    let stored =
        found.filter(|found| key.matches(&found.secret_hash)).ok_or_else(Problem::unauthenticated)?;
    let user = UserId(stored.user_id.parse().map_err(|error: uuid::Error| Problem::internal(&error))?);
    let open = app.open(key.organization).await?;
    let actor = match stored.kind.as_str() {
        "api_key" => Actor::ApiKey { user, key: key.credential },
        "api_token" => Actor::Token { user, token: key.credential },
        _ => return Err(Problem::unauthenticated()),
    };
    let clock = app.deployment().clock().clone();
    let caller = Caller { open, user, actor, session: None, began: None, client, clock };
    if !caller.has_key() {
        // Another process may have made it just now.
        caller.open.writer.catch_up().await?;
    }
    if caller.has_key() { Ok(caller) } else { Err(Problem::unauthenticated()) }
}

/// A context of this client, at no time yet.
///
/// # Errors
/// [`Problem`] without randomness.
pub fn now_context(app: &App, actor: Actor, client: &Client) -> Result<Context, Problem> {
    Ok(Context {
        actor,
        at: app.deployment().clock().now(),
        seed: random()?,
        reason: None,
        ticket: None,
        channel: Channel::Api,
        ip: client.ip.clone(),
        agent: client.agent.clone(),
        session: None,
        request: Some(client.request),
        command: uuid::Builder::from_random_bytes(random()?).into_uuid(),
        cause: None,
        expects: None,
    })
}

impl Caller {
    /// Who asks, if they are let in at all.
    ///
    /// # Errors
    /// 401, the same for every reason.
    pub async fn of(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let client = Client::from_request_parts(parts, app).await?;
        let cookie = session::cookie(app.options().secure_cookies);
        let token = token(&parts.headers, cookie).ok_or_else(Problem::unauthenticated)?;
        let caller = match api_key::parse(&token) {
            Some(key) => by_api_key(app, &key, client).await?,
            None => by_session(app, &token, client).await?,
        };
        let published = caller.open.writer.published();
        let organization = &published.organization;
        let user = organization.user(caller.user);
        let is_active = user.is_some_and(|user| user.is_active_at(caller.at(organization)));
        if is_active { Ok(caller) } else { Err(Problem::unauthenticated()) }
    }

    /// The newest durable state this process knows.
    #[must_use]
    pub fn organization(&self) -> Organization {
        self.open.writer.published().organization.clone()
    }

    /// When a question is judged that is about now: login windows open and shut without an event.
    #[must_use]
    pub fn at(&self, organization: &Organization) -> Moment {
        self.clock.now().max(organization.at)
    }

    /// The user who asks, in `organization`.
    ///
    /// # Errors
    /// 401 if they are gone from it.
    pub fn me<'a>(&self, organization: &'a Organization) -> Result<&'a User, Problem> {
        organization.user(self.user).ok_or_else(Problem::unauthenticated)
    }

    /// The caller's eyes, as of `now`, judged when it is asked.
    #[must_use]
    pub fn eyes<'a>(&self, now: &'a Organization) -> Eyes<'a> {
        Eyes::of(now, self.user, self.at(now))
    }

    /// Whether the API key or token is one of the user's. That it is stored is not enough: the ledger says whose it is.
    fn has_key(&self) -> bool {
        let published = self.open.writer.published();
        self.session.is_none()
            && published.organization.user(self.user).is_some_and(|user| user.has_let_in(self.actor))
    }

    /// Whether what they were let in by still lets them in: nobody signed them out or revoked the key or token.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn is_still_in(&self, app: &App) -> Result<bool, Problem> {
        let Some(this) = self.session else {
            return Ok(self.has_key());
        };
        let (organization, user) = (self.open.writer.id().to_string(), self.user.to_string());
        let sessions = app.deployment().store().sessions_of(&organization, &user).await?;
        let (this, now) = (this.to_string(), app.deployment().clock().now().micros());
        Ok(sessions.iter().any(|session| session.id == this && session.expires_at_us > now))
    }

    /// The context of a mutation by this caller.
    ///
    /// # Errors
    /// [`Problem`] without randomness.
    pub fn context(&self, app: &App, meta: &Meta) -> Result<Context, Problem> {
        let context = now_context(app, self.actor, &self.client)?;
        Ok(Context {
            reason: meta.reason.clone(),
            ticket: meta.ticket.clone(),
            session: self.session,
            ..context
        })
    }

    /// Whether the caller may.
    #[must_use]
    pub fn may(&self, organization: &Organization, permission: &str, targets: &Targets) -> bool {
        let Some(who) = organization.user(self.user) else { return false };
        let (facts, at) = (Facts::default(), self.at(organization));
        resolve::allowed(
            organization,
            &Question { who, permission, targets, facts: &facts, at, as_if_active: false },
        )
    }

    /// Demands a permission over the organization as a whole, or over `targets`.
    ///
    /// # Errors
    /// 403 naming the permission; the denial is noted in the activity ledger.
    pub fn need(
        &self,
        app: &App,
        organization: &Organization,
        permission: &'static str,
        targets: &Targets,
    ) -> Result<(), Problem> {
        if self.may(organization, permission, targets) {
            return Ok(());
        }
        Err(self.denied(app, organization, Problem::permission_missing(permission)))
    }

    /// Demands to see a thing.
    ///
    /// # Errors
    /// 404, as if it were not there.
    pub fn sees(&self, organization: &Organization, subject: Subject) -> Result<(), Problem> {
        let me = self.me(organization)?;
        let seen = visible::sees(organization, me, subject, self.at(organization));
        if seen { Ok(()) } else { Err(Problem::not_found(subject.kind.word())) }
    }

    /// Notes a denial and gives the problem back.
    pub fn denied(&self, app: &App, organization: &Organization, problem: Problem) -> Problem {
        let permission = problem.more.get("permission").and_then(|value| value.as_str()).unwrap_or_default();
        let detail = BTreeMap::from([
            ("permission".to_owned(), permission.to_owned()),
            ("route".to_owned(), self.client.route.clone()),
            ("code".to_owned(), problem.code.clone()),
        ]);
        self.note(
            app,
            organization,
            rollbook_ledger::activity::DENIED,
            ActivityOutcome::Refused,
            None,
            detail,
        );
        problem
    }

    /// Notes an audited read of this route.
    pub fn reads(&self, app: &App, organization: &Organization, what: &str, subject: Option<Subject>) {
        let detail = BTreeMap::from([("what".to_owned(), what.to_owned())]);
        self.note(app, organization, rollbook_ledger::activity::READ, ActivityOutcome::Ok, subject, detail);
    }

    fn note(
        &self,
        app: &App,
        organization: &Organization,
        action: &'static str,
        outcome: ActivityOutcome,
        subject: Option<Subject>,
        detail: BTreeMap<String, String>,
    ) {
        let Ok(context) = self.context(app, &Meta::default()) else { return };
        let role = organization.user(self.user).and_then(|user| organization.role_of(user));
        let actor_role = role.map(|role| role.name.clone());
        let judged_at = organization.position;
        self.open.activity.note(Act { context, actor_role, action, outcome, subject, judged_at, detail });
    }
}

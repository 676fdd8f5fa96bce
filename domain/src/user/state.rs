//! A user as folded from events. No rules here: [`apply`](User::apply) cannot fail.

use super::avatar::Avatar;
use super::detail::{Detail, DetailValue};
use super::event::UserEvent;
use super::link::Link;
use super::password::Password;
use super::token::Token;
use super::two_factor::TwoFactor;
use super::window::{LoginWindow, Shut};
use crate::kernel::context::Actor;
use crate::kernel::few::{FewMap, FewSet};
use crate::kernel::id::{CredentialId, GroupId, KeyId, ProfileId, QueueId, RoleId, UserId};
use crate::kernel::moment::Moment;
use crate::kernel::personal::Personal;
use crate::kernel::record::{Record, Stamp};
use crate::kernel::shared::{Since, SinceEach};
use crate::permission::catalog::Catalog;
use crate::permission::given::Given;
use crate::queue::state::Post;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Where a user's account stands. Only an active user may do anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Invited, has not accepted yet.
    Invited,
    /// May act.
    Active,
    /// Barred until unblocked.
    Blocked,
    /// Left; kept for the history and restorable.
    Archived,
}

impl Status {
    /// The word in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Blocked => "blocked",
            Self::Archived => "archived",
        }
    }
}

/// One entry of a user's own keys: a key, or a minus that takes the key away whatever else gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyEntry {
    /// Which key.
    pub key: KeyId,
    /// Whether this entry takes the key away.
    pub minus: bool,
}

impl fmt::Display for KeyEntry {
    /// `<id>` or `-<id>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.minus { "-" } else { "" }, self.key)
    }
}

impl FromStr for KeyEntry {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        let (minus, id) = text.strip_prefix('-').map_or((false, text), |id| (true, id));
        Ok(Self { key: id.parse()?, minus })
    }
}

impl Serialize for KeyEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A user. Every field but the last three groups is changed by an event of the user's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Never reused.
    pub id: UserId,
    /// Unique in the organization, whatever its case.
    pub login: Personal,
    /// The person's name.
    pub name: Personal,
    /// Unique in the organization where there is one; may be used to sign in.
    pub email: Option<Personal>,
    /// What else the account holds, of what the catalog offers.
    pub details: FewMap<Detail, DetailValue>,
    /// The picture, as [`Avatar`] writes it. Boxed: few have one.
    pub avatar: Option<Box<Personal>>,
    /// Whether the account may act.
    pub status: Since<Status>,
    /// The status before the last archiving, to which restoring brings back; `active` if there was none.
    pub before_archive: Status,
    /// Until when nobody signs in, after too many failures. It ends by itself, so a moment that is past means nothing.
    pub locked_until: Option<Moment>,
    /// The one role.
    pub role: Since<RoleId>,
    /// A shared profile on top of the role.
    pub profile: Since<Option<ProfileId>>,
    /// When the user may sign in and act, if not always. Boxed: few have one.
    pub login_window: Option<Box<Since<LoginWindow>>>,
    /// Grants on this user alone; excludes a profile. Boxed: few have one.
    pub custom_profile: Option<Box<Given>>,
    /// Single elements of one's own, beside role and profile. Boxed: few have any.
    pub elements: Option<Box<Given>>,
    /// Own keys and minus entries.
    pub keys: SinceEach<KeyEntry>,
    /// Passes every lock and key-guarded function but a key that a minus names.
    pub masterkey: Since<bool>,
    /// Every module, action and element.
    pub superuser: Since<bool>,
    /// The password, if one was ever set.
    pub password: Option<Password>,
    /// The link that somebody made to set one by, until it is used or ended. Boxed: few have one.
    pub link: Option<Box<Link>>,
    /// The stored API key, if there is one.
    pub api_key: Option<CredentialId>,
    /// What the user signs in with beside the password, if anything. Boxed, so that it costs little where there is none.
    pub two_factor: Option<Box<TwoFactor>>,
    /// The named API tokens, revoked ones included.
    pub tokens: BTreeMap<CredentialId, Token>,
    /// Whether erasure was asked for; the personal values of such a user read `[erased]`.
    pub erased: bool,
    /// Whether erasure was asked for what they authored too (addresses, agents and reasons of their acts).
    pub erased_authored: bool,
    /// Derived from groups' events: the groups this user is a member of.
    pub groups: FewSet<GroupId>,
    /// Derived from groups' events: the groups this user supervises, each since which position.
    pub supervises: FewMap<GroupId, u64>,
    /// Derived from queues' events: the queues this user serves or supervises.
    pub posts: FewMap<QueueId, Post>,
    /// Who made it, who changed it last, and when.
    pub record: Record,
}

impl User {
    /// A user as first created; `None` if the event is not a creation.
    #[must_use]
    pub fn created(event: &UserEvent, stamp: Stamp) -> Option<Self> {
        let UserEvent::Created { user, login, name, email, role, profile, status } = event else {
            return None;
        };
        let position = stamp.position;
        Some(Self {
            id: *user,
            login: login.clone(),
            name: name.clone(),
            email: email.clone(),
            details: FewMap::default(),
            avatar: None,
            status: Since::new(*status, position),
            before_archive: Status::Active,
            locked_until: None,
            role: Since::new(*role, position),
            profile: Since::new(*profile, position),
            login_window: None,
            custom_profile: None,
            elements: None,
            keys: SinceEach::default(),
            masterkey: Since::new(false, position),
            superuser: Since::new(false, position),
            password: None,
            link: None,
            api_key: None,
            two_factor: None,
            tokens: BTreeMap::new(),
            erased: false,
            erased_authored: false,
            groups: FewSet::default(),
            supervises: FewMap::default(),
            posts: FewMap::default(),
            record: Record::new(stamp),
        })
    }

    /// Folds one event about this user.
    pub fn apply(&mut self, event: &UserEvent, stamp: Stamp, catalog: &Catalog) {
        let at = stamp.position;
        self.end_link(event);
        match event {
            UserEvent::Created { .. } => {}
            UserEvent::LoginChanged { to, .. } => self.login = to.clone(),
            UserEvent::Renamed { to, .. } => self.name = to.clone(),
            UserEvent::EmailChanged { to, .. } => self.email.clone_from(to),
            UserEvent::DetailSet { detail, to: Some(to), .. } => self.details.insert(*detail, to.clone()),
            UserEvent::DetailSet { detail, to: None, .. } => self.details.remove(detail),
            UserEvent::AvatarSet { to, .. } => self.avatar = to.clone().map(Box::new),
            UserEvent::RoleAssigned { to, .. } => self.role = Since::new(*to, at),
            UserEvent::ProfileAssigned { to, .. } => self.profile = Since::new(*to, at),
            UserEvent::CustomProfileSet { to, .. } => {
                let before = self.custom_profile.take().unwrap_or_default();
                self.custom_profile = to.as_ref().map(|to| Box::new(before.replaced(to, at, catalog)));
            }
            UserEvent::ElementsSet { to, .. } => {
                let before = self.elements.take().unwrap_or_default();
                self.elements = to.as_ref().map(|to| Box::new(before.replaced(to, at, catalog)));
            }
            UserEvent::KeysChanged { added, removed, .. } => {
                self.keys = self.keys.changed(added, removed, at);
            }
            UserEvent::MasterkeySet { to, .. } => self.masterkey = Since::new(*to, at),
            UserEvent::SuperuserSet { to, .. } => self.superuser = Since::new(*to, at),
            UserEvent::LoginWindowSet { to, .. } => {
                self.login_window = to.clone().map(|to| Box::new(Since::new(to, at)));
            }
            UserEvent::Archived { from, to, .. } => {
                self.before_archive = *from;
                self.status = Since::new(*to, at);
            }
            UserEvent::Activated { to, .. }
            | UserEvent::Blocked { to, .. }
            | UserEvent::Unblocked { to, .. }
            | UserEvent::Restored { to, .. } => self.status = Since::new(*to, at),
            UserEvent::LockedOut { to, .. } | UserEvent::Unlocked { to, .. } => self.locked_until = *to,
            UserEvent::PasswordSet { credential, .. } => {
                self.password = Some(Password { credential: *credential, set_at: stamp.at });
            }
            UserEvent::PasswordLinkMade { credential, until, .. } => {
                self.password = None;
                self.link = Some(Box::new(Link { credential: *credential, until: *until }));
            }
            UserEvent::ApiKeyCreated { credential, .. } => self.api_key = Some(*credential),
            UserEvent::ApiKeyRevoked { .. } => self.api_key = None,
            UserEvent::TwoFactorSet { seed, recovery_codes, .. } => {
                let two_factor = TwoFactor { seed: *seed, recovery_codes: recovery_codes.clone() };
                self.two_factor = Some(Box::new(two_factor));
            }
            UserEvent::TwoFactorRemoved { .. } => self.two_factor = None,
            UserEvent::RecoveryCodeUsed { credential, .. } => {
                let two_factor = self.two_factor.as_mut().into_iter();
                two_factor.for_each(|two_factor| two_factor.recovery_codes.retain(|code| code != credential));
            }
            UserEvent::TokenCreated { credential, name, .. } => {
                let token = Token { name: name.clone(), created_at: stamp.at, revoked: false };
                self.tokens.insert(*credential, token);
            }
            UserEvent::TokenRevoked { credential, .. } => {
                self.tokens.get_mut(credential).into_iter().for_each(|token| token.revoked = true);
            }
            UserEvent::ErasureRequested { authored, .. } | UserEvent::Erased { authored, .. } => {
                self.erase(*authored);
            }
        }
        self.record.update(stamp);
    }

    /// A link ends with another password, and where it may be on its way to an address that is no more.
    fn end_link(&mut self, event: &UserEvent) {
        if let UserEvent::EmailChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::Blocked { .. }
        | UserEvent::Archived { .. } = event
        {
            self.link = None;
        }
    }

    fn erase(&mut self, authored: bool) {
        self.erased = true;
        self.link = None;
        self.erased_authored |= authored;
        self.login = self.login.erased();
        self.name = self.name.erased();
        self.email = self.email.as_ref().map(Personal::erased);
        self.avatar = self.avatar.as_ref().map(|text| Box::new(text.erased()));
        self.details = self.details.iter().map(|(detail, value)| (*detail, value.erased())).collect();
        self.two_factor = None;
        self.tokens.values_mut().for_each(|token| token.revoked = true);
    }

    /// By what the user is found and reached: login, address, extension.
    pub(crate) fn called(&self) -> (&Personal, Option<&Personal>, Option<&str>) {
        (&self.login, self.email.as_ref(), self.extension())
    }

    /// The picture, unless there is none or it was erased.
    #[must_use]
    pub fn picture(&self) -> Option<Avatar> {
        self.avatar.as_ref()?.clear()?.parse().ok()
    }

    /// The internal number, unless there is none or it was erased.
    #[must_use]
    pub fn extension(&self) -> Option<&str> {
        match self.details.get(&Detail::Extension)? {
            DetailValue::Personal(text) => text.clear(),
            DetailValue::Plain(_) => None,
        }
    }

    /// The API tokens that let in.
    pub fn live_tokens(&self) -> impl Iterator<Item = (CredentialId, &Token)> {
        self.tokens.iter().filter(|(_, token)| !token.revoked).map(|(id, token)| (*id, token))
    }

    /// Whether an actor is this user, by a session or by an API key or token that is still theirs.
    #[must_use]
    pub fn has_let_in(&self, actor: Actor) -> bool {
        match actor {
            Actor::User(user) => user == self.id,
            Actor::ApiKey { user, key } => user == self.id && self.api_key == Some(key),
            Actor::Token { user, token } => user == self.id && self.live_tokens().any(|(id, _)| id == token),
            Actor::Operator | Actor::System => false,
        }
    }

    /// The stored secrets that events name: password, link, second factor, API key and API tokens.
    pub fn credentials(&self) -> impl Iterator<Item = CredentialId> {
        let password = self.password.map(|password| password.credential);
        let link = self.link.as_ref().map(|link| link.credential);
        let two_factor = self.two_factor.iter();
        let two_factor =
            two_factor.flat_map(|two| std::iter::once(two.seed).chain(two.recovery_codes.iter().copied()));
        let keys = self.api_key.into_iter().chain(self.live_tokens().map(|(id, _)| id));
        password.into_iter().chain(link).chain(two_factor).chain(keys)
    }

    /// Whether sign-ins are refused at that time.
    #[must_use]
    pub fn is_locked(&self, at: Moment) -> bool {
        self.locked_until.is_some_and(|until| until > at)
    }

    /// Why the user's login window is shut at that moment, if it is, and the position of the event that set it.
    #[must_use]
    pub fn shut(&self, at: Moment) -> Option<(Shut, u64)> {
        let window = self.login_window.as_ref()?;
        window.value.shut(at).map(|shut| (shut, window.position))
    }

    /// Whether the account may act at that moment.
    #[must_use]
    pub fn is_active_at(&self, at: Moment) -> bool {
        self.is_active() && self.shut(at).is_none()
    }

    /// Whether the account may act, its login window apart.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status.value == Status::Active
    }
}

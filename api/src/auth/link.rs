//! Links to set a password by: `<public_url>/reset#rbl_<id>_<secret>`.
//!
//! The secret stands in the fragment, which no browser sends: the page reads it and posts it. Who gets a link and what ends
//! it is said by the domain; here it is drawn, written down and looked up.

use super::{random, secret::Secret};
use crate::error::Problem;
use rollbook_domain::kernel::id::{CredentialId, OrganizationId, UserId};
use rollbook_domain::kernel::moment::Moment;
use rollbook_ledger::store::{Credential, CredentialChange, Mail, PASSWORD_LINK, Store, StoreError};
use rollbook_ledger::writer::asked_link;
use uuid::Uuid;

const PREFIX: &str = "rbl_";
/// Where the page is that a link opens.
pub(crate) const PAGE: &str = "/reset";

/// What a link is for: the kind of its mail, and the cause of what is done by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The user forgot the password.
    Forgotten,
    /// An administrator has the user set another.
    Reset,
    /// A user without one sets the first.
    Invitation,
}

impl Purpose {
    /// The word in the outbox and in entries.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Forgotten => "forgotten_password",
            Self::Reset => "reset_link",
            Self::Invitation => "invitation",
        }
    }

    /// What the word says.
    pub(crate) fn of(word: &str) -> Option<Self> {
        [Self::Forgotten, Self::Reset, Self::Invitation].into_iter().find(|purpose| purpose.word() == word)
    }
}

/// A link that was drawn, before it is stored.
pub(crate) struct Drawn {
    /// What it says.
    pub(crate) secret: String,
    /// What is stored of it.
    pub(crate) credential: Credential,
}

impl Drawn {
    /// The one that a user asked for. There is one at most: a newer one takes its place.
    ///
    /// # Errors
    /// [`Problem`] without randomness.
    pub(crate) fn asked(
        organization: OrganizationId,
        user: UserId,
        (now, until): (Moment, Moment),
    ) -> Result<Self, Problem> {
        Self::draw(organization, CredentialId(user.uuid()), Some(user), Purpose::Forgotten, (now, until))
    }

    /// One that somebody makes. Whose it is the writer adds, since a new user has no id yet.
    ///
    /// # Errors
    /// [`Problem`] without randomness.
    pub(crate) fn made(
        organization: OrganizationId,
        purpose: Purpose,
        times: (Moment, Moment),
    ) -> Result<(CredentialId, Self), Problem> {
        let id = CredentialId(uuid::Builder::from_random_bytes(random()?).into_uuid());
        Ok((id, Self::draw(organization, id, None, purpose, times)?))
    }

    /// What is stored with the change that makes it, the mail included if it is to be sent.
    pub(crate) fn stored(&self, mails: bool) -> impl Iterator<Item = CredentialChange> {
        let mail = mails.then(|| CredentialChange::Mail(self.mail()));
        std::iter::once(CredentialChange::Put(self.credential.clone())).chain(mail)
    }

    fn draw(
        organization: OrganizationId,
        id: CredentialId,
        owner: Option<UserId>,
        purpose: Purpose,
        (now, until): (Moment, Moment),
    ) -> Result<Self, Problem> {
        let (secret, secret_hash) = Secret::draw(PREFIX, organization, id)?;
        let credential = Credential {
            id: id.to_string(),
            user_id: owner.map(|owner| owner.to_string()).unwrap_or_default(),
            kind: PASSWORD_LINK.to_owned(),
            secret_hash,
            created_at_us: now.micros(),
            expires_at_us: Some(until.micros()),
            meta: serde_json::json!({ "purpose": purpose.word() }).to_string(),
        };
        Ok(Self { secret, credential })
    }

    /// The mail that says it, due at once.
    pub(crate) fn mail(&self) -> Mail {
        let Credential { id, user_id, created_at_us, expires_at_us, .. } = self.credential.clone();
        Mail {
            id,
            user_id,
            kind: purpose(&self.credential).map(Purpose::word).unwrap_or_default().to_owned(),
            secret: self.secret.clone(),
            created_at_us,
            expires_at_us: expires_at_us.unwrap_or(created_at_us),
            tries: 0,
            due_at_us: created_at_us,
        }
    }
}

/// The address to open. Without `public_url` it begins with the path.
pub(crate) fn address(public_url: Option<&str>, secret: &str) -> String {
    format!("{}{PAGE}#{secret}", public_url.unwrap_or_default())
}

/// A link that somebody holds, and that is stored.
pub(crate) struct Held {
    /// Whose password it sets.
    pub(crate) user: UserId,
    /// The credential, where somebody made it; none where the user asked for it.
    pub(crate) made: Option<CredentialId>,
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// Until when it can be used.
    pub(crate) until: Moment,
}

/// Reads what looks like the secret of a link.
pub(crate) fn parse(text: &str) -> Option<Secret> {
    Secret::read(PREFIX, text)
}

impl Held {
    /// Looks it up. Nothing if it was used, or ended, or never was.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub(crate) async fn find(store: &Store, secret: &Secret) -> Result<Option<Self>, StoreError> {
        let id = secret.credential.to_string();
        let stored = store.credential(&secret.organization.to_string(), &id).await?;
        let stored = stored.filter(|one| one.kind == PASSWORD_LINK && secret.matches(&one.secret_hash));
        Ok(stored.as_ref().and_then(Self::of))
    }

    fn of(stored: &Credential) -> Option<Self> {
        let user = UserId(Uuid::parse_str(&stored.user_id).ok()?);
        let id = Uuid::parse_str(&stored.id).ok()?;
        let made = (stored.id != asked_link(user)).then_some(CredentialId(id));
        let until = Moment(stored.expires_at_us?);
        Some(Self { user, made, purpose: purpose(stored)?, until })
    }
}

fn purpose(stored: &Credential) -> Option<Purpose> {
    let meta: serde_json::Value = serde_json::from_str(&stored.meta).ok()?;
    Purpose::of(meta.get("purpose")?.as_str()?)
}

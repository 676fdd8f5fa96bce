//! What can be asked about a user.

use super::avatar::Avatar;
use super::detail::Details;
use super::link::Link;
use super::password::NewPassword;
use super::state::{KeyEntry, Status};
use super::window::LoginWindow;
use crate::kernel::id::{CredentialId, ProfileId, RoleId, UserId};
use crate::kernel::moment::Moment;
use crate::permission::grant::Grants;

/// A user to be added.
#[derive(Clone, Debug, PartialEq)]
pub struct NewUser {
    /// Unique in the organization.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// Unique in the organization where there is one.
    pub email: Option<String>,
    /// The one role.
    pub role: RoleId,
    /// A profile on top of it.
    pub profile: Option<ProfileId>,
    /// `active`, or `invited`.
    pub status: Status,
    /// A stored password; without one nobody signs in until one is set.
    pub password: Option<NewPassword>,
    /// The first details.
    pub details: Details,
}

/// Fields of a user to replace; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserEdit {
    /// The login.
    pub login: Option<String>,
    /// The person's name.
    pub name: Option<String>,
    /// The e-mail address; `Some(None)` takes it away.
    pub email: Option<Option<String>>,
    /// Details; those that are not named stay as they are.
    pub details: Details,
}

/// What else a user to be added begins with, where another register says so.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Beginnings {
    /// When the user may sign in and act.
    pub login_window: Option<LoginWindow>,
    /// Own keys.
    pub keys: Vec<KeyEntry>,
    /// Whether the masterkey is set.
    pub masterkey: bool,
    /// Whether superuser is set.
    pub superuser: bool,
    /// Whether the user is barred from the beginning.
    pub blocked: bool,
}

/// What can be asked about a user.
#[derive(Clone, Debug, PartialEq)]
pub enum UserCommand {
    /// Add a user.
    Create(NewUser),
    /// Add a user who sets the first password by a link; say that it was stored.
    Invite(NewUser, Link),
    /// Add a user as another register has them, all or nothing.
    TakeOver(NewUser, Beginnings),
    /// Replace fields.
    Edit(UserId, UserEdit),
    /// Show another picture, or none. Its bytes are stored by who asks.
    SetAvatar(UserId, Option<Avatar>),
    /// Give another role.
    AssignRole(UserId, RoleId),
    /// Give a profile, or take it away.
    AssignProfile(UserId, Option<ProfileId>),
    /// Give grants of one's own, or take them away.
    SetCustomProfile(UserId, Option<Grants>),
    /// Give single elements, or take them away; each a grant at scope `elements`.
    SetElements(UserId, Option<Grants>),
    /// Replace the own keys.
    SetKeys(UserId, Vec<KeyEntry>),
    /// Set or clear the masterkey.
    SetMasterkey(UserId, bool),
    /// Set or clear superuser.
    SetSuperuser(UserId, bool),
    /// Say when the user may sign in and act; `None` for any time.
    SetLoginWindow(UserId, Option<LoginWindow>),
    /// Make an invited user active.
    Activate(UserId),
    /// Bar.
    Block(UserId),
    /// Let in again, whether blocked or locked out.
    Unblock(UserId),
    /// Refuse sign-ins for a while. Rollbook itself says so, after too many failures.
    LockOut {
        /// Whose.
        user: UserId,
        /// Until when.
        until: Moment,
    },
    /// Put away: leaves every group and queue.
    Archive(UserId),
    /// Bring back from the archive.
    Restore(UserId),
    /// Say that a password was stored.
    SetPassword(UserId, NewPassword),
    /// Say that a link to set a password was stored; until it is used no other password works.
    MakePasswordLink(UserId, Link),
    /// Say that a password was stored, set by who holds a link.
    SetByLink {
        /// Whose; the actor too.
        user: UserId,
        /// The link that somebody made; none if the user asked for it.
        made: Option<CredentialId>,
        /// The password.
        new: NewPassword,
    },
    /// Say that an API key was stored; the one before it is revoked.
    CreateApiKey(UserId, CredentialId),
    /// Say that the API key was deleted.
    RevokeApiKey(UserId),
    /// Say that one's own seed and recovery codes for two-factor sign-in were stored.
    SetTwoFactor {
        /// Whose, who asks themselves.
        user: UserId,
        /// Where the seed is.
        seed: CredentialId,
        /// Where the recovery codes' hashes are.
        recovery_codes: Vec<CredentialId>,
    },
    /// Sign in without a second factor again.
    RemoveTwoFactor(UserId),
    /// Use up a recovery code. Rollbook itself says so, at a sign-in.
    UseRecoveryCode(UserId, CredentialId),
    /// Say that an API token was stored.
    CreateToken {
        /// On whose rights it acts.
        user: UserId,
        /// Where its hash is.
        credential: CredentialId,
        /// Unique among the tokens of the organization that are not revoked.
        name: String,
    },
    /// Say that an API token was deleted.
    RevokeToken(UserId, CredentialId),
    /// Ask that the personal data be erased; `authored` also what they wrote as an actor.
    RequestErasure {
        /// Whose.
        user: UserId,
        /// Also address, agent and reasons of the user's own actions.
        authored: bool,
    },
    /// Say that the values are gone.
    ConfirmErasure {
        /// Whose.
        user: UserId,
        /// As it was requested.
        authored: bool,
    },
}

impl UserCommand {
    /// Whom it is about; none for a user who is not there yet.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Create(_) | Self::Invite(..) | Self::TakeOver(..) => None,
            Self::Edit(user, _)
            | Self::SetAvatar(user, _)
            | Self::AssignRole(user, _)
            | Self::AssignProfile(user, _)
            | Self::SetCustomProfile(user, _)
            | Self::SetElements(user, _)
            | Self::SetKeys(user, _)
            | Self::SetMasterkey(user, _)
            | Self::SetSuperuser(user, _)
            | Self::SetLoginWindow(user, _)
            | Self::Activate(user)
            | Self::Block(user)
            | Self::Unblock(user)
            | Self::LockOut { user, .. }
            | Self::Archive(user)
            | Self::Restore(user)
            | Self::SetPassword(user, _)
            | Self::MakePasswordLink(user, _)
            | Self::SetByLink { user, .. }
            | Self::CreateApiKey(user, _)
            | Self::RevokeApiKey(user)
            | Self::SetTwoFactor { user, .. }
            | Self::RemoveTwoFactor(user)
            | Self::UseRecoveryCode(user, _)
            | Self::CreateToken { user, .. }
            | Self::RevokeToken(user, _)
            | Self::RequestErasure { user, .. }
            | Self::ConfirmErasure { user, .. } => Some(*user),
        }
    }
}

//! Why a command about a user was refused.

use super::state::Status;
use crate::kernel::rejection::{Class, Refusal};
use crate::permission::catalog::Offer;
use std::sync::Arc;

/// Why a command about a user was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserRejection {
    /// Another user has the login.
    #[error("another user has this login")]
    LoginTaken,
    /// Another user has the e-mail address.
    #[error("another user has this e-mail address")]
    EmailTaken,
    /// Another user has the extension.
    #[error("another user has this extension")]
    ExtensionTaken,
    /// The catalog keeps logins as they are.
    #[error("the organization's catalog lets nobody change a login")]
    LoginFixed,
    /// The status does not allow it.
    #[error("this user is {}, which does not allow it", .0.word())]
    StatusForbids(Status),
    /// The personal data was erased.
    #[error("the personal data of this user was erased, so nothing more can be changed")]
    Erased,
    /// Erasure is for those who left.
    #[error("only an archived user's personal data can be erased")]
    NotArchived,
    /// Nobody asked for it.
    #[error("nobody asked that this user's personal data be erased")]
    ErasureNotRequested,
    /// A custom profile excludes a profile and the other way round.
    #[error("a user has either a profile or a custom profile; take the other away first")]
    ProfileAndCustomProfile,
    /// The last who may grant anything must stay.
    #[error("this is the last active user who may grant anything; somebody else must be able to first")]
    LastOwner,
    /// The catalog protects the user.
    #[error("this is the user with whom the organization was founded: the catalog keeps them in place")]
    Protected,
    /// The catalog does not have it.
    #[error("the organization's catalog offers no {}", .0.word())]
    NotOffered(Offer),
    /// The role does not do without a profile.
    #[error("whoever has this role has a profile too; give one with it, or first")]
    ProfileRequired,
    /// One user holds the role, and it is passed on.
    #[error("one user holds this role: its holder passes it on by a transfer of the organization")]
    RoleIsSingle,
    /// Every user must hold the key.
    #[error("every user holds the key `{key}`, by the role or as a key of their own")]
    RequiredKey {
        /// Its name.
        key: Arc<str>,
    },
    /// A key does not go without another.
    #[error("whoever holds the key `{key}` holds `{needed}` too; give or take both")]
    KeyNeedsAnother {
        /// The key.
        key: Arc<str>,
        /// What must be held with it.
        needed: Arc<str>,
    },
    /// An API key is there to be revoked or not.
    #[error("this user has no API key")]
    NoApiKey,
    /// It is there already.
    #[error("two-factor sign-in is set up already; take it away first to set it up anew")]
    TwoFactorSet,
    /// There is none to take away.
    #[error("this user signs in without a second factor")]
    NoTwoFactor,
    /// The settings demand it.
    #[error("the organization demands two-factor sign-in of you, so it stays; an administrator may reset it")]
    TwoFactorDemanded,
    /// Another token that is not revoked has the name.
    #[error("another API token has this name; revoke it first, or choose another name")]
    TokenNameTaken,
    /// Somebody else set the password after this one was compared with it.
    #[error("the password was changed meanwhile; try again, with the new one if it is yours")]
    PasswordMoved,
    /// The link was used, or another password was set, or it was ended otherwise; or it never was one.
    #[error("this password link is invalid or it has already been used once")]
    LinkInvalid,
    /// It is too late for it.
    #[error("this password link has expired; ask for a new one")]
    LinkExpired,
}

impl Refusal for UserRejection {
    fn class(&self) -> Class {
        Class::Conflict
    }

    fn code(&self) -> &'static str {
        match self {
            Self::LoginTaken => "login_taken",
            Self::EmailTaken => "email_taken",
            Self::ExtensionTaken => "extension_taken",
            Self::LoginFixed => "login_fixed",
            Self::StatusForbids(_) => "status_forbids",
            Self::Erased => "erased",
            Self::NotArchived => "not_archived",
            Self::ErasureNotRequested => "erasure_not_requested",
            Self::ProfileAndCustomProfile => "profile_and_custom_profile",
            Self::LastOwner => "last_owner",
            Self::Protected => "protected",
            Self::NotOffered(_) => "not_offered",
            Self::ProfileRequired => "profile_required",
            Self::RoleIsSingle => "role_is_single",
            Self::RequiredKey { .. } => "required_key",
            Self::KeyNeedsAnother { .. } => "key_needs_another",
            Self::NoApiKey => "no_api_key",
            Self::TwoFactorSet => "two_factor_set",
            Self::NoTwoFactor => "no_two_factor",
            Self::TwoFactorDemanded => "two_factor_demanded",
            Self::TokenNameTaken => "name_taken",
            Self::PasswordMoved => "password_moved",
            Self::LinkInvalid => "link_invalid",
            Self::LinkExpired => "link_expired",
        }
    }
}

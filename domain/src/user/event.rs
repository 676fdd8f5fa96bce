//! What can happen to a user. Every event carries from and to, so it can be read and undone alone.

use super::detail::{Detail, DetailValue};
use super::state::{KeyEntry, Status};
use super::window::LoginWindow;
use crate::kernel::event_type::events;
use crate::kernel::id::{CredentialId, ProfileId, RoleId, UserId};
use crate::kernel::moment::Moment;
use crate::kernel::personal::Personal;
use crate::permission::grant::Grants;

events! {
    /// An event about a user.
    UserEvent about user: UserId;
    Created = "user.created" v "1", Created, AccountChange, "added user {subject}" {
        login: Personal, name: Personal, email: Option<Personal>,
        role: RoleId, profile: Option<ProfileId>, status: Status,
    }
    LoginChanged = "user.login_changed" v "1", Field("login"), AccountChange,
        "changed the login of {subject} from {from} to {to}" { from: Personal, to: Personal }
    Renamed = "user.renamed" v "1", Field("name"), AccountChange,
        "renamed {subject} from {from} to {to}" { from: Personal, to: Personal }
    EmailChanged = "user.email_changed" v "1", Field("email"), AccountChange,
        "changed the e-mail address of {subject} from {from} to {to}" {
        from: Option<Personal>, to: Option<Personal>,
    }
    DetailSet = "user.detail_set" v "1", Element("details", "detail"), AccountChange,
        "changed {element} of {subject} from {from} to {to}" {
        detail: Detail, from: Option<DetailValue>, to: Option<DetailValue>,
    }
    AvatarSet = "user.avatar_set" v "1", Field("avatar"), AccountChange,
        "changed the picture of {subject}" { from: Option<Personal>, to: Option<Personal> }
    RoleAssigned = "user.role_assigned" v "1", Field("role"), UserAccess,
        "gave {subject} the role {to} instead of {from}" { from: RoleId, to: RoleId }
    ProfileAssigned = "user.profile_assigned" v "1", Field("profile"), UserAccess,
        "gave {subject} the profile {to} instead of {from}" {
        from: Option<ProfileId>, to: Option<ProfileId>,
    }
    CustomProfileSet = "user.custom_profile_set" v "1", Field("custom_profile"), UserAccess,
        "set the custom profile of {subject}" { from: Option<Grants>, to: Option<Grants> }
    ElementsSet = "user.elements_set" v "1", Field("elements"), UserAccess,
        "set the single elements of {subject} from {from} to {to}" {
        from: Option<Grants>, to: Option<Grants>,
    }
    KeysChanged = "user.keys_changed" v "1", Elements("keys"), UserAccess,
        "changed the own keys of {subject}: added {added}, removed {removed}" {
        added: Vec<KeyEntry>, removed: Vec<KeyEntry>,
    }
    MasterkeySet = "user.masterkey_set" v "1", Field("masterkey"), UserAccess,
        "set the masterkey of {subject} from {from} to {to}" { from: bool, to: bool }
    SuperuserSet = "user.superuser_set" v "1", Field("superuser"), UserAccess,
        "set superuser of {subject} from {from} to {to}" { from: bool, to: bool }
    LoginWindowSet = "user.login_window_set" v "1", Field("login_window"), AccountChange,
        "set when {subject} may sign in" { from: Option<LoginWindow>, to: Option<LoginWindow> }
    Activated = "user.activated" v "1", Field("status"), AccountChange,
        "changed the status of {subject} from {from} to {to}" { from: Status, to: Status }
    Blocked = "user.blocked" v "1", Field("status"), AccountChange,
        "blocked {subject}" { from: Status, to: Status }
    Unblocked = "user.unblocked" v "1", Field("status"), AccountChange,
        "unblocked {subject}" { from: Status, to: Status }
    LockedOut = "user.locked_out" v "1", Passing("locked_until"), AccountChange,
        "locked {subject} out until {to} after failed sign-ins" { from: Option<Moment>, to: Option<Moment> }
    Unlocked = "user.unlocked" v "1", Passing("locked_until"), AccountChange,
        "lifted the lock-out of {subject} that held until {from}" { from: Option<Moment>, to: Option<Moment> }
    Archived = "user.archived" v "1", Field("status"), AccountChange,
        "archived {subject}" { from: Status, to: Status }
    Restored = "user.restored" v "1", Field("status"), AccountChange,
        "restored {subject}" { from: Status, to: Status }
    PasswordSet = "user.password_set" v "1", Fact, AccountChange,
        "set the password of {subject}" { credential: CredentialId, by_oneself: bool }
    PasswordLinkMade = "user.password_link_made" v "1", Fact, AccountChange,
        "made a link for {subject} to set a password by, and took the one before away" {
        credential: CredentialId, until: Moment,
    }
    ApiKeyCreated = "user.api_key_created" v "1", Fact, AccountChange,
        "created an API key for {subject}" { credential: CredentialId }
    ApiKeyRevoked = "user.api_key_revoked" v "1", Fact, AccountChange,
        "revoked the API key of {subject}" { credential: CredentialId }
    TwoFactorSet = "user.two_factor_set" v "1", Fact, AccountChange,
        "set up two-factor sign-in for {subject}" { seed: CredentialId, recovery_codes: Vec<CredentialId> }
    TwoFactorRemoved = "user.two_factor_removed" v "1", Fact, AccountChange,
        "took two-factor sign-in away from {subject}" { seed: CredentialId }
    RecoveryCodeUsed = "user.recovery_code_used" v "1", Fact, AccountChange,
        "used up a recovery code of {subject}" { credential: CredentialId }
    TokenCreated = "user.token_created" v "1", Fact, AccountChange,
        "created the API token {name} for {subject}" { credential: CredentialId, name: String }
    TokenRevoked = "user.token_revoked" v "1", Fact, AccountChange,
        "revoked the API token {name} of {subject}" { credential: CredentialId, name: String }
    ErasureRequested = "user.erasure_requested" v "1", Fact, AccountChange,
        "asked that the personal data of {subject} be erased" { authored: bool }
    Erased = "user.erased" v "1", Fact, AccountChange,
        "erased the personal data of {subject}" { authored: bool }
}

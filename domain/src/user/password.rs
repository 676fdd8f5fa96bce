//! What a password must be, how long it lasts, and which ones may not come again: the security suite, on or off.
//!
//! The rules never see a password. Whoever stores one says what was found out about it ([`NewPassword`]); its hash
//! lies beside the ledger, and so do those of the passwords before it.

use super::event::UserEvent;
use super::rejection::UserRejection;
use super::{decide, state::User};
use crate::kernel::context::Actor;
use crate::kernel::id::{CredentialId, UserId};
use crate::kernel::moment::Moment;
use crate::kernel::rejection::FieldError;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::organization::state::Organization;
use crate::settings::state::{Setting, Settings};
use serde::{Deserialize, Serialize};

/// Shortest password, in characters, with the suite and without (NIST SP 800-63B §5.1.1.2).
pub const CHARS_MIN: usize = 8;
/// Longest password, in characters.
pub const CHARS_MAX: usize = 128;
/// The special characters of which the suite demands one.
pub const SPECIAL: &str = "~!@#$%^&-_=+[{]}";

const DAY_US: i64 = 24 * 3_600_000_000;

/// The password that a user has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Password {
    /// Under which id its hash lies.
    pub credential: CredentialId,
    /// Since when it is the user's.
    pub set_at: Moment,
}

/// A password that was stored, and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewPassword {
    /// Under which id its hash lies.
    pub credential: CredentialId,
    /// Whether it is as [`is_strong`] wants it.
    pub is_strong: bool,
    /// What it was compared with; none where it was drawn by chance, or is only tried out.
    pub compared: Option<Compared>,
}

/// The passwords that a new one was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The one that was the user's then, if there was one.
    pub current: Option<CredentialId>,
    /// Which of them it is: 0 the current one, 1 the one before it, and so on; none if it is a new one.
    pub same_as: Option<usize>,
}

impl NewPassword {
    /// One of which nothing more is known.
    #[must_use]
    pub fn unknown(credential: CredentialId) -> Self {
        Self { credential, is_strong: false, compared: None }
    }
}

/// Whether a password may be chosen, whatever the settings.
///
/// # Errors
/// What is wrong, at `pointer`; the password is not repeated.
pub fn acceptable(pointer: &str, password: &str) -> Result<(), FieldError> {
    let count = password.chars().count();
    if count < CHARS_MIN {
        return Err(FieldError::new(pointer, "too_short", "a password has at least 8 characters"));
    }
    if count > CHARS_MAX {
        return Err(FieldError::new(pointer, "too_long", "a password has at most 128 characters"));
    }
    Ok(())
}

/// Whether a password is as the security suite wants it. Letters may be of any script.
#[must_use]
pub fn is_strong(password: &str) -> bool {
    let has = |is: fn(char) -> bool| password.chars().any(is);
    password.chars().count() >= CHARS_MIN
        && has(char::is_lowercase)
        && has(char::is_uppercase)
        && has(|c| c.is_ascii_digit())
        && has(|c| SPECIAL.contains(c))
}

/// The permission that changing one's own password takes; none if everybody may. It is not asked of whoever's password
/// has expired: they may do nothing else, and would be locked out.
#[must_use]
pub fn own_takes(organization: &Organization, user: &User, at: Moment) -> Option<&'static str> {
    let permission = organization.catalog.own_password.as_deref()?;
    let life = Life::of(&organization.settings, user, at);
    (!life.is_over).then_some(permission)
}

/// How long a password lasts still.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// Until when; none if for ever.
    pub expires_at: Option<Moment>,
    /// Whether it is time to change it; also when it is too late.
    pub is_ending: bool,
    /// Whether it is too late.
    pub is_over: bool,
}

impl Life {
    /// Of `user`'s password at a time: for ever without the suite, without a password, or where the settings say so.
    #[must_use]
    pub fn of(settings: &Settings, user: &User, at: Moment) -> Self {
        let days = |setting| i64::from(settings.number(setting)) * DAY_US;
        let lasts = days(Setting::PasswordDays);
        match user.password.filter(|_| settings.flag(Setting::SecuritySuite) && lasts > 0) {
            None => Self::default(),
            Some(password) => {
                let expires_at = password.set_at.plus_micros(lasts);
                let warns_at = expires_at.plus_micros(-days(Setting::PasswordWarningDays));
                let (is_ending, is_over) = (warns_at <= at || expires_at <= at, expires_at <= at);
                Self { expires_at: Some(expires_at), is_ending, is_over }
            }
        }
    }
}

/// How many of a user's passwords before the current one are kept, so that they cannot come again.
#[must_use]
pub fn kept(settings: &Settings) -> usize {
    let most =
        if settings.flag(Setting::SecuritySuite) { settings.number(Setting::PasswordHistory) } else { 0 };
    most as usize
}

/// Refuses a first password that the suite does not want.
pub(super) fn first(deciding: &mut Deciding<'_>, user: UserId, new: NewPassword) -> Result<(), Rejection> {
    if let Some(error) = too_simple(&deciding.now.settings, "/password", new) {
        deciding.refuse_last(error);
    }
    deciding.emit(UserEvent::PasswordSet { user, credential: new.credential, by_oneself: false })
}

/// Gives a user another password. What is wrong with it is said last, to who would have set it: whoever guesses what it
/// is leaves an event with each wrong guess.
pub(super) fn set(deciding: &mut Deciding<'_>, id: UserId, new: NewPassword) -> Result<(), Rejection> {
    let user = decide::editable(deciding, id)?;
    if let Some(rejection) = refusal(&deciding.now.settings, (&user, "/new"), new) {
        deciding.refuse_last(rejection);
    }
    let by_oneself = deciding.context.actor == Actor::User(id);
    deciding.emit(UserEvent::PasswordSet { user: id, credential: new.credential, by_oneself })
}

/// The same for who holds a link, and nobody else comes here.
pub(super) fn by_link(deciding: &mut Deciding<'_>, id: UserId, new: NewPassword) -> Result<(), Rejection> {
    let user = decide::existing(deciding, id)?;
    if let Some(rejection) = refusal(&deciding.now.settings, (&user, "/password"), new) {
        return Err(rejection);
    }
    deciding.emit(UserEvent::PasswordSet { user: id, credential: new.credential, by_oneself: true })
}

fn refusal(settings: &Settings, (user, pointer): (&User, &str), new: NewPassword) -> Option<Rejection> {
    let current = user.password.map(|password| password.credential);
    if new.compared.is_some_and(|compared| compared.current != current) {
        return Some(UserRejection::PasswordMoved.into());
    }
    let error = too_simple(settings, pointer, new).or_else(|| used_before(settings, pointer, new));
    error.map(Rejection::from)
}

fn too_simple(settings: &Settings, pointer: &str, new: NewPassword) -> Option<FieldError> {
    let detail = "a password has at least 8 characters, and among them at least one lower-case letter, one \
                  upper-case letter, one digit and one of ~!@#$%^&-_=+[{]}";
    let demanded = settings.flag(Setting::SecuritySuite) && !new.is_strong;
    demanded.then(|| FieldError::new(pointer, "too_simple", detail))
}

fn used_before(settings: &Settings, pointer: &str, new: NewPassword) -> Option<FieldError> {
    let same_as = new.compared?.same_as.filter(|_| settings.flag(Setting::SecuritySuite))?;
    let kept = kept(settings);
    match same_as {
        0 => Some(FieldError::new(pointer, "same_password", "is the password already; choose another")),
        _ if same_as <= kept => {
            let detail = format!("was used before; the last {kept} passwords do not come again");
            Some(FieldError::new(pointer, "used_before", &detail))
        }
        _ => None,
    }
}

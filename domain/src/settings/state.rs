//! The organization's settings as folded from events, each with its default, unit and limits.

use super::addresses;
use super::event::SettingsEvent;
use crate::kernel::moment::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

const DAY_US: i64 = 86_400_000_000;

/// The settings there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// Which changes need a reason: `none`, `sensitive` or `all`.
    ReasonRequired,
    /// Failed sign-ins in a row before an account is locked; 0 never locks, at most 100.
    SignInAttemptsMax,
    /// Minutes an account stays locked; 1 to 1,440.
    LockOutMinutes,
    /// Hours a session lives from its sign-in on, used or not; 1 to 720.
    SessionHours,
    /// Users who may be signed in at the same time (uContact: concurrent licences); 0 for any number, at most 1,000,000.
    Licences,
    /// Whether agents may call out; overridable by group.
    OutboundCalls,
    /// Whether passwords obey the security suite: the rule, the days and the history below.
    SecuritySuite,
    /// Days a password lasts under the suite; 0 for ever, at most 3,650.
    PasswordDays,
    /// Days before its end from which on one is warned; 0 to 365.
    PasswordWarningDays,
    /// How many passwords before the current one do not come again under the suite; 0 to 12.
    PasswordHistory,
    /// Minutes that a link lasts by which one sets a password that one forgot; 5 to 1,440.
    ForgottenLinkMinutes,
    /// Days that a link lasts by which an administrator has a user set a password, the one on which it is made included; 1
    /// to 30.
    ResetLinkDays,
    /// Days the activity ledger is kept; 0 for ever, 30 to 36,500.
    ActivityDays,
    /// How many characters of a masked part are hidden; 0 to 100.
    MaskCharacters,
    /// The addresses and networks from which people and programs are let in; none for any.
    AddressesAllowed,
    /// Of whom two-factor sign-in is demanded.
    TwoFactor,
    /// The lowest extension of a user where the catalog has them given automatically (XCALLY: Min Internal); 1 to 999,999,999.
    ExtensionMin,
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SettingValue {
    /// On or off.
    Flag(bool),
    /// A count, in the setting's unit.
    Number(u32),
    /// One of the setting's words.
    Word(String),
    /// Some texts, in order.
    List(Vec<String>),
}

/// Which changes need a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasonRule {
    /// No change.
    None,
    /// Changes of role, keys, masterkey, superuser, erasures, rollbacks, and keeping less activity.
    Sensitive,
    /// Every change.
    All,
}

impl Setting {
    /// Every setting.
    pub const ALL: [Self; 17] = [
        Self::ReasonRequired,
        Self::SignInAttemptsMax,
        Self::LockOutMinutes,
        Self::SessionHours,
        Self::Licences,
        Self::OutboundCalls,
        Self::SecuritySuite,
        Self::PasswordDays,
        Self::PasswordWarningDays,
        Self::PasswordHistory,
        Self::ForgottenLinkMinutes,
        Self::ResetLinkDays,
        Self::ActivityDays,
        Self::MaskCharacters,
        Self::AddressesAllowed,
        Self::TwoFactor,
        Self::ExtensionMin,
    ];

    /// The word in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ReasonRequired => "reason_required",
            Self::SignInAttemptsMax => "sign_in_attempts_max",
            Self::LockOutMinutes => "lock_out_minutes",
            Self::SessionHours => "session_hours",
            Self::Licences => "licences",
            Self::OutboundCalls => "outbound_calls",
            Self::SecuritySuite => "security_suite",
            Self::PasswordDays => "password_days",
            Self::PasswordWarningDays => "password_warning_days",
            Self::PasswordHistory => "password_history",
            Self::ForgottenLinkMinutes => "forgotten_link_minutes",
            Self::ResetLinkDays => "reset_link_days",
            Self::ActivityDays => "activity_days",
            Self::MaskCharacters => "mask_characters",
            Self::AddressesAllowed => "addresses_allowed",
            Self::TwoFactor => "two_factor",
            Self::ExtensionMin => "extension_min",
        }
    }

    /// What holds where nothing was set.
    #[must_use]
    pub fn default_value(self) -> SettingValue {
        match self {
            Self::ReasonRequired => SettingValue::Word("none".into()),
            Self::SignInAttemptsMax => SettingValue::Number(10),
            Self::LockOutMinutes => SettingValue::Number(15),
            Self::SessionHours => SettingValue::Number(12),
            Self::Licences => SettingValue::Number(0),
            Self::OutboundCalls => SettingValue::Flag(true),
            Self::SecuritySuite => SettingValue::Flag(false),
            Self::PasswordDays => SettingValue::Number(90),
            Self::PasswordWarningDays => SettingValue::Number(15),
            Self::PasswordHistory => SettingValue::Number(12),
            Self::ForgottenLinkMinutes => SettingValue::Number(60),
            Self::ResetLinkDays => SettingValue::Number(5),
            Self::ActivityDays => SettingValue::Number(0),
            Self::MaskCharacters => SettingValue::Number(4),
            Self::AddressesAllowed => SettingValue::List(Vec::new()),
            Self::TwoFactor => SettingValue::Word("optional".into()),
            Self::ExtensionMin => SettingValue::Number(1_000),
        }
    }

    /// Whether a group may override it for its members.
    #[must_use]
    pub fn by_group(self) -> bool {
        matches!(self, Self::OutboundCalls)
    }

    /// Whether `value` is of the setting's kind and inside its limits.
    #[must_use]
    pub fn accepts(self, value: &SettingValue) -> bool {
        match (self, value) {
            (Self::ReasonRequired, SettingValue::Word(word)) => {
                matches!(word.as_str(), "none" | "sensitive" | "all")
            }
            (Self::TwoFactor, SettingValue::Word(word)) => {
                matches!(word.as_str(), "optional" | "required" | "required_of_agents" | "required_of_users")
            }
            (Self::SignInAttemptsMax, SettingValue::Number(n)) => *n <= 100,
            (Self::LockOutMinutes, SettingValue::Number(n)) => (1..=1_440).contains(n),
            (Self::SessionHours, SettingValue::Number(n)) => (1..=720).contains(n),
            (Self::Licences, SettingValue::Number(n)) => *n <= 1_000_000,
            (Self::PasswordDays, SettingValue::Number(n)) => *n <= 3_650,
            (Self::PasswordWarningDays, SettingValue::Number(n)) => *n <= 365,
            (Self::PasswordHistory, SettingValue::Number(n)) => *n <= 12,
            (Self::ForgottenLinkMinutes, SettingValue::Number(n)) => (5..=1_440).contains(n),
            (Self::ResetLinkDays, SettingValue::Number(n)) => (1..=30).contains(n),
            (Self::ActivityDays, SettingValue::Number(n)) => *n == 0 || (30..=36_500).contains(n),
            (Self::MaskCharacters, SettingValue::Number(n)) => *n <= 100,
            (Self::ExtensionMin, SettingValue::Number(n)) => (1..=999_999_999).contains(n),
            (Self::OutboundCalls | Self::SecuritySuite, SettingValue::Flag(_)) => true,
            (Self::AddressesAllowed, SettingValue::List(entries)) => addresses::are_acceptable(entries),
            (_, _) => false,
        }
    }

    /// What [`accepts`](Self::accepts) wants, for an error message.
    #[must_use]
    pub fn wanted(self) -> &'static str {
        match self {
            Self::ReasonRequired => "one of `none`, `sensitive`, `all`",
            Self::TwoFactor => "one of `optional`, `required`, `required_of_agents`, `required_of_users`",
            Self::SignInAttemptsMax => "a number from 0 to 100",
            Self::LockOutMinutes => "a number of minutes from 1 to 1440",
            Self::SessionHours => "a number of hours from 1 to 720",
            Self::Licences => "a number from 0 to 1000000",
            Self::PasswordDays => "a number of days from 0 (for ever) to 3650",
            Self::PasswordWarningDays => "a number of days from 0 to 365",
            Self::PasswordHistory => "a number from 0 to 12",
            Self::ForgottenLinkMinutes => "a number of minutes from 5 to 1440",
            Self::ResetLinkDays => "a number of days from 1 to 30",
            Self::ActivityDays => "0 (for ever) or a number of days from 30 to 36500",
            Self::MaskCharacters => "a number from 0 to 100",
            Self::ExtensionMin => "a number from 1 to 999999999",
            Self::OutboundCalls | Self::SecuritySuite => "true or false",
            Self::AddressesAllowed => {
                "a list of at most 200 addresses and networks such as `203.0.113.9`, `8.8.8.8/28` or `2001:db8::/32`"
            }
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that names no setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such setting")]
pub struct UnknownSetting;

impl FromStr for Setting {
    type Err = UnknownSetting;

    fn from_str(text: &str) -> Result<Self, UnknownSetting> {
        Self::ALL.into_iter().find(|setting| setting.word() == text).ok_or(UnknownSetting)
    }
}

/// The settings that were changed; the rest are at their defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What was set.
    pub set: BTreeMap<Setting, SettingValue>,
    /// Position of the last event about the settings; 0 if there was none.
    pub changed: u64,
    /// How many events there were about them.
    pub version: u64,
    /// When `two_factor` was last set. Sessions that began before are not asked for a second factor.
    pub two_factor_since: Moment,
}

impl Settings {
    /// Folds one event, which was made at `now`.
    pub fn apply(&mut self, event: &SettingsEvent, at: u64, now: Moment) {
        match event {
            SettingsEvent::Set { setting, to, .. } => {
                if *setting == Setting::TwoFactor {
                    self.two_factor_since = now;
                }
                self.set.insert(*setting, to.clone());
            }
        }
        self.changed = at;
        self.version += 1;
    }

    /// The value that holds.
    #[must_use]
    pub fn get(&self, setting: Setting) -> SettingValue {
        self.set.get(&setting).cloned().unwrap_or_else(|| setting.default_value())
    }

    /// The value of a setting that is a number; 0 if it is of another kind.
    #[must_use]
    pub fn number(&self, setting: Setting) -> u32 {
        match self.get(setting) {
            SettingValue::Number(n) => n,
            SettingValue::Flag(_) | SettingValue::Word(_) | SettingValue::List(_) => 0,
        }
    }

    /// Whether a setting that is a flag is on; off if it is of another kind.
    #[must_use]
    pub fn flag(&self, setting: Setting) -> bool {
        self.get(setting) == SettingValue::Flag(true)
    }

    /// From when on activity is kept at a time; none if for ever.
    #[must_use]
    pub fn activity_kept_from(&self, at: Moment) -> Option<Moment> {
        match self.number(Setting::ActivityDays) {
            0 => None,
            days => Some(at.plus_micros(-i64::from(days) * DAY_US)),
        }
    }

    /// Which changes need a reason.
    #[must_use]
    pub fn reason_rule(&self) -> ReasonRule {
        match self.get(Setting::ReasonRequired) {
            SettingValue::Word(word) if word == "none" => ReasonRule::None,
            SettingValue::Word(word) if word == "sensitive" => ReasonRule::Sensitive,
            SettingValue::Word(_)
            | SettingValue::Flag(_)
            | SettingValue::Number(_)
            | SettingValue::List(_) => ReasonRule::All,
        }
    }
}

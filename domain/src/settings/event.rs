//! What can happen to an organization's settings.

use super::state::{Setting, SettingValue};
use crate::kernel::event_type::events;
use crate::kernel::id::{OrganizationId, Subject};

events! {
    /// An event about the organization's settings.
    SettingsEvent about settings: SettingsId;
    Set = "settings.set" v "1", Element("settings", "setting"), EntityManagement,
        "set {element} from {from} to {to}" {
        setting: Setting, from: SettingValue, to: SettingValue,
    }
}

impl SettingsEvent {
    /// Whether activity that is kept now is kept no longer: fewer days, or days instead of for ever.
    pub(crate) fn keeps_less_activity(&self) -> bool {
        let days = |value: &SettingValue| match value {
            SettingValue::Number(days) if *days > 0 => *days,
            SettingValue::Number(_)
            | SettingValue::Flag(_)
            | SettingValue::Word(_)
            | SettingValue::List(_) => u32::MAX,
        };
        match self {
            Self::Set { setting: Setting::ActivityDays, from, to, .. } => days(to) < days(from),
            Self::Set { .. } => false,
        }
    }
}

/// The settings of an organization carry its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct SettingsId(pub OrganizationId);

impl SettingsId {
    /// The settings as the subject of a history.
    #[must_use]
    pub fn subject(self) -> Subject {
        Subject { kind: crate::kernel::id::Kind::Settings, id: self.0.uuid() }
    }
}

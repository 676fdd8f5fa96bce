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

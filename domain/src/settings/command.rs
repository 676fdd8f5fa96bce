//! What can be asked about the settings.

use super::state::{Setting, SettingValue};
use std::collections::BTreeMap;

/// What can be asked about the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsCommand {
    /// Set the named ones; the others stay as they are.
    Set(BTreeMap<Setting, SettingValue>),
    /// The same, even if whoever asks is let in no more then.
    Force(BTreeMap<Setting, SettingValue>),
}

//! What can happen to a group.

use crate::kernel::event_type::events;
use crate::kernel::id::{GroupId, UserId};
use crate::kernel::shared::Standing;
use crate::settings::state::{Setting, SettingValue};

events! {
    /// An event about a group.
    GroupEvent about group: GroupId;
    Created = "group.created" v "1", Created, EntityManagement, "added group {subject}" {
        name: String, description: String,
    }
    Renamed = "group.renamed" v "1", Field("name"), EntityManagement,
        "renamed group {subject} from {from} to {to}" { from: String, to: String }
    Described = "group.described" v "1", Field("description"), EntityManagement,
        "changed the description of group {subject}" { from: String, to: String }
    MembersChanged = "group.members_changed" v "1", Elements("members"), GroupManagement,
        "changed the members of group {subject}: added {added}, removed {removed}" {
        added: Vec<UserId>, removed: Vec<UserId>,
    }
    SupervisorsChanged = "group.supervisors_changed" v "1", Elements("supervisors"), GroupManagement,
        "changed the supervisors of group {subject}: added {added}, removed {removed}" {
        added: Vec<UserId>, removed: Vec<UserId>,
    }
    SettingSet = "group.setting_set" v "1", Element("settings", "setting"), EntityManagement,
        "set {element} of group {subject} from {from} to {to}" {
        setting: Setting, from: Option<SettingValue>, to: Option<SettingValue>,
    }
    Archived = "group.archived" v "1", Field("status"), EntityManagement,
        "archived group {subject}" { from: Standing, to: Standing }
    Restored = "group.restored" v "1", Field("status"), EntityManagement,
        "restored group {subject}" { from: Standing, to: Standing }
}

//! What can happen to a queue or campaign.

use super::state::{QueueKind, Supervision};
use crate::kernel::event_type::events;
use crate::kernel::id::{KeyId, QueueId, UserId};
use crate::kernel::shared::Standing;

events! {
    /// An event about a queue or campaign.
    QueueEvent about queue: QueueId;
    Created = "queue.created" v "1", Created, EntityManagement, "added queue {subject}" {
        name: String, description: String, kind: QueueKind, visibility_key: Option<KeyId>,
    }
    Renamed = "queue.renamed" v "1", Field("name"), EntityManagement,
        "renamed queue {subject} from {from} to {to}" { from: String, to: String }
    Described = "queue.described" v "1", Field("description"), EntityManagement,
        "changed the description of queue {subject}" { from: String, to: String }
    VisibilityKeySet = "queue.visibility_key_set" v "1", Field("visibility_key"), UserAccess,
        "set the visibility key of queue {subject} from {from} to {to}" {
        from: Option<KeyId>, to: Option<KeyId>,
    }
    PartsChanged = "queue.parts_changed" v "1", Elements("parts"), EntityManagement,
        "changed what queue {subject} is composed of: added {added}, removed {removed}" {
        added: Vec<QueueId>, removed: Vec<QueueId>,
    }
    AgentsChanged = "queue.agents_changed" v "1", Elements("agents"), UserAccess,
        "changed who serves queue {subject}: added {added}, removed {removed}" {
        added: Vec<UserId>, removed: Vec<UserId>,
    }
    SupervisorSet = "queue.supervisor_set" v "1", Element("supervisors", "user"), UserAccess,
        "set {element} as supervisor of queue {subject} from {from} to {to}" {
        user: UserId, from: Option<Supervision>, to: Option<Supervision>,
    }
    UpdateProtectionSet = "queue.update_protection_set" v "1", Field("update_protected"), EntityManagement,
        "set the update protection of queue {subject} from {from} to {to}" { from: bool, to: bool }
    DeleteProtectionSet = "queue.delete_protection_set" v "1", Field("delete_protected"), EntityManagement,
        "set the delete protection of queue {subject} from {from} to {to}" { from: bool, to: bool }
    Archived = "queue.archived" v "1", Field("status"), EntityManagement,
        "archived queue {subject}" { from: Standing, to: Standing }
    Restored = "queue.restored" v "1", Field("status"), EntityManagement,
        "restored queue {subject}" { from: Standing, to: Standing }
}

//! What can happen to an object.

use crate::kernel::event_type::events;
use crate::kernel::id::{KeyId, ObjectId, QueueId, UserId};
use crate::kernel::shared::Standing;

events! {
    /// An event about an object.
    ObjectEvent about object: ObjectId;
    Created = "object.created" v "1", Created, EntityManagement, "added {subject}" {
        kind: String, name: String, description: String, visibility_key: Option<KeyId>, reports_key: Option<KeyId>,
    }
    Renamed = "object.renamed" v "1", Field("name"), EntityManagement,
        "renamed {subject} from {from} to {to}" { from: String, to: String }
    Described = "object.described" v "1", Field("description"), EntityManagement,
        "changed the description of {subject}" { from: String, to: String }
    VisibilityKeySet = "object.visibility_key_set" v "1", Field("visibility_key"), UserAccess,
        "set the visibility key of {subject} from {from} to {to}" {
        from: Option<KeyId>, to: Option<KeyId>,
    }
    ReportsKeySet = "object.reports_key_set" v "1", Field("reports_key"), UserAccess,
        "set the key for reports of {subject} from {from} to {to}" {
        from: Option<KeyId>, to: Option<KeyId>,
    }
    ContentsChanged = "object.contents_changed" v "1", Field("contents"), EntityManagement,
        "changed what is in {subject} from {from} to {to}" { from: Vec<String>, to: Vec<String> }
    UsersChanged = "object.users_changed" v "1", Elements("users"), EntityManagement,
        "changed who has {subject}: added {added}, removed {removed}" {
        added: Vec<UserId>, removed: Vec<UserId>,
    }
    QueuesChanged = "object.queues_changed" v "1", Elements("queues"), EntityManagement,
        "changed which queues use {subject}: added {added}, removed {removed}" {
        added: Vec<QueueId>, removed: Vec<QueueId>,
    }
    ObjectsChanged = "object.objects_changed" v "1", Elements("objects"), EntityManagement,
        "changed what else uses {subject}: added {added}, removed {removed}" {
        added: Vec<ObjectId>, removed: Vec<ObjectId>,
    }
    Archived = "object.archived" v "1", Field("status"), EntityManagement,
        "archived {subject}" { from: Standing, to: Standing }
    Restored = "object.restored" v "1", Field("status"), EntityManagement,
        "restored {subject}" { from: Standing, to: Standing }
}

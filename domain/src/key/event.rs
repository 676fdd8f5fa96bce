//! What can happen to a key.

use crate::kernel::event_type::events;
use crate::kernel::id::KeyId;
use crate::kernel::shared::Standing;

events! {
    /// An event about a key.
    KeyEvent about key: KeyId;
    Created = "key.created" v "1", Created, EntityManagement, "added key {subject}" {
        name: String, description: String, reserved: bool, restricts: bool,
    }
    Renamed = "key.renamed" v "1", Field("name"), EntityManagement,
        "renamed key {subject} from {from} to {to}" { from: String, to: String }
    Described = "key.described" v "1", Field("description"), EntityManagement,
        "changed the description of key {subject}" { from: String, to: String }
    Archived = "key.archived" v "1", Field("status"), EntityManagement,
        "archived key {subject}" { from: Standing, to: Standing }
    Restored = "key.restored" v "1", Field("status"), EntityManagement,
        "restored key {subject}" { from: Standing, to: Standing }
}

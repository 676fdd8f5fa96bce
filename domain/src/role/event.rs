//! What can happen to a role.

use crate::kernel::event_type::events;
use crate::kernel::id::{KeyId, RoleId};
use crate::kernel::shared::Standing;
use crate::permission::grant::{Grant, Grants};

events! {
    /// An event about a role.
    RoleEvent about role: RoleId;
    Created = "role.created" v "1", Created, EntityManagement, "added role {subject}" {
        name: String, description: String, rank: u16, protected: bool, grants: Grants, keys: Vec<KeyId>,
    }
    Renamed = "role.renamed" v "1", Field("name"), EntityManagement,
        "renamed role {subject} from {from} to {to}" { from: String, to: String }
    Described = "role.described" v "1", Field("description"), EntityManagement,
        "changed the description of role {subject}" { from: String, to: String }
    RankChanged = "role.rank_changed" v "1", Field("rank"), UserAccess,
        "changed the rank of role {subject} from {from} to {to}" { from: u16, to: u16 }
    GrantsChanged = "role.grants_changed" v "1", Elements("grants"), UserAccess,
        "changed the grants of role {subject}: added {added}, removed {removed}" {
        added: Vec<Grant>, removed: Vec<Grant>,
    }
    KeysChanged = "role.keys_changed" v "1", Elements("keys"), UserAccess,
        "changed the keys of role {subject}: added {added}, removed {removed}" {
        added: Vec<KeyId>, removed: Vec<KeyId>,
    }
    Archived = "role.archived" v "1", Field("status"), EntityManagement,
        "archived role {subject}" { from: Standing, to: Standing }
    Restored = "role.restored" v "1", Field("status"), EntityManagement,
        "restored role {subject}" { from: Standing, to: Standing }
}

//! What can happen to a profile.

use crate::kernel::event_type::events;
use crate::kernel::id::ProfileId;
use crate::kernel::shared::Standing;
use crate::permission::grant::{Grant, Grants};

events! {
    /// An event about a profile.
    ProfileEvent about profile: ProfileId;
    Created = "profile.created" v "1", Created, EntityManagement, "added profile {subject}" {
        name: String, description: String, grants: Grants,
    }
    Renamed = "profile.renamed" v "1", Field("name"), EntityManagement,
        "renamed profile {subject} from {from} to {to}" { from: String, to: String }
    Described = "profile.described" v "1", Field("description"), EntityManagement,
        "changed the description of profile {subject}" { from: String, to: String }
    GrantsChanged = "profile.grants_changed" v "1", Elements("grants"), UserAccess,
        "changed the grants of profile {subject}: added {added}, removed {removed}" {
        added: Vec<Grant>, removed: Vec<Grant>,
    }
    TypeSet = "profile.type_set" v "1", Field("default_type"), UserAccess,
        "changed the default permission type of profile {subject} from {from} to {to}" {
        from: Option<String>, to: Option<String>,
    }
    SectionSet = "profile.section_set" v "1", Element("sections", "section"), UserAccess,
        "set section {element} of profile {subject} from {from} to {to}" {
        section: String, from: Option<String>, to: Option<String>,
    }
    Archived = "profile.archived" v "1", Field("status"), EntityManagement,
        "archived profile {subject}" { from: Standing, to: Standing }
    Restored = "profile.restored" v "1", Field("status"), EntityManagement,
        "restored profile {subject}" { from: Standing, to: Standing }
}

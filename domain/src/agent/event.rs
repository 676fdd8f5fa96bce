//! What can happen to an agent.
//!
//! Aliases change as one list: they are personal, and an element of a set is named by its value wherever a change is
//! told, where no personal value may stand.

use super::state::Level;
use crate::kernel::event_type::events;
use crate::kernel::id::{AgentId, GroupId, KeyId, QueueId, UserId};
use crate::kernel::personal::Personal;
use crate::kernel::shared::Standing;

events! {
    /// An event about an agent.
    AgentEvent about agent: AgentId;
    Created = "agent.created" v "1", Created, EntityManagement, "added agent {subject}" {
        code: Personal, description: Personal, aliases: Vec<Personal>, location: Option<String>,
        payroll_code: Option<Personal>, extension: Option<Personal>, visibility_key: Option<KeyId>,
    }
    CodeChanged = "agent.code_changed" v "1", Field("code"), EntityManagement,
        "changed the code of agent {subject} from {from} to {to}" { from: Personal, to: Personal }
    Described = "agent.described" v "1", Field("description"), EntityManagement,
        "changed the description of agent {subject}" { from: Personal, to: Personal }
    AliasesChanged = "agent.aliases_changed" v "1", Field("aliases"), EntityManagement,
        "changed the aliases of agent {subject} from {from} to {to}" {
        from: Vec<Personal>, to: Vec<Personal>,
    }
    LocationChanged = "agent.location_changed" v "1", Field("location"), EntityManagement,
        "changed the location of agent {subject} from {from} to {to}" {
        from: Option<String>, to: Option<String>,
    }
    PayrollCodeChanged = "agent.payroll_code_changed" v "1", Field("payroll_code"), EntityManagement,
        "changed the payroll code of agent {subject} from {from} to {to}" {
        from: Option<Personal>, to: Option<Personal>,
    }
    ExtensionChanged = "agent.extension_changed" v "1", Field("extension"), EntityManagement,
        "changed the extension of agent {subject} from {from} to {to}" {
        from: Option<Personal>, to: Option<Personal>,
    }
    VisibilityKeySet = "agent.visibility_key_set" v "1", Field("visibility_key"), UserAccess,
        "set the visibility key of agent {subject} from {from} to {to}" {
        from: Option<KeyId>, to: Option<KeyId>,
    }
    GroupSet = "agent.group_set" v "1", Field("group"), GroupManagement,
        "moved agent {subject} from group {from} to {to}" { from: Option<GroupId>, to: Option<GroupId> }
    SupervisorSet = "agent.supervisor_set" v "1", Field("supervisor"), EntityManagement,
        "set the supervisor of agent {subject} from {from} to {to}" {
        from: Option<UserId>, to: Option<UserId>,
    }
    LevelSet = "agent.level_set" v "1", Element("queues", "queue"), UserAccess,
        "set the level of agent {subject} in queue {element} from {from} to {to}" {
        queue: QueueId, from: Option<Level>, to: Option<Level>,
    }
    UpdateProtectionSet = "agent.update_protection_set" v "1", Field("update_protected"), EntityManagement,
        "set the update protection of agent {subject} from {from} to {to}" { from: bool, to: bool }
    DeleteProtectionSet = "agent.delete_protection_set" v "1", Field("delete_protected"), EntityManagement,
        "set the delete protection of agent {subject} from {from} to {to}" { from: bool, to: bool }
    Archived = "agent.archived" v "1", Field("status"), EntityManagement,
        "archived agent {subject}" { from: Standing, to: Standing }
    Restored = "agent.restored" v "1", Field("status"), EntityManagement,
        "restored agent {subject}" { from: Standing, to: Standing }
    ErasureRequested = "agent.erasure_requested" v "1", Fact, EntityManagement,
        "asked that the personal data of agent {subject} be erased" { }
    Erased = "agent.erased" v "1", Fact, EntityManagement,
        "erased the personal data of agent {subject}" { }
}

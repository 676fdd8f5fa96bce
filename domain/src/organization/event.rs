//! What can happen to an organization itself.

use crate::kernel::event_type::events;
use crate::kernel::id::OrganizationId;

events! {
    /// An event about the organization.
    OrganizationEvent about organization: OrganizationId;
    Created = "organization.created" v "1", Created, EntityManagement,
        "founded organization {subject}" { name: String, catalog: String, catalog_version: u32 }
    Renamed = "organization.renamed" v "1", Field("name"), EntityManagement,
        "renamed the organization from {from} to {to}" { from: String, to: String }
}

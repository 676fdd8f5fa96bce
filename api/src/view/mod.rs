//! Entities as the API shows them: ids for references, names for keys, personal values as text or `[erased]`.

mod catalog;
mod entity;
mod eyes;
mod shapes;

pub use catalog::{CatalogView, OrganizationView, PermissionView, ReservedKeyView, catalog, organization};
pub use entity::{agent, entity, group, key, listed_object, object, profile, queue, role, settings, user};
pub use eyes::Eyes;
pub use shapes::{
    ActorView, AgentView, AvatarView, GroupView, KeyView, ObjectView, ProfileView, QueueView, RoleView,
    SettingsView, StampView, SupervisorView, UserView,
};

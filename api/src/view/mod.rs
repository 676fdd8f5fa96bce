//! Entities as the API shows them: ids for references, names for keys, personal values as text or `[erased]`.

mod catalog;
mod entity;
mod shapes;

pub use catalog::{CatalogView, OrganizationView, PermissionView, ReservedKeyView, catalog, organization};
pub use entity::{entity, group, key, profile, queue, role, settings, user};
pub use shapes::{
    GroupView, KeyView, ProfileView, QueueView, RoleView, SettingsView, SupervisorView, UserView,
};

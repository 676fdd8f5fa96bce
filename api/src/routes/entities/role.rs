//! Roles: ranked bundles of grants and keys.

use super::bodies;
use super::{Entity, Resolve, entity_routes, serve};
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta, MinPosition, Params};
use crate::routes::key_words::KeyWords;
use crate::routes::list::Page;
use crate::routes::refer::Names;
use crate::view::RoleView;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use rollbook_domain::permission::grant::Grant;
use rollbook_domain::role::command::RoleEdit;
use rollbook_domain::role::state::Role;
use utoipa_axum::{router::OpenApiRouter, routes};

bodies::bodies! {
    "A role to be added." NewRole, "Members of a role to replace." EditRole as RoleEdit {
        /// For people; at most 2,000 characters.
        #[schema(nullable = false)]
        description: String,
        /// 1 to 1,000; higher outranks lower. 1 if not said.
        #[schema(nullable = false)]
        rank: u16,
        /// What holders may do.
        #[schema(value_type = Option<Vec<Object>>, nullable = false)]
        grants: Vec<Grant>,
        /// Keys that holders hold, by name or id: a list, or one text (`A B`).
        #[schema(nullable = false)]
        keys: KeyWords,
    }
}

impl Resolve<RoleEdit> for EditRole {
    fn resolve(self, names: &Names<'_>) -> Result<RoleEdit, Problem> {
        Ok(RoleEdit {
            name: self.name,
            description: self.description,
            rank: self.rank,
            grants: bodies::grants(names.organization, self.grants)?,
            keys: self.keys.map(|keys| keys.keys(names, "/keys")).transpose()?,
        })
    }
}

entity_routes! {
    Role, RoleView, NewRole, EditRole, "roles", "/roles", "/roles/{id}", "/roles/{id}/archive", "/roles/{id}/restore",
    { view: "roles.view", create: "roles.create", edit: "roles.edit", archive: "roles.archive" },
    "`name_taken`",
    "`name_taken`, `archived`, `protected`, `role_in_use`, `last_owner`"
}

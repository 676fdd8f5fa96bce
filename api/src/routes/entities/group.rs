//! Groups: people with supervisors.

use super::bodies;
use super::{Entity, Resolve, entity_routes, serve};
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta, MinPosition, Params};
use crate::routes::list::Page;
use crate::routes::refer::Names;
use crate::routes::settings;
use crate::view::GroupView;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use rollbook_domain::group::command::GroupEdit;
use rollbook_domain::group::state::Group;
use serde_json::{Map, Value};
use utoipa_axum::{router::OpenApiRouter, routes};

bodies::bodies! {
    "A group to be added." NewGroup, "Members of a group to replace; lists are replaced whole." EditGroup as GroupEdit {
        /// For people; at most 2,000 characters.
        #[schema(nullable = false)]
        description: String,
        /// Who belongs to it, by id or login.
        #[schema(nullable = false)]
        members: Vec<String>,
        /// Who supervises it, by id or login.
        #[schema(nullable = false)]
        supervisors: Vec<String>,
        /// Settings that override the organization's for members; those not named are as the organization's.
        #[schema(value_type = Option<Object>, nullable = false)]
        settings: Map<String, Value>,
    }
}

impl Resolve<GroupEdit> for EditGroup {
    fn resolve(self, names: &Names<'_>) -> Result<GroupEdit, Problem> {
        let settings = self.settings.map(|settings| settings::values("/settings", settings)).transpose()?;
        Ok(GroupEdit {
            name: self.name,
            description: self.description,
            members: bodies::users(names, "/members", self.members)?,
            supervisors: bodies::users(names, "/supervisors", self.supervisors)?,
            settings,
        })
    }
}

entity_routes! {
    Group, GroupView, NewGroup, EditGroup, "groups", "/groups", "/groups/{id}", "/groups/{id}/archive", "/groups/{id}/restore",
    { view: "groups.view", create: "groups.create", edit: "groups.edit", archive: "groups.archive" },
    "`name_taken`",
    "`name_taken`, `archived`, `update_protected`"
}

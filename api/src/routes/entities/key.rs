//! Keys: words that open locks or functions.

use super::bodies;
use super::{Entity, Resolve, entity_routes, serve};
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta, MinPosition, Params};
use crate::routes::list::Page;
use crate::routes::refer::Names;
use crate::view::KeyView;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use rollbook_domain::key::command::KeyEdit;
use rollbook_domain::key::state::Key;
use utoipa_axum::{router::OpenApiRouter, routes};

bodies::bodies! {
    "A key to be added; its name has no white space and does not begin with a minus." NewKey, "Members of a key to replace." EditKey as KeyEdit {
        /// For people; at most 2,000 characters.
        #[schema(nullable = false)]
        description: String,
    }
}

impl Resolve<KeyEdit> for EditKey {
    fn resolve(self, _: &Names<'_>) -> Result<KeyEdit, Problem> {
        Ok(KeyEdit { name: self.name, description: self.description })
    }
}

entity_routes! {
    Key, KeyView, NewKey, EditKey, "keys", "/keys", "/keys/{id}", "/keys/{id}/archive", "/keys/{id}/restore",
    { view: "keys.view", create: "keys.create", edit: "keys.edit", archive: "keys.archive" },
    "`name_taken`",
    "`name_taken`, `archived`, `reserved_key`, `key_in_use`"
}

//! Profiles: shared bundles of grants on top of a role.

use super::bodies;
use super::{Entity, Resolve, entity_routes, serve};
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Body, Caller, Id, Meta, MinPosition, Params};
use crate::routes::list::Page;
use crate::routes::refer::Names;
use crate::view::ProfileView;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use rollbook_domain::permission::grant::Grant;
use rollbook_domain::profile::command::ProfileEdit;
use rollbook_domain::profile::state::Profile;
use utoipa_axum::{router::OpenApiRouter, routes};

bodies::bodies! {
    "A profile to be added." NewProfile, "Members of a profile to replace." EditProfile as ProfileEdit {
        /// For people; at most 2,000 characters.
        #[schema(nullable = false)]
        description: String,
        /// What holders may do.
        #[schema(value_type = Option<Vec<Object>>, nullable = false)]
        grants: Vec<Grant>,
    }
}

impl Resolve<ProfileEdit> for EditProfile {
    fn resolve(self, names: &Names<'_>) -> Result<ProfileEdit, Problem> {
        Ok(ProfileEdit {
            name: self.name,
            description: self.description,
            grants: bodies::grants(names.organization, self.grants)?,
        })
    }
}

entity_routes! {
    Profile, ProfileView, NewProfile, EditProfile, "profiles", "/profiles", "/profiles/{id}", "/profiles/{id}/archive", "/profiles/{id}/restore",
    { view: "profiles.view", create: "profiles.create", edit: "profiles.edit", archive: "profiles.archive" },
    "`name_taken`",
    "`name_taken`, `archived`, `profile_in_use`, `last_owner`"
}

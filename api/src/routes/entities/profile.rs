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
use std::collections::BTreeMap;
use utoipa_axum::{router::OpenApiRouter, routes};

bodies::bodies! {
    "A profile to be added." NewProfile, "Members of a profile to replace." EditProfile as ProfileEdit {
        /// For people; at most 2,000 characters.
        #[schema(nullable = false)]
        description: String,
        /// The permission type of sections that have none of their own; null takes it away.
        #[schema(value_type = Option<String>)]
        default_type: Option<String>,
        /// The sections to enable, each with its permission type or `inherit`: what the type enables, everywhere.
        #[schema(value_type = BTreeMap<String, String>, nullable = false)]
        sections: BTreeMap<String, String>,
        /// What holders may do beside, grant by grant.
        #[schema(value_type = Option<Vec<Object>>, nullable = false)]
        grants: Vec<Grant>,
    }
}

impl Resolve<ProfileEdit> for EditProfile {
    fn resolve(self, names: &Names<'_>) -> Result<ProfileEdit, Problem> {
        Ok(ProfileEdit {
            name: self.name,
            description: self.description,
            default_type: self.default_type,
            sections: self.sections,
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

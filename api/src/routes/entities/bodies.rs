//! The bodies of an entity, for adding and for changing, and what their members are read as.

use crate::error::Problem;
use crate::routes::refer::{self, Names};
use rollbook_domain::kernel::id::{Kind, UserId};
use rollbook_domain::organization::state::Organization;
use rollbook_domain::permission::grant::{Grant, Grants};
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

/// Declares the body of POST, where the name is needed, and that of PATCH, where every member may be left out.
macro_rules! bodies {
    ($new_doc:literal $new:ident, $edit_doc:literal $edit:ident as $as:ty {
        $($(#[$meta:meta])* $field:ident: $type:ty,)*
    }) => {
        #[doc = $new_doc]
        #[derive(serde::Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $new {
            /// 1 to 200 characters; unique, whatever its case.
            name: String,
            $(
                $(#[$meta])*
                #[serde(default, deserialize_with = "super::bodies::given")]
                $field: Option<$type>,
            )*
        }

        #[doc = $edit_doc]
        #[derive(serde::Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $edit {
            /// 1 to 200 characters; unique, whatever its case.
            #[serde(default, deserialize_with = "super::bodies::given")]
            #[schema(nullable = false)]
            name: Option<String>,
            $(
                $(#[$meta])*
                #[serde(default, deserialize_with = "super::bodies::given")]
                $field: Option<$type>,
            )*
        }

        impl super::Resolve<$as> for $new {
            fn resolve(self, names: &Names<'_>) -> Result<$as, Problem> {
                let Self { name, $($field),* } = self;
                $edit { name: Some(name), $($field),* }.resolve(names)
            }
        }
    };
}
pub(super) use bodies;

/// Reads a member that may be left out but is not null unless `T` is.
pub(in crate::routes) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Grants whose permissions the organization's catalog has; an error names the grant's place as it was sent.
pub(in crate::routes) fn grants(
    organization: &Organization,
    grants: Option<Vec<Grant>>,
) -> Result<Option<Grants>, Problem> {
    let Some(grants) = grants else { return Ok(None) };
    let unknown = |grant: &Grant| organization.catalog.permission(&grant.permission).is_none();
    match grants.iter().position(unknown) {
        Some(place) => {
            let detail = "the organization's catalog has no such permission; GET /api/v1/catalog lists them";
            Err(Problem::field(&format!("/grants/{place}/permission"), "no_such_permission", detail))
        }
        None => Ok(Some(grants.into())),
    }
}

/// Users by id or login.
pub(super) fn users(
    names: &Names<'_>,
    pointer: &str,
    texts: Option<Vec<String>>,
) -> Result<Option<Vec<UserId>>, Problem> {
    all(names, Kind::User, pointer, texts, UserId)
}

/// A list of references, each an id or a unique name.
pub(super) fn all<T>(
    names: &Names<'_>,
    kind: Kind,
    pointer: &str,
    texts: Option<Vec<String>>,
    id: fn(Uuid) -> T,
) -> Result<Option<Vec<T>>, Problem> {
    let found = texts.map(|texts| refer::find_all(names, kind, pointer, &texts)).transpose()?;
    Ok(found.map(|found| found.into_iter().map(id).collect()))
}

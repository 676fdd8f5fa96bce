//! Roles, profiles, keys, queues, groups, agents and objects: the same routes for each, written once.
//!
//! A file here holds one entity's bodies and how references in them become ids; what is done with them, and
//! how the entity is listed and read, is said by [`Entity`] and the macro `entity_routes!`.

mod agent;
mod bodies;
mod group;
mod key;
mod object;
mod profile;
mod queue;
mod role;
mod serve;

pub(super) use bodies::{given, grants};

use crate::app::App;
use crate::error::Problem;
use crate::routes::refer::Names;
use crate::view::{self, Eyes, GroupView, KeyView, ProfileView, QueueView, RoleView};
use rollbook_domain::group::command::{GroupCommand, GroupEdit};
use rollbook_domain::group::state::Group;
use rollbook_domain::kernel::id::{GroupId, KeyId, Kind, ProfileId, QueueId, RoleId};
use rollbook_domain::kernel::personal::Personal;
use rollbook_domain::kernel::shared::Standing;
use rollbook_domain::kernel::text::folded;
use rollbook_domain::key::command::{KeyCommand, KeyEdit};
use rollbook_domain::key::state::Key;
use rollbook_domain::organization::command::Command;
use rollbook_domain::organization::state::Organization;
use rollbook_domain::profile::command::{ProfileCommand, ProfileEdit};
use rollbook_domain::profile::state::Profile;
use rollbook_domain::queue::command::{QueueCommand, QueueEdit};
use rollbook_domain::queue::state::Queue;
use rollbook_domain::role::command::{RoleCommand, RoleEdit};
use rollbook_domain::role::state::Role;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(role::router())
        .merge(profile::router())
        .merge(key::router())
        .merge(queue::router())
        .merge(group::router())
        .merge(agent::router())
        .merge(agent::erase_router())
        .merge(object::router())
        .merge(object::used_by_router())
}

/// What the routes need to know of an entity.
trait Entity: Sized + 'static {
    /// Its kind.
    const KIND: Kind;
    /// Fields to set or replace, as the domain takes them.
    type Edit;
    /// How it is shown.
    type View: Serialize;
    /// Every one of them, put away or not.
    fn all(organization: &Organization) -> impl Iterator<Item = &Self>;
    fn id(&self) -> Uuid;
    fn name(&self) -> &str;
    /// Of the fields that it is sorted by those whose texts are about a person.
    const PERSONAL: &'static [&'static str] = &[];
    /// The text of one of these fields, if there is one.
    fn personal(&self, _field: &str) -> Option<&Personal> {
        None
    }
    /// What lists are ordered by, unlike for each.
    fn called(&self) -> String {
        folded(self.name())
    }
    /// Which of the catalog's kinds it is of, where it is of one: lists can be asked for one of them.
    const HAS_KINDS: bool = false;
    /// That kind.
    fn kind(&self) -> Option<&str> {
        None
    }
    fn description(&self) -> &str;
    fn status(&self) -> Standing;
    /// The numbers it is sorted by, beside its creation and its last change.
    const COUNTS: &'static [&'static str] = &[];
    /// One of these numbers; `created` and `changed` are positions.
    fn count(&self, field: &str) -> u64;
    /// As in a list.
    fn view(&self, organization: &Organization, eyes: Eyes<'_>) -> Self::View;
    fn create(new: Self::Edit) -> Command;
    fn edit(id: Uuid, edit: Self::Edit) -> Command;
    fn archive(id: Uuid) -> Command;
    fn restore(id: Uuid) -> Command;
}

/// A body that becomes the domain's edit once its references are ids.
trait Resolve<Edit> {
    /// # Errors
    /// 422 naming the reference that means nothing.
    fn resolve(self, names: &Names<'_>) -> Result<Edit, Problem>;

    /// The permission that it takes, if not the one of the route; `subject` is what is to be changed.
    fn takes(&self, _organization: &Organization, _subject: Option<Uuid>) -> Option<&'static str> {
        None
    }
}

macro_rules! entities {
    ($($entity:ident, $id:ident, $map:ident, $command:ident, $edit:ident, $view:ty,
        {$($count:ident: |$counted:ident| $number:expr),*}, |$organization:ident, $it:ident, $eyes:ident| $shown:expr;)*) => { $(
        impl Entity for $entity {
            const KIND: Kind = Kind::$entity;
            type Edit = $edit;
            type View = $view;

            fn all(organization: &Organization) -> impl Iterator<Item = &Self> {
                organization.$map.values().map(AsRef::as_ref)
            }

            fn id(&self) -> Uuid {
                self.id.uuid()
            }

            fn name(&self) -> &str {
                &self.name
            }

            fn description(&self) -> &str {
                &self.description
            }

            fn status(&self) -> Standing {
                self.status
            }

            const COUNTS: &'static [&'static str] = &[$(stringify!($count)),*];

            fn count(&self, field: &str) -> u64 {
                match field {
                    $(stringify!($count) => {
                        let $counted = self;
                        $number
                    })*
                    "created" => self.record.created.position,
                    _ => self.record.updated.position,
                }
            }

            fn view(&self, $organization: &Organization, $eyes: Eyes<'_>) -> $view {
                let $it = self;
                $shown
            }

            fn create(new: $edit) -> Command {
                Command::$entity($command::Create(new))
            }

            fn edit(id: Uuid, edit: $edit) -> Command {
                Command::$entity($command::Edit($id(id), edit))
            }

            fn archive(id: Uuid) -> Command {
                Command::$entity($command::Archive($id(id)))
            }

            fn restore(id: Uuid) -> Command {
                Command::$entity($command::Restore($id(id)))
            }
        }
    )* };
}

entities! {
    Role, RoleId, roles, RoleCommand, RoleEdit, RoleView,
        {rank: |it| it.rank.value.into(), holders: |it| it.holders.len() as u64}, |organization, it, eyes| view::role(organization, it, eyes);
    Profile, ProfileId, profiles, ProfileCommand, ProfileEdit, ProfileView,
        {holders: |it| it.holders.len() as u64}, |organization, it, eyes| view::profile(organization, it, eyes);
    Key, KeyId, keys, KeyCommand, KeyEdit, KeyView, {}, |organization, it, eyes| view::key(organization, it, eyes);
    Queue, QueueId, queues, QueueCommand, QueueEdit, QueueView, {}, |organization, it, eyes| view::queue(organization, it, eyes);
    Group, GroupId, groups, GroupCommand, GroupEdit, GroupView, {}, |organization, it, eyes| view::group(organization, it, eyes);
}

/// The handlers of one entity with their descriptions, and its `router()`.
///
/// `taken` are the codes of 409 when one is added, `conflicts` those when one is changed.
macro_rules! entity_routes {
    ($entity:ty, $view:ty, $new:ty, $edit:ty, $tag:literal, $path:literal, $one:literal, $archive:literal,
        $restore:literal, $permissions:tt, $taken:literal, $conflicts:literal $(, list: ($($more:tt)*))?) => {
        $crate::routes::entities::entity_routes! {
            @unpacked $entity, $view, $new, $edit, $tag, $path, $one, $archive, $restore, $taken,
            $conflicts, $permissions, [$($($more)*)?]
        }
    };
    (@unpacked $entity:ty, $view:ty, $new:ty, $edit:ty, $tag:literal, $path:literal, $one:literal,
        $archive:literal, $restore:literal, $taken:literal, $conflicts:literal,
        { view: $may_view:literal, create: $may_create:literal, edit: $may_edit:literal,
          archive: $may_archive:literal }, [$($more:tt)*]) => {
        pub(super) fn router() -> OpenApiRouter<App> {
            OpenApiRouter::new()
                .routes(routes!(list, create))
                .routes(routes!(read, edit, delete))
                .routes(routes!(archive))
                .routes(routes!(restore))
        }

        /// Those the caller may see, by name or code, archived ones too.
        #[utoipa::path(
            get, path = $path, tag = $tag,
            params(
                ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
                ("cursor" = Option<String>, Query, description = "`next` of the page before"),
                ("q" = Option<String>, Query, description = "Part of name, code or description"),
                ("status" = Option<String>, Query, description = "`active` or `archived`"),
                ("sort" = Option<String>, Query, description = "Up to 4 of `name` (of agents their code), `description`, `status`, `created` and `changed` (the last change), with commas between and `-` before what is descending; roles also by `rank` and `holders`, profiles by `holders`"),
                $($more)*
                ("Rollbook-Min-Position" = Option<u64>, Header, description = "What the answer must have seen"),
            ),
            responses(
                (status = 200, description = "A page", body = Page<$view>),
                (status = 401, description = "`unauthenticated`", body = Problem),
                (status = 422, description = "`invalid`", body = Problem),
                (status = 503, description = "`not_yet`", body = Problem),
            ),
            extensions(("x-permission" = json!($may_view))),
        )]
        async fn list(caller: Caller, min: MinPosition, params: Params) -> Result<Json<Page<$view>>, Problem> {
            serve::list::<$entity>(&caller, min, params).await
        }

        /// Add one.
        #[utoipa::path(
            post, path = $path, tag = $tag, request_body = $new,
            responses(
                (status = 201, description = "Added", body = $view),
                (status = 401, description = "`unauthenticated`", body = Problem),
                (status = 403, description = "`permission_missing`, `rank_too_low`, `gives_more_than_held`", body = Problem),
                (status = 409, description = $taken, body = Problem),
                (status = 422, description = "`invalid`, `too_large`, `reason_required`", body = Problem),
            ),
            extensions(("x-permission" = json!($may_create))),
        )]
        async fn create(
            State(app): State<App>,
            caller: Caller,
            meta: Meta,
            body: Body<$new>,
        ) -> Result<Response, Problem> {
            serve::create::<$entity, _>(&app, &caller, &meta, $may_create, body).await
        }

        /// One of them, now or `at` a position or time.
        #[utoipa::path(
            get, path = $one, tag = $tag,
            params(
                ("id" = String, Path, description = "Id, name or code"),
                ("at" = Option<String>, Query, description = "Position, or RFC 3339 time"),
                ("Rollbook-Min-Position" = Option<u64>, Header, description = "What the answer must have seen"),
            ),
            responses(
                (status = 200, description = "As it is, or as it was", body = $view),
                (status = 401, description = "`unauthenticated`", body = Problem),
                (status = 404, description = "`not_found`", body = Problem),
                (status = 422, description = "`at_in_future`, `invalid`", body = Problem),
                (status = 503, description = "`not_yet`", body = Problem),
            ),
            extensions(("x-permission" = json!($may_view))),
        )]
        async fn read(
            State(app): State<App>,
            caller: Caller,
            min: MinPosition,
            id: Id,
            params: Params,
        ) -> Result<Response, Problem> {
            super::super::read::entity(&app, &caller, min, <$entity as Entity>::KIND, &id, params).await
        }

        /// Replace the named members whole; the others stay as they are.
        #[utoipa::path(
            patch, path = $one, tag = $tag, request_body = $edit,
            params(("id" = String, Path, description = "Id, name or code")),
            responses(
                (status = 200, description = "As it is now", body = $view),
                (status = 401, description = "`unauthenticated`", body = Problem),
                (status = 403, description = "`permission_missing`, `rank_too_low`, `gives_more_than_held`, `own_access`", body = Problem),
                (status = 404, description = "`not_found`", body = Problem),
                (status = 409, description = $conflicts, body = Problem),
                (status = 412, description = "`precondition_failed`", body = Problem),
                (status = 422, description = "`invalid`, `too_large`, `reason_required`", body = Problem),
            ),
            extensions(("x-permission" = json!($may_edit))),
        )]
        async fn edit(
            State(app): State<App>,
            caller: Caller,
            meta: Meta,
            id: Id,
            body: Body<$edit>,
        ) -> Result<Response, Problem> {
            serve::edit::<$entity, _>(&app, &caller, &meta, $may_edit, &id, body).await
        }

        $crate::routes::entities::entity_life!(
            $entity, $view, delete, delete, $tag, $one, $may_archive, $conflicts, archive,
            "Archive: it stays in history and can be restored under its id."
        );
        $crate::routes::entities::entity_life!(
            $entity, $view, post, archive, $tag, $archive, $may_archive, $conflicts, archive,
            "Archive, as DELETE does."
        );
        $crate::routes::entities::entity_life!(
            $entity, $view, post, restore, $tag, $restore, $may_archive, $conflicts, restore,
            "Bring back from the archive."
        );
    };
}

/// One handler without a body.
macro_rules! entity_life {
    ($entity:ty, $view:ty, $method:ident, $name:ident, $tag:literal, $path:literal, $permission:literal,
        $conflicts:literal, $command:ident, $doc:literal) => {
        #[doc = $doc]
        #[utoipa::path(
                    $method, path = $path, tag = $tag,
                    params(("id" = String, Path, description = "Id, name or code")),
                    responses(
                        (status = 200, description = "As it is now", body = $view),
                        (status = 401, description = "`unauthenticated`", body = Problem),
                        (status = 403, description = "`permission_missing`, `rank_too_low`", body = Problem),
                        (status = 404, description = "`not_found`", body = Problem),
                        (status = 409, description = $conflicts, body = Problem),
                        (status = 412, description = "`precondition_failed`", body = Problem),
                        (status = 422, description = "`reason_required`", body = Problem),
                    ),
                    extensions(("x-permission" = json!($permission))),
                )]
        async fn $name(
            State(app): State<App>,
            caller: Caller,
            meta: Meta,
            id: Id,
        ) -> Result<Response, Problem> {
            serve::life::<$entity>(&app, &caller, &meta, &id, <$entity as Entity>::$command).await
        }
    };
}

use {entity_life, entity_routes};

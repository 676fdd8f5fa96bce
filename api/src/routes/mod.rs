//! The API surface on one page: one file or folder a resource, each operation naming its permission.

mod catalog;
mod dry_run;
mod entities;
mod list;
mod mutation;
mod read;
mod refer;
mod sessions;
mod settings;
mod users;

use crate::app::App;
use utoipa_axum::router::OpenApiRouter;

/// Every route below `/api/v1`.
pub(crate) fn v1() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(sessions::router())
        .merge(users::router())
        .merge(entities::router())
        .merge(settings::router())
        .merge(catalog::router())
}

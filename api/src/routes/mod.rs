//! The API surface on one page: one file or folder a resource, each operation naming its permission.

mod activity;
mod catalog;
mod check;
mod diff;
mod dry_run;
pub(crate) mod ending;
mod entities;
mod history;
mod imports;
mod key_words;
mod links;
mod list;
mod mutation;
mod named;
pub(crate) mod past;
mod permissions;
mod place;
mod read;
pub(crate) mod refer;
pub(crate) mod retry;
mod rollbacks;
mod seats;
mod sessions;
mod settings;
mod shown;
mod sort;
mod status_log;
mod tokens;
mod user_settings;
mod users;
mod who_may;

use crate::app::App;
use utoipa_axum::router::OpenApiRouter;

/// Every route below `/api/v1`.
pub(crate) fn v1() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(sessions::router())
        .merge(links::router())
        .merge(users::router())
        .merge(tokens::router())
        .merge(permissions::router())
        .merge(user_settings::router())
        .merge(check::router())
        .merge(who_may::router())
        .merge(history::router())
        .merge(diff::router())
        .merge(rollbacks::router())
        .merge(activity::router())
        .merge(status_log::router())
        .merge(entities::router())
        .merge(settings::router())
        .merge(seats::router())
        .merge(imports::router())
        .merge(catalog::router())
}

//! The page that a link to set a password opens: three files in the binary, under the policy that all answers have.
//!
//! It is static: it knows neither who comes nor with what. The secret stands in the fragment, which no browser sends.

use axum::Router;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use axum::routing::get;

const PAGE: &str = include_str!("reset/reset.html");
const SCRIPT: &str = include_str!("reset/reset.js");
const STYLE: &str = include_str!("reset/reset.css");

/// The page and what belongs to it.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(crate::auth::link::PAGE, get(async || file("text/html; charset=utf-8", PAGE)))
        .route("/reset.js", get(async || file("text/javascript; charset=utf-8", SCRIPT)))
        .route("/reset.css", get(async || file("text/css; charset=utf-8", STYLE)))
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse + use<> {
    // As new as the binary: a page of one release must not run the script of another.
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")];
    (headers, text)
}

//! What surrounds every request: limits, CSRF, headers, panics, one log line with the route template.

use crate::error::Problem;
use crate::extract::sized;
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use std::time::{Duration, Instant};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};

/// Longest a request may take.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// `routes`, surrounded as every route of the service is.
pub fn around(routes: Router) -> Router {
    routes
        .layer(from_fn(sized))
        .layer(from_fn(in_time))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(CsrfLayer::new().with_rejection_response(cross_site))
        .layer(from_fn(headers))
        .layer(from_fn(log))
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIME_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail =
                "this took longer than 30 seconds; a change with an Idempotency-Key can be retried safely";
            Problem::unavailable("too_slow", detail, 5).into_response()
        }
    }
}

fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    metrics::counter!("rollbook_panics_total").increment(1);
    Problem::internal(&"a handler panicked").into_response()
}

fn cross_site(_: ProtectionError) -> Response {
    let detail = "a browser sent this from another site; open Rollbook itself and try again";
    Problem::new(StatusCode::FORBIDDEN, "cross_site", detail).into_response()
}

async fn headers(request: Request, next: Next) -> Response {
    let docs = request.uri().path().starts_with("/api/docs");
    let mut response = next.run(request).await;
    // The pages to try the API bring style attributes of their own.
    let policy = if docs {
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
    } else {
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    };
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(no_store);
    response
}

/// One line a request. Paths may name logins, so only the route template is written down.
async fn log(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "unmatched".to_owned());
    let started = Instant::now();
    let response = next.run(request).await;
    let (status, took) = (response.status(), started.elapsed());
    let labels = [("route", route.clone()), ("status", status.as_u16().to_string())];
    metrics::counter!("rollbook_requests_total", &labels).increment(1);
    metrics::histogram!("rollbook_request_seconds").record(took.as_secs_f64());
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    if status.is_server_error() {
        tracing::warn!(%method, route, status = status.as_u16(), micros, "answered");
    } else {
        tracing::info!(%method, route, status = status.as_u16(), micros, "answered");
    }
    response
}

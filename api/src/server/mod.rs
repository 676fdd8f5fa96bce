//! The HTTP service: routes, the API description, middleware, and problem details for whatever goes wrong
//! before a handler runs.

mod describe;
mod health;
mod layers;
pub mod logs;
pub mod metrics;
mod reset;
mod serve;

use crate::app::App;
use crate::error::Problem;
use crate::routes::retry;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

pub use layers::around;
pub use serve::{Listening, serve};

/// What the description says of the API as a whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rollbook",
        description = "Who may do what in a contact centre, and every change of it. \
            Conventions and codes: docs/API.md. `x-permission` is what an operation asks for: `none`, `session` \
            (anybody signed in) or a permission of the organization's catalog.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(crate::error::Problem, crate::error::FieldProblem))
)]
struct Api;

/// The API's routes and its description.
fn api() -> (Router<App>, Description) {
    let routes = OpenApiRouter::with_openapi(Api::openapi()).nest("/api/v1", crate::routes::v1());
    let (routes, mut description) = routes.split_for_parts();
    describe::complete(&mut description);
    (routes, description)
}

/// The API description (OpenAPI 3.1), as served at `/api/openapi.json`.
#[must_use]
pub fn description() -> Description {
    api().1
}

/// The whole service.
pub fn router(app: App) -> Router {
    let (routes, description) = api();
    let docs = Router::from(SwaggerUi::new("/api/docs").url("/api/openapi.json", description))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(map_response(no_such_page));
    let routes = routes
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .merge(reset::router())
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(no_such_path)
        .layer(from_fn_with_state(app.clone(), retry::answered_once))
        .with_state(app)
        .merge(docs);
    around(routes)
}

async fn no_such_path() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_such_path", "there is no such path; see /api/docs")
}

/// The pages to try the API say nothing of what they do not have.
async fn no_such_page(response: Response) -> Response {
    if response.status() == StatusCode::NOT_FOUND { no_such_path().await.into_response() } else { response }
}

async fn method_not_allowed() -> Problem {
    let detail = "this path does not know this method; see /api/docs";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    #[test]
    fn every_operation_has_an_id_of_its_own_and_names_its_permission() {
        let description = serde_json::to_value(description()).unwrap();
        let paths = description["paths"].as_object().unwrap().values();
        let operations: Vec<_> = paths
            .flat_map(|item| item.as_object().unwrap().values())
            .filter(|operation| operation.get("responses").is_some())
            .collect();
        assert!(operations.len() > 60, "{}", operations.len());
        let ids: BTreeSet<_> = operations.iter().filter_map(|one| one["operationId"].as_str()).collect();
        assert_eq!(ids.len(), operations.len());
        assert!(
            operations.iter().all(|operation| operation.get("x-permission").is_some_and(Value::is_string))
        );
    }
}

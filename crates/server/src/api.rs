//! The routes, one file per resource.

mod analyze;
mod datasources;
mod events;
mod health;
mod jobs;
mod openapi;
mod pipes;
mod sql;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};

use crate::app::App;
use crate::context::RequestId;
use crate::error::ApiError;
use crate::request_id::new_request_id;
use crate::unread;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Returns all routes over `app`.
pub fn router(app: Arc<App>) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::OPTIONS])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::CONTENT_ENCODING,
        ])
        .expose_headers([REQUEST_ID, header::RETRY_AFTER]);
    let descriptions = Extension(openapi::Descriptions::default());
    let routes = Router::new()
        .route("/v0/events", post(events::append))
        .merge(datasources::routes())
        .route("/v0/pipes/{endpoint}", get(pipes::call).post(pipes::call))
        .route(
            "/v0/pipes/openapi.json",
            get(openapi::endpoints).layer(descriptions.clone()),
        )
        .route(
            "/v0/pipes/{endpoint}/openapi.json",
            get(openapi::endpoint).layer(descriptions),
        )
        .route("/v0/sql", get(sql::run).post(sql::run))
        .route("/v0/health", get(health::health))
        .route("/version", get(health::version))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(cors)
        .layer(CatchPanicLayer::custom(|_| panicked()))
        .layer(middleware::from_fn(with_request_id))
        .layer(middleware::from_fn(unread::discard))
        .with_state(app);
    // Around the routes, because what is looked up is the path.
    Router::new().fallback(move |request: Request| {
        let routes: Router = routes.clone();
        async move { routes.oneshot(without_trailing_slash(request)).await }
    })
}

/// Clients end paths with a slash or not, for the same route. Redirects would lose their bodies.
fn without_trailing_slash(mut request: Request) -> Request {
    let path = request.uri().path();
    let trimmed = path.trim_end_matches('/');
    if trimmed.len() == path.len() || trimmed.is_empty() {
        return request;
    }
    let mut parts = request.uri().clone().into_parts();
    let query = request.uri().query();
    let trimmed = query.map_or_else(|| trimmed.to_owned(), |query| format!("{trimmed}?{query}"));
    parts.path_and_query = trimmed.parse().ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

/// Gives every request an id and puts it into the answer.
async fn with_request_id(mut request: Request, next: Next) -> Response {
    let id = new_request_id();
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

async fn not_found(request: Request) -> ApiError {
    ApiError::not_found(format!(
        "there is no route {} {}",
        request.method(),
        request.uri().path()
    ))
}

async fn method_not_allowed(request: Request) -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!(
            "{} is not allowed on {}",
            request.method(),
            request.uri().path()
        ),
    )
}

fn panicked() -> Response {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response()
}

/// Returns an object without its members that are null.
fn without_nulls(mut value: serde_json::Value) -> serde_json::Value {
    if let Some(object) = value.as_object_mut() {
        object.retain(|_, member| !member.is_null());
    }
    value
}

//! The routes, one file per resource.

mod analyze;
mod branches;
mod build;
mod connectors;
mod copies;
mod datasource_list;
mod datasources;
mod declared;
mod dependencies;
mod deployments;
mod events;
mod examples;
mod health;
mod ingestion;
mod jobs;
mod local;
mod management;
mod metrics;
mod openapi;
mod pipe_list;
mod pipes;
mod project;
mod sql;
mod sql_tools;
mod structure;
mod tags;
mod tokens;
mod variables;
mod welcome;
mod workspaces;

pub(crate) use build::TEST_WORKSPACE;
pub(crate) use jobs::job_error;
pub(crate) use sql::{query_call, record, secret_of, template_context};

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Extension, Router};
use jiff::Timestamp;
use serde_json::Value;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};

use crate::app::App;
use crate::body;
use crate::context::{RateNote, RequestContext, RequestId};
use crate::error::ApiError;
use crate::limits::FORM_BODY_BYTES_MAX;
use crate::params::Params;
use crate::request_id::new_request_id;
use crate::unread;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RATE_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RATE_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Returns all routes over `app`.
pub fn router(app: Arc<App>) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::OPTIONS,
        ])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::CONTENT_ENCODING,
        ])
        .expose_headers([
            REQUEST_ID,
            header::RETRY_AFTER,
            RATE_LIMIT,
            RATE_REMAINING,
            RATE_RESET,
        ]);
    let descriptions = Extension(openapi::Descriptions::default());
    let routes = Router::new()
        .route("/v0/events", post(events::append))
        .merge(datasources::routes())
        .merge(copies::routes())
        .merge(declared::routes())
        .route("/v0/pipes/{endpoint}", post(pipes::call))
        .route(
            "/v0/pipes/openapi.json",
            get(openapi::endpoints).layer(descriptions.clone()),
        )
        .route(
            "/v0/pipes/{endpoint}/openapi.json",
            get(openapi::endpoint).layer(descriptions),
        )
        .route("/v0/sql", get(sql::run).post(sql::run))
        .route("/v0/ingestion", get(ingestion::status))
        .route("/v0/ingestion/put-back", post(ingestion::put_back))
        .route("/v0/ingestion/{datasource}/retry", post(ingestion::retry))
        .route(
            "/v0/ingestion/{datasource}/set-aside",
            post(ingestion::set_aside),
        )
        .route("/metrics", get(metrics::metrics))
        .route("/openapi.json", get(management::document))
        .route("/v0/health", get(health::health))
        .route("/health/liveness", get(health::liveness))
        .route("/health/readiness", get(health::readiness))
        .route("/version", get(health::version))
        .merge(deployment_routes())
        .merge(account_routes())
        .merge(workspace_routes())
        .merge(resource_routes())
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(cors)
        .layer(CatchPanicLayer::custom(|_| panicked()))
        .layer(middleware::from_fn(with_request_id))
        .layer(middleware::from_fn(unread::discard))
        .with_state(app);
    without_trailing_slash(routes)
}

/// What makes a project live.
fn deployment_routes() -> Router<Arc<App>> {
    let deployment = get(deployments::get).delete(deployments::delete);
    Router::new()
        .route("/v1/build", post(build::build))
        .route("/v1/deploy", post(deployments::deploy))
        .route("/v1/deployments", get(deployments::list))
        .route("/v1/deployments/{id}", deployment)
        .route("/v1/deployments/{id}/set-live", post(deployments::set_live))
}

/// The account: bootstrap, workspaces, and what the hosted service has besides.
fn account_routes() -> Router<Arc<App>> {
    let workspace = get(workspaces::get).delete(workspaces::delete);
    let users = put(workspaces::change_users);
    let branches = get(branches::list).post(branches::create);
    let branch = get(branches::get).delete(branches::delete);
    Router::new()
        .route("/tokens", get(local::tokens))
        .route("/v0/auth", get(local::auth))
        .route("/v0/regions", get(local::regions))
        .route("/v1/infra", get(local::infrastructures))
        .route("/v0/environments", branches.clone())
        .route("/v1/environments", branches)
        .route("/v0/environments/{name}", branch.clone())
        .route("/v1/environments/{name}", branch)
        .route("/v0/environments/{name}/data", post(branches::data))
        .route("/v0/user/workspaces", get(workspaces::list))
        .route("/v1/user/workspaces", get(workspaces::list))
        .route("/v0/workspace", get(workspaces::current))
        .route("/v1/workspace", get(workspaces::current))
        .route("/v0/workspaces", post(workspaces::create))
        .route("/v1/workspaces", post(workspaces::create))
        .route("/v0/workspaces/{id}", workspace.clone())
        .route("/v1/workspaces/{id}", workspace)
        .route("/v0/workspaces/{id}/users", users.clone())
        .route("/v1/workspaces/{id}/users", users)
}

/// What belongs to a workspace besides its project: tokens and variables.
fn workspace_routes() -> Router<Arc<App>> {
    let token = get(tokens::get).put(tokens::update).delete(tokens::delete);
    let variable = get(variables::get)
        .put(variables::update)
        .delete(variables::delete);
    Router::new()
        .route("/v0/tokens", get(tokens::list).post(tokens::create))
        .route("/v0/tokens/{id}", token)
        .route("/v0/tokens/{id}/refresh", post(tokens::refresh))
        .route(
            "/v0/variables",
            get(variables::list).post(variables::create),
        )
        .route("/v0/variables/{name}", variable)
}

/// The project as it is deployed, and changes of it.
fn resource_routes() -> Router<Arc<App>> {
    let refuse = || {
        post(structure::refuse)
            .put(structure::refuse)
            .delete(structure::refuse)
    };
    let datasource = get(datasource_list::get)
        .put(structure::datasource::update)
        .delete(structure::datasource::delete);
    let connector = get(connectors::get).delete(connectors::refuse);
    Router::new()
        .route("/v0/datasources", get(datasource_list::list))
        .route("/v0/datasources/{name}", datasource)
        .route(
            "/v0/datasources/{name}/alter",
            post(structure::datasource::alter),
        )
        .route("/v0/datasources/{name}/exchange", post(structure::refuse))
        .route("/v0/datasources/{name}/share", refuse())
        .route("/v0/datasources/exchange", post(structure::refuse))
        .merge(pipe_routes())
        .route("/examples/query.http", get(examples::query))
        .route(
            "/v0/connectors",
            get(connectors::list).post(connectors::refuse),
        )
        .route("/v0/connectors/{name}", connector)
        .route("/v0/connectors/{name}/preview", get(connectors::preview))
        .route("/v0/dependencies", get(dependencies::get))
        .route("/v0/tags", get(tags::list).post(structure::refuse))
        .route(
            "/v0/sql_format",
            get(sql_tools::format).post(sql_tools::format),
        )
        .route("/v0/sql_tables", post(sql_tools::tables))
        .route("/v0/sql_replace", post(sql_tools::replace))
}

/// Pipes and their nodes.
fn pipe_routes() -> Router<Arc<App>> {
    let pipe = get(pipe_list::get)
        .put(structure::pipe::update)
        .delete(structure::pipe::delete);
    let node = put(structure::node::update).delete(structure::node::delete);
    let output = post(structure::node::become_of)
        .put(structure::node::become_of)
        .delete(structure::node::become_of);
    Router::new()
        .route(
            "/v0/pipes",
            get(pipe_list::list).post(structure::pipe::create),
        )
        .route("/v1/pipes", get(pipe_list::list))
        .route("/v0/pipes/{endpoint}", pipe)
        .route("/v1/pipes/{endpoint}", get(pipe_list::get))
        .route("/v0/pipes/{pipe}/data", get(pipe_list::data))
        .route("/v0/pipes/{pipe}/explain", get(pipe_list::explain))
        .route("/v0/pipes/{pipe}/nodes", post(structure::node::append))
        .route("/v0/pipes/{pipe}/nodes/{node}", node)
        .route("/v0/pipes/{pipe}/nodes/{node}/{action}", output)
        .route(
            "/v0/pipes/{pipe}/nodes/{node}/explain",
            get(pipe_list::explain_node),
        )
        .route(
            "/v0/pipes/{pipe}/nodes/{node}/analysis",
            get(structure::analysis::analyze),
        )
        .route(
            "/v0/pipes/{pipe}/nodes/{node}/population",
            post(structure::population::populate),
        )
}

/// Takes a path with a slash at its end for the same path without; a redirect would lose bodies.
fn without_trailing_slash(routes: Router) -> Router {
    let answer = move |mut request: Request| {
        let uri = request.uri();
        let path = uri.path();
        if path.len() > 1 && path.ends_with('/') {
            let path = path.trim_end_matches('/');
            let path = if path.is_empty() { "/" } else { path };
            let target = match uri.query() {
                Some(query) => format!("{path}?{query}"),
                None => path.to_owned(),
            };
            if let Ok(target) = target.parse() {
                *request.uri_mut() = target;
            }
        }
        routes.clone().oneshot(request)
    };
    Router::new().fallback(answer)
}

/// Reads the parameters of a request that manages something, from its query string and its body.
async fn form(ctx: &RequestContext, body: Body) -> Result<Params, ApiError> {
    let body = body::read(body, &ctx.headers, FORM_BODY_BYTES_MAX, &ctx.in_flight).await?;
    read_form(ctx, &body)
}

/// Does the same with a body that has been read.
fn read_form(ctx: &RequestContext, body: &[u8]) -> Result<Params, ApiError> {
    let sent = Params::from_body(&ctx.headers, body)?;
    Ok(ctx.params.clone().overridden_by(sent))
}

/// Returns an answer whose type is exactly `text/plain`: clients compare it so.
fn plain_text(text: String) -> Response {
    let content_type = HeaderValue::from_static("text/plain");
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}

/// Returns a time as clients read it: six digits after the point, which listings cut off.
fn datetime(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S.%6f").to_string()
}

/// Returns the members of an object that a list of names selects; all of them for an empty list.
fn selected(object: Value, names: &str) -> Value {
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    match object {
        Value::Object(all) if names != [""] => {
            let wanted = all
                .into_iter()
                .filter(|(name, _)| names.contains(&name.as_str()));
            Value::Object(wanted.collect())
        }
        all => all,
    }
}

/// Gives every request an id and puts it into the answer.
pub(crate) async fn with_request_id(mut request: Request, next: Next) -> Response {
    let id = new_request_id();
    let rate = RateNote::default();
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(rate.clone());
    let mut response = next.run(request).await;
    if let Some(rate) = rate.get() {
        let headers = response.headers_mut();
        headers.insert(RATE_LIMIT, rate.limit.into());
        headers.insert(RATE_REMAINING, rate.remaining.into());
        headers.insert(RATE_RESET, u32::from(rate.remaining == 0).into());
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

async fn not_found(request: Request) -> Response {
    if let Some(page) = welcome::page(&request) {
        return page.into_response();
    }
    let (method, path) = (request.method(), request.uri().path());
    ApiError::not_found(format!("there is no route {method} {path}")).into_response()
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

pub(crate) fn panicked() -> Response {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response()
}

/// Returns an object without its members that are null.
fn without_nulls(mut value: Value) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.retain(|_, member| !member.is_null());
    }
    value
}

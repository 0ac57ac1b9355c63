//! `/v0/datasources` and `/v1/datasources`: rows into data sources, and out of them.

mod create;
pub(super) mod import;
mod reingest;
pub(super) mod remove;

use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use birdhouse_deploy::LiveDatasource;

use super::{analyze, jobs};
use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::params::Params;

/// Returns the routes of everything that brings files in or takes rows out.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v0/datasources", post(import::upload))
        .route("/v1/datasources/{name}/append", post(import::append))
        .route("/v1/datasources/{name}/replace", post(import::replace))
        .route("/v0/datasources/{name}/truncate", post(remove::truncate))
        .route("/v0/datasources/{name}/delete", post(remove::delete))
        .route(
            "/v0/datasources/{name}/quarantine/reingest",
            post(reingest::reingest),
        )
        .route(
            "/v1/datasources/{name}/delete",
            post(remove::delete_lightweight),
        )
        .route("/v0/analyze", post(analyze::analyze))
        .route("/v0/jobs", axum::routing::get(jobs::list))
        .route("/v0/jobs/{id}", axum::routing::get(jobs::get))
        .route("/v0/jobs/{id}/cancel", post(jobs::cancel))
        .route("/v0/jobs/{id}/retry", post(jobs::retry))
}

/// Returns the data source that the parameter `name` names and the token may append to.
pub(super) fn target(
    ctx: &RequestContext,
    params: &Params,
) -> Result<Arc<LiveDatasource>, ApiError> {
    let name = params
        .text("name")
        .filter(|name| !name.is_empty())
        .ok_or_else(|| {
            ApiError::bad_request("the parameter 'name' is missing; it names the data source")
        })?;
    appendable(ctx, name)
}

/// Returns the data source of that name or id, which the token may append to.
pub(super) fn appendable(
    ctx: &RequestContext,
    name: &str,
) -> Result<Arc<LiveDatasource>, ApiError> {
    let datasource = ctx.live.datasource(name);
    let may_append = ctx
        .scopes()
        .can_append(datasource.map_or(name, |found| &found.name));
    if !may_append {
        return Err(ApiError::forbidden(format!(
            "Not enough permissions to append to '{name}'"
        )));
    }
    existing(ctx, name)
}

/// Returns the data source of that name or id, whose rows the token may replace and remove.
pub(super) fn removable(ctx: &RequestContext, name: &str) -> Result<Arc<LiveDatasource>, ApiError> {
    check_removal(ctx, name)?;
    existing(ctx, name)
}

/// Checks that the token may remove rows.
fn check_removal(ctx: &RequestContext, name: &str) -> Result<(), ApiError> {
    if ctx.scopes().can_remove_rows() {
        return Ok(());
    }
    Err(ApiError::forbidden(format!(
        "Not enough permissions to replace or remove rows of '{name}': the token needs DATASOURCES:CREATE or ADMIN"
    )))
}

fn existing(ctx: &RequestContext, name: &str) -> Result<Arc<LiveDatasource>, ApiError> {
    ctx.live
        .datasource(name)
        .map(Arc::clone)
        .ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> ApiError {
    ApiError::not_found(format!(
        "The data source '{name}' does not exist; data sources are made by deploying a project"
    ))
}

/// Returns a condition on the rows of a data source when it is one expression that reads only what
/// the token may read.
pub(super) async fn checked_condition(
    ctx: &RequestContext,
    app: &App,
    datasource: &str,
    condition: &str,
) -> Result<String, ApiError> {
    super::sql::query_call(ctx, &Params::default(), async |call| {
        app.queries
            .check_condition(call, datasource, condition)
            .await
    })
    .await
}

//! Data sources as they are: definition, rows, and who reads them.

mod shown;
mod tables;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use birdhouse_catalog::{Resource, ResourceKind, Scope};
use serde_json::{Value, json};

use self::shown::Shown;
use super::{plain_text, selected, structure};
use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;

/// `GET /v0/datasources`: those that the token may read; `attrs` names the fields.
pub(super) async fn list(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
) -> Result<Json<Value>, ApiError> {
    let shown = Shown::read(&ctx, &app).await?;
    let attrs = ctx.params.text("attrs").unwrap_or_default();
    let (_, resources) = ctx.deployed();
    let all: Vec<Value> = resources
        .iter()
        .filter(|resource| resource.kind == ResourceKind::Datasource)
        .filter(|resource| is_visible(&ctx, &resource.name))
        .map(|resource| selected(shown.datasource(resource), attrs))
        .collect();
    Ok(Json(json!({ "datasources": all })))
}

/// `GET /v0/datasources/<name or id>`; with `.datasource` behind it, or `format=datasource`, its file.
pub(super) async fn get(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    if let Some(name) = name.strip_suffix(".datasource") {
        return Ok(plain_text(structure::text(&ctx, &app, find(&ctx, name)?)));
    }
    let resource = find(&ctx, &name)?;
    if ctx.params.text("format") == Some("datasource") {
        return Ok(plain_text(structure::text(&ctx, &app, resource)));
    }
    let shown = Shown::read(&ctx, &app).await?;
    Ok(Json(shown.datasource(resource)).into_response())
}

/// Returns a data source as the list shows it.
pub(super) async fn shown(ctx: &RequestContext, app: &App, name: &str) -> Result<Value, ApiError> {
    let shown = Shown::read(ctx, app).await?;
    let resource = ctx.resource(ResourceKind::Datasource, name);
    resource
        .map(|resource| shown.datasource(resource))
        .ok_or_else(|| ApiError::not_found(format!("The data source '{name}' does not exist")))
}

/// Returns the names of the pipes that read a data source, or a pipe.
pub(super) async fn readers(ctx: &RequestContext, app: &App, name: &str) -> Vec<String> {
    let definitions = app.definitions.of(ctx);
    let reads = definitions.reads(ctx, app).await;
    let reading = reads
        .iter()
        .filter(|((pipe, _), reads)| pipe != name && reads.iter().any(|read| read == name));
    let pipes: BTreeSet<String> = reading.map(|((pipe, _), _)| pipe.clone()).collect();
    pipes.into_iter().collect()
}

/// Finds a data source that the token may read.
fn find<'c>(ctx: &'c RequestContext, name_or_id: &str) -> Result<&'c Resource, ApiError> {
    let found = ctx.find_resource(ResourceKind::Datasource, name_or_id);
    let name = found.map_or(name_or_id, |resource| &resource.name);
    if !is_visible(ctx, name) {
        return Err(ApiError::forbidden(format!(
            "Not enough permissions to read the data source '{name}'"
        )));
    }
    found.ok_or_else(|| {
        ApiError::not_found(format!("The data source '{name_or_id}' does not exist"))
    })
}

/// Returns true when the token may know of the data source: to read rows, to create, to deploy.
fn is_visible(ctx: &RequestContext, name: &str) -> bool {
    let scopes = ctx.scopes();
    scopes.can_read_all()
        || scopes.can_deploy()
        || scopes.iter().any(|scope| match scope {
            Scope::DatasourcesCreate => true,
            Scope::DatasourcesRead { datasource, .. } => datasource == name,
            _ => false,
        })
}

//! Pipes as they are: nodes, parameters, what they read.

mod explain;
mod shown;

pub(super) use explain::{endpoint as explain, node as explain_node};
pub(super) use shown::node_id;

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use birdhouse_catalog::{Resource, ResourceKind, Scope};
use serde_json::{Value, json};

use self::shown::Shown;
use super::{pipes, plain_text, selected, structure};
use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;

/// What stands behind the name of a pipe when its file is asked for.
const FILE: &str = ".pipe";

/// `GET /v0/pipes` and `/v1/pipes`: those that the token may read; `attrs` and `node_attrs` name the
/// fields.
pub(super) async fn list(ctx: RequestContext, State(app): State<Arc<App>>) -> Json<Value> {
    let shown = Shown::read(&ctx, &app).await;
    let text = |name| ctx.params.text(name).unwrap_or_default();
    let (attrs, node_attrs) = (text("attrs"), text("node_attrs"));
    let (_, resources) = ctx.deployed();
    let all: Vec<Value> = resources
        .iter()
        .filter(|resource| resource.kind == ResourceKind::Pipe && is_visible(&ctx, &resource.name))
        .map(|resource| {
            let (pipe, nodes) = shown.parts(resource);
            let mut pipe = selected(pipe, attrs);
            if attrs.is_empty() || !node_attrs.is_empty() {
                let nodes = nodes.into_iter().map(|node| selected(node, node_attrs));
                put_nodes(&mut pipe, nodes.collect());
            }
            pipe
        })
        .collect();
    Json(json!({ "pipes": all }))
}

/// Returns a pipe with its nodes as the list shows it.
pub(super) async fn shown(ctx: &RequestContext, app: &App, name: &str) -> Result<Value, ApiError> {
    let resource = ctx.resource(ResourceKind::Pipe, name);
    let resource =
        resource.ok_or_else(|| ApiError::not_found(format!("The pipe '{name}' does not exist")))?;
    let (mut pipe, nodes) = Shown::read(ctx, app).await.parts(resource);
    put_nodes(&mut pipe, nodes);
    Ok(pipe)
}

/// `GET /v0/pipes/<name or id>`, with `.pipe` behind it its file; with the extension of a format this
/// calls the endpoint.
pub(super) async fn get(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    match name.strip_suffix(FILE) {
        Some(name) => Ok(plain_text(structure::text(&ctx, &app, find(&ctx, name)?))),
        None if name.contains('.') => pipes::call(ctx, State(app), Path(name), body).await,
        None => {
            let resource = find(&ctx, &name)?;
            let pipe = shown(&ctx, &app, &resource.name).await?;
            Ok(Json(pipe).into_response())
        }
    }
}

fn put_nodes(pipe: &mut Value, nodes: Vec<Value>) {
    if let Some(fields) = pipe.as_object_mut() {
        fields.insert("nodes".to_owned(), Value::Array(nodes));
    }
}

/// `GET /v0/pipes/<pipe>/data`: the endpoint's rows as JSON.
pub(super) async fn data(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    pipes::call(ctx, State(app), Path(format!("{name}.json")), body).await
}

/// Finds a pipe that the token may read.
pub(super) fn find<'c>(
    ctx: &'c RequestContext,
    name_or_id: &str,
) -> Result<&'c Resource, ApiError> {
    let found = ctx.find_resource(ResourceKind::Pipe, name_or_id);
    let found = found
        .ok_or_else(|| ApiError::not_found(format!("The pipe '{name_or_id}' does not exist")))?;
    if is_visible(ctx, &found.name) {
        return Ok(found);
    }
    Err(ApiError::forbidden(format!(
        "Not enough permissions to read the pipe '{}'",
        found.name
    )))
}

fn is_visible(ctx: &RequestContext, name: &str) -> bool {
    let scopes = ctx.scopes();
    scopes.can_read_all()
        || scopes.can_deploy()
        || scopes.iter().any(|scope| match scope {
            Scope::PipesCreate => true,
            Scope::PipesRead { pipe, .. } => pipe == name,
            _ => false,
        })
}

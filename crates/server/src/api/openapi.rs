//! `/v0/pipes/openapi.json`: the endpoints that a token can call, as an OpenAPI 3.0.3 document.
//!
//! Parameters and columns come from [`birdhouse_query::describe`]; they are found once per
//! deployment. Each format of an endpoint is a path of its own.

mod parameters;
mod schemas;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, State};
use axum::{Extension, Json};
use birdhouse_catalog::WorkspaceId;
use birdhouse_deploy::Live;
use birdhouse_query::{Description, Format, Pipe, QueryError};
use serde_json::{Map, Value, json};

use super::sql::query_call;
use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::params::Params;

/// Formats that every endpoint has. `csvwithnames` is the same as `csv`, and `prometheus` needs
/// certain columns.
const FORMATS: [&str; 4] = ["json", "csv", "ndjson", "parquet"];

/// What is known about the endpoints of each workspace's live deployment. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Descriptions(Arc<Mutex<HashMap<WorkspaceId, OfDeployment>>>);

#[derive(Default)]
struct OfDeployment {
    live: Arc<Live>,
    /// By name of the pipe.
    known: HashMap<String, Arc<Description>>,
}

/// `GET /v0/pipes/openapi.json`: all endpoints that the token can call, or those that `pipes`
/// names, separated by commas.
pub(super) async fn endpoints(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Extension(descriptions): Extension<Descriptions>,
) -> Result<Json<Value>, ApiError> {
    let names = ctx.params.text("pipes").unwrap_or_default();
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    let pipes = match names.as_slice() {
        [""] => {
            let pipes = ctx.live.resources.pipes.values();
            pipes
                .filter(|pipe| pipe.endpoint.is_some() && ctx.can_call(&pipe.name))
                .map(Arc::clone)
                .collect()
        }
        names => names
            .iter()
            .filter(|name| !name.is_empty())
            .map(|name| readable(&ctx, name))
            .collect::<Result<Vec<_>, _>>()?,
    };
    document(&ctx, &app, &descriptions, &pipes).await
}

/// `GET /v0/pipes/<pipe>/openapi.json`: one endpoint.
pub(super) async fn endpoint(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Extension(descriptions): Extension<Descriptions>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let pipe = readable(&ctx, &name)?;
    document(&ctx, &app, &descriptions, &[pipe]).await
}

/// Returns the pipe when the token can call its endpoint.
fn readable(ctx: &RequestContext, name: &str) -> Result<Arc<Pipe>, ApiError> {
    let pipe = ctx.live.resources.pipe(name)?;
    if !ctx.can_call(&pipe.name) {
        return Err(ApiError::forbidden(format!(
            "Not enough permissions to read the pipe '{}'",
            pipe.name
        )));
    }
    if pipe.endpoint.is_none() {
        return Err(QueryError::NoEndpoint {
            pipe: pipe.name.clone(),
        }
        .into());
    }
    Ok(Arc::clone(pipe))
}

async fn document(
    ctx: &RequestContext,
    app: &App,
    descriptions: &Descriptions,
    pipes: &[Arc<Pipe>],
) -> Result<Json<Value>, ApiError> {
    let mut paths = Map::new();
    let mut rows = Map::new();
    for pipe in pipes {
        let description = descriptions.of(ctx, app, pipe).await?;
        let row = schemas::row(description.columns.as_deref());
        rows.insert(row_name(pipe), row);
        let parameters: Vec<Value> = description
            .parameters
            .iter()
            .map(parameters::parameter)
            .collect();
        for format in FORMATS {
            let operation = operation(pipe, format, &parameters)?;
            let path = format!("/v0/pipes/{}.{format}", pipe.name);
            paths.insert(path, json!({ "get": operation }));
        }
    }
    let workspace = &ctx.caller.workspace;
    Ok(Json(json!({
        "openapi": "3.0.3",
        "info": {
            "title": workspace.workspace.name,
            "description": "Endpoints of this workspace. Instead of the query string, parameters \
                can be sent with POST, as a form or as a JSON object.",
            "version": workspace.live.id.to_string(),
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }, { "token_parameter": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "token_parameter": { "type": "apiKey", "in": "query", "name": "token" },
            },
            "responses": { "Error": schemas::error_response() },
            "schemas": schemas::all(rows),
        },
    })))
}

fn row_name(pipe: &Pipe) -> String {
    format!("{}_row", pipe.name)
}

/// Returns the operation of one format of an endpoint.
fn operation(pipe: &Pipe, format: &str, parameters: &[Value]) -> Result<Value, ApiError> {
    let content_type = Format::from_extension(format)?.content_type;
    let content_type = content_type.split(';').next().unwrap_or(content_type);
    let schema = match format {
        "json" => schemas::result(&row_name(pipe)),
        "parquet" => json!({ "type": "string", "format": "binary" }),
        _ => json!({ "type": "string" }),
    };
    Ok(json!({
        "operationId": format!("{}_{format}", pipe.name),
        "summary": format!("{} as {format}", pipe.name),
        "tags": [pipe.name],
        "parameters": parameters,
        "responses": {
            "200": {
                "description": "The rows",
                "content": { content_type: { "schema": schema } },
            },
            "default": { "$ref": "#/components/responses/Error" },
        },
    }))
}

impl Descriptions {
    /// Returns the description of an endpoint, from memory when the same deployment is live.
    async fn of(
        &self,
        ctx: &RequestContext,
        app: &App,
        pipe: &Pipe,
    ) -> Result<Arc<Description>, ApiError> {
        if let Some(known) = self.with(ctx, |of| of.known.get(&pipe.name).cloned()) {
            return Ok(known);
        }
        let found = query_call(ctx, &Params::default(), async |call| {
            birdhouse_query::describe(&app.engine, app.queries.guard(), call, pipe).await
        })
        .await?;
        let found = Arc::new(found);
        self.with(ctx, |of| {
            of.known.insert(pipe.name.clone(), Arc::clone(&found));
        });
        Ok(found)
    }

    /// Lends what is known about the deployment that the request sees.
    fn with<T>(&self, ctx: &RequestContext, work: impl FnOnce(&mut OfDeployment) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(ctx.caller.workspace.workspace.id).or_default();
        if !Arc::ptr_eq(&known.live, &ctx.live) {
            *known = OfDeployment {
                live: Arc::clone(&ctx.live),
                known: HashMap::new(),
            };
        }
        work(known)
    }
}

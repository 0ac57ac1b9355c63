//! Connections as they are declared; nothing here connects to anything.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use birdhouse_catalog::ResourceKind;
use birdhouse_datafile::{Connection, Project};
use serde_json::{Map, Value, json};

use super::plain_text;
use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;

/// Parts of the names of settings whose values may be secret.
const SECRET_NAMES: [&str; 5] = ["PASSWORD", "SECRET", "KEY", "TOKEN", "CREDENTIALS"];

/// `GET /v0/connectors`, perhaps of one `service`.
pub(super) async fn list(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
) -> Result<Json<Value>, ApiError> {
    require(&ctx)?;
    let definitions = app.definitions.of(&ctx);
    let project = definitions.project();
    let service = ctx.params.filled("service");
    let all: Vec<Value> = project
        .connections
        .iter()
        .filter(|connection| service.is_none_or(|wanted| kind(connection) == wanted))
        .map(|connection| shown(&ctx, project, connection))
        .collect();
    Ok(Json(json!({ "connectors": all })))
}

/// `GET /v0/connectors/<name>.connection`: its file; with `include_metadata=true` inside of JSON.
pub(super) async fn get(
    ctx: RequestContext,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    require(&ctx)?;
    let wanted = name.strip_suffix(".connection").unwrap_or(&name);
    let found = ctx.find_resource(ResourceKind::Connection, wanted);
    let found = found
        .ok_or_else(|| ApiError::not_found(format!("the connection '{wanted}' does not exist")))?;
    if ctx.params.flag("include_metadata") {
        let file = json!({ "content": found.content, "warnings": [] });
        return Ok(Json(file).into_response());
    }
    Ok(plain_text(found.content.clone()))
}

/// `GET /v0/connectors/<name or id>/preview`: what wizards look for when they make a data source.
pub(super) async fn preview(
    ctx: RequestContext,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    require(&ctx)?;
    let found = ctx.find_resource(ResourceKind::Connection, &name);
    let name = found.map_or(name.as_str(), |resource| resource.name.as_str());
    Err(ApiError::bad_request(format!(
        "the connection '{name}' is declared, not active: this server reads nothing from it; make the data source from a file, with `tb datasource create --file`"
    )))
}

/// `POST /v0/connectors` and `DELETE /v0/connectors/<name>`.
pub(super) async fn refuse(_: RequestContext) -> Result<Json<Value>, ApiError> {
    Err(ApiError::bad_request(
        "connections are made and removed by deploying a project with or without their .connection files, with `tb deploy` or `tb build`",
    ))
}

fn require(ctx: &RequestContext) -> Result<(), ApiError> {
    if ctx.scopes().can_deploy() {
        return Ok(());
    }
    ctx.require_admin("see the connections")
}

fn kind(connection: &Connection) -> String {
    let kind = connection.settings.get("TYPE");
    kind.map_or_else(String::new, |kind| kind.value.to_ascii_lowercase())
}

fn shown(ctx: &RequestContext, project: &Project, connection: &Connection) -> Value {
    let resource = ctx.resource(ResourceKind::Connection, &connection.name);
    let linkers = project.datasources.iter().filter(|datasource| {
        let settings = datasource.connector.as_ref().map(|c| c.settings.iter());
        settings.is_some_and(|mut settings| {
            settings.any(|(name, value)| {
                name.ends_with("_CONNECTION_NAME") && value.value == connection.name
            })
        })
    });
    let linkers: Vec<Value> = linkers
        .filter_map(|d| ctx.resource(ResourceKind::Datasource, d.name.as_str()))
        .map(|resource| json!({ "datasource_id": resource.id.as_str() }))
        .collect();
    let is_open = |name: &str| name != "TYPE" && !SECRET_NAMES.iter().any(|s| name.contains(s));
    let settings: Map<String, Value> = connection
        .settings
        .iter()
        .filter(|(name, value)| is_open(name) && !value.value.contains("tb_secret"))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.value.as_str().into()))
        .collect();
    json!({
        "id": resource.map(|resource| resource.id.as_str()).unwrap_or_default(),
        "name": connection.name,
        "service": kind(connection),
        "linkers": linkers,
        "settings": settings,
    })
}

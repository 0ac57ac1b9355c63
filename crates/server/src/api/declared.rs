//! What a project declares and this server does not run: connectors of data sources, and sinks. The
//! answers say what brings the rows in, or out, instead.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use birdhouse_datafile::NodeKind;
use serde_json::{Value, json};

use super::{datasources, form, pipe_list};
use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;

/// Returns the routes of connectors and sinks.
pub(super) fn routes() -> Router<Arc<App>> {
    let state = get(schedule).put(set_schedule);
    Router::new()
        .route("/v0/datasources/{name}/scheduling/runs", post(import))
        .route("/v0/datasources/{name}/scheduling/state", state)
        .route("/v0/datasources/{name}/sample", post(import))
        .route("/v0/datasources/{name}/start", post(import))
        .route("/v0/datasources/{name}/stop", post(stop))
        .route("/v0/pipes/{pipe}/sink", post(sink))
        .route("/v0/sql_copy", post(sql_copy))
        .route("/v0/integrations/{*path}", get(integration))
}

/// `POST /v0/datasources/<name>/scheduling/runs`, `/sample` and `/start`: all of them would read from
/// what the data source is connected to.
async fn import(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let (name, connector) = connected(&ctx, &app, &name)?;
    Err(not_active(&name, connector))
}

/// `POST /v0/datasources/<name>/stop`: it does not run, so it is stopped.
async fn stop(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    connected(&ctx, &app, &name)?;
    Ok(Json(json!({ "state": "paused" })))
}

/// `GET /v0/datasources/<name>/scheduling/state`.
async fn schedule(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    connected(&ctx, &app, &name)?;
    Ok(Json(json!({ "state": "paused" })))
}

/// `PUT /v0/datasources/<name>/scheduling/state` with `state`.
async fn set_schedule(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let (name, connector) = connected(&ctx, &app, &name)?;
    let params = form(&ctx, body).await?;
    match params.filled("state") {
        Some("paused") => Ok(Json(json!({ "state": "paused" }))),
        Some("running") => Err(not_active(&name, connector)),
        _ => Err(ApiError::bad_request(
            "the parameter 'state' is missing; it is 'paused' or 'running'",
        )),
    }
}

/// Returns the name of a data source that the token may bring rows into, and the kind of its
/// connector.
fn connected(
    ctx: &RequestContext,
    app: &App,
    name_or_id: &str,
) -> Result<(String, &'static str), ApiError> {
    let name = datasources::appendable(ctx, name_or_id)?.name.clone();
    let definitions = app.definitions.of(ctx);
    let definition = definitions.datasource(&name);
    let connector = definition.and_then(|datasource| datasource.connector.as_ref());
    let connector = connector.ok_or_else(|| {
        ApiError::bad_request(format!(
            "the data source '{name}' has no connection to import from; append rows with `tb datasource append {name}` or POST /v0/events?name={name}"
        ))
    })?;
    Ok((name, connector.kind.word()))
}

fn not_active(name: &str, connector: &str) -> ApiError {
    ApiError::bad_request(format!(
        "the {connector} connection of '{name}' is declared, not active: this server imports from no connection; append files with `tb datasource append {name}`, by path or by URL, or send events to POST /v0/events?name={name}"
    ))
}

/// `POST /v0/pipes/<pipe>/sink`.
async fn sink(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let name = pipe_list::find(&ctx, &name)?.name.as_str();
    let definitions = app.definitions.of(&ctx);
    let nodes = definitions.pipe(name).map_or(&[][..], |pipe| &pipe.nodes);
    let is_sink = nodes
        .iter()
        .any(|node| matches!(node.kind, NodeKind::Sink(_)));
    if !is_sink {
        return Err(ApiError::bad_request(format!(
            "the pipe '{name}' is not a sink"
        )));
    }
    Err(ApiError::bad_request(format!(
        "the sink '{name}' is declared, not active: this server exports to no connection; read its rows with `tb sql 'SELECT * FROM {name}'`, or make it an endpoint and fetch /v0/pipes/{name}.csv or .parquet"
    )))
}

/// `POST /v0/sql_copy`.
async fn sql_copy(_: RequestContext) -> Result<Json<Value>, ApiError> {
    Err(ApiError::bad_request(
        "copying the result of a query is not supported; deploy a copy pipe with TYPE copy and TARGET_DATASOURCE, and run it with `tb copy run`",
    ))
}

/// `/v0/integrations/…`: what the wizards for connections ask.
async fn integration(_: RequestContext, Path(path): Path<String>) -> Result<Json<Value>, ApiError> {
    Err(ApiError::not_found(format!(
        "there is no integration '{path}': connections are declared in .connection files, and this server imports from none of them"
    )))
}

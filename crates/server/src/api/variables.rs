//! Variables, of which there is one type: secrets. Their values go in and never come out.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use birdhouse_catalog::{Secret, SecretText};
use serde_json::{Value, json};

use super::form;
use crate::app::{App, blocking};
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::params::Params;

/// `GET /v0/variables`.
pub(super) async fn list(ctx: RequestContext) -> Result<Json<Value>, ApiError> {
    ctx.require_admin("see the variables")?;
    let all: Vec<Value> = ctx.workspace().secrets.iter().map(shown).collect();
    Ok(Json(json!({ "variables": all })))
}

/// `GET /v0/variables/<name>`.
pub(super) async fn get(
    ctx: RequestContext,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    ctx.require_admin("see the variables")?;
    let secret = ctx.workspace().secret(&name);
    secret
        .map(|secret| Json(shown(secret)))
        .ok_or_else(|| unknown(&name))
}

/// `POST /v0/variables` with `name`, `value` and perhaps `type=secret`.
pub(super) async fn create(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    ctx.require_admin("create variables")?;
    let params = form(&ctx, body).await?;
    let name = params.filled("name").ok_or_else(|| {
        ApiError::bad_request("the parameter 'name' is missing; it names the variable")
    })?;
    match params.filled("type") {
        None | Some("secret") => {}
        Some(other) => {
            return Err(ApiError::bad_request(format!(
                "the type '{other}' of the variable is unknown; there is only 'secret'"
            )));
        }
    }
    if ctx.workspace().secret(name).is_some() {
        return Err(ApiError::bad_request(format!(
            "the variable '{name}' exists already; change its value with PUT /v0/variables/{name}"
        )));
    }
    store(&ctx, &app, name, &params).await
}

/// `PUT /v0/variables/<name>` with `value`.
pub(super) async fn update(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    ctx.require_admin("change variables")?;
    let params = form(&ctx, body).await?;
    if ctx.workspace().secret(&name).is_none() {
        return Err(unknown(&name));
    }
    store(&ctx, &app, &name, &params).await
}

/// `DELETE /v0/variables/<name>`.
pub(super) async fn delete(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    ctx.require_admin("delete variables")?;
    let (workspace, catalog) = (ctx.workspace().workspace.id, Arc::clone(&app.catalog));
    let wanted = name.clone();
    let was_there = blocking(move || catalog.delete_secret(workspace, &wanted)).await?;
    if was_there {
        Ok(Json(json!({ "ok": true })))
    } else {
        Err(unknown(&name))
    }
}

async fn store(
    ctx: &RequestContext,
    app: &App,
    name: &str,
    params: &Params,
) -> Result<Json<Value>, ApiError> {
    let value = params
        .text("value")
        .map(SecretText::new)
        .ok_or_else(|| ApiError::bad_request("the parameter 'value' is missing"))?;
    let (workspace, catalog) = (ctx.workspace().workspace.id, Arc::clone(&app.catalog));
    let stored = name.to_owned();
    blocking(move || catalog.set_secret(workspace, &stored, &value)).await?;
    let view = app.catalog.view();
    let secret = view.workspace(workspace).and_then(|view| view.secret(name));
    secret
        .map(|secret| Json(shown(secret)))
        .ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> ApiError {
    ApiError::not_found(format!("the variable '{name}' does not exist"))
}

fn shown(secret: &Secret) -> Value {
    json!({
        "name": secret.name,
        "type": "secret",
        "created_at": super::datetime(secret.created_at),
        "updated_at": super::datetime(secret.updated_at),
        "edited_by": "",
    })
}

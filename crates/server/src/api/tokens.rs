//! Tokens: who may do what, as clients manage it.

mod scopes;
mod signed;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, http::StatusCode};
use birdhouse_catalog::{
    ResourceKind, Scope, Token, TokenChange, TokenDraft, TokenId, TokenOrigin, WorkspaceView,
};
use serde_json::{Value, json};

use super::{form, plain_text, read_form};
use crate::app::{App, blocking};
use crate::body;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::limits::FORM_BODY_BYTES_MAX;
use crate::params::Params;

/// `GET /v0/tokens`: all tokens for those who manage them, else the caller's own.
pub(super) async fn list(ctx: RequestContext, State(app): State<Arc<App>>) -> Json<Value> {
    let workspace = ctx.workspace();
    let mut tokens: Vec<Value> = Vec::new();
    if ctx.scopes().can_manage_tokens() {
        tokens.extend(workspace.tokens.iter().map(|token| shown(workspace, token)));
        if ctx.caller.is_account() {
            let catalog = app.catalog.view();
            tokens.push(shown(workspace, &catalog.account().admin_token));
        }
    } else {
        tokens.push(shown(workspace, &ctx.caller.token));
    }
    Json(json!({ "tokens": tokens }))
}

/// `GET /v0/tokens/<id, name or value>`, and with `.token` behind it as a datafile.
pub(super) async fn get(ctx: RequestContext, Path(id): Path<String>) -> Result<Response, ApiError> {
    if let Some(name) = id.strip_suffix(".token") {
        let token = find(&ctx, name)?;
        let scopes = token.scopes.iter();
        let lines: String = scopes.map(|scope| format!("SCOPES {scope}\n")).collect();
        return Ok(plain_text(lines));
    }
    let token = find(&ctx, &id)?;
    Ok(Json(shown(ctx.workspace(), &token)).into_response())
}

/// `POST /v0/tokens`: a static token; with `expiration_time` a signed one.
pub(super) async fn create(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    require_manager(&ctx)?;
    let body = body::read(body, &ctx.headers, FORM_BODY_BYTES_MAX, &ctx.in_flight).await?;
    if let Some(expiration) = ctx.params.filled("expiration_time") {
        return signed::create(&ctx, &app, expiration, &body);
    }
    let params = read_form(&ctx, &body)?;
    let draft = TokenDraft {
        name: params
            .filled("name")
            .ok_or_else(|| {
                ApiError::bad_request("the parameter 'name' is missing; it names the token")
            })?
            .to_owned(),
        description: params.text("description").unwrap_or_default().to_owned(),
        scopes: scopes::read(&ctx, &app, &params)
            .await?
            .ok_or_else(|| {
                ApiError::bad_request(
                    "the parameter 'scope' is missing; it says what the token may do, such as scope=DATASOURCES:READ:events",
                )
            })?,
        origin: match params.filled("origin") {
            Some("DS") => TokenOrigin::Datasource,
            Some("P") => TokenOrigin::Pipe,
            _ => TokenOrigin::Custom,
        },
        resource_id: params.filled("resource_id").map(str::to_owned),
    };
    let (workspace, catalog) = (ctx.workspace().workspace.id, Arc::clone(&app.catalog));
    let id = blocking(move || catalog.create_token(workspace, &draft)).await?;
    answer(&ctx, &app, id)
}

/// `PUT /v0/tokens/<id>`: new name, description or scopes; given scopes replace all others.
pub(super) async fn update(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    require_manager(&ctx)?;
    let id = find(&ctx, &id)?.id;
    let params = form(&ctx, body).await?;
    let text = |name: &str| params.text(name).map(str::to_owned);
    let change = TokenChange {
        name: text("name").filter(|name| !name.is_empty()),
        description: text("description"),
        scopes: scopes::read(&ctx, &app, &params).await?,
    };
    let (workspace, catalog) = (ctx.workspace().workspace.id, Arc::clone(&app.catalog));
    blocking(move || catalog.update_token(workspace, id, &change)).await?;
    answer(&ctx, &app, id)
}

/// `POST /v0/tokens/<id>/refresh`: a new value; the old one stops working.
pub(super) async fn refresh(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    require_manager(&ctx)?;
    let id = find(&ctx, &id)?.id;
    let (workspace, catalog) = (ctx.workspace().workspace.id, Arc::clone(&app.catalog));
    blocking(move || catalog.refresh_token(workspace, id)).await?;
    answer(&ctx, &app, id)
}

/// `DELETE /v0/tokens/<id>`.
pub(super) async fn delete(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    require_manager(&ctx)?;
    let id = find(&ctx, &id)?.id;
    let (workspace, catalog) = (ctx.workspace().workspace.id, Arc::clone(&app.catalog));
    blocking(move || catalog.delete_token(workspace, id)).await?;
    Ok((StatusCode::OK, Json(json!({ "ok": true }))))
}

fn require_manager(ctx: &RequestContext) -> Result<(), ApiError> {
    if ctx.scopes().can_manage_tokens() {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "Not enough permissions to manage tokens: it takes a token with the scope ADMIN or TOKENS",
    ))
}

/// Finds a token of the caller's workspace by id, name or value. Who does not manage tokens finds
/// their own only.
fn find(ctx: &RequestContext, wanted: &str) -> Result<Arc<Token>, ApiError> {
    let is_wanted = |token: &&Arc<Token>| {
        token.id.to_string() == wanted || token.name == wanted || token.value.expose() == wanted
    };
    if !ctx.scopes().can_manage_tokens() {
        let own = Some(&ctx.caller.token).filter(is_wanted);
        return own.map(Arc::clone).ok_or_else(|| {
            ApiError::forbidden("Not enough permissions to get information about this token")
        });
    }
    let tokens = ctx.workspace().tokens.iter();
    let found = tokens.chain([&ctx.caller.token]).find(is_wanted);
    // The value of a token is not repeated in the message.
    found
        .map(Arc::clone)
        .ok_or_else(|| ApiError::not_found("The token does not exist"))
}

/// Returns the token as it is now.
fn answer(ctx: &RequestContext, app: &App, id: TokenId) -> Result<Json<Value>, ApiError> {
    let catalog = app.catalog.view();
    let workspace = catalog.workspace(ctx.workspace().workspace.id);
    let workspace = workspace.ok_or_else(ApiError::internal)?;
    let token = workspace.tokens.iter().find(|token| token.id == id);
    token
        .map(|token| Json(shown(workspace, token)))
        .ok_or_else(ApiError::internal)
}

/// Returns a token as clients read it, with its value.
fn shown(workspace: &WorkspaceView, token: &Token) -> Value {
    json!({
        "id": token.id.to_string(),
        "name": token.name,
        "token": token.value.expose(),
        "description": token.description,
        "scopes": token.scopes.iter().map(shown_scope).collect::<Vec<_>>(),
        "origin": origin(workspace, token),
        "host": "local",
        "is_internal": false,
        "created_at": super::datetime(token.created_at),
    })
}

fn shown_scope(scope: &Scope) -> Value {
    match scope.resource() {
        Some(resource) => json!({
            "type": scope.type_name(),
            "resource": resource,
            "filter": scope.filter().unwrap_or_default(),
        }),
        None => json!({ "type": scope.type_name() }),
    }
}

/// Says what made the token: `C` a client, `DS` a data source, `P` a pipe.
fn origin(workspace: &WorkspaceView, token: &Token) -> Value {
    let letter = match token.origin {
        TokenOrigin::Custom => "C",
        TokenOrigin::Datasource => "DS",
        TokenOrigin::Pipe => "P",
        TokenOrigin::Builtin | TokenOrigin::Account => "DEFAULT",
        TokenOrigin::Signed => "JWT",
        TokenOrigin::Datafile => return datafile_origin(workspace, token),
    };
    match &token.resource_id {
        Some(id) => json!({ "type": letter, "resource_id": id }),
        None => json!({ "type": letter }),
    }
}

/// Finds the resource whose file made the token, by the first of its scopes.
fn datafile_origin(workspace: &WorkspaceView, token: &Token) -> Value {
    let scope = token.scopes.iter().find_map(|scope| {
        let kind = match scope {
            Scope::PipesRead { .. } => ResourceKind::Pipe,
            _ => ResourceKind::Datasource,
        };
        Some((kind, workspace.resource(kind, scope.resource()?)?))
    });
    match scope {
        Some((ResourceKind::Pipe, pipe)) => {
            json!({ "type": "P", "resource_id": pipe.id.as_str() })
        }
        Some((_, datasource)) => json!({ "type": "DS", "resource_id": datasource.id.as_str() }),
        None => json!({ "type": "DS" }),
    }
}

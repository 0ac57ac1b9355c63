//! Workspaces: which ones there are, and making and deleting them.
//!
//! The tokens of the account see and manage all of them; any other token sees its own.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use birdhouse_catalog::{ACCOUNT_EMAIL, Account, WorkspaceId, WorkspaceView};
use serde_json::{Map, Value, json};

use super::{datetime, form};
use crate::app::{App, to_the_end};
use crate::context::RequestContext;
use crate::error::ApiError;

/// What the reference product calls the account's organization.
const ORGANIZATION: &str = "Local";

/// Pipes of a kind that clients may expect to be allowed; nothing here counts them.
const PIPES_SHOWN: u32 = 100;

/// The Python SDK fails on any other member of a workspace in a list,
const LISTED: [&str; 3] = ["id", "name", "token"];

/// and on any other of the token's own.
const OWN: [&str; 6] = ["id", "name", "user_id", "user_email", "scope", "main"];

/// `GET /v1/user/workspaces[?with_environments=true][&only_environments=true]`: every workspace that the
/// token belongs to, with a token for it; branches when they are asked for.
pub(super) async fn list(ctx: RequestContext, State(app): State<Arc<App>>) -> Json<Value> {
    let catalog = app.catalog.view();
    let account = catalog.account();
    let only_branches = ctx.params.flag("only_environments");
    let with_branches = only_branches || ctx.params.flag("with_environments");
    let is_wanted = |view: &WorkspaceView| match view.workspace.main {
        Some(_) => with_branches || is_own(&ctx, view.workspace.id),
        None => !only_branches,
    };
    let all: Vec<Value> = catalog
        .workspaces()
        .iter()
        .filter(|view| is_visible(&ctx, view) && is_wanted(view))
        .map(|view| shown(&ctx, account, view))
        .collect();
    let own = &ctx.workspace().workspace;
    Json(json!({
        "id": own.id.to_string(),
        "email": ACCOUNT_EMAIL,
        "organization_id": account.organization_id.to_string(),
        "organization_name": ORGANIZATION,
        "workspaces": all,
    }))
}

/// `GET /v1/workspace`: the workspace of the token.
pub(super) async fn current(ctx: RequestContext, State(app): State<Arc<App>>) -> Json<Value> {
    let catalog = app.catalog.view();
    Json(shown_as(&ctx, &OWN, catalog.account(), ctx.workspace()))
}

/// `GET /v1/workspaces/<id>`.
pub(super) async fn get(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let catalog = app.catalog.view();
    let view = find(&catalog, &id)?;
    if !is_visible(&ctx, view) {
        // A token learns nothing about other workspaces.
        return Err(unknown(&id));
    }
    Ok(Json(shown(&ctx, catalog.account(), view)))
}

/// `POST /v1/workspaces` with `name`.
pub(super) async fn create(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    require_account(&ctx, "create workspaces")?;
    let params = form(&ctx, body).await?;
    let name = params.filled("name").ok_or_else(|| {
        ApiError::bad_request("the parameter 'name' is missing; it names the new workspace")
    })?;
    let (making, name) = (Arc::clone(&app), name.to_owned());
    let workspace = to_the_end(async move { making.create_workspace(&name).await }).await?;
    let catalog = app.catalog.view();
    let view = find(&catalog, &workspace.id.to_string())?;
    Ok(Json(shown(&ctx, catalog.account(), view)))
}

/// `DELETE /v1/workspaces/<id>` with `hard_delete_confirmation=yes`, or `confirmation` and `yes` or
/// the workspace's name.
pub(super) async fn delete(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    require_account(&ctx, "delete workspaces")?;
    let params = form(&ctx, body).await?;
    let catalog = app.catalog.view();
    let view = find(&catalog, &id)?;
    let name = view.workspace.name.as_str();
    let confirmations = ["hard_delete_confirmation", "confirmation"];
    let is_confirmed = confirmations
        .iter()
        .filter_map(|parameter| params.text(parameter))
        .any(|text| text == "yes" || text == name);
    if !is_confirmed {
        return Err(ApiError::bad_request(format!(
            "deleting the workspace '{name}' deletes all its data; confirm it by the parameter hard_delete_confirmation=yes, or by the option `--confirm_hard_delete {name}` of `tb workspace delete`"
        )));
    }
    let (app, id) = (Arc::clone(&app), view.workspace.id);
    to_the_end(async move { app.delete_workspace(id).await }).await?;
    Ok(Json(json!({ "ok": true })))
}

/// `PUT /v1/workspaces/<id>/users`: there is one user, so there is nobody to add or remove.
pub(super) async fn change_users(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    require_account(&ctx, "change the members of workspaces")?;
    let params = form(&ctx, body).await?;
    let catalog = app.catalog.view();
    let view = find(&catalog, &id)?;
    let users = params.text("users").unwrap_or_default();
    let is_add = params.text("operation") == Some("add");
    if is_add && users.split(',').all(|user| user.trim() == ACCOUNT_EMAIL) {
        return Ok(Json(shown(&ctx, catalog.account(), view)));
    }
    Err(ApiError::bad_request(format!(
        "this server has one user, {ACCOUNT_EMAIL}, who is an admin of every workspace; share a workspace by giving somebody a token"
    )))
}

fn find<'c>(
    catalog: &'c birdhouse_catalog::CatalogView,
    id: &str,
) -> Result<&'c Arc<WorkspaceView>, ApiError> {
    let mut all = catalog.workspaces().iter();
    all.find(|view| view.workspace.id.to_string() == id)
        .ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> ApiError {
    ApiError::not_found(format!("the workspace '{id}' does not exist"))
}

fn is_own(ctx: &RequestContext, id: WorkspaceId) -> bool {
    ctx.workspace().workspace.id == id
}

fn is_visible(ctx: &RequestContext, view: &WorkspaceView) -> bool {
    let is_own_branch = |main| is_own(ctx, main) && ctx.scopes().is_admin();
    ctx.caller.is_account()
        || is_own(ctx, view.workspace.id)
        || view.workspace.main.is_some_and(is_own_branch)
}

fn require_account(ctx: &RequestContext, what: &str) -> Result<(), ApiError> {
    if ctx.caller.is_account() {
        return Ok(());
    }
    Err(ApiError::forbidden(format!(
        "Not enough permissions to {what}: it takes the user token, which `GET /tokens` shows"
    )))
}

/// Returns a workspace as clients read it, with a token for it: the admin's, or the caller's own when
/// it is no admin.
pub(super) fn shown(ctx: &RequestContext, account: &Account, view: &WorkspaceView) -> Value {
    shown_as(ctx, &LISTED, account, view)
}

/// Does the same; the Python SDK gets the members that it knows.
fn shown_as(
    ctx: &RequestContext,
    known: &[&str],
    account: &Account,
    view: &WorkspaceView,
) -> Value {
    let is_admin = ctx.caller.is_account() || ctx.scopes().is_admin();
    let admin = view.admin_token().filter(|_| is_admin);
    let token = admin.map_or(&ctx.caller.token, |token| token);
    let role = if is_admin { "admin" } else { "guest" };
    let organization_id = account.organization_id.to_string();
    let user_id = account.user_id.to_string();
    let workspace = json!({
        "id": view.workspace.id.to_string(),
        "name": view.workspace.name,
        "token": token.value.expose(),
        "plan": "Custom",
        "role": role,
        "scope": role,
        "is_forward": true,
        "is_branch": view.workspace.main.is_some(),
        "main": view.workspace.main.map(|id| id.to_string()),
        "created_at": datetime(view.workspace.created_at),
        "owner": user_id,
        "members": [{ "id": user_id, "email": ACCOUNT_EMAIL, "role": "admin" }],
        "releases": [],
        "organization": { "id": organization_id, "name": ORGANIZATION },
        "organization_id": organization_id,
        "user_id": user_id,
        "user_email": ACCOUNT_EMAIL,
        "limits": {
            "sink_pipes": { "max": PIPES_SHOWN },
            "copy_pipes": { "max": PIPES_SHOWN },
        },
    });
    match workspace {
        Value::Object(all) if ctx.params.text("from") == Some("python-sdk") => {
            let slim = all
                .into_iter()
                .filter(|(name, _)| known.contains(&name.as_str()));
            Value::Object(slim.collect::<Map<_, _>>())
        }
        all => all,
    }
}

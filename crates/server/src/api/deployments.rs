//! `/v1/deploy` and `/v1/deployments`: a project beside what is live, until it takes its place.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use birdhouse_catalog::{Deployment, DeploymentId, DeploymentStatus};
use birdhouse_deploy::{
    DeployError, Message, Names, Permission, Prepared, Report, TokenChange, TokenChangeKind,
    report_of,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::project::{messages, receive, require_deploy};
use crate::app::App;
use crate::context::RequestContext;
use crate::deployments::Then;
use crate::error::ApiError;

/// `POST /v1/deploy[?check=true][&auto_promote=true][&allow_destructive_operations=true]`.
pub(super) async fn deploy(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    require_deploy(&ctx)?;
    let sent = match receive(&ctx, body).await? {
        Ok(sent) => sent,
        Err(found) => return Ok(failed(&ctx, messages(&found))),
    };
    let workspace = ctx.caller.workspace.workspace.id;
    let permission = match ctx.params.flag("allow_destructive_operations") {
        true => Permission::Destructive,
        false => Permission::KeepData,
    };
    let prepared = match app
        .deployer
        .prepare(workspace, &sent.project, permission)
        .await
    {
        Ok(prepared) => prepared,
        Err(DeployError::Invalid(found)) => return Ok(failed(&ctx, messages(&found))),
        Err(error) => return Err(error.into()),
    };
    let warnings = messages(&sent.warnings);
    if prepared.is_unchanged() {
        return Ok(unmade("no_changes", &ctx, &prepared, warnings));
    }
    if ctx.params.flag("check") {
        return Ok(unmade("success", &ctx, &prepared, warnings));
    }
    let then = match ctx.params.flag("auto_promote") {
        true => Then::Promote,
        false => Then::Stage,
    };
    match app.deploy(workspace, prepared, then, true).await {
        Ok(deployment) => {
            let mut report = report_of(&deployment);
            report.feedback.splice(0..0, warnings);
            let shown = shown_with(&deployment, &report);
            Ok(Json(json!({"result": "success", "deployment": shown})))
        }
        Err(DeployError::Invalid(found)) => Ok(failed(&ctx, messages(&found))),
        Err(error) => Err(error.into()),
    }
}

/// `GET /v1/deployments[?include_deleted=true]`: oldest first.
pub(super) async fn list(ctx: RequestContext) -> Result<Json<Value>, ApiError> {
    require_deploy(&ctx)?;
    let with_deleted = ctx.params.flag("include_deleted");
    let deployments = ctx.caller.workspace.deployments.iter();
    let deployments = deployments.filter(|d| with_deleted || !d.status.is_over());
    let deployments: Vec<Value> = deployments.map(shown).collect();
    Ok(Json(json!({"deployments": deployments})))
}

/// `GET /v1/deployments/<id>`, also of a deleted one.
pub(super) async fn get(
    ctx: RequestContext,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    require_deploy(&ctx)?;
    Ok(Json(json!({"deployment": shown(find(&ctx, &id)?)})))
}

/// `POST /v1/deployments/<id>/set-live`; once more for the live one does nothing.
pub(super) async fn set_live(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    require_deploy(&ctx)?;
    let deployment = find(&ctx, &id)?;
    if !deployment.live {
        let workspace = ctx.caller.workspace.workspace.id;
        app.promote(workspace, deployment.id).await?;
    }
    Ok(Json(json!({"result": "success"})))
}

/// `DELETE /v1/deployments/<id>`; once more for one that goes or is gone does nothing.
pub(super) async fn delete(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    require_deploy(&ctx)?;
    let deployment = find(&ctx, &id)?;
    if !deployment.status.is_over() {
        let workspace = ctx.caller.workspace.workspace.id;
        app.discard(workspace, deployment.id).await?;
    }
    Ok(Json(json!({"result": "success"})))
}

fn find<'c>(ctx: &'c RequestContext, id: &str) -> Result<&'c Deployment, ApiError> {
    let number = id.parse().ok().map(DeploymentId);
    number
        .and_then(|number| ctx.caller.workspace.deployment(number))
        .ok_or_else(|| ApiError::not_found(format!("deployment '{id}' does not exist")))
}

/// Answers for a deployment that was not made: a check, or no changes.
fn unmade(
    result: &str,
    ctx: &RequestContext,
    prepared: &Prepared,
    warnings: Vec<Message>,
) -> Json<Value> {
    let mut report = prepared.report().clone();
    report.feedback.splice(0..0, warnings);
    let live = &ctx.caller.workspace.live;
    Json(json!({"result": result, "deployment": shown_with(live, &report)}))
}

fn failed(ctx: &RequestContext, found: Vec<Message>) -> Json<Value> {
    let report = Report {
        errors: found,
        ..Report::default()
    };
    let now = Deployment {
        status: DeploymentStatus::Failed,
        live: false,
        ..ctx.caller.workspace.live.clone()
    };
    Json(json!({"result": "failed", "deployment": shown_with(&now, &report)}))
}

fn shown(deployment: &Deployment) -> Value {
    shown_with(deployment, &report_of(deployment))
}

fn shown_with(deployment: &Deployment, report: &Report) -> Value {
    let mut shown = Map::new();
    let mut set = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    set("id", deployment.id.to_string().into());
    set("status", deployment.status.as_str().into());
    set("live", deployment.live.into());
    set("created_at", timestamp(deployment.created_at).into());
    set("updated_at", timestamp(deployment.updated_at).into());
    set("errors", errors(&report.errors));
    set("feedback", feedback(report));
    set("disconnected_data_source_names", json!([]));
    set("new_data_connector_ids", json!([]));
    set(
        "token_changes",
        report.tokens.iter().map(token_change).collect(),
    );
    let movements = report
        .movements
        .iter()
        .map(|movement| match &movement.pipe {
            Some(pipe) => json!({
                "datasource_name": movement.datasource,
                "kind": "backfill_with_mv_queries",
                "source_mv_name": pipe,
            }),
            None => json!({
                "datasource_name": movement.datasource,
                "kind": "backfill_with_forward_query",
            }),
        });
    set("data_movements", movements.collect());
    shown.extend(lists(report));
    shown.into()
}

/// Returns the nine lists of names.
pub(super) fn lists(report: &Report) -> Map<String, Value> {
    let kinds: [(&str, &Names); 3] = [
        ("datasource", &report.datasources),
        ("pipe", &report.pipes),
        ("data_connector", &report.connections),
    ];
    let mut lists = Map::new();
    for (kind, names) in kinds {
        for (what, names) in [
            ("new", &names.new),
            ("changed", &names.changed),
            ("deleted", &names.deleted),
        ] {
            lists.insert(format!("{what}_{kind}_names"), names.clone().into());
        }
    }
    lists
}

/// Returns mistakes as the clients show them.
pub(super) fn errors(messages: &[Message]) -> Value {
    let shown = messages.iter().map(|message| match message.file.as_str() {
        "" => json!({"error": message.text}),
        file => json!({"filename": file, "error": message.text}),
    });
    shown.collect()
}

/// Returns warnings as the clients show them.
pub(super) fn feedback(report: &Report) -> Value {
    let shown = report.feedback.iter().map(|message| {
        let file = message.file.rsplit('/').next().unwrap_or_default();
        json!({"resource": file, "level": "WARNING", "message": message.text})
    });
    shown.collect()
}

fn token_change(change: &TokenChange) -> Value {
    let permissions = |scopes: &[String]| -> Vec<Value> {
        scopes.iter().map(|scope| permission(scope)).collect()
    };
    json!({
        "token_name": change.token,
        "change_type": match change.kind {
            TokenChangeKind::Added => "added",
            TokenChangeKind::Changed => "changed",
            TokenChangeKind::Deleted => "deleted",
        },
        "permission_changes": {
            "added_permissions": permissions(&change.added),
            "removed_permissions": permissions(&change.removed),
        },
    })
}

/// Returns a scope such as `PIPES:READ:top` in parts.
fn permission(scope: &str) -> Value {
    let mut parts = scope.splitn(3, ':');
    let resource_type = match parts.next() {
        Some("PIPES") => "pipe",
        _ => "datasource",
    };
    let permission = parts.next().unwrap_or_default();
    let resource_name = parts.next().unwrap_or_default();
    json!({
        "resource_name": resource_name,
        "resource_type": resource_type,
        "permission": permission,
    })
}

/// Returns a time with the six digits of a second that clients cut at.
fn timestamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string()
}

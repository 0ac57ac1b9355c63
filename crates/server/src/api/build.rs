//! `/v1/build`: the deployment of development, live at once.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use birdhouse_deploy::{DeployError, Permission, Report, report_of};
use serde_json::{Map, Value, json};

use super::deployments::{errors, feedback, lists};
use super::project::{messages, receive, require_deploy};
use crate::app::App;
use crate::context::RequestContext;
use crate::deployments::Then;
use crate::error::ApiError;

/// What the names of workspaces begin with that the command line makes for a run of tests. Their
/// fixtures grow old, so that a TTL would remove the rows.
pub(crate) const TEST_WORKSPACE: &str = "Tinybird_Local_Test_";

/// `POST /v1/build`: the whole project each time. What a build loses, it may lose.
pub(super) async fn build(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    require_deploy(&ctx)?;
    let mut sent = match receive(&ctx, body).await? {
        Ok(sent) => sent,
        Err(found) => return Ok(failed(&messages(found.iter().filter(|d| d.is_error())))),
    };
    if ctx.workspace().workspace.name.starts_with(TEST_WORKSPACE) {
        sent.project.keep_expired_rows();
    }
    let workspace = ctx.caller.workspace.workspace.id;
    let prepared = app
        .deployer
        .prepare(workspace, &sent.project, Permission::Destructive)
        .await;
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(DeployError::Invalid(found)) => {
            return Ok(failed(&messages(found.iter().filter(|d| d.is_error()))));
        }
        Err(error) => return Err(error.into()),
    };
    let warnings = messages(&sent.warnings);
    let mut report = prepared.report().clone();
    if prepared.is_unchanged() {
        let live = app.catalog.view();
        let live = live.workspace(workspace).map(|w| w.live.id.to_string());
        report.feedback.splice(0..0, warnings);
        return Ok(success(&live.unwrap_or_default(), &report, &ctx, &app));
    }
    match app.deploy(workspace, prepared, Then::Promote, false).await {
        Ok(deployment) => {
            let mut report = report_of(&deployment);
            report.feedback.splice(0..0, warnings);
            Ok(success(&deployment.id.to_string(), &report, &ctx, &app))
        }
        Err(DeployError::Invalid(found)) => {
            Ok(failed(&messages(found.iter().filter(|d| d.is_error()))))
        }
        Err(error) => Err(error.into()),
    }
}

fn success(id: &str, report: &Report, ctx: &RequestContext, app: &App) -> Json<Value> {
    let live = app.live(ctx.caller.workspace.workspace.id);
    let named = report
        .datasources
        .new
        .iter()
        .chain(&report.datasources.changed);
    let datasources = named
        .filter_map(|name| live.datasource(name))
        .map(|datasource| json!({"id": datasource.id, "name": datasource.name}));
    let named = report.pipes.new.iter().chain(&report.pipes.changed);
    let pipes = named
        .filter_map(|name| live.resources.pipe(name).ok())
        .map(|pipe| json!({"id": pipe.id, "name": pipe.name}));
    let mut build = Map::new();
    build.insert("id".to_owned(), id.into());
    build.extend(lists(report));
    build.insert("feedback".to_owned(), feedback(report));
    build.insert("datasources".to_owned(), datasources.collect());
    build.insert("pipes".to_owned(), pipes.collect());
    build.insert("data_linkers".to_owned(), json!([]));
    // compat: a build that changes nothing is a success, too; the CLI knows no other word for it.
    Json(json!({"result": "success", "build": build}))
}

fn failed(found: &[birdhouse_deploy::Message]) -> Json<Value> {
    Json(json!({"result": "failed", "errors": errors(found)}))
}

//! `/v1/environments`: branches of a workspace.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use birdhouse_catalog::{CatalogView, WorkspaceId, WorkspaceView};
use birdhouse_deploy::BranchData;
use birdhouse_jobs::{Details, Draft};
use serde_json::{Value, json};

use super::form;
use super::jobs::{job_answer, job_error};
use super::workspaces::shown;
use crate::app::{App, to_the_end};
use crate::context::RequestContext;
use crate::error::ApiError;

/// `GET /v1/environments`: the branches of the workspace, for its admin tokens; none for others.
pub(super) async fn list(ctx: RequestContext, State(app): State<Arc<App>>) -> Json<Value> {
    let catalog = app.catalog.view();
    let branches = of(&catalog, ctx.workspace().workspace.id);
    let branches: Vec<Value> = branches
        .filter(|_| ctx.scopes().is_admin())
        .map(|branch| shown(&ctx, catalog.account(), branch))
        .collect();
    Json(json!({ "environments": branches }))
}

/// `GET /v0/environments/<name or id>`.
pub(super) async fn get(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    require_admin(&ctx)?;
    let catalog = app.catalog.view();
    let branch = find(&ctx, &catalog, &name)?;
    Ok(Json(shown(&ctx, catalog.account(), branch)))
}

/// `POST /v1/environments` with `name` and `data`, which is `last_partition`, `all_partitions` or empty.
/// The branch has its project when this is answered, and its rows when the job is done.
pub(super) async fn create(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    require_admin(&ctx)?;
    let main = ctx.workspace();
    if main.workspace.main.is_some() {
        return Err(ApiError::forbidden(
            "a branch has no branches of its own; use the admin token of its main workspace",
        ));
    }
    let params = form(&ctx, body).await?;
    let name = params.filled("name").ok_or_else(|| {
        ApiError::bad_request("the parameter 'name' is missing; it names the new branch")
    })?;
    let data = wanted("data", params.text("data"))?;
    let (making, of, name) = (Arc::clone(&app), ctx.caller.clone(), name.to_owned());
    let branch =
        to_the_end(async move { making.create_branch(&of.workspace, &name).await }).await?;
    submit(&ctx, &app, branch, data).await
}

/// `POST /v0/environments/<name or id>/data` with `mode`: rows of the main workspace, once more.
pub(super) async fn data(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    require_admin(&ctx)?;
    let params = form(&ctx, body).await?;
    let data = wanted("mode", params.text("mode"))?;
    let catalog = app.catalog.view();
    let branch = find(&ctx, &catalog, &name)?.workspace.id;
    submit(&ctx, &app, branch, data).await
}

/// `DELETE /v0/environments/<name or id>`: the branch with all its data.
pub(super) async fn delete(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    require_admin(&ctx)?;
    let catalog = app.catalog.view();
    let branch = find(&ctx, &catalog, &name)?.workspace.id;
    let app = Arc::clone(&app);
    to_the_end(async move { app.delete_workspace(branch).await }).await?;
    Ok(Json(json!({ "ok": true })))
}

/// Links rows in a job, which clients wait for also when there is nothing to link.
async fn submit(
    ctx: &RequestContext,
    app: &Arc<App>,
    branch: WorkspaceId,
    data: Option<BranchData>,
) -> Result<Json<Value>, ApiError> {
    let main = ctx.workspace().workspace.id;
    let draft = Draft {
        workspace: main,
        kind: "data_branch",
        is_cancellable: false,
        details: Details {
            request_id: ctx.request_id.clone(),
            ..Details::default()
        },
    };
    let linking = Arc::clone(app);
    let work = async move |job: birdhouse_jobs::JobContext| {
        if let Some(data) = data {
            let linked = linking.link_data(main, branch, data).await;
            let linked = linked.map_err(|error| error.message)?;
            let linked = linked.into_iter();
            let partitions = linked.map(|data| (data.datasource, data.partitions));
            job.update(|details| details.partitions = partitions.collect());
        }
        Ok(())
    };
    let job = app.imports.jobs.submit(draft, work).await;
    let mut answer = job_answer(ctx, &job.map_err(job_error)?);
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("workspace".to_owned(), json!({ "id": branch.to_string() }));
    }
    Ok(Json(answer))
}

fn wanted(parameter: &str, data: Option<&str>) -> Result<Option<BranchData>, ApiError> {
    match data.unwrap_or_default() {
        "" => Ok(None),
        "last_partition" => Ok(Some(BranchData::LastPartition)),
        "all_partitions" => Ok(Some(BranchData::AllPartitions)),
        other => Err(ApiError::bad_request(format!(
            "the parameter '{parameter}' is '{other}'; use last_partition, all_partitions, or leave it empty for a branch without rows"
        ))),
    }
}

fn of(catalog: &CatalogView, main: WorkspaceId) -> impl Iterator<Item = &WorkspaceView> {
    let all = catalog.workspaces().iter().map(AsRef::as_ref);
    all.filter(move |view: &&WorkspaceView| view.workspace.main == Some(main))
}

fn find<'c>(
    ctx: &RequestContext,
    catalog: &'c CatalogView,
    name: &str,
) -> Result<&'c WorkspaceView, ApiError> {
    let mut branches = of(catalog, ctx.workspace().workspace.id);
    let is_it = |view: &&WorkspaceView| {
        view.workspace.name == name || view.workspace.id.to_string() == name
    };
    branches
        .find(is_it)
        .ok_or_else(|| ApiError::not_found(format!("the branch '{name}' does not exist")))
}

fn require_admin(ctx: &RequestContext) -> Result<(), ApiError> {
    match ctx.scopes().is_admin() {
        true => Ok(()),
        false => Err(ApiError::forbidden(
            "Not enough permissions for branches: it takes an admin token of the workspace",
        )),
    }
}

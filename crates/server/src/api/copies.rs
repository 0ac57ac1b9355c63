//! `/v0/pipes/<pipe>/copy`: runs of copies, and the pause of their schedules.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use birdhouse_catalog::{Resource, ResourceId};
use birdhouse_datafile::CopyMode;
use birdhouse_deploy::LiveCopy;
use birdhouse_jobs::{Details, Job};
use serde_json::{Value, json};

use super::jobs::{job_answer, summary};
use super::pipe_list;
use super::sql::all_params;
use crate::app::{App, blocking};
use crate::context::RequestContext;
use crate::copies::CopyRun;
use crate::error::ApiError;
use crate::params::Params;

/// Returns the routes.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v0/pipes/{pipe}/copy", post(run))
        .route("/v0/pipes/{pipe}/copy/pause", post(pause))
        .route("/v0/pipes/{pipe}/copy/resume", post(resume))
}

/// `POST /v0/pipes/<pipe>/copy?<parameters>[&_mode=append|replace]`: a job.
async fn run(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(pipe): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let (resource, copy) = find(&ctx, &app, &pipe)?;
    let params = all_params(&ctx, body).await?;
    let mode = match params.filled("_mode") {
        None => copy.mode,
        Some("append") => CopyMode::Append,
        Some("replace") => CopyMode::Replace,
        Some(other) => {
            return Err(ApiError::bad_request(format!(
                "the mode '{other}' is unknown; _mode is append or replace"
            )));
        }
    };
    // compat: a copy that is paused does not run on demand either.
    if is_paused(&ctx, &resource.id) {
        return Err(ApiError::bad_request(format!(
            "the copy '{pipe}' is paused; resume it first (tb copy resume {pipe})"
        )));
    }
    let job = submit(&ctx, &app, (&copy, mode), params).await?;
    Ok(Json(answer(&ctx, resource, &job)))
}

/// Runs a copy again whose job failed or was cancelled.
pub(super) async fn again(
    ctx: &RequestContext,
    app: &Arc<App>,
    details: &Details,
) -> Result<Json<Value>, ApiError> {
    let (_, copy) = find(ctx, app, &details.pipe_id)?;
    let mode = match details.mode.as_deref() {
        Some("replace") => CopyMode::Replace,
        _ => CopyMode::Append,
    };
    let params = Params::from_texts(details.parameters.clone());
    let job = submit(ctx, app, (&copy, mode), params).await?;
    Ok(Json(job_answer(ctx, &job)))
}

/// `POST /v0/pipes/<pipe>/copy/pause`: the copy does not run until it is resumed.
async fn pause(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(pipe): Path<String>,
) -> Result<Json<Value>, ApiError> {
    set_paused(&ctx, &app, &pipe, true).await
}

/// `POST /v0/pipes/<pipe>/copy/resume`: it runs at the next time of its schedule.
async fn resume(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(pipe): Path<String>,
) -> Result<Json<Value>, ApiError> {
    set_paused(&ctx, &app, &pipe, false).await
}

async fn set_paused(
    ctx: &RequestContext,
    app: &App,
    pipe: &str,
    is_paused: bool,
) -> Result<Json<Value>, ApiError> {
    let (resource, _) = find(ctx, app, pipe)?;
    let (catalog, id) = (Arc::clone(&app.catalog), resource.id.clone());
    let workspace = ctx.workspace().workspace.id;
    blocking(move || catalog.set_copy_paused(workspace, &id, is_paused)).await?;
    Ok(Json(json!({})))
}

/// Returns whether the copy of a pipe is paused.
pub(super) fn is_paused(ctx: &RequestContext, pipe: &ResourceId) -> bool {
    let state = ctx.workspace().copies.get(pipe);
    state.is_some_and(|state| state.is_paused)
}

/// Finds a copy of the live deployment that the token may run.
fn find<'c>(
    ctx: &'c RequestContext,
    app: &App,
    pipe: &str,
) -> Result<(&'c Resource, Arc<LiveCopy>), ApiError> {
    if !ctx.scopes().can_run_copies() {
        return Err(ApiError::forbidden(
            "Not enough permissions to run copies: it takes a token with the scope ADMIN or PIPES:CREATE",
        ));
    }
    if ctx.is_staging {
        return Err(ApiError::bad_request(
            "copies run in the live deployment only; promote the staged one first",
        ));
    }
    let resource = pipe_list::find(ctx, pipe)?;
    let live = app.live(ctx.workspace().workspace.id);
    match live.copy(resource.id.as_str()) {
        Some(copy) => Ok((resource, Arc::clone(copy))),
        None => Err(ApiError::bad_request(format!(
            "the pipe '{}' is not a copy pipe: it has no node with TYPE copy",
            resource.name
        ))),
    }
}

async fn submit(
    ctx: &RequestContext,
    app: &Arc<App>,
    (copy, mode): (&LiveCopy, CopyMode),
    params: Params,
) -> Result<Job, ApiError> {
    let run = CopyRun {
        workspace: ctx.workspace().workspace.id,
        pipe_id: copy.pipe_id.clone(),
        mode,
        params,
        request_id: ctx.request_id.clone(),
        at: ctx.started_at,
    };
    run.submit(app).await
}

fn answer(ctx: &RequestContext, pipe: &Resource, job: &Job) -> Value {
    json!({
        "id": pipe.id.as_str(),
        "name": pipe.name,
        "type": "copy",
        "job": summary(ctx, job),
        "tags": {
            "copy_target_datasource": job.details.datasource_id,
            "copy_target_workspace": ctx.workspace().workspace.id.to_string(),
        },
    })
}

//! `/v0/jobs`: what runs, and how it ended.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use birdhouse_jobs::{Block, Details, Draft, Job, JobContext, JobError, JobId, JobStatus, Outcome};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::datasources::{import, remove};
use super::structure::population;
use super::{copies, datetime, without_nulls};
use crate::app::App;
use crate::context::RequestContext;
use crate::copies::KIND;
use crate::deployment_jobs;
use crate::error::ApiError;

/// `GET /v0/jobs[?status=…&kind=…&pipe_id=…&pipe_name=…&created_after=…&created_before=…]`: those of
/// the last 48 hours, at most 100, newest first.
pub(super) async fn list(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
) -> Result<Json<Value>, ApiError> {
    let given = |name: &str| ctx.params.text(name).filter(|text| !text.is_empty());
    let time = |name: &str| given(name).map(|text| parse_time(name, text)).transpose();
    let (after, before) = (time("created_after")?, time("created_before")?);
    let view = &ctx.caller.workspace;
    let of_deployments = app.deployment_jobs(view);
    let jobs = app
        .imports
        .jobs
        .list(view.workspace.id, of_deployments)
        .await;
    let jobs = jobs.map_err(job_error)?.into_iter().filter(|job| {
        may_see(&ctx, job)
            && given("status").is_none_or(|status| status == job.status.as_str())
            && given("kind").is_none_or(|kind| kind == job.kind)
            && after.is_none_or(|after| job.created_at >= after)
            && before.is_none_or(|before| job.created_at <= before)
            && given("pipe_id").is_none_or(|pipe| pipe == job.details.pipe_id)
            && given("pipe_name").is_none_or(|pipe| pipe == job.details.pipe)
    });
    let jobs: Vec<Value> = jobs.map(|job| summary(&ctx, &job)).collect();
    Ok(Json(json!({ "jobs": jobs })))
}

/// `GET /v0/jobs/<id>[?debug=blocks,block_log]`.
pub(super) async fn get(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let job = find(&ctx, &app, &id).await?;
    Ok(Json(shown(&ctx, &job)))
}

/// `POST /v0/jobs/<id>/cancel`.
pub(super) async fn cancel(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let job = find(&ctx, &app, &id).await?;
    if job.kind == deployment_jobs::KIND {
        let cancelled = app.cancel_deployment_job(&job).await?;
        cancelled.map_err(job_error)?;
        let job = find(&ctx, &app, &id).await?;
        return Ok(Json(shown(&ctx, &job)));
    }
    let job = app.imports.jobs.cancel(&job).await.map_err(job_error)?;
    Ok(Json(shown(&ctx, &job)))
}

/// `POST /v0/jobs/<id>/retry`: an import from a URL, a copy or a deletion that failed or was cancelled.
pub(super) async fn retry(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let job = find(&ctx, &app, &id).await?;
    if !is_retryable(&job) {
        let why = if job.kind == deployment_jobs::KIND {
            "send the project again"
        } else if matches!(job.status, JobStatus::Error | JobStatus::Cancelled) {
            "its file was not kept; send the file again"
        } else {
            "only a job that failed or was cancelled can"
        };
        return Err(ApiError::bad_request(format!(
            "the job is {} and cannot be retried: {why}",
            job.status.as_str()
        )));
    }
    match job.kind.as_str() {
        KIND => copies::again(&ctx, &app, &job.details).await,
        "delete_data" => remove::again(&ctx, &app, &job.details).await,
        _ => import::again(&ctx, &app, &job.details).await,
    }
}

fn is_retryable(job: &Job) -> bool {
    let has_failed = matches!(job.status, JobStatus::Error | JobStatus::Cancelled);
    let is_kept = job.details.url.is_some() || matches!(job.kind.as_str(), KIND | "delete_data");
    has_failed && is_kept
}

async fn find(ctx: &RequestContext, app: &App, id: &str) -> Result<Job, ApiError> {
    let unknown = || ApiError::not_found(format!("the job '{id}' does not exist"));
    let job_id = JobId::parse(id).ok_or_else(unknown)?;
    let workspace = ctx.caller.workspace.workspace.id;
    let view = app.catalog.view();
    let of_deployments = view.workspace(workspace).map(|w| app.deployment_jobs(w));
    let mut of_deployments = of_deployments.into_iter().flatten();
    let job = match of_deployments.find(|job| job.id == job_id) {
        Some(job) => Some(job),
        None => {
            let job = app.imports.jobs.job(workspace, job_id).await;
            job.map_err(job_error)?
        }
    };
    job.filter(|job| may_see(ctx, job)).ok_or_else(unknown)
}

/// Whoever may bring rows in, run copies or deploy may see how that goes.
fn may_see(ctx: &RequestContext, job: &Job) -> bool {
    let scopes = ctx.scopes();
    if job.kind == deployment_jobs::KIND {
        return scopes.can_deploy();
    }
    scopes.is_admin()
        || scopes.can_append(&job.details.datasource)
        || (matches!(job.kind.as_str(), KIND | population::KIND) && scopes.can_run_copies())
}

/// Makes a job and returns the answer to the request that asked for it.
pub(super) async fn submitted<F>(
    ctx: &RequestContext,
    app: &App,
    draft: Draft,
    work: impl FnOnce(JobContext) -> F + Send + 'static,
) -> Result<Json<Value>, ApiError>
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let job = app.imports.jobs.submit(draft, work).await;
    let job = job.map_err(job_error)?;
    Ok(Json(job_answer(ctx, &job)))
}

/// Returns the answer to a request that made a job. It must not have a key `error`: clients take its
/// presence for a failure.
pub(super) fn job_answer(ctx: &RequestContext, job: &Job) -> Value {
    let mut answer = summary(ctx, job);
    let nested = answer.clone();
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("job".to_owned(), nested);
    }
    answer
}

/// Returns what the list shows of a job.
pub(super) fn summary(ctx: &RequestContext, job: &Job) -> Value {
    let details = &job.details;
    let id = job.id.to_string();
    let import = (job.kind == "import").then_some(details);
    let brings_rows = matches!(job.kind.as_str(), "import" | KIND);
    let statistics =
        brings_rows.then(|| json!({ "bytes": details.bytes, "row_count": details.rows }));
    let pipe = |text: &String| (!text.is_empty()).then(|| text.clone());
    let url = details.url.as_deref().map(birdhouse_telemetry::redact_url);
    without_nulls(json!({
        "id": id,
        "job_id": id,
        "kind": job.kind,
        "status": job.status.as_str(),
        "created_at": datetime(job.created_at),
        "updated_at": datetime(job.updated_at),
        "started_at": job.started_at.map(datetime),
        "job_url": format!("{}/v0/jobs/{id}", ctx.base_url()),
        "is_cancellable": job.is_cancellable,
        "is_retryable": is_retryable(job),
        "progress_percentage": job.progress_percentage,
        "datasource": (!details.datasource.is_empty())
            .then(|| json!({ "id": details.datasource_id, "name": details.datasource })),
        "deployment_id": details.deployment_id,
        "pipe_id": pipe(&details.pipe_id),
        "pipe_name": pipe(&details.pipe),
        "error": job.error,
        "import_id": import.map(|_| &id),
        "delete_id": (job.kind == "delete_data").then_some(&id),
        "mode": details.mode,
        "url": url,
        "quarantine_rows": import.map(|import| import.quarantine_rows),
        "invalid_lines": import.map(|_| 0),
        "ignored_rows": (details.ignored_rows > 0).then_some(details.ignored_rows),
        "statistics": statistics,
        "rows_affected": details.rows_affected,
        "partitions": (job.kind == "data_branch").then(|| partitions(details)),
    }))
}

/// Returns what a branch got.
fn partitions(details: &Details) -> Value {
    let datasources = details.partitions.iter().map(|(datasource, ids)| {
        let partitions = ids
            .iter()
            .map(|id| json!({ "partition": id, "status": "Done" }));
        json!({
            "datasource": { "name": datasource },
            "partitions": partitions.collect::<Vec<_>>(),
        })
    });
    datasources.collect()
}

/// Returns all of a job.
fn shown(ctx: &RequestContext, job: &Job) -> Value {
    let mut shown = summary(ctx, job);
    let debug = ctx.params.text("debug").unwrap_or_default();
    let Some(object) = shown.as_object_mut().filter(|_| job.kind == "import") else {
        return shown;
    };
    let id = |number: usize| format!("{}-{number}", job.id);
    let blocks = job.details.blocks.iter().enumerate();
    let log = blocks.clone().filter(|_| debug.contains("block_log"));
    let blocks = blocks.map(|(number, block)| block_json(&id(number), block));
    let log = log.map(|(number, block)| {
        json!({
            "block_id": id(number),
            "status": "done",
            "rows": block.lines,
            "quarantine_lines": block.quarantine,
            "bytes": block.bytes,
            "processing_time": block.seconds,
        })
    });
    object.insert("blocks".to_owned(), blocks.collect());
    object.insert("block_log".to_owned(), log.collect());
    shown
}

/// Returns a part of a file as the clients read it.
pub(super) fn block_json(id: &str, block: &Block) -> Value {
    json!({
        "block_id": id,
        "process_return": [{
            "lines": block.lines,
            "parser": "birdhouse",
            "quarantine": block.quarantine,
            "time": block.seconds,
            "bytes": block.bytes,
            "invalid_lines": 0,
            "empty_lines": 0,
        }],
        "processing_time": block.seconds,
    })
}

fn parse_time(name: &str, text: &str) -> Result<Timestamp, ApiError> {
    let parsed = text.parse::<Timestamp>().ok().or_else(|| {
        let civil = text.parse::<DateTime>().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    });
    parsed.ok_or_else(|| {
        ApiError::bad_request(format!(
            "{name} is '{text}'; give a time such as 2026-01-31 12:00:00"
        ))
    })
}

/// Returns what went wrong with a job as an answer.
pub(crate) fn job_error(error: JobError) -> ApiError {
    let status = match &error {
        JobError::TooMany | JobError::PipeBusy { .. } => StatusCode::TOO_MANY_REQUESTS,
        JobError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        JobError::NotCancellable { .. } => StatusCode::BAD_REQUEST,
        _ => return ApiError::fault("jobs failed", &error),
    };
    ApiError::new(status, error.to_string())
}

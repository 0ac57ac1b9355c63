//! Filling the target of a materialized node from the rows that its source holds.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use birdhouse_catalog::ResourceKind;
use birdhouse_datafile::NodeKind;
use birdhouse_deploy::{Permission, Terms};
use birdhouse_jobs::{Details, Draft, JobContext};
use serde_json::Value;
use tokio::sync::oneshot;

use super::node;
use crate::api::jobs::{job_answer, job_error, submitted};
use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::params::Params;
use crate::structure::Files;

/// The kind of its jobs.
pub(in crate::api) const KIND: &str = "populateview";

/// `POST /v0/pipes/<pipe>/nodes/<node>/population?truncate=true`: a job that fills the target anew.
///
/// The target gets another table, which every view that writes to it fills from what its source
/// holds, while rows go on being appended. So each row counts once, whenever it came.
pub(in crate::api) async fn populate(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path((pipe, node)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (pipe, node) = node::found(&ctx, &app, &pipe, &node)?;
    let workspace = ctx.workspace().workspace.id;
    let files = app.files(workspace)?;
    let kind = files.pipe(&pipe)?.node(&node).map(|node| node.kind.clone());
    let Some(NodeKind::Materialized(to)) = kind else {
        return Err(ApiError::bad_request(format!(
            "the node '{node}' of '{pipe}' is not materialized; there is nothing to populate"
        )));
    };
    refuse_parts(&ctx.params)?;
    if ctx.params.text("truncate").is_some() && !ctx.params.flag("truncate") {
        return Err(ApiError::bad_request(format!(
            "a population without truncate would count the rows twice that are in '{}' already; use truncate=true, which fills it anew",
            to.target.value
        )));
    }
    let target = to.target.value.clone();
    let refilled = target.clone();
    let edit = move |files: &mut Files| {
        files.datasource(&refilled)?;
        Ok(Terms {
            // To truncate it says that rows may go which their sources have forgotten.
            permission: Permission::Destructive,
            refilled: Some(refilled.clone()),
            ..Terms::default()
        })
    };
    let draft = draft(&ctx, (&pipe, &target));
    let in_job = Arc::clone(&app);
    let work = move |_: JobContext| async move {
        in_job
            .change(workspace, edit)
            .await
            .map_err(|error| error.message)
    };
    submitted(&ctx, &app, draft, work).await
}

/// Makes a change that fills a target, as a job, and returns that when it is done.
pub(super) async fn change_as_job(
    ctx: &RequestContext,
    app: &Arc<App>,
    names: (&str, &str),
    edit: impl Fn(&mut Files) -> Result<Terms, ApiError> + Send + Sync + 'static,
) -> Result<Value, ApiError> {
    let workspace = ctx.workspace().workspace.id;
    let (done, is_done) = oneshot::channel();
    let (in_job, target) = (Arc::clone(app), names.1.to_owned());
    let work = move |job: JobContext| async move {
        let result = in_job.change(workspace, edit).await;
        if let Some(made) = in_job.live(workspace).datasource(&target) {
            job.update(|details| details.datasource_id.clone_from(&made.id));
        }
        let outcome = result.clone().map_err(|error| error.message);
        // The client may be gone.
        drop(done.send(result));
        outcome
    };
    let jobs = &app.imports.jobs;
    let job = jobs
        .submit(draft(ctx, names), work)
        .await
        .map_err(job_error)?;
    match is_done.await {
        Ok(result) => result?,
        Err(error) => return Err(ApiError::fault("a population ended badly", &error)),
    }
    Ok(job_answer(ctx, &job))
}

/// Refuses to fill a target from some of the rows.
pub(super) fn refuse_parts(params: &Params) -> Result<(), ApiError> {
    for part in ["populate_condition", "populate_subset"] {
        if params.filled(part).is_some() {
            return Err(ApiError::bad_request(format!(
                "{part} is not supported: a target is filled from all rows of its source"
            )));
        }
    }
    Ok(())
}

fn draft(ctx: &RequestContext, (pipe, target): (&str, &str)) -> Draft {
    let id = |kind, name| ctx.resource(kind, name).map(|found| found.id.to_string());
    Draft {
        workspace: ctx.workspace().workspace.id,
        kind: KIND,
        is_cancellable: false,
        details: Details {
            request_id: ctx.request_id.clone(),
            datasource_id: id(ResourceKind::Datasource, target).unwrap_or_default(),
            datasource: target.to_owned(),
            pipe_id: id(ResourceKind::Pipe, pipe).unwrap_or_default(),
            pipe: pipe.to_owned(),
            ..Details::default()
        },
    }
}

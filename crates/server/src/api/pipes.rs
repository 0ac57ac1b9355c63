//! `/v0/pipes/<pipe>.<format>`: calling an endpoint.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use birdhouse_query::{Format, Pipe};
use birdhouse_telemetry::EndpointError;

use super::sql::{all_params, answer, query_call, record};
use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::params::Params;

/// `GET|POST /v0/pipes/<pipe>.<format>`.
///
/// Parameters come from the query string and, for a POST, from a form, a JSON object, or an SQL
/// text that works like `q`; the body wins.
pub(super) async fn call(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(endpoint): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let (name, extension) = endpoint.rsplit_once('.').ok_or_else(|| {
        ApiError::not_found(format!(
            "there is no route {} /v0/pipes/{endpoint}; call an endpoint as /v0/pipes/{endpoint}.json",
            ctx.method
        ))
    })?;
    let pipe =
        readable_pipe(&ctx, name).inspect_err(|error| record_refusal(&app, &ctx, name, error))?;
    let params = all_params(&ctx, body).await?;
    let result = run(&ctx, &app, &pipe, extension, &params).await;
    record(&app, &ctx, Some(&pipe), &params, result.as_ref());
    result.map(|found| answer(found, &pipe.name))
}

/// Returns the pipe when it exists and the token may read it.
fn readable_pipe(ctx: &RequestContext, name: &str) -> Result<Arc<Pipe>, ApiError> {
    let pipe = ctx.live.resources.pipe(name)?;
    if ctx.can_call(&pipe.name) {
        return Ok(Arc::clone(pipe));
    }
    Err(ApiError::forbidden(format!(
        "Not enough permissions to read the pipe '{}'",
        pipe.name
    )))
}

/// Records a call that reached no pipe for `tinybird.endpoint_errors`.
fn record_refusal(app: &App, ctx: &RequestContext, name: &str, error: &ApiError) {
    let pipe = ctx.live.resources.pipe(name).ok();
    ctx.recorder(app).record_endpoint_error(EndpointError {
        start: ctx.started_at,
        request_id: ctx.request_id.clone(),
        pipe_id: pipe.map_or_else(String::new, |pipe| pipe.id.clone()),
        pipe_name: name.to_owned(),
        parameters: ctx.params.for_log(),
        url: ctx.url.clone(),
        status: error.status.as_u16(),
        error: error.message.clone(),
        resource_tags: Vec::new(),
    });
}

async fn run(
    ctx: &RequestContext,
    app: &App,
    pipe: &Pipe,
    extension: &str,
    params: &Params,
) -> Result<birdhouse_query::Answer, ApiError> {
    let format = Format::from_extension(extension)?;
    let q = params.text("q").filter(|q| !q.trim().is_empty());
    query_call(ctx, params, async |call| {
        app.queries.endpoint(call, &pipe.name, q, format).await
    })
    .await
}

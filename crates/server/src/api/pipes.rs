//! `/v0/pipes/<pipe>.<format>`: calling an endpoint.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use birdhouse_query::{Format, Pipe};

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
    let pipe = Arc::clone(ctx.live.resources.pipe(name)?);
    if !ctx.scopes().can_read_pipe(&pipe.name) {
        return Err(ApiError::forbidden(format!(
            "Not enough permissions to read the pipe '{}'",
            pipe.name
        )));
    }
    let params = all_params(&ctx, body).await?;
    let result = run(&ctx, &app, &pipe, extension, &params).await;
    record(&app, &ctx, Some(&pipe), &params, result.as_ref());
    result.map(|found| answer(found, &pipe.name))
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

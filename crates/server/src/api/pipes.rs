//! `/v0/pipes/<pipe>.<format>`: calling an endpoint.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Method, header};
use axum::response::Response;
use birdhouse_query::{Format, Pipe};
use bytes::Bytes;
use serde_json::Value;

use super::sql::{answer, query_call, record};
use crate::app::App;
use crate::body;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::limits::QUERY_BODY_BYTES_MAX;
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
    let params = match ctx.method {
        Method::POST => {
            let body = body::read(body, &ctx.headers, QUERY_BODY_BYTES_MAX).await?;
            ctx.params.clone().overridden_by(body_params(&ctx, &body)?)
        }
        _ => ctx.params.clone(),
    };
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

/// Reads a body that is a JSON object, a form, or an SQL text.
fn body_params(ctx: &RequestContext, body: &Bytes) -> Result<Params, ApiError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| ApiError::bad_request(format!("the body is not UTF-8: {error}")))?;
    let content_type = ctx.headers.get(header::CONTENT_TYPE);
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if text.trim().is_empty() {
        return Ok(Params::default());
    }
    if content_type.starts_with("application/json") {
        return match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Ok(Params::from_json(object)),
            Ok(_) => Err(ApiError::bad_request(
                "the body must be a JSON object of parameters",
            )),
            Err(error) => Err(ApiError::bad_request(format!(
                "the body is not valid JSON: {error}"
            ))),
        };
    }
    if is_form(text) {
        return Ok(Params::from_urlencoded(text));
    }
    // curl labels a raw SQL text as a form.
    Ok(Params::from_urlencoded("").overridden_by(Params::from_json(
        [("q".to_owned(), Value::String(text.to_owned()))]
            .into_iter()
            .collect(),
    )))
}

/// Returns true when the text before the first `=` can be the name of a form's field.
pub(super) fn is_form(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '%' | '+'))
    })
}

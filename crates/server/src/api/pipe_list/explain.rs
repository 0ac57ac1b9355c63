//! `/v0/pipes/<pipe>/explain`: the statement that a call runs, and how the engine goes about it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::api::sql::query_call;
use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;

/// `GET /v0/pipes/<pipe>/explain`.
pub(in crate::api) async fn endpoint(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(pipe): Path<String>,
) -> Result<Json<Value>, ApiError> {
    explain(&ctx, &app, &pipe, None).await
}

/// `GET /v0/pipes/<pipe>/nodes/<node>/explain`.
pub(in crate::api) async fn node(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path((pipe, node)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    explain(&ctx, &app, &pipe, Some(&node)).await
}

async fn explain(
    ctx: &RequestContext,
    app: &App,
    pipe: &str,
    node: Option<&str>,
) -> Result<Json<Value>, ApiError> {
    let resource = super::find(ctx, pipe)?;
    let explained = query_call(ctx, &ctx.params, async |call| {
        app.queries.explain(call, &resource.name, node).await
    })
    .await?;
    Ok(Json(json!({
        "debug_query": explained.sql,
        "query_explain": explained.plan,
    })))
}

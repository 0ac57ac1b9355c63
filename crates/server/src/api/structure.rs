//! Calls that change what exists. Here, as in the reference product's current form, that is done by
//! deploying a project, so they are refused with a word about it.

use axum::Json;
use axum::http::Method;
use serde_json::Value;

use crate::context::RequestContext;
use crate::error::ApiError;

/// Any call that would create, change, rename or drop a data source, a pipe or a node.
pub(super) async fn refuse(ctx: RequestContext) -> Result<Json<Value>, ApiError> {
    let action = match ctx.method {
        Method::DELETE => "removed",
        Method::POST => "created or changed",
        _ => "changed",
    };
    Err(ApiError::bad_request(format!(
        "Adding or modifying resources through the API is not supported: this is a Tinybird Forward workspace. Data sources, pipes and connections are {action} by a deployment of the project, with `tb deploy` or `tb build`"
    )))
}

//! Calls that change what exists, one file per resource; and those that are refused, because there is
//! nothing like what they change.

pub(super) mod analysis;
pub(super) mod datasource;
pub(super) mod node;
pub(super) mod pipe;
pub(super) mod population;

use axum::Json;
use birdhouse_catalog::ResourceKind;
use birdhouse_datafile::{EditError, NodeKind, Project};
use serde_json::Value;

use crate::context::RequestContext;
use crate::error::ApiError;

/// Calls about what is not there: shared data sources, exchanged tables, tags, running sinks.
pub(super) async fn refuse(ctx: RequestContext) -> Result<Json<Value>, ApiError> {
    let path = ctx.url.split('?').next().unwrap_or_default();
    Err(ApiError::bad_request(format!(
        "{} {path} is not supported",
        ctx.method
    )))
}

/// Returns the name of a resource that is named by it or by its id.
fn named(ctx: &RequestContext, kind: ResourceKind, name_or_id: &str) -> Result<String, ApiError> {
    let found = ctx.find_resource(kind, name_or_id);
    let noun = match kind {
        ResourceKind::Pipe => "pipe",
        _ => "data source",
    };
    found
        .map(|resource| resource.name.clone())
        .ok_or_else(|| ApiError::not_found(format!("The {noun} '{name_or_id}' does not exist")))
}

/// Returns the nodes that write to a data source, with their pipes.
fn writers(project: &Project, datasource: &str) -> Vec<(String, String)> {
    let writes = |kind: &NodeKind| match kind {
        NodeKind::Materialized(to) => to.target.value == datasource,
        NodeKind::Copy(copy) => copy.target.value == datasource,
        _ => false,
    };
    let mut found = Vec::new();
    for pipe in &project.pipes {
        let nodes = pipe.nodes.iter().filter(|node| writes(&node.kind));
        found.extend(nodes.map(|node| (pipe.name.to_string(), node.name.value.clone())));
    }
    found
}

fn edit_error(error: &EditError) -> ApiError {
    ApiError::bad_request(error.to_string())
}

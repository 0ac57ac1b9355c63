//! Calls that change what exists, one file per resource; and those that are refused, because there is
//! nothing like what they change.

pub(super) mod analysis;
pub(super) mod datasource;
pub(super) mod node;
pub(super) mod pipe;
pub(super) mod population;

use std::sync::Arc;

use axum::Json;
use birdhouse_catalog::{Resource, ResourceKind, Scope, Scopes, TokenChange, TokenOrigin};
use birdhouse_datafile::{Dialect, Edit, FileKind, NodeKind, Project, SourceFile, TokenScope};
use serde_json::Value;

use crate::app::{App, blocking};
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

/// Returns the file of a resource, with a `TOKEN` line for each token that clients gave a scope on it.
pub(super) fn text(ctx: &RequestContext, resource: &Resource) -> String {
    let kind = match resource.kind {
        ResourceKind::Pipe => FileKind::Pipe,
        _ => FileKind::Datasource,
    };
    let file = SourceFile::new(resource.path.as_str(), resource.content.as_str());
    // What was accepted in either dialect can be read in this one.
    let Ok(mut text) = Edit::of(&file, kind, Dialect::Classic) else {
        return resource.content.clone();
    };
    let mut is_changed = false;
    for token in &ctx.workspace().tokens {
        let is_of_file = matches!(
            token.origin,
            TokenOrigin::Datasource | TokenOrigin::Pipe | TokenOrigin::Datafile
        );
        for scope in token.scopes.iter().filter(|_| is_of_file) {
            let scope = match (resource.kind, scope) {
                (ResourceKind::Pipe, Scope::PipesRead { pipe, filter: None })
                    if *pipe == resource.name =>
                {
                    TokenScope::Read
                }
                (
                    ResourceKind::Datasource,
                    Scope::DatasourcesRead {
                        datasource,
                        filter: None,
                    },
                ) if *datasource == resource.name => TokenScope::Read,
                (ResourceKind::Datasource, Scope::DatasourcesAppend(datasource))
                    if *datasource == resource.name =>
                {
                    TokenScope::Append
                }
                _ => continue,
            };
            // A name that no file can hold is left out.
            is_changed |= text.add_token(&token.name, scope).unwrap_or(false);
        }
    }
    match text.finish() {
        Ok(text) if is_changed => text,
        _ => resource.content.clone(),
    }
}

/// Takes the scopes on a resource that was dropped from all tokens, or gives them its new name.
async fn move_scopes(
    ctx: &RequestContext,
    app: &App,
    (kind, old): (ResourceKind, &str),
    new: Option<&str>,
) -> Result<(), ApiError> {
    let is_of_kind = |scope: &Scope| match scope {
        Scope::PipesRead { .. } | Scope::PipesDrop(_) => kind == ResourceKind::Pipe,
        _ => kind == ResourceKind::Datasource,
    };
    let moved = |scope: &Scope| {
        if scope.resource() != Some(old) || !is_of_kind(scope) {
            return Some(scope.clone());
        }
        let filter = scope
            .filter()
            .map(|filter| format!(":{filter}"))
            .unwrap_or_default();
        format!("{}:{}{filter}", scope.type_name(), new?)
            .parse()
            .ok()
    };
    let view = app.catalog.view();
    let workspace = ctx.workspace().workspace.id;
    let tokens = view.workspace(workspace).map(|w| w.tokens.clone());
    for token in tokens.into_iter().flatten() {
        let scopes = Scopes::new(token.scopes.iter().filter_map(moved));
        if scopes == token.scopes {
            continue;
        }
        let change = TokenChange {
            scopes: Some(scopes),
            ..TokenChange::default()
        };
        let (catalog, id) = (Arc::clone(&app.catalog), token.id);
        blocking(move || catalog.update_token(workspace, id, &change)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;

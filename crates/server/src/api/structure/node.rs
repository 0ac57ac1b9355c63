//! Nodes of pipes: added, changed and removed.

mod form;
mod output;

pub(super) use form::NodeForm;
pub(in crate::api) use output::become_of;

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use birdhouse_catalog::ResourceKind;
use birdhouse_datafile::Pipe;
use birdhouse_deploy::Terms;
use serde_json::Value;

use super::named;
use super::pipe::require_creator;
use crate::api::{form, pipe_list, read_form};
use crate::app::App;
use crate::body;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::limits::QUERY_BODY_BYTES_MAX;
use crate::structure::Files;

/// `POST /v0/pipes/<pipe>/nodes[?name=…]` with the query as the body, or a JSON object of a node.
pub(in crate::api) async fn append(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(pipe): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    require_creator(&ctx)?;
    let pipe = named(&ctx, ResourceKind::Pipe, &pipe)?;
    let body = body::read(body, &ctx.headers, QUERY_BODY_BYTES_MAX, &ctx.in_flight).await?;
    let params = read_form(&ctx, &body)?;
    let sql = params.filled("sql").or_else(|| params.filled("q"));
    let sql = sql.ok_or_else(|| {
        ApiError::bad_request("there is no query: send it as the body or as the parameter 'sql'")
    })?;
    let files = app.files(ctx.workspace().workspace.id)?;
    let name = match params.filled("name") {
        Some(name) => name.to_owned(),
        None => free_name(files.pipe(&pipe)?),
    };
    let mut node = NodeForm::standard(name.clone(), sql.to_owned());
    node.add("DESCRIPTION", params.filled("description"));
    let changed = pipe.clone();
    let edit = move |files: &mut Files| {
        let path = files.pipe(&changed)?.file.path().to_owned();
        let published = published(files.pipe(&changed)?);
        let mut text = files.edit(&path)?;
        node.write(&mut text)?;
        if let Some(published) = published {
            text.set_in_node(&published, "TYPE", "endpoint")?;
        }
        text.settle_types();
        files.put(&path, text)?;
        Ok(Terms::default())
    };
    app.change(ctx.workspace().workspace.id, edit).await?;
    shown_node(&ctx.renewed(&app), &app, &pipe, &name).await
}

/// `PUT /v0/pipes/<pipe>/nodes/<node>` with `sql`, `name`, `description`; a body that is no form is the
/// query.
pub(in crate::api) async fn update(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path((pipe, node)): Path<(String, String)>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let (pipe, node) = found(&ctx, &app, &pipe, &node)?;
    let params = form(&ctx, body).await?;
    let sql = params.filled("sql").or_else(|| params.filled("q"));
    let (sql, new) = (
        sql.map(str::to_owned),
        params.filled("name").map(str::to_owned),
    );
    let description = params.text("description").map(str::to_owned);
    if sql.is_none() && new.is_none() && description.is_none() {
        return Err(ApiError::bad_request(
            "there is nothing to change: send the query as the body, or 'sql', 'name' or 'description'",
        ));
    }
    let name = new.clone().unwrap_or_else(|| node.clone());
    let changed = pipe.clone();
    let edit = move |files: &mut Files| {
        let path = files.pipe(&changed)?.file.path().to_owned();
        let mut text = files.edit(&path)?;
        let mut set = |directive: &str, value: &Option<String>| match value {
            Some(value) => text.set_in_node(&node, directive, value),
            None => Ok(()),
        };
        set("SQL", &sql)?;
        set("DESCRIPTION", &description)?;
        if let Some(new) = &new {
            text.rename_node(&node, new)?;
        }
        files.put(&path, text)?;
        Ok(Terms {
            unfilled: Some(changed.clone()),
            ..Terms::default()
        })
    };
    app.change(ctx.workspace().workspace.id, edit).await?;
    shown_node(&ctx.renewed(&app), &app, &pipe, &name).await
}

/// `DELETE /v0/pipes/<pipe>/nodes/<node>`.
pub(in crate::api) async fn delete(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path((pipe, node)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (pipe, node) = found(&ctx, &app, &pipe, &node)?;
    let edit = move |files: &mut Files| {
        let old = files.pipe(&pipe)?;
        let path = old.file.path().to_owned();
        let published = published(old).filter(|published| *published != node);
        let mut text = files.edit(&path)?;
        text.remove_nodes(Some(&node));
        if let Some(published) = published {
            text.set_in_node(&published, "TYPE", "endpoint")?;
        }
        text.settle_types();
        files.put(&path, text)?;
        Ok(Terms::default())
    };
    app.change(ctx.workspace().workspace.id, edit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a materialized or copy node a standard one.
pub(super) fn unlink(files: &mut Files, pipe: &str, node: &str) -> Result<(), ApiError> {
    let path = files.pipe(pipe)?.file.path().to_owned();
    let mut text = files.edit(&path)?;
    text.make_standard(node);
    text.settle_types();
    files.put(&path, text)
}

/// Returns the name of the published node.
fn published(pipe: &Pipe) -> Option<String> {
    pipe.endpoint().map(|(node, _)| node.name.value.clone())
}

/// Returns a name that no node of the pipe has.
fn free_name(pipe: &Pipe) -> String {
    let mut number = pipe.nodes.len();
    loop {
        let name = format!("{}_{number}", pipe.name);
        if pipe.node(&name).is_none() {
            return name;
        }
        number += 1;
    }
}

/// Finds a node by the names or ids of pipe and node.
pub(super) fn found(
    ctx: &RequestContext,
    app: &App,
    pipe: &str,
    node: &str,
) -> Result<(String, String), ApiError> {
    require_creator(ctx)?;
    let pipe = named(ctx, ResourceKind::Pipe, pipe)?;
    let resource = ctx.resource(ResourceKind::Pipe, &pipe);
    let files = app.files(ctx.workspace().workspace.id)?;
    let nodes = files.pipe(&pipe)?.nodes.iter().map(|node| &node.name.value);
    let is_wanted = |name: &&String| {
        *name == node || resource.is_some_and(|pipe| pipe_list::node_id(pipe, name) == node)
    };
    let name = nodes.into_iter().find(is_wanted).cloned();
    let name =
        name.ok_or_else(|| ApiError::not_found(format!("The pipe '{pipe}' has no node '{node}'")))?;
    Ok((pipe, name))
}

async fn shown_node(
    ctx: &RequestContext,
    app: &App,
    pipe: &str,
    name: &str,
) -> Result<Json<Value>, ApiError> {
    let shown = pipe_list::shown(ctx, app, pipe).await?;
    let nodes = shown.get("nodes").and_then(Value::as_array);
    let mut nodes = nodes.into_iter().flatten();
    let node = nodes.find(|node| node.get("name").and_then(Value::as_str) == Some(name));
    node.cloned().map(Json).ok_or_else(ApiError::internal)
}

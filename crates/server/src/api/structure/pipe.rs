//! Pipes that are created, changed and dropped by calls.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use birdhouse_catalog::{ResourceKind, Scope};
use birdhouse_datafile::FileKind;
use birdhouse_deploy::Terms;
use serde_json::{Map, Value, json};

use super::datasource::checked_name;
use super::node::NodeForm;
use super::{analysis, move_scopes, named, population, writers};
use crate::api::{datasource_list, form, pipe_list, read_form};
use crate::app::App;
use crate::body;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::limits::QUERY_BODY_BYTES_MAX;
use crate::params::Params;
use crate::structure::Files;

/// A pipe as clients send it.
#[derive(Debug, Clone)]
pub(super) struct PipeForm {
    name: String,
    description: String,
    pub(super) nodes: Vec<NodeForm>,
}

/// Fails unless the token may create and change pipes.
pub(super) fn require_creator(ctx: &RequestContext) -> Result<(), ApiError> {
    let scopes = ctx.scopes();
    if scopes.can_deploy() || scopes.iter().any(|scope| *scope == Scope::PipesCreate) {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "Not enough permissions to create or change pipes: the token needs PIPES:CREATE or ADMIN",
    ))
}

/// `POST /v0/pipes[?force=true][&populate=true]` with a JSON object: `name`, `description`, `nodes`.
///
/// With `force` it takes the place of the pipe of that name. Rows that are there reach a materialized
/// node only with `populate`; the target of one that was there before is then filled anew.
pub(in crate::api) async fn create(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    require_creator(&ctx)?;
    let body = body::read(body, &ctx.headers, QUERY_BODY_BYTES_MAX, &ctx.in_flight).await?;
    let pipe = PipeForm::read(&ctx, &body)?;
    let populates = ctx.params.flag("populate");
    if populates {
        population::refuse_parts(&ctx.params)?;
    }
    let created = analysis::missing_targets(&ctx, &app, &pipe).await?;
    let target = pipe.nodes.iter().find_map(NodeForm::materialized);
    let created_datasource = target
        .as_ref()
        .map(|name| created.iter().any(|d| d.is(name)));
    let is_forced = ctx.params.flag("force");
    let (name, unfilled) = (pipe.name.clone(), (!populates).then(|| pipe.name.clone()));
    let filled = target.clone().filter(|_| populates);
    let edit = move |files: &mut Files| {
        let path = pipe.put(files, is_forced)?;
        for target in &created {
            target.put(files)?;
        }
        files.blame(&path);
        // What a view has written before is computed again, also when nothing about it changes.
        let writers = |target: &String| writers(files.project(), target);
        let wrote = |target: &String| writers(target).iter().any(|(name, _)| name == pipe.name());
        Ok(Terms {
            unfilled: unfilled.clone(),
            refilled: filled.clone().filter(wrote),
            ..Terms::default()
        })
    };
    let job = match populates.then(|| target.clone()).flatten() {
        Some(target) => Some(population::change_as_job(&ctx, &app, (&name, &target), edit).await?),
        None => {
            app.change(ctx.workspace().workspace.id, edit).await?;
            None
        }
    };
    let ctx = ctx.renewed(&app);
    let mut shown = pipe_list::shown(&ctx, &app, &name).await?;
    if let (Some(shown), Some(target)) = (shown.as_object_mut(), target) {
        let id = ctx.resource(ResourceKind::Datasource, &target);
        let id = id.map(|resource| resource.id.as_str());
        shown.insert("datasource".to_owned(), json!({ "id": id, "name": target }));
        shown.insert("created_datasource".to_owned(), created_datasource.into());
        shown.extend(job.map(|job| ("job".to_owned(), job)));
    }
    Ok(Json(shown))
}

impl PipeForm {
    fn read(ctx: &RequestContext, body: &[u8]) -> Result<Self, ApiError> {
        let text = std::str::from_utf8(body).unwrap_or_default().trim_start();
        if !text.starts_with('{') {
            return Self::of_query(ctx, text);
        }
        let object: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
            ApiError::bad_request(format!("the body is not a JSON object of a pipe: {error}"))
        })?;
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        let name = text("name").or_else(|| ctx.params.filled("name"));
        let nodes = object.get("nodes").and_then(Value::as_array);
        let nodes = nodes.map(Vec::as_slice).unwrap_or_default();
        let nodes = nodes
            .iter()
            .map(|node| NodeForm::read(node, &object))
            .collect::<Result<Vec<_>, _>>()?;
        let description = text("description").or_else(|| ctx.params.text("description"));
        Self::checked(name, description, nodes)
    }

    /// Reads the short form of a pipe of one node: `name` and its query.
    fn of_query(ctx: &RequestContext, body: &str) -> Result<Self, ApiError> {
        let params = read_form(ctx, body.as_bytes())?;
        let (name, sql) = (params.filled("name"), params.filled("sql"));
        let sql = sql.or_else(|| params.filled("q"));
        let node = sql
            .zip(name)
            .map(|(sql, name)| NodeForm::standard(format!("{name}_0"), sql.to_owned()));
        let description = params.text("description");
        Self::checked(name, description, node.into_iter().collect())
    }

    fn checked(
        name: Option<&str>,
        description: Option<&str>,
        nodes: Vec<NodeForm>,
    ) -> Result<Self, ApiError> {
        let name = name.filter(|name| !name.is_empty()).ok_or_else(|| {
            ApiError::bad_request("the member 'name' is missing; it names the pipe")
        })?;
        if nodes.is_empty() {
            return Err(ApiError::bad_request(
                "the pipe has no nodes; send them as 'nodes': [{\"name\": …, \"sql\": …}]",
            ));
        }
        Ok(Self {
            name: checked_name(name)?,
            description: description.unwrap_or_default().to_owned(),
            nodes,
        })
    }

    /// Returns the name of the pipe.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Writes the pipe's file, and returns its path.
    fn put(&self, files: &mut Files, is_forced: bool) -> Result<String, ApiError> {
        let old = files.project().pipe(&self.name);
        if old.is_none() || !is_forced {
            files.require_free(&self.name)?;
        }
        let was_published = old.is_some_and(|pipe| pipe.endpoint().is_some());
        let path = match old {
            Some(pipe) => pipe.file.path().to_owned(),
            None => format!("pipes/{}.pipe", self.name),
        };
        let mut text = match old {
            Some(_) => files.edit(&path)?,
            None => files.begin(FileKind::Pipe),
        };
        text.remove_nodes(None);
        text.set("DESCRIPTION", &self.description)?;
        for node in &self.nodes {
            node.write(&mut text)?;
        }
        let last = self.nodes.last().filter(|_| was_published);
        if let Some(last) = last.filter(|_| self.nodes.iter().all(NodeForm::is_standard)) {
            // Who calls the endpoint must find it, whatever the client does next.
            text.set_in_node(last.name(), "TYPE", "endpoint")?;
        }
        text.settle_types();
        files.put(&path, text)?;
        Ok(path)
    }
}

/// `PUT /v0/pipes/<pipe>` with `name` or `description`. A pipe that others read keeps its name.
pub(in crate::api) async fn update(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(pipe): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    require_creator(&ctx)?;
    let params: Params = form(&ctx, body).await?;
    let pipe = named(&ctx, ResourceKind::Pipe, &pipe)?;
    let new = params.filled("name").map(checked_name).transpose()?;
    let new = new.filter(|new| *new != pipe);
    let description = params.text("description").map(str::to_owned);
    if new.is_none() && description.is_none() {
        return Err(ApiError::bad_request(
            "the parameter 'name' or 'description' is missing; there is nothing to change",
        ));
    }
    if new.is_some() {
        require_unread(&ctx, &app, &pipe, "renamed").await?;
    }
    let (old, name) = (pipe.clone(), new.clone().unwrap_or_else(|| pipe.clone()));
    let edit = move |files: &mut Files| {
        let path = files.pipe(&pipe)?.file.path().to_owned();
        let mut text = files.edit(&path)?;
        if let Some(description) = &description {
            text.set("DESCRIPTION", description)?;
        }
        let Some(new) = &new else {
            files.put(&path, text)?;
            return Ok(Terms::default());
        };
        files.require_free(new)?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let renamed = format!("{folder}/{new}.pipe");
        files.remove(&path);
        files.put(renamed.trim_start_matches('/'), text)?;
        Ok(Terms {
            unfilled: Some(new.clone()),
            ..Terms::default()
        })
    };
    app.change(ctx.workspace().workspace.id, edit).await?;
    if old != name {
        move_scopes(&ctx, &app, (ResourceKind::Pipe, &old), Some(&name)).await?;
    }
    let ctx = ctx.renewed(&app);
    Ok(Json(pipe_list::shown(&ctx, &app, &name).await?))
}

/// `DELETE /v0/pipes/<pipe>`: unless other pipes read it.
pub(in crate::api) async fn delete(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(pipe): Path<String>,
) -> Result<StatusCode, ApiError> {
    let resource = ctx.find_resource(ResourceKind::Pipe, &pipe);
    let name = resource.map_or(pipe, |resource| resource.name.clone());
    let may_drop = ctx.scopes().can_deploy()
        || ctx.scopes().iter().any(|scope| match scope {
            Scope::PipesDrop(pipe) => *pipe == name,
            _ => false,
        });
    if !may_drop {
        return Err(ApiError::forbidden(format!(
            "Not enough permissions to drop '{name}': the token needs PIPES:DROP:{name} or ADMIN"
        )));
    }
    let workspace = ctx.workspace().workspace.id;
    app.files(workspace)?.pipe(&name)?;
    require_unread(&ctx, &app, &name, "dropped").await?;
    let dropped = name.clone();
    let edit = move |files: &mut Files| {
        let path = files.pipe(&dropped)?.file.path().to_owned();
        files.remove(&path);
        Ok(Terms::default())
    };
    app.change(workspace, edit).await?;
    move_scopes(&ctx, &app, (ResourceKind::Pipe, &name), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn require_unread(
    ctx: &RequestContext,
    app: &App,
    pipe: &str,
    what: &str,
) -> Result<(), ApiError> {
    let readers = datasource_list::readers(ctx, app, pipe).await;
    if readers.is_empty() {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::CONFLICT,
        format!(
            "The pipe '{pipe}' is used by {} and cannot be {what}",
            readers.join(", ")
        ),
    ))
}
